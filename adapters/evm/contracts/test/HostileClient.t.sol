// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Checkpoint, Packet} from "./support/Hub.sol";
import {Fixture} from "./support/Fixture.sol";

/// @title Attacks on the client of the hub: forged, replayed and contradicting checkpoints. docs/security-tests.md lists them.
contract HostileClientTest is Fixture {
    // ------------------------------------------------------------------------------------------------ quorums

    /// @dev YUI's QBFT took two of four for two thirds, by a division of integers.
    function test_eachQuorumFrom1To10IsRefusedOneBelowAndAcceptedAtTheBound() public {
        for (uint256 n = 1; n <= 10; ++n) {
            uint256 least = 2 * n / 3 + 1;
            build(n, least - 1);
            // Nobody's signature is no checkpoint at all.
            _refused(signed(_plain()), n == 1 ? IQuorumClient.MalformedCheckpoint.selector : IQuorumClient.TooLittlePower.selector);
            quorum = least;
            client.updateClient(signed(_plain()));
        }
    }

    function testFuzz_powersCountAndNotHeads(uint64[5] memory powers, uint8 signers) public {
        uint256 total;
        uint256 signing;
        bytes memory set = abi.encodePacked(epoch);
        bytes memory signature;
        for (uint256 i; i < 5; ++i) {
            uint64 power = powers[i] == 0 ? 1 : powers[i];
            set = bytes.concat(set, bytes20(vm.addr(keys[i])), bytes8(power));
            total += power;
            if (signers >> i & 1 == 1) signing += power;
        }
        validatorSet = set;
        client = newClient(trust());
        Checkpoint memory c = _plain();
        for (uint256 i; i < 5; ++i) {
            if (signers >> i & 1 == 1) signature = bytes.concat(signature, compact(keys[i], digestOf(c)));
        }
        bytes memory header = _signedWith(c, bytes.concat(bytes8(uint64(signers & 0x1f)), signature));
        if (signing * 3 > total * 2) client.updateClient(header);
        else _refused(header, signing == 0 ? IQuorumClient.MalformedCheckpoint.selector : IQuorumClient.TooLittlePower.selector);
    }

    function test_zeroSignersAreRefused() public {
        Checkpoint memory c = _plain();
        _refused(_signedWith(c, ""), IQuorumClient.MalformedCheckpoint.selector);
        _refused(_signedWith(c, abi.encodePacked(uint64(0))), IQuorumClient.MalformedCheckpoint.selector);
        c.nextSetHash = keccak256("another set");
        _refused(_signedWith(c, abi.encodePacked(uint64(0))), IQuorumClient.TooLittlePower.selector);
        _refused(_signedWith(c, ""), IQuorumClient.TooFewSignatures.selector);
    }

    function test_oneSignerCountsOnce() public {
        Checkpoint memory c = _plain();
        bytes memory mine = compact(keys[0], digestOf(c));
        bytes memory signature = bytes.concat(abi.encodePacked(uint64(0xf)), mine, mine, mine, mine);
        _refused(_signedWith(c, signature), IQuorumClient.WrongSigner.selector);
    }

    /// @dev The one that is refused is named, also where members before it did not sign.
    function test_theWrongSignerIsNamed() public {
        Checkpoint memory c = _plain();
        uint256[4] memory signing = [keys[0], keys[1], keys[3], keys[4]];
        bytes memory signature = abi.encodePacked(uint64(29));
        for (uint256 i; i < signing.length; ++i) {
            signature = bytes.concat(signature, compact(signing[i], digestOf(c)));
        }
        bytes memory header = _signedWith(c, signature);
        vm.expectRevert(
            abi.encodeWithSelector(IQuorumClient.WrongSigner.selector, 2, vm.addr(keys[2]), vm.addr(keys[1]))
        );
        client.updateClient(header);
    }

    function test_aStrangersSignatureIsRefused() public {
        Checkpoint memory c = _plain();
        bytes memory signature = signBy(keysOf(5, 99), 4, digestOf(c));
        _refused(_signedWith(c, signature), IQuorumClient.WrongSigner.selector);
    }

    function test_anUnknownSignerIsRefused() public {
        Checkpoint memory c = _plain();
        for (uint64 bit = 5; bit < 64; ++bit) {
            bytes memory good = signBy(keys, 4, digestOf(c));
            bytes memory signature = bytes.concat(abi.encodePacked(uint64(0xf | uint64(1) << bit)), _after(good, 8), good);
            _refused(_signedWith(c, signature), IQuorumClient.UnknownSigner.selector);
        }
    }

    function test_signaturesAreAsManyAsTheBitmapNames() public {
        Checkpoint memory c = _plain();
        bytes memory good = signBy(keys, 4, digestOf(c));
        _refused(_signedWith(c, bytes.concat(good, hex"00")), IQuorumClient.TooManySignatures.selector);
        _refused(_signedWith(c, bytes.concat(good, compact(keys[4], digestOf(c)))), IQuorumClient.TooManySignatures.selector);
        _refused(_signedWith(c, _before(good, good.length - 1)), IQuorumClient.TooFewSignatures.selector);
        _refused(_signedWith(c, _before(good, good.length - 64)), IQuorumClient.TooFewSignatures.selector);
    }

    function test_theMirrorOfASignatureIsRefused() public {
        Checkpoint memory c = _plain();
        bytes memory signature = signBy(keys, 4, digestOf(c));
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        uint256 vs;
        assembly {
            vs := mload(add(signature, 0x48))
        }
        uint256 mirrored = order - (vs << 1 >> 1);
        // A mirror's top bit is that of a high s; the parity bit cannot say both, so try both.
        for (uint256 parity; parity < 2; ++parity) {
            uint256 word = (mirrored << 1 >> 1) | parity << 255;
            assembly {
                mstore(add(signature, 0x48), word)
            }
            _refused(_signedWith(c, signature), bytes4(0));
        }
    }

    function test_eachByteOfACheckpointMatters() public {
        Checkpoint memory c = _plain();
        bytes memory header = signed(c);
        for (uint256 i; i < header.length; ++i) {
            for (uint256 bit = 1; bit < 256; bit <<= 7) {
                header[i] = bytes1(uint8(header[i]) ^ uint8(bit));
                (bool taken,) = address(client).call(abi.encodeCall(ILightClient.updateClient, (header)));
                so(!taken, vm.toString(i));
                header[i] = bytes1(uint8(header[i]) ^ uint8(bit));
            }
        }
        (, uint64 before,) = client.latest();
        client.updateClient(header);
        (, uint64 now_,) = client.latest();
        so(before < now_, "the whole one is good");
    }

    // ------------------------------------------------------------------------------------------------ replay elsewhere

    /// @dev Attestations that named no chain were replayed on another.
    function test_aCheckpointForAnythingElseIsRefused() public {
        for (uint256 what; what < 7; ++what) {
            Checkpoint memory c = _plain();
            if (what == 0) c.domainSeparator = evmDomain(block.chainid + 1, address(client));
            if (what == 1) c.domainSeparator = evmDomain(block.chainid, address(newClient(trust())));
            if (what == 2) c.domainSeparator = saltDomain(GENESIS);
            if (what == 3) c.chain = "interchain-2";
            if (what == 4) c.genesisHash = keccak256("another genesis");
            if (what == 5) c.sourceClient = "attested-1";
            if (what == 6) c.destinationClient = "quorum-1";
            _refused(signed(c), IQuorumClient.WrongSigner.selector);
        }
    }

    function test_aCheckpointOfAnotherEpochIsRefused() public {
        Checkpoint memory c = _plain();
        c.epoch = 2;
        _refused(signed(c), IQuorumClient.WrongEpoch.selector);
        c.epoch = 0;
        _refused(signed(c), IQuorumClient.WrongEpoch.selector);
    }

    function test_afterAForkOfTheChainTheOldSignaturesCountNoMore() public {
        bytes memory header = signed(_plain());
        vm.chainId(block.chainid + 1);
        _refused(header, IQuorumClient.WrongSigner.selector);
        client.updateClient(signed(_plain()));
    }

    function test_aReplayedCheckpointMovesNothingBack() public {
        bytes memory old = signed(_plain());
        vm.warp(block.timestamp + 10);
        client.updateClient(signed(_plain()));
        (, uint64 height,) = client.latest();
        client.updateClient(old);
        (, uint64 same_,) = client.latest();
        same(same_, height, "height");
    }

    // ------------------------------------------------------------------------------------------------ zero

    /// @dev Nomad: an upgrade made zero a root that was trusted.
    function test_theZeroRootIsRefusedAtTheStartAndAfterEveryChange() public {
        _refuseZero();
        _rotate(2);
        _refuseZero();
        _replace();
        _refuseZero();
    }

    function _refuseZero() private {
        _refused(signed(checkpoint(0, keccak256("batch"))), ILightClient.EmptyTreeRoot.selector);
        Packet memory p = inbound("null", 1, inAnHour(), "value");
        bytes memory header = signed(checkpoint(APP_ROOT, 0));
        vm.expectRevert();
        deliver(delivery(1, header, bytes.concat(hex"0001", packetEntry(NULL_IN, p))));
        vm.expectRevert(IRouter.EmptyBatch.selector);
        deliver(delivery(1, header, hex"0000"));
        vm.expectRevert(IRouter.EmptyBatch.selector);
        deliver(delivery(2, header, hex"000000000000"));
        vm.expectRevert(IRouter.EmptyBatch.selector);
        deliver(delivery(3, header, hex"0000"));
        for (uint256 kind; kind < 3; ++kind) {
            bytes memory proof = abi.encodePacked(uint16(0), uint8(kind));
            vm.expectRevert(ILightClient.EmptyTreeRoot.selector);
            client.verifyMembership(0, commitmentPath(THERE, 1), hex"01", proof);
            vm.expectRevert(ILightClient.EmptyTreeRoot.selector);
            client.verifyNonMembership(0, commitmentPath(THERE, 1), proof);
        }
        vm.expectRevert();
        client.verifyMembership(APP_ROOT, commitmentPath(THERE, 1), hex"01", "");
        vm.expectRevert();
        client.verifyNonMembership(APP_ROOT, commitmentPath(THERE, 1), "");
    }

    function test_noClientBeginsWithNothing() public {
        for (uint256 what; what < 10; ++what) {
            IQuorumClient.Trust memory t = trust();
            if (what == 0) t.chain = "";
            if (what == 1) t.genesisHash = 0;
            if (what == 2) t.sourceClient = "";
            if (what == 3) t.destinationClient = "";
            if (what == 4) t.height = 0;
            if (what == 5) t.timestamp = 0;
            if (what == 6) t.trustingPeriod = 0;
            if (what == 7) t.timestamp = uint64(block.timestamp) + MAX_CLOCK_DRIFT + 1;
            if (what == 8) t.timestamp = uint64(block.timestamp) - TRUSTING_PERIOD;
            if (what == 9) t.validatorSet = abi.encodePacked(uint64(1));
            (bool begun,) = address(this).call(abi.encodeCall(this.begin, (t)));
            so(!begun, vm.toString(what));
        }
        IQuorumClient.Trust memory ahead = trust();
        (ahead.timestamp, ahead.trustingPeriod) = (uint64(block.timestamp) + 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IQuorumClient.InvalidTrust.selector, "trustingPeriod"));
        this.begin(ahead);
        this.begin(trust());
    }

    function begin(IQuorumClient.Trust memory t) public {
        newClient(t);
    }

    /// @dev One checkpoint has one form: no other flag, no hash of zero for the set that stays.
    function test_aCheckpointHasOneForm() public {
        Checkpoint memory c = _plain();
        c.nextSetHash = keccak256("the next set");
        bytes memory fields = abi.encodePacked(c.batchRoot, c.epoch, c.height, c.timestamp, c.blockHash, c.appRoot);
        bytes memory signatures = signBy(keys, 4, digestOf(c));
        bytes memory filling = abi.encodePacked(keccak256("filling"));
        _refused(
            bytes.concat(fields, hex"02", abi.encodePacked(c.nextSetHash), filling, signatures),
            IQuorumClient.MalformedCheckpoint.selector
        );
        client.updateClient(bytes.concat(fields, hex"01", abi.encodePacked(c.nextSetHash), signatures));
        c = _plain();
        c.nextSetHash = 0;
        fields = abi.encodePacked(c.batchRoot, c.epoch, c.height, c.timestamp, c.blockHash, c.appRoot);
        signatures = signBy(keys, 4, digestOf(c));
        _refused(bytes.concat(fields, hex"01", bytes32(0), signatures), IQuorumClient.MalformedCheckpoint.selector);
    }

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
        Checkpoint memory a = _plain();
        Checkpoint memory b = _plain();
        b.timestamp = a.timestamp - 1;
        client.submitMisbehaviour(_evidence(b, 4), _evidence(a, 4));
        _allFrozen();
    }

    function test_falseEvidenceFreezesNothing() public {
        Checkpoint memory a = _plain();
        Checkpoint memory b = _plain();
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
        client.updateClient(signed(_plain()));
        uint256 expiry = block.timestamp + TRUSTING_PERIOD;
        vm.warp(expiry - 1);
        // The last second: still alive, and a newer checkpoint would keep it so.
        nothing.send(NULL_OUT, inAnHour(), "alive");
        vm.warp(expiry);
        _refused(signed(_plain()), ILightClient.ClientExpired.selector);
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
        Checkpoint memory old = _plain();
        for (uint256 i; i < 3; ++i) {
            vm.warp(block.timestamp + TRUSTING_PERIOD / 2);
            client.updateClient(signed(_plain()));
        }
        _refused(signed(old), IQuorumClient.CheckpointExpired.selector);
    }

    function test_aClockFarAheadIsRefusedAndTheDriftIsNot() public {
        Checkpoint memory c = _plain();
        c.timestamp = uint64(block.timestamp) + MAX_CLOCK_DRIFT;
        client.updateClient(signed(c));
        c = _plain();
        c.timestamp = uint64(block.timestamp) + MAX_CLOCK_DRIFT + 1;
        _refused(signed(c), IQuorumClient.CheckpointFromFuture.selector);
        c.timestamp = type(uint64).max;
        _refused(signed(c), IQuorumClient.CheckpointFromFuture.selector);
    }

    function test_timeNeverRunsBackwards() public {
        Checkpoint memory first = _plain();
        client.updateClient(signed(first));
        Checkpoint memory c = _plain();
        c.timestamp = first.timestamp - 1;
        _refused(signed(c), IQuorumClient.TimeNotMonotonic.selector);
        c.height = first.height - 1;
        c.timestamp = first.timestamp + 1;
        _refused(signed(c), IQuorumClient.TimeNotMonotonic.selector);
        c.height = first.height;
        _refused(signed(c), IQuorumClient.TimeNotMonotonic.selector);
    }

    // ------------------------------------------------------------------------------------------------ rotation

    /// @dev The hub rotates twice while this chain sleeps; the stored checkpoints lead it through each epoch.
    function test_aClientThatLagsIsLedThroughEachEpoch() public {
        (bytes memory second, bytes memory firstHandOver) = _handOver(2);
        _become(2);
        (bytes memory third, bytes memory secondHandOver) = _handOver(3);
        _become(3);
        bytes memory newest = signed(_plain());
        _refused(newest, IQuorumClient.WrongEpoch.selector);
        vm.expectPartialRevert(IQuorumClient.WrongEpoch.selector);
        client.rotate(third, secondHandOver);
        client.rotate(second, firstHandOver);
        vm.expectPartialRevert(IQuorumClient.WrongEpoch.selector);
        client.rotate(second, firstHandOver);
        client.rotate(third, secondHandOver);
        client.updateClient(newest);
    }

    function test_theOldSetIsBelievedNoMore() public {
        Checkpoint memory c = _plain();
        bytes memory old = signed(c);
        _rotate(2);
        _refused(old, IQuorumClient.WrongEpoch.selector);
        c.epoch = 2;
        bytes memory header = headerOf(c, keccak256(validatorSet), signBy(keysOf(5, 1), 4, digestOf(c)));
        _refused(header, IQuorumClient.WrongSigner.selector);
    }

    function test_aHandOverThatLiesIsRefused() public {
        (bytes memory set, bytes memory header) = _handOver(2);
        bytes memory other = setOf(keysOf(5, 77), 2);
        vm.expectPartialRevert(IQuorumClient.WrongValidatorSet.selector);
        client.rotate(other, header);
        vm.expectPartialRevert(IQuorumClient.WrongValidatorSet.selector);
        client.rotate(set, signed(_plain()));
        quorum = 3;
        (set, header) = _handOver(2);
        vm.expectPartialRevert(IQuorumClient.TooLittlePower.selector);
        client.rotate(set, header);
        quorum = 4;
        (set, header) = _handOver(4);
        vm.expectPartialRevert(IQuorumClient.WrongEpoch.selector);
        client.rotate(set, header);
        Checkpoint memory c = _plain();
        set = setOf(keysOf(1, 5), 2);
        c.nextSetHash = keccak256(set);
        header = signed(c);
        vm.expectRevert(IQuorumClient.SingleOperatorNotAccepted.selector);
        client.rotate(set, header);
    }

    // ------------------------------------------------------------------------------------------------ inside

    function _plain() private returns (Checkpoint memory) {
        return checkpoint(APP_ROOT, keccak256("batch"));
    }

    function _signedWith(Checkpoint memory c, bytes memory signature) private view returns (bytes memory) {
        return headerOf(c, keccak256(validatorSet), signature);
    }

    /// @dev Zero: whatever the reason.
    function _refused(bytes memory header, bytes4 selector) private {
        (, uint64 height,) = client.latest();
        (bool taken, bytes memory reason) = address(client).call(abi.encodeCall(ILightClient.updateClient, (header)));
        so(!taken, "taken");
        if (selector != 0) same(bytes32(selectorOf(reason)), bytes32(selector), "selector");
        (, uint64 after_,) = client.latest();
        same(after_, height, "height");
    }

    /// @dev Two blocks at one height, signed for an EVM chain and for a ledger.
    function _equivocation() private returns (bytes memory first, bytes memory second) {
        Checkpoint memory a = _plain();
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
        bytes memory header = signed(_plain());
        _refused(header, ILightClient.ClientFrozen.selector);
        bytes memory call = single(NULL_IN, inbound("null", 1, inAnHour(), "value"));
        vm.expectRevert(ILightClient.ClientFrozen.selector);
        deliver(call);
        vm.expectPartialRevert(IRouter.ClientNotActive.selector);
        nothing.send(NULL_OUT, inAnHour(), "value");
        (bytes memory set, bytes memory handOver) = _handOver(2);
        vm.expectRevert(ILightClient.ClientFrozen.selector);
        client.rotate(set, handOver);
    }

    function _handOver(uint64 next) private returns (bytes memory set, bytes memory header) {
        set = setOf(keysOf(5, next), next);
        Checkpoint memory c = _plain();
        c.nextSetHash = keccak256(set);
        header = signed(c);
    }

    function _become(uint64 next) private {
        keys = keysOf(5, next);
        epoch = next;
        validatorSet = setOf(keys, next);
    }

    function _rotate(uint64 next) private {
        (bytes memory set, bytes memory header) = _handOver(next);
        client.rotate(set, header);
        _become(next);
    }

    function _replace() private {
        IQuorumClient next = newClient(trust());
        vm.startPrank(admin);
        router.proposeClientReplacement(1, next);
        vm.warp(block.timestamp + REPLACEMENT_DELAY);
        router.replaceClient(1);
        vm.stopPrank();
        client = next;
    }

    function _before(bytes memory data, uint256 length) private pure returns (bytes memory part) {
        part = bytes.concat(data);
        assembly {
            mstore(part, length)
        }
    }

    function _after(bytes memory data, uint256 start) private pure returns (bytes memory part) {
        part = new bytes(data.length - start);
        for (uint256 i; i < part.length; ++i) {
            part[i] = data[start + i];
        }
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
