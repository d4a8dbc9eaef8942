// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication, PacketContext} from "interchain/interfaces/IPacketApplication.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Vm} from "./support/Check.sol";
import {Fixture} from "./support/Fixture.sol";
import {Packet} from "./support/Hub.sol";

/// @notice An application that keeps what it was called with, to the byte, and answers with as many bytes as the value's first says.
contract Transcript {
    IRouter private immutable ROUTER;
    bytes[] public calls;

    constructor(IRouter router) {
        ROUTER = router;
    }

    fallback(bytes calldata data) external returns (bytes memory) {
        if (msg.sig == IPacketApplication.packetRouter.selector) return abi.encode(ROUTER);
        if (msg.sig == IPacketApplication.acceptsSourcePort.selector) return abi.encode(true);
        if (msg.sig == IPacketApplication.onLaneRegistered.selector) return "";
        if (msg.sig == IPacketApplication.receiveGas.selector) {
            // What is not as Solidity encodes it gets no gas, and its packet fails.
            bytes memory encoded = abi.encodeCall(IPacketApplication.receiveGas, (abi.decode(data[4:], (bytes))));
            return abi.encode(keccak256(data) == keccak256(encoded) ? 3_000_000 : 0);
        }
        calls.push(data);
        return abi.encode(new bytes(uint8(data[0xe4])));
    }
}

/// @title The router encodes its calls to applications and its events by hand, into memory that earlier packets of the delivery have
/// used. Strict decoders refuse what is not padded with zeros.
contract RouterCalldataTest is Fixture {
    uint16 private constant OUT = 5;
    uint16 private constant IN = 6;
    uint256[6] private _sizes = [uint256(1000), 1, 33, 32, 200, 31];
    Transcript private _transcript;

    function setUp() public override {
        super.setUp();
        _transcript = new Transcript(router);
        vm.startPrank(admin);
        router.registerApplication("transcript", address(_transcript), 0);
        router.registerLane(IRouter.Direction.Outbound, 1, "transcript", "transcript", "null-1", "application/octet-stream");
        router.registerLane(IRouter.Direction.Inbound, 1, "transcript", "transcript", "null-1", "application/octet-stream");
        vm.stopPrank();
    }

    function test_whatAnApplicationReceivesIsEncodedToTheByte() public {
        bytes[] memory entries = new bytes[](_sizes.length);
        bytes32[] memory leaves = new bytes32[](_sizes.length);
        bytes[] memory expected = new bytes[](_sizes.length);
        for (uint256 i; i < _sizes.length; ++i) {
            Packet memory p = _at(inbound("null", uint64(i + 1), inAnHour(), _filled(_sizes[i])));
            (entries[i], leaves[i]) = (packetEntry(IN, p), packetLeaf(p));
            PacketContext memory context = PacketContext(keccak256(commitmentPath(THERE, p.sequence)), CLIENT_KEY, IN, p.sequence, p.timeout);
            expected[i] = abi.encodeCall(IPacketApplication.onPacketReceived, (context, p.value));
        }
        bytes memory call = batch(entries, leaves);
        vm.recordLogs();
        deliver(call);
        _called(expected, 0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        same(logs.length, _sizes.length, "all are taken");
        for (uint64 i; i < logs.length; ++i) {
            same(logs[i].topics[0], IRouter.AcknowledgementWritten.selector, "event");
            bytes memory written = abi.encodePacked(i, i + 1, new bytes(_sizes[i] & 0xff));
            same(logs[i].data, abi.encode(written), "told to the byte");
        }
    }

    function test_whatAnApplicationIsToldOfItsPacketsIsEncodedToTheByte() public {
        bytes[] memory entries = new bytes[](_sizes.length);
        bytes32[] memory leaves = new bytes32[](_sizes.length);
        bytes[] memory expected = new bytes[](_sizes.length);
        for (uint256 i; i < _sizes.length; ++i) {
            Packet memory p = _send(_sizes[i]);
            bytes memory ack = _filled(_sizes[_sizes.length - 1 - i]);
            (entries[i], leaves[i]) = (ackEntry(OUT, p, ack), ackLeaf(p, ack));
            expected[i] = abi.encodeCall(IPacketApplication.onPacketAcknowledged, (_sent(p), p.value, ack));
        }
        deliver(batch(entries, leaves));
        _called(expected, 0);

        Packet[] memory packets = new Packet[](_sizes.length);
        for (uint256 i; i < _sizes.length; ++i) {
            packets[i] = _send(_sizes[i]);
            expected[i] = abi.encodeCall(IPacketApplication.onPacketTimedOut, (_sent(packets[i]), packets[i].value));
        }
        vm.warp(packets[0].timeout);
        tree.set("anything", "x");
        bytes memory header = signed(checkpoint(tree.root(), 0));
        bytes memory call = abi.encodePacked(uint16(1), uint16(header.length), header);
        for (uint256 i; i < packets.length; ++i) {
            bytes memory proof = tree.prove(receiptPath(THERE, packets[i].sequence));
            call = bytes.concat(call, record(OUT, packets[i]), abi.encodePacked(uint16(proof.length), proof));
        }
        timeoutPackets(call);
        _called(expected, _sizes.length);
    }

    function _called(bytes[] memory expected, uint256 from) private view {
        for (uint256 i; i < expected.length; ++i) {
            same(_transcript.calls(from + i), expected[i], vm.toString(i));
        }
    }

    function _sent(Packet memory p) private pure returns (PacketContext memory) {
        return PacketContext(keccak256(commitmentPath(HERE, p.sequence)), CLIENT_KEY, OUT, p.sequence, p.timeout);
    }

    function _send(uint256 size) private returns (Packet memory p) {
        bytes memory value = _filled(size);
        vm.prank(address(_transcript));
        (uint64 sequence,) = router.sendPacket(OUT, inAnHour(), value);
        return _at(outbound("null", sequence, inAnHour(), value));
    }

    function _at(Packet memory p) private pure returns (Packet memory) {
        (p.sourcePort, p.destinationPort) = ("transcript", "transcript");
        return p;
    }

    /// @dev Its first byte is the size's last, for the transcript to answer with; no other is zero.
    function _filled(uint256 size) private pure returns (bytes memory value) {
        value = new bytes(size);
        for (uint256 i; i < size; ++i) {
            value[i] = i == 0 ? bytes1(uint8(size)) : bytes1(0xff);
        }
    }
}
