// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {CounterpartyRef, Checkpoints} from "./Checkpoints.sol";
import {SetRef, ValidatorSets} from "./ValidatorSets.sol";

/// @notice What never changes in a quorum client, in memory.
/// @dev The first five words are those of a Counterparty, in its order.
struct ClientConfig {
    bytes32 domainSeparator;
    bytes32 chainHash;
    bytes32 genesisHash;
    bytes32 sourceClientHash;
    bytes32 destinationClientHash;
    uint256 chainId;
    uint256 trustingPeriod;
    uint256 maxClockDrift;
    uint256 acceptSingleOperator;
    uint256 firstEpoch;
    /// The bytes of the first validator set as ValidatorSets encodes it.
    uint256 firstSetBytes;
}

/// @notice A ClientConfig in memory, as it is ABI-encoded. A function that returned the struct itself would first fill it with
/// zeros: 200 gas each time.
type ConfigRef is uint256;

using ClientConfigs for ConfigRef global;

/// @title A quorum client's configuration and its first validator set, which stand behind its own code.
/// @notice `code ‖ first set ‖ configuration`. The client's code is warm once the client is called: read from another contract
/// the set costs 2,700 gas more. The set of a later epoch is a contract of its own, the only kind that a client creates, hence
/// at the address of its nonce.
library ClientConfigs {
    uint256 private constant CONFIG_BYTES = 11 * 32;

    /// @notice What a constructor returns to have `runtime` run with this configuration and first set.
    function append(bytes memory runtime, ClientConfig memory config, bytes memory firstSet)
        internal
        pure
        returns (bytes memory)
    {
        config.firstSetBytes = firstSet.length;
        return bytes.concat(runtime, firstSet, abi.encode(config));
    }

    /// @notice The configuration of this contract.
    function load() internal pure returns (ConfigRef config) {
        uint256 size = CONFIG_BYTES;
        assembly ("memory-safe") {
            config := mload(0x40)
            mstore(0x40, add(config, size))
            codecopy(config, sub(codesize(), size), size)
        }
    }

    /// @notice The validator set of an epoch that the client has reached.
    function loadSet(ConfigRef config, uint256 epoch) internal view returns (SetRef set) {
        uint256 nonce;
        unchecked {
            nonce = epoch - _word(config, 0x120);
        }
        if (nonce != 0) return ValidatorSets.load(LibRLP.computeAddress(address(this), nonce));
        uint256 behind = CONFIG_BYTES;
        uint256 size = _word(config, 0x140);
        assembly ("memory-safe") {
            set := mload(0x40)
            mstore(0x40, add(set, add(size, 0x20)))
            mstore(set, size)
            codecopy(add(set, 0x20), sub(codesize(), add(behind, size)), size)
        }
    }

    /// @notice For whom checkpoints are signed that this client may believe.
    function counterparty(ConfigRef config) internal view returns (CounterpartyRef) {
        if (block.chainid != _word(config, 0xa0)) {
            // After a fork of this chain under a new ID the old signatures must not count here.
            bytes32 domain = Checkpoints.evmDomain(block.chainid, address(this));
            assembly ("memory-safe") {
                mstore(config, domain)
            }
        }
        return CounterpartyRef.wrap(ConfigRef.unwrap(config));
    }

    function chainHash(ConfigRef config) internal pure returns (bytes32) {
        return bytes32(_word(config, 0x20));
    }

    function genesisHash(ConfigRef config) internal pure returns (bytes32) {
        return bytes32(_word(config, 0x40));
    }

    function sourceClientHash(ConfigRef config) internal pure returns (bytes32) {
        return bytes32(_word(config, 0x60));
    }

    function destinationClientHash(ConfigRef config) internal pure returns (bytes32) {
        return bytes32(_word(config, 0x80));
    }

    function trustingPeriod(ConfigRef config) internal pure returns (uint256) {
        return _word(config, 0xc0);
    }

    function maxClockDrift(ConfigRef config) internal pure returns (uint256) {
        return _word(config, 0xe0);
    }

    function acceptSingleOperator(ConfigRef config) internal pure returns (bool) {
        return _word(config, 0x100) != 0;
    }

    function _word(ConfigRef config, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(config, offset))
        }
    }
}
