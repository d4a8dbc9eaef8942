// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {ILightClient} from "./interfaces/ILightClient.sol";
import {IQuorumClient} from "./interfaces/IQuorumClient.sol";
import {Checkpoints, Counterparty, HeaderRef} from "./libraries/Checkpoints.sol";
import {QuorumSignatures} from "./libraries/QuorumSignatures.sol";
import {StateProof} from "./libraries/StateProof.sol";
import {SetRef, ValidatorSets} from "./libraries/ValidatorSets.sol";

/// @title A light client of a chain of our own, which believes what more than two thirds of its validators' power signed.
/// @notice Nobody owns it: all that changes it is signed by the validators. It is replaced in the router when it freezes or expires.
contract QuorumClient is IQuorumClient {
    /// @dev One slot.
    struct State {
        uint64 height;
        uint64 timestamp;
        uint64 epoch;
        bool frozen;
    }

    bytes32 private immutable CHAIN_HASH;
    bytes32 private immutable GENESIS_HASH;
    bytes32 private immutable SOURCE_CLIENT_HASH;
    bytes32 private immutable DESTINATION_CLIENT_HASH;
    bytes32 private immutable DOMAIN_SEPARATOR;
    uint256 private immutable CHAIN_ID;
    uint64 private immutable TRUSTING_PERIOD;
    uint64 private immutable MAX_CLOCK_DRIFT;
    uint64 private immutable FIRST_EPOCH;
    bool private immutable ACCEPT_SINGLE_OPERATOR;

    State private _state;

    constructor(Trust memory trust_) {
        if (bytes(trust_.chain).length == 0) revert InvalidTrust("chain");
        if (trust_.genesisHash == 0) revert InvalidTrust("genesisHash");
        if (bytes(trust_.sourceClient).length == 0) revert InvalidTrust("sourceClient");
        if (bytes(trust_.destinationClient).length == 0) revert InvalidTrust("destinationClient");
        if (trust_.height == 0) revert InvalidTrust("height");
        if (trust_.trustingPeriod == 0) revert InvalidTrust("trustingPeriod");
        if (trust_.timestamp == 0 || trust_.timestamp > block.timestamp + trust_.maxClockDrift) revert InvalidTrust("timestamp");
        if (block.timestamp >= uint256(trust_.timestamp) + trust_.trustingPeriod) revert InvalidTrust("timestamp");

        CHAIN_HASH = keccak256(bytes(trust_.chain));
        GENESIS_HASH = trust_.genesisHash;
        SOURCE_CLIENT_HASH = keccak256(bytes(trust_.sourceClient));
        DESTINATION_CLIENT_HASH = keccak256(bytes(trust_.destinationClient));
        DOMAIN_SEPARATOR = Checkpoints.evmDomain(block.chainid, address(this));
        CHAIN_ID = block.chainid;
        TRUSTING_PERIOD = trust_.trustingPeriod;
        MAX_CLOCK_DRIFT = trust_.maxClockDrift;
        ACCEPT_SINGLE_OPERATOR = trust_.acceptSingleOperator;

        uint64 epoch = ValidatorSets.write(trust_.validatorSet, trust_.acceptSingleOperator);
        FIRST_EPOCH = epoch;
        _state = State({height: trust_.height, timestamp: trust_.timestamp, epoch: epoch, frozen: false});
        emit ValidatorSetRotated(epoch, keccak256(trust_.validatorSet));
    }

    // ------------------------------------------------------------------------------------------------ headers

    /// @inheritdoc ILightClient
    function update(bytes calldata data)
        external
        returns (uint64 height, uint64 timestamp, bytes32 appRoot, bytes32 batchRoot)
    {
        HeaderRef header = _verify(data);
        return (header.height(), header.timestamp(), header.appRoot(), header.batchRoot());
    }

    /// @inheritdoc IQuorumClient
    function rotate(bytes calldata newSet, bytes calldata data) external {
        HeaderRef header = _verify(data);
        bytes32 given = keccak256(newSet);
        if (header.nextSetHash() != given) revert WrongValidatorSet(header.nextSetHash(), given);
        uint64 epoch = ValidatorSets.write(newSet, ACCEPT_SINGLE_OPERATOR);
        if (epoch != header.epoch() + 1) revert WrongEpoch(header.epoch() + 1, epoch);
        _state.epoch = epoch;
        emit ValidatorSetRotated(epoch, given);
    }

    /// @inheritdoc IQuorumClient
    function submitMisbehaviour(bytes calldata first, bytes calldata second) external {
        State memory state = _state;
        if (state.frozen) revert ClientFrozen();
        SetRef set = ValidatorSets.load(_setPointer(state.epoch));
        HeaderRef a = _verifyEvidence(first, state.epoch, set);
        HeaderRef b = _verifyEvidence(second, state.epoch, set);
        if (a.height() > b.height()) (a, b) = (b, a);
        bool forked = a.height() == b.height() && a.blockHash() != b.blockHash();
        bool timeFell = a.height() < b.height() && a.timestamp() > b.timestamp();
        if (!forked && !timeFell) revert NoMisbehaviour();
        _state.frozen = true;
        emit ClientFrozenByMisbehaviour(a.height(), a.blockHash(), b.height(), b.blockHash());
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
        State memory state = _state;
        bool expired = block.timestamp >= uint256(state.timestamp) + TRUSTING_PERIOD;
        status = state.frozen ? Status.Frozen : expired ? Status.Expired : Status.Active;
        return (status, state.height, state.timestamp);
    }

    /// @inheritdoc ILightClient
    function boundTo() external view returns (bytes32 clientKey, bytes32 counterpartyKey) {
        return (DESTINATION_CLIENT_HASH, SOURCE_CLIENT_HASH);
    }

    /// @inheritdoc IQuorumClient
    function trust() external view returns (bytes32, bytes32, uint64, uint64, bool) {
        return (CHAIN_HASH, GENESIS_HASH, TRUSTING_PERIOD, MAX_CLOCK_DRIFT, ACCEPT_SINGLE_OPERATOR);
    }

    /// @inheritdoc IQuorumClient
    function validatorSet() external view returns (uint64 epoch, bytes memory set, bytes32 setHash) {
        epoch = _state.epoch;
        set = ValidatorSets.read(_setPointer(epoch));
        setHash = keccak256(set);
    }

    /// @inheritdoc IQuorumClient
    function domainSeparator() public view returns (bytes32) {
        // After a fork of this chain under a new ID the old signatures must not count here.
        return block.chainid == CHAIN_ID ? DOMAIN_SEPARATOR : Checkpoints.evmDomain(block.chainid, address(this));
    }

    // ------------------------------------------------------------------------------------------------ inside

    /// @dev Verifies a checkpoint for this client and stores it where it is the newest.
    function _verify(bytes calldata data) private returns (HeaderRef header) {
        State memory state = _state;
        if (state.frozen) revert ClientFrozen();
        bytes calldata signatures;
        (header, signatures) = Checkpoints.open(data);
        uint64 height = header.height();
        uint64 timestamp = header.timestamp();
        _checkTime(state, height, timestamp);
        if (header.epoch() != state.epoch) revert WrongEpoch(state.epoch, header.epoch());
        SetRef set = ValidatorSets.load(_setPointer(state.epoch));
        Counterparty memory self =
            Counterparty(domainSeparator(), CHAIN_HASH, GENESIS_HASH, SOURCE_CLIENT_HASH, DESTINATION_CLIENT_HASH);
        QuorumSignatures.verify(set, header.digest(self, set.hash()), signatures);
        // No event: it would cost 1,260 gas a delivery, and `latest` tells the same.
        if (height > state.height) _state = State(height, timestamp, state.epoch, false);
    }

    function _checkTime(State memory state, uint64 height, uint64 timestamp) private view {
        unchecked {
            // 64-bit numbers in 256 bits: nothing overflows.
            if (block.timestamp >= uint256(state.timestamp) + TRUSTING_PERIOD) {
                revert ClientExpired(state.timestamp, TRUSTING_PERIOD);
            }
            uint256 latestAllowed = block.timestamp + MAX_CLOCK_DRIFT;
            if (timestamp > latestAllowed) revert CheckpointFromFuture(timestamp, uint64(latestAllowed));
            if (block.timestamp >= uint256(timestamp) + TRUSTING_PERIOD) revert CheckpointExpired(timestamp, TRUSTING_PERIOD);
        }
        bool contradicts = height > state.height
            ? timestamp < state.timestamp
            : height < state.height ? timestamp > state.timestamp : timestamp != state.timestamp;
        if (contradicts) revert TimeNotMonotonic(state.height, state.timestamp, height, timestamp);
    }

    /// @dev A checkpoint of our validators for whichever counterparty; its age and its height do not matter.
    function _verifyEvidence(bytes calldata data, uint64 epoch, SetRef set) private view returns (HeaderRef header) {
        Counterparty memory counterparty;
        (counterparty, data) = Checkpoints.parseCounterparty(data);
        (counterparty.chainHash, counterparty.genesisHash) = (CHAIN_HASH, GENESIS_HASH);
        bytes calldata signatures;
        (header, signatures) = Checkpoints.open(data);
        if (header.epoch() != epoch) revert WrongEpoch(epoch, header.epoch());
        QuorumSignatures.verify(set, header.digest(counterparty, set.hash()), signatures);
    }

    /// @dev The client creates no other contract than its sets, one an epoch: each is at the address of its nonce.
    function _setPointer(uint64 epoch) private view returns (address) {
        return LibRLP.computeAddress(address(this), epoch - FIRST_EPOCH + 1);
    }
}
