// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ServiceProvider} from "interchain/ServiceProvider.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Request} from "interchain/interfaces/IServiceProvider.sol";

/// @notice Keeps every request until its owner answers it, in another transaction.
contract LaterProvider is ServiceProvider {
    event Asked(bytes32 indexed responseKey, bytes32 indexed requestId, bytes input);

    error OnlyOwner(address caller);

    address public immutable OWNER = msg.sender;

    constructor(IServiceGateway gateway) ServiceProvider(gateway) {}

    function answer(bytes32 responseKey, uint16 code, bytes calldata output, string calldata message) external {
        if (msg.sender != OWNER) revert OnlyOwner(msg.sender);
        GATEWAY.respond(responseKey, code, output, message);
    }

    function _provide(Request calldata request) internal override returns (bytes memory output, bool later) {
        emit Asked(request.responseKey, request.requestId, request.input);
        return ("", true);
    }
}
