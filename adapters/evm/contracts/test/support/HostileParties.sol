// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceConsumer} from "interchain/interfaces/IServiceConsumer.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {IServiceProvider, Request} from "interchain/interfaces/IServiceProvider.sol";

/// @notice Does whatever it is told, good or bad.
contract Provider is IServiceProvider {
    enum How {
        Answers,
        Reverts,
        RevertsWithAllThereIs,
        ReturnsAllThereIs,
        BurnsAll,
        BurnsNearlyAll,
        ReturnsNothing,
        ReturnsRubbish,
        AnswersTooLong,
        Panics,
        SaysInsufficientGas,
        SaysHostileText,
        Later,
        Reenters
    }

    IServiceGateway private immutable GATEWAY;
    uint256 public served;
    bool public succeeded;
    How private _how;
    address private _target;
    bytes private _call;

    constructor(IServiceGateway gateway) {
        GATEWAY = gateway;
        gateway.registerProvider();
    }

    function behave(How how, bytes calldata call) external {
        (_how, _call) = (how, call);
    }

    function aim(address target) external {
        _target = target;
    }

    function provide(Request calldata request) external returns (bytes memory, bool) {
        if (msg.sender != address(GATEWAY)) revert OnlyGateway(msg.sender);
        How how = _how;
        if (how == How.Reverts) revert("no");
        if (how == How.RevertsWithAllThereIs) {
            assembly {
                revert(0, 100000)
            }
        }
        if (how == How.ReturnsAllThereIs) {
            assembly {
                return(0, 100000)
            }
        }
        if (how == How.BurnsAll) {
            assembly {
                invalid()
            }
        }
        if (how == How.BurnsNearlyAll) {
            // Of the gas limit of 200,000 it needs all but 2,000.
            while (gasleft() > 2_000) {}
            return ("hello", false);
        }
        if (how == How.ReturnsNothing) {
            assembly {
                return(0, 0)
            }
        }
        if (how == How.ReturnsRubbish) {
            assembly {
                mstore(0, not(0))
                mstore(0x20, not(0))
                mstore(0x40, not(0))
                return(0, 0x60)
            }
        }
        if (how == How.AnswersTooLong) return (new bytes(16378), false);
        if (how == How.Panics) assert(false);
        if (how == How.SaysInsufficientGas) revert IRouter.InsufficientGas(1, 0);
        if (how == How.SaysHostileText) {
            bytes memory text = new bytes(1500);
            for (uint256 i; i < 1500; i += 3) {
                (text[i], text[i + 1], text[i + 2]) = (0xe2, 0x82, 0xac);
            }
            revert(string(text));
        }
        if (how == How.Later) return ("", true);
        ++served;
        if (how == How.Reenters) (succeeded,) = _target.call(_call);
        return (request.input, false);
    }
}

/// @notice Does whatever it is told, good or bad.
contract Consumer is IServiceConsumer {
    enum How {
        Keeps,
        Reenters,
        BurnsNearlyAll,
        Reverts,
        RevertsWithAllThereIs,
        ReturnsAllThereIs,
        BurnsAll,
        SaysInsufficientGas
    }

    IServiceGateway private immutable GATEWAY;
    mapping(bytes32 callId => uint256) public results;
    mapping(bytes32 callId => uint256) public timeouts;
    bool public succeeded;
    How private _how;
    address private _target;
    bytes private _call;

    constructor(IServiceGateway gateway) {
        GATEWAY = gateway;
    }

    function behave(How how) external {
        _how = how;
    }

    function aim(address target, bytes calldata call_) external {
        (_target, _call) = (target, call_);
    }

    function call(IServiceGateway.Call calldata wanted) external returns (bytes32) {
        return GATEWAY.callService(wanted);
    }

    function onServiceResult(bytes32 callId, uint16, bytes calldata, string calldata) external {
        if (msg.sender != address(GATEWAY)) revert OnlyGateway(msg.sender);
        ++results[callId];
        _misbehave();
    }

    function onServiceTimeout(bytes32 callId) external {
        if (msg.sender != address(GATEWAY)) revert OnlyGateway(msg.sender);
        ++timeouts[callId];
        _misbehave();
    }

    function _misbehave() private {
        How how = _how;
        if (how == How.Reverts) revert("no");
        if (how == How.RevertsWithAllThereIs) {
            assembly {
                revert(0, 100000)
            }
        }
        if (how == How.ReturnsAllThereIs) {
            assembly {
                return(0, 100000)
            }
        }
        if (how == How.BurnsAll) {
            assembly {
                invalid()
            }
        }
        if (how == How.BurnsNearlyAll) {
            // Of the gas limit of 200,000 it needs all but 2,000; a retry may give it more.
            uint256 begun = gasleft();
            while (gasleft() > 2_000 && begun - gasleft() < 170_000) {}
            if (begun - gasleft() < 150_000) revert("starved");
        }
        if (how == How.SaysInsufficientGas) revert IRouter.InsufficientGas(1, 0);
        if (how == How.Reenters) (succeeded,) = _target.call(_call);
    }
}
