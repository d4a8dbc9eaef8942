// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Checkpoint, Packet} from "./support/Hub.sol";
import {ProbeApplication} from "./support/ProbeApplication.sol";
import {ProbeFixture} from "./support/ProbeFixture.sol";

/// @title What becomes of a packet that was sent from here: its acknowledgement or its timeout, and never both.
contract RouterSettleTest is ProbeFixture {
    function test_anAcknowledgementSettlesItsPacket() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        bytes memory call = singleAck(PROBE_OUT, p, "done");
        vm.expectEmit();
        emit IRouter.PacketAcknowledged(CLIENT_KEY, p.sequence);
        deliver(call);
        same(stored(p), 0, "commitment");
        same(probe.acknowledged(), 1, "told");
        same(probe.lastValue(), "call", "value");
        same(probe.lastAcknowledgement(), "done", "acknowledgement");
    }

    function test_aRepeatedAcknowledgementIsANoOp() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        deliver(singleAck(PROBE_OUT, p, "done"));
        vm.recordLogs();
        deliver(singleAck(PROBE_OUT, p, "done"));
        same(vm.getRecordedLogs().length, 0, "events");
        same(probe.acknowledged(), 1, "told once");
    }

    function test_anAcknowledgementOfAPacketNeverSentIsANoOp() public {
        Packet memory p = outbound("null", 9, inAnHour(), "never sent");
        deliver(singleAck(NULL_OUT, p, "done"));
    }

    /// @dev The relayer names the packet that was acknowledged; the hub proved only client and sequence.
    function test_theAcknowledgedPacketIsTheOneThatWasSent() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        Packet[3] memory others = [_copy(p), _copy(p), _copy(p)];
        others[0].value = "cull";
        others[1].timeout += 1;
        others[2].timeout -= 1;
        for (uint256 i; i < others.length; ++i) {
            bytes memory call = singleAck(PROBE_OUT, others[i], "done");
            bytes32 pathKey = keccak256(commitmentPath(HERE, p.sequence));
            bytes32 given = packetCommitment(others[i]);
            vm.expectRevert(abi.encodeWithSelector(IRouter.CommitmentMismatch.selector, pathKey, stored(p), given));
            deliver(call);
        }
        bytes memory otherLane = singleAck(NULL_OUT, p, "done");
        vm.expectPartialRevert(IRouter.CommitmentMismatch.selector);
        deliver(otherLane);
    }

    /// @dev Two packets with one commitment: an acknowledgement settles only the one whose sequence was proven.
    function test_theSameCommitmentUnderAnotherSequence() public {
        Packet memory a = fromProbe(inAnHour(), "same");
        Packet memory b = fromProbe(inAnHour(), "same");
        same(stored(a), stored(b), "the same commitment");
        deliver(singleAck(PROBE_OUT, a, "done"));
        same(stored(a), 0, "settled");
        same(stored(b), packetCommitment(b), "not settled");
        bytes[] memory entries = list(ackEntry(PROBE_OUT, b, "done"));
        bytes memory call = batch(entries, list(ackLeaf(a, "done")));
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(call);
    }

    function test_anotherAcknowledgementIsRefused() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        bytes memory call = batch(list(ackEntry(PROBE_OUT, p, "done")), list(ackLeaf(p, "gone")));
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(call);
    }

    function test_sizesOfAcknowledgements() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        bytes memory call = singleAck(PROBE_OUT, p, "");
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 0));
        deliver(call);
        call = singleAck(PROBE_OUT, p, new bytes(16385));
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 16385));
        deliver(call);
        deliver(singleAck(PROBE_OUT, p, new bytes(16384)));
    }

    function test_aPauseStopsNeitherAcknowledgementsNorTimeouts() public {
        Packet memory a = fromProbe(inAnHour(), "a");
        Packet memory b = fromProbe(inAnHour(), "b");
        tree.set("anything", "x");
        vm.prank(admin);
        router.pause(1, 1 days);
        deliver(singleAck(PROBE_OUT, a, "done"));
        vm.warp(b.timeout);
        timeoutPackets(timeoutDelivery(PROBE_OUT, b));
        same(probe.acknowledged() + probe.timedOut(), 2, "settled");
    }

    // ------------------------------------------------------------------------------------------------ timeouts

    function test_aPacketTimesOut() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        for (uint256 i; i < 30; ++i) {
            tree.set(receiptPath(THERE, uint64(100 + i)), hex"01");
        }
        vm.warp(p.timeout);
        bytes memory call = timeoutDelivery(PROBE_OUT, p);
        vm.expectEmit();
        emit IRouter.PacketTimedOut(CLIENT_KEY, p.sequence);
        timeoutPackets(call);
        same(stored(p), 0, "commitment");
        same(probe.timedOut(), 1, "told");
        same(probe.lastValue(), "call", "value");
    }

    /// @dev What is settled needs no proof any more: a repeat changes nothing, whatever comes with it.
    function test_aRepeatedTimeoutNeedsNoProof() public {
        Packet memory p = fromProbe(inAnHour(), "x");
        vm.warp(p.timeout);
        tree.set("some key", "some value");
        _timeOutWith(p, tree.prove(receiptPath(p.destinationClient, p.sequence)));
        _timeOutWith(p, hex"00");
        same(probe.timedOut(), 1, "told once");
    }

    function _timeOutWith(Packet memory p, bytes memory proof) private {
        bytes memory header = signed(checkpoint(tree.root(), 0));
        bytes memory entry = abi.encodePacked(record(PROBE_OUT, p), uint16(proof.length), proof);
        timeoutPackets(abi.encodePacked(uint16(1), uint16(header.length), header, entry));
    }

    function test_aRepeatedTimeoutIsANoOp() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        tree.set("anything", "x");
        vm.warp(p.timeout);
        timeoutPackets(timeoutDelivery(PROBE_OUT, p));
        vm.recordLogs();
        timeoutPackets(timeoutDelivery(PROBE_OUT, p));
        same(vm.getRecordedLogs().length, 0, "events");
        same(probe.timedOut(), 1, "told once");
    }

    function test_severalTimeOutTogether() public {
        tree.set("anything", "x");
        Packet[] memory packets = new Packet[](3);
        for (uint256 i; i < 3; ++i) {
            packets[i] = fromProbe(inAnHour(), abi.encodePacked("call", i));
        }
        vm.warp(packets[0].timeout);
        bytes memory header = signed(checkpoint(tree.root(), 0));
        bytes memory call = abi.encodePacked(uint16(1), uint16(header.length), header);
        for (uint256 i; i < 3; ++i) {
            bytes memory proof = tree.prove(receiptPath(THERE, packets[i].sequence));
            call = bytes.concat(call, record(PROBE_OUT, packets[i]), abi.encodePacked(uint16(proof.length), proof));
        }
        timeoutPackets(call);
        same(probe.timedOut(), 3, "told");
    }

    function test_bothSidesOfTheTimeout() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        tree.set("anything", "x");
        vm.warp(p.timeout - 1);
        bytes memory call = timeoutDelivery(PROBE_OUT, p);
        vm.expectRevert(abi.encodeWithSelector(IRouter.TimeoutNotReached.selector, p.timeout, p.timeout - 1));
        timeoutPackets(call);
        vm.warp(p.timeout);
        timeoutPackets(timeoutDelivery(PROBE_OUT, p));
    }

    /// @dev What counts is the other chain's time, not ours.
    function test_ourOwnTimeDoesNotTimeOut() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        tree.set("anything", "x");
        Checkpoint memory c = checkpoint(tree.root(), 0);
        c.timestamp = p.timeout - 1;
        vm.warp(p.timeout + 1 hours);
        bytes memory header = signed(c);
        bytes memory proof = tree.prove(receiptPath(THERE, p.sequence));
        bytes memory call =
            abi.encodePacked(uint16(1), uint16(header.length), header, record(PROBE_OUT, p), uint16(proof.length), proof);
        vm.expectPartialRevert(IRouter.TimeoutNotReached.selector);
        timeoutPackets(call);
    }

    /// @dev A packet given with an earlier timeout than it was sent with.
    function test_anotherTimeoutValueThanThePackets() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        tree.set("anything", "x");
        vm.warp(block.timestamp + 10 minutes);
        Packet memory forged = _copy(p);
        forged.timeout = uint64(block.timestamp) - 1;
        bytes memory call = timeoutDelivery(PROBE_OUT, forged);
        vm.expectPartialRevert(IRouter.CommitmentMismatch.selector);
        timeoutPackets(call);
        same(stored(p), packetCommitment(p), "still there");
    }

    function test_aReceivedPacketDoesNotTimeOut() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        tree.set("anything", "x");
        bytes memory absent = tree.prove(receiptPath(THERE, p.sequence));
        tree.set(receiptPath(THERE, p.sequence), hex"01");
        vm.warp(p.timeout);
        bytes memory call = timeoutDelivery(PROBE_OUT, p);
        vm.expectRevert(ILightClient.NotANonMembershipProof.selector);
        timeoutPackets(call);
        // The old proof of absence does not lead to the new root.
        bytes memory header = signed(checkpoint(tree.root(), 0));
        call = abi.encodePacked(uint16(1), uint16(header.length), header, record(PROBE_OUT, p), uint16(absent.length), absent);
        vm.expectRevert(ILightClient.TreeRootMismatch.selector);
        timeoutPackets(call);
    }

    /// @dev The absence of another packet's receipt, or of another kind of path, proves nothing about this one.
    function test_anotherPathsAbsence() public {
        for (uint256 i; i < 20; ++i) {
            tree.set(abi.encodePacked("other", i), "x");
        }
        Packet memory p = fromProbe(inAnHour(), "call");
        tree.set(receiptPath(THERE, p.sequence), hex"01");
        vm.warp(p.timeout);
        bytes[4] memory elsewhere = [
            receiptPath(THERE, p.sequence + 1),
            receiptPath(HERE, p.sequence),
            commitmentPath(THERE, p.sequence),
            acknowledgementPath(THERE, p.sequence)
        ];
        bytes memory header = signed(checkpoint(tree.root(), 0));
        for (uint256 i; i < elsewhere.length; ++i) {
            bytes memory proof = tree.prove(elsewhere[i]);
            bytes memory call = abi.encodePacked(
                uint16(1), uint16(header.length), header, record(PROBE_OUT, p), uint16(proof.length), proof
            );
            (bool accepted,) = address(router).call(timeoutCall(call));
            so(!accepted, vm.toString(i));
        }
    }

    /// @dev Each byte of a valid timeout flipped: refused.
    function test_everyByteMutated() public {
        for (uint256 i; i < 8; ++i) {
            tree.set(abi.encodePacked("other", i), "x");
        }
        Packet memory p = fromProbe(inAnHour(), "call");
        vm.warp(p.timeout);
        bytes memory call = timeoutDelivery(PROBE_OUT, p);
        for (uint256 i; i < call.length; ++i) {
            call[i] ^= 0x01;
            (bool accepted,) = address(router).call(timeoutCall(call));
            // Another sequence that was never sent is a no-op.
            so(!accepted || stored(p) != 0, string.concat("byte ", vm.toString(i)));
            call[i] ^= 0x01;
        }
        same(probe.timedOut(), 0, "nothing timed out");
        timeoutPackets(call);
        same(probe.timedOut(), 1, "the valid one does");
    }

    function test_noEntryTimesOutNothing() public {
        bytes memory header = signed(checkpoint(APP_ROOT, 0));
        vm.expectRevert(IRouter.EmptyBatch.selector);
        timeoutPackets(abi.encodePacked(uint16(1), uint16(header.length), header));
    }

    function test_anInboundLaneDoesNotTimeOut() public {
        Packet memory p = inbound("null", 1, inAnHour(), "x");
        tree.set("anything", "x");
        vm.warp(p.timeout);
        bytes memory call = timeoutDelivery(NULL_IN, p);
        vm.expectRevert(abi.encodeWithSelector(IRouter.WrongDirection.selector, NULL_IN));
        timeoutPackets(call);
    }

    // ------------------------------------------------------------------------------------------------ never both

    function test_neverAcknowledgedAndTimedOut() public {
        tree.set("anything", "x");
        Packet memory a = fromProbe(inAnHour(), "a");
        Packet memory b = fromProbe(inAnHour(), "b");
        vm.warp(a.timeout);
        deliver(singleAck(PROBE_OUT, a, "done"));
        timeoutPackets(timeoutDelivery(PROBE_OUT, a));
        timeoutPackets(timeoutDelivery(PROBE_OUT, b));
        deliver(singleAck(PROBE_OUT, b, "done"));
        same(probe.acknowledged(), 1, "acknowledged");
        same(probe.timedOut(), 1, "timed out");
    }

    /// @dev An application that delivers the same acknowledgement again from within its own callback gets nothing more.
    function test_reentryFromACallback() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        bytes memory call = singleAck(PROBE_OUT, p, "done");
        probe.setReentry(deliverCall(call));
        deliver(call);
        same(probe.acknowledged(), 1, "told once");
        tree.set("anything", "x");
        p = fromProbe(inAnHour(), "call");
        vm.warp(p.timeout);
        call = timeoutDelivery(PROBE_OUT, p);
        probe.setReentry(timeoutCall(call));
        timeoutPackets(call);
        same(probe.timedOut(), 1, "told once");
    }

    function test_reentryWhileReceiving() public {
        Packet memory a = toProbe(1, "a");
        Packet memory b = inbound("null", 2, inAnHour(), "b");
        bytes memory inner = single(NULL_IN, b);
        bytes memory outer = single(PROBE_IN, a);
        bytes[3] memory calls = [
            deliverCall(outer),
            deliverCall(inner),
            abi.encodeCall(IRouter.writeAcknowledgement, (CLIENT_KEY, 1, "mine"))
        ];
        probe.set(ProbeApplication.Mode.Reenter);
        for (uint64 i; i < calls.length; ++i) {
            probe.setReentry(calls[i]);
            deliver(single(PROBE_IN, toProbe(10 + i, "x")));
        }
        // The inner delivery to the probe lacks the gas that the probe is due; that to the null application is one like any
        // other; an acknowledgement of its own, while it still answers, is refused. Each packet has one receipt and one answer.
        so(!router.hasReceipt(CLIENT_KEY, 1) && router.hasReceipt(CLIENT_KEY, 2), "receipts");
        same(probe.received(), 3, "received");
        same(router.getClient(1).acknowledgements, 3 + 1, "acknowledgements");
    }

    function _copy(Packet memory p) private pure returns (Packet memory) {
        return abi.decode(abi.encode(p), (Packet));
    }
}
