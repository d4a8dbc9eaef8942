// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Asker} from "./base/Asker.sol";

/// @title Who might lend on a receivable, in the devnet's tour: asks the ledger first whether anybody finances it.
contract Financier is Asker {
    /// @notice The output of `receivable-status` (docs/contracts.md), in its order.
    struct Standing {
        bool found;
        bool financed;
        bool settled;
        string status;
        uint64 registeredAt;
        uint64 statusSince;
    }

    uint32 private constant CALLBACK_GAS = 300_000;

    mapping(bytes32 callId => Standing) private _answers;

    constructor(IServiceGateway gateway) Asker(gateway) {}

    function ask(bytes32 receivableId, uint64 answerWithin, uint128 feeCap) external {
        emit Asked(_callService("receivable-status", abi.encode(receivableId), answerWithin, feeCap, CALLBACK_GAS));
    }

    function answer(bytes32 callId) external view returns (Standing memory) {
        return _answers[callId];
    }

    function _keep(bytes32 callId, bytes calldata output) internal override {
        _answers[callId] = abi.decode(_asStruct(output), (Standing));
    }
}
