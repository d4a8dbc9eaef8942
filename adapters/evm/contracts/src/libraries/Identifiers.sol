// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "../interfaces/IRouter.sol";

/// @title Identifiers of clients and ports (ICS-24, narrowed; docs/protocol.md, section 1).
library Identifiers {
    /// @dev Bit c is set for each allowed character c: letters, digits and `. _ + - # [ ] < >`.
    uint256 private constant ICS24 = 0x07fffffeaffffffe53ff680800000000;

    /// @notice Refuses what is no `{kind}-{n}` of 8 to 64 characters.
    function checkClient(string calldata identifier) internal pure {
        bytes calldata text = bytes(identifier);
        if (text.length < 8 || text.length > 64) revert IRouter.InvalidIdentifier(identifier);
        uint256 segment;
        for (uint256 i; i < text.length; ++i) {
            bytes1 c = text[i];
            if (c == "-") {
                // Each segment of the kind begins with a letter, and none is empty.
                if (!_isLetter(text[segment])) revert IRouter.InvalidIdentifier(identifier);
                segment = i + 1;
                if (segment == text.length) revert IRouter.InvalidIdentifier(identifier);
            } else if (!_isLetter(c) && !_isDigit(c)) {
                revert IRouter.InvalidIdentifier(identifier);
            }
        }
        if (segment == 0) revert IRouter.InvalidIdentifier(identifier);
        if (text[segment] == "0" && segment + 1 != text.length) revert IRouter.InvalidIdentifier(identifier);
        for (uint256 i = segment; i < text.length; ++i) {
            if (!_isDigit(text[i])) revert IRouter.InvalidIdentifier(identifier);
        }
    }

    /// @notice Refuses what ICS-24 does not allow as another chain's client identifier.
    function checkCounterparty(string calldata identifier) internal pure {
        _check(identifier, 8, 64);
    }

    /// @notice Refuses what ICS-24 does not allow as a port.
    function checkPort(string calldata identifier) internal pure {
        _check(identifier, 2, 128);
    }

    function _check(string calldata identifier, uint256 shortest, uint256 longest) private pure {
        bytes calldata text = bytes(identifier);
        if (text.length < shortest || text.length > longest) revert IRouter.InvalidIdentifier(identifier);
        for (uint256 i; i < text.length; ++i) {
            if ((ICS24 >> uint8(text[i])) & 1 == 0) revert IRouter.InvalidIdentifier(identifier);
        }
    }

    function _isLetter(bytes1 c) private pure returns (bool) {
        return c >= "a" && c <= "z";
    }

    function _isDigit(bytes1 c) private pure returns (bool) {
        return c >= "0" && c <= "9";
    }
}
