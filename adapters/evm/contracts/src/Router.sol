// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RouterAdministration} from "./RouterAdministration.sol";
import {ILightClient} from "./interfaces/ILightClient.sol";
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
        pathKey = lane.commitmentPathKey(sequence);
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
    /// counter is read from storage after it. A commitment comes back only where the call that followed was reverted, and with it
    /// all that was done within.
    function deliverProven() external {
        (uint256 cursor, uint256 end) = Deliveries.bounds();
        uint256 client;
        uint256 kind;
        bytes calldata header;
        uint256 count;
        (client, kind, count, header, cursor) = Deliveries.open(cursor, end);
        ClientRecord storage record = RouterStorage.store().clients[client];
        (ILightClient lightClient, uint256 pausedUntil) = (record.lightClient, record.pausedUntil);
        if (address(lightClient) == address(0)) revert UnknownClient(uint16(client));

        if (count == 0) revert EmptyBatch();
        uint256[] memory entries = Deliveries.list(count);
        if (kind == Deliveries.WHOLE_BATCH) {
            bytes32 batchRoot = _readBatch(entries, client, cursor, end);
            Clients.proveBatch(lightClient, batchRoot, header);
        } else {
            _prove(lightClient, kind, header, entries, client, cursor, end);
        }
        _apply(record, pausedUntil, client, entries);
    }

    /// @dev Proves single entries.
    function _prove(
        ILightClient lightClient,
        uint256 kind,
        bytes calldata header,
        uint256[] memory entries,
        uint256 client,
        uint256 cursor,
        uint256 end
    ) private {
        (, bytes32 appRoot, bytes32 batchRoot) = Clients.prove(lightClient, header);
        if (kind == Deliveries.MERKLE_PATHS) _proveByPaths(batchRoot, entries, client, cursor, end);
        else if (kind == Deliveries.STATE_PROOFS) _proveByState(lightClient, appRoot, entries, client, cursor, end);
        else revert UnknownProofKind(uint8(kind));
    }

    /// @dev Reads a block's whole batch: its entries alone give its root, which the light client must find signed.
    /// @param entries Takes where each entry stands in memory.
    function _readBatch(uint256[] memory entries, uint256 client, uint256 cursor, uint256 end)
        private
        view
        returns (bytes32 batchRoot)
    {
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
        batchRoot = BatchRoot.fold(leaves);
    }

    /// @dev Proves every entry by its path to the batch's root.
    function _proveByPaths(bytes32 batchRoot, uint256[] memory entries, uint256 client, uint256 cursor, uint256 end)
        private
        view
    {
        uint256 total;
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
            if (root != batchRoot) revert BatchRootMismatch(batchRoot, root);
            cursor += used;
        }
        if (cursor != end) revert MalformedDelivery(cursor);
    }

    /// @dev Proves every entry against the other chain's state, for what was missed.
    function _proveByState(
        ILightClient lightClient,
        bytes32 appRoot,
        uint256[] memory entries,
        uint256 client,
        uint256 cursor,
        uint256 end
    ) private view {
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

    /// @dev Reads an entry and computes what the other chain must have written for it.
    function _read(uint256 client, uint256 cursor, uint256 end)
        private
        view
        returns (EntryRef entry, bytes32 pathKey, bytes32 commitment, uint256 next)
    {
        uint256 kind = Deliveries.word(cursor) >> 248;
        unchecked {
            // Where nothing is left, the kind is that of a bare entry, and what must follow it is missing.
            next = cursor + 1;
        }
        if (kind == Deliveries.PACKET) {
            (entry, next) = Deliveries.record(next, end, client);
            if (entry.lane().isOutbound()) revert WrongDirection(uint16(entry.laneNumber()));
            (pathKey, commitment) = (entry.pathKey(), Commitments.packet(entry.lane(), entry.timeout(), entry.value()));
        } else if (kind == Deliveries.ACKNOWLEDGEMENT) {
            (entry, next) = Deliveries.record(next, end, client);
            if (!entry.lane().isOutbound()) revert WrongDirection(uint16(entry.laneNumber()));
            next = Deliveries.readAcknowledgement(entry, next, end);
            pathKey = entry.lane().acknowledgementPathKey(entry.sequence());
            commitment = Commitments.acknowledgement(entry.acknowledgement());
        } else if (kind == Deliveries.BARE) {
            (pathKey, commitment, next) = Deliveries.bare(next, end);
        } else {
            revert MalformedDelivery(cursor);
        }
    }

    // ------------------------------------------------------------------------------------------------ deliver: apply

    /// @dev A packet that is too late is left out, for a relayer cannot know when its transaction is mined, and those beside it
    /// must not fail for that; no more must they for an application that fails. A delivery in which nothing takes effect for
    /// that refuses it by name.
    function _apply(ClientRecord storage record, uint256 pausedUntil, uint256 client, uint256[] memory entries) private {
        uint256 elapsed;
        bool changed;
        bytes memory refusal;
        for (uint256 i; i < entries.length; ++i) {
            EntryRef entry = Deliveries.entryAt(entries, i);
            if (entry.isNone()) continue;
            if (entry.isAcknowledged()) {
                bool settled;
                (settled, refusal) = _settle(entry, _takeCommitment(entry), refusal);
                if (settled) changed = true;
                continue;
            }
            if (block.timestamp < pausedUntil) revert ClientPaused(uint16(client), uint64(pausedUntil));
            if (block.timestamp >= entry.timeout()) elapsed = entry.timeout();
            else if (_receive(record, entry)) changed = true;
        }
        if (!changed) _refuse(elapsed, refusal);
    }

    /// @dev What ends a delivery in which nothing took effect; nothing where all was a repeat.
    function _refuse(uint256 elapsed, bytes memory refusal) private view {
        if (elapsed != 0) revert TimeoutElapsed(uint64(elapsed), uint64(block.timestamp));
        if (refusal.length != 0) Calls.bubble(refusal);
    }

    function _receive(ClientRecord storage record, EntryRef entry) private returns (bool received) {
        mapping(uint256 => uint256) storage receipts = entry.lane().receipts();
        uint256 sequence = entry.sequence();
        uint256 word = receipts[sequence >> 8];
        uint256 bit = 1 << (sequence & 0xff);
        if (word & bit != 0) return false;
        receipts[sequence >> 8] = word | bit;

        (bool success, bytes memory ack) = Applications.receivePacket(entry);
        if (!success) {
            ack = abi.encodePacked(Commitments.ERROR_ACKNOWLEDGEMENT);
        } else if (ack.length == 0) {
            address application = entry.lane().application();
            RouterStorage.store().pending[keccak256(abi.encode(entry.clientKey(), sequence))] = application;
            emit AcknowledgementPending(entry.clientKey(), uint64(sequence), application);
            return true;
        }
        _append(record, entry.lane().acknowledgementChain(), entry.clientKey(), sequence, ack);
        return true;
    }

    /// @inheritdoc IRouter
    function passPacket() external {
        if (msg.sender != address(this)) revert OnlyItself(msg.sender);
        Applications.forward();
    }

    function _append(
        ClientRecord storage record,
        mapping(uint256 => bytes32) storage chain,
        bytes32 clientKey,
        uint256 sequence,
        bytes memory ack
    ) private {
        uint256 n = record.acknowledgements;
        unchecked {
            // 2^56 acknowledgements would take longer than this chain will live.
            record.acknowledgements = uint56(n + 1);
        }
        chain[n >> 8] = Commitments.chained(chain[n >> 8], sequence, Commitments.acknowledgementInMemory(ack));
        Applications.logAcknowledgement(clientKey, n, sequence, ack);
    }

    // ------------------------------------------------------------------------------------------------ answer later

    /// @inheritdoc IRouter
    function writeAcknowledgement(bytes32 clientKey, uint64 sequence, bytes calldata acknowledgement) external {
        if (acknowledgement.length == 0 || acknowledgement.length > MAX_VALUE_BYTES || Commitments.isError(acknowledgement)) {
            revert InvalidAcknowledgement(acknowledgement.length);
        }
        RouterStorage.Layout storage store = RouterStorage.store();
        bytes32 pendingKey = keccak256(abi.encode(clientKey, sequence));
        // It was stored with the receipt and goes with the acknowledgement: its presence shows both.
        address application = store.pending[pendingKey];
        if (application == address(0) || application != msg.sender) revert NoPendingPacket(clientKey, sequence, msg.sender);
        delete store.pending[pendingKey];
        ClientRecord storage record = store.clients[store.clientNumbers[clientKey]];
        _append(record, store.acknowledgementChain[clientKey], clientKey, sequence, acknowledgement);
    }

    // ------------------------------------------------------------------------------------------------ time out

    /// @inheritdoc IRouter
    function timeoutPackets() external {
        (uint256 cursor, uint256 end) = Deliveries.bounds();
        uint256 client;
        bytes calldata header;
        (client, cursor) = Deliveries.number(cursor, end, 2);
        (header, cursor) = Deliveries.counted(cursor, end);
        ILightClient lightClient = _record(client).lightClient;
        (uint256 counterpartyTime, bytes32 appRoot,) = Clients.prove(lightClient, header);
        if (cursor == end) revert EmptyBatch();
        bool changed;
        bytes memory refusal;
        while (cursor != end) {
            EntryRef entry;
            (entry, cursor) = Deliveries.record(cursor, end, client);
            bytes calldata proof;
            (proof, cursor) = Deliveries.counted(cursor, end);
            if (!entry.lane().isOutbound()) revert WrongDirection(uint16(entry.laneNumber()));
            if (counterpartyTime < entry.timeout()) revert TimeoutNotReached(uint64(entry.timeout()), uint64(counterpartyTime));
            bytes32 taken = _takeCommitment(entry);
            if (taken == 0) continue;
            lightClient.verifyNonMembership(appRoot, entry.lane().receiptPath(entry.sequence()), proof);
            bool settled;
            (settled, refusal) = _settle(entry, taken, refusal);
            if (settled) changed = true;
        }
        if (!changed) _refuse(0, refusal);
    }

    // ------------------------------------------------------------------------------------------------ inside

    /// @dev Deletes the commitment of a packet sent from here; zero when there is none, which makes a repeat a no-op.
    function _takeCommitment(EntryRef entry) private returns (bytes32 taken) {
        mapping(bytes32 => bytes32) storage commitments = RouterStorage.store().commitments;
        taken = commitments[entry.pathKey()];
        if (taken == 0) return 0;
        bytes32 given = Commitments.packet(entry.lane(), entry.timeout(), entry.value());
        if (given != taken) revert CommitmentMismatch(entry.pathKey(), taken, given);
        delete commitments[entry.pathKey()];
    }

    /// @dev Tells the application what became of its packet. Where it fails, the packet is as it was before: its commitment
    /// stands again, for anyone to settle it later.
    /// @param taken The packet's commitment, deleted; zero makes this a no-op.
    /// @param refusal What was refused before.
    /// @return settled Whether the packet is settled.
    /// @return refusal_ What the whole delivery reverts with should nothing in it take effect.
    function _settle(EntryRef entry, bytes32 taken, bytes memory refusal)
        private
        returns (bool settled, bytes memory refusal_)
    {
        if (taken == 0) return (false, refusal);
        (bytes32 clientKey, uint64 sequence) = (entry.clientKey(), uint64(entry.sequence()));
        bytes memory reason;
        (settled, reason) = Applications.settlePacket(entry);
        if (settled) {
            if (entry.isAcknowledged()) emit PacketAcknowledged(clientKey, sequence);
            else emit PacketTimedOut(clientKey, sequence);
            return (true, refusal);
        }
        RouterStorage.store().commitments[entry.pathKey()] = taken;
        emit ApplicationRefused(clientKey, sequence, reason);
        refusal_ = abi.encodeWithSelector(ApplicationReverted.selector, entry.lane().application(), reason);
    }
}
