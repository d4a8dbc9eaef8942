// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "../interfaces/IRouter.sol";

/// @title The Merkle root of what one block wrote for one counterparty (docs/protocol.md, section 5).
library BatchRoot {
    uint256 internal constant MAX_ENTRIES = 256;

    /// @notice `K(0x00 ‖ K(path) ‖ commitment)`.
    function leaf(bytes32 pathKey, bytes32 commitment) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, 0)
            mstore(add(m, 1), pathKey)
            mstore(add(m, 0x21), commitment)
            hash := keccak256(m, 0x41)
        }
    }

    /// @notice The root of a whole batch of 1 to 256 leaves, which are overwritten.
    function fold(uint256[] memory leaves) internal pure returns (bytes32) {
        uint256 count = leaves.length;
        for (uint256 width = count; width > 1; width = (width + 1) >> 1) {
            _fold(leaves, width);
        }
        return _root(count, bytes32(leaves[0]));
    }

    /// @dev Replaces the first `width` nodes by the level above them. In place: with checked indices it costs 200 gas more a node.
    function _fold(uint256[] memory nodes, uint256 width) private pure {
        assembly ("memory-safe") {
            let m := mload(0x40)
            let to := add(nodes, 0x20)
            let from := to
            let last := add(to, shl(5, and(width, not(1))))
            for {} lt(from, last) { from := add(from, 0x40) } {
                mstore8(m, 1)
                mcopy(add(m, 1), from, 0x40)
                mstore(to, keccak256(m, 0x41))
                to := add(to, 0x20)
            }
            if and(width, 1) { mstore(to, mload(from)) }
        }
    }

    /// @notice The root that a Merkle path leads to, and how many bytes of `siblings` it took. Reverts with IndexOutOfBounds,
    /// EmptyBatch, BatchTooLarge or MalformedDelivery.
    /// @param siblings From the leaf up, possibly with other bytes behind; a level at which the node is promoted has none.
    function climb(bytes32 node, uint32 index, uint32 count, bytes calldata siblings)
        internal
        pure
        returns (bytes32 root, uint256 used)
    {
        if (count == 0) revert IRouter.EmptyBatch();
        if (count > MAX_ENTRIES) revert IRouter.BatchTooLarge(count);
        if (index >= count) revert IRouter.IndexOutOfBounds(index, count);
        uint256 place = index;
        for (uint256 width = count; width > 1; width = (width + 1) >> 1) {
            if (place ^ 1 < width) {
                if (siblings.length < used + 32) revert IRouter.MalformedDelivery(used);
                bytes32 sibling = bytes32(siblings[used:used + 32]);
                node = place & 1 == 1 ? _inner(sibling, node) : _inner(node, sibling);
                used += 32;
            }
            place >>= 1;
        }
        root = _root(count, node);
    }

    /// @dev `K(0x01 ‖ left ‖ right)`.
    function _inner(bytes32 left, bytes32 right) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore8(m, 1)
            mstore(add(m, 1), left)
            mstore(add(m, 0x21), right)
            hash := keccak256(m, 0x41)
        }
    }

    /// @dev `K(0x02 ‖ u32(count) ‖ top)`.
    function _root(uint256 count, bytes32 top) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, or(shl(32, 2), count))
            mstore(0x20, top)
            hash := keccak256(0x1b, 0x25)
        }
    }
}
