// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Vm} from "./support/Check.sol";
import {Packet} from "./support/Hub.sol";
import {ProbeApplication} from "./support/ProbeApplication.sol";
import {ProbeFixture} from "./support/ProbeFixture.sol";

/// @title Packets whose application refuses what became of them: they stay as they were, and cost no other packet anything.
contract RouterRefusalTest is ProbeFixture {
    /// @dev The most that an application gets, and what must be left for that.
    uint256 private constant SETTLE_GAS = 5_000_000;
    uint256 private constant ENOUGH_GAS = SETTLE_GAS + SETTLE_GAS / 63 + 1 + 10_000;

    ProbeApplication.Callback[4] private _refusals = [
        ProbeApplication.Callback.Revert,
        ProbeApplication.Callback.Burn,
        ProbeApplication.Callback.RevertBomb,
        ProbeApplication.Callback.RevertWithInsufficientGas
    ];

    // ------------------------------------------------------------------------------------------------ only its own packet

    function test_aRefusedAcknowledgementCostsOnlyItsOwnPacket() public {
        for (uint256 i; i < _refusals.length; ++i) {
            _refusesBesideOthers(_refusals[i], true);
        }
    }

    function test_aRefusedTimeoutCostsOnlyItsOwnPacket() public {
        tree.set("anything", "x");
        for (uint256 i; i < _refusals.length; ++i) {
            _refusesBesideOthers(_refusals[i], false);
        }
    }

    /// @dev Nobody can be told where no code stands any more.
    function test_anApplicationWithoutCodeIsToldNothing() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        bytes memory call = singleAck(PROBE_OUT, p, "done");
        bytes memory code = address(probe).code;
        vm.etch(address(probe), "");
        vm.expectRevert(abi.encodeWithSelector(IRouter.ApplicationReverted.selector, address(probe), ""));
        deliver(call);
        vm.etch(address(probe), code);
        deliver(call);
        same(probe.acknowledged(), 1, "told");
    }

    /// @dev Two bystanders around the packet that is refused; then the application thinks better of it.
    function _refusesBesideOthers(ProbeApplication.Callback how, bool acknowledged) private {
        (Packet memory a, Packet memory p, Packet memory b) =
            (send(inAnHour(), "a"), fromProbe(inAnHour(), "call"), send(inAnHour(), "b"));
        if (!acknowledged) vm.warp(p.timeout);
        bytes memory call = acknowledged ? _acks(a, p, b) : _timeouts(a, p, b);
        probe.setCallback(how);
        uint256 told = probe.acknowledged() + probe.timedOut();
        vm.recordLogs();
        _bring(call);
        _refusedAlone(vm.getRecordedLogs(), p.sequence, how, acknowledged ? 8 : 9);
        same(stored(a), 0, "settled before it");
        same(stored(b), 0, "settled behind it");
        same(stored(p), packetCommitment(p), "as it was");
        same(probe.acknowledged() + probe.timedOut(), told, "what it wrote is gone");

        probe.setCallback(ProbeApplication.Callback.Accept);
        _bring(call);
        same(stored(p), 0, "settled later");
        same(probe.acknowledged() + probe.timedOut(), told + 1, "told once");
        vm.recordLogs();
        _bring(call);
        same(vm.getRecordedLogs().length, 0, "a repeat is a no-op");
    }

    /// @dev Of the three packets one has ApplicationRefused, with 256 bytes of the reason at most, and nothing that says settled.
    function _refusedAlone(Vm.Log[] memory logs, uint64 sequence, ProbeApplication.Callback how, uint256 code) private view {
        uint256 settled;
        uint256 refused;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(router)) continue;
            bytes32 topic = logs[i].topics[0];
            same(logs[i].topics[1], CLIENT_KEY, "client");
            if (topic != IRouter.ApplicationRefused.selector) {
                so(topic == IRouter.PacketAcknowledged.selector || topic == IRouter.PacketTimedOut.selector, "another event");
                so(abi.decode(logs[i].data, (uint64)) != sequence, "called settled");
                ++settled;
                continue;
            }
            (uint64 which, bytes memory reason) = abi.decode(logs[i].data, (uint64, bytes));
            same(which, sequence, "which");
            same(reason, _reason(how, code), "why");
            ++refused;
        }
        same(settled, 2, "settled");
        same(refused, 1, "refused");
    }

    function _reason(ProbeApplication.Callback how, uint256 code) private pure returns (bytes memory) {
        if (how == ProbeApplication.Callback.Burn) return "";
        if (how == ProbeApplication.Callback.RevertBomb) return new bytes(256);
        if (how == ProbeApplication.Callback.Revert) return abi.encodeWithSelector(ProbeApplication.Refused.selector, code);
        return abi.encodeWithSelector(IRouter.InsufficientGas.selector, 2, 1);
    }

    // ------------------------------------------------------------------------------------------------ alone

    /// @dev A delivery in which nothing takes effect says so, as one of packets that are all too late.
    function test_aDeliveryInWhichNothingTakesEffectNamesTheApplication() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        Packet memory done = send(inAnHour(), "done before");
        deliver(singleAck(NULL_OUT, done, "done"));
        probe.setCallback(ProbeApplication.Callback.Revert);
        bytes memory reason = abi.encodeWithSelector(ProbeApplication.Refused.selector, 8);
        bytes[2] memory calls = [deliverCall(singleAck(PROBE_OUT, p, "done")), _acks(done, p, done)];
        for (uint256 i; i < calls.length; ++i) {
            (bool accepted, bytes memory why) = address(router).call(calls[i]);
            so(!accepted, "accepted");
            same(why, abi.encodeWithSelector(IRouter.ApplicationReverted.selector, address(probe), reason), "why");
            same(stored(p), packetCommitment(p), "still there");
        }
    }

    function test_aTimeoutThatIsRefusedAloneNamesTheApplication() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        tree.set("anything", "x");
        vm.warp(p.timeout);
        bytes memory call = timeoutDelivery(PROBE_OUT, p);
        probe.setCallback(ProbeApplication.Callback.Revert);
        bytes memory reason = abi.encodeWithSelector(ProbeApplication.Refused.selector, 9);
        vm.expectRevert(abi.encodeWithSelector(IRouter.ApplicationReverted.selector, address(probe), reason));
        timeoutPackets(call);
        same(stored(p), packetCommitment(p), "still there");
        probe.setCallback(ProbeApplication.Callback.RevertBomb);
        vm.expectRevert(abi.encodeWithSelector(IRouter.ApplicationReverted.selector, address(probe), new bytes(256)));
        timeoutPackets(call);
    }

    /// @dev A packet received beside it is an effect.
    function test_aRefusalBesideAReceivedPacketIsAnEvent() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        Packet memory q = inbound("null", 1, inAnHour(), "q");
        probe.setCallback(ProbeApplication.Callback.Revert);
        bytes[] memory entries = new bytes[](2);
        bytes32[] memory leaves = new bytes32[](2);
        (entries[0], leaves[0]) = (packetEntry(NULL_IN, q), packetLeaf(q));
        (entries[1], leaves[1]) = (ackEntry(PROBE_OUT, p, "done"), ackLeaf(p, "done"));
        bytes memory reason = abi.encodeWithSelector(ProbeApplication.Refused.selector, 8);
        bytes memory call = batch(entries, leaves);
        vm.expectEmit();
        emit IRouter.ApplicationRefused(CLIENT_KEY, p.sequence, reason);
        deliver(call);
        so(router.hasReceipt(CLIENT_KEY, 1), "received");
        same(stored(p), packetCommitment(p), "still there");
    }

    /// @dev A refused timeout leaves the packet no more open than it was: what is proven of it is what counts.
    function test_aRefusedPacketIsNotSettledByAFalseProof() public {
        Packet memory p = fromProbe(inAnHour(), "call");
        Packet memory a = send(inAnHour(), "a");
        tree.set("anything", "x");
        vm.warp(p.timeout);
        probe.setCallback(ProbeApplication.Callback.Revert);
        _bring(_timeouts(a, p, a));
        probe.setCallback(ProbeApplication.Callback.Accept);
        tree.set(receiptPath(THERE, p.sequence), hex"01");
        bytes memory call = timeoutDelivery(PROBE_OUT, p);
        vm.expectRevert(ILightClient.NotANonMembershipProof.selector);
        timeoutPackets(call);
        deliver(singleAck(PROBE_OUT, p, "done"));
        same(probe.acknowledged(), 1, "acknowledged");
    }

    // ------------------------------------------------------------------------------------------------ gas

    /// @dev From too little gas to enough: nothing happens, or the application had all that it is due.
    function test_noGasMakesAFalseRefusal() public {
        probe.setCallback(ProbeApplication.Callback.Work);
        (Packet memory a, Packet memory p, Packet memory b) =
            (send(inAnHour(), "a"), fromProbe(inAnHour(), "call"), send(inAnHour(), "b"));
        uint256 least = _leastGas(_acks(a, p, b), 30_000, 700_000, 1_777);
        so(least > probe.WORK_GAS() && least < 2 * probe.WORK_GAS(), "what it takes, and no more");
        same(stored(p), 0, "settled");
        same(probe.acknowledged(), 1, "told");
    }

    function test_noGasMakesAFalseRefusalOfATimeout() public {
        tree.set("anything", "x");
        probe.setCallback(ProbeApplication.Callback.Work);
        (Packet memory a, Packet memory p, Packet memory b) =
            (send(inAnHour(), "a"), fromProbe(inAnHour(), "call"), send(inAnHour(), "b"));
        vm.warp(p.timeout);
        _leastGas(_timeouts(a, p, b), 30_000, 900_000, 1_777);
        same(stored(p), 0, "settled");
        same(probe.timedOut(), 1, "told");
    }

    /// @dev A packet is passed over only where its application had 5,000,000 gas, however little it took.
    function test_aRefusalNeedsAllTheGas() public {
        for (uint256 i; i < _refusals.length; ++i) {
            probe.setCallback(_refusals[i]);
            (Packet memory a, Packet memory p, Packet memory b) =
                (send(inAnHour(), "a"), fromProbe(inAnHour(), "call"), send(inAnHour(), "b"));
            uint256 least = _leastGas(_acks(a, p, b), 4_600_000, 5_600_000, 4_999);
            so(least > ENOUGH_GAS && least < ENOUGH_GAS + 200_000, "enough");
            so(stored(a) == 0 && stored(p) != 0 && stored(b) == 0, "only its own packet");
        }
    }

    /// @dev However much there is, an application gets no more: two that burn it all leave the rest its own.
    function test_noApplicationGetsMore() public {
        (Packet memory a, Packet memory p, Packet memory b) =
            (fromProbe(inAnHour(), "a"), send(inAnHour(), "call"), fromProbe(inAnHour(), "b"));
        bytes memory call = _acks(a, p, b);
        probe.setCallback(ProbeApplication.Callback.Burn);
        (bool accepted,) = address(router).call{gas: 2 * ENOUGH_GAS + 300_000}(call);
        so(accepted, "accepted");
        same(stored(p), 0, "settled between them");
        so(stored(a) != 0 && stored(b) != 0, "refused");
        probe.setCallback(ProbeApplication.Callback.Accept);
        (accepted,) = address(router).call{gas: 30_000_000}(call);
        so(accepted && probe.callbackGasSeen() <= SETTLE_GAS && probe.callbackGasSeen() > SETTLE_GAS - 5_000, "5,000,000");
    }

    /// @dev The least gas with which a call is accepted; before, all was refused, as too little gas or without a word.
    function _leastGas(bytes memory call, uint256 from, uint256 to, uint256 step) private returns (uint256 least) {
        bool named;
        for (least = from; least < to; least += step) {
            (bool accepted, bytes memory reason) = address(router).call{gas: least}(call);
            if (accepted) {
                so(named, "InsufficientGas came before");
                return least;
            }
            if (reason.length != 0) same(bytes32(selectorOf(reason)), bytes32(IRouter.InsufficientGas.selector), "by name");
            if (reason.length != 0) named = true;
            same(probe.acknowledged() + probe.timedOut(), 0, "nothing happened");
        }
        revert NotSo("was never accepted");
    }

    // ------------------------------------------------------------------------------------------------ re-entry

    /// @dev An application that settles its own packet and another's from within, and then reverts, has done nothing.
    function test_whatAReenteringApplicationDidIsUndone() public {
        (Packet memory a, Packet memory p, Packet memory b) =
            (send(inAnHour(), "a"), fromProbe(inAnHour(), "call"), send(inAnHour(), "b"));
        bytes memory outer = _pair(a, p);
        bytes[3] memory calls = [
            outer, // the very same
            deliverCall(singleAck(NULL_OUT, b, "done")), // another's
            abi.encodeCall(IRouter.sendPacket, (PROBE_OUT, inAnHour(), "again")) // a new one
        ];
        probe.setCallback(ProbeApplication.Callback.Revert);
        for (uint256 i; i < calls.length; ++i) {
            Packet memory bystander = send(inAnHour(), "bystander");
            probe.setReentry(calls[i]);
            uint64 next = router.getClient(1).nextSequence;
            _bring(_pair(bystander, p));
            same(stored(bystander), 0, "the bystander is settled");
            same(stored(p), packetCommitment(p), "as it was");
            same(stored(b), packetCommitment(b), "another's as well");
            same(router.getClient(1).nextSequence, next, "nothing was sent");
            same(probe.acknowledged(), 0, "told nothing");
        }
        // And where it does not revert, each of these is done once.
        probe.setCallback(ProbeApplication.Callback.Accept);
        probe.setReentry(calls[1]);
        _bring(outer);
        so(stored(a) == 0 && stored(p) == 0 && stored(b) == 0, "settled");
        same(probe.acknowledged(), 1, "told once");
    }

    /// @dev Nor can it starve another's callback from within its own: what that lacks refuses the inner delivery alone.
    function test_aReenteringApplicationStarvesNoOther() public {
        (Packet memory p, Packet memory b) = (fromProbe(inAnHour(), "call"), fromProbe(inAnHour(), "b"));
        Packet memory a = send(inAnHour(), "a");
        bytes memory inner = _pair(a, b);
        probe.setCallback(ProbeApplication.Callback.Work);
        probe.setReentry(inner);
        bytes memory outer = deliverCall(singleAck(PROBE_OUT, p, "done"));
        bool accepted;
        for (uint256 gas_ = 60_000; !accepted; gas_ += 13_331) {
            (accepted,) = address(router).call{gas: gas_}(outer);
            so((stored(p) == 0) == accepted, "never passed over");
            so((stored(a) == 0) == (stored(b) == 0), "both or none");
        }
        same(probe.acknowledged(), stored(b) == 0 ? 2 : 1, "each told once");
    }

    // ------------------------------------------------------------------------------------------------ deliveries

    function _bring(bytes memory call) private {
        (bool accepted, bytes memory reason) = address(router).call{gas: 12_000_000}(call);
        so(accepted, vm.toString(uint32(selectorOf(reason))));
    }

    function _lane(Packet memory p) private pure returns (uint16) {
        return keccak256(bytes(p.sourcePort)) == keccak256("probe") ? PROBE_OUT : NULL_OUT;
    }

    function _pair(Packet memory a, Packet memory b) private returns (bytes memory) {
        bytes[] memory entries = new bytes[](2);
        bytes32[] memory leaves = new bytes32[](2);
        (entries[0], leaves[0]) = (ackEntry(_lane(a), a, "done"), ackLeaf(a, "done"));
        (entries[1], leaves[1]) = (ackEntry(_lane(b), b, "done"), ackLeaf(b, "done"));
        return deliverCall(batch(entries, leaves));
    }

    function _acks(Packet memory a, Packet memory p, Packet memory b) private returns (bytes memory) {
        bytes[] memory entries = new bytes[](3);
        bytes32[] memory leaves = new bytes32[](3);
        (entries[0], leaves[0]) = (ackEntry(_lane(a), a, "done"), ackLeaf(a, "done"));
        (entries[1], leaves[1]) = (ackEntry(_lane(p), p, "done"), ackLeaf(p, "done"));
        (entries[2], leaves[2]) = (ackEntry(_lane(b), b, "done"), ackLeaf(b, "done"));
        return deliverCall(batch(entries, leaves));
    }

    function _timeouts(Packet memory a, Packet memory p, Packet memory b) private returns (bytes memory call) {
        bytes memory header = signed(checkpoint(tree.root(), 0));
        call = abi.encodePacked(uint16(1), uint16(header.length), header);
        Packet[3] memory packets = [a, p, b];
        for (uint256 i; i < packets.length; ++i) {
            bytes memory proof = tree.prove(receiptPath(THERE, packets[i].sequence));
            call = bytes.concat(call, record(_lane(packets[i]), packets[i]), abi.encodePacked(uint16(proof.length), proof));
        }
        return timeoutCall(call);
    }
}
