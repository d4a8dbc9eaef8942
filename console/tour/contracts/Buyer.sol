// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Asker} from "./base/Asker.sol";

/// @title The consumer of the devnet's tour: asks other chains for quotes, and keeps what comes back.
contract Buyer is Asker {
    uint32 private constant CALLBACK_GAS = 300_000;

    mapping(bytes32 callId => uint256) public total;

    constructor(IServiceGateway gateway) Asker(gateway) {}

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

    function _keep(bytes32 callId, bytes calldata output) internal override {
        total[callId] = abi.decode(output, (uint256));
    }
}
