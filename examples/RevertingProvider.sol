// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ServiceProvider} from "interchain/ServiceProvider.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Request} from "interchain/interfaces/IServiceProvider.sol";

/// @notice Refuses every request; its reason reaches the caller on the other chain, with code 500.
contract RevertingProvider is ServiceProvider {
    constructor(IServiceGateway gateway) ServiceProvider(gateway) {}

    function _provide(Request calldata) internal pure override returns (bytes memory, bool) {
        revert("the provider is out of order");
    }
}
