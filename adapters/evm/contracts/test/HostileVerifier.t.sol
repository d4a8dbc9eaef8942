// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Fixture} from "./support/Fixture.sol";
import {Packet} from "./support/Hub.sol";

/// @notice A light client that is bound as it should be, and answers so many bytes: height 1, a time, an app root, a batch root.
contract ShortVerifier is ILightClient {
    uint256 private _size;
    uint64 private _timestamp;
    bytes32 private _batchRoot;

    function answer(uint256 size, uint64 timestamp, bytes32 batchRoot) external {
        (_size, _timestamp, _batchRoot) = (size, timestamp, batchRoot);
    }

    function updateClient(bytes calldata) external view returns (uint64, uint64, bytes32, bytes32) {
        bytes memory whole = abi.encode(uint64(1), _timestamp, keccak256("app root"), _batchRoot, "and more");
        uint256 size = _size;
        assembly ("memory-safe") {
            return(add(whole, 0x20), size)
        }
    }

    function verifyMembership(bytes32, bytes calldata, bytes calldata, bytes calldata) external pure {}

    function verifyNonMembership(bytes32, bytes calldata, bytes calldata) external pure {}

    function latest() external pure returns (Status, uint64, uint64) {
        return (Status.Active, 1, 1);
    }

    function boundTo() external pure returns (bytes32, bytes32, bytes32) {
        return (keccak256("quorum-7"), keccak256("attested-7"), keccak256("genesis"));
    }
}

/// @title Whatever a light client leaves unsaid is not read from what a relayer wrote.
contract HostileVerifierTest is Fixture {
    ShortVerifier private _verifier;
    uint16 private _in;
    uint16 private _out;

    function setUp() public override {
        super.setUp();
        _verifier = new ShortVerifier();
        vm.startPrank(admin);
        router.addClient("quorum-7", "attested-7", _verifier);
        _in = router.registerLane(IRouter.Direction.Inbound, 2, "null", "null", "null-1", "application/octet-stream");
        _out = router.registerLane(IRouter.Direction.Outbound, 2, "null", "null", "null-1", "application/octet-stream");
        vm.stopPrank();
    }

    function _packet() private view returns (Packet memory p) {
        p = inbound("null", 1, inAnHour(), "value");
        (p.sourceClient, p.destinationClient) = ("attested-7", "quorum-7");
    }

    /// @dev A header in which every word that the answer could be taken for is the root that the relayer wants.
    function _headerFullOf(bytes32 root) private pure returns (bytes memory) {
        return abi.encodePacked(bytes28(0), root, root, root, root);
    }

    function _byPath(bytes memory header, Packet memory p) private view returns (bytes memory) {
        bytes memory entry = bytes.concat(packetEntry(_in, p), bytes4(0));
        return abi.encodePacked(uint16(2), uint8(2), uint16(1), uint16(header.length), header, uint32(1), entry);
    }

    function _received() private view returns (bool) {
        return router.hasReceipt(keccak256("quorum-7"), 1);
    }

    function test_aShortAnswerProvesNoPacket() public {
        Packet memory p = _packet();
        bytes32 root = rootOf(list(packetLeaf(p)));
        bytes memory call = deliverCall(_byPath(_headerFullOf(root), p));
        for (uint256 size; size < 0x80; ++size) {
            _verifier.answer(size, uint64(block.timestamp), root);
            (bool taken, bytes memory reason) = address(router).call(call);
            so(!taken && reason.length == 0, vm.toString(size));
        }
        so(!_received(), "nothing was received");
        _verifier.answer(0x80, uint64(block.timestamp), root);
        deliver(_byPath(_headerFullOf(root), p));
        so(_received(), "a whole answer is believed");
    }

    function test_aClientWhoseCodeIsGoneProvesNothing() public {
        Packet memory p = _packet();
        bytes32 root = rootOf(list(packetLeaf(p)));
        bytes memory byPath = deliverCall(_byPath(_headerFullOf(root), p));
        (uint64 sequence,) = nothing.send(_out, inAnHour(), "sent");
        bytes memory header = _headerFullOf(bytes32(type(uint256).max));
        bytes memory sent = abi.encodePacked(_out, sequence, inAnHour(), uint16(4), "sent");
        bytes memory late = timeoutCall(abi.encodePacked(uint16(2), uint16(header.length), header, sent, uint16(0)));
        vm.etch(address(_verifier), "");
        (bool taken, bytes memory reason) = address(router).call(byPath);
        so(!taken && reason.length == 0, "no packet");
        (taken, reason) = address(router).call(late);
        so(!taken && reason.length == 0, "no timeout");
        so(!_received(), "nothing was received");
    }

    /// @dev What it answers is read word by word: the time is no root, and no root a time.
    function test_aWholeAnswerIsReadWordByWord() public {
        Packet memory p = _packet();
        bytes32 root = rootOf(list(packetLeaf(p)));
        _verifier.answer(0x80, uint64(block.timestamp), keccak256("another"));
        vm.expectRevert(abi.encodeWithSelector(IRouter.BatchRootMismatch.selector, keccak256("another"), root));
        deliver(_byPath(_headerFullOf(root), p));
        (uint64 sequence,) = nothing.send(_out, inAnHour(), "sent");
        bytes memory sent = abi.encodePacked(_out, sequence, inAnHour(), uint16(4), "sent");
        bytes memory late = abi.encodePacked(uint16(2), uint16(1), bytes1(0), sent, uint16(0));
        _verifier.answer(0x80, inAnHour() - 1, root);
        vm.expectRevert(abi.encodeWithSelector(IRouter.TimeoutNotReached.selector, inAnHour(), inAnHour() - 1));
        timeoutPackets(late);
        _verifier.answer(0x80, inAnHour(), root);
        timeoutPackets(late);
        same(_commitment(sequence), 0, "its commitment is gone");
    }

    /// @dev The longest of its errors has four words: a relayer reads which checkpoint contradicts which.
    function test_whyAClientRefusesIsToldWhole() public {
        client.updateClient(signed(checkpoint(APP_ROOT, keccak256("batch"))));
        (, uint64 latest, uint64 theirs) = client.latest();
        vm.warp(block.timestamp - 10);
        bytes memory reason = abi.encodeWithSelector(
            IQuorumClient.TimeNotMonotonic.selector, latest, theirs, latest + 1, uint64(block.timestamp)
        );
        bytes memory call = single(NULL_IN, inbound("null", 1, inAnHour(), "value"));
        vm.expectRevert(reason);
        deliver(call);
        so(!router.hasReceipt(CLIENT_KEY, 1), "nothing was received");
    }

    function _commitment(uint64 sequence) private view returns (bytes32) {
        return router.packetCommitment(keccak256(commitmentPath("quorum-7", sequence)));
    }
}
