// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "./ILightClient.sol";

/// @title The packet router of an EVM chain (IBC v2; docs/protocol.md, sections 1, 5, 6 and 9).
/// @notice Not upgradeable. Relaying is open to anyone, because everything is proven. A repeat is a no-op, not a failure.
interface IRouter {
    /// @notice Which way packets go on a lane, seen from this chain.
    enum Direction {
        Outbound,
        Inbound
    }

    /// @notice A registered route (docs/protocol.md, section 1).
    struct Lane {
        Direction direction;
        string sourceClient;
        string destinationClient;
        string sourcePort;
        string destinationPort;
        string version;
        string encoding;
        /// The application on this chain's port.
        address application;
        /// Gas of `onPacketReceived`; 0 asks the application for each packet.
        uint32 receiveGas;
        /// This chain's client.
        uint16 client;
        bytes32 clientKey;
    }

    /// @notice A client and its counters.
    struct Client {
        string clientId;
        string counterpartyClientId;
        bytes32 clientKey;
        ILightClient lightClient;
        /// How many acknowledgements were appended to the client's chain.
        uint64 acknowledgements;
        /// The sequence of the next packet to be sent.
        uint64 nextSequence;
        /// Unix seconds until which sending and receiving are paused; 0 or past when they are not.
        uint64 pausedUntil;
        /// The light client that is to take over, and when it may (Unix seconds); zero when none was proposed.
        ILightClient replacement;
        uint64 replaceableFrom;
    }

    // ------------------------------------------------------------------------------------------------ events

    /// @notice A packet was sent; relay it to the lane's destination.
    event PacketSent(
        bytes32 indexed clientKey, uint64 indexed sequence, uint16 lane, uint64 timeout, bytes32 pathKey, bytes value
    );
    /// @notice A packet was received whose application will answer later.
    event AcknowledgementPending(bytes32 indexed clientKey, uint64 sequence, address application);
    /// @notice An acknowledgement was appended to the client's chain.
    /// @param entry `n u64 ‖ sequence u64 ‖ acknowledgement`: the n-th of the chain, counted from 0, and the packet's number. In
    /// one, because two words more would cost 550 gas a packet.
    event AcknowledgementWritten(bytes32 indexed clientKey, bytes entry);
    /// @notice A sent packet was acknowledged and its commitment deleted.
    event PacketAcknowledged(bytes32 indexed clientKey, uint64 sequence);
    /// @notice A sent packet timed out and its commitment was deleted.
    event PacketTimedOut(bytes32 indexed clientKey, uint64 sequence);
    /// @notice The application of a sent packet reverted as it was told of its acknowledgement or timeout. Nothing of the packet
    /// changed: its commitment stands, and anyone may settle it later.
    /// @param reason The first 256 bytes of what it reverted with; empty also where it used up its gas.
    event ApplicationRefused(bytes32 indexed clientKey, uint64 sequence, bytes reason);

    event ClientAdded(
        uint16 indexed client, bytes32 indexed clientKey, string clientId, string counterpartyClientId, address lightClient
    );
    event ClientReplacementProposed(uint16 indexed client, address lightClient, uint64 replaceableFrom);
    event ClientReplacementCancelled(uint16 indexed client, address lightClient);
    event ClientReplaced(uint16 indexed client, address former, address lightClient);
    event ApplicationRegistered(string port, address application, uint32 receiveGas);
    event LaneRegistered(uint16 indexed lane, uint16 indexed client, Direction direction, string sourcePort, string destinationPort);
    /// @notice Sending and receiving over the client are paused until then; acknowledgements and timeouts never are.
    event Paused(uint16 indexed client, uint64 until);
    event Unpaused(uint16 indexed client);

    // ------------------------------------------------------------------------------------------------ errors

