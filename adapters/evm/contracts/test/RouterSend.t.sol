// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Packet} from "./support/Hub.sol";
import {ProbeFixture} from "./support/ProbeFixture.sol";

/// @title Sending: each test breaks one rule of a packet that would be sent.
contract RouterSendTest is ProbeFixture {
    function test_aPacketIsSent() public {
        uint64 timeout = inAnHour();
        Packet memory p = outbound("null", 1, timeout, "hello");
        bytes32 pathKey = keccak256(commitmentPath(HERE, 1));
        vm.expectEmit();
        emit IRouter.PacketSent(CLIENT_KEY, 1, NULL_OUT, timeout, pathKey, "hello");
        (uint64 sequence, bytes32 key) = nothing.send(NULL_OUT, timeout, "hello");
        same(sequence, 1, "sequence");
        same(key, pathKey, "path key");
        same(stored(p), packetCommitment(p), "commitment");
        same(router.getClient(1).nextSequence, 2, "next sequence");
    }

    function test_sequencesCountPerClient() public {
        for (uint64 i = 1; i <= 3; ++i) {
            (uint64 sequence,) = nothing.send(NULL_OUT, inAnHour(), "a");
            same(sequence, 2 * i - 1, "null");
            (sequence,) = probe.send(PROBE_OUT, inAnHour(), "a");
            same(sequence, 2 * i, "probe");
        }
    }

    function test_aStrangerCannotSend() public {
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotTheApplication.selector, NULL_OUT, address(this)));
        router.sendPacket(NULL_OUT, inAnHour(), "hello");
    }

    function test_aStrangerCannotSendOnPortService() public {
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotTheApplication.selector, SERVICE_OUT, address(this)));
        router.sendPacket(SERVICE_OUT, inAnHour(), "hello");
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotTheApplication.selector, SERVICE_OUT, address(nothing)));
        nothing.send(SERVICE_OUT, inAnHour(), "hello");
    }

    function test_noLaneIsUnknown() public {
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownLane.selector, 0));
        nothing.send(0, inAnHour(), "hello");
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownLane.selector, 7));
        nothing.send(7, inAnHour(), "hello");
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownLane.selector, 65535));
        nothing.send(65535, inAnHour(), "hello");
    }

    function test_anInboundLaneDoesNotSend() public {
        vm.expectRevert(abi.encodeWithSelector(IRouter.WrongDirection.selector, NULL_IN));
        nothing.send(NULL_IN, inAnHour(), "hello");
    }

    function test_bothSidesOfTheTimeout() public {
        uint64 now_ = uint64(block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(IRouter.TimeoutElapsed.selector, now_, now_));
        nothing.send(NULL_OUT, now_, "hello");
        nothing.send(NULL_OUT, now_ + 1, "hello");
        nothing.send(NULL_OUT, now_ + 24 hours, "hello");
        vm.expectRevert(abi.encodeWithSelector(IRouter.TimeoutTooFar.selector, now_ + 24 hours + 1, now_ + 24 hours));
        nothing.send(NULL_OUT, now_ + 24 hours + 1, "hello");
        vm.expectPartialRevert(IRouter.TimeoutTooFar.selector);
        nothing.send(NULL_OUT, type(uint64).max, "hello");
    }

    function test_theTimeoutLiesAfterTheCounterpartysTime() public {
        vm.warp(block.timestamp + 10);
        client.updateClient(signed(checkpoint(APP_ROOT, 0)));
        uint64 theirs = uint64(block.timestamp);
        vm.warp(block.timestamp - 10);
        vm.expectRevert(abi.encodeWithSelector(IRouter.TimeoutNotAfterCounterparty.selector, theirs, theirs));
        nothing.send(NULL_OUT, theirs, "hello");
        nothing.send(NULL_OUT, theirs + 1, "hello");
    }

    function test_bothSidesOfTheValuesSize() public {
        vm.expectRevert(abi.encodeWithSelector(IRouter.ValueSize.selector, 0));
        nothing.send(NULL_OUT, inAnHour(), "");
        send(inAnHour(), "a");
        Packet memory p = send(inAnHour(), new bytes(16384));
        same(stored(p), packetCommitment(p), "commitment");
        vm.expectRevert(abi.encodeWithSelector(IRouter.ValueSize.selector, 16385));
        nothing.send(NULL_OUT, inAnHour(), new bytes(16385));
    }

    function test_anExpiredClientSendsNothing() public {
        (,, uint64 timestamp) = client.latest();
        vm.warp(timestamp + TRUSTING_PERIOD - 1);
        nothing.send(NULL_OUT, inAnHour(), "hello");
        vm.warp(timestamp + TRUSTING_PERIOD);
        vm.expectRevert(abi.encodeWithSelector(IRouter.ClientNotActive.selector, 1, ILightClient.Status.Expired));
        nothing.send(NULL_OUT, inAnHour(), "hello");
    }

    function test_aPausedClientSendsNothing() public {
        vm.prank(admin);
        router.pause(1, 1 hours);
        uint64 until = uint64(block.timestamp) + 1 hours;
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(IRouter.ClientPaused.selector, 1, until));
        nothing.send(NULL_OUT, inAnHour(), "hello");
        vm.warp(until);
        nothing.send(NULL_OUT, inAnHour(), "hello");
    }

    /// @dev Commitments are those of the specification, whatever the value, timeout and number of packets before.
    function testFuzz_commitments(bytes calldata value, uint64 ahead, uint8 before) public {
        vm.assume(value.length > 0 && value.length <= 16384);
        for (uint256 i; i < before % 4; ++i) {
            nothing.send(NULL_OUT, inAnHour(), "x");
        }
        Packet memory p = send(uint64(block.timestamp + 1 + ahead % 24 hours), value);
        same(stored(p), packetCommitment(p), "commitment");
    }
}
