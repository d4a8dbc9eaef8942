// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Vm} from "./Check.sol";
import {Fixture} from "./Fixture.sol";
import {Packet} from "./Hub.sol";
import {ProbeConsumer, ProbeProvider} from "./Parties.sol";

/// @title The fixture with a consumer and a provider, and the hub's side of calls and requests.
abstract contract ServiceFixture is Fixture {
    bytes32 internal constant REQUEST_ID = keccak256("request");
    address internal constant CALLER = address(0xCA11E5);
    ProbeConsumer internal consumer;
    ProbeProvider internal provider;

    function setUp() public virtual override {
        super.setUp();
        consumer = new ProbeConsumer(gateway);
        provider = new ProbeProvider(gateway);
    }

    // ------------------------------------------------------------------------------------------------ calls from here

    function aCall() internal view returns (IServiceGateway.Call memory) {
        return IServiceGateway.Call({
            service: "echo",
            input: "input",
            inputEncoding: 1,
            deadline: uint64(block.timestamp) + 1 days,
            feeCap: 10 ether,
            callbackGasLimit: 300_000,
            timeout: inAnHour(),
            lane: 0
        });
    }

    /// @notice A call of the consumer, and the packet that it makes.
    function called() internal returns (bytes32 callId, Packet memory p) {
        IServiceGateway.Call memory call = aCall();
        uint64 sequence = router.getClient(1).nextSequence;
        callId = consumer.call(call);
        p = outbound("service", sequence, call.timeout, callValue(call, address(consumer)));
    }

    function callValue(IServiceGateway.Call memory call, address caller) internal pure returns (bytes memory) {
        bytes memory head = abi.encodePacked(uint8(1), uint8(bytes(call.service).length), call.service, uint8(20), caller);
        bytes memory middle = abi.encodePacked(call.deadline, call.feeCap, call.callbackGasLimit, uint128(0), uint8(0));
        return bytes.concat(head, middle, bytes1(call.inputEncoding), call.input);
    }

    function result(uint16 code, bytes memory output, bytes memory message) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), code, uint32(output.length), output, message);
    }

    function answer(Packet memory p, bytes memory ack) internal {
        deliver(singleAck(SERVICE_OUT, p, ack));
    }

    // ------------------------------------------------------------------------------------------------ requests to here

    function requestValue(address provider_, uint64 deadline, uint32 gasLimit, bytes memory input)
        internal
        pure
        returns (bytes memory)
    {
        bytes memory head = abi.encodePacked(uint8(1), REQUEST_ID, uint8(4), "echo", uint8(20), provider_);
        bytes memory caller = abi.encodePacked(uint8(10), "attested-7", uint8(20), CALLER);
        return bytes.concat(head, caller, abi.encodePacked(deadline, gasLimit, uint8(1), input));
    }

    function request(uint64 sequence, uint32 gasLimit) internal view returns (Packet memory) {
        bytes memory value = requestValue(address(provider), uint64(block.timestamp) + 1 days, gasLimit, "input");
        return inbound("service", sequence, inAnHour(), value);
    }

    function responseKey(uint64 sequence) internal pure returns (bytes32) {
        return keccak256(abi.encode(CLIENT_KEY, sequence));
    }

    /// @notice Delivers a packet to the gateway and gives back the acknowledgement that was written, empty when none was.
    function deliverRequest(Packet memory p) internal returns (bytes memory ack) {
        bytes memory call = single(SERVICE_IN, p);
        vm.recordLogs();
        deliver(call);
        return writtenAck();
    }

    function writtenAck() internal returns (bytes memory ack) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IRouter.AcknowledgementWritten.selector) continue;
            ack = behind(abi.decode(logs[i].data, (bytes)), 16);
        }
    }
}
