// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "../interfaces/IRouter.sol";
import {LaneRef} from "./Lanes.sol";

/// @notice One packet as it travels: its lane record, and where its bytes lie in the calldata.
struct Entry {
    LaneRef lane;
    uint256 laneNumber;
    uint256 sequence;
    uint256 timeout;
    /// keccak256 of the packet's commitment path.
    bytes32 pathKey;
    uint256 valueOffset;
    uint256 valueLength;
    /// Zero length for a packet to be received.
    uint256 ackOffset;
    uint256 ackLength;
}

/// @title Reads deliveries, which README.md lays out.
/// @dev Offsets are absolute in the calldata, so that an entry can be kept in memory. Every read is bounded by `end`.
library Deliveries {
    uint256 internal constant WHOLE_BATCH = 1;
    uint256 internal constant MERKLE_PATHS = 2;
    uint256 internal constant STATE_PROOFS = 3;

    uint256 internal constant BARE = 0;
    uint256 internal constant PACKET = 1;
    uint256 internal constant ACKNOWLEDGEMENT = 2;

    uint256 private constant RECORD_BYTES = 20;
    uint256 private constant MAX_BYTES = 16384;

    /// @notice The unsigned integer of `size` bytes at `at`, and the offset behind it.
    function number(uint256 cursor, uint256 end, uint256 size) internal pure returns (uint256 number_, uint256 next) {
        next = cursor + size;
        if (next > end) revert IRouter.MalformedDelivery(cursor);
        assembly ("memory-safe") {
            number_ := shr(sub(256, shl(3, size)), calldataload(cursor))
        }
    }

    /// @notice The `u16`-prefixed bytes at `at`, and the offset behind them.
    function counted(uint256 cursor, uint256 end) internal pure returns (bytes calldata data, uint256 next) {
        uint256 length;
        (length, cursor) = number(cursor, end, 2);
        next = cursor + length;
        if (next > end) revert IRouter.MalformedDelivery(cursor);
        data = slice(cursor, length);
    }

    /// @notice The lane record at `at`; the lane itself is not loaded yet.
    function record(uint256 cursor, uint256 end) internal pure returns (Entry memory entry, uint256 next) {
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(cursor)
        }
        entry.laneNumber = word >> 240;
        entry.sequence = (word >> 176) & type(uint64).max;
        entry.timeout = (word >> 112) & type(uint64).max;
        entry.valueLength = (word >> 96) & type(uint16).max;
        entry.valueOffset = cursor + RECORD_BYTES;
        next = entry.valueOffset + entry.valueLength;
        // A record cut short reads zeros from beyond, hence the bound comes last and covers it all.
        if (next > end || entry.sequence == 0 || entry.timeout == 0) revert IRouter.MalformedDelivery(cursor);
        if (entry.valueLength == 0 || entry.valueLength > MAX_BYTES) revert IRouter.ValueSize(entry.valueLength);
    }

    /// @notice The `pathKey 32 ‖ commitment 32` at `at`, and the offset behind it.
    function bare(uint256 cursor, uint256 end) internal pure returns (bytes32 pathKey, bytes32 commitment, uint256 next) {
        next = cursor + 64;
        if (next > end) revert IRouter.MalformedDelivery(cursor);
        assembly ("memory-safe") {
            pathKey := calldataload(cursor)
            commitment := calldataload(add(cursor, 0x20))
        }
    }

    /// @notice Reads the acknowledgement behind a record into its entry.
    function readAcknowledgement(Entry memory entry, uint256 cursor, uint256 end) internal pure returns (uint256 next) {
        (entry.ackLength, cursor) = number(cursor, end, 2);
        entry.ackOffset = cursor;
        next = cursor + entry.ackLength;
        if (next > end) revert IRouter.MalformedDelivery(cursor);
        if (entry.ackLength == 0 || entry.ackLength > MAX_BYTES) revert IRouter.InvalidAcknowledgement(entry.ackLength);
    }

    function value(Entry memory entry) internal pure returns (bytes calldata) {
        return slice(entry.valueOffset, entry.valueLength);
    }

    function acknowledgement(Entry memory entry) internal pure returns (bytes calldata) {
        return slice(entry.ackOffset, entry.ackLength);
    }

    /// @notice Where an entry stands in memory. An array of these costs a word an entry; an array of entries would first
    /// fill each with zeros.
    function referenceOf(Entry memory entry) internal pure returns (uint256 ref) {
        assembly ("memory-safe") {
            ref := entry
        }
    }

    function entryAt(uint256 ref) internal pure returns (Entry memory entry) {
        assembly ("memory-safe") {
            entry := ref
        }
    }

    /// @notice Where the bytes begin and end in the calldata.
    function bounds(bytes calldata delivery) internal pure returns (uint256 cursor, uint256 end) {
        assembly ("memory-safe") {
            cursor := delivery.offset
            end := add(cursor, delivery.length)
        }
    }

    /// @dev The caller checked the bounds.
    function slice(uint256 offset, uint256 length) internal pure returns (bytes calldata data) {
        assembly ("memory-safe") {
            data.offset := offset
            data.length := length
        }
    }
}
