// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "../interfaces/IServiceGateway.sol";
import {Utf8} from "./Utf8.sol";
import {Request} from "../interfaces/IServiceProvider.sol";

/// @title The payloads of port `service` (docs/protocol.md, section 2).
library ServicePayload {
    uint8 internal constant FORMAT = 1;
    uint8 internal constant ABI = 1;
    uint8 internal constant JSON = 2;
    uint256 internal constant MAX_MESSAGE_BYTES = 1024;
    /// @dev `format u8 ‖ code u16 ‖ u32 len`.
    uint256 internal constant RESULT_HEAD_BYTES = 7;

    uint8 private constant BODY_PLAIN = 0;

    /// @notice A call by a contract or account of this chain.
    function encodeCall(IServiceGateway.Call calldata call, address caller) internal pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(FORMAT, uint8(bytes(call.service).length), call.service, uint8(20), caller, call.deadline),
            abi.encodePacked(call.feeCap, call.callbackGasLimit, uint128(0), BODY_PLAIN, call.inputEncoding, call.input)
        );
    }

    /// @notice The caller and the callback's gas of a call that `encodeCall` wrote.
    function decodeCaller(bytes calldata value) internal pure returns (address caller, uint32 callbackGasLimit) {
        uint256 end = 2 + uint256(uint8(value[1]));
        caller = address(bytes20(value[end + 1:]));
        callbackGasLimit = uint32(bytes4(value[end + 1 + 20 + 8 + 16:]));
    }

    /// @notice A request for a provider of this chain. Reverts with MalformedPayload.
    /// @dev `responseKey` and `hubClientKey` of the request are left for the gateway.
    function decodeRequest(bytes calldata value)
        internal
        pure
        returns (Request memory request, bytes calldata provider, uint32 gasLimit)
    {
        if (value.length < 33 || uint8(value[0]) != FORMAT) revert IServiceGateway.MalformedPayload(0);
        request.requestId = bytes32(value[1:]);
        uint256 offset = 33;
        bytes calldata part;
        (part, offset) = _counted(value, offset, 1);
        request.service = string(part);
        (provider, offset) = _counted(value, offset, 1);
        (part, offset) = _counted(value, offset, 0);
        request.callerClient = string(part);
        (part, offset) = _counted(value, offset, 1);
        request.caller = part;
        if (value.length < offset + 13) revert IServiceGateway.MalformedPayload(offset);
        request.deadline = uint64(bytes8(value[offset:]));
        gasLimit = uint32(bytes4(value[offset + 8:]));
        request.inputEncoding = uint8(value[offset + 12]);
        if (request.inputEncoding != ABI && request.inputEncoding != JSON) {
            revert IServiceGateway.UnknownEncoding(request.inputEncoding);
        }
        request.input = value[offset + 13:];
    }

    /// @notice The gas limit of a request, 0 where it is malformed. It never reverts.
    function gasLimitOf(bytes calldata value) internal pure returns (uint256) {
        uint256 offset = 33;
        for (uint256 i; i < 4; ++i) {
            if (offset >= value.length) return 0;
            offset += 1 + uint256(uint8(value[offset]));
        }
        if (value.length < offset + 12) return 0;
        return uint32(bytes4(value[offset + 8:]));
    }

    /// @notice `0x01 ‖ code u16 ‖ u32 len ‖ output ‖ message`.
    function encodeResult(uint16 code, bytes memory output, bytes memory message) internal pure returns (bytes memory) {
        return abi.encodePacked(FORMAT, code, uint32(output.length), output, message);
    }

    /// @notice Reads a result. It never reverts: an acknowledgement cannot be refused.
    function tryDecodeResult(bytes calldata result)
        internal
        pure
        returns (bool ok, uint16 code, bytes calldata output, bytes calldata message)
    {
        (output, message) = (result[:0], result[:0]);
        if (result.length < RESULT_HEAD_BYTES || uint8(result[0]) != FORMAT) return (false, 0, output, message);
        code = uint16(bytes2(result[1:]));
        uint256 end = RESULT_HEAD_BYTES + uint256(uint32(bytes4(result[3:])));
        ok = _isKnown(code) && end <= result.length && result.length - end <= MAX_MESSAGE_BYTES
            && Utf8.validPrefix(result[end:], MAX_MESSAGE_BYTES) == result.length - end;
        if (ok) (output, message) = (result[RESULT_HEAD_BYTES:end], result[end:]);
    }

    function _isKnown(uint16 code) private pure returns (bool) {
        return code == 200 || code == 400 || code == 402 || code == 404 || code == 500 || code == 504;
    }

    /// @dev `u8 len ‖ bytes`, at least so many.
    function _counted(bytes calldata value, uint256 offset, uint256 least)
        private
        pure
        returns (bytes calldata part, uint256 next)
    {
        if (offset >= value.length) revert IServiceGateway.MalformedPayload(offset);
        next = offset + 1 + uint256(uint8(value[offset]));
        if (next > value.length || next - offset - 1 < least) revert IServiceGateway.MalformedPayload(offset);
        part = value[offset + 1:next];
    }
}
