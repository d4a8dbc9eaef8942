// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {ServiceConsumer} from "interchain/ServiceConsumer.sol";

/// @title Who is to get the goods, in the devnet's tour: asks the ledger what a bill of lading is worth.
contract Consignee is ServiceConsumer {
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

    /// @notice What is kept of a call. `times`: how many outcomes came; any number but 1 is a fault of the network.
    struct Outcome {
        uint32 times;
        uint16 code;
        bool valid;
        string status;
        string issuer;
        string notarisedBy;
        string reason;
    }

    uint32 private constant CALLBACK_GAS = 500_000;

    mapping(bytes32 callId => Outcome) private _outcomes;

    event Asked(bytes32 indexed callId);

    constructor(IServiceGateway gateway) ServiceConsumer(gateway) {}

    function ask(bytes32 documentHash, uint64 answerWithin, uint128 feeCap) external {
        emit Asked(_callService("document-verify", abi.encode(documentHash), answerWithin, feeCap, CALLBACK_GAS));
    }

    function outcome(bytes32 callId) external view returns (Outcome memory) {
        return _outcomes[callId];
    }

    function _onResult(bytes32 callId, uint16 code, bytes calldata output, string calldata message) internal override {
        Outcome storage kept = _outcomes[callId];
        ++kept.times;
        kept.code = code;
        kept.reason = message;
        if (code != 200) return;
        // The values stand one after the other; a struct of them would stand behind its offset.
        Answer memory answer = abi.decode(bytes.concat(bytes32(uint256(32)), output), (Answer));
        kept.valid = answer.valid;
        kept.status = answer.status;
        kept.issuer = answer.issuer;
        kept.notarisedBy = answer.notarisedBy;
        kept.reason = answer.revocationReason;
    }

    function _onTimeout(bytes32 callId) internal override {
        Outcome storage kept = _outcomes[callId];
        ++kept.times;
        kept.reason = "it never reached the hub";
    }
}
