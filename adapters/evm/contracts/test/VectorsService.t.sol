// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Request} from "interchain/interfaces/IServiceProvider.sol";
import {Check} from "./support/Check.sol";
import {Harness} from "./support/Harness.sol";

/// @title The payloads of port `service`: tests/vectors/service_payloads.json, which Python reads too.
contract VectorsServiceTest is Check {
    Harness private _harness;
    string private _json;

    function setUp() public {
        _harness = new Harness();
        _json = vm.readFile("tests/vectors/service_payloads.json");
    }

    function _key(string memory list, uint256 i, string memory field) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "].", field);
    }

    function _number(string memory list, uint256 i, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(_json, _key(list, i, field));
    }

    function _bytes(string memory list, uint256 i, string memory field) private view returns (bytes memory) {
        return vm.parseJsonBytes(_json, _key(list, i, field));
    }

    function _text(string memory list, uint256 i, string memory field) private view returns (string memory) {
        return vm.parseJsonString(_json, _key(list, i, field));
    }

    function test_calls() public view {
        uint256 i;
        for (; vm.keyExistsJson(_json, _key("calls", i, "name")); ++i) {
            IServiceGateway.Call memory call;
            call.service = _text("calls", i, "service");
            call.deadline = uint64(_number("calls", i, "deadline"));
            call.feeCap = uint128(_number("calls", i, "fee_cap"));
            call.callbackGasLimit = uint32(_number("calls", i, "gas_limit"));
            call.inputEncoding = uint8(_number("calls", i, "input_encoding"));
            call.input = _bytes("calls", i, "input");
            address caller = address(bytes20(_bytes("calls", i, "caller")));
            bytes memory encoded = _harness.encodeCall(call, caller);
            same(encoded, _bytes("calls", i, "encoded"), _text("calls", i, "name"));
            (address decoded, uint32 gasLimit) = _harness.decodeCaller(encoded);
            same(decoded, caller, "caller");
            same(gasLimit, call.callbackGasLimit, "gas limit");
        }
        so(i >= 4, "fewer calls than expected");
    }

    function test_requests() public view {
        uint256 i;
        for (; vm.keyExistsJson(_json, _key("requests", i, "name")); ++i) {
            string memory name = _text("requests", i, "name");
            bytes memory encoded = _bytes("requests", i, "encoded");
            (Request memory request, bytes memory provider, uint32 gasLimit) = _harness.decodeRequest(encoded);
            same(provider, _bytes("requests", i, "provider"), name);
            same(gasLimit, _number("requests", i, "gas_limit"), name);
            same(_harness.gasLimitOf(encoded), gasLimit, name);
            _checkRequest(request, i, name);
        }
        so(i >= 3, "fewer requests than expected");
    }

    function _checkRequest(Request memory request, uint256 i, string memory name) private view {
        same(abi.encodePacked(request.requestId), _bytes("requests", i, "request_id"), name);
        same(request.service, _text("requests", i, "service"), name);
        same(request.callerClient, _text("requests", i, "caller_client"), name);
        same(request.caller, _bytes("requests", i, "caller"), name);
        same(request.deadline, _number("requests", i, "deadline"), name);
        same(request.inputEncoding, _number("requests", i, "input_encoding"), name);
        same(request.input, _bytes("requests", i, "input"), name);
    }

    function test_results() public view {
        uint256 i;
        for (; vm.keyExistsJson(_json, _key("results", i, "name")); ++i) {
            string memory name = _text("results", i, "name");
            bytes memory output = _bytes("results", i, "output");
            bytes memory message = bytes(_text("results", i, "message"));
            uint16 code = uint16(_number("results", i, "code"));
            bytes memory encoded = _harness.encodeResult(code, output, message);
            same(encoded, _bytes("results", i, "encoded"), name);
            (bool ok, uint16 code_, bytes memory output_, bytes memory message_) = _harness.tryDecodeResult(encoded);
            so(ok && code_ == code, name);
            same(output_, output, name);
            same(message_, message, name);
        }
        so(i >= 8, "fewer results than expected");
    }

    function test_hostile() public view {
        uint256 refused;
        for (uint256 i; vm.keyExistsJson(_json, _key("hostile", i, "name")); ++i) {
            bytes32 kind = keccak256(bytes(_text("hostile", i, "kind")));
            string memory name = _text("hostile", i, "name");
            bytes memory encoded = _bytes("hostile", i, "encoded");
            if (kind == keccak256("request")) {
                try _harness.decodeRequest(encoded) {
                    revert NotSo(string.concat("was accepted: ", name));
                } catch (bytes memory reason) {
                    bytes4 error_ = selectorOf(reason);
                    bool named = error_ == IServiceGateway.MalformedPayload.selector
                        || error_ == IServiceGateway.UnknownEncoding.selector;
                    so(named, name);
                    _harness.gasLimitOf(encoded);
                }
            } else if (kind == keccak256("result")) {
                (bool ok,,,) = _harness.tryDecodeResult(encoded);
                so(!ok, string.concat("was accepted: ", name));
            } else {
                // Calls are read at the hub only.
                continue;
            }
            ++refused;
        }
        so(refused >= 14, "fewer hostile payloads than expected");
    }

    /// @dev No bytes make the readers that must not revert do so, and what is read is written again as it was.
    function testFuzz_results(bytes calldata encoded) public view {
        _harness.gasLimitOf(encoded);
        (bool ok, uint16 code, bytes memory output, bytes memory message) = _harness.tryDecodeResult(encoded);
        if (ok) same(_harness.encodeResult(code, output, message), encoded, "result");
    }

    function testFuzz_resultsAreReadBack(uint8 which, bytes calldata output, uint16 length) public view {
        uint16[6] memory codes = [uint16(200), 400, 402, 404, 500, 504];
        uint16 code = codes[which % 6];
        bytes memory message = new bytes(length % 1025);
        for (uint256 i; i < message.length; ++i) {
            message[i] = "m";
        }
        (bool ok, uint16 code_, bytes memory output_, bytes memory message_) =
            _harness.tryDecodeResult(_harness.encodeResult(code, output, message));
        so(ok && code_ == code, "result");
        same(output_, output, "output");
        same(message_, message, "message");
    }

    /// @dev One byte less than a request, anywhere before its input, is none.
    function test_theGasLimitOfACutRequestIsNone() public view {
        bytes memory encoded = _bytes("requests", 0, "encoded");
        for (uint256 cut; cut < encoded.length - 4; ++cut) {
            bytes memory part = new bytes(cut);
            for (uint256 i; i < cut; ++i) {
                part[i] = encoded[i];
            }
            same(_harness.gasLimitOf(part), 0, vm.toString(cut));
        }
    }

    function testFuzz_cutRequests(uint256 cut) public view {
        bytes memory encoded = _bytes("requests", 0, "encoded");
        uint256 head = encoded.length - 3;
        cut = cut % head;
        bytes memory part = new bytes(cut);
        for (uint256 i; i < cut; ++i) {
            part[i] = encoded[i];
        }
        try _harness.decodeRequest(part) {
            revert NotSo("a cut request was accepted");
        } catch (bytes memory reason) {
            so(selectorOf(reason) == IServiceGateway.MalformedPayload.selector, "by name");
        }
    }

    // ------------------------------------------------------------------------------------------------ reasons

    function test_reasonsAreReadable() public view {
        same(_harness.describe(""), "reverted without a reason, or ran out of gas", "nothing");
        same(_harness.describe(abi.encodeWithSignature("Error(string)", "no funds")), "no funds", "text");
        same(_harness.describe(abi.encodeWithSignature("Error(string)", unicode"余额不足")), unicode"余额不足", "Chinese");
        same(_harness.describe(abi.encodeWithSignature("Panic(uint256)", 0x11)), "Panic(0x11)", "panic");
        same(_harness.describe(hex"deadbeef01"), "0xdeadbeef01", "custom");
        same(_harness.describe(hex"01"), "0x01", "short");
        same(_harness.describe(hex"08c379a0"), "0x08c379a0", "a text's selector alone");
        bytes memory other = abi.encodeWithSignature("Sold(string)", "out");
        same(bytes(_harness.describe(other)).length, 2 + 2 * other.length, "another error that holds a text");
        bytes memory cut = abi.encodePacked(bytes4(0x08c379a0), uint256(0x20), bytes31(0));
        same(bytes(_harness.describe(cut)).length, 2 + 2 * cut.length, "a text cut in its length");
        bytes memory long = abi.encodePacked(bytes4(0xdeadbeef), new bytes(600));
        bytes memory message = _harness.describe(long);
        same(message.length, 1024, "as much in hex as there is room for");
        so(message[0] == "0" && message[9] == "f" && message[1023] == "0", "from its beginning");
    }

    function test_reasonsAreCutAtWholeCharacters() public view {
        bytes memory text = bytes(unicode"é");
        bytes memory long = "x";
        for (uint256 i; i < 600; ++i) {
            long = bytes.concat(long, text);
        }
        bytes memory message = _harness.describe(abi.encodeWithSignature("Error(string)", string(long)));
        same(message.length, 1023, "1024 would cut a character");
        bytes memory broken = bytes.concat("good", hex"ff", "bad");
        same(_harness.describe(abi.encodeWithSignature("Error(string)", string(broken))), "good", "cut at what is not UTF-8");
    }

    /// @dev Whatever a provider returns, the message is valid UTF-8 of at most 1024 bytes.
    function testFuzz_reasons(bytes calldata reason, uint256 length) public view {
        _checkMessage(_harness.describe(reason));
        _checkMessage(_harness.describe(abi.encodePacked(bytes4(0x08c379a0), uint256(0x20), length, reason)));
        _checkMessage(_harness.describe(abi.encodePacked(bytes4(0x08c379a0), uint256(0x20), uint256(reason.length), reason)));
    }

    function _checkMessage(bytes memory message) private view {
        so(message.length <= 1024, "too long");
        same(_harness.validPrefix(message, 1024), message.length, "not UTF-8");
    }

    function test_utf8() public view {
        bytes[21] memory broken = [
            bytes(hex"80"), hex"c080", hex"c1bf", hex"c2", hex"e08080", hex"e09fbf", hex"eda080", hex"edbfbf", hex"f0808080",
            hex"f08fbfbf", hex"f4908080", hex"f5808080", hex"ff", hex"c241", hex"c2c0", hex"e28241", hex"e282c0", hex"f09f4180",
            hex"f09fc080", hex"f09f9841", hex"f09f98c0"
        ];
        for (uint256 i; i < broken.length; ++i) {
            same(_harness.validPrefix(broken[i], 100), 0, vm.toString(i));
            same(_harness.validPrefix(bytes.concat("ab", broken[i], "c"), 100), 2, vm.toString(i));
        }
        bytes[9] memory good =
            [bytes(hex"00"), hex"7f", hex"c280", hex"dfbf", hex"e0a080", hex"ed9fbf", hex"ee8080", hex"f0908080", hex"f48fbfbf"];
        for (uint256 i; i < good.length; ++i) {
            same(_harness.validPrefix(good[i], 100), good[i].length, vm.toString(i));
            same(_harness.validPrefix(good[i], good[i].length - 1), 0, vm.toString(i));
        }
    }
}
