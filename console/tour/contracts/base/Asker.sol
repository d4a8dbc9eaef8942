// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {ServiceConsumer} from "interchain/ServiceConsumer.sol";

/// @title What the consumers of the devnet's tour do alike: keep what comes of each call, and count it.
abstract contract Asker is ServiceConsumer {
    struct Outcome {
        /// How many results and timeouts came; any number but 1 is a fault of the network.
        uint32 times;
        uint16 code;
        bool timedOut;
        string message;
    }

    mapping(bytes32 callId => Outcome) private _outcomes;

    event Asked(bytes32 indexed callId);
    event Settled(bytes32 indexed callId, uint16 code, bool timedOut);

    constructor(IServiceGateway gateway) ServiceConsumer(gateway) {}

    function outcome(bytes32 callId) external view returns (Outcome memory) {
        return _outcomes[callId];
    }

    function _onResult(bytes32 callId, uint16 code, bytes calldata output, string calldata message) internal override {
        Outcome storage kept = _outcomes[callId];
        ++kept.times;
        kept.code = code;
        kept.message = message;
        if (code == 200) _keep(callId, output);
        emit Settled(callId, code, false);
    }

    function _onTimeout(bytes32 callId) internal override {
        Outcome storage kept = _outcomes[callId];
        ++kept.times;
        kept.timedOut = true;
        emit Settled(callId, 0, true);
    }

    /// @dev Keeps the answer of a call that was answered.
    function _keep(bytes32 callId, bytes calldata output) internal virtual;

    /// @dev An answer of several values as its struct: they stand one after the other, a struct stands behind its offset.
    function _asStruct(bytes calldata output) internal pure returns (bytes memory) {
        return bytes.concat(bytes32(uint256(32)), output);
    }
}
