// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What an application is told of a packet.
struct PacketContext {
    /// keccak256 of the packet's commitment path (source client and sequence).
    bytes32 pathKey;
    /// keccak256 of this chain's client identifier.
    bytes32 clientKey;
    /// This chain's lane.
    uint16 lane;
    /// The source chain's number of the packet.
    uint64 sequence;
    /// Unix seconds from which on the packet can no longer be received.
    uint64 timeout;
}

/// @title An application on a port of the router.
/// @notice Every function that changes anything must refuse any caller but the router.
interface IPacketApplication {
    /// @notice Only the router may call.
    error OnlyRouter(address caller);

    /// @notice A packet for this port, proven. A revert drops all that was written and answers with the error acknowledgement;
    /// so does an answer that is no acknowledgement. It gets the gas that it asked for, whoever delivers.
    /// @return acknowledgement 1 to 16384 bytes; empty to answer later through `IRouter.writeAcknowledgement`.
    function onPacketReceived(PacketContext calldata context, bytes calldata value)
        external
        returns (bytes memory acknowledgement);

    /// @notice A packet sent from this port was acknowledged, proven. It gets 5,000,000 gas at most. A revert leaves the packet
    /// unsettled, until someone brings the acknowledgement again; with less gas than that it refuses the whole delivery.
    function onPacketAcknowledged(PacketContext calldata context, bytes calldata value, bytes calldata acknowledgement)
        external;

    /// @notice A packet sent from this port timed out, proven. Its gas and a revert are as for an acknowledgement.
    function onPacketTimedOut(PacketContext calldata context, bytes calldata value) external;

    /// @notice The gas that `onPacketReceived` gets for this value, no more and no less. Asked only of applications that
    /// were registered with `receiveGas` 0. It must depend on nothing but the value, take at most 100,000 gas and answer with no
    /// more than a block has; else the packet fails.
    function receiveGas(bytes calldata value) external view returns (uint256);

    /// @notice A lane of this application's port was registered.
    /// @param outbound Whether packets are sent on it, else received.
    function onLaneRegistered(uint16 lane, bytes32 clientKey, bool outbound) external;

    /// @notice Whether packets from this port of another chain are accepted. Asked when a lane is registered.
    function acceptsSourcePort(string calldata sourcePort) external view returns (bool);

    /// @notice The router that this application belongs to; the router refuses an application of another.
    function packetRouter() external view returns (address);
}
