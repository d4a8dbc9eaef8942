// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway, ServiceConsumer} from "interchain/ServiceConsumer.sol";

/// @notice Sends a greeting to a service on another chain and keeps what comes back.
contract GreetingConsumer is ServiceConsumer {
    event Answered(bytes32 indexed callId, uint16 code, string answer);

    mapping(bytes32 callId => string) public answerOf;

    constructor(IServiceGateway gateway) ServiceConsumer(gateway) {}

    function greet(string calldata service, string calldata greeting, uint64 answerWithin) external returns (bytes32 callId) {
        return _callService(service, abi.encode(greeting), answerWithin, 1 ether, 200_000);
    }

    function _onResult(bytes32 callId, uint16 code, bytes calldata output, string calldata message) internal override {
        answerOf[callId] = code == 200 ? abi.decode(output, (string)) : message;
        emit Answered(callId, code, answerOf[callId]);
    }

    function _onTimeout(bytes32 callId) internal override {
        answerOf[callId] = "the call never reached the hub";
    }
}
