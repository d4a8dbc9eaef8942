// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice A service request as its provider sees it. Everything in it is proven.
struct Request {
    /// What `IServiceGateway.respond` takes to answer later.
    bytes32 responseKey;
    /// The hub's name of the request.
    bytes32 requestId;
    /// keccak256 of this chain's client of the hub that the request came through.
    bytes32 hubClientKey;
    string service;
    /// The hub's client of the caller's chain; empty for an account of the hub itself.
    string callerClient;
    /// The caller's address on its chain (20 bytes for an EVM chain).
    bytes caller;
    /// Unix seconds by which the caller wants the answer.
    uint64 deadline;
    /// 1 Solidity ABI, 2 JSON.
    uint8 inputEncoding;
    bytes input;
}

/// @title A contract that answers service requests.
interface IServiceProvider {
    /// @notice Only the gateway may call.
    error OnlyGateway(address caller);

    /// @notice Answers a request, with exactly the gas that the hub's request names. A revert answers 500 with its reason.
    /// @return output The answer, in the encoding that the service defines; at most 16377 bytes. Ignored when `later`.
    /// @return later True to answer by `IServiceGateway.respond` in another transaction.
    function provide(Request calldata request) external returns (bytes memory output, bool later);
}
