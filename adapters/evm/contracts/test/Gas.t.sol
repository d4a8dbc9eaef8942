// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Packet} from "./support/Hub.sol";
import {Fixture} from "./support/Fixture.sol";

/// @title What a transaction costs in all: its intrinsic gas and calldata, the checkpoint's verification, delivery to an
/// application that does nothing, and the acknowledgement written. The second of three alike, 100-byte values, equal powers.
/// @dev Each call runs as a transaction of its own (`isolate`), so that every slot is cold again. The figures go to
/// adapters/evm/contracts/snapshots/evm.json, which is committed.
/// forge-config: default.isolate = true
contract GasTest is Fixture {
    bytes private constant VALUE =
        hex"4bd3a1f60b9c6e85d2047f31c8ae9952e7d06a4b8f13c5297dbe40a6f8813e5cd94a2b7cc1f05e8d3694ab27ee10f5c84bd3a1f60b9c6e85d2047f31c8ae9952e7d06a4b8f13c5297dbe40a6f8813e5cd94a2b7cc1f05e8d3694ab27ee10f5c8aa55aa55";
    uint64 private _sequence;

    function test_receive_single_1of1() public {
        build(1, 1);
        _receive("evm.recv.single.1of1.gas", 1);
    }

    function test_receive_single_4of5() public {
        _receive("evm.recv.single.4of5.gas", 1);
    }

    function test_receive_single_13of19() public {
        build(19, 13);
        _receive("evm.recv.single.13of19.gas", 1);
    }

    function test_receive_batch10_4of5() public {
        _receive("evm.recv.batch10.4of5.gas_per_packet", 10);
    }

    function test_receive_batch10_13of19() public {
        build(19, 13);
        _receive("evm.recv.batch10.13of19.gas_per_packet", 10);
    }

    function test_send() public {
        for (uint256 round; round < 3; ++round) {
            nothing.send(NULL_OUT, inAnHour(), VALUE);
            if (round == 1) _note("evm.send.gas", vm.lastCallGas().gasTotalUsed);
            vm.warp(block.timestamp + 2);
        }
    }

    function test_acknowledge_batch10() public {
        for (uint256 round; round < 3; ++round) {
            bytes[] memory entries = new bytes[](10);
            bytes32[] memory leaves = new bytes32[](10);
            for (uint256 i; i < 10; ++i) {
                Packet memory p = send(inAnHour(), VALUE);
                (entries[i], leaves[i]) = (ackEntry(NULL_OUT, p, hex"01"), ackLeaf(p, hex"01"));
            }
            deliver(batch(entries, leaves));
            if (round == 1) _note("evm.ack.batch10.gas_per_packet", vm.lastCallGas().gasTotalUsed / 10);
            vm.warp(block.timestamp + 2);
        }
    }

    /// @dev The hub's state holds a thousand other keys.
    function test_timeout() public {
        for (uint256 i; i < 1000; ++i) {
            tree.set(abi.encodePacked("key", i), "value");
        }
        for (uint256 round; round < 3; ++round) {
            Packet memory p = send(inAnHour(), VALUE);
            vm.warp(p.timeout + 2);
            timeoutPackets(timeoutDelivery(NULL_OUT, p));
            if (round == 1) _note("evm.timeout.gas", vm.lastCallGas().gasTotalUsed);
        }
    }

    function _receive(string memory figure, uint256 packets) private {
        for (uint256 round; round < 3; ++round) {
            bytes[] memory entries = new bytes[](packets);
            bytes32[] memory leaves = new bytes32[](packets);
            for (uint256 i; i < packets; ++i) {
                Packet memory p = inbound("null", ++_sequence, inAnHour(), VALUE);
                (entries[i], leaves[i]) = (packetEntry(NULL_IN, p), packetLeaf(p));
            }
            deliver(batch(entries, leaves));
            if (round == 1) _note(figure, vm.lastCallGas().gasTotalUsed / packets);
            vm.warp(block.timestamp + 2);
        }
    }

    function _note(string memory figure, uint256 gas) private {
        vm.snapshotValue("evm", figure, gas);
    }
}
