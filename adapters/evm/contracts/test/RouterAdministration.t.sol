// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IPacketApplication, PacketContext} from "interchain/interfaces/IPacketApplication.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {NullApplication} from "examples/NullApplication.sol";
import {ProbeApplication} from "./support/ProbeApplication.sol";
import {ProbeFixture} from "./support/ProbeFixture.sol";
import {StubVerifier} from "./support/StubVerifier.sol";

/// @title Roles, applications, lanes and pauses: what may be registered, and who may do it.
contract RouterAdministrationTest is ProbeFixture {
    address private constant STRANGER = address(0xBAD);

    function _refuses(bytes memory call, string memory what) private {
        _refusesFrom(STRANGER, call, what);
    }

    function _refusesFrom(address sender, bytes memory call, string memory what) private {
        vm.prank(sender);
        (bool success, bytes memory reason) = address(router).call(call);
        so(!success, string.concat("was accepted: ", what));
        same(bytes32(selectorOf(reason)), bytes32(IAccessControl.AccessControlUnauthorizedAccount.selector), what);
    }

    function test_aStrangerAtEveryAdministrativeFunction() public {
        _refuses(abi.encodeCall(IRouter.addClient, ("quorum-9", THERE, client)), "addClient");
        _refuses(abi.encodeCall(IRouter.proposeClientReplacement, (1, client)), "proposeClientReplacement");
        _refuses(abi.encodeCall(IRouter.cancelClientReplacement, (1)), "cancelClientReplacement");
        _refuses(abi.encodeCall(IRouter.replaceClient, (1)), "replaceClient");
        _refuses(abi.encodeCall(IRouter.registerApplication, ("other", address(nothing), 0)), "registerApplication");
        bytes memory lane = abi.encodeCall(IRouter.registerLane, (IRouter.Direction.Outbound, 1, "null", "x1", "v", "e"));
        _refuses(lane, "registerLane");
        _refuses(abi.encodeCall(IRouter.pause, (1, 1)), "pause");
        _refuses(abi.encodeCall(IRouter.unpause, (1)), "unpause");
        IAccessControl access = IAccessControl(address(router));
        _refuses(abi.encodeCall(access.grantRole, (keccak256("CLIENT_ROLE"), STRANGER)), "grantRole");
        _refuses(abi.encodeCall(access.revokeRole, (keccak256("CLIENT_ROLE"), admin)), "revokeRole");
    }

    function test_eachRoleDoesOnlyItsOwn() public {
        IAccessControl access = IAccessControl(address(router));
        vm.prank(admin);
        access.grantRole(keccak256("PAUSER_ROLE"), STRANGER);
        vm.prank(STRANGER);
        router.pause(1, 60);
        _refuses(abi.encodeCall(IRouter.replaceClient, (1)), "replaceClient by a pauser");
        _refuses(abi.encodeCall(IRouter.registerApplication, ("other", address(nothing), 0)), "registerApplication by a pauser");
        _refuses(abi.encodeCall(access.grantRole, (keccak256("PAUSER_ROLE"), address(this))), "grantRole by a pauser");
    }

    /// @dev The roles' administrator alone does nothing but grant them, and whoever holds one alone needs no other.
    function test_eachFunctionNeedsItsOwnRoleAndNoOther() public {
        IAccessControl access = IAccessControl(address(router));
        IQuorumClient other = newClient(trust());
        NullApplication application = NullApplication(deploy("NullApplication", abi.encode(router)));
        string[4] memory roles = ["CLIENT_ROLE", "APPLICATION_ROLE", "LANE_ROLE", "PAUSER_ROLE"];
        bytes[8] memory calls = [
            abi.encodeCall(IRouter.proposeClientReplacement, (1, other)),
            abi.encodeCall(IRouter.cancelClientReplacement, (1)),
            abi.encodeCall(IRouter.proposeClientReplacement, (1, other)),
            abi.encodeCall(IRouter.replaceClient, (1)),
            abi.encodeCall(IRouter.registerApplication, ("other", address(application), 0)),
            abi.encodeCall(IRouter.registerLane, (IRouter.Direction.Outbound, 1, "other", "x1", "v", "e")),
            abi.encodeCall(IRouter.pause, (1, 60)),
            abi.encodeCall(IRouter.unpause, (1))
        ];
        uint8[8] memory needs = [0, 0, 0, 0, 1, 2, 3, 3];
        for (uint256 i; i < roles.length; ++i) {
            vm.prank(admin);
            access.renounceRole(keccak256(bytes(roles[i])), admin);
            vm.prank(admin);
            access.grantRole(keccak256(bytes(roles[i])), address(uint160(0xA0 + i)));
        }
        for (uint256 i; i < calls.length; ++i) {
            if (i == 3) vm.warp(block.timestamp + REPLACEMENT_DELAY);
            _refusesFrom(admin, calls[i], roles[needs[i]]);
            for (uint256 role; role < roles.length; ++role) {
                // A pauser may call off a replacement as well.
                if (role == needs[i] || (i == 1 && role == 3)) continue;
                _refusesFrom(address(uint160(0xA0 + role)), calls[i], roles[role]);
            }
            vm.prank(address(uint160(0xA0 + needs[i])));
            (bool done,) = address(router).call(calls[i]);
            so(done, vm.toString(i));
        }
        bytes memory adding = abi.encodeCall(IRouter.addClient, ("quorum-9", THERE, client));
        for (uint160 role = 1; role < roles.length; ++role) {
            _refusesFrom(address(0xA0 + role), adding, roles[role]);
        }
        _refusesFrom(admin, adding, "admin");
        vm.prank(address(0xA0));
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotALightClient.selector, client)); // it is bound to another name
        router.addClient("quorum-9", THERE, client);
    }

    // ------------------------------------------------------------------------------------------------ events

    /// @dev Operators watch these: every registration and change is told, with what it is about.
    function test_everyChangeIsTold() public {
        IQuorumClient.Trust memory trust_ = trust();
        (trust_.sourceClient, trust_.destinationClient) = ("attested-1", "quorum-1");
        IQuorumClient second = newClient(trust_);
        NullApplication application = NullApplication(deploy("NullApplication", abi.encode(router)));
        vm.startPrank(admin);
        vm.expectEmit();
        emit IRouter.ClientAdded(2, keccak256("quorum-1"), "quorum-1", "attested-1", address(second));
        router.addClient("quorum-1", "attested-1", second);
        same(router.clientCount(), 2, "clients");
        vm.expectEmit();
        emit IRouter.ApplicationRegistered("other", address(application), 70_000);
        router.registerApplication("other", address(application), 70_000);
        vm.expectEmit();
        emit IRouter.LaneRegistered(7, 2, IRouter.Direction.Inbound, "there", "other");
        router.registerLane(IRouter.Direction.Inbound, 2, "there", "other", "v", "e");
        vm.expectEmit();
        emit IRouter.Paused(1, uint64(block.timestamp) + 60);
        router.pause(1, 60);
        same(router.getClient(1).pausedUntil, block.timestamp + 60, "paused");
        vm.expectEmit();
        emit IRouter.Unpaused(1);
        router.unpause(1);
        same(router.getClient(1).pausedUntil, 0, "not paused");
    }

    // ------------------------------------------------------------------------------------------------ applications

    /// @dev Poly 2021: a message called the contract that sets the keepers. Nothing privileged can be a packet's target.
    function test_noPrivilegedTargetBecomesAnApplication() public {
        address otherRouter = deploy("Router", abi.encode(admin, REPLACEMENT_DELAY));
        NullApplication foreign = new NullApplication(IRouter(otherRouter));
        address[8] memory targets = [
            address(router), address(client), address(0), address(0xE0A), address(1), otherRouter, address(foreign),
            address(new StubVerifier())
        ];
        vm.startPrank(admin);
        for (uint256 i; i < targets.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRouter.NotAnApplication.selector, targets[i]));
            router.registerApplication("other", targets[i], 0);
        }
    }

    function test_aFormerClientDoesNotBecomeAnApplication() public {
        IQuorumClient former = client;
        vm.startPrank(admin);
        router.proposeClientReplacement(1, newClient(trust()));
        vm.warp(block.timestamp + REPLACEMENT_DELAY);
        router.replaceClient(1);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotAnApplication.selector, former));
        router.registerApplication("other", address(former), 0);
    }

    /// @dev The router calls applications by three functions only, and none of them is one of its own or of a client.
    function test_noSelectorCollides() public view {
        bytes4[3] memory called = [
            IPacketApplication.onPacketReceived.selector,
            IPacketApplication.onPacketAcknowledged.selector,
            IPacketApplication.onPacketTimedOut.selector
        ];
        string[2] memory names = ["Router", "QuorumClient"];
        for (uint256 n; n < names.length; ++n) {
            string memory artifact = vm.readFile(string.concat("adapters/evm/contracts/artifacts/", names[n], ".json"));
            bytes memory code = vm.parseJsonBytes(artifact, ".deployedBytecode");
            bytes4 own = n == 0 ? IRouter.deliverProven.selector : ILightClient.updateClient.selector;
            so(_contains(code, abi.encodePacked(hex"63", own, hex"14")), "its own function is found");
            for (uint256 i; i < called.length; ++i) {
                // A dispatcher compares with PUSH4 selector, EQ. The router pushes those it calls, but compares with none.
                bytes memory compared = abi.encodePacked(hex"63", called[i], hex"14");
                so(!_contains(code, compared), names[n]);
            }
        }
    }

    function _contains(bytes memory code, bytes memory part) private pure returns (bool) {
        bytes32 hash = keccak256(part);
        bytes1 first = part[0];
        for (uint256 i; i + part.length <= code.length; ++i) {
            if (code[i] != first) continue;
            bytes32 here;
            assembly {
                here := keccak256(add(add(code, 0x20), i), mload(part))
            }
            if (here == hash) return true;
        }
        return false;
    }

    /// @dev Whatever a packet carries, nobody but the port's application is called.
    function testFuzz_aPacketReachesOnlyItsApplication(bytes calldata value) public {
        vm.assume(value.length > 0 && value.length <= 16384);
        bytes32 before = _privileged();
        deliver(single(PROBE_IN, toProbe(1, value)));
        same(probe.lastValue(), value, "value");
        same(_privileged(), before, "nothing privileged changed");
    }

    function _privileged() private view returns (bytes32) {
        IAccessControl access = IAccessControl(address(router));
        (, bytes memory set,) = client.validatorSet();
        return keccak256(
            abi.encode(
                access.hasRole(0, admin), access.hasRole(0, address(probe)), address(router.getClient(1).lightClient), set,
                router.laneCount(), router.clientCount()
            )
        );
    }

    function test_aPortIsTakenOnce() public {
        ProbeApplication other = new ProbeApplication(router);
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.PortTaken.selector, "null"));
        router.registerApplication("null", address(other), 0);
        string[3] memory wrong = ["", "x", "a/b"];
        for (uint256 i; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidIdentifier.selector, wrong[i]));
            router.registerApplication(wrong[i], address(other), 0);
        }
        router.registerApplication("other.port_+-#[]<>9", address(other), 7);
        (address application, uint32 receiveGas) = router.getApplication("other.port_+-#[]<>9");
        same(application, address(other), "application");
        same(receiveGas, 7, "receive gas");
    }

    // ------------------------------------------------------------------------------------------------ lanes

    function test_whatALaneIs() public view {
        IRouter.Lane memory lane = router.getLane(PROBE_IN);
        so(lane.direction == IRouter.Direction.Inbound, "direction");
        same(lane.sourceClient, THERE, "source client");
        same(lane.destinationClient, HERE, "destination client");
        same(lane.sourcePort, "null", "source port");
        same(lane.destinationPort, "probe", "destination port");
        same(lane.version, "null-1", "version");
        same(lane.encoding, "application/octet-stream", "encoding");
        same(lane.application, address(probe), "application");
        same(lane.client, 1, "client");
        same(lane.clientKey, CLIENT_KEY, "client key");
        lane = router.getLane(NULL_OUT);
        so(lane.direction == IRouter.Direction.Outbound, "direction");
        same(lane.sourceClient, HERE, "source client");
        same(lane.destinationClient, THERE, "destination client");
        same(lane.receiveGas, 50_000, "receive gas");
        same(router.laneCount(), 6, "count");
    }

    function test_aLaneIsRegisteredOnce() public {
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.LaneExists.selector, NULL_OUT));
        router.registerLane(IRouter.Direction.Outbound, 1, "null", "null", "null-1", "application/octet-stream");
        same(router.registerLane(IRouter.Direction.Outbound, 1, "null", "null", "null-2", "application/octet-stream"), 7, "number");
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownClient.selector, 2));
        router.registerLane(IRouter.Direction.Outbound, 2, "null", "null", "null-1", "application/octet-stream");
        vm.expectRevert(abi.encodeWithSelector(IRouter.PortNotRegistered.selector, "other"));
        router.registerLane(IRouter.Direction.Outbound, 1, "other", "null", "null-1", "application/octet-stream");
        vm.expectRevert(abi.encodeWithSelector(IRouter.PortNotRegistered.selector, "other"));
        router.registerLane(IRouter.Direction.Inbound, 1, "null", "other", "null-1", "application/octet-stream");
        vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidIdentifier.selector, ""));
        router.registerLane(IRouter.Direction.Inbound, 1, "null", "null", "", "application/octet-stream");
    }

    function test_portServiceAcceptsOnlyPortService() public {
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.SourcePortRefused.selector, "service", "null"));
        router.registerLane(IRouter.Direction.Inbound, 1, "null", "service", "service-1", SERVICE_ENCODING);
    }

    function test_aLaneOfAnotherClient() public {
        IQuorumClient.Trust memory trust_ = trust();
        (trust_.sourceClient, trust_.destinationClient) = ("attested-1", "quorum-1");
        IQuorumClient second = newClient(trust_);
        vm.startPrank(admin);
        same(router.addClient("quorum-1", "attested-1", second), 2, "number");
        uint16 lane = router.registerLane(IRouter.Direction.Inbound, 2, "null", "null", "null-1", "application/octet-stream");
        vm.stopPrank();
        bytes memory call = single(lane, inbound("null", 1, inAnHour(), "x"));
        vm.expectRevert(abi.encodeWithSelector(IRouter.LaneOfOtherClient.selector, lane, 1));
        deliver(call);
    }

    // ------------------------------------------------------------------------------------------------ pauses

    function test_pausesEndByThemselves() public {
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.PauseTooLong.selector, 7 days + 1, 7 days));
        router.pause(1, 7 days + 1);
        router.pause(1, 7 days);
        same(router.getClient(1).pausedUntil, block.timestamp + 7 days, "until");
        router.unpause(1);
        vm.stopPrank();
        nothing.send(NULL_OUT, inAnHour(), "x");
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownClient.selector, 2));
        router.pause(2, 1);
    }

    // ------------------------------------------------------------------------------------------------ applications' entry points

    /// @dev CrossCurve 2026: an entry point that anyone could call.
    function test_aStrangerAtEveryApplicationsEntryPoint() public {
        PacketContext memory context;
        address[2] memory applications = [address(nothing), address(gateway)];
        for (uint256 i; i < applications.length; ++i) {
            bytes[4] memory calls = [
                abi.encodeCall(IPacketApplication.onPacketReceived, (context, "x")),
                abi.encodeCall(IPacketApplication.onPacketAcknowledged, (context, "x", "y")),
                abi.encodeCall(IPacketApplication.onPacketTimedOut, (context, "x")),
                abi.encodeCall(IPacketApplication.onLaneRegistered, (1, CLIENT_KEY, true))
            ];
            for (uint256 j; j < calls.length; ++j) {
                vm.prank(STRANGER);
                (bool success, bytes memory reason) = applications[i].call(calls[j]);
                so(!success, "was accepted");
                same(reason, abi.encodeWithSelector(IPacketApplication.OnlyRouter.selector, STRANGER), "by name");
            }
        }
    }
}
