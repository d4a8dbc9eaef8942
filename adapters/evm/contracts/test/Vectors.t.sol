// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "interchain/interfaces/IRouter.sol";
import {ILightClient} from "interchain/interfaces/ILightClient.sol";
import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {Counterparty} from "interchain/libraries/Checkpoints.sol";
import {Harness} from "./support/Harness.sol";
import {VectorFile} from "./support/VectorFile.sol";

/// @title The vectors that Python reads too: tests/vectors/*.json.
contract VectorsTest is VectorFile {
    Harness private _harness;

    function setUp() public {
        _harness = new Harness();
    }

    // ------------------------------------------------------------------------------------------------ packets

    function test_packets() public {
        string memory json = _open("packets");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("packets", i, "name")); ++i) {
            string memory name = vm.parseJsonString(json, _at("packets", i, "name"));
            uint256 lane = _harness.writeLane(_lane(json, i));
            uint64 timeout = uint64(vm.parseJsonUint(json, _at("packets", i, "timeout")));
            bytes32 commitment = _harness.packet(lane, timeout, vm.parseJsonBytes(json, _at("packets", i, "value")));
            same(commitment, vm.parseJsonBytes32(json, _at("packets", i, "commitment")), name);
            _checkPaths(json, i, lane, name);
        }
        so(i >= 8, "fewer packets than expected");
    }

    function _checkPaths(string memory json, uint256 i, uint256 lane, string memory name) private view {
        uint64 sequence = uint64(vm.parseJsonUint(json, _at("packets", i, "sequence")));
        (bytes memory commitment, bytes memory receipt, bytes memory ack, bytes32 key, bytes32 ackKey) =
            _harness.paths(lane, sequence);
        same(keccak256(commitment), key, name);
        same(keccak256(ack), ackKey, name);
        same(commitment, vm.parseJsonBytes(json, _at("packets", i, "commitmentPath")), name);
        same(receipt, vm.parseJsonBytes(json, _at("packets", i, "receiptPath")), name);
        same(ack, vm.parseJsonBytes(json, _at("packets", i, "acknowledgementPath")), name);
    }

    function _lane(string memory json, uint256 i) private pure returns (IRouter.Lane memory lane) {
        lane.sourceClient = vm.parseJsonString(json, _at("packets", i, "sourceClient"));
        lane.destinationClient = vm.parseJsonString(json, _at("packets", i, "destinationClient"));
        lane.sourcePort = vm.parseJsonString(json, _at("packets", i, "sourcePort"));
        lane.destinationPort = vm.parseJsonString(json, _at("packets", i, "destinationPort"));
        lane.version = vm.parseJsonString(json, _at("packets", i, "version"));
        lane.encoding = vm.parseJsonString(json, _at("packets", i, "encoding"));
    }

    function test_acknowledgements() public view {
        string memory json = _open("packets");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("acknowledgements", i, "name")); ++i) {
            string memory name = vm.parseJsonString(json, _at("acknowledgements", i, "name"));
            (bytes32 here, bytes32 inMemory) =
                _harness.ackCommitments(vm.parseJsonBytes(json, _at("acknowledgements", i, "acknowledgement")));
            same(here, vm.parseJsonBytes32(json, _at("acknowledgements", i, "commitment")), name);
            same(inMemory, here, name);
        }
        so(i >= 4, "fewer acknowledgements than expected");
    }

    // ------------------------------------------------------------------------------------------------ storage

    function test_storage() public {
        string memory json = _open("evm_storage");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("commitments", i, "slot")); ++i) {
            bytes32 mark = keccak256(abi.encode(i));
            _harness.storeCommitment(vm.parseJsonBytes32(json, _at("commitments", i, "pathKey")), mark);
            same(vm.load(address(_harness), vm.parseJsonBytes32(json, _at("commitments", i, "slot"))), mark, "commitment");
        }
        so(i > 0, "no commitments");
        for (i = 0; vm.keyExistsJson(json, _at("receipts", i, "slot")); ++i) {
            bytes32 clientKey = keccak256(bytes(vm.parseJsonString(json, _at("receipts", i, "client"))));
            uint256 sequence = vm.parseJsonUint(json, _at("receipts", i, "sequence"));
            _harness.storeReceipt(clientKey, sequence >> 8, 1 << (sequence & 0xff));
            bytes32 slot = vm.parseJsonBytes32(json, _at("receipts", i, "slot"));
            same(vm.load(address(_harness), slot), vm.parseJsonBytes32(json, _at("receipts", i, "bit")), "receipt");
        }
        so(i > 0, "no receipts");
        for (i = 0; vm.keyExistsJson(json, _at("acknowledgements", i, "slot")); ++i) {
            bytes32 clientKey = keccak256(bytes(vm.parseJsonString(json, _at("acknowledgements", i, "client"))));
            bytes32 mark = keccak256(abi.encode("ack", i));
            _harness.storeChain(clientKey, vm.parseJsonUint(json, _at("acknowledgements", i, "window")), mark);
            same(vm.load(address(_harness), vm.parseJsonBytes32(json, _at("acknowledgements", i, "slot"))), mark, "chain");
        }
        so(i > 0, "no acknowledgement windows");
    }

    function test_acknowledgementChains() public view {
        string memory json = _open("evm_storage");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("chains", i, "chain")); ++i) {
            bytes32 chain;
            string memory entries = string.concat("chains[", vm.toString(i), "].entries");
            for (uint256 j; vm.keyExistsJson(json, _at(entries, j, "sequence")); ++j) {
                uint64 sequence = uint64(vm.parseJsonUint(json, _at(entries, j, "sequence")));
                chain = _harness.chained(chain, sequence, vm.parseJsonBytes32(json, _at(entries, j, "commitment")));
            }
            same(chain, vm.parseJsonBytes32(json, _at("chains", i, "chain")), "chain");
        }
        so(i >= 5, "fewer chains than expected");
    }

    // ------------------------------------------------------------------------------------------------ checkpoints

    function test_checkpoints() public view {
        string memory json = _open("checkpoint");
        same(_harness.typeHash(), vm.parseJsonBytes32(json, ".typeHash"), "type hash");
        same(_harness.typeHash(), keccak256(bytes(vm.parseJsonString(json, ".type"))), "type");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("cases", i, "name")); ++i) {
            string memory name = vm.parseJsonString(json, _at("cases", i, "name"));
            Counterparty memory counterparty;
            counterparty.domainSeparator = _domain(json, i);
            same(counterparty.domainSeparator, vm.parseJsonBytes32(json, _at("cases", i, "domainSeparator")), name);
            counterparty.chainHash = _textHash(json, i, "chain");
            counterparty.genesisHash = _word(json, i, "genesisHash");
            counterparty.sourceClientHash = _textHash(json, i, "sourceClient");
            counterparty.destinationClientHash = _textHash(json, i, "destinationClient");
            bytes32 next = _word(json, i, "nextValidatorSetHash");
            bytes32 expected = vm.parseJsonBytes32(json, _at("cases", i, "digest"));
            bytes memory fixedPart = _fixedPart(json, i);
            bytes memory named = bytes.concat(fixedPart, hex"01", next);
            same(_harness.digest(named, counterparty, 0), expected, name);
            bytes memory left = bytes.concat(fixedPart, hex"00", new bytes(32));
            same(_harness.digest(left, counterparty, next), expected, name);
        }
        so(i >= 12, "fewer checkpoints than expected");
    }

    function _domain(string memory json, uint256 i) private view returns (bytes32) {
        if (vm.keyExistsJson(json, _at("cases", i, "domain.salt"))) {
            return _harness.saltDomain(vm.parseJsonBytes32(json, _at("cases", i, "domain.salt")));
        }
        return _harness.evmDomain(
            vm.parseJsonUint(json, _at("cases", i, "domain.chainId")),
            vm.parseJsonAddress(json, _at("cases", i, "domain.verifyingContract"))
        );
    }

    function _fixedPart(string memory json, uint256 i) private pure returns (bytes memory) {
        return abi.encodePacked(
            _word(json, i, "batchRoot"),
            _number(json, i, "epoch"),
            _number(json, i, "height"),
            _number(json, i, "timestamp"),
            _word(json, i, "blockHash"),
            _word(json, i, "appRoot")
        );
    }

    function _number(string memory json, uint256 i, string memory field) private pure returns (uint64) {
        return uint64(vm.parseJsonUint(json, _at("cases", i, string.concat("checkpoint.", field))));
    }

    function _word(string memory json, uint256 i, string memory field) private pure returns (bytes32) {
        return vm.parseJsonBytes32(json, _at("cases", i, string.concat("checkpoint.", field)));
    }

    function _textHash(string memory json, uint256 i, string memory field) private pure returns (bytes32) {
        return keccak256(bytes(vm.parseJsonString(json, _at("cases", i, string.concat("checkpoint.", field)))));
    }

    // ------------------------------------------------------------------------------------------------ quorums

    function test_quorums() public {
        string memory json = _open("quorum");
        bytes32 digest = vm.parseJsonBytes32(json, ".digest");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("cases", i, "name")); ++i) {
            string memory name = vm.parseJsonString(json, _at("cases", i, "name"));
            bytes memory set = _set(json, i);
            address pointer = _addressOfNonce(_harness.writeSet(set, true));
            bytes memory signature = vm.parseJsonBytes(json, _at("cases", i, "signature"));
            try _harness.quorum(pointer, digest, signature) returns (bytes32 hash, uint256 total) {
                so(_isNull(json, _at("cases", i, "error")), string.concat("was accepted: ", name));
                same(hash, vm.parseJsonBytes32(json, _at("cases", i, "set.hash")), name);
                same(total, vm.parseJsonUint(json, _at("cases", i, "set.totalPower")), name);
            } catch (bytes memory reason) {
                bytes4 expected = _quorumError(vm.parseJsonString(json, _at("cases", i, "error")));
                same(bytes32(selectorOf(reason)), bytes32(expected), name);
            }
        }
        so(i >= 49, "fewer quorums than expected");
    }

    function _set(string memory json, uint256 i) private pure returns (bytes memory set) {
        address[] memory addresses = vm.parseJsonAddressArray(json, _at("cases", i, "set.addresses"));
        uint256[] memory powers = vm.parseJsonUintArray(json, _at("cases", i, "set.powers"));
        set = abi.encodePacked(uint64(vm.parseJsonUint(json, _at("cases", i, "set.epoch"))));
        for (uint256 j; j < addresses.length; ++j) {
            set = bytes.concat(set, bytes20(addresses[j]), bytes8(uint64(powers[j])));
        }
    }

    /// @dev RLP of (harness, nonce), for nonces below 128.
    function _addressOfNonce(uint256 nonce) private view returns (address) {
        so(nonce < 128, "nonce");
        return address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", address(_harness), uint8(nonce))))));
    }

    function _quorumError(string memory name) private pure returns (bytes4) {
        bytes32 hash = keccak256(bytes(name));
        if (hash == keccak256("TooLittlePower")) return IQuorumClient.TooLittlePower.selector;
        if (hash == keccak256("TooFewSignatures")) return IQuorumClient.TooFewSignatures.selector;
        if (hash == keccak256("TooManySignatures")) return IQuorumClient.TooManySignatures.selector;
        if (hash == keccak256("UnknownSigner")) return IQuorumClient.UnknownSigner.selector;
        if (hash == keccak256("WrongSigner")) return IQuorumClient.WrongSigner.selector;
        if (hash == keccak256("HighS")) return IQuorumClient.HighS.selector;
        if (hash == keccak256("UnrecoverableSignature")) return IQuorumClient.UnrecoverableSignature.selector;
        revert NotSo(string.concat("no such error here: ", name));
    }

    // ------------------------------------------------------------------------------------------------ state tree

    function test_stateProofs() public view {
        string memory json = _open("smt");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("cases", i, "name")); ++i) {
            string memory name = vm.parseJsonString(json, _at("cases", i, "name"));
            bytes memory proof = vm.parseJsonBytes(json, _at("cases", i, "proof"));
            bytes memory path = vm.parseJsonBytes(json, _at("cases", i, "path"));
            bytes32 root = vm.parseJsonBytes32(json, _at("cases", i, "root"));
            bytes memory call = _isNull(json, _at("cases", i, "value"))
                ? abi.encodeCall(Harness.nonMember, (root, path, proof))
                : abi.encodeCall(Harness.member, (root, path, vm.parseJsonBytes(json, _at("cases", i, "value")), proof));
            (bool accepted, bytes memory reason) = address(_harness).staticcall(call);
            if (accepted) {
                so(_isNull(json, _at("cases", i, "error")), string.concat("was accepted: ", name));
            } else {
                // These errors have no arguments and the same names in both languages.
                string memory error_ = vm.parseJsonString(json, _at("cases", i, "error"));
                bytes4 expected = bytes4(keccak256(bytes(string.concat(error_, "()"))));
                same(bytes32(selectorOf(reason)), bytes32(expected), name);
            }
        }
        so(i >= 63, "fewer state proofs than expected");
    }

    // ------------------------------------------------------------------------------------------------ batches

    function test_batchRoots() public view {
        string memory json = _open("batch_root");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("batches", i, "count")); ++i) {
            uint256 count = vm.parseJsonUint(json, _at("batches", i, "count"));
            uint256[] memory leaves = new uint256[](count);
            for (uint256 j; j < count; ++j) {
                bytes memory path = vm.parseJsonBytes(json, _at("entries", j, "path"));
                leaves[j] = uint256(_harness.leaf(path, vm.parseJsonBytes32(json, _at("entries", j, "commitment"))));
            }
            same(_harness.fold(leaves), vm.parseJsonBytes32(json, _at("batches", i, "root")), vm.toString(count));
        }
        so(i >= 9, "fewer batches than expected");
    }

    function test_batchPaths() public view {
        string memory json = _open("batch_root");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("cases", i, "name")); ++i) {
            string memory name = vm.parseJsonString(json, _at("cases", i, "name"));
            bytes4 error_ = _climb(json, i);
            if (_isNull(json, _at("cases", i, "error"))) same(bytes32(error_), 0, name);
            else so(_isBatchError(vm.parseJsonString(json, _at("cases", i, "error")), error_), name);
        }
        so(i >= 21, "fewer batch paths than expected");
    }

    /// @dev The selector of the error with which the path is refused, zero when it is accepted.
    function _climb(string memory json, uint256 i) private view returns (bytes4) {
        bytes memory siblings;
        for (uint256 j; vm.keyExistsJson(json, string.concat(_at("cases", i, "siblings"), "[", vm.toString(j), "]")); ++j) {
            string memory key = string.concat(_at("cases", i, "siblings"), "[", vm.toString(j), "]");
            siblings = bytes.concat(siblings, vm.parseJsonBytes32(json, key));
        }
        bytes32 leaf = _harness.leaf(
            vm.parseJsonBytes(json, _at("cases", i, "path")), vm.parseJsonBytes32(json, _at("cases", i, "commitment"))
        );
        uint32 index = uint32(vm.parseJsonUint(json, _at("cases", i, "index")));
        uint32 count = uint32(vm.parseJsonUint(json, _at("cases", i, "count")));
        try _harness.climb(leaf, index, count, siblings) returns (bytes32 root, uint256 used) {
            // The router goes on reading behind the siblings, so bytes left over fail there.
            if (used != siblings.length) return IRouter.MalformedDelivery.selector;
            if (root != vm.parseJsonBytes32(json, _at("cases", i, "root"))) return IRouter.BatchRootMismatch.selector;
            return 0;
        } catch (bytes memory reason) {
            return selectorOf(reason);
        }
    }

    function _isBatchError(string memory name, bytes4 error_) private pure returns (bool) {
        bytes32 hash = keccak256(bytes(name));
        if (hash == keccak256("BatchIndexOutOfRange")) return error_ == IRouter.IndexOutOfBounds.selector;
        if (hash == keccak256("EmptyBatch")) return error_ == IRouter.EmptyBatch.selector;
        if (hash == keccak256("InvalidBatch")) return error_ == IRouter.BatchTooLarge.selector;
        if (hash == keccak256("MalformedBatchPath")) return error_ == IRouter.MalformedDelivery.selector;
        if (hash == keccak256("BatchMismatch")) return error_ == IRouter.BatchRootMismatch.selector;
        revert NotSo(string.concat("no such error here: ", name));
    }
}
