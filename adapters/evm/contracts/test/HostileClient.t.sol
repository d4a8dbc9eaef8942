// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Checkpoint, Packet} from "./support/Hub.sol";
import {HostileClientFixture} from "./support/HostileClientFixture.sol";

/// @title Attacks on the client of the hub: another in its place, contradicting checkpoints, time that passes or falls, and false
/// rotations. docs/security-tests.md lists them.
contract HostileClientTest is HostileClientFixture {
    // ------------------------------------------------------------------------------------------------ verifiers

    /// @dev Wormhole: the address of the verifier came with the message. Here it stands in the router, and nothing that travels
    /// names it.
    function test_aStubVerifierIsRefused() public {
        vm.startPrank(admin);
        address[6] memory stubs = [
            address(0xE0A),
            address(router),
            address(gateway),
            address(nothing),
            address(new YesVerifier(keccak256("quorum-7"), keccak256("attested-7"), ILightClient.Status.Frozen)),
            address(new YesVerifier(keccak256("quorum-8"), keccak256("attested-7"), ILightClient.Status.Active))
        ];
        for (uint256 i; i < stubs.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRouter.NotALightClient.selector, stubs[i]));
            router.addClient("quorum-7", "attested-7", ILightClient(stubs[i]));
            vm.expectRevert(abi.encodeWithSelector(IRouter.NotALightClient.selector, stubs[i]));
            router.proposeClientReplacement(1, ILightClient(stubs[i]));
        }
        vm.stopPrank();
    }

    function test_aVerifierIsReplacedOnlyAfterTheDelayAndOnlyByItsRole() public {
        IQuorumClient next = newClient(trust());
        vm.expectRevert();
        router.proposeClientReplacement(1, next);
        vm.startPrank(admin);
        router.proposeClientReplacement(1, next);
        vm.warp(block.timestamp + REPLACEMENT_DELAY - 1);
        vm.expectPartialRevert(IRouter.ReplacementTooEarly.selector);
        router.replaceClient(1);
        vm.warp(block.timestamp + 1);
        vm.stopPrank();
        vm.expectRevert();
        router.replaceClient(1);
        vm.prank(admin);
        router.replaceClient(1);
        same(address(router.getClient(1).lightClient), address(next), "replaced");
        vm.prank(admin);
        vm.expectPartialRevert(IRouter.NoReplacementProposed.selector);
        router.replaceClient(1);
    }

    function test_aVerifierThatFrozeWhileItWaitedIsNotInstalled() public {
        IQuorumClient next = newClient(trust());
        vm.prank(admin);
        router.proposeClientReplacement(1, next);
        (bytes memory first, bytes memory second) = _equivocation();
        next.submitMisbehaviour(first, second);
        vm.warp(block.timestamp + REPLACEMENT_DELAY);
        vm.prank(admin);
        vm.expectPartialRevert(IRouter.NotALightClient.selector);
        router.replaceClient(1);
    }

    /// @dev Its packets begin at sequence 1 again: they would be no-ops, and the former hub's acknowledgements their answers.
    function test_aVerifierIsNotReplacedByOneOfAnotherHub() public {
        IQuorumClient.Trust memory other = trust();
        other.genesisHash = keccak256("another genesis");
        IQuorumClient another = newClient(other);
        bytes memory refusal = abi.encodeWithSelector(IRouter.AnotherChain.selector, GENESIS, other.genesisHash);
        IQuorumClient.Trust memory elsewhere = other;
        (elsewhere.sourceClient, elsewhere.destinationClient) = ("attested-1", "quorum-1");
        IQuorumClient ofItsOwn = newClient(elsewhere);
        vm.startPrank(admin);
        vm.expectRevert(refusal);
        router.proposeClientReplacement(1, another);
        // Nor where the present one is frozen.
        (bytes memory first, bytes memory second) = _equivocation();
        client.submitMisbehaviour(first, second);
        vm.expectRevert(refusal);
        router.proposeClientReplacement(1, another);
        same(address(router.getClient(1).replacement), address(0), "nothing is proposed");
        same(router.addClient("quorum-1", "attested-1", ofItsOwn), 2, "it gets a client of its own");
        vm.stopPrank();
    }

    // ------------------------------------------------------------------------------------------------ misbehaviour

    function test_equivocationShownToTwoOtherChainsFreezes() public {
        (bytes memory first, bytes memory second) = _equivocation();
        vm.prank(address(0xBAD));
        client.submitMisbehaviour(first, second);
        _allFrozen();
        vm.expectRevert(ILightClient.ClientFrozen.selector);
        client.submitMisbehaviour(first, second);
    }

    function test_timeThatFallsFreezes() public {
        Checkpoint memory a = plainCheckpoint();
        Checkpoint memory b = plainCheckpoint();
        b.timestamp = a.timestamp - 1;
        client.submitMisbehaviour(_evidence(b, 4), _evidence(a, 4));
        _allFrozen();
    }

    function test_falseEvidenceFreezesNothing() public {
        Checkpoint memory a = plainCheckpoint();
        Checkpoint memory b = plainCheckpoint();
        // One block, shown twice; two blocks in order; the same again for another chain.
        _noMisbehaviour(_evidence(a, 4), _evidence(a, 4));
        _noMisbehaviour(_evidence(a, 4), _evidence(b, 4));
        Checkpoint memory elsewhere = _copy(a);
        elsewhere.domainSeparator = saltDomain(keccak256("a ledger"));
        elsewhere.batchRoot = keccak256("its own batch");
        _noMisbehaviour(_evidence(a, 4), _evidenceAt(elsewhere, abi.encodePacked(uint8(1), keccak256("a ledger")), 4));
        // A fork that no quorum signed, or that is of another epoch.
        Checkpoint memory fork = _copy(a);
        fork.blockHash = keccak256("fork");
        bytes memory evidence = _evidence(fork, 3);
        bytes memory sound = _evidence(a, 4);
        vm.expectPartialRevert(IQuorumClient.TooLittlePower.selector);
        client.submitMisbehaviour(sound, evidence);
        fork.epoch = 2;
        evidence = _evidence(fork, 4);
        vm.expectPartialRevert(IQuorumClient.WrongEpoch.selector);
        client.submitMisbehaviour(sound, evidence);
        (ILightClient.Status status,,) = client.latest();
        so(status == ILightClient.Status.Active, "active");
    }

    function test_evidenceThatIsCutShortIsRefusedByName() public {
        (bytes memory first, bytes memory second) = _equivocation();
        uint256 names = bytes(THERE).length + bytes(HERE).length + 2;
        for (uint256 cut; cut < 53 + names + 153; ++cut) {
            bytes memory part = new bytes(cut);
            for (uint256 i; i < cut; ++i) {
                part[i] = first[i];
            }
            vm.expectRevert(IQuorumClient.MalformedCheckpoint.selector);
            client.submitMisbehaviour(part, second);
        }
        (ILightClient.Status status,,) = client.latest();
        so(status == ILightClient.Status.Active, "active");
    }

    // ------------------------------------------------------------------------------------------------ time

    function test_aClientPastItsTrustingPeriodBelievesAndSendsNothing() public {
        Packet memory sent = send(inAnHour(), "sent before");
        tree.set("some key", "some value");
        client.updateClient(signed(plainCheckpoint()));
        uint256 expiry = block.timestamp + TRUSTING_PERIOD;
        vm.warp(expiry - 1);
        // The last second: still alive, and a newer checkpoint would keep it so.
        nothing.send(NULL_OUT, inAnHour(), "alive");
        vm.warp(expiry);
        refuses(signed(plainCheckpoint()), ILightClient.ClientExpired.selector);
        bytes memory call = single(NULL_IN, inbound("null", 1, inAnHour(), "value"));
        vm.expectPartialRevert(ILightClient.ClientExpired.selector);
        deliver(call);
        call = timeoutDelivery(NULL_OUT, sent);
        vm.expectPartialRevert(ILightClient.ClientExpired.selector);
        timeoutPackets(call);
        vm.expectPartialRevert(IRouter.ClientNotActive.selector);
        nothing.send(NULL_OUT, inAnHour(), "too late");
        so(stored(sent) != 0, "what was sent waits for the replacement");
    }

    function test_aCheckpointOlderThanTheTrustingPeriodIsRefused() public {
        Checkpoint memory old = plainCheckpoint();
        for (uint256 i; i < 3; ++i) {
            vm.warp(block.timestamp + TRUSTING_PERIOD / 2);
            client.updateClient(signed(plainCheckpoint()));
        }
        refuses(signed(old), IQuorumClient.CheckpointExpired.selector);
    }

    function test_aClockFarAheadIsRefusedAndTheDriftIsNot() public {
        Checkpoint memory c = plainCheckpoint();
        c.timestamp = uint64(block.timestamp) + MAX_CLOCK_DRIFT;
        client.updateClient(signed(c));
        c = plainCheckpoint();
        c.timestamp = uint64(block.timestamp) + MAX_CLOCK_DRIFT + 1;
        refuses(signed(c), IQuorumClient.CheckpointFromFuture.selector);
        c.timestamp = type(uint64).max;
        refuses(signed(c), IQuorumClient.CheckpointFromFuture.selector);
    }

    function test_timeNeverRunsBackwards() public {
        Checkpoint memory first = plainCheckpoint();
        client.updateClient(signed(first));
        Checkpoint memory c = plainCheckpoint();
        c.timestamp = first.timestamp - 1;
        refuses(signed(c), IQuorumClient.TimeNotMonotonic.selector);
        c.height = first.height - 1;
        c.timestamp = first.timestamp + 1;
        refuses(signed(c), IQuorumClient.TimeNotMonotonic.selector);
        c.height = first.height;
        refuses(signed(c), IQuorumClient.TimeNotMonotonic.selector);
    }

    // ------------------------------------------------------------------------------------------------ rotation

    /// @dev The hub rotates twice while this chain sleeps; the stored checkpoints lead it through each epoch.
    function test_aClientThatLagsIsLedThroughEachEpoch() public {
        (bytes memory second, bytes memory firstHandOver) = handOverTo(2);
        become(2);
        (bytes memory third, bytes memory secondHandOver) = handOverTo(3);
        become(3);
        bytes memory newest = signed(plainCheckpoint());
        refuses(newest, IQuorumClient.WrongEpoch.selector);
        vm.expectPartialRevert(IQuorumClient.WrongEpoch.selector);
        client.rotate(third, secondHandOver);
        client.rotate(second, firstHandOver);
        vm.expectPartialRevert(IQuorumClient.WrongEpoch.selector);
        client.rotate(second, firstHandOver);
        client.rotate(third, secondHandOver);
        client.updateClient(newest);
    }

    function test_theOldSetIsBelievedNoMore() public {
        Checkpoint memory c = plainCheckpoint();
        bytes memory old = signed(c);
        rotateTo(2);
        refuses(old, IQuorumClient.WrongEpoch.selector);
        c.epoch = 2;
        bytes memory header = headerOf(c, keccak256(validatorSet), signBy(keysOf(5, 1), 4, digestOf(c)));
        refuses(header, IQuorumClient.WrongSigner.selector);
    }

    function test_aHandOverThatLiesIsRefused() public {
        (bytes memory set, bytes memory header) = handOverTo(2);
        bytes memory other = setOf(keysOf(5, 77), 2);
        vm.expectPartialRevert(IQuorumClient.WrongValidatorSet.selector);
        client.rotate(other, header);
        vm.expectPartialRevert(IQuorumClient.WrongValidatorSet.selector);
        client.rotate(set, signed(plainCheckpoint()));
        quorum = 3;
        (set, header) = handOverTo(2);
        vm.expectPartialRevert(IQuorumClient.TooLittlePower.selector);
        client.rotate(set, header);
        quorum = 4;
        (set, header) = handOverTo(4);
        vm.expectPartialRevert(IQuorumClient.WrongEpoch.selector);
        client.rotate(set, header);
        Checkpoint memory c = plainCheckpoint();
        set = setOf(keysOf(1, 5), 2);
        c.nextSetHash = keccak256(set);
        header = signed(c);
        vm.expectRevert(IQuorumClient.SingleOperatorNotAccepted.selector);
        client.rotate(set, header);
    }

    // ------------------------------------------------------------------------------------------------ inside

    /// @dev Two blocks at one height, signed for an EVM chain and for a ledger.
    function _equivocation() private returns (bytes memory first, bytes memory second) {
        Checkpoint memory a = plainCheckpoint();
        a.domainSeparator = evmDomain(999, address(0xC0DE));
        (a.sourceClient, a.destinationClient) = ("attested-5", "quorum-9");
        Checkpoint memory b = _copy(a);
        b.domainSeparator = saltDomain(keccak256("a ledger"));
        b.blockHash = keccak256("fork");
        first = _evidenceAt(a, abi.encodePacked(uint8(0), uint256(999), address(0xC0DE)), 4);
        second = _evidenceAt(b, abi.encodePacked(uint8(1), keccak256("a ledger")), 4);
    }

    function _evidence(Checkpoint memory c, uint256 signers) private view returns (bytes memory) {
        return _evidenceAt(c, abi.encodePacked(uint8(0), block.chainid, address(client)), signers);
    }

    function _evidenceAt(Checkpoint memory c, bytes memory domain, uint256 signers) private view returns (bytes memory) {
        bytes memory header = headerOf(c, keccak256(validatorSet), signBy(keys, signers, digestOf(c)));
        return bytes.concat(
            domain,
            abi.encodePacked(uint8(bytes(c.sourceClient).length), c.sourceClient),
            abi.encodePacked(uint8(bytes(c.destinationClient).length), c.destinationClient),
            header
        );
    }

    function _noMisbehaviour(bytes memory first, bytes memory second) private {
        vm.expectRevert(IQuorumClient.NoMisbehaviour.selector);
        client.submitMisbehaviour(first, second);
    }

    function _copy(Checkpoint memory c) private pure returns (Checkpoint memory) {
        return abi.decode(abi.encode(c), (Checkpoint));
    }

    function _allFrozen() private {
        (ILightClient.Status status,,) = client.latest();
        so(status == ILightClient.Status.Frozen, "frozen");
        bytes memory header = signed(plainCheckpoint());
        refuses(header, ILightClient.ClientFrozen.selector);
        bytes memory call = single(NULL_IN, inbound("null", 1, inAnHour(), "value"));
        vm.expectRevert(ILightClient.ClientFrozen.selector);
        deliver(call);
        vm.expectPartialRevert(IRouter.ClientNotActive.selector);
        nothing.send(NULL_OUT, inAnHour(), "value");
        (bytes memory set, bytes memory handOver) = handOverTo(2);
        vm.expectRevert(ILightClient.ClientFrozen.selector);
        client.rotate(set, handOver);
    }
}

/// @notice Believes everything.
contract YesVerifier is ILightClient {
    bytes32 private immutable CLIENT;
    bytes32 private immutable COUNTERPARTY;
    Status private immutable STATUS;

    constructor(bytes32 client, bytes32 counterparty, Status status) {
        (CLIENT, COUNTERPARTY, STATUS) = (client, counterparty, status);
    }

    function updateClient(bytes calldata) external pure returns (uint64, uint64, bytes32, bytes32) {
        return (1, 1, bytes32(uint256(1)), bytes32(uint256(1)));
    }

    function verifyMembership(bytes32, bytes calldata, bytes calldata, bytes calldata) external pure {}

    function verifyNonMembership(bytes32, bytes calldata, bytes calldata) external pure {}

    function latest() external view returns (Status, uint64, uint64) {
        return (STATUS, 1, 1);
    }

    function boundTo() external view returns (bytes32, bytes32, bytes32) {
        return (CLIENT, COUNTERPARTY, keccak256("genesis"));
    }
}
