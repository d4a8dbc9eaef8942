// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ServiceProvider} from "interchain/ServiceProvider.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Request} from "interchain/interfaces/IServiceProvider.sol";

/// @notice Answers every request with its own input.
contract EchoProvider is ServiceProvider {
    event Echoed(bytes32 indexed requestId, string callerClient, bytes caller);

    constructor(IServiceGateway gateway) ServiceProvider(gateway) {}

    function _provide(Request calldata request) internal override returns (bytes memory output, bool later) {
        emit Echoed(request.requestId, request.callerClient, request.caller);
        return (request.input, false);
    }
}
