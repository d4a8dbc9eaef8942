// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Request} from "interchain/interfaces/IServiceProvider.sol";
import {BatchRoot} from "interchain/libraries/BatchRoot.sol";
import {Checkpoints, Counterparty, CounterpartyRef, HeaderRef} from "interchain/libraries/Checkpoints.sol";
import {Commitments} from "interchain/libraries/Commitments.sol";
import {Deliveries, EntryRef} from "interchain/libraries/Deliveries.sol";
import {Identifiers} from "interchain/libraries/Identifiers.sol";
import {LaneRef, Lanes} from "interchain/libraries/Lanes.sol";
import {QuorumSignatures} from "interchain/libraries/QuorumSignatures.sol";
import {Reasons} from "interchain/libraries/Reasons.sol";
import {RouterStorage} from "interchain/libraries/RouterStorage.sol";
import {ServicePayload} from "interchain/libraries/ServicePayload.sol";
import {StateProof} from "interchain/libraries/StateProof.sol";
import {Utf8} from "interchain/libraries/Utf8.sol";
import {SetRef, ValidatorSets} from "interchain/libraries/ValidatorSets.sol";

/// @notice A lane record as it was read.
struct Record {
    uint256 lane;
    uint256 sequence;
    uint256 timeout;
    bytes value;
    bytes32 pathKey;
    bytes32 clientKey;
}

