// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RouterAdministration} from "./RouterAdministration.sol";
import {ILightClient} from "./interfaces/ILightClient.sol";
import {IPacketApplication, PacketContext} from "./interfaces/IPacketApplication.sol";
import {IRouter} from "./interfaces/IRouter.sol";
import {LibCall} from "solady/utils/LibCall.sol";
import {BatchRoot} from "./libraries/BatchRoot.sol";
import {Calls} from "./libraries/Calls.sol";
import {Commitments} from "./libraries/Commitments.sol";
import {Deliveries, Entry} from "./libraries/Deliveries.sol";
import {LaneRef, Lanes} from "./libraries/Lanes.sol";
import {ClientRecord, RouterStorage} from "./libraries/RouterStorage.sol";

/// @title The packet router of an EVM chain.
/// @notice A packet's life, in the order of this file: `sendPacket` here; `deliver` there, which receives it and writes its
/// acknowledgement; `deliver` here again, which acknowledges it, or `timeoutPackets`. Believed is only what a registered
/// light client has proven in the same transaction.
contract Router is RouterAdministration {
    using Deliveries for Entry;

    /// @notice The longest time that a packet may be under way.
    uint256 public constant MAX_TIMEOUT_SECONDS = 24 hours;
    uint256 public constant MAX_VALUE_BYTES = 16384;

    /// @dev What a cold call, and writing an acknowledgement into a new window, can cost beyond the application's own gas.
    uint256 private constant RECEIVE_RESERVE_GAS = 60_000;

    bool private transient _entered;

    /// @dev Deliveries do not nest; sending and answering later from within one is how applications work.
    modifier once() {
        if (_entered) revert Reentered();
        _entered = true;
        _;
        _entered = false;
    }

    constructor(address admin, uint64 replacementDelay_) RouterAdministration(admin, replacementDelay_) {}

    // ------------------------------------------------------------------------------------------------ send

    /// @inheritdoc IRouter
    function sendPacket(uint16 laneNumber, uint64 timeout, bytes calldata value)
        external
        returns (uint64 sequence, bytes32 pathKey)
    {
        LaneRef lane = Lanes.load(laneNumber);
        if (!lane.isOutbound()) revert WrongDirection(laneNumber);
        if (msg.sender != lane.application()) revert NotTheApplication(laneNumber, msg.sender);
        if (value.length == 0 || value.length > MAX_VALUE_BYTES) revert ValueSize(value.length);
        if (timeout <= block.timestamp) revert TimeoutElapsed(timeout, uint64(block.timestamp));
        uint256 latestTimeout = block.timestamp + MAX_TIMEOUT_SECONDS;
        if (timeout > latestTimeout) revert TimeoutTooFar(timeout, uint64(latestTimeout));
        ClientRecord storage record = RouterStorage.store().clients[lane.client()];
        _checkSendable(record, lane, timeout);

        sequence = ++record.lastSequence;
        pathKey = keccak256(lane.commitmentPath(sequence));
        RouterStorage.store().commitments[pathKey] = Commitments.packet(lane, timeout, value);
        emit PacketSent(lane.clientKey(), sequence, laneNumber, timeout, pathKey, value);
    }

    function _checkSendable(ClientRecord storage record, LaneRef lane, uint64 timeout) private view {
        uint256 pausedUntil = record.pausedUntil;
        if (block.timestamp < pausedUntil) revert ClientPaused(uint16(lane.client()), uint64(pausedUntil));
        (ILightClient.Status status,, uint64 counterpartyTime) = record.lightClient.latest();
        if (status != ILightClient.Status.Active) revert ClientNotActive(uint16(lane.client()), status);
        if (timeout <= counterpartyTime) revert TimeoutNotAfterCounterparty(timeout, counterpartyTime);
    }

    // ------------------------------------------------------------------------------------------------ deliver: prove

    /// @inheritdoc IRouter
    function deliver(bytes calldata delivery) external once {
        (uint256 cursor, uint256 end) = Deliveries.bounds(delivery);
        uint256 client;
        uint256 kind;
        (client, cursor) = Deliveries.number(cursor, end, 2);
        (kind, cursor) = Deliveries.number(cursor, end, 1);
        ClientRecord storage record = _record(client);
        Proof memory proof;
        (proof, cursor) = _update(record, client, cursor, end);
        proof.kind = kind;

        uint256[] memory entries = _prove(proof, cursor, end);
        uint256 pausedUntil = record.pausedUntil;
        for (uint256 i; i < entries.length; ++i) {
            if (entries[i] == Deliveries.BARE) continue;
            Entry memory entry = Deliveries.entryAt(entries[i]);
            if (entry.lane.isOutbound()) {
                _acknowledge(entry);
            } else {
                if (block.timestamp < pausedUntil) revert ClientPaused(uint16(client), uint64(pausedUntil));
                _receive(record, entry);
            }
        }
    }

    /// @dev What a delivery rests on.
    struct Proof {
        uint256 client;
        uint256 kind;
        ILightClient lightClient;
        uint64 timestamp;
        bytes32 appRoot;
        bytes32 batchRoot;
    }

    function _update(ClientRecord storage record, uint256 client, uint256 cursor, uint256 end)
        private
        returns (Proof memory proof, uint256 next)
    {
        bytes calldata header;
        (header, next) = Deliveries.counted(cursor, end);
        proof.client = client;
        proof.lightClient = record.lightClient;
        (, proof.timestamp, proof.appRoot, proof.batchRoot) = proof.lightClient.update(header);
    }

    /// @dev Proves every entry before any is applied: a fault of a proof fails the whole delivery.
    /// @return entries Where each entry stands in memory, BARE for one that is not applied.
    function _prove(Proof memory proof, uint256 cursor, uint256 end) private view returns (uint256[] memory entries) {
        uint256 count;
        uint256 total;
        (count, cursor) = Deliveries.number(cursor, end, 2);
        if (proof.kind == Deliveries.MERKLE_PATHS) (total, cursor) = Deliveries.number(cursor, end, 4);
        else if (proof.kind - 1 > 2) revert UnknownProofKind(uint8(proof.kind));
        entries = new uint256[](count);
        bytes32[] memory leaves = new bytes32[](proof.kind == Deliveries.WHOLE_BATCH ? count : 0);
        for (uint256 i; i < count; ++i) {
            bytes32 pathKey;
            bytes32 commitment;
            (entries[i], pathKey, commitment, cursor) = _read(proof, cursor, end);
            if (proof.kind == Deliveries.WHOLE_BATCH) leaves[i] = BatchRoot.leaf(pathKey, commitment);
            else if (entries[i] == Deliveries.BARE) revert MalformedDelivery(cursor);
            else if (proof.kind == Deliveries.MERKLE_PATHS) cursor = _provePath(proof, pathKey, commitment, uint32(total), cursor, end);
            else cursor = _proveState(proof, Deliveries.entryAt(entries[i]), commitment, cursor, end);
        }
        if (cursor != end) revert MalformedDelivery(cursor);
        if (proof.kind == Deliveries.WHOLE_BATCH) _match(proof.batchRoot, BatchRoot.compute(leaves));
        else if (count == 0) revert EmptyBatch();
    }

    /// @dev Reads an entry and computes what the other chain must have written for it.
    function _read(Proof memory proof, uint256 cursor, uint256 end)
        private
        view
        returns (uint256 ref, bytes32 pathKey, bytes32 commitment, uint256 next)
    {
        uint256 kind;
        (kind, cursor) = Deliveries.number(cursor, end, 1);
        if (kind == Deliveries.BARE) {
            (pathKey, commitment, next) = Deliveries.bare(cursor, end);
            return (Deliveries.BARE, pathKey, commitment, next);
        }
        Entry memory entry;
        (entry, next) = Deliveries.record(cursor, end);
        LaneRef lane = _laneOf(entry, proof.client);
        if (kind == Deliveries.PACKET) {
            if (lane.isOutbound()) revert WrongDirection(uint16(entry.laneNumber));
            pathKey = entry.pathKey;
            commitment = Commitments.packet(lane, entry.timeout, entry.value());
        } else if (kind == Deliveries.ACKNOWLEDGEMENT) {
            if (!lane.isOutbound()) revert WrongDirection(uint16(entry.laneNumber));
            next = entry.readAcknowledgement(next, end);
            pathKey = keccak256(lane.acknowledgementPath(entry.sequence));
            commitment = Commitments.acknowledgement(entry.acknowledgement());
        } else {
            revert MalformedDelivery(cursor);
        }
        ref = Deliveries.referenceOf(entry);
    }

    function _laneOf(Entry memory entry, uint256 client) private view returns (LaneRef lane) {
        lane = Lanes.load(entry.laneNumber);
        if (lane.client() != client) revert LaneOfOtherClient(uint16(entry.laneNumber), uint16(client));
        entry.lane = lane;
        entry.pathKey = keccak256(lane.commitmentPath(entry.sequence));
    }

    function _provePath(Proof memory proof, bytes32 pathKey, bytes32 commitment, uint32 total, uint256 cursor, uint256 end)
        private
        pure
        returns (uint256 next)
    {
        uint256 index;
        (index, cursor) = Deliveries.number(cursor, end, 4);
        bytes32 leaf = BatchRoot.leaf(pathKey, commitment);
        (bytes32 root, uint256 used) = BatchRoot.computeFromPath(leaf, uint32(index), total, Deliveries.slice(cursor, end - cursor));
        _match(proof.batchRoot, root);
        next = cursor + used;
    }

    function _proveState(Proof memory proof, Entry memory entry, bytes32 commitment, uint256 cursor, uint256 end)
        private
        view
        returns (uint256 next)
    {
        bytes calldata path;
        (path, next) = Deliveries.counted(cursor, end);
        bytes memory key =
            entry.ackLength == 0 ? entry.lane.commitmentPath(entry.sequence) : entry.lane.acknowledgementPath(entry.sequence);
        proof.lightClient.verifyMembership(proof.appRoot, key, abi.encodePacked(commitment), path);
    }

    function _match(bytes32 signed, bytes32 computed) private pure {
        if (computed != signed) revert BatchRootMismatch(signed, computed);
    }

    // ------------------------------------------------------------------------------------------------ deliver: apply

    function _receive(ClientRecord storage record, Entry memory entry) private {
        if (block.timestamp >= entry.timeout) revert TimeoutElapsed(uint64(entry.timeout), uint64(block.timestamp));
        bytes32 clientKey = entry.lane.clientKey();
        mapping(uint256 => uint256) storage receipts = RouterStorage.store().receipts[clientKey];
        uint256 word = receipts[entry.sequence >> 8];
        uint256 bit = 1 << (entry.sequence & 0xff);
        if (word & bit != 0) return;
        receipts[entry.sequence >> 8] = word | bit;

        bytes memory ack = _callApplication(entry);
        if (ack.length == 0) {
            address application = entry.lane.application();
            RouterStorage.store().pending[keccak256(abi.encode(clientKey, entry.sequence))] = application;
            emit AcknowledgementPending(clientKey, uint64(entry.sequence), application);
        } else {
            _append(record, clientKey, uint64(entry.sequence), ack);
        }
    }

    /// @dev Its gas follows from the packet alone, so that no relayer can make it fail.
    function _callApplication(Entry memory entry) private returns (bytes memory ack) {
        address application = entry.lane.application();
        uint256 limit = entry.lane.receiveGas();
        if (limit == 0) limit = IPacketApplication(application).receiveGas(entry.value());
        bytes memory call = abi.encodeCall(IPacketApplication.onPacketReceived, (_context(entry), entry.value()));
        Calls.requireGas(limit, RECEIVE_RESERVE_GAS);
        (bool success,, bytes memory returned) = LibCall.tryCall(application, 0, limit, uint16(MAX_VALUE_BYTES + 0x60), call);
        if (!success) {
            if (Calls.isInsufficientGas(returned)) Calls.bubble(returned);
            return abi.encodePacked(Commitments.ERROR_ACKNOWLEDGEMENT);
        }
        (success, ack) = Calls.decodeBytes(returned, MAX_VALUE_BYTES);
        if (!success || _isErrorAcknowledgement(ack)) revert InvalidAcknowledgement(returned.length);
    }

    function _append(ClientRecord storage record, bytes32 clientKey, uint64 sequence, bytes memory ack) private {
        uint256 n = record.acknowledgements;
        record.acknowledgements = uint56(n + 1);
        mapping(uint256 => bytes32) storage chain = RouterStorage.store().acknowledgementChain[clientKey];
        chain[n >> 8] = keccak256(abi.encodePacked(chain[n >> 8], sequence, Commitments.acknowledgementInMemory(ack)));
        emit AcknowledgementWritten(clientKey, sequence, uint64(n), ack);
    }

    function _acknowledge(Entry memory entry) private {
        if (!_takeCommitment(entry)) return;
        emit PacketAcknowledged(entry.lane.clientKey(), uint64(entry.sequence));
        address application = entry.lane.application();
        try IPacketApplication(application).onPacketAcknowledged(_context(entry), entry.value(), entry.acknowledgement()) {}
        catch (bytes memory reason) {
            _refuse(application, reason);
        }
    }

    // ------------------------------------------------------------------------------------------------ answer later

    /// @inheritdoc IRouter
    function writeAcknowledgement(bytes32 clientKey, uint64 sequence, bytes calldata acknowledgement) external {
        if (acknowledgement.length == 0 || acknowledgement.length > MAX_VALUE_BYTES || _isErrorAcknowledgement(acknowledgement)) {
            revert InvalidAcknowledgement(acknowledgement.length);
        }
        RouterStorage.Layout storage store = RouterStorage.store();
        bytes32 pendingKey = keccak256(abi.encode(clientKey, sequence));
        // It was stored with the receipt and goes with the acknowledgement: its presence shows both.
        if (store.pending[pendingKey] != msg.sender) revert NoPendingPacket(clientKey, sequence, msg.sender);
        delete store.pending[pendingKey];
        _append(store.clients[store.clientNumbers[clientKey]], clientKey, sequence, acknowledgement);
    }

    // ------------------------------------------------------------------------------------------------ time out

    /// @inheritdoc IRouter
    function timeoutPackets(bytes calldata delivery) external once {
        (uint256 cursor, uint256 end) = Deliveries.bounds(delivery);
        uint256 client;
        (client, cursor) = Deliveries.number(cursor, end, 2);
        Proof memory proof;
        (proof, cursor) = _update(_record(client), client, cursor, end);
        if (cursor == end) revert EmptyBatch();
        while (cursor != end) {
            Entry memory entry;
            (entry, cursor) = Deliveries.record(cursor, end);
            bytes calldata path;
            (path, cursor) = Deliveries.counted(cursor, end);
            if (!_laneOf(entry, client).isOutbound()) revert WrongDirection(uint16(entry.laneNumber));
            _timeOut(proof, entry, path);
        }
    }

    function _timeOut(Proof memory proof, Entry memory entry, bytes calldata path) private {
        if (proof.timestamp < entry.timeout) revert TimeoutNotReached(uint64(entry.timeout), proof.timestamp);
        if (!_takeCommitment(entry)) return;
        proof.lightClient.verifyNonMembership(proof.appRoot, entry.lane.receiptPath(entry.sequence), path);
        emit PacketTimedOut(entry.lane.clientKey(), uint64(entry.sequence));
        address application = entry.lane.application();
        try IPacketApplication(application).onPacketTimedOut(_context(entry), entry.value()) {}
        catch (bytes memory reason) {
            _refuse(application, reason);
        }
    }

    // ------------------------------------------------------------------------------------------------ inside

    /// @dev Deletes the commitment of a packet sent from here; false when there is none, which makes a repeat a no-op.
    function _takeCommitment(Entry memory entry) private returns (bool taken) {
        mapping(bytes32 => bytes32) storage commitments = RouterStorage.store().commitments;
        bytes32 stored = commitments[entry.pathKey];
        if (stored == 0) return false;
        bytes32 given = Commitments.packet(entry.lane, entry.timeout, entry.value());
        if (given != stored) revert CommitmentMismatch(entry.pathKey, stored, given);
        delete commitments[entry.pathKey];
        return true;
    }

    function _context(Entry memory entry) private pure returns (PacketContext memory) {
        return PacketContext({
            pathKey: entry.pathKey,
            clientKey: entry.lane.clientKey(),
            lane: uint16(entry.laneNumber),
            sequence: uint64(entry.sequence),
            timeout: uint64(entry.timeout)
        });
    }

    /// @dev Too little gas is told as it is, so that a relayer knows to send more.
    function _refuse(address application, bytes memory reason) private pure {
        if (Calls.isInsufficientGas(reason)) Calls.bubble(reason);
        revert ApplicationReverted(application, reason);
    }

    function _isErrorAcknowledgement(bytes memory ack) private pure returns (bool) {
        return ack.length == 32 && bytes32(ack) == Commitments.ERROR_ACKNOWLEDGEMENT;
    }
}
