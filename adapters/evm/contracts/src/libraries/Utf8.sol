// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title UTF-8 (RFC 3629), as far as it is needed to cut a text without breaking it.
library Utf8 {
    /// @notice How many bytes, at most `longest`, of the longest beginning of `text` that is valid UTF-8.
    function validPrefix(bytes memory text, uint256 longest) internal pure returns (uint256 length) {
        uint256 end = text.length < longest ? text.length : longest;
        while (length < end) {
            uint256 word = _word(text, length);
            // Plain ASCII goes a word at a time; beyond the end the word holds whatever memory holds.
            if (length + 32 <= end && word & 0x8080808080808080808080808080808080808080808080808080808080808080 == 0) {
                length += 32;
                continue;
            }
            uint256 size = _sequence(word);
            if (size == 0 || length + size > end) break;
            length += size;
        }
    }

    /// @dev The size of the character that the word begins with, 0 when it is none.
    function _sequence(uint256 word) private pure returns (uint256) {
        uint256 first = word >> 248;
        if (first < 0x80) return 1;
        uint256 second = (word >> 240) & 0xff;
        if (first < 0xc2 || second & 0xc0 != 0x80) return 0;
        if (first < 0xe0) return 2;
        if ((word >> 232) & 0xc0 != 0x80) return 0;
        if (first < 0xf0) {
            // Overlong forms, and the halves of surrogate pairs.
            return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ? 0 : 3;
        }
        if (first > 0xf4 || (word >> 224) & 0xc0 != 0x80) return 0;
        return (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ? 0 : 4;
    }

    function _word(bytes memory text, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(text, 0x20), offset))
        }
    }
}
