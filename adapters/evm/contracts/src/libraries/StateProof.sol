// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";
import {ILightClient} from "../interfaces/ILightClient.sol";

/// @title Direct proofs of the state tree of a chain of our own (ICS-23 SmtSpec; docs/protocol.md, section 6).
/// @dev `depth u16 ‖ bitmap ceil(depth / 8) ‖ non-empty siblings 32 each, from the root down ‖ kind u8 ‖ [H(other key) ‖ H(other value)]`.
/// Each proof has one form only: padding bits are zero, no sibling given is empty, no byte is left over.
library StateProof {
    uint256 private constant ENDS_IN_EMPTY = 0;
    uint256 private constant ENDS_IN_LEAF = 1;
    uint256 private constant ENDS_IN_OTHER_LEAF = 2;

    struct Shape {
        uint256 depth;
        /// The bitmap, its first bit the most significant of the word.
        uint256 bitmap;
        uint256 siblings;
        uint256 kind;
        /// Where the siblings end.
        uint256 end;
    }

    /// @notice Reverts unless `value` stands at `key` under `root`.
    function verifyMembership(bytes32 root, bytes calldata key, bytes calldata value, bytes calldata proof) internal view {
        if (root == 0) revert ILightClient.EmptyTreeRoot();
        Shape memory shape = _parse(proof);
        if (shape.kind != ENDS_IN_LEAF) revert ILightClient.NotAMembershipProof();
        bytes32 keyHash = sha256(key);
        if (_climb(shape, keyHash, _leaf(keyHash, sha256(value)), proof) != root) revert ILightClient.TreeRootMismatch();
    }

    /// @notice Reverts unless nothing stands at `key` under `root`.
    function verifyNonMembership(bytes32 root, bytes calldata key, bytes calldata proof) internal view {
        if (root == 0) revert ILightClient.EmptyTreeRoot();
        Shape memory shape = _parse(proof);
        if (shape.kind == ENDS_IN_LEAF) revert ILightClient.NotANonMembershipProof();
        bytes32 keyHash = sha256(key);
        bytes32 node;
        if (shape.kind == ENDS_IN_OTHER_LEAF) {
            bytes32 otherKey = bytes32(proof[shape.end + 1:]);
            bool agrees = uint256(otherKey ^ keyHash) >> (256 - shape.depth) == 0;
            if (!agrees || otherKey == keyHash) revert ILightClient.UnrelatedNeighbour();
            node = _leaf(otherKey, bytes32(proof[shape.end + 33:]));
        }
        if (_climb(shape, keyHash, node, proof) != root) revert ILightClient.TreeRootMismatch();
    }

    function _parse(bytes calldata proof) private pure returns (Shape memory shape) {
        if (proof.length < 3) revert ILightClient.MalformedTreeProof();
        shape.depth = uint16(bytes2(proof));
        uint256 bitmapBytes = (shape.depth + 7) / 8;
        if (shape.depth > 256 || proof.length < 3 + bitmapBytes) revert ILightClient.MalformedTreeProof();
        uint256 bits = uint256(bytes32(proof[2:2 + bitmapBytes]));
        // bytes32 of a shorter slice pads with zeros; what lies beyond the depth must be zero as well.
        if (bits << shape.depth != 0) revert ILightClient.MalformedTreeProof();
        shape.bitmap = bits;
        shape.siblings = 2 + bitmapBytes;
        shape.end = shape.siblings + 32 * LibBit.popCount(bits);
        if (proof.length <= shape.end) revert ILightClient.MalformedTreeProof();
        shape.kind = uint8(proof[shape.end]);
        if (shape.kind > ENDS_IN_OTHER_LEAF) revert ILightClient.MalformedTreeProof();
        uint256 length = shape.end + (shape.kind == ENDS_IN_OTHER_LEAF ? 65 : 1);
        if (proof.length != length) revert ILightClient.MalformedTreeProof();
    }

    function _climb(Shape memory shape, bytes32 keyHash, bytes32 node, bytes calldata proof) private view returns (bytes32) {
        uint256 cursor = shape.end;
        for (uint256 level = shape.depth; level > 0; --level) {
            uint256 bit = 1 << (256 - level);
            bytes32 sibling;
            if (shape.bitmap & bit != 0) {
                cursor -= 32;
                sibling = bytes32(proof[cursor:cursor + 32]);
                if (sibling == 0) revert ILightClient.MalformedTreeProof();
            }
            node = uint256(keyHash) & bit != 0 ? _inner(sibling, node) : _inner(node, sibling);
        }
        return node;
    }

    function _leaf(bytes32 keyHash, bytes32 valueHash) private pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(0), keyHash, valueHash));
    }

    /// @dev In place: a proof at a depth of 20 would otherwise leave 4 KiB of memory behind and cost 3,000 gas more.
    function _inner(bytes32 left, bytes32 right) private view returns (bytes32 hash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, 1)
            mstore(add(m, 1), left)
            mstore(add(m, 0x21), right)
            if iszero(staticcall(gas(), 2, m, 0x41, 0, 0x20)) { revert(0, 0) }
            hash := mload(0)
        }
    }
}
