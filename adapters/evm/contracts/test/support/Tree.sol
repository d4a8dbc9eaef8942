// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title The state tree of a chain of our own, built naively from the specification (docs/protocol.md, section 6).
/// @dev Written apart from what it tests: it shares no code with StateProof.
contract Tree {
    bytes32[] private _keys;
    mapping(bytes32 keyHash => bytes32) private _values;

    function set(bytes memory key, bytes memory value) public {
        bytes32 keyHash = sha256(key);
        if (_values[keyHash] == 0) _keys.push(keyHash);
        _values[keyHash] = sha256(value);
    }

    function size() public view returns (uint256) {
        return _keys.length;
    }

    function root() public view returns (bytes32) {
        return _node(_keys, 0);
    }

    /// @notice The direct proof of whatever stands at the key's place.
    function prove(bytes memory key) public view returns (bytes memory) {
        bytes32 target = sha256(key);
        bytes32[] memory here = _keys;
        bytes memory siblings;
        uint256 bitmap;
        uint256 depth;
        while (here.length > 1) {
            (bytes32[] memory left, bytes32[] memory right) = _split(here, depth);
            bool goesRight = _bit(target, depth);
            bytes32 sibling = _node(goesRight ? left : right, depth + 1);
            if (sibling != 0) {
                bitmap |= 1 << (255 - depth);
                siblings = bytes.concat(siblings, sibling);
            }
            here = goesRight ? right : left;
            ++depth;
        }
        bytes memory head = bytes.concat(bytes2(uint16(depth)), _prefix(bytes32(bitmap), (depth + 7) / 8), siblings);
        if (here.length == 0) return bytes.concat(head, hex"00");
        if (here[0] == target) return bytes.concat(head, hex"01");
        return bytes.concat(head, hex"02", here[0], _values[here[0]]);
    }

    function _node(bytes32[] memory keys, uint256 depth) private view returns (bytes32) {
        if (keys.length == 0) return 0;
        if (keys.length == 1) return sha256(bytes.concat(hex"00", keys[0], _values[keys[0]]));
        (bytes32[] memory left, bytes32[] memory right) = _split(keys, depth);
        return sha256(bytes.concat(hex"01", _node(left, depth + 1), _node(right, depth + 1)));
    }

    function _split(bytes32[] memory keys, uint256 depth)
        private
        pure
        returns (bytes32[] memory left, bytes32[] memory right)
    {
        uint256 rights;
        for (uint256 i; i < keys.length; ++i) {
            if (_bit(keys[i], depth)) ++rights;
        }
        left = new bytes32[](keys.length - rights);
        right = new bytes32[](rights);
        uint256 l;
        uint256 r;
        for (uint256 i; i < keys.length; ++i) {
            if (_bit(keys[i], depth)) right[r++] = keys[i];
            else left[l++] = keys[i];
        }
    }

    function _bit(bytes32 hash, uint256 depth) private pure returns (bool) {
        return (uint256(hash) >> (255 - depth)) & 1 == 1;
    }

    function _prefix(bytes32 word, uint256 length) private pure returns (bytes memory part) {
        part = new bytes(length);
        for (uint256 i; i < length; ++i) {
            part[i] = word[i];
        }
    }
}
