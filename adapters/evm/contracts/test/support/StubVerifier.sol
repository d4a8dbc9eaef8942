// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Says that it is a light client, but not of what.
contract StubVerifier {
    function latest() external pure returns (uint8, uint64, uint64) {
        return (0, 1, 1);
    }

    function updateClient(bytes calldata) external pure returns (uint64, uint64, bytes32, bytes32) {
        return (1, 1, bytes32(uint256(1)), bytes32(uint256(1)));
    }
}
