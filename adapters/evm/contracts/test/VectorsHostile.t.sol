// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Harness, Record} from "./support/Harness.sol";
import {VectorFile} from "./support/VectorFile.sol";

/// @title Lane records and identifiers, well formed and malformed: tests/vectors/packets.json, which Python reads too.
contract VectorsHostileTest is VectorFile {
    Harness private _harness;

    function setUp() public {
        _harness = new Harness();
    }

    // ------------------------------------------------------------------------------------------------ lane records

    /// @dev Lanes 1 to n of client 1.
    function _register(uint256 n) private {
        IRouter.Lane memory lane;
        lane.client = 1;
        (lane.sourceClient, lane.destinationClient, lane.clientKey) = ("quorum-0", "attested-0", keccak256("quorum-0"));
        (lane.sourcePort, lane.destinationPort, lane.version, lane.encoding) = ("service", "service", "service-1", "bytes");
        for (uint256 i; i < n; ++i) {
            _harness.writeLane(lane);
        }
    }

    function test_malformedLaneRecords() public {
        _register(1);
        string memory json = _open("packets");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("malformedLaneRecords", i, "name")); ++i) {
            string memory name = vm.parseJsonString(json, _at("malformedLaneRecords", i, "name"));
            bytes memory encoded = vm.parseJsonBytes(json, _at("malformedLaneRecords", i, "encoded"));
            string memory error_ = vm.parseJsonString(json, _at("malformedLaneRecords", i, "error.router"));
            (bool accepted, bytes memory reason) =
                address(_harness).staticcall(abi.encodeCall(Harness.records, (encoded, 1)));
            so(!accepted, string.concat("was accepted: ", name));
            same(bytes32(selectorOf(reason)), bytes32(_routerError(error_)), name);
            if (selectorOf(reason) != IRouter.MalformedDelivery.selector) continue;
            // The router's offset is that in the calldata: here behind the selector, two words and the length.
            uint256 offset = vm.parseJsonUint(json, _at("malformedLaneRecords", i, "offset"));
            same(reason, abi.encodeWithSelector(IRouter.MalformedDelivery.selector, 100 + offset), name);
        }
        same(i, 26, "malformed records");
    }

    function _routerError(string memory name) private pure returns (bytes4) {
        bytes32 hash = keccak256(bytes(name));
        if (hash == keccak256("MalformedDelivery")) return IRouter.MalformedDelivery.selector;
        if (hash == keccak256("ValueSize")) return IRouter.ValueSize.selector;
        if (hash == keccak256("UnknownLane")) return IRouter.UnknownLane.selector;
        revert NotSo(string.concat("no such error here: ", name));
    }

    /// @dev What the hub writes is read as it was written, and from nowhere else than where it stands.
    function testFuzz_recordsAreReadBack(uint64[3] calldata sequences, uint64[3] calldata timeouts, bytes[3] calldata values)
        public
    {
        _register(3);
        bytes memory encoded;
        Record[3] memory written;
        for (uint16 i; i < 3; ++i) {
            (uint64 sequence, uint64 timeout) = (sequences[i] | 1, timeouts[i] | 1);
            bytes memory value = values[i].length == 0 ? bytes("x") : bytes(values[i]);
            uint16 lane = 3 - i;
            encoded = abi.encodePacked(encoded, lane, sequence, timeout, uint16(value.length), value);
            bytes32 pathKey = keccak256(abi.encodePacked("quorum-0", uint8(1), sequence));
            written[i] = Record(lane, sequence, timeout, value, pathKey, keccak256("quorum-0"));
        }
        Record[] memory read = _harness.records(encoded, 1);
        same(read.length, 3, "records");
        for (uint256 i; i < 3; ++i) {
            same(abi.encode(read[i]), abi.encode(written[i]), vm.toString(i));
        }
        vm.expectRevert(abi.encodeWithSelector(IRouter.LaneOfOtherClient.selector, 3, 2));
        _harness.records(encoded, 2);
    }

    /// @dev Whatever the bytes, they are refused by one of these names, or are the records that would be written so.
    function testFuzz_anyBytesAreRecordsOrRefusedByName(bytes calldata data, uint16 length) public {
        _register(1);
        bytes memory likely = abi.encodePacked(uint16(1), uint64(7), uint64(9), length % 64, data);
        try _harness.records(likely, 1) returns (Record[] memory read) {
            bytes memory again;
            for (uint256 i; i < read.length; ++i) {
                Record memory one = read[i];
                again = abi.encodePacked(
                    again, uint16(one.lane), uint64(one.sequence), uint64(one.timeout), uint16(one.value.length), one.value
                );
            }
            same(again, likely, "written again");
        } catch (bytes memory reason) {
            bytes4 name = selectorOf(reason);
            so(
                name == IRouter.MalformedDelivery.selector || name == IRouter.ValueSize.selector
                    || name == IRouter.UnknownLane.selector,
                "refused by name"
            );
        }
    }

    // ------------------------------------------------------------------------------------------------ identifiers

    function test_identifiers() public view {
        string memory json = _open("packets");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("identifiers", i, "name")); ++i) {
            string memory kind = vm.parseJsonString(json, _at("identifiers", i, "kind"));
            string memory name = vm.parseJsonString(json, _at("identifiers", i, "name"));
            string memory identifier = vm.parseJsonString(json, _at("identifiers", i, "identifier"));
            bool valid = _isNull(json, _at("identifiers", i, "error"));
            _checkIdentifier(kind, identifier, valid, string.concat(kind, ": ", name));
        }
        same(i, 45, "identifiers");
    }

    function test_noOtherCharacterIsAllowed() public view {
        string memory json = _open("packets");
        uint256 i;
        for (; vm.keyExistsJson(json, _at("characters", i, "kind")); ++i) {
            string memory kind = vm.parseJsonString(json, _at("characters", i, "kind"));
            string memory before = vm.parseJsonString(json, _at("characters", i, "before"));
            string memory behind = vm.parseJsonString(json, _at("characters", i, "after"));
            bytes memory allowed = bytes(vm.parseJsonString(json, _at("characters", i, "allowed")));
            for (uint256 code; code < 256; ++code) {
                bytes memory text = abi.encodePacked(before, bytes1(uint8(code)), behind);
                string memory name = string.concat(kind, ", character ", vm.toString(code));
                _checkIdentifier(kind, string(text), _contains(allowed, bytes1(uint8(code))), name);
            }
        }
        same(i, 3, "kinds");
    }

    function _contains(bytes memory text, bytes1 character) private pure returns (bool) {
        for (uint256 i; i < text.length; ++i) {
            if (text[i] == character) return true;
        }
        return false;
    }

    function _checkIdentifier(string memory kind, string memory identifier, bool valid, string memory name) private view {
        bytes32 hash = keccak256(bytes(kind));
        bytes4 check = hash == keccak256("client")
            ? Harness.checkClient.selector
            : hash == keccak256("counterparty") ? Harness.checkCounterparty.selector : Harness.checkPort.selector;
        (bool accepted, bytes memory reason) = address(_harness).staticcall(abi.encodeWithSelector(check, identifier));
        so(accepted == valid, name);
        if (!valid) same(reason, abi.encodeWithSelector(IRouter.InvalidIdentifier.selector, identifier), name);
    }
}
