// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";
import {IQuorumClient} from "../interfaces/IQuorumClient.sol";
import {SetRef, ValidatorSets} from "./ValidatorSets.sol";

/// @title A bitmap and compact signatures of more than two thirds of a set's power (docs/protocol.md, section 3).
library QuorumSignatures {
    /// @dev Half of the curve's order: a greater s is the mirror of a valid one.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Reverts, with what is wrong, unless a quorum of the set signed the digest.
    /// @param signatures `bitmap u64 ‖ (r 32 ‖ (yParity << 255 | s) 32)…` in rising order of the bits.
    function verify(SetRef set, bytes32 digest, bytes calldata signatures) internal view {
        if (signatures.length < 8) revert IQuorumClient.TooFewSignatures(0, signatures.length);
        uint256 bitmap = uint64(bytes8(signatures));
        uint256 size = set.count();
        if (bitmap >> size != 0) revert IQuorumClient.UnknownSigner(LibBit.fls(bitmap), size);
        (uint256 signed, uint256 used, bool good) = _recoverAll(set.members(), bitmap, digest, signatures);
        // The loop took 64 bytes for each bit, and zeros beyond the end: what it found counts only if they are all there.
        if (!good || used != signatures.length) _explain(set, digest, signatures, bitmap);
        unchecked {
            // 64 powers of 64 bits: nothing overflows.
            if (signed * 3 <= set.totalPower() * 2) revert IQuorumClient.TooLittlePower(signed, set.totalPower());
        }
    }

    /// @dev Every signature is checked, even beyond a quorum: what was signed wrongly is never waved through. In place, because
    /// a call of ecrecover by Solidity and a search for the next bit cost 450 gas more a signature.
    /// @return signed The power of the signers.
    /// @return used How many bytes of `signatures` that took.
    /// @return good Whether each signature is its member's.
    function _recoverAll(uint256 member, uint256 bitmap, bytes32 digest, bytes calldata signatures)
        private
        view
        returns (uint256 signed, uint256 used, bool good)
    {
        uint256 half = HALF_ORDER;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, digest)
            let offset := add(signatures.offset, 8)
            let bad := 0
            // ecrecover returns nothing for a bad signature. What then stands here is zero or the member before, whose address
            // is never this member's, for the set is sorted strictly.
            mstore(0, 0)
            for {} bitmap {} {
                if and(bitmap, 1) {
                    calldatacopy(add(m, 0x40), offset, 0x40)
                    let s := mload(add(m, 0x60))
                    mstore(add(m, 0x20), add(shr(255, s), 27))
                    s := shr(1, shl(1, s))
                    mstore(add(m, 0x60), s)
                    pop(staticcall(gas(), 1, m, 0x80, 0, 0x20))
                    let word := mload(member)
                    bad := or(bad, or(gt(s, half), xor(mload(0), shr(96, word))))
                    signed := add(signed, and(shr(32, word), 0xffffffffffffffff))
                    offset := add(offset, 0x40)
                }
                bitmap := shr(1, bitmap)
                member := add(member, 28)
            }
            used := sub(offset, signatures.offset)
            good := iszero(bad)
        }
    }

    /// @dev Says what is wrong: with the number of signatures, or else with the first that is refused.
    function _explain(SetRef set, bytes32 digest, bytes calldata signatures, uint256 bitmap) private pure {
        uint256 named = LibBit.popCount(bitmap);
        if (signatures.length < 8 + 64 * named) revert IQuorumClient.TooFewSignatures(named, signatures.length);
        if (signatures.length > 8 + 64 * named) revert IQuorumClient.TooManySignatures(named, signatures.length);
        uint256 offset = 8;
        for (uint256 i; bitmap >> i != 0; ++i) {
            if ((bitmap >> i) & 1 == 0) continue;
            bytes32 r = bytes32(signatures[offset:]);
            uint256 vs = uint256(bytes32(signatures[offset + 32:]));
            uint256 s = vs << 1 >> 1;
            if (s > HALF_ORDER) revert IQuorumClient.HighS(i);
            address recovered = ecrecover(digest, uint8(vs >> 255) + 27, r, bytes32(s));
            if (recovered == address(0)) revert IQuorumClient.UnrecoverableSignature(i);
            (address validator,) = ValidatorSets.memberAt(set.members(), i);
            if (recovered != validator) revert IQuorumClient.WrongSigner(i, validator, recovered);
            offset += 64;
        }
        // Not reached: the loop refused one of them.
        revert IQuorumClient.UnrecoverableSignature(LibBit.fls(bitmap));
    }
}
