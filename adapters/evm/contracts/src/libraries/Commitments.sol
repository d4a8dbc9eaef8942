// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LaneRef, Lanes} from "./Lanes.sol";

/// @title IBC v2 commitments of packets and acknowledgements (docs/protocol.md, section 1).
/// @dev Hashing in place with the sha256 precompile saves about 1,400 gas a packet against `sha256(abi.encodePacked(…))`.
library Commitments {
    /// @notice H("UNIVERSAL_ERROR_ACKNOWLEDGEMENT"), itself an acknowledgement; it erases the reason.
    bytes32 internal constant ERROR_ACKNOWLEDGEMENT = 0x4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab;

    function isError(bytes memory ack) internal pure returns (bool) {
        return ack.length == 32 && bytes32(ack) == ERROR_ACKNOWLEDGEMENT;
    }

    /// @notice `H(0x02 ‖ H(destination_client) ‖ H(u64(timeout)) ‖ H(payload hash))`.
    function packet(LaneRef lane, uint256 timeout, bytes calldata value) internal view returns (bytes32 commitment) {
        uint256 destinationHash = Lanes.DESTINATION_HASH;
        uint256 prefix = Lanes.PREFIX;
        assembly ("memory-safe") {
            function hash(from, length, to) {
                // 0x02 is the sha256 precompile: it fails only for want of gas, and then so must we.
                if iszero(staticcall(gas(), 2, from, length, to, 0x20)) { revert(0, 0) }
            }
            // Beyond the free pointer: nothing of it is kept.
            let m := mload(0x40)
            calldatacopy(add(m, 0x80), value.offset, value.length)
            hash(add(m, 0x80), value.length, add(m, 0x80)) // H(value) behind the prefix's four hashes
            mcopy(m, add(lane, prefix), 0x80)
            hash(m, 0xa0, m) // payload hash
            hash(m, 0x20, add(m, 0x41)) // H(payload hash)
            mstore(m, shl(192, timeout))
            hash(m, 8, add(m, 0x21)) // H(u64(timeout))
            mstore8(m, 2)
            mcopy(add(m, 1), add(lane, destinationHash), 0x20)
            hash(m, 0x61, 0)
            commitment := mload(0)
        }
    }

    /// @notice `H(0x02 ‖ H(acknowledgement))`.
    function acknowledgement(bytes calldata ack) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(2), sha256(ack)));
    }

    /// @notice The same of an acknowledgement in memory.
    function acknowledgementInMemory(bytes memory ack) internal view returns (bytes32 commitment) {
        assembly ("memory-safe") {
            if iszero(staticcall(gas(), 2, add(ack, 0x20), mload(ack), 1, 0x20)) { revert(0, 0) }
            mstore8(0, 2)
            if iszero(staticcall(gas(), 2, 0, 0x21, 0, 0x20)) { revert(0, 0) }
            commitment := mload(0)
        }
    }

    /// @notice `K(previous ‖ u64(sequence) ‖ ack commitment)`, the acknowledgement chain's next hash.
    function chained(bytes32 previous, uint256 sequence, bytes32 commitment) internal pure returns (bytes32 next) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, previous)
            mstore(add(m, 0x20), shl(192, sequence))
            mstore(add(m, 0x28), commitment)
            next := keccak256(m, 0x48)
        }
    }
}
