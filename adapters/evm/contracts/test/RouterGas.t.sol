// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication} from "interchain/interfaces/IPacketApplication.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Vm} from "./support/Check.sol";
import {Fixture} from "./support/Fixture.sol";
import {Packet} from "./support/Hub.sol";

/// @notice An application that answers, or reverts, with the gas that it was called with. Asked for what it wants, it uses nearly all that the
/// question may take, and wants little.
contract MeteredApplication {
    error Seen(uint256 gas_);

    uint256 public constant WANTED_GAS = 40_000;
    /// @dev It answers what is longer with as many zeros as nearly all of 10,000,000 gas makes.
    uint256 private constant LONG_CALL_BYTES = 1000;

    IRouter private immutable ROUTER;

    constructor(IRouter router) {
        ROUTER = router;
    }

    fallback(bytes calldata data) external returns (bytes memory) {
        uint256 seen = gasleft();
        if (msg.sig == IPacketApplication.onPacketReceived.selector) {
            if (data.length > LONG_CALL_BYTES) {
                assembly {
                    return(0, 2250000)
                }
            }
            return abi.encode(abi.encode(seen));
        }
        if (msg.sig == IPacketApplication.onPacketAcknowledged.selector) revert Seen(seen);
        if (msg.sig == IPacketApplication.packetRouter.selector) return abi.encode(ROUTER);
        if (msg.sig == IPacketApplication.acceptsSourcePort.selector) return abi.encode(true);
        if (msg.sig == IPacketApplication.onLaneRegistered.selector) return "";
        while (seen - gasleft() < 95_000) {}
        return abi.encode(WANTED_GAS);
    }
}

/// @title What the router's applications are due: all of it or nothing, at every gas that a relayer may bring.
contract RouterGasTest is Fixture {
    uint32 private constant REGISTERED_GAS = 10_000_000;
    /// @dev What the application has used before it looks.
    uint256 private constant DISPATCH_GAS = 300;
    uint64 private _sequence;

    function _lane(string memory port, uint32 receiveGas) private returns (uint16 lane) {
        MeteredApplication application = new MeteredApplication(router);
        vm.startPrank(admin);
        router.registerApplication(port, address(application), receiveGas);
        lane = router.registerLane(IRouter.Direction.Inbound, 1, "null", port, "null-1", "application/octet-stream");
        vm.stopPrank();
    }

    /// @dev So much that what EIP-150 keeps back of it is more than what is kept in reserve.
    function test_anApplicationGetsWhatItIsRegisteredWith() public {
        _getsAllOf(_lane("registered", REGISTERED_GAS), "registered", REGISTERED_GAS, REGISTERED_GAS);
    }

    /// @dev Too little gas for the question is no answer to it.
    function test_anApplicationGetsWhatItAsksFor() public {
        _getsAllOf(_lane("asked", 0), "asked", 40_000, 20_000);
    }

    /// @dev A relayer does not pay for the reading of it.
    function test_anAnswerOfMegabytesCostsNoMoreThanItsApplicationsGas() public {
        uint16 lane = _lane("registered", REGISTERED_GAS);
        Packet memory p = inbound("null", 1, inAnHour(), new bytes(1000));
        p.destinationPort = "registered";
        deliverWith(10_500_000, single(lane, p));
        bytes32 chain = keccak256(abi.encodePacked(bytes32(0), uint64(1), ackCommitment(abi.encodePacked(ERROR_ACK))));
        same(router.acknowledgementChain(CLIENT_KEY, 0), chain, "its failure");
    }

    /// @dev An application is called one that refuses only where it had 5,000,000 gas.
    function test_whatRefusesItsAcknowledgementHadAllItsGas() public {
        uint16 lane = _outLane("sender");
        address application = router.getLane(lane).application;
        vm.prank(application);
        (uint64 sequence,) = router.sendPacket(lane, inAnHour(), "x");
        Packet memory p = outbound("null", sequence, inAnHour(), "x");
        (p.sourcePort, p.destinationPort) = ("sender", "sender");
        bytes memory call = deliverCall(singleAck(lane, p, "done"));
        uint256 refused;
        for (uint256 gas_ = 4_900_000; gas_ < 5_400_000; gas_ += 1_009) {
            (bool done, bytes memory reason) = address(router).call{gas: gas_}(call);
            so(!done, "the application refuses");
            if (selectorOf(reason) == IRouter.ApplicationReverted.selector) {
                (, bytes memory why) = abi.decode(behind(reason, 4), (address, bytes));
                same(bytes32(selectorOf(why)), bytes32(MeteredApplication.Seen.selector), "the application's");
                uint256 seen = abi.decode(behind(why, 4), (uint256));
                so(seen <= 5_000_000 && seen + DISPATCH_GAS >= 5_000_000, "all of it, and no more");
                ++refused;
                continue;
            }
            same(refused, 0, "enough is enough");
            _isTooLittle(reason);
        }
        so(refused > 100, "the sweep ends above enough");
    }

    function _outLane(string memory port) private returns (uint16 lane) {
        MeteredApplication application = new MeteredApplication(router);
        vm.startPrank(admin);
        router.registerApplication(port, address(application), 50_000);
        lane = router.registerLane(IRouter.Direction.Outbound, 1, port, port, "null-1", "application/octet-stream");
        vm.stopPrank();
    }

    function _isTooLittle(bytes memory reason) private pure returns (uint256 needed) {
        same(bytes32(selectorOf(reason)), bytes32(IRouter.InsufficientGas.selector), "too little gas, by name");
        uint256 available;
        (needed, available) = abi.decode(behind(reason, 4), (uint256, uint256));
        so(needed > available, "needed is more than there is");
    }

    function _getsAllOf(uint16 lane, string memory port, uint256 due, uint256 low) private {
        uint256 from = low;
        uint256 high = 2 * due + 1_000_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (_delivered(lane, port, due, middle)) high = middle;
            else low = middle;
        }
        for (uint256 gas_ = from; gas_ < high + 200_000; gas_ += 3_001) {
            _delivered(lane, port, due, gas_);
        }
    }

    /// @dev Where the packet is received, the application had all its gas and no more; where it is not, nothing happened.
    function _delivered(uint16 lane, string memory port, uint256 due, uint256 gas_) private returns (bool done) {
        Packet memory p = inbound("null", ++_sequence, inAnHour(), "x");
        p.destinationPort = port;
        bytes memory call = deliverCall(single(lane, p));
        vm.recordLogs();
        bytes memory reason;
        (done, reason) = address(router).call{gas: gas_}(call);
        if (!done) {
            if (reason.length != 0) so(_isTooLittle(reason) >= due + due / 63, "what it is due is needed");
            return false;
        }
        Vm.Log[] memory logs = vm.getRecordedLogs();
        same(logs.length, 1, "one event");
        bytes memory ack = behind(abi.decode(logs[0].data, (bytes)), 16);
        so(keccak256(ack) != keccak256(abi.encodePacked(ERROR_ACK)), "an application was starved");
        uint256 seen = abi.decode(ack, (uint256));
        so(seen <= due && seen + DISPATCH_GAS >= due, "all of it, and no more");
    }
}
