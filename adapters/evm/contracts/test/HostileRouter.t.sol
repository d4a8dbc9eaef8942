// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication, PacketContext} from "interchain/interfaces/IPacketApplication.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Packet} from "./support/Hub.sol";
import {Fixture} from "./support/Fixture.sol";

/// @title Attacks on the router: strangers, re-entering applications, and what is too large, too late or paused.
/// docs/security-tests.md lists them.
contract HostileRouterTest is Fixture {
    address private constant STRANGER = address(0xBAD);

    // ------------------------------------------------------------------------------------------------ strangers

    function test_aStrangerSendsNothingOnPortService() public {
        uint64 timeout = inAnHour();
        for (uint16 lane; lane < 6; ++lane) {
            vm.prank(STRANGER);
            vm.expectRevert();
            router.sendPacket(lane, timeout, "forged");
        }
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotTheApplication.selector, SERVICE_OUT, STRANGER));
        router.sendPacket(SERVICE_OUT, timeout, "forged");
        // One application does not send for another either.
        vm.prank(address(nothing));
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotTheApplication.selector, SERVICE_OUT, address(nothing)));
        router.sendPacket(SERVICE_OUT, timeout, "forged");
        vm.prank(address(gateway));
        vm.expectRevert(abi.encodeWithSelector(IRouter.WrongDirection.selector, SERVICE_IN));
        router.sendPacket(SERVICE_IN, timeout, "forged");
        same(router.getClient(1).nextSequence, 1, "nothing was sent");
    }

    function test_aStrangerAdministersNothing() public {
        IQuorumClient next = newClient(trust());
        bytes[10] memory calls = [
            abi.encodeCall(IRouter.addClient, ("quorum-1", THERE, next)),
            abi.encodeCall(IRouter.proposeClientReplacement, (1, next)),
            abi.encodeCall(IRouter.cancelClientReplacement, (1)),
            abi.encodeCall(IRouter.replaceClient, (1)),
            abi.encodeCall(IRouter.registerApplication, ("stolen", address(nothing), 0)),
            abi.encodeCall(
                IRouter.registerLane, (IRouter.Direction.Inbound, 1, "service", "service", "service-2", "application/x")
            ),
            abi.encodeCall(IRouter.pause, (1, 1)),
            abi.encodeCall(IRouter.unpause, (1)),
            abi.encodeWithSignature("grantRole(bytes32,address)", bytes32(0), STRANGER),
            abi.encodeWithSignature("revokeRole(bytes32,address)", bytes32(0), admin)
        ];
        address[4] memory who = [STRANGER, address(gateway), address(client), address(router)];
        for (uint256 i; i < calls.length; ++i) {
            for (uint256 j; j < who.length; ++j) {
                vm.prank(who[j]);
                (bool done, bytes memory reason) = address(router).call(calls[i]);
                so(!done, vm.toString(i));
                same(
                    bytes32(selectorOf(reason)),
                    bytes32(bytes4(keccak256("AccessControlUnauthorizedAccount(address,bytes32)"))),
                    vm.toString(i)
                );
            }
        }
    }

    function test_aStrangerAnswersNoPacket() public {
        Later later = _registerLater();
        Packet memory p = _laterPacket(1);
        deliver(single(LATER_IN, p));
        vm.prank(STRANGER);
        vm.expectPartialRevert(IRouter.NoPendingPacket.selector);
        router.writeAcknowledgement(CLIENT_KEY, 1, "forged");
        vm.prank(address(gateway));
        vm.expectPartialRevert(IRouter.NoPendingPacket.selector);
        router.writeAcknowledgement(CLIENT_KEY, 1, "forged");
        vm.expectPartialRevert(IRouter.NoPendingPacket.selector);
        later.answer(CLIENT_KEY, 2, "not received");
        later.answer(CLIENT_KEY, 1, "mine");
        vm.expectPartialRevert(IRouter.NoPendingPacket.selector);
        later.answer(CLIENT_KEY, 1, "twice");
    }

    /// @dev CrossCurve: an entry point of a receiver skipped the gateway's check.
    function test_aStrangerCallsEachEntryPointOfAnApplication() public {
        PacketContext memory context = PacketContext(keccak256("path"), CLIENT_KEY, SERVICE_IN, 1, inAnHour());
        bytes[4] memory calls = [
            abi.encodeCall(IPacketApplication.onPacketReceived, (context, "forged")),
            abi.encodeCall(IPacketApplication.onPacketAcknowledged, (context, "forged", hex"01")),
            abi.encodeCall(IPacketApplication.onPacketTimedOut, (context, "forged")),
            abi.encodeCall(IPacketApplication.onLaneRegistered, (SERVICE_OUT, CLIENT_KEY, true))
        ];
        address[2] memory applications = [address(gateway), address(nothing)];
        for (uint256 i; i < calls.length; ++i) {
            for (uint256 j; j < applications.length; ++j) {
                vm.prank(STRANGER);
                (bool done, bytes memory reason) = applications[j].call(calls[i]);
                so(!done, vm.toString(i));
                same(reason, abi.encodeWithSelector(IPacketApplication.OnlyRouter.selector, STRANGER), vm.toString(i));
            }
        }
    }

    /// @dev Poly: a message had the bridge call the contract that keeps its keys.
    function test_noPrivilegedContractBecomesAnApplication() public {
        vm.startPrank(admin);
        address[6] memory targets =
            [address(router), address(client), address(0), STRANGER, address(new Token()), address(new OfAnotherRouter())];
        for (uint256 i; i < targets.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRouter.NotAnApplication.selector, targets[i]));
            router.registerApplication("target", targets[i], 0);
        }
        // A light client that was replaced does not become one either.
        IQuorumClient next = newClient(trust());
        router.proposeClientReplacement(1, next);
        vm.warp(block.timestamp + REPLACEMENT_DELAY);
        router.replaceClient(1);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotAnApplication.selector, address(client)));
        router.registerApplication("target", address(client), 0);
        address sound = address(new Later(router));
        vm.expectPartialRevert(IRouter.PortTaken.selector);
        router.registerApplication("service", sound, 0);
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------------ re-entry

    function test_aReenteringApplicationReceivesOnce() public {
        Reenterer hostile = new Reenterer(router);
        uint16 lane = _register("hostile", address(hostile), 2_000_000);
        Packet memory p = _on("hostile", 1);
        bytes memory call = single(lane, p);
        hostile.aim(address(router), deliverCall(call));
        deliver(call);
        same(hostile.received(), 1, "received once");
        same(router.getClient(1).acknowledgements, 1, "acknowledged once");
    }

    function test_aReenteringApplicationBringsOthersInBetween() public {
        Reenterer hostile = new Reenterer(router);
        uint16 lane = _register("hostile", address(hostile), 2_000_000);
        bytes memory inner = single(NULL_IN, inbound("null", 2, inAnHour(), "value"));
        hostile.aim(address(router), deliverCall(inner));
        deliver(single(lane, _on("hostile", 1)));
        // Two acknowledgements, the inner one first; the chain counts both.
        same(router.getClient(1).acknowledgements, 2, "both");
        bytes32 chain = keccak256(abi.encodePacked(bytes32(0), uint64(2), ackCommitment(hex"01")));
        chain = keccak256(abi.encodePacked(chain, uint64(1), ackCommitment("done")));
        same(router.acknowledgementChain(CLIENT_KEY, 0), chain, "chain");
    }

    function test_anApplicationCannotAnswerWhileItReceives() public {
        Reenterer hostile = new Reenterer(router);
        uint16 lane = _register("hostile", address(hostile), 2_000_000);
        hostile.aim(address(router), abi.encodeCall(IRouter.writeAcknowledgement, (CLIENT_KEY, 1, "early")));
        deliver(single(lane, _on("hostile", 1)));
        so(!hostile.succeeded(), "answered early");
        same(router.getClient(1).acknowledgements, 1, "acknowledged once");
    }

    // ------------------------------------------------------------------------------------------------ sizes

    function test_aPacketAtAndOverEverySize() public {
        uint64 timeout = inAnHour();
        nothing.send(NULL_OUT, timeout, new bytes(16384));
        nothing.send(NULL_OUT, timeout, new bytes(1));
        vm.expectRevert(abi.encodeWithSelector(IRouter.ValueSize.selector, 16385));
        nothing.send(NULL_OUT, timeout, new bytes(16385));
        vm.expectRevert(abi.encodeWithSelector(IRouter.ValueSize.selector, 0));
        nothing.send(NULL_OUT, timeout, "");
        deliver(single(NULL_IN, inbound("null", 1, timeout, new bytes(16384))));
        uint256[3] memory sizes = [uint256(16385), 65535, 0];
        for (uint256 i; i < sizes.length; ++i) {
            bytes memory call = single(NULL_IN, inbound("null", 2, timeout, new bytes(sizes[i])));
            vm.expectRevert(abi.encodeWithSelector(IRouter.ValueSize.selector, sizes[i]));
            deliver(call);
        }
    }

    function test_anAcknowledgementAtAndOverEverySize() public {
        Later later = _registerLater();
        for (uint64 sequence = 1; sequence < 5; ++sequence) {
            deliver(single(LATER_IN, _laterPacket(sequence)));
        }
        later.answer(CLIENT_KEY, 1, new bytes(16384));
        later.answer(CLIENT_KEY, 2, new bytes(1));
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 16385));
        later.answer(CLIENT_KEY, 3, new bytes(16385));
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 0));
        later.answer(CLIENT_KEY, 3, "");
        bytes memory errorAck = abi.encodePacked(ERROR_ACK);
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 32));
        later.answer(CLIENT_KEY, 3, errorAck);
        Packet memory p = send(inAnHour(), "value");
        bytes memory call = singleAck(NULL_OUT, p, new bytes(16385));
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 16385));
        deliver(call);
        call = singleAck(NULL_OUT, p, "");
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidAcknowledgement.selector, 0));
        deliver(call);
        deliver(singleAck(NULL_OUT, p, new bytes(16384)));
    }

    function test_aTimeoutAtAndBeyondItsBounds() public {
        uint64 now_ = uint64(block.timestamp);
        nothing.send(NULL_OUT, now_ + 1, "value");
        nothing.send(NULL_OUT, now_ + 1 days, "value");
        vm.expectPartialRevert(IRouter.TimeoutElapsed.selector);
        nothing.send(NULL_OUT, now_, "value");
        vm.expectPartialRevert(IRouter.TimeoutTooFar.selector);
        nothing.send(NULL_OUT, now_ + 1 days + 1, "value");
        client.updateClient(signed(checkpoint(APP_ROOT, 0)));
        Packet memory p = inbound("null", 1, now_ + 60, "value");
        vm.warp(p.timeout);
        bytes memory call = single(NULL_IN, p);
        vm.expectPartialRevert(IRouter.TimeoutElapsed.selector);
        deliver(call);
        vm.warp(p.timeout - 1);
        deliver(single(NULL_IN, p));
    }

    // ------------------------------------------------------------------------------------------------ pauses

    function test_aPauseStopsSendAndReceiveAndNeverAcknowledgementOrTimeout() public {
        tree.set("some key", "some value");
        Packet memory first = send(inAnHour(), "first");
        Packet memory second = send(inAnHour(), "second");
        vm.prank(admin);
        router.pause(1, 7 days);
        vm.expectPartialRevert(IRouter.ClientPaused.selector);
        nothing.send(NULL_OUT, inAnHour(), "value");
        bytes memory call = single(NULL_IN, inbound("null", 1, inAnHour() + 7 days, "value"));
        vm.expectPartialRevert(IRouter.ClientPaused.selector);
        deliver(call);
        deliver(singleAck(NULL_OUT, first, hex"01"));
        vm.warp(second.timeout);
        timeoutPackets(timeoutDelivery(NULL_OUT, second));
        vm.prank(admin);
        vm.expectPartialRevert(IRouter.PauseTooLong.selector);
        router.pause(1, 7 days + 1);
        vm.warp(START + 7 days);
        deliver(call);
    }

    // ------------------------------------------------------------------------------------------------ inside

    uint16 private constant LATER_IN = 5;

    function _registerLater() private returns (Later later) {
        later = new Later(router);
        same(_register("later", address(later), 100_000), LATER_IN, "lane");
    }

    function _register(string memory port, address application, uint32 receiveGas) private returns (uint16 lane) {
        vm.startPrank(admin);
        router.registerApplication(port, application, receiveGas);
        lane = router.registerLane(IRouter.Direction.Inbound, 1, port, port, "service-1", SERVICE_ENCODING);
        vm.stopPrank();
    }

    function _on(string memory port, uint64 sequence) private view returns (Packet memory) {
        return inbound(port, sequence, inAnHour(), "value");
    }

    function _laterPacket(uint64 sequence) private view returns (Packet memory) {
        return _on("later", sequence);
    }
}

