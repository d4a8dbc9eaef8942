// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title The application on port `service`: contracts call services of other chains, and provide their own.
/// @notice Holds no value and has no owner. docs/protocol.md, section 2.
interface IServiceGateway {
    /// @notice A service call.
    struct Call {
        /// The service's name at the hub, 1 to 70 bytes.
        string service;
        /// The input, in the encoding named.
        bytes input;
        /// 1 Solidity ABI, 2 JSON.
        uint8 inputEncoding;
        /// Unix seconds by which the answer is wanted.
        uint64 deadline;
        /// The most that the call may cost the caller's account at the hub.
        uint128 feeCap;
        /// The gas that the callback gets; at most MAX_CALLBACK_GAS.
        uint32 callbackGasLimit;
        /// Unix seconds by which the hub must have accepted the call; at most a day ahead.
        uint64 timeout;
        /// The lane to the hub; 0 for the first one that was registered.
        uint16 lane;
    }

    /// @notice What is being kept for a retry.
    enum Outcome {
        None,
        Result,
        Timeout
    }

    // ------------------------------------------------------------------------------------------------ events

    event ServiceCalled(bytes32 indexed callId, address indexed caller, string service, uint64 deadline, uint64 timeout);
    /// @notice A call's result arrived. When `CallbackFailed` follows, anyone can retry the callback with these values.
    event ServiceResult(
        bytes32 indexed callId,
        address indexed caller,
        uint16 code,
        bytes output,
        string message,
        uint32 callbackGasLimit
    );
    /// @notice A call timed out: it never reached the hub.
    event ServiceTimeout(bytes32 indexed callId, address indexed caller, uint32 callbackGasLimit);
    /// @notice A callback failed, with the first 256 bytes of its reason; its outcome is kept for a retry.
    event CallbackFailed(bytes32 indexed callId, address indexed caller, bytes reason);
    /// @notice A kept outcome was delivered by a retry.
    event OutcomeRetried(bytes32 indexed callId, address indexed caller);
    event ProviderRegistered(address indexed provider);
    event ProviderUnregistered(address indexed provider);
    /// @notice A request reached its provider, which answered with this code, or will answer later (code 0).
    event RequestServed(bytes32 indexed responseKey, bytes32 indexed requestId, address indexed provider, uint16 code);
    /// @notice A provider answered a request later.
    event RequestAnswered(bytes32 indexed responseKey, address indexed provider, uint16 code);

    // ------------------------------------------------------------------------------------------------ errors

    error NoLane();
    /// @notice The gateway has lanes over another client: it serves one hub, and no other may name callers to its providers.
    error AnotherHub(bytes32 clientKey);
    error ServiceNameSize(uint256 size);
    error UnknownEncoding(uint8 encoding);
    error DeadlineElapsed(uint64 deadline, uint64 now_);
    error CallbackGasTooHigh(uint32 given, uint32 highest);
    /// @notice The payload's bytes are not a request, call or result of section 2.
    error MalformedPayload(uint256 offset);
    /// @notice Nothing is kept for this call with these values.
    error NothingToRetry(bytes32 callId);
    /// @notice The retried callback failed again, with its reason; the outcome is still kept.
    error RetryFailed(bytes reason);
    error NoPendingRequest(bytes32 responseKey, address caller);
    error UnknownCode(uint16 code);
    /// @notice Output and message together are longer than 16377 bytes.
    error OutputSize(uint256 size);
    error MessageSize(uint256 size);
    error MessageNotUtf8();
    /// @notice The transaction brings too little gas to give the callee what it is due. Nothing was done; send more.
    error InsufficientGas(uint256 needed, uint256 available);

    // ------------------------------------------------------------------------------------------------ consumers

    /// @notice Calls a service. The result comes to the caller's `onServiceResult`, or `onServiceTimeout`.
    /// @return callId keccak256 of the packet's commitment path.
    function callService(Call calldata call) external returns (bytes32 callId);

    /// @notice Tries a callback again that failed, with the values of its `ServiceResult` event. Open to anyone.
    function retryResult(
        bytes32 callId,
        address caller,
        uint32 callbackGasLimit,
        uint16 code,
        bytes calldata output,
        string calldata message
    ) external;

    /// @notice Tries a timeout callback again that failed. Open to anyone.
    function retryTimeout(bytes32 callId, address caller, uint32 callbackGasLimit) external;

    /// @notice The hash of the outcome that is kept for a retry; zero when none is.
    function keptOutcome(bytes32 callId) external view returns (bytes32 outcomeHash);

    // ------------------------------------------------------------------------------------------------ providers

    /// @notice The caller declares that it is a provider. Nobody else can declare it.
    function registerProvider() external;

    function unregisterProvider() external;

    function isProvider(address provider) external view returns (bool);

    /// @notice Answers a request that `provide` left for later. Only its provider may call, once.
    /// @param code 200 answered, 400 the input was refused, 500 failed.
    /// @param output At most 16377 bytes together with the message.
    /// @param message At most 1024 bytes of UTF-8.
    function respond(bytes32 responseKey, uint16 code, bytes calldata output, string calldata message) external;
}
