// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Check} from "./Check.sol";

/// @title The files of vectors, tests/vectors/*.json, and the fields of the cases in their lists.
abstract contract VectorFile is Check {
    function _open(string memory name) internal view returns (string memory) {
        return vm.readFile(string.concat("tests/vectors/", name, ".json"));
    }

    function _at(string memory list, uint256 i, string memory field) internal pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "].", field);
    }

    function _isNull(string memory json, string memory key) internal pure returns (bool) {
        return keccak256(vm.parseJson(json, key)) == keccak256(vm.parseJson("{\"n\":null}", ".n"));
    }
}
