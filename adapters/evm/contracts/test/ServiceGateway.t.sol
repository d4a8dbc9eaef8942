// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication} from "interchain/interfaces/IPacketApplication.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceConsumer} from "interchain/interfaces/IServiceConsumer.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Vm} from "./support/Check.sol";
import {Checkpoint, Packet} from "./support/Hub.sol";
import {ProbeConsumer} from "./support/Parties.sol";
import {ServiceFixture} from "./support/ServiceFixture.sol";

interface IDefaultLane {
    function defaultLane() external view returns (uint16);
}

/// @title Calling services: what a consumer's contract sends, and what comes back to it, once.
contract ServiceGatewayTest is ServiceFixture {
    function test_aCallIsAPacket() public {
        IServiceGateway.Call memory call = aCall();
        bytes32 expected = keccak256(commitmentPath(HERE, 1));
        vm.expectEmit();
        emit IServiceGateway.ServiceCalled(expected, address(consumer), "echo", call.deadline, call.timeout);
        bytes32 callId = consumer.call(call);
        same(callId, expected, "call id");
        Packet memory p = outbound("service", 1, call.timeout, callValue(call, address(consumer)));
        same(stored(p), packetCommitment(p), "commitment");
    }

    /// @dev The hub must accept it within the same time, at most a day.
    function test_theConsumersShortWay() public {
        uint64[4] memory within = [uint64(1 hours), 1 days, 1 days + 1, 3 days];
        for (uint64 i; i < within.length; ++i) {
            bytes32 callId = consumer.callSimply(within[i]);
            IServiceGateway.Call memory call = aCall();
            (call.deadline, call.feeCap, call.callbackGasLimit) = (uint64(block.timestamp) + within[i], 5, 200_000);
            call.timeout = uint64(block.timestamp) + (i == 0 ? 1 hours : 1 days);
            Packet memory p = outbound("service", i + 1, call.timeout, callValue(call, address(consumer)));
            same(router.packetCommitment(callId), packetCommitment(p), vm.toString(i));
        }
    }

    function test_whatACallMustBe() public {
        IServiceGateway.Call memory call = aCall();
        call.service = "";
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.ServiceNameSize.selector, 0));
        gateway.callService(call);
        call.service = string(new bytes(71));
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.ServiceNameSize.selector, 71));
        gateway.callService(call);
        call = aCall();
        call.inputEncoding = 0;
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.UnknownEncoding.selector, 0));
        gateway.callService(call);
        call.inputEncoding = 3;
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.UnknownEncoding.selector, 3));
        gateway.callService(call);
        call = aCall();
        call.deadline = uint64(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.DeadlineElapsed.selector, call.deadline, call.deadline));
        gateway.callService(call);
        call.deadline -= 1;
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.DeadlineElapsed.selector, call.deadline, block.timestamp));
        gateway.callService(call);
        call = aCall();
        call.callbackGasLimit = 3_000_001;
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.CallbackGasTooHigh.selector, 3_000_001, 3_000_000));
        gateway.callService(call);
        call = aCall();
        call.input = new bytes(16384);
        vm.expectPartialRevert(IRouter.ValueSize.selector);
        gateway.callService(call);
        call = aCall();
        call.lane = NULL_OUT;
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotTheApplication.selector, NULL_OUT, address(gateway)));
        gateway.callService(call);
    }

    /// @dev The shortest and the longest name, the next second as deadline, the greatest gas limit.
    function test_whatACallMayBeAtItsBounds() public {
        string[2] memory names = ["x", string(new bytes(70))];
        for (uint64 i; i < names.length; ++i) {
            IServiceGateway.Call memory call = aCall();
            (call.service, call.deadline, call.callbackGasLimit) = (names[i], uint64(block.timestamp) + 1, 3_000_000);
            bytes32 callId = consumer.call(call);
            Packet memory p = outbound("service", i + 1, call.timeout, callValue(call, address(consumer)));
            same(router.packetCommitment(callId), packetCommitment(p), vm.toString(i));
        }
    }

    function test_withoutALaneThereIsNoCall() public {
        IServiceGateway lonely = IServiceGateway(deploy("ServiceGateway", abi.encode(router)));
        vm.expectRevert(IServiceGateway.NoLane.selector);
        lonely.callService(aCall());
    }

    function test_theFirstOutboundLaneIsTheDefaultAndStaysIt() public {
        IServiceGateway other = IServiceGateway(deploy("ServiceGateway", abi.encode(router)));
        uint16[4] memory expected = [uint16(0), 7, 7, 7];
        bool[4] memory outbound_ = [false, true, true, false];
        for (uint16 i; i < expected.length; ++i) {
            vm.prank(address(router));
            IPacketApplication(address(other)).onLaneRegistered(6 + i, CLIENT_KEY, outbound_[i]);
            same(IDefaultLane(address(other)).defaultLane(), expected[i], vm.toString(i));
        }
    }

    function test_anInputIsAbiOrJson() public {
        IServiceGateway.Call memory call = aCall();
        for (uint8 encoding; encoding < 4; ++encoding) {
            call.inputEncoding = encoding;
            bool known = encoding == 1 || encoding == 2;
            if (!known) vm.expectRevert(abi.encodeWithSelector(IServiceGateway.UnknownEncoding.selector, encoding));
            consumer.call(call);
        }
        same(router.getClient(1).nextSequence, 3, "two were sent");
    }

    // ------------------------------------------------------------------------------------------------ results

    function test_aResultComesBack() public {
        (bytes32 callId, Packet memory p) = called();
        bytes memory ack = singleAck(SERVICE_OUT, p, result(200, "output", ""));
        vm.expectEmit();
        emit IServiceGateway.ServiceResult(callId, address(consumer), 200, "output", "", 300_000);
        deliver(ack);
        same(consumer.results(), 1, "results");
        same(consumer.lastCallId(), callId, "call id");
        same(consumer.lastCode(), 200, "code");
        same(consumer.lastOutput(), "output", "output");
        same(gateway.keptOutcome(callId), 0, "nothing kept");
    }

    function test_businessErrorsComeBackWithTheirReason() public {
        uint16[5] memory codes = [uint16(400), 402, 404, 500, 504];
        for (uint256 i; i < codes.length; ++i) {
            (, Packet memory p) = called();
            answer(p, result(codes[i], "", unicode"因为"));
            same(consumer.lastCode(), codes[i], "code");
            same(consumer.lastMessage(), unicode"因为", "message");
        }
        same(consumer.results(), 5, "results");
    }

    /// @dev An acknowledgement cannot be refused: what cannot be read is a result as well.
    function test_undecodableResults() public {
        bytes[8] memory acks = [
            abi.encodePacked(ERROR_ACK), bytes(hex"02"), result(201, "", ""), hex"0100c8ffffffff", result(500, "", new bytes(1025)),
            result(500, "", hex"ff"), new bytes(32), abi.encodePacked(ERROR_ACK, uint8(0))
        ];
        for (uint256 i; i < acks.length; ++i) {
            (, Packet memory p) = called();
            answer(p, acks[i]);
            same(consumer.lastCode(), i == 0 ? 400 : 500, vm.toString(i));
            string memory message = i == 0 ? "the hub could not decode the call" : "the hub's result could not be decoded";
            same(consumer.lastMessage(), message, "a reason");
            same(consumer.lastOutput(), "", "no output");
        }
        same(consumer.results(), acks.length, "results");
    }

    function test_aTimeoutComesBack() public {
        (bytes32 callId, Packet memory p) = called();
        tree.set("anything", "x");
        vm.warp(p.timeout);
        bytes memory call = timeoutDelivery(SERVICE_OUT, p);
        vm.expectEmit();
        emit IServiceGateway.ServiceTimeout(callId, address(consumer), 300_000);
        timeoutPackets(call);
        same(consumer.timeouts(), 1, "timeouts");
        same(consumer.lastCallId(), callId, "call id");
    }

    function test_anAccountWithoutCodeReadsTheEvents() public {
        IServiceGateway.Call memory call = aCall();
        vm.prank(CALLER);
        bytes32 callId = gateway.callService(call);
        Packet memory p = outbound("service", 1, call.timeout, callValue(call, CALLER));
        answer(p, result(200, "output", ""));
        same(gateway.keptOutcome(callId), 0, "nothing kept");
    }

    /// @dev However much gas it named for a callback: there is none to give it to.
    function test_anAccountWithoutCodeTakesNoGas() public {
        IServiceGateway.Call memory call = aCall();
        call.callbackGasLimit = 3_000_000;
        for (uint64 i; i < 2; ++i) {
            vm.prank(CALLER);
            gateway.callService(call);
        }
        Packet memory p = outbound("service", 1, call.timeout, callValue(call, CALLER));
        deliverWith(500_000, singleAck(SERVICE_OUT, p, result(200, "output", "")));
        same(stored(p), 0, "acknowledged");
        p.sequence = 2;
        tree.set("anything", "x");
        vm.warp(p.timeout);
        (bool done,) = address(router).call{gas: 500_000}(timeoutCall(timeoutDelivery(SERVICE_OUT, p)));
        so(done && stored(p) == 0, "timed out");
    }

    // ------------------------------------------------------------------------------------------------ callbacks that fail

    function test_aFailingCallbackLosesNoResult() public {
        ProbeConsumer.Mode[3] memory modes = [ProbeConsumer.Mode.Revert, ProbeConsumer.Mode.Burn, ProbeConsumer.Mode.Bomb];
        for (uint256 i; i < modes.length; ++i) {
            consumer.set(modes[i], "");
            (bytes32 callId, Packet memory p) = called();
            answer(p, result(200, "output", ""));
            same(consumer.results(), i, "not delivered");
            same(stored(p), 0, "the acknowledgement is settled");
            so(gateway.keptOutcome(callId) != 0, "kept");

            vm.expectPartialRevert(IServiceGateway.RetryFailed.selector);
            gateway.retryResult{gas: 2_000_000}(callId, address(consumer), 300_000, 200, "output", "");
            so(gateway.keptOutcome(callId) != 0, "still kept");

            consumer.set(ProbeConsumer.Mode.Accept, "");
            vm.prank(address(0xBAD));
            gateway.retryResult(callId, address(consumer), 300_000, 200, "output", "");
            same(consumer.results(), i + 1, "delivered");
            same(consumer.lastOutput(), "output", "output");
            vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NothingToRetry.selector, callId));
            gateway.retryResult(callId, address(consumer), 300_000, 200, "output", "");
        }
    }

    function test_aFailingCallbackTellsItsReason() public {
        consumer.set(ProbeConsumer.Mode.Revert, "");
        (bytes32 callId, Packet memory p) = called();
        bytes memory ack = singleAck(SERVICE_OUT, p, result(200, "output", ""));
        vm.expectEmit();
        emit IServiceGateway.CallbackFailed(callId, address(consumer), abi.encodeWithSignature("Error(string)", "not today"));
        deliver(ack);
    }

    /// @dev However long a reason is, 256 bytes of it are told.
    function test_aReasonIsToldTo256Bytes() public {
        consumer.set(ProbeConsumer.Mode.Bomb, "");
        (bytes32 callId, Packet memory p) = called();
        bytes memory ack = singleAck(SERVICE_OUT, p, result(200, "output", ""));
        vm.recordLogs();
        deliver(ack);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 told;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IServiceGateway.CallbackFailed.selector) continue;
            same(logs[i].topics[1], callId, "call id");
            same(abi.decode(logs[i].data, (bytes)).length, 256, "told");
            ++told;
        }
        same(told, 1, "once");
        (bool done, bytes memory why) = address(gateway).call(
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(consumer), 300_000, 200, "output", ""))
        );
        so(!done && selectorOf(why) == IServiceGateway.RetryFailed.selector, "failed again");
        same(abi.decode(behind(why, 4), (bytes)).length, 256, "told again");
    }

    function test_aFailingTimeoutIsRetried() public {
        consumer.set(ProbeConsumer.Mode.Revert, "");
        (bytes32 callId, Packet memory p) = called();
        tree.set("anything", "x");
        vm.warp(p.timeout);
        timeoutPackets(timeoutDelivery(SERVICE_OUT, p));
        so(gateway.keptOutcome(callId) != 0, "kept");
        consumer.set(ProbeConsumer.Mode.Accept, "");
        // With less than it asked for a consumer could do half of it: whoever retries brings no less.
        (bool done, bytes memory reason) = address(gateway).call{gas: 250_000}(
            abi.encodeCall(IServiceGateway.retryTimeout, (callId, address(consumer), 300_000))
        );
        so(!done && selectorOf(reason) == IRouter.InsufficientGas.selector, "too little gas");
        same(consumer.timeouts(), 0, "nothing was called");
        vm.expectEmit();
        emit IServiceGateway.OutcomeRetried(callId, address(consumer));
        gateway.retryTimeout(callId, address(consumer), 300_000);
        same(consumer.timeouts(), 1, "timeouts");
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NothingToRetry.selector, callId));
        gateway.retryTimeout(callId, address(consumer), 300_000);
    }

    function test_aRetryChangesNothingOfTheResult() public {
        consumer.set(ProbeConsumer.Mode.Revert, "");
        (bytes32 callId, Packet memory p) = called();
        answer(p, result(500, "", "sold out"));
        consumer.set(ProbeConsumer.Mode.Accept, "");
        bytes[8] memory forged = [
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(consumer), 300_000, 200, "", "sold out")),
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(consumer), 300_000, 500, "x", "sold out")),
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(consumer), 300_000, 500, "", "sold")),
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(consumer), 1, 500, "", "sold out")),
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(this), 300_000, 500, "", "sold out")),
            abi.encodeCall(IServiceGateway.retryResult, (bytes32(0), address(consumer), 300_000, 500, "", "sold out")),
            abi.encodeCall(IServiceGateway.retryTimeout, (callId, address(consumer), 300_000)),
            abi.encodeCall(IServiceGateway.retryResult, (keccak256("other"), address(consumer), 300_000, 500, "", "sold out"))
        ];
        for (uint256 i; i < forged.length; ++i) {
            (bool accepted, bytes memory reason) = address(gateway).call(forged[i]);
            so(!accepted, vm.toString(i));
            same(bytes32(selectorOf(reason)), bytes32(IServiceGateway.NothingToRetry.selector), "by name");
        }
        gateway.retryResult(callId, address(consumer), 300_000, 500, "", "sold out");
        same(consumer.lastCode(), 500, "code");
    }

    /// @dev A consumer that re-enters: another call is allowed, a second result is not.
    function test_aReenteringConsumer() public {
        (bytes32 callId, Packet memory p) = called();
        bytes memory ack = singleAck(SERVICE_OUT, p, result(200, "output", ""));
        consumer.set(
            ProbeConsumer.Mode.Reenter,
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(consumer), 300_000, 200, "output", ""))
        );
        deliver(ack);
        same(consumer.results(), 1, "once");
        so(!consumer.reentered(), "no retry of what was not kept");

        (callId, p) = called();
        consumer.set(ProbeConsumer.Mode.Reenter, abi.encodeCall(IServiceGateway.callService, (aCall())));
        answer(p, result(200, "output", ""));
        same(consumer.results(), 2, "once more");
        so(consumer.reentered(), "a call from a callback");
        same(router.getClient(1).nextSequence, 4, "and a packet of it");
    }

    /// @dev A consumer that re-enters during a retry gets its result once.
    function test_aReenteringRetry() public {
        consumer.set(ProbeConsumer.Mode.Revert, "");
        (bytes32 callId, Packet memory p) = called();
        answer(p, result(200, "output", ""));
        bytes memory retry =
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(consumer), 300_000, 200, "output", ""));
        consumer.set(ProbeConsumer.Mode.Reenter, retry);
        gateway.retryResult(callId, address(consumer), 300_000, 200, "output", "");
        same(consumer.results(), 1, "once");
        so(!consumer.reentered(), "the inner retry failed");
    }

    // ------------------------------------------------------------------------------------------------ gas

    /// @dev From too little gas to enough: the callback gets all its gas or nothing happens; it is never kept as failed.
    function test_tooLittleGasNeverFailsACallback() public {
        (bytes32 callId, Packet memory p) = called();
        bytes memory ack = deliverCall(singleAck(SERVICE_OUT, p, result(200, "output", "")));
        _sweep(ack, callId, p);
        so(consumer.gasSeen() > 290_000, "all its gas");
        same(consumer.results(), 1, "delivered");
    }

    function test_tooLittleGasNeverFailsATimeout() public {
        (bytes32 callId, Packet memory p) = called();
        tree.set("anything", "x");
        vm.warp(p.timeout);
        _sweep(timeoutCall(timeoutDelivery(SERVICE_OUT, p)), callId, p);
        same(consumer.timeouts(), 1, "delivered");
    }

    function _sweep(bytes memory call, bytes32 callId, Packet memory p) private {
        bool named;
        for (uint256 gas_ = 30_000; gas_ < 600_000; gas_ += 1_333) {
            (bool accepted, bytes memory reason) = address(router).call{gas: gas_}(call);
            if (accepted) {
                so(named, "InsufficientGas came before");
                same(gateway.keptOutcome(callId), 0, "not kept as failed");
                return;
            }
            if (selectorOf(reason) == IRouter.InsufficientGas.selector) named = true;
            so(stored(p) != 0, "nothing happened");
        }
        revert NotSo("was never accepted");
    }

    function test_tooLittleGasForARetry() public {
        consumer.set(ProbeConsumer.Mode.Revert, "");
        (bytes32 callId, Packet memory p) = called();
        answer(p, result(200, "output", ""));
        consumer.set(ProbeConsumer.Mode.Accept, "");
        vm.expectPartialRevert(IServiceGateway.InsufficientGas.selector);
        gateway.retryResult{gas: 250_000}(callId, address(consumer), 300_000, 200, "output", "");
        gateway.retryResult{gas: 400_000}(callId, address(consumer), 300_000, 200, "output", "");
        same(consumer.results(), 1, "delivered");
    }

    /// @dev The largest result of the largest call, a callback that burns the largest gas limit: it still fits in what the router
    /// gives an application to settle a packet.
    function test_theLargestResult() public {
        consumer.set(ProbeConsumer.Mode.Burn, "");
        IServiceGateway.Call memory call = aCall();
        call.callbackGasLimit = 3_000_000;
        call.input = new bytes(16384 - callValue(call, address(consumer)).length + call.input.length);
        bytes32 callId = consumer.call(call);
        Packet memory p = outbound("service", 1, call.timeout, callValue(call, address(consumer)));
        bytes memory ack = singleAck(SERVICE_OUT, p, result(200, new bytes(15353), new bytes(1024)));
        deliverWith(7_000_000, ack);
        same(stored(p), 0, "settled");
        so(gateway.keptOutcome(callId) != 0, "kept");
        consumer.set(ProbeConsumer.Mode.Accept, "");
        gateway.retryResult(callId, address(consumer), 3_000_000, 200, new bytes(15353), string(new bytes(1024)));
        same(consumer.lastOutput().length, 15353, "output");
    }

    // ------------------------------------------------------------------------------------------------ strangers

    /// @dev CrossCurve 2026: the receiver's entry points called by a stranger.
    function test_onlyTheGatewayCallsBack() public {
        vm.expectRevert(abi.encodeWithSelector(IServiceConsumer.OnlyGateway.selector, address(this)));
        consumer.onServiceResult(keccak256("call"), 200, "forged", "");
        vm.expectRevert(abi.encodeWithSelector(IServiceConsumer.OnlyGateway.selector, address(this)));
        consumer.onServiceTimeout(keccak256("call"));
    }
}
