// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibBytes} from "solady/utils/LibBytes.sol";
import {IQuorumClient} from "../interfaces/IQuorumClient.sol";

/// @notice A validator set in memory: the size of what follows in a word, and then what its contract's code holds.
type SetRef is uint256;

using ValidatorSets for SetRef global;

/// @title Validator sets, kept as code (docs/protocol.md, section 3).
/// @dev `total power u128 ‖ epoch u64 ‖ (address 20 ‖ power u64)…`: behind the total stands the very preimage of the set's hash.
library ValidatorSets {
    uint256 internal constant MAX_MEMBERS = 64;
    uint256 internal constant MEMBER_BYTES = 28;
    uint256 private constant EPOCH_BYTES = 8;
    uint256 private constant TOTAL_BYTES = 16;

    /// @notice Checks a set and encodes it as it is kept. Reverts with what is wrong with it.
    /// @param set `epoch u64 ‖ (address 20 ‖ power u64)…`.
    function encode(bytes memory set, bool acceptSingleOperator) internal returns (uint64 epoch, bytes memory encoded) {
        if (set.length < EPOCH_BYTES || (set.length - EPOCH_BYTES) % MEMBER_BYTES != 0) {
            revert IQuorumClient.MalformedValidatorSet();
        }
        uint256 size = (set.length - EPOCH_BYTES) / MEMBER_BYTES;
        if (size == 0 || size > MAX_MEMBERS) revert IQuorumClient.ValidatorCount(size);
        epoch = uint64(bytes8(set));
        uint256 total;
        uint160 last;
        uint256 cursor;
        assembly ("memory-safe") {
            cursor := add(set, 0x28)
        }
        for (uint256 i; i < size; ++i) {
            (address validator, uint256 power) = memberAt(cursor, i);
            if (validator == address(0)) revert IQuorumClient.ZeroValidator(i);
            if (uint160(validator) <= last) revert IQuorumClient.ValidatorsNotSorted(i);
            if (power == 0) revert IQuorumClient.ZeroPower(i);
            last = uint160(validator);
            total += power;
        }
        if (size == 1) {
            if (!acceptSingleOperator) revert IQuorumClient.SingleOperatorNotAccepted();
            emit IQuorumClient.SingleOperatorAccepted(epoch, address(last));
        }
        encoded = abi.encodePacked(uint128(total), set);
    }

    /// @notice Loads a set that is the code of a contract.
    /// @dev One copy of the code to memory, where the signatures' check walks over it: 28 bytes a validator would cost 2,100
    /// gas for each in storage, and 450 in calldata.
    function load(address pointer) internal view returns (SetRef set) {
        assembly ("memory-safe") {
            let size := sub(extcodesize(pointer), 1)
            set := mload(0x40)
            mstore(0x40, add(set, add(size, 0x20)))
            mstore(set, size)
            extcodecopy(pointer, add(set, 0x20), 1, size)
        }
    }

    function count(SetRef set) internal pure returns (uint256 count_) {
        assembly ("memory-safe") {
            count_ := div(sub(mload(set), 24), 28)
        }
    }

    function totalPower(SetRef set) internal pure returns (uint256 total) {
        assembly ("memory-safe") {
            total := shr(128, mload(add(set, 0x20)))
        }
    }

    /// @notice `K(u64(epoch) ‖ (address ‖ u64(power))…)`.
    function hash(SetRef set) internal pure returns (bytes32 hash_) {
        assembly ("memory-safe") {
            hash_ := keccak256(add(set, 0x30), sub(mload(set), 16))
        }
    }

    /// @notice Where its first member stands in memory: `(address 20 ‖ power u64)…`.
    function members(SetRef set) internal pure returns (uint256 place) {
        return SetRef.unwrap(set) + 0x38;
    }

    /// @notice The preimage of the set's hash.
    function preimage(SetRef set) internal pure returns (bytes memory) {
        bytes memory encoded;
        assembly ("memory-safe") {
            encoded := set
        }
        return LibBytes.slice(encoded, TOTAL_BYTES);
    }

    /// @notice The i-th member of the members at `at`; the caller checked that there is one.
    function memberAt(uint256 cursor, uint256 i) internal pure returns (address validator, uint256 power) {
        assembly ("memory-safe") {
            let word := mload(add(cursor, mul(i, 28)))
            validator := shr(96, word)
            power := and(shr(32, word), 0xffffffffffffffff)
        }
    }
}
