// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Vm} from "./Check.sol";
import {Fixture} from "./Fixture.sol";
import {Packet} from "./Hub.sol";
import {Consumer, Provider} from "./HostileParties.sol";

/// @title The fixture with a provider and a consumer that may be hostile, and the hub's side of requests and calls.
abstract contract HostileGatewayFixture is Fixture {
    address internal constant STRANGER = address(0xBAD);
    uint32 internal constant GAS_LIMIT = 200_000;

    Provider internal provider;
    Consumer internal consumer;
    uint64 internal lastSequence;

    function setUp() public virtual override {
        super.setUp();
        provider = new Provider(gateway);
        consumer = new Consumer(gateway);
    }

    // ------------------------------------------------------------------------------------------------ requests to here

    /// @notice The hub's next packet, which asks `to` for an answer.
    function requestFor(address to, uint32 gasLimit, bytes memory input) internal returns (Packet memory) {
        bytes memory value = requestValue(keccak256("request"), "echo", to, gasLimit, input);
        return inbound("service", ++lastSequence, inAnHour(), value);
    }

    function requestValue(bytes32 id, bytes memory service, address to, uint32 gasLimit, bytes memory input)
        internal
        view
        returns (bytes memory)
    {
        return bytes.concat(
            abi.encodePacked(uint8(1), id, uint8(service.length), service, uint8(20), to),
            abi.encodePacked(uint8(10), "attested-3", uint8(20), STRANGER, inAnHour(), gasLimit, uint8(1), input)
        );
    }

    // ------------------------------------------------------------------------------------------------ calls from here

    function wantedCall(uint32 callbackGas) internal view returns (IServiceGateway.Call memory) {
        return IServiceGateway.Call({
            service: "echo",
            input: "hello",
            inputEncoding: 1,
            deadline: inAnHour(),
            feeCap: 7,
            callbackGasLimit: callbackGas,
            timeout: inAnHour(),
            lane: 0
        });
    }

    /// @notice A call of the consumer, and the packet that it makes.
    function called(uint32 callbackGas) internal returns (Packet memory p, bytes32 callId) {
        IServiceGateway.Call memory wanted = wantedCall(callbackGas);
        uint64 sequence = router.getClient(1).nextSequence;
        callId = consumer.call(wanted);
        p = outbound("service", sequence, wanted.timeout, callValue(address(consumer), wanted));
    }

    function callValue(address caller, IServiceGateway.Call memory wanted) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(uint8(1), uint8(4), "echo", uint8(20), caller, wanted.deadline, wanted.feeCap),
            abi.encodePacked(wanted.callbackGasLimit, uint128(0), uint8(0), uint8(1), wanted.input)
        );
    }

    // ------------------------------------------------------------------------------------------------ answers

    function answerOf(bytes memory output) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), uint16(200), uint32(output.length), output);
    }

    /// @notice Every acknowledgement written since the logs began is a result of this code.
    function onlyAnswers(uint16 code, uint256 count) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 found;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IRouter.AcknowledgementWritten.selector) continue;
            bytes memory ack = behind(abi.decode(logs[i].data, (bytes)), 16);
            so(ack.length >= 7, "an error acknowledgement was written");
            uint16 given;
            assembly {
                given := and(shr(232, mload(add(ack, 0x20))), 0xffff)
            }
            same(given, code, "code");
            ++found;
        }
        same(found, count, "answers");
    }
}
