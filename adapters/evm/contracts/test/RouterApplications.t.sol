// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Packet} from "./support/Hub.sol";
import {ProbeApplication} from "./support/ProbeApplication.sol";
import {ProbeFixture} from "./support/ProbeFixture.sol";

/// @title Applications that receive: what they answer, now or later, how they fail, and the gas that they get.
contract RouterApplicationsTest is ProbeFixture {
    // ------------------------------------------------------------------------------------------------ applications

    function test_aFailingApplicationFailsOnlyItsOwnPacket() public {
        probe.set(ProbeApplication.Mode.Revert);
        bytes[] memory entries = new bytes[](2);
        bytes32[] memory leaves = new bytes32[](2);
        (Packet memory a, Packet memory b) = (toProbe(1, "a"), inbound("null", 2, inAnHour(), "b"));
        (entries[0], leaves[0]) = (packetEntry(PROBE_IN, a), packetLeaf(a));
        (entries[1], leaves[1]) = (packetEntry(NULL_IN, b), packetLeaf(b));
        deliver(batch(entries, leaves));
        same(probe.received(), 0, "its writes are dropped");
        so(router.hasReceipt(CLIENT_KEY, 1), "receipt");
        appended(1, abi.encodePacked(ERROR_ACK));
        same(router.acknowledgementChain(CLIENT_KEY, 0), appended(2, hex"01"), "chain");
    }

    function test_aBurningApplicationFailsOnlyItsOwnPacket() public {
        probe.set(ProbeApplication.Mode.Burn);
        deliver(single(PROBE_IN, toProbe(1, "a")));
        same(router.acknowledgementChain(CLIENT_KEY, 0), appended(1, abi.encodePacked(ERROR_ACK)), "error acknowledgement");
    }

    /// @dev It had all the gas that it asked for: what it says of it is its own fault, and costs no other packet.
    function test_anApplicationThatSaysItHasTooLittleGasFailsOnlyItsOwnPacket() public {
        probe.set(ProbeApplication.Mode.RevertWithInsufficientGas);
        _failsAlone(1);
    }

    /// @dev What is no acknowledgement is the failure of its packet: the application's writes are dropped, as if it had reverted.
    function test_aBrokenAnswerFailsOnlyItsOwnPacket() public {
        ProbeApplication.Mode[5] memory modes = [
            ProbeApplication.Mode.Malformed,
            ProbeApplication.Mode.Huge,
            ProbeApplication.Mode.AnswerError,
            ProbeApplication.Mode.Bomb,
            ProbeApplication.Mode.RevertBomb
        ];
        for (uint64 i; i < modes.length; ++i) {
            probe.set(modes[i]);
            _failsAlone(2 * i + 1);
        }
        probe.set(ProbeApplication.Mode.Answer);
        probe.setAnswer(new bytes(16384));
        deliver(single(PROBE_IN, toProbe(99, "a")));
        same(probe.received(), 1, "the longest is received");
    }

    /// @dev Returned bytes that are no ABI `bytes`, each wrong in one place.
    function test_malformedAnswersFailOnlyTheirOwnPacket() public {
        bytes[9] memory answers = [
            bytes(""), // nothing at all
            hex"01", // less than a word
            abi.encode(0x20), // no length
            bytes.concat(abi.encode(0x20), new bytes(31)), // a length cut short
            abi.encode(0x20, 1), // no byte of it
            bytes.concat(abi.encode(0x20, 33), new bytes(32)), // one byte too few
            abi.encode(0x40, 1, bytes32("x")), // another offset
            abi.encode(0x20, type(uint256).max, bytes32("x")), // an endless length
            abi.encode(0x20, 16385, bytes32("x")) // one byte too many
        ];
        probe.set(ProbeApplication.Mode.Raw);
        for (uint64 i; i < answers.length; ++i) {
            probe.setAnswer(answers[i]);
            _failsAlone(2 * i + 1);
        }
        probe.setAnswer(bytes.concat(abi.encode(0x20, 1), hex"aa"));
        deliver(single(PROBE_IN, toProbe(99, "a")));
        same(probe.received(), 1, "padding is not asked for");
    }

    /// @dev An application that cannot say how much gas it wants.
    function test_aBrokenReceiveGasFailsOnlyItsOwnPacket() public {
        ProbeApplication.GasMode[6] memory modes = [
            ProbeApplication.GasMode.Revert,
            ProbeApplication.GasMode.RevertWithNumber,
            ProbeApplication.GasMode.Burn,
            ProbeApplication.GasMode.Short,
            ProbeApplication.GasMode.Absurd,
            ProbeApplication.GasMode.Greedy
        ];
        for (uint64 i; i < modes.length; ++i) {
            probe.setGasMode(modes[i]);
            _failsAlone(2 * i + 1);
        }
        // What no transaction can bring is told, and the packet is given as a bare entry.
        probe.setGasMode(ProbeApplication.GasMode.Whole);
        bytes memory call = single(PROBE_IN, toProbe(99, "a"));
        vm.expectPartialRevert(IRouter.InsufficientGas.selector);
        deliver(call);
    }

    /// @dev The packet `sequence` fails at the probe, the next is received elsewhere in the same batch.
    function _failsAlone(uint64 sequence) private {
        bytes[] memory entries = new bytes[](2);
        bytes32[] memory leaves = new bytes32[](2);
        (Packet memory a, Packet memory b) = (toProbe(sequence, "a"), inbound("null", sequence + 1, inAnHour(), "b"));
        (entries[0], leaves[0]) = (packetEntry(PROBE_IN, a), packetLeaf(a));
        (entries[1], leaves[1]) = (packetEntry(NULL_IN, b), packetLeaf(b));
        deliver(batch(entries, leaves));
        same(probe.received(), 0, "its writes are dropped");
        so(router.hasReceipt(CLIENT_KEY, sequence), "receipt");
        so(router.pendingApplication(CLIENT_KEY, sequence) == address(0), "it answers no more");
        appended(sequence, abi.encodePacked(ERROR_ACK));
        same(router.acknowledgementChain(CLIENT_KEY, 0), appended(sequence + 1, hex"01"), "chain");
    }

    function test_onlyTheRouterPassesPackets() public {
        vm.expectRevert(abi.encodeWithSelector(IRouter.OnlyItself.selector, address(this)));
        router.passPacket();
        probe.set(ProbeApplication.Mode.Reenter);
        probe.setReentry(bytes.concat(IRouter.passPacket.selector, abi.encode(address(nothing), 50_000)));
        deliver(single(PROBE_IN, toProbe(1, "a")));
        bytes memory refused = bytes.concat(hex"00", abi.encodeWithSelector(IRouter.OnlyItself.selector, address(probe)));
        same(router.acknowledgementChain(CLIENT_KEY, 0), appended(1, refused), "an application neither");
    }

    /// @dev Whatever gas a relayer sends, the application gets the same amount, or nothing happens at all.
    function test_tooLittleGasIsNeverAFalseError() public {
        _sweep(deliverCall(single(PROBE_IN, toProbe(1, "a"))), hex"0102");
        so(probe.gasSeen() > 290_000, "all its gas");
    }

    /// @dev The copies of a long value take gas in each frame.
    function test_tooLittleGasForALongValueIsNeverAFalseError() public {
        _sweep(deliverCall(single(NULL_IN, inbound("null", 1, inAnHour(), new bytes(16384)))), hex"01");
    }

    function _sweep(bytes memory call, bytes memory answer) private {
        bool named;
        for (uint256 gas_ = 30_000; gas_ < 1_000_000; gas_ += 577) {
            (bool accepted, bytes memory reason) = address(router).call{gas: gas_}(call);
            if (accepted) {
                so(named, "InsufficientGas came before");
                same(router.acknowledgementChain(CLIENT_KEY, 0), appended(1, answer), "the true answer");
                return;
            }
            if (selectorOf(reason) == IRouter.InsufficientGas.selector) named = true;
            so(!router.hasReceipt(CLIENT_KEY, 1), "nothing happened");
        }
        revert NotSo("was never accepted");
    }

    // ------------------------------------------------------------------------------------------------ answers later

    function test_anAnswerLater() public {
        probe.set(ProbeApplication.Mode.Later);
        bytes memory call = single(PROBE_IN, toProbe(1, "a"));
        vm.expectEmit();
        emit IRouter.AcknowledgementPending(CLIENT_KEY, 1, address(probe));
        deliver(call);
        same(router.pendingApplication(CLIENT_KEY, 1), address(probe), "pending");
        same(router.acknowledgementChain(CLIENT_KEY, 0), 0, "no chain yet");
        probe.writeLater(CLIENT_KEY, 1, "answer");
        same(router.acknowledgementChain(CLIENT_KEY, 0), appended(1, "answer"), "chain");
        same(router.pendingApplication(CLIENT_KEY, 1), address(0), "not pending");
        vm.expectRevert(abi.encodeWithSelector(IRouter.NoPendingPacket.selector, CLIENT_KEY, 1, address(probe)));
        probe.writeLater(CLIENT_KEY, 1, "again");
    }

    function test_onlyThePacketsApplicationAnswersLater() public {
        probe.set(ProbeApplication.Mode.Later);
        deliver(single(PROBE_IN, toProbe(1, "a")));
        vm.expectRevert(abi.encodeWithSelector(IRouter.NoPendingPacket.selector, CLIENT_KEY, 1, address(this)));
        router.writeAcknowledgement(CLIENT_KEY, 1, "answer");
        vm.expectPartialRevert(IRouter.NoPendingPacket.selector);
        probe.writeLater(CLIENT_KEY, 2, "never received");
        vm.expectPartialRevert(IRouter.NoPendingPacket.selector);
        probe.writeLater(keccak256("quorum-9"), 1, "another client");
        // Nobody is the application of what is not pending, not even a caller without an address.
        vm.prank(address(0));
        vm.expectPartialRevert(IRouter.NoPendingPacket.selector);
        router.writeAcknowledgement(CLIENT_KEY, 2, "answer");
    }

    function test_answersLaterHaveTheirSizes() public {
        probe.set(ProbeApplication.Mode.Later);
        deliver(single(PROBE_IN, toProbe(1, "a")));
        bytes memory error_ = abi.encodePacked(ERROR_ACK);
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 0));
        probe.writeLater(CLIENT_KEY, 1, "");
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 16385));
        probe.writeLater(CLIENT_KEY, 1, new bytes(16385));
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 32));
        probe.writeLater(CLIENT_KEY, 1, error_);
        probe.writeLater(CLIENT_KEY, 1, new bytes(16384));
    }

    /// @dev The error acknowledgement is those 32 bytes: not others, and none with more behind them, now or later.
    function test_onlyTheErrorAcknowledgementIsOne() public {
        bytes[3] memory answers =
            [abi.encodePacked(keccak256("another")), abi.encodePacked(ERROR_ACK, bytes1(0)), abi.encodePacked(bytes31(ERROR_ACK))];
        for (uint64 i; i < answers.length; ++i) {
            probe.set(ProbeApplication.Mode.Answer);
            probe.setAnswer(answers[i]);
            vm.expectEmit();
            emit IRouter.AcknowledgementWritten(CLIENT_KEY, abi.encodePacked(2 * i, 2 * i + 1, answers[i]));
            deliver(single(PROBE_IN, toProbe(2 * i + 1, "a")));
            probe.set(ProbeApplication.Mode.Later);
            deliver(single(PROBE_IN, toProbe(2 * i + 2, "a")));
            vm.expectEmit();
            emit IRouter.AcknowledgementWritten(CLIENT_KEY, abi.encodePacked(2 * i + 1, 2 * i + 2, answers[i]));
            probe.writeLater(CLIENT_KEY, 2 * i + 2, answers[i]);
        }
    }
}
