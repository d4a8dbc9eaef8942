// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "../interfaces/ILightClient.sol";

/// @title The router's call to a light client.
library Clients {
    /// @notice Lets a light client verify a header; reverts with its reason where it refuses.
    /// @dev Encoded in place: by Solidity it costs 500 gas more a delivery.
    function prove(ILightClient lightClient, bytes calldata header)
        internal
        returns (uint256 time, bytes32 appRoot, bytes32 batchRoot)
    {
        bytes4 selector = ILightClient.updateClient.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), 0x20)
            mstore(add(m, 0x24), header.length)
            calldatacopy(add(m, 0x44), header.offset, header.length)
            if iszero(call(gas(), lightClient, 0, m, add(0x44, header.length), m, 0x80)) {
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
