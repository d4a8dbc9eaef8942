// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "./ILightClient.sol";

/// @title A light client of a chain of our own: more than two thirds of its validators' power sign checkpoints (EIP-712).
/// @notice docs/protocol.md, sections 3, 4 and 6. It stores the newest height, time and epoch and whether it is frozen, in one
/// slot, and every epoch's validator set as the code of a contract; no root is ever stored.
interface IQuorumClient is ILightClient {
    /// @notice What a client believes from the start; all of it is fixed for ever, but for the validator set and the newest header.
    struct Trust {
        /// The other chain's ID: `chain` of its checkpoints.
        string chain;
        /// The hash of its genesis.
        bytes32 genesisHash;
        /// Its client of this chain, as `attested-0`: `sourceClient` of its checkpoints.
        string sourceClient;
        /// This client's name in the router, as `quorum-0`: `destinationClient` of its checkpoints.
        string destinationClient;
        /// A height believed from the start, and the other chain's time there (Unix seconds).
        uint64 height;
        uint64 timestamp;
        /// How long a validator set is believed after its newest header, in seconds.
        uint64 trustingPeriod;
        /// How far ahead of this chain's time a header may be, in seconds.
        uint64 maxClockDrift;
        /// `epoch u64 ‖ (address 20 ‖ power u64)…`, sorted strictly by address.
        bytes validatorSet;
        /// Must be true for a set of one validator, and only then lets one in: such a chain has a single operator.
        bool acceptSingleOperator;
    }

    /// @notice The validator set changed; only the new epoch's signatures count from now on.
    event ValidatorSetRotated(uint64 indexed epoch, bytes32 validatorSetHash);
    /// @notice A set of one validator was accepted: this chain trusts a single operator.
    event SingleOperatorAccepted(uint64 indexed epoch, address validator);
    /// @notice Two signed histories were shown: the client believes nothing any more.
    event ClientFrozenByMisbehaviour(uint64 firstHeight, bytes32 firstBlockHash, uint64 secondHeight, bytes32 secondBlockHash);

    /// @notice A field of the trust given at construction is empty, zero or out of range.
    error InvalidTrust(string field);
    /// @notice The checkpoint's bytes are malformed: some are missing or left over, or a flag is unknown.
    error MalformedCheckpoint();
    /// @notice The checkpoint is of another epoch than the current one.
    error WrongEpoch(uint64 current, uint64 given);
    /// @notice The checkpoint is ahead of this chain's clock by more than is allowed.
    error CheckpointFromFuture(uint64 timestamp, uint64 latestAllowed);
    /// @notice The checkpoint is older than the trusting period.
    error CheckpointExpired(uint64 timestamp, uint64 trustingPeriod);
    /// @notice Height and time contradict what is believed already: a later height cannot have an earlier time.
    error TimeNotMonotonic(uint64 latestHeight, uint64 latestTimestamp, uint64 height, uint64 timestamp);
    /// @notice The validator set's bytes are malformed.
    error MalformedValidatorSet();
    /// @notice The set has no validator, or more than 64.
    error ValidatorCount(uint256 count);
    /// @notice The addresses do not rise strictly (this also refuses a duplicate).
    error ValidatorsNotSorted(uint256 index);
    /// @notice A validator has the zero address.
    error ZeroValidator(uint256 index);
    /// @notice A validator has no power.
    error ZeroPower(uint256 index);
    /// @notice A set of one validator was not explicitly accepted at construction.
    error SingleOperatorNotAccepted();
    /// @notice The new set is not the one that the checkpoint names.
    error WrongValidatorSet(bytes32 named, bytes32 given);
    /// @notice The bitmap names a validator that the set does not have.
    error UnknownSigner(uint256 member, uint256 members);
    /// @notice There are fewer signatures than the bitmap names: the signature ends after `length` bytes.
    error TooFewSignatures(uint256 named, uint256 length);
    /// @notice There are more signatures than the bitmap names.
    error TooManySignatures(uint256 named, uint256 length);
    /// @notice A signature is of no point of the curve: it recovers to the zero address.
    error UnrecoverableSignature(uint256 index);
    /// @notice A signature has a high s (EIP-2 malleability).
    error HighS(uint256 index);
    /// @notice A signature recovers to another address than its validator's.
    error WrongSigner(uint256 index, address expected, address recovered);
    /// @notice The signers' power is not more than two thirds of the total.
    error TooLittlePower(uint256 signed, uint256 total);
    /// @notice The two checkpoints do not contradict each other.
    error NoMisbehaviour();

    /// @notice Follows a rotation: `header` is a checkpoint of the current epoch that names `newSet`.
    /// @param newSet `epoch u64 ‖ (address 20 ‖ power u64)…` with the epoch that follows the current one.
    /// @param header As for `updateClient`.
    function rotate(bytes calldata newSet, bytes calldata header) external;

    /// @notice Freezes the client when shown two checkpoints signed by quorums of the current set, for whichever
    /// counterparties: of one height with different block hashes, or of rising height with falling time.
    /// @dev Each: `domain kind u8 (0: chainId u256 ‖ contract 20; 1: salt 32) ‖ u8 len ‖ sourceClient ‖ u8 len ‖
    /// destinationClient ‖ header`, with `header` as for `updateClient`.
    function submitMisbehaviour(bytes calldata first, bytes calldata second) external;

    /// @notice What the client trusts, as it was constructed, but for the validator set.
    function trust()
        external
        view
        returns (bytes32 chainHash, bytes32 genesisHash, uint64 trustingPeriod, uint64 maxClockDrift, bool singleOperator);

    /// @notice The current epoch and its set: `epoch u64 ‖ (address 20 ‖ power u64)…`.
    function validatorSet() external view returns (uint64 epoch, bytes memory set, bytes32 setHash);

    /// @notice The EIP-712 domain separator of checkpoints for this client.
    function domainSeparator() external view returns (bytes32);
}