/// @title The libraries' functions, made external, for tests that a deployed contract cannot serve.
contract Harness {
    uint256 private _nonce;

    // ------------------------------------------------------------------------------------------------ lanes, commitments

    /// @notice Writes a lane and returns its number, which is the nonce of its contract.
    function writeLane(IRouter.Lane calldata lane) external returns (uint256) {
        Lanes.write(lane);
        return ++_nonce;
    }

    function packet(uint256 lane, uint64 timeout, bytes calldata value) external view returns (bytes32) {
        return Commitments.packet(Lanes.load(lane), timeout, value);
    }

    function paths(uint256 number, uint64 sequence)
        external
        view
        returns (bytes memory commitment, bytes memory receipt, bytes memory acknowledgement, bytes32 key, bytes32 ackKey)
    {
        LaneRef lane = Lanes.load(number);
        commitment = lane.commitmentPath(sequence);
        receipt = lane.receiptPath(sequence);
        acknowledgement = lane.acknowledgementPath(sequence);
        (key, ackKey) = (lane.commitmentPathKey(sequence), lane.acknowledgementPathKey(sequence));
    }

    function ackCommitments(bytes calldata ack) external view returns (bytes32 here, bytes32 inMemory) {
        return (Commitments.acknowledgement(ack), Commitments.acknowledgementInMemory(ack));
    }

    function chained(bytes32 previous, uint64 sequence, bytes32 commitment) external pure returns (bytes32) {
        return Commitments.chained(previous, sequence, commitment);
    }

    /// @notice Reads lane records of a client, one behind the other, as a delivery's are read.
    function records(bytes calldata data, uint256 client) external view returns (Record[] memory read) {
        uint256 cursor;
        assembly ("memory-safe") {
            cursor := data.offset
        }
        uint256 end = cursor + data.length;
        while (cursor != end) {
            EntryRef entry;
            (entry, cursor) = Deliveries.record(cursor, end, client);
            Record[] memory longer = new Record[](read.length + 1);
            for (uint256 i; i < read.length; ++i) {
                longer[i] = read[i];
            }
            longer[read.length] = Record(
                entry.laneNumber(), entry.sequence(), entry.timeout(), entry.value(), entry.pathKey(), entry.clientKey()
            );
            read = longer;
        }
    }

    function checkClient(string calldata identifier) external pure {
        Identifiers.checkClient(identifier);
    }

    function checkCounterparty(string calldata identifier) external pure {
        Identifiers.checkCounterparty(identifier);
    }

    function checkPort(string calldata identifier) external pure {
        Identifiers.checkPort(identifier);
    }

    // ------------------------------------------------------------------------------------------------ storage

    function storeCommitment(bytes32 pathKey, bytes32 value) external {
        RouterStorage.store().commitments[pathKey] = value;
    }

    function storeReceipt(bytes32 clientKey, uint256 word, uint256 value) external {
        RouterStorage.store().receipts[clientKey][word] = value;
    }

    function storeChain(bytes32 clientKey, uint256 window, bytes32 value) external {
        RouterStorage.store().acknowledgementChain[clientKey][window] = value;
    }

    // ------------------------------------------------------------------------------------------------ proofs

    function leaf(bytes calldata path, bytes32 commitment) external pure returns (bytes32) {
        return BatchRoot.leaf(keccak256(path), commitment);
    }

    function fold(uint256[] memory leaves) external pure returns (bytes32) {
        return BatchRoot.fold(leaves);
    }

    function climb(bytes32 node, uint32 index, uint32 count, bytes calldata siblings)
        external
        pure
        returns (bytes32 root, uint256 used)
    {
        return BatchRoot.climb(node, index, count, siblings);
    }

    function member(bytes32 root, bytes calldata key, bytes calldata value, bytes calldata proof) external view {
        StateProof.verifyMembership(root, key, value, proof);
    }

    function nonMember(bytes32 root, bytes calldata key, bytes calldata proof) external view {
        StateProof.verifyNonMembership(root, key, proof);
    }

    // ------------------------------------------------------------------------------------------------ quorums, checkpoints

    /// @notice Writes a set and returns its nonce.
    function writeSet(bytes calldata set, bool acceptSingleOperator) external returns (uint256) {
        (, bytes memory encoded) = ValidatorSets.encode(set, acceptSingleOperator);
        SSTORE2.write(encoded);
        return ++_nonce;
    }

    function quorum(address pointer, bytes32 signed, bytes calldata signatures) external view returns (bytes32, uint256) {
        SetRef set = ValidatorSets.load(pointer);
        QuorumSignatures.verify(set, signed, signatures);
        return (set.hash(), set.totalPower());
    }

    function digest(bytes calldata header, Counterparty calldata counterparty, bytes32 currentSetHash)
        external
        pure
        returns (bytes32)
    {
        (HeaderRef ref,) = Checkpoints.open(header);
        Counterparty memory copy = counterparty;
        CounterpartyRef place;
        assembly ("memory-safe") {
            place := copy
        }
        return ref.digest(place, currentSetHash);
    }

    function typeHash() external pure returns (bytes32) {
        return Checkpoints.TYPE_HASH;
    }

    function evmDomain(uint256 chainId, address verifyingContract) external pure returns (bytes32) {
        return Checkpoints.evmDomain(chainId, verifyingContract);
    }

    function saltDomain(bytes32 salt) external pure returns (bytes32) {
        return Checkpoints.saltDomain(salt);
    }

    // ------------------------------------------------------------------------------------------------ payloads, texts

    function encodeCall(IServiceGateway.Call calldata call, address caller) external pure returns (bytes memory) {
        return ServicePayload.encodeCall(call, caller);
    }

    function decodeCaller(bytes calldata value) external pure returns (address, uint32) {
        return ServicePayload.decodeCaller(value);
    }

    function decodeRequest(bytes calldata value) external pure returns (Request memory, bytes memory, uint32) {
        return ServicePayload.decodeRequest(value);
    }

    function gasLimitOf(bytes calldata value) external pure returns (uint256) {
        return ServicePayload.gasLimitOf(value);
    }

    function encodeResult(uint16 code, bytes calldata output, bytes calldata message) external pure returns (bytes memory) {
        return ServicePayload.encodeResult(code, output, message);
    }

    function tryDecodeResult(bytes calldata result) external pure returns (bool, uint16, bytes memory, bytes memory) {
        return ServicePayload.tryDecodeResult(result);
    }

    function describe(bytes calldata reason) external pure returns (bytes memory) {
        return Reasons.describe(reason);
    }

    function validPrefix(bytes calldata text, uint256 longest) external pure returns (uint256) {
        return Utf8.validPrefix(text, longest);
    }
}
