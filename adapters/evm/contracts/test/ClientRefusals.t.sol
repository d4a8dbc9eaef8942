// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {Fixture} from "./support/Fixture.sol";
import {Harness} from "./support/Harness.sol";
import {Checkpoint} from "./support/Hub.sol";

/// @title Why a quorum client refuses, with the very numbers and names; and what it takes at its bounds.
contract ClientRefusalsTest is Fixture {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    /// @dev The abscissa of the curve's generator, whose ordinate is even: r of every signature made with the nonce 1.
    uint256 private constant R = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;

    function _plain() private returns (Checkpoint memory) {
        return checkpoint(APP_ROOT, keccak256("batch"));
    }

    function _refuses(bytes memory header, bytes memory reason) private {
        vm.expectRevert(reason);
        client.updateClient(header);
    }

    // ------------------------------------------------------------------------------------------------ signatures

    function test_aBitmapCutShortIsTooFewSignatures() public {
        Harness harness = new Harness();
        address pointer = vm.computeCreateAddress(address(harness), harness.writeSet(validatorSet, true));
        for (uint256 length; length < 8; ++length) {
            bytes memory cut = new bytes(length);
            for (uint256 i; i < length; ++i) {
                cut[i] = 0xff;
            }
            vm.expectRevert(abi.encodeWithSelector(IQuorumClient.TooFewSignatures.selector, 0, length));
            harness.quorum(pointer, keccak256("signed"), cut);
        }
    }

    function test_howManySignaturesAreMissingOrLeft() public {
        Checkpoint memory c = _plain();
        bytes memory head = headerOf(c, keccak256(validatorSet), "");
        bytes memory good = signBy(keys, 4, digestOf(c));
        bytes memory reason = abi.encodeWithSelector(IQuorumClient.TooManySignatures.selector, 4, good.length + 1);
        _refuses(bytes.concat(head, good, hex"00"), reason);
        bytes memory cut = bytes.concat(good);
        assembly ("memory-safe") {
            mstore(cut, sub(mload(cut), 1))
        }
        _refuses(bytes.concat(head, cut), abi.encodeWithSelector(IQuorumClient.TooFewSignatures.selector, 4, cut.length));
        quorum = 3;
        _refuses(signed(c), abi.encodeWithSelector(IQuorumClient.TooLittlePower.selector, 3, 5));
    }

    /// @dev The highest bit is named, by how many members there are.
    function test_theUnknownSignerIsNamed() public {
        Checkpoint memory c = _plain();
        bytes memory head = headerOf(c, keccak256(validatorSet), "");
        for (uint64 bit = 5; bit < 64; ++bit) {
            bytes memory reason = abi.encodeWithSelector(IQuorumClient.UnknownSigner.selector, bit, 5);
            _refuses(bytes.concat(head, bytes8(0x2f | uint64(1) << bit), new bytes(64)), reason);
        }
    }

    /// @dev Whichever parity their signatures have.
    function test_theStrangerIsNamed() public {
        uint256[] memory strangers = keysOf(12, 99);
        Checkpoint memory c = _plain();
        bytes memory head = headerOf(c, keccak256(validatorSet), "");
        uint256 odd;
        for (uint256 i; i < strangers.length; ++i) {
            (uint8 v,,) = vm.sign(strangers[i], digestOf(c));
            odd += v - 27;
            bytes memory signature = bytes.concat(bytes8(uint64(1)), compact(strangers[i], digestOf(c)));
            _refuses(
                bytes.concat(head, signature, new bytes(32)),
                abi.encodeWithSelector(IQuorumClient.TooManySignatures.selector, 1, signature.length + 32)
            );
            signature = bytes.concat(bytes8(uint64(3)), compact(keys[0], digestOf(c)), compact(strangers[i], digestOf(c)));
            bytes memory reason =
                abi.encodeWithSelector(IQuorumClient.WrongSigner.selector, 1, vm.addr(keys[1]), vm.addr(strangers[i]));
            _refuses(bytes.concat(head, signature), reason);
        }
        so(odd > 0 && odd < strangers.length, "of both parities");
    }

    /// @dev Half of the order itself is a low s. Only a key made for the digest has such a signature.
    function test_theGreatestLowSIsOne() public {
        bytes32 digest = keccak256("signed");
        uint256 half = ORDER >> 1;
        uint256 key = mulmod(addmod(half, ORDER - uint256(digest) % ORDER, ORDER), _inverse(R), ORDER);
        bytes memory signature = abi.encodePacked(uint64(1), R, half);
        Harness harness = new Harness();
        bytes memory set = abi.encodePacked(uint64(1), vm.addr(key), uint64(1));
        harness.quorum(vm.computeCreateAddress(address(harness), harness.writeSet(set, true)), digest, signature);
        // Another's is refused as another's.
        set = abi.encodePacked(uint64(1), vm.addr(keys[0]), uint64(1));
        address pointer = vm.computeCreateAddress(address(harness), harness.writeSet(set, true));
        vm.expectRevert(abi.encodeWithSelector(IQuorumClient.WrongSigner.selector, 0, vm.addr(keys[0]), vm.addr(key)));
        harness.quorum(pointer, digest, signature);
    }

    /// @dev By Fermat's little theorem.
    function _inverse(uint256 value) private pure returns (uint256 inverse) {
        inverse = 1;
        for (uint256 power = ORDER - 2; power != 0; power >>= 1) {
            if (power & 1 == 1) inverse = mulmod(inverse, value, ORDER);
            value = mulmod(value, value, ORDER);
        }
    }

    // ------------------------------------------------------------------------------------------------ checkpoints, sets

    /// @dev The bitmap's highest bit stands next to the flag that says whether a next set is named.
    function test_aFullSetOf64Validators() public {
        build(64, 64);
        client.updateClient(signed(_plain()));
        bytes memory header = signed(_plain());
        bytes memory next = setOf(keysOf(5, 2), 2);
        vm.expectRevert(abi.encodeWithSelector(IQuorumClient.WrongValidatorSet.selector, 0, keccak256(next)));
        client.rotate(next, header);
    }

    function test_aSingleOperatorThatWasAcceptedHandsOverToAnother() public {
        build(1, 1);
        (,,,, bool accepted) = client.trust();
        so(accepted, "accepted");
        bytes memory next = setOf(keysOf(1, 2), 2);
        Checkpoint memory c = _plain();
        c.nextSetHash = keccak256(next);
        client.rotate(next, signed(c));
        (uint64 epoch_, bytes memory set,) = client.validatorSet();
        same(epoch_, 2, "epoch");
        same(set, next, "set");
    }

    function test_aClientShowsWhatItTrusts() public view {
        IQuorumClient.Trust memory t = trust();
        (bytes32 chain, bytes32 genesis, uint64 period, uint64 drift, bool accepted) = client.trust();
        same(chain, keccak256(bytes(t.chain)), "chain");
        same(genesis, t.genesisHash, "genesis");
        same(period, t.trustingPeriod, "trusting period");
        same(drift, t.maxClockDrift, "drift");
        so(!accepted, "no single operator");
    }

    function test_evidenceForAnUnknownKindOfDomainIsMalformed() public {
        Checkpoint memory c = _plain();
        bytes memory header = signed(c);
        bytes memory names = abi.encodePacked(uint8(bytes(THERE).length), THERE, uint8(bytes(HERE).length), HERE);
        bytes memory sound = bytes.concat(abi.encodePacked(uint8(0), block.chainid, address(client)), names, header);
        c.blockHash = keccak256("fork");
        bytes memory fork = bytes.concat(abi.encodePacked(uint8(0), block.chainid, address(client)), names, signed(c));
        for (uint256 kind = 2; kind < 256; ++kind) {
            bytes memory other = bytes.concat(sound);
            other[0] = bytes1(uint8(kind));
            vm.expectRevert(IQuorumClient.MalformedCheckpoint.selector);
            client.submitMisbehaviour(other, fork);
        }
        client.submitMisbehaviour(sound, fork);
    }
}
