// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RouterAdministration} from "./RouterAdministration.sol";
import {ILightClient} from "./interfaces/ILightClient.sol";
import {IPacketApplication} from "./interfaces/IPacketApplication.sol";
import {IRouter} from "./interfaces/IRouter.sol";
import {Applications} from "./libraries/Applications.sol";
import {BatchRoot} from "./libraries/BatchRoot.sol";
import {Calls} from "./libraries/Calls.sol";
import {Clients} from "./libraries/Clients.sol";
import {Commitments} from "./libraries/Commitments.sol";
import {Deliveries, EntryRef} from "./libraries/Deliveries.sol";
import {LaneRef, Lanes} from "./libraries/Lanes.sol";
import {ClientRecord, RouterStorage} from "./libraries/RouterStorage.sol";

/// @title The packet router of an EVM chain.
/// @notice A packet's life, in the order of this file: `sendPacket` here; `deliver` there, which receives it and writes its
/// acknowledgement; `deliver` here again, which acknowledges it, or `timeoutPackets`. Believed is only what a registered
/// light client has proven in the same transaction.
contract Router is RouterAdministration {
    /// @notice The longest time that a packet may be under way.
    uint256 public constant MAX_TIMEOUT_SECONDS = 24 hours;
    uint256 public constant MAX_VALUE_BYTES = 16384;

    /// @dev What a cold call, and writing an acknowledgement into a new window, can cost beyond the application's own gas.
    uint256 private constant RECEIVE_RESERVE_GAS = 60_000;

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
    /// @dev Needs no lock against re-entry: a receipt is set and a commitment deleted before an application is called, and every
    /// counter is read from storage after it.
    function deliver(bytes calldata delivery) external {
        (uint256 cursor, uint256 end) = Deliveries.bounds(delivery);
        uint256 client;
        uint256 kind;
        bytes calldata header;
        (client, cursor) = Deliveries.number(cursor, end, 2);
        (kind, cursor) = Deliveries.number(cursor, end, 1);
        (header, cursor) = Deliveries.counted(cursor, end);
        ClientRecord storage record = RouterStorage.store().clients[client];
        (ILightClient lightClient, uint256 pausedUntil) = (record.lightClient, record.pausedUntil);
        if (address(lightClient) == address(0)) revert UnknownClient(uint16(client));

        (, bytes32 appRoot, bytes32 batchRoot) = Clients.prove(lightClient, header);
        uint256[] memory entries;
        if (kind == Deliveries.WHOLE_BATCH) entries = _proveBatch(batchRoot, client, cursor, end);
        else if (kind == Deliveries.MERKLE_PATHS) entries = _proveByPaths(batchRoot, client, cursor, end);
        else if (kind == Deliveries.STATE_PROOFS) entries = _proveByState(lightClient, appRoot, client, cursor, end);
        else revert UnknownProofKind(uint8(kind));

        for (uint256 i; i < entries.length; ++i) {
            EntryRef entry = Deliveries.entryAt(entries, i);
            if (entry.isNone()) continue;
            if (entry.isAcknowledged()) {
                _acknowledge(entry);
            } else {
                if (block.timestamp < pausedUntil) revert ClientPaused(uint16(client), uint64(pausedUntil));
                _receive(record, entry);
            }
        }
    }

    /// @dev Proves a block's whole batch: its entries alone give its root.
    /// @return entries Where each entry stands in memory.
    function _proveBatch(bytes32 batchRoot, uint256 client, uint256 cursor, uint256 end)
        private
        view
        returns (uint256[] memory entries)
    {
        (entries, cursor) = _some(cursor, end);
        uint256 count = entries.length;
        if (count > BatchRoot.MAX_ENTRIES) revert BatchTooLarge(count);
        uint256[] memory leaves = Deliveries.list(count);
        for (uint256 i; i < count; ++i) {
            EntryRef entry;
            bytes32 pathKey;
            bytes32 commitment;
            (entry, pathKey, commitment, cursor) = _read(client, cursor, end);
            Deliveries.put(entries, i, EntryRef.unwrap(entry));
            Deliveries.put(leaves, i, uint256(BatchRoot.leaf(pathKey, commitment)));
        }
        if (cursor != end) revert MalformedDelivery(cursor);
        _match(batchRoot, BatchRoot.fold(leaves));
    }

    /// @dev Proves every entry by its path to the batch's root.
    function _proveByPaths(bytes32 batchRoot, uint256 client, uint256 cursor, uint256 end)
        private
        view
        returns (uint256[] memory entries)
    {
        uint256 total;
        (entries, cursor) = _some(cursor, end);
        (total, cursor) = Deliveries.number(cursor, end, 4);
        for (uint256 i; i < entries.length; ++i) {
            (EntryRef entry, bytes32 pathKey, bytes32 commitment, uint256 next) = _read(client, cursor, end);
            if (entry.isNone()) revert MalformedDelivery(cursor);
            Deliveries.put(entries, i, EntryRef.unwrap(entry));
            uint256 index;
            (index, cursor) = Deliveries.number(next, end, 4);
            (bytes32 root, uint256 used) = BatchRoot.climb(
                BatchRoot.leaf(pathKey, commitment), uint32(index), uint32(total), Deliveries.slice(cursor, end - cursor)
            );
            _match(batchRoot, root);
            cursor += used;
        }
        if (cursor != end) revert MalformedDelivery(cursor);
    }

    /// @dev Proves every entry against the other chain's state, for what was missed.
    function _proveByState(ILightClient lightClient, bytes32 appRoot, uint256 client, uint256 cursor, uint256 end)
        private
        view
        returns (uint256[] memory entries)
    {
        (entries, cursor) = _some(cursor, end);
        for (uint256 i; i < entries.length; ++i) {
            (EntryRef entry,, bytes32 commitment, uint256 next) = _read(client, cursor, end);
            if (entry.isNone()) revert MalformedDelivery(cursor);
            Deliveries.put(entries, i, EntryRef.unwrap(entry));
            bytes calldata proof;
            (proof, cursor) = Deliveries.counted(next, end);
            bytes memory path = entry.isAcknowledged()
                ? entry.lane().acknowledgementPath(entry.sequence())
                : entry.lane().commitmentPath(entry.sequence());
            lightClient.verifyMembership(appRoot, path, abi.encodePacked(commitment), proof);
        }
        if (cursor != end) revert MalformedDelivery(cursor);
    }

    /// @dev The list of so many entries as the number at the cursor says, at least one.
    function _some(uint256 cursor, uint256 end) private pure returns (uint256[] memory entries, uint256 next) {
        uint256 count;
        (count, next) = Deliveries.number(cursor, end, 2);
        if (count == 0) revert EmptyBatch();
        entries = Deliveries.list(count);
    }

    /// @dev Reads an entry and computes what the other chain must have written for it.
    function _read(uint256 client, uint256 cursor, uint256 end)
        private
        view
        returns (EntryRef entry, bytes32 pathKey, bytes32 commitment, uint256 next)
    {
        uint256 kind;
        (kind, next) = Deliveries.number(cursor, end, 1);
        if (kind == Deliveries.PACKET) {
            (entry, next) = Deliveries.record(next, end, client);
            if (entry.lane().isOutbound()) revert WrongDirection(entry.laneNumber());
            (pathKey, commitment) = (entry.pathKey(), Commitments.packet(entry.lane(), entry.timeout(), entry.value()));
        } else if (kind == Deliveries.ACKNOWLEDGEMENT) {
            (entry, next) = Deliveries.record(next, end, client);
            if (!entry.lane().isOutbound()) revert WrongDirection(entry.laneNumber());
            next = Deliveries.readAcknowledgement(entry, next, end);
            pathKey = entry.lane().acknowledgementPathKey(entry.sequence());
            commitment = Commitments.acknowledgement(entry.acknowledgement());
        } else if (kind == Deliveries.BARE) {
            (pathKey, commitment, next) = Deliveries.bare(next, end);
        } else {
            revert MalformedDelivery(cursor);
        }
    }

    function _match(bytes32 signed, bytes32 computed) private pure {
        if (computed != signed) revert BatchRootMismatch(signed, computed);
    }

    // ------------------------------------------------------------------------------------------------ deliver: apply

    function _receive(ClientRecord storage record, EntryRef entry) private {
        if (block.timestamp >= entry.timeout()) revert TimeoutElapsed(entry.timeout(), uint64(block.timestamp));
        mapping(uint256 => uint256) storage receipts = RouterStorage.store().receipts[entry.clientKey()];
        uint256 word = receipts[entry.sequence() >> 8];
        uint256 bit = 1 << (entry.sequence() & 0xff);
        if (word & bit != 0) return;
        receipts[entry.sequence() >> 8] = word | bit;

        address application = entry.lane().application();
        bytes memory ack = _callApplication(application, entry);
        if (ack.length == 0) {
            RouterStorage.store().pending[keccak256(abi.encode(entry.clientKey(), entry.sequence()))] = application;
            emit AcknowledgementPending(entry.clientKey(), entry.sequence(), application);
        } else {
            _append(record, entry.clientKey(), entry.sequence(), ack);
        }
    }

    /// @dev Its gas follows from the packet alone, so that no relayer can make it fail.
    function _callApplication(address application, EntryRef entry) private returns (bytes memory ack) {
        uint256 limit = entry.lane().receiveGas();
        if (limit == 0) limit = IPacketApplication(application).receiveGas(entry.value());
        (bool success, bytes memory returned) =
            Applications.receivePacket(application, entry, limit, RECEIVE_RESERVE_GAS, MAX_VALUE_BYTES + 0x60);
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
        chain[n >> 8] = Commitments.chained(chain[n >> 8], sequence, Commitments.acknowledgementInMemory(ack));
        emit AcknowledgementWritten(clientKey, sequence, uint64(n), ack);
    }

    function _acknowledge(EntryRef entry) private {
        if (!_takeCommitment(entry)) return;
        emit PacketAcknowledged(entry.clientKey(), entry.sequence());
        address application = entry.lane().application();
        try IPacketApplication(application).onPacketAcknowledged(entry.context(), entry.value(), entry.acknowledgement()) {}
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
        address application = store.pending[pendingKey];
        if (application == address(0) || application != msg.sender) revert NoPendingPacket(clientKey, sequence, msg.sender);
        delete store.pending[pendingKey];
        _append(store.clients[store.clientNumbers[clientKey]], clientKey, sequence, acknowledgement);
    }

    // ------------------------------------------------------------------------------------------------ time out

    /// @inheritdoc IRouter
    function timeoutPackets(bytes calldata delivery) external {
        (uint256 cursor, uint256 end) = Deliveries.bounds(delivery);
        uint256 client;
        bytes calldata header;
        (client, cursor) = Deliveries.number(cursor, end, 2);
        (header, cursor) = Deliveries.counted(cursor, end);
        ILightClient lightClient = _record(client).lightClient;
        (uint256 counterpartyTime, bytes32 appRoot,) = Clients.prove(lightClient, header);
        if (cursor == end) revert EmptyBatch();
        while (cursor != end) {
            EntryRef entry;
            (entry, cursor) = Deliveries.record(cursor, end, client);
            bytes calldata proof;
            (proof, cursor) = Deliveries.counted(cursor, end);
            if (!entry.lane().isOutbound()) revert WrongDirection(entry.laneNumber());
            if (counterpartyTime < entry.timeout()) revert TimeoutNotReached(entry.timeout(), uint64(counterpartyTime));
            _timeOut(lightClient, appRoot, entry, proof);
        }
    }

    function _timeOut(ILightClient lightClient, bytes32 appRoot, EntryRef entry, bytes calldata proof) private {
        if (!_takeCommitment(entry)) return;
        lightClient.verifyNonMembership(appRoot, entry.lane().receiptPath(entry.sequence()), proof);
        emit PacketTimedOut(entry.clientKey(), entry.sequence());
        address application = entry.lane().application();
        try IPacketApplication(application).onPacketTimedOut(entry.context(), entry.value()) {}
        catch (bytes memory reason) {
            _refuse(application, reason);
        }
    }

    // ------------------------------------------------------------------------------------------------ inside

    /// @dev Deletes the commitment of a packet sent from here; false when there is none, which makes a repeat a no-op.
    function _takeCommitment(EntryRef entry) private returns (bool taken) {
        mapping(bytes32 => bytes32) storage commitments = RouterStorage.store().commitments;
        bytes32 stored = commitments[entry.pathKey()];
        if (stored == 0) return false;
        bytes32 given = Commitments.packet(entry.lane(), entry.timeout(), entry.value());
        if (given != stored) revert CommitmentMismatch(entry.pathKey(), stored, given);
        delete commitments[entry.pathKey()];
        return true;
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
