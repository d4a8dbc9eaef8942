// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {Harness} from "./support/Harness.sol";
import {VectorFile} from "./support/VectorFile.sol";

/// @title Whatever is done to a good proof of the state tree, it proves nothing else: each good vector of smt.json, broken.
contract FuzzStateProofsTest is VectorFile {
    struct Proven {
        bytes32 root;
        bytes path;
        /// Empty where nothing stands at the path.
        bytes value;
        bytes proof;
    }

    Harness private _harness;
    Proven[] private _good;

    function setUp() public {
        _harness = new Harness();
        string memory json = _open("smt");
        for (uint256 i; vm.keyExistsJson(json, _at("cases", i, "name")); ++i) {
            if (!_isNull(json, _at("cases", i, "error"))) continue;
            Proven memory one;
            one.root = vm.parseJsonBytes32(json, _at("cases", i, "root"));
            one.path = vm.parseJsonBytes(json, _at("cases", i, "path"));
            one.proof = vm.parseJsonBytes(json, _at("cases", i, "proof"));
            if (!_isNull(json, _at("cases", i, "value"))) one.value = vm.parseJsonBytes(json, _at("cases", i, "value"));
            _good.push(one);
        }
        so(_good.length >= 20, "fewer good proofs than expected");
    }

    function _pick(uint256 which) private view returns (Proven memory) {
        return _good[which % _good.length];
    }

    function _accepts(Proven memory one) private view returns (bool accepted) {
        bytes memory call = one.value.length == 0
            ? abi.encodeCall(Harness.nonMember, (one.root, one.path, one.proof))
            : abi.encodeCall(Harness.member, (one.root, one.path, one.value, one.proof));
        bytes memory reason;
        (accepted, reason) = address(_harness).staticcall(call);
        if (!accepted) so(_isNamed(selectorOf(reason)), "by name");
    }

    function _isNamed(bytes4 error_) private pure returns (bool) {
        return error_ == ILightClient.EmptyTreeRoot.selector || error_ == ILightClient.MalformedTreeProof.selector
            || error_ == ILightClient.NotAMembershipProof.selector || error_ == ILightClient.NotANonMembershipProof.selector
            || error_ == ILightClient.UnrelatedNeighbour.selector || error_ == ILightClient.TreeRootMismatch.selector;
    }

    function _refuses(Proven memory one, string memory what) private view {
        so(!_accepts(one), what);
    }

    function test_eachByteOfEachGoodProofMatters() public view {
        for (uint256 i; i < _good.length; ++i) {
            Proven memory one = _good[i];
            so(_accepts(one), "good");
            for (uint256 place; place < one.proof.length; ++place) {
                bytes1 mask = bytes1(uint8(1 << (place + i) % 8));
                one.proof[place] ^= mask;
                _refuses(one, vm.toString(place));
                one.proof[place] ^= mask;
            }
        }
    }

    function test_aProofCutAnywhereIsRefusedByName() public view {
        for (uint256 i; i < _good.length; ++i) {
            Proven memory one = _good[i];
            bytes memory proof = one.proof;
            for (uint256 length = proof.length; length > 0;) {
                --length;
                assembly ("memory-safe") {
                    mstore(proof, length)
                }
                _refuses(one, vm.toString(length));
            }
        }
    }

    /// @dev No key's hash is long enough for more: at a depth of 256 every bit of it was used, at 257 there is none left.
    function test_aProofOfTheGreatestDepth() public view {
        Proven memory one;
        (one.path, one.value) = ("a path", "a value");
        bytes32 keyHash = sha256(one.path);
        bytes32 leaf = sha256(bytes.concat(hex"00", keyHash, sha256(one.value)));
        bytes memory ends = abi.encodePacked(sha256("beside the root"), sha256("beside the leaf"));
        bytes memory head = abi.encodePacked(uint16(256), bytes32((1 << 255) | uint256(1)), ends);
        one.proof = bytes.concat(head, hex"01");
        one.root = _climb(keyHash, leaf, 256);
        so(_accepts(one), "a leaf at a depth of 256");
        one.value = "";
        one.proof = bytes.concat(head, hex"00");
        one.root = _climb(keyHash, 0, 256);
        so(_accepts(one), "an empty place at a depth of 256");
        one.proof = bytes.concat(head, hex"02", keyHash, sha256("another value"));
        _refuses(one, "itself as its neighbour");
        one.proof = abi.encodePacked(uint16(257), bytes32((1 << 255) | uint256(1)), bytes1(0), ends, hex"00");
        _refuses(one, "a depth of 257");
        bytes32 neighbour = keyHash ^ bytes32(uint256(1));
        one.root = _climb(keyHash, sha256(bytes.concat(hex"00", neighbour, sha256("another value"))), 255);
        head = abi.encodePacked(uint16(255), bytes32((1 << 255) | uint256(2)), ends);
        one.proof = bytes.concat(head, hex"02", neighbour, sha256("another value"));
        so(_accepts(one), "a neighbour that differs in the last bit");
        one.proof = bytes.concat(head, hex"02", neighbour ^ bytes32(uint256(2)), sha256("another value"));
        _refuses(one, "a neighbour that differs in the last bit but one");
    }

    /// @dev The root above a node, with one sibling beside the root's child and one beside the node.
    function _climb(bytes32 keyHash, bytes32 node, uint256 depth) private pure returns (bytes32) {
        for (uint256 level = depth; level > 0; --level) {
            bytes32 sibling = level == depth
                ? sha256("beside the leaf")
                : level == 1 ? sha256("beside the root") : bytes32(0);
            bool right = (uint256(keyHash) >> (256 - level)) & 1 == 1;
            node = sha256(right ? bytes.concat(hex"01", sibling, node) : bytes.concat(hex"01", node, sibling));
        }
        return node;
    }

    function testFuzz_anotherByte(uint256 which, uint256 place, uint8 mask) public view {
        Proven memory one = _pick(which);
        place %= one.proof.length;
        one.proof[place] ^= bytes1(mask);
        so(_accepts(one) == (mask == 0), "another byte");
    }

    function testFuzz_anotherLength(uint256 which, uint256 length, bytes calldata tail) public view {
        Proven memory one = _pick(which);
        bytes memory whole = one.proof;
        one.proof = bytes.concat(whole, tail, hex"00");
        _refuses(one, "longer");
        one.proof = bytes.concat(tail, hex"00", whole);
        _refuses(one, "more before it");
        length %= whole.length;
        one.proof = whole;
        assembly ("memory-safe") {
            mstore(whole, length)
        }
        _refuses(one, "cut short");
    }

    /// @dev Two siblings in each other's place, one in place of another, one left out, one made empty.
    function testFuzz_otherSiblings(uint256 which, uint256 i, uint256 j, bytes32 rubbish) public view {
        Proven memory one = _pick(which);
        (uint256 first, uint256 count) = _siblings(one.proof);
        if (count == 0) return;
        (i, j) = (first + 32 * (i % count), first + 32 * (j % count));
        (bytes32 a, bytes32 b) = (_word(one.proof, i), _word(one.proof, j));
        _put(one.proof, i, b);
        _put(one.proof, j, a);
        so(_accepts(one) == (a == b), "swapped");
        _put(one.proof, j, b);
        so(_accepts(one) == (a == b), "one twice");
        _put(one.proof, i, 0);
        _refuses(one, "empty");
        _put(one.proof, i, rubbish);
        so(_accepts(one) == (a == rubbish), "rubbish");
    }

    /// @dev A proof that nothing stands at a path holds for every path in the same empty place, or beside the same leaf.
    function testFuzz_anotherPath(uint256 which, bytes calldata path) public view {
        Proven memory one = _pick(which);
        bytes memory own = one.path;
        one.path = path;
        if (keccak256(path) == keccak256(own)) return;
        uint256 depth = uint16(bytes2(one.proof));
        bool together = depth == 0 || uint256(sha256(path) ^ sha256(own)) >> (256 - depth) == 0;
        so(_accepts(one) == (one.value.length == 0 && together), "another path");
        one.path = bytes.concat(own, hex"00");
        together = depth == 0 || uint256(sha256(one.path) ^ sha256(own)) >> (256 - depth) == 0;
        so(_accepts(one) == (one.value.length == 0 && together), "a longer path");
    }

    function testFuzz_anotherValueRootOrQuestion(uint256 which, bytes calldata value, bytes32 root) public view {
        Proven memory one = _pick(which);
        bytes memory own = one.value;
        one.value = value;
        so(_accepts(one) == (keccak256(value) == keccak256(own)), "another value");
        one.value = own.length == 0 ? bytes("something") : bytes("");
        _refuses(one, "the other question");
        one.value = own;
        one.root = root == one.root ? bytes32(0) : root;
        _refuses(one, "another root");
    }

    // ------------------------------------------------------------------------------------------------ inside

    /// @dev Where the siblings begin, and how many the bitmap says there are.
    function _siblings(bytes memory proof) private pure returns (uint256 first, uint256 count) {
        first = 2 + (uint256(uint16(bytes2(proof))) + 7) / 8;
        for (uint256 i = 2; i < first; ++i) {
            for (uint256 bit; bit < 8; ++bit) {
                if (uint8(proof[i]) >> bit & 1 == 1) ++count;
            }
        }
    }

    function _put(bytes memory data, uint256 offset, bytes32 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), offset), word)
        }
    }

    function _word(bytes memory data, uint256 offset) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }
}