    /// @notice An identifier of a client or port is not of the allowed form.
    error InvalidIdentifier(string identifier);
    error ClientExists(string clientId);
    error UnknownClient(uint16 client);
    error PortTaken(string port);
    error PortNotRegistered(string port);
    error LaneExists(uint16 lane);
    error UnknownLane(uint16 lane);
    /// @notice The lane goes the other way.
    error WrongDirection(uint16 lane);
    /// @notice The lane belongs to another client than the delivery.
    error LaneOfOtherClient(uint16 lane, uint16 client);
    /// @notice The application on the destination port does not accept packets from this source port.
    error SourcePortRefused(string destinationPort, string sourcePort);
    /// @notice No packet may ever reach this address: it is the router, a client, without code, or not an application of this router.
    error NotAnApplication(address candidate);
    /// @notice The address is not a light client bound to these identifiers, or is not active.
    error NotALightClient(address candidate);
    /// @notice The client follows the chain of genesis `expected`; another one gets a client of its own.
    error AnotherChain(bytes32 expected, bytes32 given);
    error NoReplacementProposed(uint16 client);
    error ReplacementTooEarly(uint64 replaceableFrom);
    error PauseTooLong(uint64 seconds_, uint64 longest);
    /// @notice The client is paused: nothing is sent or received over it until then.
    error ClientPaused(uint16 client, uint64 until);

    /// @notice Only the application of the lane's port may send on it.
    error NotTheApplication(uint16 lane, address caller);
    /// @notice The light client is frozen or expired: nothing is sent over it.
    error ClientNotActive(uint16 client, ILightClient.Status status);
    error TimeoutElapsed(uint64 timeout, uint64 now_);
    error TimeoutTooFar(uint64 timeout, uint64 latest);
    /// @notice The other chain's proven time is past the timeout already.
    error TimeoutNotAfterCounterparty(uint64 timeout, uint64 counterpartyTime);
    /// @notice A value has 1 to 16384 bytes.
    error ValueSize(uint256 size);

    /// @notice The delivery's bytes are malformed from this offset on.
    error MalformedDelivery(uint256 offset);
    /// @notice The kind of proof is unknown.
    error UnknownProofKind(uint8 kind);
    /// @notice An empty batch proves nothing.
    error EmptyBatch();
    /// @notice The entry does not lead to the batch root that the checkpoint names.
    error BatchRootMismatch(bytes32 signed, bytes32 computed);
    /// @notice The index is not below the count of the batch's entries.
    error IndexOutOfBounds(uint32 index, uint32 count);
    /// @notice More entries than a batch may have (256).
    error BatchTooLarge(uint256 count);
    /// @notice The commitment of the packet given is not the one that was stored when it was sent.
    error CommitmentMismatch(bytes32 pathKey, bytes32 stored, bytes32 given);
    /// @notice The other chain's proven time is before the packet's timeout.
    error TimeoutNotReached(uint64 timeout, uint64 counterpartyTime);
    /// @notice The transaction brings too little gas to give the callee what it is due. Nothing was done; send more.
    error InsufficientGas(uint256 needed, uint256 available);
    /// @notice Only the router itself may call.
    error OnlyItself(address caller);
    /// @notice The application reverted, or answered with what is no acknowledgement. It fails only its own packet.
    error ApplicationFailed();
    /// @notice Nothing in the delivery took effect, for an application reverted as it was told what became of its packet.
    /// @param reason The first 256 bytes of what it reverted with.
    error ApplicationReverted(address application, bytes reason);
    /// @notice An acknowledgement has 1 to 16384 bytes and is never the error acknowledgement.
    error InvalidAcknowledgement(uint256 size);
    /// @notice The packet is not waiting for an acknowledgement of this caller.
    error NoPendingPacket(bytes32 clientKey, uint64 sequence, address caller);

    // ------------------------------------------------------------------------------------------------ packets

    /// @notice Sends a packet. Only the application registered on the lane's source port may call.
    /// @param lane An outbound lane.
    /// @param timeout Unix seconds; after now, at most a day ahead, and after the other chain's newest proven time.
    /// @param value 1 to 16384 bytes.
    /// @return sequence The packet's number, from 1, per client.
    /// @return pathKey keccak256 of its commitment path.
    function sendPacket(uint16 lane, uint64 timeout, bytes calldata value)
        external
        returns (uint64 sequence, bytes32 pathKey);

