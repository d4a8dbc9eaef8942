// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {ILightClient} from "./interfaces/ILightClient.sol";
import {IQuorumClient} from "./interfaces/IQuorumClient.sol";
import {Checkpoints, Counterparty, CounterpartyRef, HeaderRef} from "./libraries/Checkpoints.sol";
import {ClientConfigs, ConfigRef} from "./libraries/ClientConfig.sol";
import {QuorumSignatures} from "./libraries/QuorumSignatures.sol";
import {StateProof} from "./libraries/StateProof.sol";
import {SetRef, ValidatorSets} from "./libraries/ValidatorSets.sol";

/// @title The code of a quorum client, which reads its configuration from behind itself.
/// @notice Nobody owns it: all that changes it is signed by the validators. It is replaced in the router when it freezes or expires.
/// @dev It is only ever deployed by QuorumClient, which has the same functions.
contract QuorumClientCode is IQuorumClient {
    /// @dev `frozen u8 ‖ epoch u64 ‖ timestamp u64 ‖ height u64`, in the low bits of one slot.
    uint256 private _state;

    // ------------------------------------------------------------------------------------------------ headers

    /// @inheritdoc ILightClient
    function updateClient(bytes calldata data)
        external
        returns (uint64 height, uint64 timestamp, bytes32 appRoot, bytes32 batchRoot)
    {
        (HeaderRef header,) = _verify(data);
        return (uint64(header.height()), uint64(header.timestamp()), header.appRoot(), header.batchRoot());
    }

    /// @inheritdoc IQuorumClient
    function rotate(bytes calldata newSet, bytes calldata data) external {
        (HeaderRef header, ConfigRef config) = _verify(data);
        bytes32 given = keccak256(newSet);
        if (header.nextSetHash() != given) revert WrongValidatorSet(header.nextSetHash(), given);
        (uint64 epoch, bytes memory set) = ValidatorSets.encode(newSet, config.acceptSingleOperator());
        if (epoch != header.epoch() + 1) revert WrongEpoch(uint64(header.epoch() + 1), epoch);
        SSTORE2.write(set);
        (uint256 height, uint256 timestamp,,) = _getState();
        _setState(height, timestamp, epoch, false);
        emit ValidatorSetRotated(epoch, given);
    }

    /// @inheritdoc IQuorumClient
    function submitMisbehaviour(bytes calldata first, bytes calldata second) external {
        (uint256 height, uint256 timestamp, uint256 epoch, bool frozen) = _getState();
        if (frozen) revert ClientFrozen();
        ConfigRef config = ClientConfigs.load();
        HeaderRef a = _verifyEvidence(first, epoch, config);
        HeaderRef b = _verifyEvidence(second, epoch, config);
        if (a.height() > b.height()) (a, b) = (b, a);
        bool forked = a.height() == b.height() && a.blockHash() != b.blockHash();
        bool timeFell = a.height() < b.height() && a.timestamp() > b.timestamp();
        if (!forked && !timeFell) revert NoMisbehaviour();
        _setState(height, timestamp, epoch, true);
        emit ClientFrozenByMisbehaviour(uint64(a.height()), a.blockHash(), uint64(b.height()), b.blockHash());
    }

    // ------------------------------------------------------------------------------------------------ proofs

    /// @inheritdoc ILightClient
    function verifyMembership(bytes32 appRoot, bytes calldata path, bytes calldata value, bytes calldata proof) external view {
        StateProof.verifyMembership(appRoot, path, value, proof);
    }

    /// @inheritdoc ILightClient
    function verifyNonMembership(bytes32 appRoot, bytes calldata path, bytes calldata proof) external view {
        StateProof.verifyNonMembership(appRoot, path, proof);
    }

    // ------------------------------------------------------------------------------------------------ views

    /// @inheritdoc ILightClient
    function latest() external view returns (Status status, uint64 height, uint64 timestamp) {
        (uint256 height_, uint256 timestamp_,, bool frozen) = _getState();
        (height, timestamp) = (uint64(height_), uint64(timestamp_));
        bool expired = block.timestamp >= timestamp + ClientConfigs.load().trustingPeriod();
        status = frozen ? Status.Frozen : expired ? Status.Expired : Status.Active;
    }

    /// @inheritdoc ILightClient
    function boundTo() external pure returns (bytes32 clientKey, bytes32 counterpartyKey, bytes32 genesisHash) {
        ConfigRef config = ClientConfigs.load();
        return (config.destinationClientHash(), config.sourceClientHash(), config.genesisHash());
    }

    /// @inheritdoc IQuorumClient
    function trust() external pure returns (bytes32, bytes32, uint64, uint64, bool) {
        ConfigRef config = ClientConfigs.load();
        return (
            config.chainHash(),
            config.genesisHash(),
            uint64(config.trustingPeriod()),
            uint64(config.maxClockDrift()),
            config.acceptSingleOperator()
        );
    }

    /// @inheritdoc IQuorumClient
    function validatorSet() external view returns (uint64 epoch, bytes memory set, bytes32 setHash) {
        (,, uint256 epoch_,) = _getState();
        epoch = uint64(epoch_);
        SetRef current = ClientConfigs.load().loadSet(epoch);
        return (epoch, current.preimage(), current.hash());
    }

    /// @inheritdoc IQuorumClient
    function domainSeparator() external view returns (bytes32) {
        CounterpartyRef self = ClientConfigs.load().counterparty();
        bytes32 domain;
        assembly ("memory-safe") {
            domain := mload(self)
        }
        return domain;
    }

    // ------------------------------------------------------------------------------------------------ inside

    /// @dev Verifies a checkpoint for this client and stores it where it is the newest.
    function _verify(bytes calldata data) private returns (HeaderRef header, ConfigRef config) {
        config = ClientConfigs.load();
        (uint256 latestHeight, uint256 latestTimestamp, uint256 epoch, bool frozen) = _getState();
        if (frozen) revert ClientFrozen();
        bytes calldata signatures;
        (header, signatures) = Checkpoints.open(data);
        (uint256 height, uint256 timestamp) = (header.height(), header.timestamp());
        _checkAge(config, latestTimestamp, timestamp);
        _checkOrder(latestHeight, latestTimestamp, height, timestamp);
        if (header.epoch() != epoch) revert WrongEpoch(uint64(epoch), uint64(header.epoch()));
        SetRef set = config.loadSet(epoch);
        QuorumSignatures.verify(set, header.digest(config.counterparty(), set.hash()), signatures);
        // No event: it would cost 1,260 gas a delivery, and `latest` tells the same.
        if (height > latestHeight) _setState(height, timestamp, epoch, false);
    }

    function _checkAge(ConfigRef config, uint256 latestTimestamp, uint256 timestamp) private view {
        unchecked {
            // 64-bit numbers in 256 bits: nothing overflows.
            uint256 period = config.trustingPeriod();
            if (block.timestamp >= latestTimestamp + period) revert ClientExpired(uint64(latestTimestamp), uint64(period));
            uint256 drift = config.maxClockDrift();
            if (timestamp > block.timestamp + drift) {
                revert CheckpointFromFuture(uint64(timestamp), uint64(block.timestamp + drift));
            }
            if (block.timestamp >= timestamp + period) revert CheckpointExpired(uint64(timestamp), uint64(period));
        }
    }

    function _checkOrder(uint256 latestHeight, uint256 latestTimestamp, uint256 height, uint256 timestamp) private pure {
        bool contradicts = height > latestHeight
            ? timestamp < latestTimestamp
            : height < latestHeight ? timestamp > latestTimestamp : timestamp != latestTimestamp;
        if (contradicts) {
            revert TimeNotMonotonic(uint64(latestHeight), uint64(latestTimestamp), uint64(height), uint64(timestamp));
        }
    }

    /// @dev A checkpoint of our validators for whichever counterparty; its age and its height do not matter.
    function _verifyEvidence(bytes calldata data, uint256 epoch, ConfigRef config)
        private
        view
        returns (HeaderRef header)
    {
        Counterparty memory counterparty;
        (counterparty, data) = Checkpoints.parseCounterparty(data);
        (counterparty.chainHash, counterparty.genesisHash) = (config.chainHash(), config.genesisHash());
        bytes calldata signatures;
        (header, signatures) = Checkpoints.open(data);
        if (header.epoch() != epoch) revert WrongEpoch(uint64(epoch), uint64(header.epoch()));
        SetRef set = config.loadSet(epoch);
        CounterpartyRef ref;
        assembly ("memory-safe") {
            ref := counterparty
        }
        QuorumSignatures.verify(set, header.digest(ref, set.hash()), signatures);
    }

    /// @dev As 256-bit numbers, which are masked once only.
    function _getState() private view returns (uint256 height, uint256 timestamp, uint256 epoch, bool frozen) {
        uint256 state = _state;
        return (uint64(state), uint64(state >> 64), uint64(state >> 128), state >> 192 != 0);
    }

    /// @dev The caller knows that all three have 64 bits.
    function _setState(uint256 height, uint256 timestamp, uint256 epoch, bool frozen) internal {
        _state = height | timestamp << 64 | epoch << 128 | (frozen ? uint256(1) << 192 : 0);
    }
}
