// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {Checkpoint} from "./Hub.sol";
import {Fixture} from "./Fixture.sol";

/// @title The fixture with the hub's checkpoints, one after the other, and its next validators.
abstract contract HostileClientFixture is Fixture {
    /// @notice The next block's checkpoint, with nothing wrong.
    function plainCheckpoint() internal returns (Checkpoint memory) {
        return checkpoint(APP_ROOT, keccak256("batch"));
    }

    function signedWith(Checkpoint memory c, bytes memory signature) internal view returns (bytes memory) {
        return headerOf(c, keccak256(validatorSet), signature);
    }

    /// @notice The client does not take the header, and is where it was.
    /// @param selector Of the error; zero: whatever the reason.
    function refuses(bytes memory header, bytes4 selector) internal {
        (, uint64 height,) = client.latest();
        (bool taken, bytes memory reason) = address(client).call(abi.encodeCall(ILightClient.updateClient, (header)));
        so(!taken, "taken");
        if (selector != 0) same(bytes32(selectorOf(reason)), bytes32(selector), "selector");
        (, uint64 after_,) = client.latest();
        same(after_, height, "height");
    }

    /// @notice The set that has the number `next`, and the present one's checkpoint that names it.
    function handOverTo(uint64 next) internal returns (bytes memory set, bytes memory header) {
        set = setOf(keysOf(5, next), next);
        Checkpoint memory c = plainCheckpoint();
        c.nextSetHash = keccak256(set);
        header = signed(c);
    }

    /// @notice From here on the set `next` signs.
    function become(uint64 next) internal {
        keys = keysOf(5, next);
        epoch = next;
        validatorSet = setOf(keys, next);
    }

    function rotateTo(uint64 next) internal {
        (bytes memory set, bytes memory header) = handOverTo(next);
        client.rotate(set, header);
        become(next);
    }
}
