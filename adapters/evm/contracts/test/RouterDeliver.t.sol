// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Packet} from "./support/Hub.sol";
import {ProbeApplication} from "./support/ProbeApplication.sol";
import {ProbeFixture} from "./support/ProbeFixture.sol";

/// @title Receiving: whole batches, Merkle paths, proofs in the state; and one rule broken at a time.
contract RouterDeliverTest is ProbeFixture {
    function test_aPacketIsReceivedAndAcknowledged() public {
        bytes memory call = single(PROBE_IN, toProbe(1, "hello"));
        vm.expectEmit();
        emit IRouter.AcknowledgementWritten(CLIENT_KEY, abi.encodePacked(uint64(0), uint64(1), hex"0102"));
        deliver(call);
        so(router.hasReceipt(CLIENT_KEY, 1), "receipt");
        same(router.acknowledgementChain(CLIENT_KEY, 0), appended(1, hex"0102"), "chain");
        same(router.getClient(1).acknowledgements, 1, "count");
        same(probe.lastValue(), "hello", "value");
        (bytes32 pathKey, bytes32 clientKey, uint16 lane, uint64 sequence, uint64 timeout) = probe.last();
        same(pathKey, keccak256(commitmentPath(THERE, 1)), "path key");
        same(clientKey, CLIENT_KEY, "client key");
        same(lane, PROBE_IN, "lane");
        same(sequence, 1, "sequence");
        same(timeout, inAnHour(), "timeout");
    }

    function test_aRepeatIsANoOp() public {
        Packet memory p = toProbe(1, "hello");
        deliver(single(PROBE_IN, p));
        bytes32 chain = router.acknowledgementChain(CLIENT_KEY, 0);
        vm.recordLogs();
        deliver(single(PROBE_IN, p));
        same(vm.getRecordedLogs().length, 0, "events");
        same(probe.received(), 1, "received");
        same(router.acknowledgementChain(CLIENT_KEY, 0), chain, "chain");
    }

    function test_aWholeBatchOfAllKinds() public {
        Packet memory sent = fromProbe(inAnHour(), "sent before");
        bytes[] memory entries = new bytes[](5);
        bytes32[] memory leaves = new bytes32[](5);
        (Packet memory a, Packet memory b, Packet memory unknown) = (toProbe(1, "a"), inbound("null", 2, inAnHour(), "b"), toProbe(3, "u"));
        unknown.destinationPort = "unknown";
        (entries[0], leaves[0]) = (packetEntry(PROBE_IN, a), packetLeaf(a));
        entries[1] = bareEntry(commitmentPath(THERE, 3), packetCommitment(unknown));
        leaves[1] = packetLeaf(unknown);
        (entries[2], leaves[2]) = (ackEntry(PROBE_OUT, sent, "done"), ackLeaf(sent, "done"));
        (entries[3], leaves[3]) = (packetEntry(NULL_IN, b), packetLeaf(b));
        entries[4] = bareEntry(acknowledgementPath(THERE, 9), ackCommitment("other"));
        leaves[4] = leafOf(acknowledgementPath(THERE, 9), ackCommitment("other"));
        deliver(batch(entries, leaves));
        same(probe.received(), 1, "received");
        same(probe.acknowledged(), 1, "acknowledged");
        same(probe.lastAcknowledgement(), "done", "acknowledgement");
        same(stored(sent), 0, "commitment");
        appended(1, hex"0102");
        same(router.acknowledgementChain(CLIENT_KEY, 0), appended(2, hex"01"), "chain");
        so(router.hasReceipt(CLIENT_KEY, 2) && !router.hasReceipt(CLIENT_KEY, 3), "receipts");
    }

    function testFuzz_batchesOfEverySize(uint8 size) public {
        uint256 count = uint256(size) + 1;
        vm.assume(count <= 40 || count >= 255);
        (bytes[] memory entries, bytes32[] memory leaves) = _null(count, 1);
        deliver(batch(entries, leaves));
        same(router.getClient(1).acknowledgements, count, "count");
    }

    /// @dev Each sequence has its own bit, over the bounds of words, and of its own client alone.
    function test_aBatchOf256LeavesAsManyReceipts() public {
        (bytes[] memory entries, bytes32[] memory leaves) = _null(256, 101);
        deliver(batch(entries, leaves));
        for (uint64 sequence = 1; sequence <= 700; ++sequence) {
            so(router.hasReceipt(CLIENT_KEY, sequence) == (sequence > 100 && sequence <= 356), vm.toString(sequence));
            so(!router.hasReceipt(keccak256(bytes(THERE)), sequence), "another client");
        }
    }

    function test_aBatchOf257IsRefused() public {
        (bytes[] memory entries, bytes32[] memory leaves) = _null(257, 1);
        bytes memory call = batch(entries, leaves);
        vm.expectRevert(abi.encodeWithSelector(IRouter.BatchTooLarge.selector, 257));
        deliver(call);
    }

    /// @dev Windows of 256 acknowledgements each begin at zero.
    function test_acknowledgementWindows() public {
        for (uint64 round; round < 2; ++round) {
            (bytes[] memory entries, bytes32[] memory leaves) = _null(200, 1 + round * 200);
            deliver(batch(entries, leaves));
        }
        bytes32 chain;
        for (uint64 i = 1; i <= 400; ++i) {
            if (i == 257) {
                same(router.acknowledgementChain(CLIENT_KEY, 0), chain, "first window");
                chain = 0;
            }
            chain = keccak256(abi.encodePacked(chain, i, ackCommitment(hex"01")));
        }
        same(router.acknowledgementChain(CLIENT_KEY, 1), chain, "second window");
    }

    function _null(uint256 count, uint64 first) private view returns (bytes[] memory entries, bytes32[] memory leaves) {
        entries = new bytes[](count);
        leaves = new bytes32[](count);
        for (uint64 i; i < count; ++i) {
            Packet memory p = inbound("null", first + i, inAnHour(), "x");
            (entries[i], leaves[i]) = (packetEntry(NULL_IN, p), packetLeaf(p));
        }
    }

    // ------------------------------------------------------------------------------------------------ single entries

    function testFuzz_merklePaths(uint8 size, uint8 place) public {
        uint256 count = uint256(size) % 33 + 1;
        uint256 index = place % count;
        (bytes[] memory entries, bytes32[] memory leaves) = _null(count, 1);
        deliver(_byPath(entries[index], leaves, uint32(index), uint32(count)));
        so(router.hasReceipt(CLIENT_KEY, uint64(index + 1)), "receipt");
        same(router.getClient(1).acknowledgements, 1, "only one");
    }

    function _byPath(bytes memory entry, bytes32[] memory leaves, uint32 index, uint32 count) private returns (bytes memory) {
        bytes memory path = index < leaves.length ? merklePath(leaves, index) : merklePath(leaves, 0);
        bytes memory header = signed(checkpoint(APP_ROOT, rootOf(leaves)));
        return delivery(2, header, abi.encodePacked(uint16(1), count, entry, index, path));
    }

    /// @dev Hyperbridge 2026: a leaf index beyond the count.
    function test_anIndexBeyondTheCountIsRefused() public {
        (bytes[] memory entries, bytes32[] memory leaves) = _null(5, 1);
        bytes memory call = _byPath(entries[4], leaves, 5, 5);
        vm.expectRevert(abi.encodeWithSelector(IRouter.IndexOutOfBounds.selector, 5, 5));
        deliver(call);
        call = _byPath(entries[4], leaves, type(uint32).max, 5);
        vm.expectRevert(abi.encodeWithSelector(IRouter.IndexOutOfBounds.selector, type(uint32).max, 5));
        deliver(call);
        call = _byPath(entries[4], leaves, 4, 6);
        vm.expectPartialRevert(IRouter.MalformedDelivery.selector);
        deliver(call);
    }

    /// @dev From the largest batch that a block has, and from none that is larger.
    function test_aPathInTheLargestBatch() public {
        (bytes[] memory entries, bytes32[] memory leaves) = _null(256, 1);
        deliver(_byPath(entries[255], leaves, 255, 256));
        so(router.hasReceipt(CLIENT_KEY, 256), "receipt");
        (entries, leaves) = _null(257, 1);
        bytes memory call = _byPath(entries[1], leaves, 1, 257);
        vm.expectRevert(abi.encodeWithSelector(IRouter.BatchTooLarge.selector, 257));
        deliver(call);
    }

    function test_aPathCutShortIsRefusedByName() public {
        (bytes[] memory entries, bytes32[] memory leaves) = _null(5, 1);
        bytes memory cut = _byPath(entries[1], leaves, 1, 5);
        for (uint256 i; i < 3 * 32; ++i) {
            assembly {
                mstore(cut, sub(mload(cut), 1))
            }
            vm.expectPartialRevert(IRouter.MalformedDelivery.selector);
            deliver(cut);
        }
    }

    function test_againstTheState() public {
        Packet memory sent = send(inAnHour(), "sent");
        Packet memory p = inbound("null", 1, inAnHour(), "missed");
        for (uint256 i; i < 40; ++i) {
            tree.set(abi.encodePacked("other", i), "x");
        }
        tree.set(commitmentPath(THERE, 1), abi.encodePacked(packetCommitment(p)));
        tree.set(acknowledgementPath(THERE, sent.sequence), abi.encodePacked(ackCommitment("done")));
        bytes memory first = tree.prove(commitmentPath(THERE, 1));
        bytes memory second = tree.prove(acknowledgementPath(THERE, sent.sequence));
        bytes memory body = abi.encodePacked(
            uint16(2), packetEntry(NULL_IN, p), uint16(first.length), first, ackEntry(NULL_OUT, sent, "done"), uint16(second.length), second
        );
        bytes memory longer = delivery(3, signed(checkpoint(tree.root(), 0)), bytes.concat(body, hex"00"));
        vm.expectPartialRevert(IRouter.MalformedDelivery.selector);
        deliver(longer);
        deliver(delivery(3, signed(checkpoint(tree.root(), 0)), body));
        so(router.hasReceipt(CLIENT_KEY, 1), "receipt");
        same(stored(sent), 0, "commitment");
    }

    /// @dev A path is proven against the root that the header names.
    function test_anotherBatchRootIsRefused() public {
        (bytes[] memory entries, bytes32[] memory leaves) = _null(3, 1);
        bytes memory body = abi.encodePacked(uint16(1), uint32(3), entries[1], uint32(1), merklePath(leaves, 1));
        bytes memory call = delivery(2, signed(checkpoint(APP_ROOT, keccak256("another"))), body);
        vm.expectRevert(
            abi.encodeWithSelector(IRouter.BatchRootMismatch.selector, keccak256("another"), rootOf(leaves))
        );
        deliver(call);
    }

    /// @dev A light client that found another root than the batch's own is not believed, whatever its header's layout.
    function test_aLightClientThatFoundAnotherRoot() public {
        (bytes[] memory entries, bytes32[] memory leaves) = _null(1, 1);
        bytes memory call = batch(entries, leaves);
        vm.mockCall(
            address(client),
            abi.encodeWithSelector(ILightClient.updateClient.selector),
            abi.encode(uint64(9), uint64(block.timestamp), APP_ROOT, keccak256("another"))
        );
        vm.expectRevert(abi.encodeWithSelector(IRouter.BatchRootMismatch.selector, keccak256("another"), rootOf(leaves)));
        deliver(call);
    }

    function test_anotherStateRootIsRefused() public {
        Packet memory p = inbound("null", 1, inAnHour(), "missed");
        tree.set("other", "x");
        tree.set(commitmentPath(THERE, 1), abi.encodePacked(packetCommitment(p)));
        bytes memory proof = tree.prove(commitmentPath(THERE, 1));
        bytes memory body = abi.encodePacked(uint16(1), packetEntry(NULL_IN, p), uint16(proof.length), proof);
        bytes memory call = delivery(3, signed(checkpoint(APP_ROOT, 0)), body);
        vm.expectRevert(ILightClient.TreeRootMismatch.selector);
        deliver(call);
    }

    /// @dev Of such a batch nothing is applied; its checkpoint is believed all the same.
    function test_aBatchOfBareEntriesAloneIsNoFault() public {
        bytes[] memory entries = new bytes[](6);
        bytes32[] memory leaves = new bytes32[](6);
        for (uint64 i; i < entries.length; ++i) {
            entries[i] = bareEntry(commitmentPath(THERE, 1 + i), keccak256("not for us"));
            leaves[i] = leafOf(commitmentPath(THERE, 1 + i), keccak256("not for us"));
        }
        deliver(batch(entries, leaves));
        (, uint64 height_,) = client.latest();
        same(height_, height, "height");
        same(router.getClient(1).acknowledgements, 0, "nothing is answered");
    }

    function test_bareEntriesStandInWholeBatchesOnly() public {
        bytes32[] memory leaves = list(leafOf("path", keccak256("c")));
        bytes memory header = signed(checkpoint(APP_ROOT, rootOf(leaves)));
        bytes memory bare = bareEntry("path", keccak256("c"));
        for (uint8 kind = 2; kind <= 3; ++kind) {
            bytes memory count = kind == 2 ? abi.encodePacked(uint32(1)) : bytes("");
            bytes memory call = delivery(kind, header, abi.encodePacked(uint16(1), count, bare, uint32(0)));
            vm.expectPartialRevert(IRouter.MalformedDelivery.selector);
            deliver(call);
        }
    }

    // ------------------------------------------------------------------------------------------------ refusals

    function test_anEmptyBatchProvesNothing() public {
        bytes memory header = signed(checkpoint(APP_ROOT, 0));
        for (uint8 kind = 1; kind <= 3; ++kind) {
            vm.expectRevert(IRouter.EmptyBatch.selector);
            deliver(delivery(kind, header, abi.encodePacked(uint16(0), uint32(0))));
        }
        bytes memory zeroRoot = delivery(1, header, abi.encodePacked(uint16(1), packetEntry(NULL_IN, inbound("null", 1, inAnHour(), "x"))));
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(zeroRoot);
    }

    function test_unknownProofKinds() public {
        bytes memory header = signed(checkpoint(APP_ROOT, 0));
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownProofKind.selector, 0));
        deliver(delivery(0, header, hex"0001"));
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownProofKind.selector, 4));
        deliver(delivery(4, header, hex"0001"));
    }

    function test_anUnknownClient() public {
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownClient.selector, 2));
        deliver(hex"00020100000000");
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownClient.selector, 0));
        deliver(hex"00000100000000");
    }

    function test_anElapsedTimeout() public {
        Packet memory p = toProbe(1, "late");
        vm.warp(p.timeout - 1);
        uint256 snapshot = block.timestamp;
        deliver(single(PROBE_IN, p));
        p.sequence = 2;
        vm.warp(snapshot + 1);
        bytes memory call = single(PROBE_IN, p);
        vm.expectRevert(abi.encodeWithSelector(IRouter.TimeoutElapsed.selector, p.timeout, p.timeout));
        deliver(call);
        vm.warp(p.timeout + 5);
        vm.expectRevert(abi.encodeWithSelector(IRouter.TimeoutElapsed.selector, p.timeout, p.timeout + 5));
        deliver(call);
    }

    /// @dev A packet whose answer comes later has taken effect: what is too late beside it refuses nothing.
    function test_anElapsedPacketBesideOneThatIsAnsweredLater() public {
        (Packet memory late, Packet memory live) = (toProbe(1, "late"), toProbe(2, "live"));
        live.timeout = late.timeout + 60;
        vm.warp(late.timeout);
        probe.set(ProbeApplication.Mode.Later);
        bytes[] memory entries = new bytes[](2);
        bytes32[] memory leaves = new bytes32[](2);
        (entries[0], leaves[0]) = (packetEntry(PROBE_IN, late), packetLeaf(late));
        (entries[1], leaves[1]) = (packetEntry(PROBE_IN, live), packetLeaf(live));
        deliver(batch(entries, leaves));
        so(!router.hasReceipt(CLIENT_KEY, 1) && router.hasReceipt(CLIENT_KEY, 2), "receipts");
        same(router.pendingApplication(CLIENT_KEY, 2), address(probe), "pending");
    }

    /// @dev Sequences with the same bit of different words: each is received, once.
    function test_aReceiptStandsInItsOwnWord() public {
        uint64[4] memory sequences = [uint64(300), 44, 556, 44 + (1 << 40)];
        for (uint256 round; round < 2; ++round) {
            for (uint256 i; i < sequences.length; ++i) {
                deliver(single(PROBE_IN, toProbe(sequences[i], "x")));
                same(probe.received(), round == 0 ? i + 1 : sequences.length, "received");
                so(router.hasReceipt(CLIENT_KEY, sequences[i]), "receipt");
            }
        }
    }

    /// @dev A packet that is too late is left out, alone: no receipt, no effect, and those beside it are received.
    function test_anElapsedPacketIsLeftOut() public {
        Packet memory sent = fromProbe(inAnHour(), "sent before");
        (Packet memory late, Packet memory live) = (toProbe(1, "late"), inbound("null", 2, inAnHour() + 60, "b"));
        vm.warp(late.timeout);
        bytes[] memory entries = new bytes[](2);
        bytes32[] memory leaves = new bytes32[](2);
        (entries[0], leaves[0]) = (packetEntry(PROBE_IN, late), packetLeaf(late));
        (entries[1], leaves[1]) = (packetEntry(NULL_IN, live), packetLeaf(live));
        deliver(batch(entries, leaves));
        so(!router.hasReceipt(CLIENT_KEY, 1) && router.hasReceipt(CLIENT_KEY, 2), "receipts");
        same(probe.received(), 0, "not received");
        same(router.acknowledgementChain(CLIENT_KEY, 0), appended(2, hex"01"), "one acknowledgement");

        // What is left changes nothing any more: refused by name.
        bytes memory call = batch(entries, leaves);
        vm.expectRevert(abi.encodeWithSelector(IRouter.TimeoutElapsed.selector, late.timeout, late.timeout));
        deliver(call);

        (entries[1], leaves[1]) = (ackEntry(PROBE_OUT, sent, "done"), ackLeaf(sent, "done"));
        deliver(batch(entries, leaves));
        same(stored(sent), 0, "acknowledged");
        call = batch(entries, leaves);
        vm.expectRevert(abi.encodeWithSelector(IRouter.TimeoutElapsed.selector, late.timeout, late.timeout));
        deliver(call);
    }

    function test_aPausedClientReceivesNothing() public {
        bytes memory call = single(NULL_IN, inbound("null", 1, inAnHour(), "x"));
        vm.prank(admin);
        router.pause(1, 1 minutes);
        vm.expectRevert(abi.encodeWithSelector(IRouter.ClientPaused.selector, 1, uint64(block.timestamp) + 60));
        deliver(call);
        vm.warp(block.timestamp + 60);
        deliver(call);
    }

    function test_lanesGoOneWay() public {
        bytes memory call = single(NULL_OUT, inbound("null", 1, inAnHour(), "x"));
        vm.expectRevert(abi.encodeWithSelector(IRouter.WrongDirection.selector, NULL_OUT));
        deliver(call);
        call = singleAck(NULL_IN, outbound("null", 1, inAnHour(), "x"), "done");
        vm.expectRevert(abi.encodeWithSelector(IRouter.WrongDirection.selector, NULL_IN));
        deliver(call);
    }

    /// @dev What is cut short is refused at its own place, before anything behind it is looked at.
    function test_whereADeliveryIsCutShort() public {
        _malformedAt(4, deliverCall(abi.encodePacked(uint16(1), uint8(1), uint16(1), uint16(100), new bytes(10))));
        _malformedAt(4, deliverCall(abi.encodePacked(uint16(1), uint8(2), uint16(1), uint8(0))));
        _malformedAt(4, timeoutCall(hex"00"));
        _malformedAt(6, timeoutCall(hex"000100"));
        _malformedAt(8, timeoutCall(abi.encodePacked(uint16(1), uint16(100), new bytes(10))));
    }

    function _malformedAt(uint256 offset, bytes memory call) private {
        (bool taken, bytes memory reason) = address(router).call(call);
        so(!taken, "taken");
        same(reason, abi.encodeWithSelector(IRouter.MalformedDelivery.selector, offset), "where");
    }

    /// @dev Each byte of a valid delivery flipped: refused, and nothing changes. Only the client's number may name another error.
    function test_everyByteMutated() public {
        bytes[] memory entries = new bytes[](2);
        bytes32[] memory leaves = new bytes32[](2);
        (Packet memory a, Packet memory b) = (toProbe(1, "first"), toProbe(2, "second"));
        (entries[0], leaves[0]) = (packetEntry(PROBE_IN, a), packetLeaf(a));
        (entries[1], leaves[1]) = (packetEntry(PROBE_IN, b), packetLeaf(b));
        bytes memory call = batch(entries, leaves);
        for (uint256 i; i < call.length; ++i) {
            for (uint8 bit; bit < 8; bit += 7) {
                call[i] ^= bytes1(uint8(1 << bit));
                (bool accepted,) = address(router).call(deliverCall(call));
                so(!accepted, string.concat("byte ", vm.toString(i)));
                call[i] ^= bytes1(uint8(1 << bit));
            }
        }
        same(probe.received(), 0, "nothing was received");
        deliver(call);
        same(probe.received(), 2, "the valid one is");
    }

    /// @dev Cut anywhere, or with a byte more: refused by name.
    function test_everyLength() public {
        bytes memory call = single(PROBE_IN, toProbe(1, "value"));
        for (uint256 length; length < call.length; ++length) {
            bytes memory cut = new bytes(length);
            for (uint256 i; i < length; ++i) {
                cut[i] = call[i];
            }
            errorOf(deliverCall(cut));
        }
        bytes4 error_ = errorOf(deliverCall(bytes.concat(call, hex"00")));
        same(bytes32(error_), bytes32(IRouter.MalformedDelivery.selector), "a byte too many");
    }

    function test_sizesOfValues() public {
        deliver(single(PROBE_IN, toProbe(1, new bytes(16384))));
        bytes memory call = single(PROBE_IN, toProbe(2, new bytes(16385)));
        vm.expectRevert(abi.encodeWithSelector(IRouter.ValueSize.selector, 16385));
        deliver(call);
        call = single(PROBE_IN, toProbe(2, ""));
        vm.expectRevert(abi.encodeWithSelector(IRouter.ValueSize.selector, 0));
        deliver(call);
    }
}
