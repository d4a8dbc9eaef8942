// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "../interfaces/ILightClient.sol";
import {IQuorumClient} from "../interfaces/IQuorumClient.sol";

/// @notice Where a checkpoint as it travels begins in the calldata: what the client knows already is left out.
type HeaderRef is uint256;

using Checkpoints for HeaderRef global;

/// @notice For whom a checkpoint was signed.
struct Counterparty {
    bytes32 domainSeparator;
    bytes32 chainHash;
    bytes32 genesisHash;
    bytes32 sourceClientHash;
    bytes32 destinationClientHash;
}

/// @notice A Counterparty in memory.
type CounterpartyRef is uint256;

/// @title Checkpoints of a chain of our own (EIP-712; docs/protocol.md, section 4).
library Checkpoints {
    /// @dev keccak256("Checkpoint(string chain,bytes32 genesisHash,string sourceClient,string destinationClient,uint64 epoch,
    /// uint64 height,uint64 timestamp,bytes32 blockHash,bytes32 appRoot,bytes32 batchRoot,bytes32 nextValidatorSetHash)"), in
    /// one line without spaces. Tests compare it with the text.
    bytes32 internal constant TYPE_HASH = 0x584e434da9ed1a4041b72c67b683cdc082ccbd6e7dc7b4ef7be5bff436b79349;
    bytes32 private constant EVM_DOMAIN_TYPE_HASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant SALT_DOMAIN_TYPE_HASH = keccak256("EIP712Domain(string name,string version,bytes32 salt)");
    bytes32 private constant NAME_HASH = keccak256("Interchain Checkpoint");
    bytes32 private constant VERSION_HASH = keccak256("1");

    uint256 private constant NUMBERS = 32;
    uint256 private constant BLOCK_HASH = 56;
    uint256 private constant APP_ROOT = 88;
    uint256 private constant FLAG = 120;
    uint256 private constant FIXED_BYTES = 121;

    /// @notice The domain of an EVM counterparty.
    function evmDomain(uint256 chainId, address verifyingContract) internal pure returns (bytes32) {
        return keccak256(abi.encode(EVM_DOMAIN_TYPE_HASH, NAME_HASH, VERSION_HASH, chainId, verifyingContract));
    }

    /// @notice The domain of another counterparty; the salt is its genesis hash.
    function saltDomain(bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(SALT_DOMAIN_TYPE_HASH, NAME_HASH, VERSION_HASH, salt));
    }

    /// @notice Reads for whom a checkpoint was signed: `domain kind u8 (0: chainId u256 ‖ contract 20; 1: salt 32) ‖ u8 len ‖
    /// sourceClient ‖ u8 len ‖ destinationClient`, and returns what stands behind.
    function parseCounterparty(bytes calldata data)
        internal
        pure
        returns (Counterparty memory counterparty, bytes calldata rest)
    {
        if (data.length < 55) revert IQuorumClient.MalformedCheckpoint();
        if (data[0] == 0x00) {
            counterparty.domainSeparator = evmDomain(uint256(bytes32(data[1:])), address(bytes20(data[33:])));
            rest = data[53:];
        } else if (data[0] == 0x01) {
            counterparty.domainSeparator = saltDomain(bytes32(data[1:]));
            rest = data[33:];
        } else {
            revert IQuorumClient.MalformedCheckpoint();
        }
        (counterparty.sourceClientHash, rest) = _hashCounted(rest);
        (counterparty.destinationClientHash, rest) = _hashCounted(rest);
    }

    function _hashCounted(bytes calldata data) private pure returns (bytes32 hash, bytes calldata rest) {
        if (data.length == 0) revert IQuorumClient.MalformedCheckpoint();
        uint256 end = 1 + uint256(uint8(data[0]));
        if (data.length < end) revert IQuorumClient.MalformedCheckpoint();
        return (keccak256(data[1:end]), data[end:]);
    }

    /// @notice Reads `batchRoot ‖ epoch u64 ‖ height u64 ‖ timestamp u64 ‖ blockHash ‖ appRoot ‖ set u8 [‖ 32] ‖ signatures`.
    function open(bytes calldata data) internal pure returns (HeaderRef header, bytes calldata signatures) {
        if (data.length < FIXED_BYTES + 32) revert IQuorumClient.MalformedCheckpoint();
        uint256 flag;
        assembly ("memory-safe") {
            header := data.offset
            flag := byte(0, calldataload(add(data.offset, FLAG)))
        }
        // A hash of zero would stand for the current set, and so give one checkpoint two forms.
        if (flag != 0 && (flag > 1 || header.nextSetHash() == 0)) revert IQuorumClient.MalformedCheckpoint();
        if (header.appRoot() == 0) revert ILightClient.EmptyTreeRoot();
        assembly ("memory-safe") {
            let length := add(FIXED_BYTES, shl(5, flag))
            signatures.offset := add(data.offset, length)
            signatures.length := sub(data.length, length)
        }
    }

    function epoch(HeaderRef header) internal pure returns (uint256) {
        return _word(header, NUMBERS) >> 192;
    }

    function height(HeaderRef header) internal pure returns (uint256) {
        return uint64(_word(header, NUMBERS) >> 128);
    }

    function timestamp(HeaderRef header) internal pure returns (uint256) {
        return uint64(_word(header, NUMBERS) >> 64);
    }

    function blockHash(HeaderRef header) internal pure returns (bytes32) {
        return bytes32(_word(header, BLOCK_HASH));
    }

    function appRoot(HeaderRef header) internal pure returns (bytes32) {
        return bytes32(_word(header, APP_ROOT));
    }

    function batchRoot(HeaderRef header) internal pure returns (bytes32) {
        return bytes32(_word(header, 0));
    }

    /// @notice The next set's hash, zero where the set stays as it is.
    function nextSetHash(HeaderRef header) internal pure returns (bytes32) {
        return _word(header, FLAG) >> 248 == 0 ? bytes32(0) : bytes32(_word(header, FIXED_BYTES));
    }

    /// @notice What the validators signed.
    /// @dev Written in place: `abi.encode` of the twelve words, and of a header decoded into memory, costs 1,300 gas more.
    /// @param counterparty For whom it is signed.
    function digest(HeaderRef header, CounterpartyRef counterparty, bytes32 currentSetHash)
        internal
        pure
        returns (bytes32 hash)
    {
        bytes32 next = _word(header, FLAG) >> 248 == 0 ? currentSetHash : bytes32(_word(header, FIXED_BYTES));
        (uint256 epoch_, uint256 height_, uint256 timestamp_) = (header.epoch(), header.height(), header.timestamp());
        bytes32 typeHash = TYPE_HASH;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            mcopy(add(m, 0x20), add(counterparty, 0x20), 0x80) // chain, genesis, both clients
            mstore(add(m, 0xa0), epoch_)
            mstore(add(m, 0xc0), height_)
            mstore(add(m, 0xe0), timestamp_)
            calldatacopy(add(m, 0x100), add(header, BLOCK_HASH), 0x40) // block hash, app root
            calldatacopy(add(m, 0x140), header, 0x20) // batch root
            mstore(add(m, 0x160), next)
            let structHash := keccak256(m, 0x180)
            mstore(m, shl(240, 0x1901))
            mstore(add(m, 2), mload(counterparty))
            mstore(add(m, 0x22), structHash)
            hash := keccak256(m, 0x42)
        }
    }

    function _word(HeaderRef header, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(header, offset))
        }
    }
}
