// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Checkpoint, Packet} from "./support/Hub.sol";
import {HostileClientFixture} from "./support/HostileClientFixture.sol";

/// @title Attacks on a checkpoint of the hub: too few signatures, others' signatures, made for something else, or of zeros.
/// docs/security-tests.md lists them.
contract HostileCheckpointTest is HostileClientFixture {
    // ------------------------------------------------------------------------------------------------ quorums

    /// @dev YUI's QBFT took two of four for two thirds, by a division of integers.
    function test_eachQuorumFrom1To10IsRefusedOneBelowAndAcceptedAtTheBound() public {
        for (uint256 n = 1; n <= 10; ++n) {
            uint256 least = 2 * n / 3 + 1;
            build(n, least - 1);
            // Nobody's signature is no checkpoint at all.
            refuses(signed(plainCheckpoint()), n == 1 ? IQuorumClient.MalformedCheckpoint.selector : IQuorumClient.TooLittlePower.selector);
            quorum = least;
            client.updateClient(signed(plainCheckpoint()));
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
        Checkpoint memory c = plainCheckpoint();
        for (uint256 i; i < 5; ++i) {
            if (signers >> i & 1 == 1) signature = bytes.concat(signature, compact(keys[i], digestOf(c)));
        }
        bytes memory header = signedWith(c, bytes.concat(bytes8(uint64(signers & 0x1f)), signature));
        if (signing * 3 > total * 2) client.updateClient(header);
        else refuses(header, signing == 0 ? IQuorumClient.MalformedCheckpoint.selector : IQuorumClient.TooLittlePower.selector);
    }

    function test_zeroSignersAreRefused() public {
        Checkpoint memory c = plainCheckpoint();
        refuses(signedWith(c, ""), IQuorumClient.MalformedCheckpoint.selector);
        refuses(signedWith(c, abi.encodePacked(uint64(0))), IQuorumClient.MalformedCheckpoint.selector);
        c.nextSetHash = keccak256("another set");
        refuses(signedWith(c, abi.encodePacked(uint64(0))), IQuorumClient.TooLittlePower.selector);
        refuses(signedWith(c, ""), IQuorumClient.TooFewSignatures.selector);
    }

    function test_oneSignerCountsOnce() public {
        Checkpoint memory c = plainCheckpoint();
        bytes memory mine = compact(keys[0], digestOf(c));
        bytes memory signature = bytes.concat(abi.encodePacked(uint64(0xf)), mine, mine, mine, mine);
        refuses(signedWith(c, signature), IQuorumClient.WrongSigner.selector);
    }

    /// @dev The one that is refused is named, also where members before it did not sign.
    function test_theWrongSignerIsNamed() public {
        Checkpoint memory c = plainCheckpoint();
        uint256[4] memory signing = [keys[0], keys[1], keys[3], keys[4]];
        bytes memory signature = abi.encodePacked(uint64(29));
        for (uint256 i; i < signing.length; ++i) {
            signature = bytes.concat(signature, compact(signing[i], digestOf(c)));
        }
        bytes memory header = signedWith(c, signature);
        vm.expectRevert(
            abi.encodeWithSelector(IQuorumClient.WrongSigner.selector, 2, vm.addr(keys[2]), vm.addr(keys[1]))
        );
        client.updateClient(header);
    }

    function test_aStrangersSignatureIsRefused() public {
        Checkpoint memory c = plainCheckpoint();
        bytes memory signature = signBy(keysOf(5, 99), 4, digestOf(c));
        refuses(signedWith(c, signature), IQuorumClient.WrongSigner.selector);
    }

    function test_anUnknownSignerIsRefused() public {
        Checkpoint memory c = plainCheckpoint();
        for (uint64 bit = 5; bit < 64; ++bit) {
            bytes memory good = signBy(keys, 4, digestOf(c));
            bytes memory signature = bytes.concat(abi.encodePacked(uint64(0xf | uint64(1) << bit)), _after(good, 8), good);
            refuses(signedWith(c, signature), IQuorumClient.UnknownSigner.selector);
        }
    }

    function test_signaturesAreAsManyAsTheBitmapNames() public {
        Checkpoint memory c = plainCheckpoint();
        bytes memory good = signBy(keys, 4, digestOf(c));
        refuses(signedWith(c, bytes.concat(good, hex"00")), IQuorumClient.TooManySignatures.selector);
        refuses(signedWith(c, bytes.concat(good, compact(keys[4], digestOf(c)))), IQuorumClient.TooManySignatures.selector);
        refuses(signedWith(c, _before(good, good.length - 1)), IQuorumClient.TooFewSignatures.selector);
        refuses(signedWith(c, _before(good, good.length - 64)), IQuorumClient.TooFewSignatures.selector);
    }

    function test_theMirrorOfASignatureIsRefused() public {
        Checkpoint memory c = plainCheckpoint();
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
            refuses(signedWith(c, signature), bytes4(0));
        }
    }

    function test_eachByteOfACheckpointMatters() public {
        Checkpoint memory c = plainCheckpoint();
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
            Checkpoint memory c = plainCheckpoint();
            if (what == 0) c.domainSeparator = evmDomain(block.chainid + 1, address(client));
            if (what == 1) c.domainSeparator = evmDomain(block.chainid, address(newClient(trust())));
            if (what == 2) c.domainSeparator = saltDomain(GENESIS);
            if (what == 3) c.chain = "interchain-2";
            if (what == 4) c.genesisHash = keccak256("another genesis");
            if (what == 5) c.sourceClient = "attested-1";
            if (what == 6) c.destinationClient = "quorum-1";
            refuses(signed(c), IQuorumClient.WrongSigner.selector);
        }
    }

    function test_aCheckpointOfAnotherEpochIsRefused() public {
        Checkpoint memory c = plainCheckpoint();
        c.epoch = 2;
        refuses(signed(c), IQuorumClient.WrongEpoch.selector);
        c.epoch = 0;
        refuses(signed(c), IQuorumClient.WrongEpoch.selector);
    }

    function test_afterAForkOfTheChainTheOldSignaturesCountNoMore() public {
        bytes memory header = signed(plainCheckpoint());
        vm.chainId(block.chainid + 1);
        refuses(header, IQuorumClient.WrongSigner.selector);
        client.updateClient(signed(plainCheckpoint()));
    }

    function test_aReplayedCheckpointMovesNothingBack() public {
        bytes memory old = signed(plainCheckpoint());
        vm.warp(block.timestamp + 10);
        client.updateClient(signed(plainCheckpoint()));
        (, uint64 height,) = client.latest();
        client.updateClient(old);
        (, uint64 same_,) = client.latest();
        same(same_, height, "height");
    }

    // ------------------------------------------------------------------------------------------------ zero

    /// @dev Nomad: an upgrade made zero a root that was trusted.
    function test_theZeroRootIsRefusedAtTheStartAndAfterEveryChange() public {
        _refuseZero();
        rotateTo(2);
        _refuseZero();
        _replace();
        _refuseZero();
    }

    function _refuseZero() private {
        refuses(signed(checkpoint(0, keccak256("batch"))), ILightClient.EmptyTreeRoot.selector);
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
        Checkpoint memory c = plainCheckpoint();
        c.nextSetHash = keccak256("the next set");
        bytes memory fields = abi.encodePacked(c.batchRoot, c.epoch, c.height, c.timestamp, c.blockHash, c.appRoot);
        bytes memory signatures = signBy(keys, 4, digestOf(c));
        bytes memory filling = abi.encodePacked(keccak256("filling"));
        refuses(
            bytes.concat(fields, hex"02", abi.encodePacked(c.nextSetHash), filling, signatures),
            IQuorumClient.MalformedCheckpoint.selector
        );
        client.updateClient(bytes.concat(fields, hex"01", abi.encodePacked(c.nextSetHash), signatures));
        c = plainCheckpoint();
        c.nextSetHash = 0;
        fields = abi.encodePacked(c.batchRoot, c.epoch, c.height, c.timestamp, c.blockHash, c.appRoot);
        signatures = signBy(keys, 4, digestOf(c));
        refuses(bytes.concat(fields, hex"01", bytes32(0), signatures), IQuorumClient.MalformedCheckpoint.selector);
    }

    // ------------------------------------------------------------------------------------------------ inside

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
