// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceConsumer} from "./interfaces/IServiceConsumer.sol";
import {IServiceGateway} from "./interfaces/IServiceGateway.sol";

/// @title The base of a contract that calls services.
/// @notice Inherit it, call `_callService`, and say what to do with the result: only the gateway can bring one.
abstract contract ServiceConsumer is IServiceConsumer {
    IServiceGateway public immutable GATEWAY;

    modifier onlyGateway() {
        if (msg.sender != address(GATEWAY)) revert OnlyGateway(msg.sender);
        _;
    }

    constructor(IServiceGateway gateway) {
        GATEWAY = gateway;
    }

    /// @inheritdoc IServiceConsumer
    function onServiceResult(bytes32 callId, uint16 code, bytes calldata output, string calldata message)
        external
        onlyGateway
    {
        _onResult(callId, code, output, message);
    }

    /// @inheritdoc IServiceConsumer
    function onServiceTimeout(bytes32 callId) external onlyGateway {
        _onTimeout(callId);
    }

    /// @notice Calls a service with an ABI-encoded input over the first lane to the hub.
    /// @param answerWithin Seconds within which the answer is wanted; the hub must accept the call within the same, at most a day.
    /// @param feeCap The most that it may cost this contract's account at the hub.
    /// @param callbackGasLimit The gas that `_onResult` needs.
    function _callService(
        string memory service,
        bytes memory input,
        uint64 answerWithin,
        uint128 feeCap,
        uint32 callbackGasLimit
    ) internal returns (bytes32 callId) {
        uint64 acceptWithin = answerWithin < 1 days ? answerWithin : 1 days;
        return GATEWAY.callService(
            IServiceGateway.Call({
                service: service,
                input: input,
                inputEncoding: 1,
                deadline: uint64(block.timestamp) + answerWithin,
                feeCap: feeCap,
                callbackGasLimit: callbackGasLimit,
                timeout: uint64(block.timestamp) + acceptWithin,
                lane: 0
            })
        );
    }

    /// @dev The result of a call, exactly once. See `IServiceConsumer.onServiceResult`.
    function _onResult(bytes32 callId, uint16 code, bytes calldata output, string calldata message) internal virtual;

    /// @dev The call never reached the hub.
    function _onTimeout(bytes32 callId) internal virtual;
}
