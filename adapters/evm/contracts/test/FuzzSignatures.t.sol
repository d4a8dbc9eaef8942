// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {Checkpoint} from "./support/Hub.sol";
import {Fixture} from "./support/Fixture.sol";

/// @title Whatever is done to a quorum's signatures, the client takes no bytes but those that the validators wrote.
contract FuzzSignaturesTest is Fixture {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant SIGNATURE = 64;
    uint256 private constant BITMAP = 8;

    /// @dev The next checkpoint, all of it but its signatures, and what four of five signed.
    function _next() private returns (bytes memory head, bytes memory signatures, bytes32 digest) {
        Checkpoint memory c = checkpoint(APP_ROOT, keccak256("batch"));
        digest = digestOf(c);
        signatures = signBy(keys, quorum, digest);
        head = headerOf(c, keccak256(validatorSet), "");
    }

    /// @dev The good ones are tried last: whatever was refused before has left nothing behind.
    function _onlyTheGood(bytes memory head, bytes memory good, bytes memory other) private {
        if (keccak256(good) != keccak256(other)) _refuse(head, other);
        client.updateClient(bytes.concat(head, good));
    }

    function _refuse(bytes memory head, bytes memory signatures) private {
        (, uint64 before,) = client.latest();
        (bool taken, bytes memory reason) =
            address(client).call(abi.encodeCall(ILightClient.updateClient, (bytes.concat(head, signatures))));
        so(!taken, "taken");
        so(_isNamed(selectorOf(reason)), "by name");
        (, uint64 height_,) = client.latest();
        same(height_, before, "height");
    }

    function _isNamed(bytes4 error_) private pure returns (bool) {
        return error_ == IQuorumClient.TooFewSignatures.selector || error_ == IQuorumClient.TooManySignatures.selector
            || error_ == IQuorumClient.UnknownSigner.selector || error_ == IQuorumClient.WrongSigner.selector
            || error_ == IQuorumClient.HighS.selector || error_ == IQuorumClient.UnrecoverableSignature.selector
            || error_ == IQuorumClient.TooLittlePower.selector || error_ == IQuorumClient.MalformedCheckpoint.selector;
    }

    function testFuzz_anotherByteOrBit(uint256 place, uint8 mask) public {
        (bytes memory head, bytes memory good,) = _next();
        bytes memory other = bytes.concat(good);
        place %= good.length;
        other[place] = bytes1(uint8(good[place]) ^ mask);
        _onlyTheGood(head, good, other);
    }

    function testFuzz_anotherSignatureInAMembersPlace(uint8 member, bytes32 r, uint256 vs, bool keepR, bool keepS) public {
        (bytes memory head, bytes memory good,) = _next();
        bytes memory other = bytes.concat(good);
        uint256 start = BITMAP + SIGNATURE * (member % quorum);
        if (!keepR) _put(other, start, uint256(r));
        if (!keepS) _put(other, start + 32, vs);
        _onlyTheGood(head, good, other);
    }

    /// @dev A member's own signature, but of something else.
    function testFuzz_aMembersSignatureOfAnotherDigest(uint8 member, bytes32 digest) public {
        (bytes memory head, bytes memory good,) = _next();
        uint256 i = member % quorum;
        bytes memory foreign = compact(keys[i], digest);
        bytes memory other = bytes.concat(good);
        _put(other, BITMAP + SIGNATURE * i, _word(foreign, 0));
        _put(other, BITMAP + SIGNATURE * i + 32, _word(foreign, 32));
        _onlyTheGood(head, good, other);
    }

    function testFuzz_anyBytesAtAll(bytes calldata rubbish, uint64 bitmap, uint8 much) public {
        (bytes memory head, bytes memory good,) = _next();
        _onlyTheGood(head, good, rubbish);
        (head, good,) = _next();
        bytes memory filled = abi.encodePacked(bitmap);
        for (uint256 i; i < much % 8; ++i) {
            filled = abi.encodePacked(filled, keccak256(abi.encode(rubbish, i)), keccak256(abi.encode(rubbish, i, "s")) >> 1);
        }
        _onlyTheGood(head, good, filled);
    }

    /// @dev The same signatures under another bitmap: of fewer or more members, of others, or of none.
    function testFuzz_anotherBitmap(uint64 bitmap, bool near) public {
        (bytes memory head, bytes memory good,) = _next();
        if (near) bitmap &= 0x3f;
        _onlyTheGood(head, good, bytes.concat(bytes8(bitmap), behind(good, BITMAP)));
    }

    /// @dev Only in rising order of the members, each once.
    function testFuzz_anotherOrder(uint8[4] calldata order) public {
        (bytes memory head, bytes memory good,) = _next();
        bytes memory other = bytes.concat(bytes8(uint64(0xf)));
        for (uint256 i; i < quorum; ++i) {
            uint256 start = BITMAP + SIGNATURE * (order[i] % quorum);
            other = abi.encodePacked(other, _word(good, start), _word(good, start + 32));
        }
        _onlyTheGood(head, good, other);
    }

    /// @dev Cut short or lengthened, with zeros or with what follows in a larger quorum.
    function testFuzz_anotherLength(uint16 length, bytes calldata tail) public {
        (bytes memory head, bytes memory good,) = _next();
        bytes memory cut = new bytes(length % good.length);
        for (uint256 i; i < cut.length; ++i) {
            cut[i] = good[i];
        }
        _onlyTheGood(head, good, cut);
        (head, good,) = _next();
        _onlyTheGood(head, good, bytes.concat(good, tail, hex"00"));
    }

    /// @dev The mirror of a signature is one of the same key and digest: `(r, n − s)` with the other parity. No room is left for it,
    /// nor for `r ‖ s ‖ v` with v of 0, 1, 27 or 28.
    function testFuzz_anotherFormOfTheSameSignature(uint8 member, bytes32 block_) public {
        Checkpoint memory c = checkpoint(APP_ROOT, keccak256("batch"));
        c.blockHash = block_ == 0 ? keccak256("block") : block_;
        bytes32 digest = digestOf(c);
        bytes memory head = headerOf(c, keccak256(validatorSet), "");
        bytes memory good = signBy(keys, quorum, digest);
        uint256 i = member % quorum;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], digest);
        uint256 start = BITMAP + SIGNATURE * i;
        uint256[5] memory forms = [
            uint256(s) | uint256(28 - v) << 255, // the other parity
            ORDER - uint256(s), // the mirror, as its high bit has it
            (ORDER - uint256(s)) & (type(uint256).max >> 1),
            (ORDER - uint256(s)) | 1 << 255,
            0
        ];
        for (uint256 k; k < forms.length; ++k) {
            bytes memory other = bytes.concat(good);
            _put(other, start + 32, forms[k]);
            so(keccak256(other) != keccak256(good), "another form");
            _refuse(head, other);
        }
        uint8[4] memory versions = [v, v - 27, 55 - v, 28 - v];
        for (uint256 k; k < versions.length; ++k) {
            _refuse(head, bytes.concat(_first(good, start), r, s, bytes1(versions[k]), behind(good, start + SIGNATURE)));
        }
        client.updateClient(bytes.concat(head, good));
    }

    // ------------------------------------------------------------------------------------------------ inside

    function _put(bytes memory data, uint256 offset, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), offset), word)
        }
    }

    function _word(bytes memory data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }

    function _first(bytes memory data, uint256 length) private pure returns (bytes memory part) {
        part = bytes.concat(data);
        assembly ("memory-safe") {
            mstore(part, length)
        }
    }
}
