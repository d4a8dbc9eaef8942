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

    /// @notice The root of a whole batch; the leaves are overwritten. Reverts with EmptyBatch or BatchTooLarge.
    function compute(bytes32[] memory leaves) internal pure returns (bytes32) {
        uint256 count = leaves.length;
        if (count == 0) revert IRouter.EmptyBatch();
        if (count > MAX_ENTRIES) revert IRouter.BatchTooLarge(count);
        uint256 width = count;
        while (width > 1) {
            uint256 half = width >> 1;
            for (uint256 i; i < half; ++i) {
                leaves[i] = _inner(leaves[2 * i], leaves[2 * i + 1]);
            }
            if (width & 1 == 1) leaves[half] = leaves[width - 1];
            width = half + (width & 1);
        }
        return _root(count, leaves[0]);
    }

    /// @notice The root that a Merkle path leads to, and how many bytes of `siblings` it took. Reverts with IndexOutOfBounds,
    /// EmptyBatch, BatchTooLarge or MalformedDelivery.
    /// @param siblings From the leaf up, possibly with other bytes behind; a level at which the node is promoted has none.
    function computeFromPath(bytes32 node, uint32 index, uint32 count, bytes calldata siblings)
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
    function _root(uint256 count, bytes32 top) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(2), uint32(count), top));
    }
}
