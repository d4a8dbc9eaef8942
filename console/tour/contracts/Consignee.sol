// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Asker} from "./base/Asker.sol";

/// @title Who is to get the goods, in the devnet's tour: asks the ledger what a bill of lading is worth.
contract Consignee is Asker {
    /// @notice The output of `document-verify` (docs/contracts.md), in its order.
    struct Answer {
        bool found;
        bool valid;
        string status;
        string documentType;
        string issuer;
        uint64 notarisedAt;
        uint64 validUntil;
        string[] countersignedBy;
        string number;
        string notarisedBy;
        uint64 validFrom;
        uint64 statusSince;
        bytes32 supersededBy;
        string revocationReason;
    }

    /// @notice What is kept of it.
    struct Verified {
        bool valid;
        string status;
        string issuer;
        string notarisedBy;
        string revocationReason;
    }

    uint32 private constant CALLBACK_GAS = 500_000;

    mapping(bytes32 callId => Verified) private _answers;

    constructor(IServiceGateway gateway) Asker(gateway) {}

    function ask(bytes32 documentHash, uint64 answerWithin, uint128 feeCap) external {
        emit Asked(_callService("document-verify", abi.encode(documentHash), answerWithin, feeCap, CALLBACK_GAS));
    }

    function answer(bytes32 callId) external view returns (Verified memory) {
        return _answers[callId];
    }

    function _keep(bytes32 callId, bytes calldata output) internal override {
        Answer memory told = abi.decode(_asStruct(output), (Answer));
        _answers[callId] = Verified(told.valid, told.status, told.issuer, told.notarisedBy, told.revocationReason);
    }
}
