// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication, PacketContext} from "interchain/interfaces/IPacketApplication.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";

/// @notice An application that does nothing: what is left is the cost of the protocol. Anyone may send through it, so it is for
/// benchmarks only.
contract NullApplication is IPacketApplication {
    IRouter private immutable ROUTER;

    constructor(IRouter router) {
        ROUTER = router;
    }

    modifier onlyRouter() {
        if (msg.sender != address(ROUTER)) revert OnlyRouter(msg.sender);
        _;
    }

    function send(uint16 lane, uint64 timeout, bytes calldata value) external returns (uint64 sequence, bytes32 pathKey) {
        return ROUTER.sendPacket(lane, timeout, value);
    }

    function onPacketReceived(PacketContext calldata, bytes calldata) external view onlyRouter returns (bytes memory) {
        return hex"01";
    }

    function onPacketAcknowledged(PacketContext calldata, bytes calldata, bytes calldata) external view onlyRouter {}

    function onPacketTimedOut(PacketContext calldata, bytes calldata) external view onlyRouter {}

    function onLaneRegistered(uint16, bytes32, bool) external view onlyRouter {}

    function receiveGas(bytes calldata) external pure returns (uint256) {
        return 50_000;
    }

    function acceptsSourcePort(string calldata) external pure returns (bool) {
        return true;
    }

    function packetRouter() external view returns (address) {
        return address(ROUTER);
    }
}
