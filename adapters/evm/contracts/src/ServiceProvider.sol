// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "./interfaces/IServiceGateway.sol";
import {IServiceProvider, Request} from "./interfaces/IServiceProvider.sol";

/// @title The base of a contract that provides a service.
/// @notice Inherit it and answer in `_provide`: only the gateway can ask, and what it says of the caller is proven.
abstract contract ServiceProvider is IServiceProvider {
    IServiceGateway public immutable GATEWAY;

    constructor(IServiceGateway gateway) {
        GATEWAY = gateway;
        gateway.registerProvider();
    }

    /// @inheritdoc IServiceProvider
    function provide(Request calldata request) external returns (bytes memory output, bool later) {
        if (msg.sender != address(GATEWAY)) revert OnlyGateway(msg.sender);
        return _provide(request);
    }

    /// @dev Answers a request, or returns `("", true)` and calls `GATEWAY.respond` with its `responseKey` later.
    function _provide(Request calldata request) internal virtual returns (bytes memory output, bool later);
}
