// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "../interfaces/ILightClient.sol";
import {IRouter} from "../interfaces/IRouter.sol";

/// @title The router's calls to a light client; both revert with its reason where it refuses.
/// @dev Encoded in place: by Solidity it costs 500 gas more a delivery.
library Clients {
    /// @notice Lets a light client verify a header.
    function prove(ILightClient lightClient, bytes calldata header)
        internal
        returns (uint256 time, bytes32 appRoot, bytes32 batchRoot)
    {
        assembly ("memory-safe") {
            calldatacopy(add(mload(0x40), 0x44), header.offset, header.length)
        }
        return _update(lightClient, header.length);
    }

    /// @notice Lets a light client verify that a batch with this root was signed.
    /// @param header A header without its batch root.
    function proveBatch(ILightClient lightClient, bytes32 batchRoot, bytes calldata header) internal {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(add(m, 0x44), batchRoot)
            calldatacopy(add(m, 0x64), header.offset, header.length)
        }
        (,, bytes32 signed) = _update(lightClient, header.length + 32);
        // A client of ours has refused by now: another root was never signed. This holds for every client to come.
        if (signed != batchRoot) revert IRouter.BatchRootMismatch(signed, batchRoot);
    }

    /// @dev The header's `length` bytes stand at 0x44 of the free memory.
    function _update(ILightClient lightClient, uint256 length)
        private
        returns (uint256 time, bytes32 appRoot, bytes32 batchRoot)
    {
        bytes4 selector = ILightClient.updateClient.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), 0x20)
            mstore(add(m, 0x24), length)
            if iszero(call(gas(), lightClient, 0, m, add(0x44, length), m, 0x80)) {
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
            // A client without code, or one that is no light client, would return less.
            if lt(returndatasize(), 0x80) { revert(0, 0) }
            // Behind the height.
            time := mload(add(m, 0x20))
            appRoot := mload(add(m, 0x40))
            batchRoot := mload(add(m, 0x60))
        }
    }
}
