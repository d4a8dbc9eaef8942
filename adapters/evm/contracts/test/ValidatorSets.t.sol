// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {Fixture} from "./support/Fixture.sol";
import {Harness} from "./support/Harness.sol";
import {Checkpoint} from "./support/Hub.sol";

/// @title What a validator set may be, each fault by its name, and what is read of one that is kept.
contract ValidatorSetsTest is Fixture {
    Harness private _harness;

    function setUp() public override {
        super.setUp();
        _harness = new Harness();
    }

    /// @dev Members 1 to n, of power 1.
    function _members(uint256 n) private pure returns (bytes memory set) {
        set = abi.encodePacked(uint64(7));
        for (uint160 i = 1; i <= n; ++i) {
            set = abi.encodePacked(set, address(i), uint64(1));
        }
    }

    function _refuses(bytes memory set, bytes memory reason) private {
        vm.expectRevert(reason);
        _harness.writeSet(set, true);
    }

    // ------------------------------------------------------------------------------------------------ what it may be

    function test_aSetOfAnotherLengthIsMalformed() public {
        bytes memory malformed = abi.encodeWithSelector(IQuorumClient.MalformedValidatorSet.selector);
        bytes memory whole = _members(3);
        for (uint256 length; length < whole.length; ++length) {
            if (length >= 8 && (length - 8) % 28 == 0) continue;
            bytes memory cut = new bytes(length);
            for (uint256 i; i < length; ++i) {
                cut[i] = whole[i];
            }
            _refuses(cut, malformed);
        }
        _refuses(bytes.concat(whole, hex"00"), malformed);
    }

    function test_aSetHas1To64Members() public {
        _refuses(_members(0), abi.encodeWithSelector(IQuorumClient.ValidatorCount.selector, 0));
        _refuses(_members(65), abi.encodeWithSelector(IQuorumClient.ValidatorCount.selector, 65));
        _harness.writeSet(_members(1), true);
        _harness.writeSet(_members(64), true);
    }

    function test_membersRiseStrictlyAndEachHasPower() public {
        bytes memory set = abi.encodePacked(uint64(1), address(0), uint64(1), address(2), uint64(1));
        _refuses(set, abi.encodeWithSelector(IQuorumClient.ZeroValidator.selector, 0));
        set = abi.encodePacked(uint64(1), address(2), uint64(1), address(2), uint64(1));
        _refuses(set, abi.encodeWithSelector(IQuorumClient.ValidatorsNotSorted.selector, 1));
        set = abi.encodePacked(uint64(1), address(1), uint64(1), address(3), uint64(1), address(2), uint64(1));
        _refuses(set, abi.encodeWithSelector(IQuorumClient.ValidatorsNotSorted.selector, 2));
        set = abi.encodePacked(uint64(1), address(2), uint64(1), address(3), uint64(0));
        _refuses(set, abi.encodeWithSelector(IQuorumClient.ZeroPower.selector, 1));
        // The least difference, and the greatest numbers.
        set = abi.encodePacked(uint64(1), address(2), type(uint64).max, address(3), uint64(1), address(type(uint160).max), uint64(1));
        _harness.writeSet(set, false);
    }

    /// @dev A single operator is accepted where that was said, and told; more than one need no such word.
    function test_aSingleOperatorIsAcceptedWhereThatWasSaid() public {
        bytes memory one = abi.encodePacked(uint64(7), address(0xA11CE), uint64(5));
        vm.expectRevert(IQuorumClient.SingleOperatorNotAccepted.selector);
        _harness.writeSet(one, false);
        vm.expectEmit();
        emit IQuorumClient.SingleOperatorAccepted(7, address(0xA11CE));
        _harness.writeSet(one, true);
        vm.recordLogs();
        _harness.writeSet(_members(2), true);
        _harness.writeSet(_members(3), true);
        same(vm.getRecordedLogs().length, 0, "nothing to tell");
        _harness.writeSet(_members(2), false);
    }

    // ------------------------------------------------------------------------------------------------ what is read of it

    /// @dev The first bit beyond the members is a stranger's, however many they are.
    function test_theFirstBitBeyondTheMembersIsUnknown() public {
        for (uint256 n = 1; n < 64; ++n) {
            uint256 nonce = _harness.writeSet(_members(n), true);
            address pointer = vm.computeCreateAddress(address(_harness), nonce);
            vm.expectRevert(abi.encodeWithSelector(IQuorumClient.UnknownSigner.selector, n, n));
            _harness.quorum(pointer, keccak256("signed"), abi.encodePacked(uint64(1) << uint64(n)));
        }
    }

    function test_aClientShowsTheSetThatItBelieves() public {
        _shows(1, validatorSet);
        bytes memory next = setOf(keysOf(7, 2), 2);
        Checkpoint memory c = checkpoint(APP_ROOT, keccak256("batch"));
        c.nextSetHash = keccak256(next);
        vm.expectEmit();
        emit IQuorumClient.ValidatorSetRotated(2, keccak256(next));
        client.rotate(next, signed(c));
        _shows(2, next);
    }

    function _shows(uint64 epoch_, bytes memory set) private view {
        (uint64 shown, bytes memory members, bytes32 hash) = client.validatorSet();
        same(shown, epoch_, "epoch");
        same(members, set, "set");
        same(hash, keccak256(set), "hash");
    }
}
