// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibString} from "solady/utils/LibString.sol";
import {Utf8} from "./Utf8.sol";

/// @title Turns what a reverted call returned into a message that a person can read.
library Reasons {
    uint256 internal constant MAX_MESSAGE_BYTES = 1024;
    uint256 private constant MAX_HEX_BYTES = (MAX_MESSAGE_BYTES - 2) / 2;
    bytes4 private constant ERROR = 0x08c379a0;
    bytes4 private constant PANIC = 0x4e487b71;

    /// @notice The text of `Error(string)`, the code of `Panic(uint256)`, the bytes of any other error in hex; at most 1024
    /// bytes of valid UTF-8, whatever the callee returned.
    function describe(bytes memory reason) internal pure returns (bytes memory) {
        if (reason.length == 0) return "reverted without a reason, or ran out of gas";
        if (reason.length >= 4) {
            bytes4 selector = bytes4(reason);
            if (selector == ERROR && reason.length >= 68 && _word(reason, 4) == 0x20) return _text(reason);
            if (selector == PANIC && reason.length == 36) {
                return bytes.concat("Panic(", bytes(LibString.toMinimalHexString(_word(reason, 4))), ")");
            }
        }
        uint256 length = reason.length < MAX_HEX_BYTES ? reason.length : MAX_HEX_BYTES;
        _shorten(reason, length);
        return bytes(LibString.toHexString(reason));
    }

    /// @dev The string of `Error(string)`, cut where the returned bytes, the limit or the valid UTF-8 end. It overwrites `reason`.
    function _text(bytes memory reason) private pure returns (bytes memory text) {
        uint256 length = _word(reason, 36);
        uint256 present = reason.length - 68;
        if (length > present) length = present;
        assembly ("memory-safe") {
            text := add(reason, 68)
            mstore(text, length)
        }
        _shorten(text, Utf8.validPrefix(text, MAX_MESSAGE_BYTES));
    }

    function _shorten(bytes memory data, uint256 length) private pure {
        assembly ("memory-safe") {
            mstore(data, length)
        }
    }

    function _word(bytes memory data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }
}
