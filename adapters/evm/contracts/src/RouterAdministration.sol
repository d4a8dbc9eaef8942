// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ILightClient} from "./interfaces/ILightClient.sol";
import {IPacketApplication} from "./interfaces/IPacketApplication.sol";
import {IRouter} from "./interfaces/IRouter.sol";
import {Identifiers} from "./libraries/Identifiers.sol";
import {Lanes} from "./libraries/Lanes.sol";
import {ClientRecord, RouterStorage} from "./libraries/RouterStorage.sol";

/// @title The router's clients, applications, lanes and pauses: who may be reached, and by whom.
/// @notice Nothing here moves a packet. What is registered stays, but for a client's light client, which waits out a delay.
abstract contract RouterAdministration is IRouter, AccessControl {
    bytes32 public constant CLIENT_ROLE = keccak256("CLIENT_ROLE");
    bytes32 public constant APPLICATION_ROLE = keccak256("APPLICATION_ROLE");
    bytes32 public constant LANE_ROLE = keccak256("LANE_ROLE");
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    /// @notice A pause ends by itself after this at the latest.
    uint64 public constant MAX_PAUSE_SECONDS = 7 days;

    /// @inheritdoc IRouter
    uint64 public immutable replacementDelay;

    constructor(address admin, uint64 replacementDelay_) {
        replacementDelay = replacementDelay_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(CLIENT_ROLE, admin);
        _grantRole(APPLICATION_ROLE, admin);
        _grantRole(LANE_ROLE, admin);
        _grantRole(PAUSER_ROLE, admin);
    }

    // ------------------------------------------------------------------------------------------------ clients

    /// @inheritdoc IRouter
    function addClient(string calldata clientId, string calldata counterpartyClientId, ILightClient lightClient)
        external
        onlyRole(CLIENT_ROLE)
        returns (uint16 client)
    {
        Identifiers.checkClient(clientId);
        Identifiers.checkCounterparty(counterpartyClientId);
        RouterStorage.Layout storage store = RouterStorage.store();
        bytes32 clientKey = keccak256(bytes(clientId));
        if (store.clientNumbers[clientKey] != 0) revert ClientExists(clientId);
        client = ++store.clientCount;
        store.clientNumbers[clientKey] = client;
        ClientRecord storage record = store.clients[client];
        record.clientKey = clientKey;
        record.clientId = clientId;
        record.counterpartyClientId = counterpartyClientId;
        _install(record, lightClient);
        emit ClientAdded(client, clientKey, clientId, counterpartyClientId, address(lightClient));
    }

    /// @inheritdoc IRouter
    function proposeClientReplacement(uint16 client, ILightClient lightClient) external onlyRole(CLIENT_ROLE) {
        ClientRecord storage record = _record(client);
        _checkLightClient(record, lightClient);
        record.replacement = lightClient;
        record.replaceableFrom = uint64(block.timestamp) + replacementDelay;
        emit ClientReplacementProposed(client, address(lightClient), record.replaceableFrom);
    }

    /// @inheritdoc IRouter
    function cancelClientReplacement(uint16 client) external {
        if (!hasRole(CLIENT_ROLE, msg.sender)) _checkRole(PAUSER_ROLE);
        ClientRecord storage record = _record(client);
        emit ClientReplacementCancelled(client, address(_takeProposal(record, client)));
    }

    /// @inheritdoc IRouter
    function replaceClient(uint16 client) external onlyRole(CLIENT_ROLE) {
        ClientRecord storage record = _record(client);
        uint64 from = record.replaceableFrom;
        ILightClient lightClient = _takeProposal(record, client);
        if (block.timestamp < from) revert ReplacementTooEarly(from);
        address former = address(record.lightClient);
        _install(record, lightClient);
        emit ClientReplaced(client, former, address(lightClient));
    }

    // ------------------------------------------------------------------------------------------------ applications and lanes

    /// @inheritdoc IRouter
    function registerApplication(string calldata port, address application, uint32 receiveGas)
        external
        onlyRole(APPLICATION_ROLE)
    {
        Identifiers.checkPort(port);
        RouterStorage.Layout storage store = RouterStorage.store();
        RouterStorage.Application storage record = store.applications[keccak256(bytes(port))];
        if (record.application != address(0)) revert PortTaken(port);
        _checkApplication(application);
        store.roleOf[application] = RouterStorage.Role.Application;
        record.application = application;
        record.receiveGas = receiveGas;
        emit ApplicationRegistered(port, application, receiveGas);
    }

    /// @inheritdoc IRouter
    function registerLane(
        Direction direction,
        uint16 client,
        string calldata sourcePort,
        string calldata destinationPort,
        string calldata version,
        string calldata encoding
    ) external onlyRole(LANE_ROLE) returns (uint16 number) {
        Lane memory lane;
        lane.direction = direction;
        lane.client = client;
        lane.sourcePort = sourcePort;
        lane.destinationPort = destinationPort;
        lane.version = version;
        lane.encoding = encoding;
        Identifiers.checkPort(sourcePort);
        Identifiers.checkPort(destinationPort);
        if (bytes(version).length == 0) revert InvalidIdentifier(version);
        if (bytes(encoding).length == 0) revert InvalidIdentifier(encoding);
        number = _writeLane(lane);
        emit LaneRegistered(number, client, direction, sourcePort, destinationPort);
        IPacketApplication(lane.application).onLaneRegistered(number, lane.clientKey, direction == Direction.Outbound);
    }

    // ------------------------------------------------------------------------------------------------ pauses

    /// @inheritdoc IRouter
    function pause(uint16 client, uint64 seconds_) external onlyRole(PAUSER_ROLE) {
        if (seconds_ > MAX_PAUSE_SECONDS) revert PauseTooLong(seconds_, MAX_PAUSE_SECONDS);
        uint40 until = uint40(block.timestamp + seconds_);
        _record(client).pausedUntil = until;
        emit Paused(client, until);
    }

    /// @inheritdoc IRouter
    function unpause(uint16 client) external onlyRole(PAUSER_ROLE) {
        _record(client).pausedUntil = 0;
        emit Unpaused(client);
    }

    // ------------------------------------------------------------------------------------------------ views

    /// @inheritdoc IRouter
    function clientCount() external view returns (uint16) {
        return RouterStorage.store().clientCount;
    }

    /// @inheritdoc IRouter
    function getClient(uint16 client) external view returns (Client memory) {
        ClientRecord storage record = _record(client);
        return Client({
            clientId: record.clientId,
            counterpartyClientId: record.counterpartyClientId,
            clientKey: record.clientKey,
            lightClient: record.lightClient,
            acknowledgements: record.acknowledgements,
            nextSequence: record.lastSequence + 1,
            pausedUntil: record.pausedUntil,
            replacement: record.replacement,
            replaceableFrom: record.replaceableFrom
        });
    }

    /// @inheritdoc IRouter
    function clientNumber(string calldata clientId) external view returns (uint16) {
        return RouterStorage.store().clientNumbers[keccak256(bytes(clientId))];
    }

    /// @inheritdoc IRouter
    function laneCount() external view returns (uint16) {
        return RouterStorage.store().laneCount;
    }

    /// @inheritdoc IRouter
    function getLane(uint16 lane) external view returns (Lane memory) {
        return Lanes.read(lane);
    }

    /// @inheritdoc IRouter
    function getApplication(string calldata port) external view returns (address application, uint32 receiveGas) {
        RouterStorage.Application storage record = RouterStorage.store().applications[keccak256(bytes(port))];
        return (record.application, record.receiveGas);
    }

    /// @inheritdoc IRouter
    function packetCommitment(bytes32 pathKey) external view returns (bytes32) {
        return RouterStorage.store().commitments[pathKey];
    }

    /// @inheritdoc IRouter
    function hasReceipt(bytes32 clientKey, uint64 sequence) external view returns (bool) {
        return RouterStorage.store().receipts[clientKey][sequence >> 8] & (1 << (sequence & 0xff)) != 0;
    }

    /// @inheritdoc IRouter
    function acknowledgementChain(bytes32 clientKey, uint256 window) external view returns (bytes32) {
        return RouterStorage.store().acknowledgementChain[clientKey][window];
    }

    /// @inheritdoc IRouter
    function pendingApplication(bytes32 clientKey, uint64 sequence) external view returns (address) {
        return RouterStorage.store().pending[keccak256(abi.encode(clientKey, sequence))];
    }

    // ------------------------------------------------------------------------------------------------ inside

    function _record(uint256 client) internal view returns (ClientRecord storage record) {
        record = RouterStorage.store().clients[client];
        if (address(record.lightClient) == address(0)) revert UnknownClient(uint16(client));
    }

    /// @dev Fills in what follows from the registrations, and writes the lane.
    function _writeLane(Lane memory lane) private returns (uint16 number) {
        RouterStorage.Layout storage store = RouterStorage.store();
        ClientRecord storage record = _record(lane.client);
        bool outbound = lane.direction == Direction.Outbound;
        string memory port = outbound ? lane.sourcePort : lane.destinationPort;
        RouterStorage.Application storage local = store.applications[keccak256(bytes(port))];
        if (local.application == address(0)) revert PortNotRegistered(port);
        if (!outbound && !IPacketApplication(local.application).acceptsSourcePort(lane.sourcePort)) {
            revert SourcePortRefused(lane.destinationPort, lane.sourcePort);
        }
        (lane.sourceClient, lane.destinationClient) = outbound
            ? (record.clientId, record.counterpartyClientId)
            : (record.counterpartyClientId, record.clientId);
        (lane.application, lane.receiveGas, lane.clientKey) = (local.application, local.receiveGas, record.clientKey);
        bytes32 laneKey = keccak256(abi.encode(lane));
        number = store.laneNumbers[laneKey];
        if (number != 0) revert LaneExists(number);
        number = ++store.laneCount;
        store.laneNumbers[laneKey] = number;
        Lanes.write(lane);
    }

    function _takeProposal(ClientRecord storage record, uint16 client) private returns (ILightClient lightClient) {
        lightClient = record.replacement;
        if (address(lightClient) == address(0)) revert NoReplacementProposed(client);
        record.replacement = ILightClient(address(0));
        record.replaceableFrom = 0;
    }

    function _install(ClientRecord storage record, ILightClient lightClient) private {
        _checkLightClient(record, lightClient);
        // A former light client keeps its role, so that it never becomes an application.
        RouterStorage.store().roleOf[address(lightClient)] = RouterStorage.Role.LightClient;
        record.lightClient = lightClient;
    }

    /// @dev It must be active, bound to the very identifiers, of the chain that the client follows, and neither the router nor an
    /// application.
    function _checkLightClient(ClientRecord storage record, ILightClient lightClient) private view {
        address candidate = address(lightClient);
        bool barred = candidate.code.length == 0 || candidate == address(this)
            || RouterStorage.store().roleOf[candidate] == RouterStorage.Role.Application;
        if (barred) revert NotALightClient(candidate);
        try lightClient.boundTo() returns (bytes32 clientKey, bytes32 counterpartyKey, bytes32 genesisHash) {
            bool same = clientKey == record.clientKey && counterpartyKey == keccak256(bytes(record.counterpartyClientId));
            if (!same) revert NotALightClient(candidate);
            _checkChain(record.lightClient, genesisHash);
        } catch {
            revert NotALightClient(candidate);
        }
        (ILightClient.Status status,,) = lightClient.latest();
        if (status != ILightClient.Status.Active) revert NotALightClient(candidate);
    }

    /// @dev Receipts and acknowledgements stay with the client: packets of another chain, which begin at sequence 1, would be taken
    /// for received, and be shown what was answered to the former one's.
    function _checkChain(ILightClient present, bytes32 genesisHash) private view {
        if (address(present) == address(0)) return;
        (,, bytes32 expected) = present.boundTo();
        if (genesisHash != expected) revert AnotherChain(expected, genesisHash);
    }

    /// @dev It must say itself that it belongs to this router: no other contract can be made a packet's target by mistake.
    function _checkApplication(address candidate) private view {
        bool barred = candidate.code.length == 0 || candidate == address(this)
            || RouterStorage.store().roleOf[candidate] == RouterStorage.Role.LightClient;
        if (barred) revert NotAnApplication(candidate);
        try IPacketApplication(candidate).packetRouter() returns (address router) {
            if (router != address(this)) revert NotAnApplication(candidate);
        } catch {
            revert NotAnApplication(candidate);
        }
    }
}
