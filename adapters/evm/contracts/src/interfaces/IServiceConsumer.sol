// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title A contract that calls services and gets their results.
/// @notice A callback that reverts or burns its gas loses nothing: the result is kept and anyone can retry it.
interface IServiceConsumer {
    /// @notice Only the gateway may call.
    error OnlyGateway(address caller);

    /// @notice The call's result, exactly once.
    /// @param code 200 answered, 400 refused, 402 fee not covered, 404 no such service, 500 the provider failed, 504 no answer in time.
    /// @param output The answer, for 200.
    /// @param message The reason, otherwise.
    function onServiceResult(bytes32 callId, uint16 code, bytes calldata output, string calldata message) external;

    /// @notice The call never reached the hub; nothing was done and nothing was paid.
    function onServiceTimeout(bytes32 callId) external;
}
