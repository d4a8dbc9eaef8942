// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Check} from "./Check.sol";

/// @notice A packet with all its strings, as IBC v2 knows it.
struct Packet {
    uint64 sequence;
    string sourceClient;
    string destinationClient;
    uint64 timeout;
    string sourcePort;
    string destinationPort;
    string version;
    string encoding;
    bytes value;
}

/// @notice A checkpoint and for whom it is signed.
struct Checkpoint {
    bytes32 domainSeparator;
    string chain;
    bytes32 genesisHash;
    string sourceClient;
    string destinationClient;
    uint64 epoch;
    uint64 height;
    uint64 timestamp;
    bytes32 blockHash;
    bytes32 appRoot;
    bytes32 batchRoot;
    bytes32 nextSetHash;
}

/// @title The hub as a test plays it: its keys, commitments, batches and checkpoints, written from the specification.
/// @dev Shares no code with what it tests.
abstract contract Hub is Check {
    bytes32 internal constant ERROR_ACK = sha256("UNIVERSAL_ERROR_ACKNOWLEDGEMENT");

    // ------------------------------------------------------------------------------------------------ keys and sets

    /// @notice n private keys, in the order of their addresses.
    function keysOf(uint256 n, uint256 seed) internal pure returns (uint256[] memory keys) {
        keys = new uint256[](n);
        for (uint256 i; i < n; ++i) {
            uint256 key = uint256(keccak256(abi.encode(seed, i))) >> 1;
            uint256 j = i;
            while (j > 0 && vm.addr(keys[j - 1]) > vm.addr(key)) {
                keys[j] = keys[j - 1];
                --j;
            }
            keys[j] = key;
        }
    }

    /// @notice A set of equal powers.
    function setOf(uint256[] memory keys, uint64 epoch) internal pure returns (bytes memory set) {
        set = abi.encodePacked(epoch);
        for (uint256 i; i < keys.length; ++i) {
            set = bytes.concat(set, bytes20(vm.addr(keys[i])), bytes8(uint64(1)));
        }
    }

    /// @notice The first m keys' quorum signature.
    function signBy(uint256[] memory keys, uint256 m, bytes32 digest) internal pure returns (bytes memory signature) {
        signature = abi.encodePacked(uint64((1 << m) - 1));
        for (uint256 i; i < m; ++i) {
            signature = bytes.concat(signature, compact(keys[i], digest));
        }
    }

    function compact(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, bytes32(uint256(s) | uint256(v - 27) << 255));
    }

    // ------------------------------------------------------------------------------------------------ checkpoints

    function evmDomain(uint256 chainId, address client) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Interchain Checkpoint"),
                keccak256("1"),
                chainId,
                client
            )
        );
    }

    function saltDomain(bytes32 salt) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,bytes32 salt)"),
                keccak256("Interchain Checkpoint"),
                keccak256("1"),
                salt
            )
        );
    }

    function digestOf(Checkpoint memory c) internal pure returns (bytes32) {
        bytes memory head = abi.encode(
            keccak256(
                "Checkpoint(string chain,bytes32 genesisHash,string sourceClient,string destinationClient,uint64 epoch,uint64 height,uint64 timestamp,bytes32 blockHash,bytes32 appRoot,bytes32 batchRoot,bytes32 nextValidatorSetHash)"
            ),
            keccak256(bytes(c.chain)),
            c.genesisHash,
            keccak256(bytes(c.sourceClient)),
            keccak256(bytes(c.destinationClient))
        );
        bytes memory tail = abi.encode(c.epoch, c.height, c.timestamp, c.blockHash, c.appRoot, c.batchRoot, c.nextSetHash);
        return keccak256(abi.encodePacked(hex"1901", c.domainSeparator, keccak256(bytes.concat(head, tail))));
    }

    /// @notice The checkpoint as it travels; `current` is the hash of the epoch's own set.
    function headerOf(Checkpoint memory c, bytes32 current, bytes memory signature) internal pure returns (bytes memory) {
        bytes memory next = c.nextSetHash == current ? bytes(hex"00") : bytes.concat(hex"01", c.nextSetHash);
        return bytes.concat(
            abi.encodePacked(c.batchRoot, c.epoch, c.height, c.timestamp, c.blockHash, c.appRoot), next, signature
        );
    }

    // ------------------------------------------------------------------------------------------------ packets

    function commitmentPath(string memory client, uint64 sequence) internal pure returns (bytes memory) {
        return abi.encodePacked(client, uint8(1), sequence);
    }

    function receiptPath(string memory client, uint64 sequence) internal pure returns (bytes memory) {
        return abi.encodePacked(client, uint8(2), sequence);
    }

    function acknowledgementPath(string memory client, uint64 sequence) internal pure returns (bytes memory) {
        return abi.encodePacked(client, uint8(3), sequence);
    }

    function packetCommitment(Packet memory p) internal pure returns (bytes32) {
        bytes memory ports = abi.encodePacked(sha256(bytes(p.sourcePort)), sha256(bytes(p.destinationPort)));
        bytes32 payload =
            sha256(abi.encodePacked(ports, sha256(bytes(p.version)), sha256(bytes(p.encoding)), sha256(p.value)));
        return sha256(
            abi.encodePacked(
                uint8(2),
                sha256(bytes(p.destinationClient)),
                sha256(abi.encodePacked(p.timeout)),
                sha256(abi.encodePacked(payload))
            )
        );
    }

    function ackCommitment(bytes memory ack) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(uint8(2), sha256(ack)));
    }

    // ------------------------------------------------------------------------------------------------ batches

    function leafOf(bytes memory path, bytes32 commitment) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0), keccak256(path), commitment));
    }

    function rootOf(bytes32[] memory leaves) internal pure returns (bytes32) {
        bytes32[] memory level = leaves;
        while (level.length > 1) level = _above(level);
        return keccak256(abi.encodePacked(uint8(2), uint32(leaves.length), level[0]));
    }

    /// @notice The siblings of a leaf, from the leaf up.
    function merklePath(bytes32[] memory leaves, uint256 index) internal pure returns (bytes memory path) {
        bytes32[] memory level = leaves;
        while (level.length > 1) {
            uint256 other = index ^ 1;
            if (other < level.length) path = bytes.concat(path, level[other]);
            level = _above(level);
            index >>= 1;
        }
    }

    function _above(bytes32[] memory level) private pure returns (bytes32[] memory above) {
        above = new bytes32[]((level.length + 1) / 2);
        for (uint256 i; i < above.length; ++i) {
            above[i] = 2 * i + 1 < level.length
                ? keccak256(abi.encodePacked(uint8(1), level[2 * i], level[2 * i + 1]))
                : level[2 * i];
        }
    }
}
