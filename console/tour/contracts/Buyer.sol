// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {ServiceConsumer} from "interchain/ServiceConsumer.sol";

/// @title The consumer of the devnet's tour: asks other chains for quotes, and keeps what comes back.
contract Buyer is ServiceConsumer {
    struct Outcome {
        /// How many results and timeouts came; any number but 1 is a fault of the network.
        uint32 times;
        uint16 code;
        bool timedOut;
        uint256 total;
        string message;
    }

    uint32 private constant CALLBACK_GAS = 300_000;

    mapping(bytes32 callId => Outcome) private _outcomes;

    event Asked(bytes32 indexed callId);
    event Settled(bytes32 indexed callId, uint16 code, bool timedOut);

    constructor(IServiceGateway gateway) ServiceConsumer(gateway) {}

    /// @notice Asks for quotes of 1, 2, … `count` pieces of an item, each a call of its own.
    /// @param answerWithin Seconds within which the answers are wanted.
    /// @param acceptWithin Seconds within which the hub must have accepted the calls.
    function ask(string calldata service, string calldata item, uint256 count, uint64 answerWithin, uint64 acceptWithin, uint128 feeCap)
        external
    {
        for (uint256 pieces = 1; pieces <= count; ++pieces) {
            bytes32 callId = GATEWAY.callService(
                IServiceGateway.Call({
                    service: service,
                    input: abi.encode(item, pieces),
                    inputEncoding: 1,
                    deadline: uint64(block.timestamp) + answerWithin,
                    feeCap: feeCap,
                    callbackGasLimit: CALLBACK_GAS,
                    timeout: uint64(block.timestamp) + acceptWithin,
                    lane: 0
                })
            );
            emit Asked(callId);
        }
    }

    function outcome(bytes32 callId) external view returns (Outcome memory) {
        return _outcomes[callId];
    }

    function _onResult(bytes32 callId, uint16 code, bytes calldata output, string calldata message) internal override {
        Outcome storage kept = _outcomes[callId];
        ++kept.times;
        kept.code = code;
        kept.message = message;
        if (code == 200) kept.total = abi.decode(output, (uint256));
        emit Settled(callId, code, false);
    }

    function _onTimeout(bytes32 callId) internal override {
        Outcome storage kept = _outcomes[callId];
        ++kept.times;
        kept.timedOut = true;
        emit Settled(callId, 0, true);
    }
}
