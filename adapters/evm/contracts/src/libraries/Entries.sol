// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EntryRef} from "./Deliveries.sol";
import {LaneRef} from "./Lanes.sol";

/// @title What stands in an entry of a delivery (see EntryRef).
/// @dev Numbers come as 256-bit ones: they were read from fewer bits, and masking them again costs 10 gas each time.
library Entries {
    function isNone(EntryRef entry) internal pure returns (bool) {
        return EntryRef.unwrap(entry) == 0;
    }

    /// @notice keccak256 of the packet's commitment path.
    function pathKey(EntryRef entry) internal pure returns (bytes32) {
        return bytes32(_word(entry, 0));
    }

    function clientKey(EntryRef entry) internal pure returns (bytes32) {
        return bytes32(_word(entry, 0x20));
    }

    function laneNumber(EntryRef entry) internal pure returns (uint256) {
        return _word(entry, 0x40);
    }

    function sequence(EntryRef entry) internal pure returns (uint256) {
        return _word(entry, 0x60);
    }

    function timeout(EntryRef entry) internal pure returns (uint256) {
        return _word(entry, 0x80);
    }

    function lane(EntryRef entry) internal pure returns (LaneRef) {
        return LaneRef.wrap(_word(entry, 0xa0));
    }

    function value(EntryRef entry) internal pure returns (bytes calldata) {
        return _slice(entry, 0xc0);
    }

    /// @notice Empty for a packet to be received.
    function acknowledgement(EntryRef entry) internal pure returns (bytes calldata) {
        return _slice(entry, 0x100);
    }

    function isAcknowledged(EntryRef entry) internal pure returns (bool) {
        return _word(entry, 0x120) != 0;
    }

    function _word(EntryRef entry, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(entry, offset))
        }
    }

    function _slice(EntryRef entry, uint256 offset) private pure returns (bytes calldata data) {
        assembly ("memory-safe") {
            data.offset := mload(add(entry, offset))
            data.length := mload(add(add(entry, offset), 0x20))
        }
    }
}
