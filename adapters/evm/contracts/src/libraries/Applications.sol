// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication} from "../interfaces/IPacketApplication.sol";
import {IRouter} from "../interfaces/IRouter.sol";
import {Calls} from "./Calls.sol";
import {Commitments} from "./Commitments.sol";
import {EntryRef} from "./Deliveries.sol";

/// @title The router's calls to applications.
/// @notice Two frames: the router calls itself, and there the application. An answer that is no acknowledgement reverts the inner
/// frame and with it all that the application wrote, as if it had reverted itself; the packets beside it go on.
/// @dev The router calls itself with `selector ‖ application 32 ‖ limit 32 ‖ the application's call`. All is encoded in place, with
/// the entry's first five words as the context: by Solidity it costs 1,500 gas more a packet.
library Applications {
    /// @dev What a cold call, and writing an acknowledgement into a new window, can cost beyond the application's own gas.
    uint256 private constant RECEIVE_RESERVE_GAS = 60_000;
    /// @dev What `receiveGas` of an application may take.
    uint256 private constant QUERY_GAS = 100_000;
    uint256 private constant MAX_ACKNOWLEDGEMENT_BYTES = 16384;
    /// @dev The most that an application gets to settle its packet: more than a gateway's dearest callback takes.
    uint256 private constant SETTLE_GAS = 5_000_000;
    /// @dev What a cold call can cost beside it.
    uint256 private constant SETTLE_RESERVE_GAS = 10_000;
    uint256 private constant MAX_REASON_BYTES = 256;

    /// @notice Hands a packet to its application; reverts with InsufficientGas where it cannot be given the gas that it is due.
    /// @return success False where the application failed, and all that it wrote is gone.
    /// @return ack Its acknowledgement; empty where it answers later.
    function receivePacket(EntryRef entry) internal returns (bool success, bytes memory ack) {
        bytes calldata value = entry.value();
        bytes4 outer = IRouter.passPacket.selector;
        bytes4 inner = IPacketApplication.onPacketReceived.selector;
        bytes4 failed = IRouter.ApplicationFailed.selector;
        (address application, uint256 limit) = (entry.lane().application(), entry.lane().receiveGas());
        bool known;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, outer)
            mstore(add(m, 0x04), application)
            mstore(add(m, 0x24), limit)
            mstore(add(m, 0x44), inner)
            mcopy(add(m, 0x48), entry, 0xa0)
            mstore(add(m, 0xe8), 0xc0)
            mstore(add(m, 0x108), value.length)
            calldatacopy(add(m, 0x128), value.offset, value.length)
            mstore(add(add(m, 0x128), value.length), 0)
            success := call(gas(), address(), 0, m, add(0x128, and(add(value.length, 31), not(31))), 0, 0)
            // The answer takes the call's place in memory.
            let size := returndatasize()
            ack := m
            mstore(ack, size)
            returndatacopy(add(ack, 0x20), 0, size)
            mstore(0x40, add(add(ack, 0x20), and(add(size, 31), not(31))))
            known := or(success, and(eq(size, 4), eq(mload(add(ack, 0x20)), failed)))
        }
        if (!known) _refuse(ack);
    }

    /// @notice Tells an application what became of a packet that it sent: acknowledged, or else timed out.
    /// @dev What it needs is not asked before, for that would cost every packet a call. It fails by its own fault only where it
    /// had all that it is due; else the whole reverts with InsufficientGas, so that no relayer passes over a packet.
    /// @return success False where the application failed, and all that it wrote is gone.
    /// @return reason The first bytes of what it reverted with.
    function settlePacket(EntryRef entry) internal returns (bool success, bytes memory reason) {
        bytes calldata value = entry.value();
        bytes calldata ack = entry.acknowledgement();
        bytes4 selector = entry.isAcknowledged()
            ? IPacketApplication.onPacketAcknowledged.selector
            : IPacketApplication.onPacketTimedOut.selector;
        address application = entry.lane().application();
        uint256 available;
        assembly ("memory-safe") {
            let m := mload(0x40)
            let arguments := add(m, 0x04)
            mstore(m, selector)
            mcopy(arguments, entry, 0xa0)
            // The value stands behind one offset or two.
            let place := add(arguments, add(0xc0, shl(5, iszero(iszero(ack.length)))))
            mstore(add(arguments, 0xa0), sub(place, arguments))
            mstore(place, value.length)
            calldatacopy(add(place, 0x20), value.offset, value.length)
            mstore(add(add(place, 0x20), value.length), 0)
            let end := add(add(place, 0x20), and(add(value.length, 31), not(31)))
            if ack.length {
                mstore(add(arguments, 0xc0), sub(end, arguments))
                mstore(end, ack.length)
                calldatacopy(add(end, 0x20), ack.offset, ack.length)
                mstore(add(add(end, 0x20), ack.length), 0)
                end := add(add(end, 0x20), and(add(ack.length, 31), not(31)))
            }
            available := gas()
            success := call(SETTLE_GAS, application, 0, m, sub(end, m), 0, 0)
            // Without code nobody was told.
            if iszero(extcodesize(application)) { success := 0 }
            if iszero(success) {
                let size := returndatasize()
                if gt(size, MAX_REASON_BYTES) { size := MAX_REASON_BYTES }
                reason := m
                mstore(reason, size)
                returndatacopy(add(reason, 0x20), 0, size)
                mstore(0x40, add(add(reason, 0x20), and(add(size, 31), not(31))))
            }
        }
        if (success) return (true, "");
        uint256 needed = Calls.gasFor(SETTLE_GAS, SETTLE_RESERVE_GAS);
        if (available < needed) revert IRouter.InsufficientGas(needed, available);
    }

    /// @notice Emits AcknowledgementWritten.
    /// @dev In the free memory, of which nothing is kept.
    function logAcknowledgement(bytes32 clientKey, uint256 n, uint256 sequence, bytes memory ack) internal {
        bytes32 topic = IRouter.AcknowledgementWritten.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            let length := mload(ack)
            mstore(add(add(m, 0x50), length), 0)
            mstore(m, 0x20)
            mstore(add(m, 0x20), add(length, 16))
            mstore(add(m, 0x40), or(shl(192, n), shl(128, sequence)))
            mcopy(add(m, 0x50), add(ack, 0x20), length)
            log2(m, add(0x40, and(add(length, 47), not(31))), topic, clientKey)
        }
    }

    /// @dev Too little gas is told as it is. Where even the frame between had too little it ends without a word.
    function _refuse(bytes memory reason) private view {
        if (Calls.isInsufficientGas(reason)) Calls.bubble(reason);
        revert IRouter.InsufficientGas(gasleft() + RECEIVE_RESERVE_GAS, gasleft());
    }

    /// @notice Ends the inner frame: returns the acknowledgement as it is, or reverts with ApplicationFailed or InsufficientGas.
    function forward() internal {
        uint256 m;
        address application;
        uint256 limit;
        assembly ("memory-safe") {
            m := mload(0x40)
            application := calldataload(0x04)
            limit := calldataload(0x24)
            calldatacopy(m, 0x44, sub(calldatasize(), 0x44))
        }
        if (limit == 0) limit = _receiveGas(application, m);
        // The gas is looked at last: the memory of the call itself must not come out of the application's.
        Calls.requireGas(limit, RECEIVE_RESERVE_GAS);
        (bool success, bytes memory ack) = _call(application, limit, m);
        if (!success || Commitments.isError(ack)) _fail();
        assembly ("memory-safe") {
            return(add(ack, 0x20), mload(ack))
        }
    }

    /// @dev Asks the application for the gas that it wants for this value: its call stands in memory already, but for the selector
    /// and the value's place.
    function _receiveGas(address application, uint256 m) private view returns (uint256 limit) {
        bytes4 selector = IPacketApplication.receiveGas.selector;
        Calls.requireGas(QUERY_GAS, RECEIVE_RESERVE_GAS);
        bool success;
        assembly ("memory-safe") {
            let call_ := add(m, 0xa0)
            mstore(call_, selector)
            mstore(add(call_, 0x04), 0x20)
            success := staticcall(QUERY_GAS, application, call_, sub(calldatasize(), 0xe4), 0, 0x20)
            success := and(success, gt(returndatasize(), 0x1f))
            limit := mload(0)
            calldatacopy(call_, 0xe4, 0x24)
        }
        // What no block has, no relayer can bring: the packet fails, and keeps none beside it back.
        if (!success || limit > block.gaslimit || limit > type(uint64).max) _fail();
    }

    function _call(address application, uint256 limit, uint256 m) private returns (bool success, bytes memory ack) {
        uint256 longest = MAX_ACKNOWLEDGEMENT_BYTES + 0x60;
        bytes memory returned;
        assembly ("memory-safe") {
            success := call(limit, application, 0, m, sub(calldatasize(), 0x44), 0, 0)
            returned := m
            let size := returndatasize()
            if gt(size, longest) { size := longest }
            mstore(returned, size)
            returndatacopy(add(returned, 0x20), 0, size)
            mstore(0x40, add(add(returned, 0x20), and(add(size, 31), not(31))))
        }
        // Where it says InsufficientGas, that is its own fault, too: it had all that it asked for.
        if (success) return Calls.decodeBytes(returned, MAX_ACKNOWLEDGEMENT_BYTES);
    }

    function _fail() private pure {
        revert IRouter.ApplicationFailed();
    }
}