    /// @notice Receives packets and acknowledgements of one block of the other chain, or of several under one later state.
    /// @dev The delivery stands behind the selector as it is, without ABI encoding: see README.md, "deliver".
    function deliverProven() external;

    /// @notice Times out packets that were not received, each proven by the absence of its receipt.
    /// @dev The delivery stands behind the selector as it is, without ABI encoding: see README.md, "timeoutPackets".
    function timeoutPackets() external;

    /// @notice Calls an application in a frame of its own, whose writes are dropped where its answer is no acknowledgement.
    /// Only the router calls it.
    function passPacket() external;

    /// @notice Answers a packet later. Only the application that received it may call, once.
    function writeAcknowledgement(bytes32 clientKey, uint64 sequence, bytes calldata acknowledgement) external;

    // ------------------------------------------------------------------------------------------------ administration

    /// @notice Registers a light client and its counterparty under an identifier, once and for ever. CLIENT_ROLE.
    /// @return client Its number, from 1, which deliveries name.
    function addClient(string calldata clientId, string calldata counterpartyClientId, ILightClient lightClient)
        external
        returns (uint16 client);

    /// @notice Proposes another light client of the same chain under the same identifier; it can take over after
    /// `replacementDelay`. CLIENT_ROLE.
    function proposeClientReplacement(uint16 client, ILightClient lightClient) external;

    /// @notice Withdraws a proposal. CLIENT_ROLE or PAUSER_ROLE.
    function cancelClientReplacement(uint16 client) external;

    /// @notice Lets the proposed light client take over. CLIENT_ROLE, after the delay.
    function replaceClient(uint16 client) external;

    /// @notice Registers the application of a port, once and for ever. APPLICATION_ROLE.
    /// @param receiveGas The gas that `onPacketReceived` gets; 0 to ask the application for each packet.
    function registerApplication(string calldata port, address application, uint32 receiveGas) external;

    /// @notice Registers a lane over a client. The local port must have its application. LANE_ROLE.
    /// @return lane Its number, from 1.
    function registerLane(
        Direction direction,
        uint16 client,
        string calldata sourcePort,
        string calldata destinationPort,
        string calldata version,
        string calldata encoding
    ) external returns (uint16 lane);

    /// @notice Pauses sending and receiving over a client, for at most `MAX_PAUSE_SECONDS`; it ends by itself. PAUSER_ROLE.
    function pause(uint16 client, uint64 seconds_) external;

    /// @notice Ends a pause early. PAUSER_ROLE.
    function unpause(uint16 client) external;

    // ------------------------------------------------------------------------------------------------ views

    /// @notice How long a replacement waits, in seconds; fixed at construction.
    function replacementDelay() external view returns (uint64);
    function clientCount() external view returns (uint16);
    /// @notice A client by its number.
    function getClient(uint16 client) external view returns (Client memory);
    /// @notice A client's number by its identifier; 0 when there is none.
    function clientNumber(string calldata clientId) external view returns (uint16);
    function laneCount() external view returns (uint16);
    function getLane(uint16 lane) external view returns (Lane memory);
    /// @notice The application on a port and its receive gas; zeros when there is none.
    function getApplication(string calldata port) external view returns (address application, uint32 receiveGas);
    /// @notice The commitment of a packet sent and not yet acknowledged or timed out; zero otherwise.
    function packetCommitment(bytes32 pathKey) external view returns (bytes32);
    /// @notice Whether a packet was received.
    function hasReceipt(bytes32 clientKey, uint64 sequence) external view returns (bool);
    /// @notice The acknowledgement chain's hash of a window of 256.
    function acknowledgementChain(bytes32 clientKey, uint256 window) external view returns (bytes32);
    /// @notice The application that will answer a received packet later; zero when none will.
    function pendingApplication(bytes32 clientKey, uint64 sequence) external view returns (address);
}
