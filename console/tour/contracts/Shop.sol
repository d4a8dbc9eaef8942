// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Request} from "interchain/interfaces/IServiceProvider.sol";
import {ServiceProvider} from "interchain/ServiceProvider.sol";

/// @title The provider of the devnet's tour: quotes a price for some pieces of an item.
contract Shop is ServiceProvider {
    uint256 public constant PRICE = 7;

    /// @notice How often each request was answered; any number but 1 is a fault of the network.
    mapping(bytes32 requestId => uint256) public served;
    uint256 public sales;

    event Quoted(bytes32 indexed requestId, string callerClient, bytes caller, uint256 total);

    constructor(IServiceGateway gateway) ServiceProvider(gateway) {}

    function _provide(Request calldata request) internal override returns (bytes memory output, bool later) {
        (string memory item, uint256 pieces) = abi.decode(request.input, (string, uint256));
        require(keccak256(bytes(item)) != keccak256("unicorn"), "unicorns are sold out");
        ++served[request.requestId];
        ++sales;
        emit Quoted(request.requestId, request.callerClient, request.caller, PRICE * pieces);
        return (abi.encode(PRICE * pieces), false);
    }
}
