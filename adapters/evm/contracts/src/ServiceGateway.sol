// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibCall} from "solady/utils/LibCall.sol";
import {IPacketApplication, PacketContext} from "./interfaces/IPacketApplication.sol";
import {IRouter} from "./interfaces/IRouter.sol";
import {IServiceConsumer} from "./interfaces/IServiceConsumer.sol";
import {IServiceGateway} from "./interfaces/IServiceGateway.sol";
import {IServiceProvider, Request} from "./interfaces/IServiceProvider.sol";
import {Calls} from "./libraries/Calls.sol";
import {Commitments} from "./libraries/Commitments.sol";
import {Reasons} from "./libraries/Reasons.sol";
import {ServicePayload} from "./libraries/ServicePayload.sol";
import {Utf8} from "./libraries/Utf8.sol";

/// @title The application on port `service`.
/// @notice A call is a packet; its result is the packet's acknowledgement. It calls two kinds of contracts only: those that called
/// `callService` (their two callbacks), and those that registered themselves (`provide`), with the gas that the packet names.
contract ServiceGateway is IServiceGateway, IPacketApplication {
    uint32 public constant MAX_CALLBACK_GAS = 3_000_000;
    uint32 public constant MAX_PROVIDER_GAS = 10_000_000;
    uint256 public constant MAX_SERVICE_NAME_BYTES = 70;
    uint256 private constant MAX_ACKNOWLEDGEMENT_BYTES = 16384;

    /// @dev What `onPacketReceived` needs besides the provider's gas: decoding, an answer of 16 KiB or a hostile reason.
    uint256 private constant PROVIDER_RESERVE_GAS = 200_000;
    uint256 private constant RECEIVE_BASE_GAS = 300_000;
    uint256 private constant RECEIVE_GAS_PER_BYTE = 30;
    /// @dev What follows a callback that failed: its result's hash is stored and an event tells why.
    uint256 private constant CALLBACK_RESERVE_GAS = 60_000;
    uint256 private constant RETRY_RESERVE_GAS = 10_000;
    uint16 private constant MAX_KEPT_REASON_BYTES = 256;

    IRouter public immutable ROUTER;

    struct PendingRequest {
        bytes32 clientKey;
        address provider;
        uint64 sequence;
    }

    /// @notice The lane that a call takes which names none: the first outbound one.
    uint16 public defaultLane;
    mapping(address => bool) public isProvider;
    /// @inheritdoc IServiceGateway
    mapping(bytes32 callId => bytes32) public keptOutcome;
    mapping(bytes32 responseKey => PendingRequest) private _pending;
    /// @dev keccak256 of the client's identifier whose lanes are this gateway's: that of the first lane.
    bytes32 private _hub;

    modifier onlyRouter() {
        if (msg.sender != address(ROUTER)) revert OnlyRouter(msg.sender);
        _;
    }

    constructor(IRouter router) {
        ROUTER = router;
    }

    // ------------------------------------------------------------------------------------------------ consumers

    /// @inheritdoc IServiceGateway
    function callService(Call calldata call) external returns (bytes32 callId) {
        uint16 lane = call.lane == 0 ? defaultLane : call.lane;
        if (lane == 0) revert NoLane();
        uint256 size = bytes(call.service).length;
        if (size == 0 || size > MAX_SERVICE_NAME_BYTES) revert ServiceNameSize(size);
        if (call.inputEncoding != ServicePayload.ABI && call.inputEncoding != ServicePayload.JSON) {
            revert UnknownEncoding(call.inputEncoding);
        }
        if (call.deadline <= block.timestamp) revert DeadlineElapsed(call.deadline, uint64(block.timestamp));
        if (call.callbackGasLimit > MAX_CALLBACK_GAS) revert CallbackGasTooHigh(call.callbackGasLimit, MAX_CALLBACK_GAS);
        (, callId) = ROUTER.sendPacket(lane, call.timeout, ServicePayload.encodeCall(call, msg.sender));
        emit ServiceCalled(callId, msg.sender, call.service, call.deadline, call.timeout);
    }

    /// @inheritdoc IPacketApplication
    function onPacketAcknowledged(PacketContext calldata context, bytes calldata value, bytes calldata acknowledgement)
        external
        onlyRouter
    {
        (bool ok, uint16 code, bytes memory output, bytes memory message) = ServicePayload.tryDecodeResult(acknowledgement);
        if (!ok) (code, message) = _undecodable(acknowledgement);
        (address caller, uint32 gasLimit) = ServicePayload.decodeCaller(value);
        emit ServiceResult(context.pathKey, caller, code, output, string(message), gasLimit);
        bytes memory callback =
            abi.encodeCall(IServiceConsumer.onServiceResult, (context.pathKey, code, output, string(message)));
        (bool delivered, bytes memory reason) = _callBack(caller, gasLimit, callback);
        if (!delivered) _keep(context.pathKey, caller, _resultHash(caller, gasLimit, code, output, message), reason);
    }

    /// @inheritdoc IPacketApplication
    function onPacketTimedOut(PacketContext calldata context, bytes calldata value) external onlyRouter {
        (address caller, uint32 gasLimit) = ServicePayload.decodeCaller(value);
        emit ServiceTimeout(context.pathKey, caller, gasLimit);
        (bool delivered, bytes memory reason) =
            _callBack(caller, gasLimit, abi.encodeCall(IServiceConsumer.onServiceTimeout, (context.pathKey)));
        if (!delivered) _keep(context.pathKey, caller, _timeoutHash(caller, gasLimit), reason);
    }

    /// @inheritdoc IServiceGateway
    function retryResult(
        bytes32 callId,
        address caller,
        uint32 callbackGasLimit,
        uint16 code,
        bytes calldata output,
        string calldata message
    ) external {
        bytes32 outcome = _resultHash(caller, callbackGasLimit, code, output, bytes(message));
        bytes memory callback = abi.encodeCall(IServiceConsumer.onServiceResult, (callId, code, output, message));
        _retry(callId, caller, callbackGasLimit, outcome, callback);
    }

    /// @inheritdoc IServiceGateway
    function retryTimeout(bytes32 callId, address caller, uint32 callbackGasLimit) external {
        bytes32 outcome = _timeoutHash(caller, callbackGasLimit);
        _retry(callId, caller, callbackGasLimit, outcome, abi.encodeCall(IServiceConsumer.onServiceTimeout, (callId)));
    }

    // ------------------------------------------------------------------------------------------------ providers

    /// @inheritdoc IServiceGateway
    function registerProvider() external {
        isProvider[msg.sender] = true;
        emit ProviderRegistered(msg.sender);
    }

    /// @inheritdoc IServiceGateway
    function unregisterProvider() external {
        isProvider[msg.sender] = false;
        emit ProviderUnregistered(msg.sender);
    }

    /// @inheritdoc IPacketApplication
    function onPacketReceived(PacketContext calldata context, bytes calldata value)
        external
        onlyRouter
        returns (bytes memory)
    {
        (Request memory request, bytes calldata name, uint32 gasLimit) = ServicePayload.decodeRequest(value);
        request.responseKey = keccak256(abi.encode(context.clientKey, context.sequence));
        request.hubClientKey = context.clientKey;
        address provider = name.length == 20 ? address(bytes20(name)) : address(0);
        (uint16 code, bytes memory output, bytes memory message) = _serve(request, provider, gasLimit);
        emit RequestServed(request.responseKey, request.requestId, provider, code);
        if (code == 0) {
            _pending[request.responseKey] = PendingRequest(context.clientKey, provider, context.sequence);
            return "";
        }
        return ServicePayload.encodeResult(code, output, message);
    }

    /// @inheritdoc IServiceGateway
    function respond(bytes32 responseKey, uint16 code, bytes calldata output, string calldata message) external {
        PendingRequest memory request = _pending[responseKey];
        if (request.provider == address(0) || request.provider != msg.sender) revert NoPendingRequest(responseKey, msg.sender);
        if (code != 200 && code != 400 && code != 500) revert UnknownCode(code);
        if (bytes(message).length > ServicePayload.MAX_MESSAGE_BYTES) revert MessageSize(bytes(message).length);
        if (Utf8.validPrefix(bytes(message), ServicePayload.MAX_MESSAGE_BYTES) != bytes(message).length) revert MessageNotUtf8();
        if (_resultSize(output.length, bytes(message).length) > MAX_ACKNOWLEDGEMENT_BYTES) revert OutputSize(output.length);
        delete _pending[responseKey];
        emit RequestAnswered(responseKey, msg.sender, code);
        bytes memory result = ServicePayload.encodeResult(code, output, bytes(message));
        ROUTER.writeAcknowledgement(request.clientKey, request.sequence, result);
    }

    /// @inheritdoc IPacketApplication
    function receiveGas(bytes calldata value) external pure returns (uint256) {
        uint256 limit = ServicePayload.gasLimitOf(value);
        if (limit > MAX_PROVIDER_GAS) limit = 0;
        return limit + limit / 63 + RECEIVE_BASE_GAS + RECEIVE_GAS_PER_BYTE * value.length;
    }

    // ------------------------------------------------------------------------------------------------ wiring

    /// @inheritdoc IPacketApplication
    /// @dev One hub: callers are told apart by the names that it gives their chains, and whoever can register a lane over a
    /// light client of their own making must not be able to speak in them. A client's replacement waits out a delay instead.
    function onLaneRegistered(uint16 lane, bytes32 clientKey, bool outbound) external onlyRouter {
        if (_hub == 0) _hub = clientKey;
        else if (_hub != clientKey) revert AnotherHub(clientKey);
        if (outbound && defaultLane == 0) defaultLane = lane;
    }

    /// @inheritdoc IPacketApplication
    function acceptsSourcePort(string calldata sourcePort) external pure returns (bool) {
        return keccak256(bytes(sourcePort)) == keccak256("service");
    }

    /// @inheritdoc IPacketApplication
    function packetRouter() external view returns (address) {
        return address(ROUTER);
    }

    // ------------------------------------------------------------------------------------------------ inside

    /// @dev Asks the provider. Code 0: it answers later. Whatever it does costs itself only.
    function _serve(Request memory request, address provider, uint32 gasLimit)
        private
        returns (uint16 code, bytes memory output, bytes memory message)
    {
        if (!isProvider[provider] || provider.code.length == 0) return (404, "", "no such provider is registered here");
        if (gasLimit > MAX_PROVIDER_GAS) return (400, "", "the gas limit is higher than any provider may have");
        if (block.timestamp >= request.deadline) return (504, "", "the deadline passed before the provider was reached");
        bytes memory call = abi.encodeCall(IServiceProvider.provide, (request));
        Calls.requireGas(gasLimit, PROVIDER_RESERVE_GAS);
        (bool success,, bytes memory returned) =
            LibCall.tryCall(provider, 0, gasLimit, uint16(MAX_ACKNOWLEDGEMENT_BYTES + 0x80), call);
        if (!success) return (500, "", Reasons.describe(returned));
        bool later;
        (success, output, later) = Calls.decodeBytesAndFlag(returned, MAX_ACKNOWLEDGEMENT_BYTES - ServicePayload.RESULT_HEAD_BYTES);
        if (!success) return (500, "", "the provider's answer is malformed or too long");
        return (later ? 0 : 200, output, "");
    }

    /// @dev The consumer gets the gas that it asked for, or the whole transaction reverts.
    function _callBack(address caller, uint32 gasLimit, bytes memory callback)
        private
        returns (bool delivered, bytes memory reason)
    {
        // An account without code reads the events.
        if (caller.code.length == 0) return (true, "");
        Calls.requireGas(gasLimit, CALLBACK_RESERVE_GAS);
        (delivered,, reason) = LibCall.tryCall(caller, 0, gasLimit, MAX_KEPT_REASON_BYTES, callback);
    }

    function _keep(bytes32 callId, address caller, bytes32 outcome, bytes memory reason) private {
        keptOutcome[callId] = outcome;
        emit CallbackFailed(callId, caller, reason);
    }

    /// @dev With all the gas there is, and no less than the first time: a retry that fails reverts, and the outcome stays kept.
    function _retry(bytes32 callId, address caller, uint32 gasLimit, bytes32 outcome, bytes memory callback) private {
        if (keptOutcome[callId] != outcome) revert NothingToRetry(callId);
        delete keptOutcome[callId];
        Calls.requireGas(gasLimit, RETRY_RESERVE_GAS);
        (bool success,, bytes memory reason) = LibCall.tryCall(caller, 0, gasleft(), MAX_KEPT_REASON_BYTES, callback);
        if (!success) revert RetryFailed(reason);
        emit OutcomeRetried(callId, caller);
    }

    function _undecodable(bytes calldata acknowledgement) private pure returns (uint16 code, bytes memory message) {
        bool isError = acknowledgement.length == 32 && bytes32(acknowledgement) == Commitments.ERROR_ACKNOWLEDGEMENT;
        return isError ? (400, bytes("the hub could not decode the call")) : (500, bytes("the hub's result could not be decoded"));
    }

    function _resultHash(address caller, uint32 gasLimit, uint16 code, bytes memory output, bytes memory message)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(Outcome.Result, caller, gasLimit, code, output, message));
    }

    function _timeoutHash(address caller, uint32 gasLimit) private pure returns (bytes32) {
        return keccak256(abi.encode(Outcome.Timeout, caller, gasLimit));
    }

    function _resultSize(uint256 output, uint256 message) private pure returns (uint256) {
        return ServicePayload.RESULT_HEAD_BYTES + output + message;
    }
}
