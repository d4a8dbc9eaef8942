// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "../interfaces/IRouter.sol";
import {Entries} from "./Entries.sol";
import {LaneRef, Lanes} from "./Lanes.sol";

/// @notice One packet as it travels, in memory: its lane record, and where its bytes lie in the calldata. Zero for none.
/// @dev `pathKey ‖ clientKey ‖ lane number ‖ sequence ‖ timeout ‖ LaneRef ‖ value offset ‖ value length ‖ ack offset ‖ ack length`,
/// a word each. The first five are a PacketContext as it is ABI-encoded. A struct in its place would be filled with zeros
/// wherever a function returns one: 2,000 gas a packet.
type EntryRef is uint256;

using Entries for EntryRef global;

/// @title Reads deliveries, which README.md lays out.
/// @dev Offsets are absolute in the calldata, so that an entry can be kept in memory. Every read is bounded by `end`. Offsets are
/// less than 2^32 and lengths less than 2^16, so nothing here overflows.
library Deliveries {
    uint256 internal constant WHOLE_BATCH = 1;
    uint256 internal constant MERKLE_PATHS = 2;
    uint256 internal constant STATE_PROOFS = 3;

    uint256 internal constant BARE = 0;
    uint256 internal constant PACKET = 1;
    uint256 internal constant ACKNOWLEDGEMENT = 2;

    uint256 private constant RECORD_BYTES = 20;
    uint256 private constant BARE_BYTES = 64;
    uint256 private constant MAX_BYTES = 16384;

    /// @notice Where a delivery begins and ends in the calldata: as it is, behind the function's selector.
    /// @dev As an argument of type `bytes` it would cost 500 gas more: two words, the padding, and their decoding.
    function bounds() internal pure returns (uint256 cursor, uint256 end) {
        return (4, msg.data.length);
    }

    /// @notice The `client u16 ‖ proof kind u8 ‖ entries u16 ‖ header length u16 ‖ header` that a delivery begins with, and the
    /// offset behind it.
    function open(uint256 cursor, uint256 end)
        internal
        pure
        returns (uint256 client, uint256 kind, uint256 count, bytes calldata header, uint256 next)
    {
        uint256 head = word(cursor);
        (client, kind, count) = (head >> 240, (head >> 232) & 0xff, (head >> 216) & 0xffff);
        unchecked {
            uint256 length = (head >> 200) & 0xffff;
            next = cursor + 7 + length;
            // A head cut short reads zeros from beyond, hence the bound comes last and covers it all.
            if (next > end) revert IRouter.MalformedDelivery(cursor);
            header = slice(cursor + 7, length);
        }
    }

    /// @notice The unsigned integer of `size` bytes at the cursor, and the offset behind it.
    function number(uint256 cursor, uint256 end, uint256 size) internal pure returns (uint256 number_, uint256 next) {
        unchecked {
            next = cursor + size;
            if (next > end) revert IRouter.MalformedDelivery(cursor);
            number_ = word(cursor) >> (256 - 8 * size);
        }
    }

    /// @notice The `u16`-prefixed bytes at the cursor, and the offset behind them.
    function counted(uint256 cursor, uint256 end) internal pure returns (bytes calldata data, uint256 next) {
        unchecked {
            uint256 length;
            (length, cursor) = number(cursor, end, 2);
            next = cursor + length;
            if (next > end) revert IRouter.MalformedDelivery(cursor);
            data = slice(cursor, length);
        }
    }

    /// @notice The packet at the cursor, with its lane, which must be of the client.
    function record(uint256 cursor, uint256 end, uint256 client) internal view returns (EntryRef entry, uint256 next) {
        uint256 head = word(cursor);
        uint256 length = (head >> 96) & type(uint16).max;
        uint256 timeout = (head >> 112) & type(uint64).max;
        uint256 sequence = (head >> 176) & type(uint64).max;
        unchecked {
            next = cursor + RECORD_BYTES + length;
        }
        // A record cut short reads zeros from beyond, hence the bound comes last and covers it all.
        bool malformed;
        assembly ("memory-safe") {
            malformed := or(gt(next, end), or(iszero(sequence), iszero(timeout)))
        }
        if (malformed) revert IRouter.MalformedDelivery(cursor);
        unchecked {
            // Of no bytes it is 2^256 − 1.
            if (length - 1 >= MAX_BYTES) revert IRouter.ValueSize(length);
        }
        LaneRef lane = Lanes.load(head >> 240);
        if (lane.client() != client) revert IRouter.LaneOfOtherClient(uint16(head >> 240), uint16(client));
        bytes32 clientKey = lane.clientKey();
        bytes32 pathKey = lane.commitmentPathKey(sequence);
        assembly ("memory-safe") {
            entry := mload(0x40)
            mstore(0x40, add(entry, 0x140))
            mstore(entry, pathKey)
            mstore(add(entry, 0x20), clientKey)
            mstore(add(entry, 0x40), shr(240, head))
            mstore(add(entry, 0x60), sequence)
            mstore(add(entry, 0x80), timeout)
            mstore(add(entry, 0xa0), lane)
            mstore(add(entry, 0xc0), add(cursor, 20))
            mstore(add(entry, 0xe0), length)
            mstore(add(entry, 0x120), 0)
        }
    }

    /// @notice The `pathKey 32 ‖ commitment 32` at the cursor, and the offset behind it.
    function bare(uint256 cursor, uint256 end) internal pure returns (bytes32 pathKey, bytes32 commitment, uint256 next) {
        unchecked {
            next = cursor + BARE_BYTES;
            if (next > end) revert IRouter.MalformedDelivery(cursor);
            (pathKey, commitment) = (bytes32(word(cursor)), bytes32(word(cursor + 32)));
        }
    }

    /// @notice Reads the acknowledgement behind a record into its entry.
    function readAcknowledgement(EntryRef entry, uint256 cursor, uint256 end) internal pure returns (uint256 next) {
        uint256 length;
        (length, cursor) = number(cursor, end, 2);
        unchecked {
            next = cursor + length;
        }
        if (next > end) revert IRouter.MalformedDelivery(cursor);
        if (length == 0 || length > MAX_BYTES) revert IRouter.InvalidAcknowledgement(length);
        assembly ("memory-safe") {
            mstore(add(entry, 0x100), cursor)
            mstore(add(entry, 0x120), length)
        }
    }

    /// @notice A list of words, all of which the caller sets.
    /// @dev Solidity's own would first fill it with zeros, and check every index: 400 gas a delivery and 80 an entry.
    function list(uint256 count) internal pure returns (uint256[] memory words) {
        assembly ("memory-safe") {
            words := mload(0x40)
            mstore(words, count)
            mstore(0x40, add(words, shl(5, add(count, 1))))
        }
    }

    /// @dev The caller knows that `i` is less than the list's length.
    function put(uint256[] memory words, uint256 i, uint256 word_) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(words, 0x20), shl(5, i)), word_)
        }
    }

    /// @dev The caller knows that `i` is less than the list's length.
    function entryAt(uint256[] memory places, uint256 i) internal pure returns (EntryRef entry) {
        assembly ("memory-safe") {
            entry := mload(add(add(places, 0x20), shl(5, i)))
        }
    }

    /// @dev The caller checked the bounds.
    function slice(uint256 offset, uint256 length) internal pure returns (bytes calldata data) {
        assembly ("memory-safe") {
            data.offset := offset
            data.length := length
        }
    }

    /// @notice The word at the cursor, zeros beyond the calldata; the caller checks the bounds.
    function word(uint256 cursor) internal pure returns (uint256 word_) {
        assembly ("memory-safe") {
            word_ := calldataload(cursor)
        }
    }
}
