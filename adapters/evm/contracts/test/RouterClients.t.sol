// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {ProbeFixture} from "./support/ProbeFixture.sol";
import {StubVerifier} from "./support/StubVerifier.sol";

/// @title Clients of the router: which are added, and how one is replaced under its identifier.
contract RouterClientsTest is ProbeFixture {
    address private constant STRANGER = address(0xBAD);

    function test_identifiersOfClients() public {
        string[14] memory wrong = [
            "", "quorum", "quorum-", "-0", "q-0", "Quorum-0", "quorum-00", "quorum-01", "quorum_0", "quorum-0x", "1quorum-0",
            "quorum--0", "quorum-0-", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-0"
        ];
        vm.startPrank(admin);
        for (uint256 i; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidIdentifier.selector, wrong[i]));
            router.addClient(wrong[i], THERE, client);
        }
        string[5] memory wrongThere = ["", "short-0", "has space-0", "slash/client-0", unicode"クライアント-0"];
        for (uint256 i; i < wrongThere.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRouter.InvalidIdentifier.selector, wrongThere[i]));
            router.addClient("quorum-9", wrongThere[i], client);
        }
        // Well formed, hence refused only because the client is bound to other names.
        string[4] memory right = ["quorum-9", "quorum-10", "a1-b2-c3-77", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-0"];
        for (uint256 i; i < right.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRouter.NotALightClient.selector, client));
            router.addClient(right[i], "07-tendermint-0", client);
        }
    }

    function test_aClientIsAddedOnce() public {
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.ClientExists.selector, HERE));
        router.addClient(HERE, THERE, client);
        same(router.clientNumber(HERE), 1, "number");
        same(router.clientNumber("quorum-1"), 0, "no number");
        vm.expectRevert(abi.encodeWithSelector(IRouter.UnknownClient.selector, 2));
        router.getClient(2);
    }

    /// @dev Wormhole 2022: a spoofed verifier.
    function test_aStubVerifierIsRefused() public {
        address[6] memory stubs = [
            address(new StubVerifier()), address(0), address(0xE0A), address(router), address(nothing), address(2)
        ];
        vm.startPrank(admin);
        for (uint256 i; i < stubs.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRouter.NotALightClient.selector, stubs[i]));
            router.addClient("quorum-9", THERE, ILightClient(stubs[i]));
            vm.expectRevert(abi.encodeWithSelector(IRouter.NotALightClient.selector, stubs[i]));
            router.proposeClientReplacement(1, ILightClient(stubs[i]));
        }
    }

    function test_aClientBoundToOtherNamesIsRefused() public {
        IQuorumClient.Trust memory trust_ = trust();
        trust_.sourceClient = "attested-1";
        IQuorumClient other = newClient(trust_);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotALightClient.selector, other));
        router.proposeClientReplacement(1, other);
        trust_ = trust();
        trust_.destinationClient = "quorum-1";
        other = newClient(trust_);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotALightClient.selector, other));
        router.proposeClientReplacement(1, other);
    }

    function test_aReplacementWaitsOutTheDelay() public {
        IQuorumClient fresh = newClient(trust());
        vm.startPrank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NoReplacementProposed.selector, 1));
        router.replaceClient(1);
        router.proposeClientReplacement(1, fresh);
        uint64 from = uint64(block.timestamp) + REPLACEMENT_DELAY;
        vm.warp(from - 1);
        vm.expectRevert(abi.encodeWithSelector(IRouter.ReplacementTooEarly.selector, from));
        router.replaceClient(1);
        vm.warp(from);
        router.replaceClient(1);
        same(address(router.getClient(1).lightClient), address(fresh), "light client");
        same(address(router.getClient(1).replacement), address(0), "no proposal");
        vm.expectRevert(abi.encodeWithSelector(IRouter.NoReplacementProposed.selector, 1));
        router.replaceClient(1);
        vm.stopPrank();
        // The former one proves nothing any more; the lanes and sequences stay.
        bytes memory old = single(NULL_IN, inbound("null", 1, inAnHour(), "x"));
        vm.expectPartialRevert(IQuorumClient.WrongSigner.selector);
        deliver(old);
        client = fresh;
        deliver(single(NULL_IN, inbound("null", 1, inAnHour(), "x")));
    }

    function test_aNewProposalWaitsAnew() public {
        vm.startPrank(admin);
        router.proposeClientReplacement(1, newClient(trust()));
        vm.warp(block.timestamp + REPLACEMENT_DELAY);
        router.proposeClientReplacement(1, newClient(trust()));
        vm.expectPartialRevert(IRouter.ReplacementTooEarly.selector);
        router.replaceClient(1);
    }

    function test_aProposalIsCancelled() public {
        IAccessControl access = IAccessControl(address(router));
        vm.startPrank(admin);
        access.grantRole(keccak256("PAUSER_ROLE"), STRANGER);
        router.proposeClientReplacement(1, newClient(trust()));
        vm.stopPrank();
        vm.prank(STRANGER);
        router.cancelClientReplacement(1);
        vm.warp(block.timestamp + REPLACEMENT_DELAY);
        vm.prank(admin);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NoReplacementProposed.selector, 1));
        router.replaceClient(1);
    }

    function test_anExpiredReplacementIsRefused() public {
        IQuorumClient fresh = newClient(trust());
        vm.startPrank(admin);
        router.proposeClientReplacement(1, fresh);
        vm.warp(block.timestamp + TRUSTING_PERIOD);
        vm.expectRevert(abi.encodeWithSelector(IRouter.NotALightClient.selector, fresh));
        router.replaceClient(1);
    }

    function test_everyStepOfAReplacementIsTold() public {
        (IQuorumClient former, IQuorumClient fresh) = (client, newClient(trust()));
        uint64 from = uint64(block.timestamp) + REPLACEMENT_DELAY;
        vm.startPrank(admin);
        vm.expectEmit();
        emit IRouter.ClientReplacementProposed(1, address(fresh), from);
        router.proposeClientReplacement(1, fresh);
        same(address(router.getClient(1).replacement), address(fresh), "proposed");
        same(router.getClient(1).replaceableFrom, from, "from then on");
        vm.expectEmit();
        emit IRouter.ClientReplacementCancelled(1, address(fresh));
        router.cancelClientReplacement(1);
        same(address(router.getClient(1).replacement), address(0), "no proposal");
        same(router.getClient(1).replaceableFrom, 0, "no time");
        router.proposeClientReplacement(1, fresh);
        vm.warp(from);
        vm.expectEmit();
        emit IRouter.ClientReplaced(1, address(former), address(fresh));
        router.replaceClient(1);
        same(router.getClient(1).replaceableFrom, 0, "no time");
    }
}