/// @notice Answers when it is told to.
contract Later is IPacketApplication {
    IRouter internal immutable ROUTER;

    constructor(IRouter router) {
        ROUTER = router;
    }

    function answer(bytes32 clientKey, uint64 sequence, bytes calldata acknowledgement) external {
        ROUTER.writeAcknowledgement(clientKey, sequence, acknowledgement);
    }

    function onPacketReceived(PacketContext calldata, bytes calldata) external virtual returns (bytes memory) {
        return "";
    }

    function onPacketAcknowledged(PacketContext calldata, bytes calldata, bytes calldata) external {}

    function onPacketTimedOut(PacketContext calldata, bytes calldata) external {}

    function onLaneRegistered(uint16, bytes32, bool) external {}

    function receiveGas(bytes calldata) external pure returns (uint256) {
        return 100_000;
    }

    function acceptsSourcePort(string calldata) external pure returns (bool) {
        return true;
    }

    function packetRouter() external view returns (address) {
        return address(ROUTER);
    }
}

/// @notice Calls wherever it is aimed while it receives.
contract Reenterer is Later {
    uint256 public received;
    bool public succeeded;
    address private _target;
    bytes private _call;

    constructor(IRouter router) Later(router) {}

    function aim(address target, bytes calldata call) external {
        (_target, _call) = (target, call);
    }

    function onPacketReceived(PacketContext calldata, bytes calldata) external override returns (bytes memory) {
        ++received;
        (succeeded,) = _target.call(_call);
        return "done";
    }
}

/// @notice A token with a privileged function.
contract Token {
    function mint(address, uint256) external {}
}

/// @notice Belongs elsewhere.
contract OfAnotherRouter {
    function packetRouter() external pure returns (address) {
        return address(1);
    }
}
