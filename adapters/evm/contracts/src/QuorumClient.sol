// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {QuorumClientCode} from "./QuorumClientCode.sol";
import {Checkpoints} from "./libraries/Checkpoints.sol";
import {ClientConfig, ClientConfigs} from "./libraries/ClientConfig.sol";
import {ValidatorSets} from "./libraries/ValidatorSets.sol";

/// @title A light client of a chain of our own, which believes what more than two thirds of its validators' power signed.
/// @notice This is its construction; what runs is QuorumClientCode, with the configuration and the first set behind it.
contract QuorumClient is QuorumClientCode {
    constructor(Trust memory trust_) {
        _check(trust_);
        (uint64 epoch, bytes memory firstSet) = ValidatorSets.encode(trust_.validatorSet, trust_.acceptSingleOperator);
        ClientConfig memory config;
        config.domainSeparator = Checkpoints.evmDomain(block.chainid, address(this));
        config.chainHash = keccak256(bytes(trust_.chain));
        config.genesisHash = trust_.genesisHash;
        config.sourceClientHash = keccak256(bytes(trust_.sourceClient));
        config.destinationClientHash = keccak256(bytes(trust_.destinationClient));
        config.chainId = block.chainid;
        config.trustingPeriod = trust_.trustingPeriod;
        config.maxClockDrift = trust_.maxClockDrift;
        config.acceptSingleOperator = trust_.acceptSingleOperator ? 1 : 0;
        config.firstEpoch = epoch;
        _setState(trust_.height, trust_.timestamp, epoch, false);
        emit ValidatorSetRotated(epoch, keccak256(trust_.validatorSet));

        bytes memory code = ClientConfigs.append(type(QuorumClientCode).runtimeCode, config, firstSet);
        assembly {
            return(add(code, 0x20), mload(code))
        }
    }

    function _check(Trust memory trust_) private view {
        if (bytes(trust_.chain).length == 0) revert InvalidTrust("chain");
        if (trust_.genesisHash == 0) revert InvalidTrust("genesisHash");
        if (bytes(trust_.sourceClient).length == 0) revert InvalidTrust("sourceClient");
        if (bytes(trust_.destinationClient).length == 0) revert InvalidTrust("destinationClient");
        if (trust_.height == 0) revert InvalidTrust("height");
        if (trust_.trustingPeriod == 0) revert InvalidTrust("trustingPeriod");
        if (trust_.timestamp == 0 || trust_.timestamp > block.timestamp + trust_.maxClockDrift) revert InvalidTrust("timestamp");
        if (block.timestamp >= uint256(trust_.timestamp) + trust_.trustingPeriod) revert InvalidTrust("timestamp");
    }
}
