// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "../interfaces/ILightClient.sol";
import {IQuorumClient} from "../interfaces/IQuorumClient.sol";

/// @notice A checkpoint as it travels: what the client knows already is left out.
struct Header {
    uint64 epoch;
    uint64 height;
    uint64 timestamp;
    bytes32 blockHash;
    bytes32 appRoot;
    bytes32 batchRoot;
    /// Zero where the set stays as it is.
    bytes32 nextSetHash;
}

/// @notice For whom a checkpoint was signed.
struct Counterparty {
    bytes32 domainSeparator;
    bytes32 sourceClientHash;
    bytes32 destinationClientHash;
}

/// @title Checkpoints of a chain of our own (EIP-712; docs/protocol.md, section 4).
library Checkpoints {
    bytes32 private constant TYPE_HASH = keccak256(
        "Checkpoint(string chain,bytes32 genesisHash,string sourceClient,string destinationClient,uint64 epoch,uint64 height,uint64 timestamp,bytes32 blockHash,bytes32 appRoot,bytes32 batchRoot,bytes32 nextValidatorSetHash)"
    );
    bytes32 private constant EVM_DOMAIN_TYPE_HASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant SALT_DOMAIN_TYPE_HASH = keccak256("EIP712Domain(string name,string version,bytes32 salt)");
    bytes32 private constant NAME_HASH = keccak256("Interchain Checkpoint");
    bytes32 private constant VERSION_HASH = keccak256("1");

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

    /// @notice Reads `epoch u64 ‖ height u64 ‖ timestamp u64 ‖ blockHash ‖ appRoot ‖ batchRoot ‖ set u8 [‖ 32] ‖ signatures`.
    function parse(bytes calldata data) internal pure returns (Header memory header, bytes calldata signatures) {
        if (data.length < FIXED_BYTES) revert IQuorumClient.MalformedCheckpoint();
        header.epoch = uint64(bytes8(data));
        header.height = uint64(bytes8(data[8:]));
        header.timestamp = uint64(bytes8(data[16:]));
        header.blockHash = bytes32(data[24:]);
        header.appRoot = bytes32(data[56:]);
        header.batchRoot = bytes32(data[88:]);
        uint8 flag = uint8(data[120]);
        if (flag > 1) revert IQuorumClient.MalformedCheckpoint();
        uint256 end = FIXED_BYTES;
        if (flag == 1) {
            end += 32;
            if (data.length < end) revert IQuorumClient.MalformedCheckpoint();
            header.nextSetHash = bytes32(data[FIXED_BYTES:]);
            // Zero would stand for the current set, and so give one checkpoint two forms.
            if (header.nextSetHash == 0) revert IQuorumClient.MalformedCheckpoint();
        }
        if (header.appRoot == 0) revert ILightClient.ZeroRoot();
        signatures = data[end:];
    }

    /// @notice What the validators signed.
    function digest(
        Header memory header,
        Counterparty memory counterparty,
        bytes32 chainHash,
        bytes32 genesisHash,
        bytes32 currentSetHash
    ) internal pure returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                TYPE_HASH,
                chainHash,
                genesisHash,
                counterparty.sourceClientHash,
                counterparty.destinationClientHash,
                header.epoch,
                header.height,
                header.timestamp,
                header.blockHash,
                header.appRoot,
                header.batchRoot,
                header.nextSetHash == 0 ? currentSetHash : header.nextSetHash
            )
        );
        return keccak256(abi.encodePacked(hex"1901", counterparty.domainSeparator, structHash));
    }
}
