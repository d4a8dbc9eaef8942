// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ServiceConsumer} from "interchain/ServiceConsumer.sol";
import {ServiceProvider} from "interchain/ServiceProvider.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Request} from "interchain/interfaces/IServiceProvider.sol";

/// @notice A consumer that does in its callbacks what a test tells it.
contract ProbeConsumer is ServiceConsumer {
    enum Mode {
        Accept,
        Revert,
        Burn,
        Bomb,
        Reenter
    }

    Mode public mode;
    bytes public reentry;
    bool public reentered;
    uint256 public results;
    uint256 public timeouts;
    bytes32 public lastCallId;
    uint16 public lastCode;
    bytes public lastOutput;
    string public lastMessage;
    uint256 public gasSeen;

    constructor(IServiceGateway gateway) ServiceConsumer(gateway) {}

    function set(Mode mode_, bytes calldata reentry_) external {
        (mode, reentry) = (mode_, reentry_);
    }

    function call(IServiceGateway.Call calldata call_) external returns (bytes32) {
        return GATEWAY.callService(call_);
    }

    function callSimply(uint64 answerWithin) external returns (bytes32) {
        return _callService("echo", "input", answerWithin, 5, 200_000);
    }

    function _onResult(bytes32 callId, uint16 code, bytes calldata output, string calldata message) internal override {
        gasSeen = gasleft();
        _behave();
        ++results;
        (lastCallId, lastCode, lastOutput, lastMessage) = (callId, code, output, message);
    }

    function _onTimeout(bytes32 callId) internal override {
        _behave();
        ++timeouts;
        lastCallId = callId;
    }

    function _behave() private {
        if (mode == Mode.Revert) revert("not today");
        if (mode == Mode.Burn) {
            while (true) {}
        }
        if (mode == Mode.Bomb) {
            assembly {
                revert(0, 100000)
            }
        }
        if (mode == Mode.Reenter) (reentered,) = address(GATEWAY).call(reentry);
    }
}

/// @notice A provider that does what a test tells it.
contract ProbeProvider is ServiceProvider {
    enum Mode {
        Echo,
        Revert,
        RevertPlainly,
        Burn,
        Bomb,
        RevertBomb,
        Later,
        Malformed,
        TooLong,
        Longest,
        Reenter
    }

    error OutOfOrder(uint256 code);

    Mode public mode;
    bytes public reentry;
    bool public reentered;
    uint256 public served;
    Request public last;
    uint256 public gasSeen;

    constructor(IServiceGateway gateway) ServiceProvider(gateway) {}

    function set(Mode mode_, bytes calldata reentry_) external {
        (mode, reentry) = (mode_, reentry_);
    }

    function respond(bytes32 key, uint16 code, bytes calldata output, string calldata message) external {
        GATEWAY.respond(key, code, output, message);
    }

    function unregister() external {
        GATEWAY.unregisterProvider();
    }

    function _provide(Request calldata request) internal override returns (bytes memory output, bool later) {
        gasSeen = gasleft();
        if (mode == Mode.Revert) revert OutOfOrder(7);
        if (mode == Mode.RevertPlainly) revert("the warehouse is closed");
        if (mode == Mode.Burn) {
            while (true) {}
        }
        if (mode == Mode.Bomb) {
            assembly {
                return(0, 300000)
            }
        }
        if (mode == Mode.RevertBomb) {
            assembly {
                mstore(0, shl(224, 0x08c379a0))
                mstore(4, 0x20)
                mstore(0x24, 300000)
                for { let i := 0 } lt(i, 16384) { i := add(i, 32) } {
                    mstore(add(0x44, i), 0xc3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9c3a9)
                }
                revert(0, 300000)
            }
        }
        if (mode == Mode.Malformed) {
            assembly {
                mstore(0, 0x40)
                mstore(0x20, 2)
                mstore(0x40, 0)
                return(0, 0x60)
            }
        }
        ++served;
        last = request;
        if (mode == Mode.Later) return ("", true);
        if (mode == Mode.TooLong) return (new bytes(16378), false);
        if (mode == Mode.Longest) return (new bytes(16377), false);
        if (mode == Mode.Reenter) (reentered,) = address(GATEWAY).call(reentry);
        return (request.input, false);
    }
}
