// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Packet} from "./support/Hub.sol";
import {Fixture} from "./support/Fixture.sol";

/// @title Attacks on what is delivered to the router: forged, mutated, replayed and raced. docs/security-tests.md lists them.
contract HostileDeliveryTest is Fixture {
    // ------------------------------------------------------------------------------------------------ forgeries

    function test_theSameCommitmentUnderAnotherSequenceIsRefused() public {
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        Packet memory twin = inbound("null", 2, p.timeout, "value");
        same(packetCommitment(p), packetCommitment(twin), "a commitment says nothing of the sequence");
        bytes memory call = batch(list(packetEntry(NULL_IN, twin)), list(packetLeaf(p)));
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(call);
        call = _byState(packetEntry(NULL_IN, twin), commitmentPath(THERE, 1), packetCommitment(p), commitmentPath(THERE, 1));
        vm.expectRevert(ILightClient.TreeRootMismatch.selector);
        deliver(call);

        Packet memory first = send(inAnHour(), "same");
        Packet memory second = send(inAnHour(), "same");
        bytes32 leaf = leafOf(acknowledgementPath(THERE, first.sequence), ackCommitment(hex"01"));
        call = batch(list(ackEntry(NULL_OUT, second, hex"01")), list(leaf));
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(call);
        so(stored(second) != 0, "still waits");
    }

    function test_aTimeoutWithAnotherTimeoutValueIsRefused() public {
        tree.set("some key", "some value");
        Packet memory p = send(inAnHour(), "value");
        uint64 due = p.timeout;
        vm.warp(block.timestamp + 60);
        p.timeout = uint64(block.timestamp) - 1;
        bytes memory call = timeoutDelivery(NULL_OUT, p);
        vm.expectPartialRevert(IRouter.CommitmentMismatch.selector);
        timeoutPackets(call);
        p.timeout = due;
        call = timeoutDelivery(NULL_OUT, p);
        vm.expectPartialRevert(IRouter.TimeoutNotReached.selector);
        timeoutPackets(call);
        vm.warp(due - 1);
        call = timeoutDelivery(NULL_OUT, p);
        vm.expectPartialRevert(IRouter.TimeoutNotReached.selector);
        timeoutPackets(call);
        vm.warp(due);
        timeoutPackets(timeoutDelivery(NULL_OUT, p));
        same(stored(p), 0, "gone");
    }

    function test_aReceivedPacketDoesNotTimeOut() public {
        Packet memory p = send(inAnHour(), "value");
        tree.set(receiptPath(THERE, p.sequence), hex"01");
        tree.set("some key", "some value");
        vm.warp(p.timeout);
        bytes memory call = timeoutDelivery(NULL_OUT, p);
        vm.expectRevert(ILightClient.NotANonMembershipProof.selector);
        timeoutPackets(call);
        // Nor by the proof of another receipt's absence.
        bytes memory header = signed(checkpoint(tree.root(), 0));
        bytes memory proof = tree.prove(receiptPath(THERE, p.sequence + 1));
        vm.expectRevert(ILightClient.UnrelatedNeighbour.selector);
        timeoutPackets(
            abi.encodePacked(
                uint16(1), uint16(header.length), header, record(NULL_OUT, p), uint16(proof.length), proof
            )
        );
        so(stored(p) != 0, "still waits");
    }

    /// @dev What a whole batch gives is in what was signed: another root is another message.
    function test_aForgedPacketSpoilsOnlyItsOwnDelivery() public {
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        bytes32 leaf = packetLeaf(p);
        p.value = "forged";
        bytes memory call = batch(list(packetEntry(NULL_IN, p)), list(leaf));
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(call);
        p.value = "value";
        p.timeout += 1;
        call = batch(list(packetEntry(NULL_IN, p)), list(leaf));
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(call);
        p.timeout -= 1;
        deliver(batch(list(packetEntry(NULL_IN, p)), list(leaf)));
    }

    function test_aLaneOfAnotherClientOrDirectionIsRefused() public {
        IQuorumClient.Trust memory t = trust();
        t.destinationClient = "quorum-1";
        IQuorumClient second = newClient(t);
        vm.startPrank(admin);
        router.addClient("quorum-1", THERE, second);
        uint16 lane = router.registerLane(IRouter.Direction.Inbound, 2, "null", "null", "null-1", "application/octet-stream");
        vm.stopPrank();
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        uint16[4] memory lanes = [lane, NULL_OUT, 99, 0];
        bytes4[4] memory reasons = [
            IRouter.LaneOfOtherClient.selector,
            IRouter.WrongDirection.selector,
            IRouter.UnknownLane.selector,
            IRouter.UnknownLane.selector
        ];
        for (uint256 i; i < lanes.length; ++i) {
            bytes memory call = batch(list(packetEntry(lanes[i], p)), list(packetLeaf(p)));
            vm.expectPartialRevert(reasons[i]);
            deliver(call);
        }
        p = send(inAnHour(), "value");
        bytes memory forged = batch(list(ackEntry(NULL_IN, p, hex"01")), list(ackLeaf(p, hex"01")));
        vm.expectPartialRevert(IRouter.WrongDirection.selector);
        deliver(forged);
        tree.set("some key", "some value");
        forged = timeoutDelivery(NULL_IN, p);
        vm.expectPartialRevert(IRouter.WrongDirection.selector);
        timeoutPackets(forged);
    }

    function test_anUnknownClientOrProofKindIsRefused() public {
        bytes memory call = single(NULL_IN, inbound("null", 1, inAnHour(), "value"));
        for (uint256 kind; kind < 256; ++kind) {
            if (kind == 1) continue;
            call[2] = bytes1(uint8(kind));
            (bool done,) = address(router).call(deliverCall(call));
            so(!done, vm.toString(kind));
        }
        call[2] = 0x01;
        call[1] = 0x02;
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownClient.selector, 2));
        deliver(call);
        call[1] = 0x00;
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownClient.selector, 0));
        deliver(call);
    }

    // ------------------------------------------------------------------------------------------------ mutations

    function test_eachByteOfABatchMatters() public {
        bytes[] memory entries = new bytes[](3);
        bytes32[] memory leaves = new bytes32[](3);
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        (entries[0], leaves[0]) = (packetEntry(NULL_IN, p), packetLeaf(p));
        Packet memory sent = send(inAnHour(), "sent");
        (entries[1], leaves[1]) = (ackEntry(NULL_OUT, sent, "answer"), ackLeaf(sent, "answer"));
        entries[2] = bareEntry(commitmentPath(THERE, 9), keccak256("other"));
        leaves[2] = leafOf(commitmentPath(THERE, 9), keccak256("other"));
        _eachByteMatters(IRouter.deliverProven.selector, batch(entries, leaves));
    }

    function test_eachByteOfAMerklePathMatters() public {
        (Packet memory p, bytes32[] memory leaves, uint256 index) = _amongFive();
        bytes memory body = _byPath(packetEntry(NULL_IN, p), 5, uint32(index), merklePath(leaves, index));
        bytes memory header = signed(checkpoint(APP_ROOT, rootOf(leaves)));
        _eachByteMatters(IRouter.deliverProven.selector, delivery(2, header, body));
    }

    function test_eachByteOfAStateProofMatters() public {
        for (uint64 i = 2; i < 12; ++i) {
            tree.set(commitmentPath(THERE, i), abi.encodePacked(keccak256(abi.encode(i))));
        }
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        bytes memory path = commitmentPath(THERE, 1);
        _eachByteMatters(IRouter.deliverProven.selector, _byState(packetEntry(NULL_IN, p), path, packetCommitment(p), path));
    }

    function test_eachByteOfATimeoutMatters() public {
        for (uint64 i = 2; i < 12; ++i) {
            tree.set(receiptPath(THERE, i), hex"01");
        }
        Packet memory p = send(inAnHour(), "value");
        vm.warp(p.timeout);
        bytes memory call = timeoutDelivery(NULL_OUT, p);
        _eachByteMatters(IRouter.timeoutPackets.selector, call);
        same(stored(p), 0, "timed out at last");
    }

    function testFuzz_rubbishIsNoDelivery(bytes calldata rubbish) public {
        (bool done,) = address(router).call(deliverCall(rubbish));
        so(!done, "delivered");
        (done,) = address(router).call(timeoutCall(rubbish));
        so(!done, "timed out");
        bytes memory header = signed(checkpoint(APP_ROOT, keccak256("batch")));
        for (uint8 kind; kind < 5; ++kind) {
            bytes memory call = delivery(kind, header, rubbish);
            (done,) = address(router).call(deliverCall(call));
            so(!done, "delivered under a good header");
        }
    }

    /// @dev Hyperbridge: an index beyond the leaves was not refused.
    function test_aLeafIndexBeyondTheCountIsRefused() public {
        (Packet memory p, bytes32[] memory leaves, uint256 index) = _amongFive();
        bytes memory header = signed(checkpoint(APP_ROOT, rootOf(leaves)));
        bytes memory path = merklePath(leaves, index);
        uint32[5] memory beyond = [uint32(5), 6, 7, 8 + uint32(index), type(uint32).max];
        for (uint256 i; i < beyond.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRouter.IndexOutOfBounds.selector, beyond[i], uint32(5)));
            deliver(delivery(2, header, _byPath(packetEntry(NULL_IN, p), 5, beyond[i], path)));
        }
        uint32[4] memory counts = [uint32(0), 4, 6, 257];
        for (uint256 i; i < counts.length; ++i) {
            vm.expectRevert();
            deliver(delivery(2, header, _byPath(packetEntry(NULL_IN, p), counts[i], uint32(index), path)));
        }
        for (uint32 other; other < 5; ++other) {
            if (other == index) continue;
            vm.expectRevert();
            deliver(delivery(2, header, _byPath(packetEntry(NULL_IN, p), 5, other, path)));
        }
        vm.expectRevert();
        deliver(delivery(2, header, _byPath(packetEntry(NULL_IN, p), 5, uint32(index), bytes.concat(path, path))));
        deliver(delivery(2, header, _byPath(packetEntry(NULL_IN, p), 5, uint32(index), path)));
    }

    /// @dev An inner node is no leaf, and a batch of two no batch of one.
    function test_aNodeOfTheTreeIsNoLeaf() public {
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        Packet memory q = inbound("null", 2, inAnHour(), "other");
        bytes32 left = packetLeaf(p);
        bytes32 right = packetLeaf(q);
        bytes32[] memory leaves = new bytes32[](2);
        (leaves[0], leaves[1]) = (left, right);
        bytes32 root = rootOf(leaves);
        bytes memory header = signed(checkpoint(APP_ROOT, root));
        bytes memory bare = abi.encodePacked(uint8(0), left, right);
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(delivery(1, header, bytes.concat(hex"0001", bare)));
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(delivery(1, header, bytes.concat(hex"0001", packetEntry(NULL_IN, p))));
    }

    // ------------------------------------------------------------------------------------------------ replays and races

    function test_aReplayedPacketHasNoEffect() public {
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        bytes memory call = single(NULL_IN, p);
        deliver(call);
        bytes32 chain = router.acknowledgementChain(CLIENT_KEY, 0);
        deliver(call);
        deliver(single(NULL_IN, p));
        bytes memory path = commitmentPath(THERE, 1);
        deliver(_byState(packetEntry(NULL_IN, p), path, packetCommitment(p), path));
        same(router.acknowledgementChain(CLIENT_KEY, 0), chain, "acknowledged once");
        same(router.getClient(1).acknowledgements, 1, "acknowledged once");
    }

    function test_oneDeliveryNamesAPacketTwice() public {
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        bytes[] memory entries = new bytes[](2);
        bytes32[] memory leaves = new bytes32[](2);
        (entries[0], entries[1]) = (packetEntry(NULL_IN, p), packetEntry(NULL_IN, p));
        (leaves[0], leaves[1]) = (packetLeaf(p), packetLeaf(p));
        deliver(batch(entries, leaves));
        same(router.getClient(1).acknowledgements, 1, "acknowledged once");
    }

    function test_aReplayedAcknowledgementOrTimeoutHasNoEffect() public {
        tree.set("some key", "some value");
        Packet memory p = send(inAnHour(), "value");
        bytes memory call = singleAck(NULL_OUT, p, hex"01");
        deliver(call);
        vm.recordLogs();
        deliver(call);
        vm.warp(p.timeout);
        timeoutPackets(timeoutDelivery(NULL_OUT, p));
        same(vm.getRecordedLogs().length, 0, "nothing happened");

        p = send(inAnHour(), "value");
        vm.warp(p.timeout);
        call = timeoutDelivery(NULL_OUT, p);
        timeoutPackets(call);
        vm.recordLogs();
        timeoutPackets(call);
        deliver(singleAck(NULL_OUT, p, hex"01"));
        same(vm.getRecordedLogs().length, 0, "nothing happened");
    }

    /// @dev Somebody delivers a part first, in another way: whoever comes second loses gas and nothing else.
    function test_aRaceOfTwoRelayersRefusesNothing() public {
        bytes[] memory entries = new bytes[](5);
        bytes32[] memory leaves = new bytes32[](5);
        Packet[] memory packets = new Packet[](5);
        for (uint64 i; i < 5; ++i) {
            packets[i] = inbound("null", i + 1, inAnHour(), "value");
            (entries[i], leaves[i]) = (packetEntry(NULL_IN, packets[i]), packetLeaf(packets[i]));
        }
        bytes memory header = signed(checkpoint(APP_ROOT, rootOf(leaves)));
        bytes memory whole = delivery(1, header, bytes.concat(abi.encodePacked(uint16(5)), concat(entries)));
        bytes memory path = merklePath(leaves, 3);
        deliver(delivery(2, header, _byPath(entries[3], 5, 3, path)));
        deliver(whole);
        deliver(whole);
        deliver(delivery(2, header, _byPath(entries[3], 5, 3, path)));
        same(router.getClient(1).acknowledgements, 5, "each once");
        // An entry that was laid by as bare is brought by the next.
        packets[0].sequence = 6;
        bytes32 leaf = packetLeaf(packets[0]);
        header = signed(checkpoint(APP_ROOT, rootOf(list(leaf))));
        bytes memory bare = bareEntry(commitmentPath(THERE, 6), packetCommitment(packets[0]));
        deliver(delivery(1, header, bytes.concat(hex"0001", bare)));
        deliver(delivery(1, header, bytes.concat(hex"0001", packetEntry(NULL_IN, packets[0]))));
        same(router.getClient(1).acknowledgements, 6, "brought");
    }

    function test_whatAFrozenClientReceivedIsNotReceivedAgainByItsReplacement() public {
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        deliver(single(NULL_IN, p));
        Packet memory sent = send(inAnHour(), "value");
        IQuorumClient next = newClient(trust());
        vm.startPrank(admin);
        router.proposeClientReplacement(1, next);
        vm.warp(block.timestamp + REPLACEMENT_DELAY);
        router.replaceClient(1);
        vm.stopPrank();
        client = next;
        p = inbound("null", 1, inAnHour(), "another");
        deliver(single(NULL_IN, p));
        same(router.getClient(1).acknowledgements, 1, "acknowledged once");
        deliver(singleAck(NULL_OUT, sent, hex"01"));
        same(stored(sent), 0, "what was sent before ends under the new one");
        same(send(inAnHour(), "value").sequence, 2, "sequences go on");
    }

    // ------------------------------------------------------------------------------------------------ inside

    function _amongFive() private view returns (Packet memory p, bytes32[] memory leaves, uint256 index) {
        p = inbound("null", 1, inAnHour(), "value");
        leaves = new bytes32[](5);
        for (uint256 i; i < 5; ++i) {
            leaves[i] = keccak256(abi.encode("leaf", i));
        }
        index = 2;
        leaves[index] = packetLeaf(p);
    }

    function _byPath(bytes memory entry, uint32 count, uint32 index, bytes memory path) private pure returns (bytes memory) {
        return bytes.concat(hex"0001", abi.encodePacked(count), entry, abi.encodePacked(index), path);
    }

    /// @dev A delivery under the state, in which the value stands at the path.
    function _byState(bytes memory entry, bytes memory path, bytes32 value, bytes memory proven)
        private
        returns (bytes memory)
    {
        tree.set(path, abi.encodePacked(value));
        tree.set("some key", "some value");
        bytes memory header = signed(checkpoint(tree.root(), 0));
        bytes memory proof = tree.prove(proven);
        return delivery(3, header, bytes.concat(hex"0001", entry, abi.encodePacked(uint16(proof.length)), proof));
    }

    /// @dev Every byte changed, in its lowest and its highest bit; cut short; with one more; and at last as it is.
    function _eachByteMatters(bytes4 selector, bytes memory call) private {
        for (uint256 i; i < call.length; ++i) {
            for (uint256 bit = 1; bit < 256; bit <<= 7) {
                call[i] = bytes1(uint8(call[i]) ^ uint8(bit));
                _notTaken(selector, call, i);
                call[i] = bytes1(uint8(call[i]) ^ uint8(bit));
            }
        }
        uint256 length = call.length;
        for (uint256 shorter = length > 200 ? length - 200 : 0; shorter < length; ++shorter) {
            bytes memory cut = bytes.concat(call);
            assembly {
                mstore(cut, shorter)
            }
            _notTaken(selector, cut, shorter);
        }
        _notTaken(selector, bytes.concat(call, hex"00"), length);
        (bool done,) = address(router).call(bytes.concat(selector, call));
        so(done, "the whole one is good");
    }

    /// @dev The timeout of a packet that never was is a no-op, as the repeat of one is: it need not revert, and does nothing.
    function _notTaken(bytes4 selector, bytes memory call, uint256 place) private {
        vm.recordLogs();
        (bool done,) = address(router).call(bytes.concat(selector, call));
        bool idle = selector == IRouter.timeoutPackets.selector && vm.getRecordedLogs().length == 0;
        so(!done || idle, string.concat("taken with byte ", vm.toString(place), " changed"));
    }
}
