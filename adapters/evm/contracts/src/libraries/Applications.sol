// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication} from "../interfaces/IPacketApplication.sol";
import {Calls} from "./Calls.sol";
import {EntryRef} from "./Deliveries.sol";

/// @title The router's calls to applications.
library Applications {
    /// @notice Hands a packet to an application with just so much gas; reverts with InsufficientGas where there is less, or where
    /// `reserve` would not be left for what follows.
    /// @dev Encoded in place, with the entry's first five words as the context: by Solidity it costs 700 gas more a packet. The
    /// gas is looked at last: the memory of the call itself, dear behind many packets, must not come out of the application's.
    /// @return success Whether the call succeeded.
    /// @return returned What it returned or reverted with, cut after `longest` bytes.
    function receivePacket(address application, EntryRef entry, uint256 limit, uint256 reserve, uint256 longest)
        internal
        returns (bool success, bytes memory returned)
    {
        bytes calldata value = entry.value();
        bytes4 selector = IPacketApplication.onPacketReceived.selector;
        uint256 call_;
        uint256 size;
        assembly ("memory-safe") {
            call_ := mload(0x40)
            mstore(call_, selector)
            mcopy(add(call_, 0x04), entry, 0xa0)
            mstore(add(call_, 0xa4), 0xc0)
            mstore(add(call_, 0xc4), value.length)
            calldatacopy(add(call_, 0xe4), value.offset, value.length)
            mstore(add(add(call_, 0xe4), value.length), 0)
            size := add(0xe4, and(add(value.length, 31), not(31)))
        }
        Calls.requireGas(limit, reserve);
        assembly ("memory-safe") {
            success := call(limit, application, 0, call_, size, 0, 0)
            // The answer takes the call's place in memory.
            returned := call_
            size := returndatasize()
            if gt(size, longest) { size := longest }
            mstore(returned, size)
            returndatacopy(add(returned, 0x20), 0, size)
            mstore(0x40, add(add(returned, 0x20), and(add(size, 31), not(31))))
        }
    }
}
