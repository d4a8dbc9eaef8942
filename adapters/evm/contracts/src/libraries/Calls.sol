// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "../interfaces/IRouter.sol";

/// @title Calls whose gas is part of the message: the callee gets what it is due, or the whole transaction reverts.
library Calls {
    /// @notice Reverts with InsufficientGas unless a call made now can be given `limit` gas, with `reserve` left for the
    /// call's own cost and what follows it.
    /// @param limit Less than 2^64, as is the reserve.
    function requireGas(uint256 limit, uint256 reserve) internal view {
        uint256 needed = gasFor(limit, reserve);
        uint256 available = gasleft();
        if (available < needed) revert IRouter.InsufficientGas(needed, available);
    }

    /// @notice What must be left so that a call can be given `limit` gas, with `reserve` beside it.
    /// @dev A call passes on at most 63/64 of what remains (EIP-150), hence limit + limit / 63.
    /// @param limit Less than 2^64, as is the reserve: nothing overflows.
    function gasFor(uint256 limit, uint256 reserve) internal pure returns (uint256 needed) {
        unchecked {
            needed = limit + limit / 63 + 1 + reserve;
        }
    }

    /// @notice Whether a callee's reason is InsufficientGas: then its caller must revert as well.
    function isInsufficientGas(bytes memory reason) internal pure returns (bool) {
        return reason.length >= 4 && bytes4(reason) == IRouter.InsufficientGas.selector;
    }

    /// @notice Reverts with a callee's reason as it stands.
    function bubble(bytes memory reason) internal pure {
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    /// @notice Reads what a call returned as one ABI `bytes`, without copying it.
    /// @return ok False when it is no such thing, or longer than `longest`.
    function decodeBytes(bytes memory returned, uint256 longest) internal pure returns (bool ok, bytes memory data) {
        assembly ("memory-safe") {
            if gt(mload(returned), 0x3f) {
                data := add(returned, 0x40)
                let length := mload(data)
                ok := and(
                    eq(mload(add(returned, 0x20)), 0x20),
                    iszero(or(gt(length, longest), gt(length, sub(mload(returned), 0x40))))
                )
            }
            if iszero(ok) { data := 0x60 }
        }
    }

    /// @notice The same of ABI `(bytes, bool)`.
    function decodeBytesAndFlag(bytes memory returned, uint256 longest)
        internal
        pure
        returns (bool ok, bytes memory data, bool flag)
    {
        uint256 word;
        assembly ("memory-safe") {
            if gt(mload(returned), 0x5f) {
                data := add(returned, 0x60)
                let length := mload(data)
                word := mload(add(returned, 0x40))
                ok := and(
                    and(eq(mload(add(returned, 0x20)), 0x40), lt(word, 2)),
                    iszero(or(gt(length, longest), gt(length, sub(mload(returned), 0x60))))
                )
            }
            if iszero(ok) { data := 0x60 }
        }
        flag = ok && word == 1;
    }
}
