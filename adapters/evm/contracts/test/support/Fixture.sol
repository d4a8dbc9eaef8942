// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {NullApplication} from "examples/NullApplication.sol";
import {Checkpoint, Hub, Packet} from "./Hub.sol";
import {Tree} from "./Tree.sol";

/// @title A chain with a router, a client of the hub, an application that does nothing on port `null`, and the gateway.
/// @notice Lanes: 1 null out, 2 null in, 3 service out, 4 service in. Client 1: `quorum-0` here, `attested-0` at the hub.
abstract contract Fixture is Hub {
    string internal constant CHAIN = "interchain-1";
    string internal constant HERE = "quorum-0";
    string internal constant THERE = "attested-0";
    bytes32 internal constant GENESIS = keccak256("genesis");
    bytes32 internal constant CLIENT_KEY = keccak256(bytes(HERE));
    bytes32 internal constant APP_ROOT = keccak256("some state");
    string internal constant SERVICE_ENCODING = "application/x-interchain-service";
    uint64 internal constant START = 1_760_000_000;
    uint64 internal constant TRUSTING_PERIOD = 14 days;
    uint64 internal constant MAX_CLOCK_DRIFT = 15;
    uint64 internal constant REPLACEMENT_DELAY = 2 days;
    uint16 internal constant NULL_OUT = 1;
    uint16 internal constant NULL_IN = 2;
    uint16 internal constant SERVICE_OUT = 3;
    uint16 internal constant SERVICE_IN = 4;

    address internal admin = address(0xAD);
    IRouter internal router;
    IQuorumClient internal client;
    IServiceGateway internal gateway;
    NullApplication internal nothing;
    Tree internal tree;

    uint256[] internal keys;
    uint256 internal quorum;
    bytes internal validatorSet;
    uint64 internal epoch = 1;
    uint64 internal height = 100;

    function setUp() public virtual {
        build(5, 4);
    }

    /// @notice Builds it all with n validators of equal power, of which m sign.
    function build(uint256 n, uint256 m) internal {
        vm.warp(START);
        keys = keysOf(n, 1);
        quorum = m;
        validatorSet = setOf(keys, epoch);
        tree = new Tree();
        router = IRouter(deploy("Router", abi.encode(admin, REPLACEMENT_DELAY)));
        client = newClient(trust());
        nothing = NullApplication(deploy("NullApplication", abi.encode(router)));
        gateway = IServiceGateway(deploy("ServiceGateway", abi.encode(router)));
        vm.startPrank(admin);
        router.addClient(HERE, THERE, client);
        router.registerApplication("null", address(nothing), 50_000);
        router.registerApplication("service", address(gateway), 0);
        router.registerLane(IRouter.Direction.Outbound, 1, "null", "null", "null-1", "application/octet-stream");
        router.registerLane(IRouter.Direction.Inbound, 1, "null", "null", "null-1", "application/octet-stream");
        router.registerLane(IRouter.Direction.Outbound, 1, "service", "service", "service-1", SERVICE_ENCODING);
        router.registerLane(IRouter.Direction.Inbound, 1, "service", "service", "service-1", SERVICE_ENCODING);
        vm.stopPrank();
    }

    function newClient(IQuorumClient.Trust memory trust_) internal returns (IQuorumClient) {
        return IQuorumClient(deploy("QuorumClient", abi.encode(trust_)));
    }

    function trust() internal view returns (IQuorumClient.Trust memory) {
        return IQuorumClient.Trust({
            chain: CHAIN,
            genesisHash: GENESIS,
            sourceClient: THERE,
            destinationClient: HERE,
            height: 1,
            timestamp: START - 100,
            trustingPeriod: TRUSTING_PERIOD,
            maxClockDrift: MAX_CLOCK_DRIFT,
            validatorSet: validatorSet,
            acceptSingleOperator: keys.length == 1
        });
    }

    // ------------------------------------------------------------------------------------------------ checkpoints

    /// @notice The next block's checkpoint for this chain; its time is this chain's.
    function checkpoint(bytes32 appRoot, bytes32 batchRoot) internal returns (Checkpoint memory c) {
        ++height;
        c.domainSeparator = evmDomain(block.chainid, address(client));
        c.chain = CHAIN;
        c.genesisHash = GENESIS;
        c.sourceClient = THERE;
        c.destinationClient = HERE;
        c.epoch = epoch;
        c.height = height;
        c.timestamp = uint64(block.timestamp);
        c.blockHash = keccak256(abi.encode("block", height));
        c.appRoot = appRoot;
        c.batchRoot = batchRoot;
        c.nextSetHash = keccak256(validatorSet);
    }

    function signed(Checkpoint memory c) internal view returns (bytes memory) {
        return headerOf(c, keccak256(validatorSet), signBy(keys, quorum, digestOf(c)));
    }

    // ------------------------------------------------------------------------------------------------ entries

    /// @notice A packet of the hub to this chain.
    function inbound(string memory port, uint64 sequence, uint64 timeout, bytes memory value)
        internal
        pure
        returns (Packet memory p)
    {
        p = _packet(port, sequence, timeout, value);
        (p.sourceClient, p.destinationClient) = (THERE, HERE);
    }

    /// @notice A packet of this chain to the hub.
    function outbound(string memory port, uint64 sequence, uint64 timeout, bytes memory value)
        internal
        pure
        returns (Packet memory p)
    {
        p = _packet(port, sequence, timeout, value);
        (p.sourceClient, p.destinationClient) = (HERE, THERE);
    }

    function _packet(string memory port, uint64 sequence, uint64 timeout, bytes memory value)
        private
        pure
        returns (Packet memory p)
    {
        bool isNull = keccak256(bytes(port)) == keccak256("null");
        p.sequence = sequence;
        p.timeout = timeout;
        (p.sourcePort, p.destinationPort) = (port, port);
        p.version = isNull ? "null-1" : "service-1";
        p.encoding = isNull ? "application/octet-stream" : SERVICE_ENCODING;
        p.value = value;
    }

    function record(uint16 lane, Packet memory p) internal pure returns (bytes memory) {
        return abi.encodePacked(lane, p.sequence, p.timeout, uint16(p.value.length), p.value);
    }

    function packetEntry(uint16 lane, Packet memory p) internal pure returns (bytes memory) {
        return bytes.concat(hex"01", record(lane, p));
    }

    function ackEntry(uint16 lane, Packet memory p, bytes memory ack) internal pure returns (bytes memory) {
        return bytes.concat(hex"02", record(lane, p), abi.encodePacked(uint16(ack.length), ack));
    }

    function bareEntry(bytes memory path, bytes32 commitment) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(0), keccak256(path), commitment);
    }

    function packetLeaf(Packet memory p) internal pure returns (bytes32) {
        return leafOf(commitmentPath(p.sourceClient, p.sequence), packetCommitment(p));
    }

    function ackLeaf(Packet memory p, bytes memory ack) internal pure returns (bytes32) {
        return leafOf(acknowledgementPath(p.destinationClient, p.sequence), ackCommitment(ack));
    }

    // ------------------------------------------------------------------------------------------------ deliveries

    /// @param header The whole header; a whole batch's travels without its root.
    /// @param body `entries u16 ‖ entries`.
    function delivery(uint8 kind, bytes memory header, bytes memory body) internal pure returns (bytes memory) {
        bytes memory sent = kind == 1 ? behind(header, 32) : header;
        return abi.encodePacked(uint16(1), kind, bytes2(body), uint16(sent.length), sent, behind(body, 2));
    }

    /// @notice The bytes behind the first so many.
    function behind(bytes memory data, uint256 length) internal pure returns (bytes memory rest) {
        if (data.length <= length) return rest;
        rest = new bytes(data.length - length);
        for (uint256 i; i < rest.length; ++i) {
            rest[i] = data[length + i];
        }
    }

    /// @notice The router's function with a delivery behind its selector.
    function deliverCall(bytes memory delivery_) internal pure returns (bytes memory) {
        return bytes.concat(IRouter.deliverProven.selector, delivery_);
    }

    function timeoutCall(bytes memory delivery_) internal pure returns (bytes memory) {
        return bytes.concat(IRouter.timeoutPackets.selector, delivery_);
    }

    function deliver(bytes memory delivery_) internal {
        deliverWith(gasleft(), delivery_);
    }

    function deliverWith(uint256 gas_, bytes memory delivery_) internal {
        _call(gas_, deliverCall(delivery_));
    }

    function timeoutPackets(bytes memory delivery_) internal {
        _call(gasleft(), timeoutCall(delivery_));
    }

    function _call(uint256 gas_, bytes memory call_) private {
        (bool done, bytes memory reason) = address(router).call{gas: gas_}(call_);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function list(bytes memory entry) internal pure returns (bytes[] memory entries) {
        entries = new bytes[](1);
        entries[0] = entry;
    }

    function list(bytes32 leaf) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](1);
        leaves[0] = leaf;
    }

    function concat(bytes[] memory parts) internal pure returns (bytes memory whole) {
        for (uint256 i; i < parts.length; ++i) {
            whole = bytes.concat(whole, parts[i]);
        }
    }

    /// @notice A whole batch under the next checkpoint.
    function batch(bytes[] memory entries, bytes32[] memory leaves) internal returns (bytes memory) {
        bytes memory header = signed(checkpoint(APP_ROOT, rootOf(leaves)));
        return delivery(1, header, bytes.concat(abi.encodePacked(uint16(entries.length)), concat(entries)));
    }

    /// @notice A batch of one packet.
    function single(uint16 lane, Packet memory p) internal returns (bytes memory) {
        return batch(list(packetEntry(lane, p)), list(packetLeaf(p)));
    }

    /// @notice A batch of one acknowledgement.
    function singleAck(uint16 lane, Packet memory p, bytes memory ack) internal returns (bytes memory) {
        return batch(list(ackEntry(lane, p, ack)), list(ackLeaf(p, ack)));
    }

    /// @notice The timeout of a packet sent from here, under the hub's present state.
    function timeoutDelivery(uint16 lane, Packet memory p) internal returns (bytes memory) {
        bytes memory header = signed(checkpoint(tree.root(), 0));
        bytes memory proof = tree.prove(receiptPath(p.destinationClient, p.sequence));
        return abi.encodePacked(
            uint16(1), uint16(header.length), header, record(lane, p), uint16(proof.length), proof
        );
    }

    /// @notice Sends a packet on the null lane, and gives it back with all its strings.
    function send(uint64 timeout, bytes memory value) internal returns (Packet memory p) {
        (uint64 sequence,) = nothing.send(NULL_OUT, timeout, value);
        return outbound("null", sequence, timeout, value);
    }

    function stored(Packet memory p) internal view returns (bytes32) {
        return router.packetCommitment(keccak256(commitmentPath(p.sourceClient, p.sequence)));
    }

    function inAnHour() internal view returns (uint64) {
        return uint64(block.timestamp) + 1 hours;
    }
}
