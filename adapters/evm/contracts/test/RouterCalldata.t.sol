// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication, PacketContext} from "interchain/interfaces/IPacketApplication.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Fixture} from "./support/Fixture.sol";
import {Packet} from "./support/Hub.sol";

/// @notice An application that takes no call but one that is, to the byte, what Solidity would encode.
contract StrictApplication {
    error NotAsEncoded(bytes given);

    IRouter private immutable ROUTER;
    uint256 public told;

    constructor(IRouter router) {
        ROUTER = router;
    }

    fallback(bytes calldata data) external returns (bytes memory) {
        if (msg.sig == IPacketApplication.packetRouter.selector) return abi.encode(ROUTER);
        if (msg.sig == IPacketApplication.acceptsSourcePort.selector) return abi.encode(true);
        if (msg.sig == IPacketApplication.onLaneRegistered.selector) return "";
        bytes memory encoded = _encoded(data[4:]);
        if (keccak256(data) != keccak256(encoded)) revert NotAsEncoded(data);
        if (msg.sig == IPacketApplication.receiveGas.selector) return abi.encode(1_000_000);
        ++told;
        return abi.encode(bytes("taken"));
    }

    function _encoded(bytes calldata arguments) private pure returns (bytes memory) {
        if (msg.sig == IPacketApplication.receiveGas.selector) {
            return abi.encodeCall(IPacketApplication.receiveGas, (abi.decode(arguments, (bytes))));
        }
        if (msg.sig == IPacketApplication.onPacketAcknowledged.selector) {
            (PacketContext memory sent, bytes memory value_, bytes memory ack) = abi.decode(arguments, (PacketContext, bytes, bytes));
            return abi.encodeCall(IPacketApplication.onPacketAcknowledged, (sent, value_, ack));
        }
        (PacketContext memory context, bytes memory value) = abi.decode(arguments, (PacketContext, bytes));
        if (msg.sig == IPacketApplication.onPacketTimedOut.selector) {
            return abi.encodeCall(IPacketApplication.onPacketTimedOut, (context, value));
        }
        return abi.encodeCall(IPacketApplication.onPacketReceived, (context, value));
    }
}

/// @title The router encodes its calls to applications by hand, into memory that earlier packets of the delivery have used.
contract RouterCalldataTest is Fixture {
    uint16 private constant STRICT_OUT = 5;
    uint16 private constant STRICT_IN = 6;
    uint256[6] private _sizes = [uint256(1000), 1, 33, 32, 500, 31];
    StrictApplication private _strict;

    function setUp() public override {
        super.setUp();
        _strict = new StrictApplication(router);
        vm.startPrank(admin);
        router.registerApplication("strict", address(_strict), 0);
        router.registerLane(IRouter.Direction.Outbound, 1, "strict", "strict", "null-1", "application/octet-stream");
        router.registerLane(IRouter.Direction.Inbound, 1, "strict", "strict", "null-1", "application/octet-stream");
        vm.stopPrank();
    }

    function test_whatAnApplicationReceivesIsEncodedToTheByte() public {
        bytes[] memory entries = new bytes[](_sizes.length);
        bytes32[] memory leaves = new bytes32[](_sizes.length);
        bytes32 chain;
        for (uint256 i; i < _sizes.length; ++i) {
            Packet memory p = _at(inbound("null", uint64(i + 1), inAnHour(), _filled(_sizes[i])));
            (entries[i], leaves[i]) = (packetEntry(STRICT_IN, p), packetLeaf(p));
            chain = keccak256(abi.encodePacked(chain, p.sequence, ackCommitment("taken")));
        }
        deliver(batch(entries, leaves));
        same(_strict.told(), _sizes.length, "all of them");
        same(router.acknowledgementChain(CLIENT_KEY, 0), chain, "all are taken");
    }

    function test_whatAnApplicationIsToldOfItsPacketsIsEncodedToTheByte() public {
        bytes[] memory entries = new bytes[](_sizes.length);
        bytes32[] memory leaves = new bytes32[](_sizes.length);
        for (uint256 i; i < _sizes.length; ++i) {
            Packet memory p = _send(_sizes[i]);
            bytes memory ack = _filled(_sizes[_sizes.length - 1 - i]);
            (entries[i], leaves[i]) = (ackEntry(STRICT_OUT, p, ack), ackLeaf(p, ack));
        }
        deliver(batch(entries, leaves));
        same(_strict.told(), _sizes.length, "all are acknowledged");

        Packet[] memory packets = new Packet[](_sizes.length);
        for (uint256 i; i < _sizes.length; ++i) {
            packets[i] = _send(_sizes[i]);
        }
        vm.warp(packets[0].timeout);
        tree.set("anything", "x");
        bytes memory header = signed(checkpoint(tree.root(), 0));
        bytes memory call = abi.encodePacked(uint16(1), uint16(header.length), header);
        for (uint256 i; i < packets.length; ++i) {
            bytes memory proof = tree.prove(receiptPath(THERE, packets[i].sequence));
            call = bytes.concat(call, record(STRICT_OUT, packets[i]), abi.encodePacked(uint16(proof.length), proof));
        }
        timeoutPackets(call);
        same(_strict.told(), 2 * _sizes.length, "all are timed out");
    }

    function _send(uint256 size) private returns (Packet memory p) {
        bytes memory value = _filled(size);
        vm.prank(address(_strict));
        (uint64 sequence,) = router.sendPacket(STRICT_OUT, inAnHour(), value);
        return _at(outbound("null", sequence, inAnHour(), value));
    }

    function _at(Packet memory p) private pure returns (Packet memory) {
        (p.sourcePort, p.destinationPort) = ("strict", "strict");
        return p;
    }

    function _filled(uint256 size) private pure returns (bytes memory value) {
        value = new bytes(size);
        for (uint256 i; i < size; ++i) {
            value[i] = 0xff;
        }
    }
}
