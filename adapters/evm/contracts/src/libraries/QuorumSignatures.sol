// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibBit} from "solady/utils/LibBit.sol";
import {IQuorumClient} from "../interfaces/IQuorumClient.sol";
import {SetRef, ValidatorSets} from "./ValidatorSets.sol";

/// @title A bitmap and compact signatures of more than two thirds of a set's power (docs/protocol.md, section 3).
library QuorumSignatures {
    /// @dev Half of the curve's order: a greater s is the mirror of a valid one.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    uint256 private constant NO_FAULT = type(uint256).max;

    /// @notice Reverts, with what is wrong, unless a quorum of the set signed the digest.
    /// @param signatures `bitmap u64 ‖ (r 32 ‖ (yParity << 255 | s) 32)…` in rising order of the bits.
    function verify(SetRef set, bytes32 digest, bytes calldata signatures) internal view {
        if (signatures.length < 8) revert IQuorumClient.TooFewSignatures(0, signatures.length);
        uint256 bitmap = uint64(bytes8(signatures));
        uint256 size = set.count();
        if (bitmap >> size != 0) revert IQuorumClient.UnknownSigner(LibBit.fls(bitmap), size);
        (uint256 signed, uint256 used, uint256 fault) = _recoverAll(set.members(), bitmap, digest, signatures);
        // The loop took 64 bytes for each bit, and zeros beyond the end: what it found counts only if they are all there.
        if (fault != NO_FAULT || used != signatures.length) _explain(set, digest, signatures, bitmap, fault);
        if (signed * 3 <= set.totalPower() * 2) revert IQuorumClient.TooLittlePower(signed, set.totalPower());
    }

    /// @dev Every signature is checked, even beyond a quorum: what was signed wrongly is never waved through. In place, because
    /// a call of ecrecover by Solidity and a search for the next bit cost 450 gas more a signature.
    /// @return signed The power of the signers.
    /// @return used How many bytes of `signatures` that took.
    /// @return fault The first member whose signature is refused, NO_FAULT when all are good.
    function _recoverAll(uint256 member, uint256 bitmap, bytes32 digest, bytes calldata signatures)
        private
        view
        returns (uint256 signed, uint256 used, uint256 fault)
    {
        fault = NO_FAULT;
        uint256 half = HALF_ORDER;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, digest)
            let offset := add(signatures.offset, 8)
            // ecrecover returns nothing for a bad signature. What then stands here is zero or the member before, whose address
            // is never this member's, for the set is sorted strictly.
            mstore(0, 0)
            for { let i := 0 } bitmap { i := add(i, 1) } {
                if and(bitmap, 1) {
                    let vs := calldataload(add(offset, 0x20))
                    let s := shr(1, shl(1, vs))
                    mstore(add(m, 0x20), add(shr(255, vs), 27))
                    calldatacopy(add(m, 0x40), offset, 0x20)
                    mstore(add(m, 0x60), s)
                    pop(staticcall(gas(), 1, m, 0x80, 0, 0x20))
                    let word := mload(member)
                    if or(gt(s, half), xor(mload(0), shr(96, word))) {
                        fault := i
                        break
                    }
                    signed := add(signed, and(shr(32, word), 0xffffffffffffffff))
                    offset := add(offset, 0x40)
                }
                bitmap := shr(1, bitmap)
                member := add(member, 28)
            }
            used := sub(offset, signatures.offset)
        }
    }

    /// @dev Says what is wrong: with the number of signatures, or else with that of member `i`.
    function _explain(SetRef set, bytes32 digest, bytes calldata signatures, uint256 bitmap, uint256 i)
        private
        pure
    {
        uint256 named = LibBit.popCount(bitmap);
        if (signatures.length < 8 + 64 * named) revert IQuorumClient.TooFewSignatures(named, signatures.length);
        if (signatures.length > 8 + 64 * named) revert IQuorumClient.TooManySignatures(named, signatures.length);
        uint256 offset = 8 + 64 * LibBit.popCount(bitmap & ((1 << i) - 1));
        bytes32 r = bytes32(signatures[offset:]);
        uint256 vs = uint256(bytes32(signatures[offset + 32:]));
        uint256 s = vs << 1 >> 1;
        if (s > HALF_ORDER) revert IQuorumClient.HighS(i);
        address recovered = ecrecover(digest, uint8(vs >> 255) + 27, r, bytes32(s));
        if (recovered == address(0)) revert IQuorumClient.UnrecoverableSignature(i);
        (address validator,) = ValidatorSets.memberAt(set.members(), i);
        revert IQuorumClient.WrongSigner(i, validator, recovered);
    }
}
