// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";
import {IQuorumClient} from "../interfaces/IQuorumClient.sol";
import {ValidatorSet, ValidatorSets} from "./ValidatorSets.sol";

/// @title A bitmap and compact signatures of more than two thirds of a set's power (docs/protocol.md, section 3).
library QuorumSignatures {
    /// @dev Half of the curve's order: a greater s is the mirror of a valid one.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Reverts, with what is wrong, unless a quorum of the set signed the digest.
    /// @param signatures `bitmap u64 ‖ (r 32 ‖ (yParity << 255 | s) 32)…` in rising order of the bits.
    function verify(ValidatorSet memory set, bytes32 digest, bytes calldata signatures) internal view {
        if (signatures.length < 8) revert IQuorumClient.TooFewSignatures(0, signatures.length);
        uint256 bitmap = uint64(bytes8(signatures));
        if (bitmap >> set.count != 0) revert IQuorumClient.UnknownSigner(LibBit.fls(bitmap), set.count);
        uint256 named = LibBit.popCount(bitmap);
        uint256 due = 8 + 64 * named;
        if (signatures.length < due) revert IQuorumClient.TooFewSignatures(named, signatures.length);
        if (signatures.length > due) revert IQuorumClient.TooManySignatures(named, signatures.length);
        uint256 offset;
        assembly ("memory-safe") {
            offset := add(signatures.offset, 8)
        }
        uint256 signed;
        // Every signature is checked, even beyond a quorum: what was signed wrongly is never waved through.
        for (; bitmap != 0; bitmap &= bitmap - 1) {
            uint256 i = LibBit.ffs(bitmap);
            (address validator, uint256 power) = ValidatorSets.memberAt(set.members, i);
            address recovered = _recover(digest, offset, i);
            if (recovered != validator) {
                if (recovered == address(0)) revert IQuorumClient.UnrecoverableSignature(i);
                revert IQuorumClient.WrongSigner(i, validator, recovered);
            }
            unchecked {
                signed += power;
                offset += 64;
            }
        }
        if (signed * 3 <= set.totalPower * 2) revert IQuorumClient.TooLittlePower(signed, set.totalPower);
    }

    /// @dev Zero where the signature is of no point. In place, because ABI encoding costs 300 gas more a signature.
    function _recover(bytes32 digest, uint256 offset, uint256 i) private view returns (address recovered) {
        uint256 s;
        assembly ("memory-safe") {
            let vs := calldataload(add(offset, 0x20))
            s := shr(1, shl(1, vs))
            let m := mload(0x40)
            mstore(m, digest)
            mstore(add(m, 0x20), add(shr(255, vs), 27))
            mstore(add(m, 0x40), calldataload(offset))
            mstore(add(m, 0x60), s)
            // ecrecover returns nothing for a bad signature, and scratch memory keeps the zero.
            mstore(0, 0)
            pop(staticcall(gas(), 1, m, 0x80, 0, 0x20))
            recovered := mload(0)
        }
        if (s > HALF_ORDER) revert IQuorumClient.HighS(i);
    }
}
