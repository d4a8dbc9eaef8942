// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication, PacketContext} from "interchain/interfaces/IPacketApplication.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";

/// @title An application that does what a test tells it, and counts what it was told.
contract ProbeApplication is IPacketApplication {
    enum Mode {
        Answer,
        Revert,
        RevertWithInsufficientGas,
        Burn,
        Later,
        Malformed,
        Huge,
        AnswerError,
        Reenter,
        Raw,
        Bomb,
        RevertBomb
    }

    enum Callback {
        Accept,
        Revert,
        Burn,
        RevertBomb,
        RevertWithInsufficientGas,
        Work
    }

    enum GasMode {
        Enough,
        Revert,
        Burn,
        Short,
        RevertWithNumber,
        Absurd,
        Greedy,
        Whole
    }

    uint256 private constant BOMB_BYTES = 200_000;
    uint256 public constant WORK_GAS = 400_000;

    error Refused(uint256 code);

    IRouter public immutable ROUTER;
    Mode public mode;
    GasMode public gasMode;
    bytes public answer = hex"0102";
    bytes public reentry;
    uint256 public received;
    uint256 public acknowledged;
    uint256 public timedOut;
    PacketContext public last;
    bytes public lastValue;
    bytes public lastAcknowledgement;
    uint256 public gasSeen;
    Callback public callback;
    uint256 public callbackGasSeen;

    constructor(IRouter router) {
        ROUTER = router;
    }

    function set(Mode mode_) external {
        mode = mode_;
    }

    function setGasMode(GasMode mode_) external {
        gasMode = mode_;
    }

    function setAnswer(bytes calldata answer_) external {
        answer = answer_;
    }

    function setReentry(bytes calldata call) external {
        reentry = call;
    }

    function setCallback(Callback callback_) external {
        callback = callback_;
    }

    function send(uint16 lane, uint64 timeout, bytes calldata value) external returns (uint64 sequence, bytes32 pathKey) {
        return ROUTER.sendPacket(lane, timeout, value);
    }

    function writeLater(bytes32 clientKey, uint64 sequence, bytes calldata ack) external {
        ROUTER.writeAcknowledgement(clientKey, sequence, ack);
    }

    function onPacketReceived(PacketContext calldata context, bytes calldata value) external returns (bytes memory) {
        gasSeen = gasleft();
        if (msg.sender != address(ROUTER)) revert OnlyRouter(msg.sender);
        ++received;
        last = context;
        lastValue = value;
        if (mode == Mode.Revert) revert Refused(7);
        if (mode == Mode.RevertWithInsufficientGas) revert IRouter.InsufficientGas(2, 1);
        if (mode == Mode.Burn) {
            while (true) {}
        }
        if (mode == Mode.Later) return "";
        if (mode == Mode.Malformed) {
            assembly {
                mstore(0, 0x21)
                return(0, 0x20)
            }
        }
        if (mode == Mode.Huge) return new bytes(16385);
        if (mode == Mode.AnswerError) return abi.encodePacked(sha256("UNIVERSAL_ERROR_ACKNOWLEDGEMENT"));
        if (mode == Mode.Raw) {
            bytes memory raw = answer;
            assembly {
                return(add(raw, 0x20), mload(raw))
            }
        }
        if (mode == Mode.Bomb) {
            assembly {
                return(0, BOMB_BYTES)
            }
        }
        if (mode == Mode.RevertBomb) {
            assembly {
                revert(0, BOMB_BYTES)
            }
        }
        if (mode == Mode.Reenter) {
            (bool success, bytes memory reason) = address(ROUTER).call(reentry);
            return abi.encodePacked(success, reason);
        }
        return answer;
    }

    function onPacketAcknowledged(PacketContext calldata context, bytes calldata value, bytes calldata ack) external {
        if (msg.sender != address(ROUTER)) revert OnlyRouter(msg.sender);
        callbackGasSeen = gasleft();
        ++acknowledged;
        (last, lastValue, lastAcknowledgement) = (context, value, ack);
        _behave(8);
    }

    function onPacketTimedOut(PacketContext calldata context, bytes calldata value) external {
        if (msg.sender != address(ROUTER)) revert OnlyRouter(msg.sender);
        callbackGasSeen = gasleft();
        ++timedOut;
        (last, lastValue) = (context, value);
        _behave(9);
    }

    function _behave(uint256 code) private {
        uint256 before = gasleft();
        if (reentry.length > 0) {
            (bool success,) = address(ROUTER).call(reentry);
            success;
        }
        if (callback == Callback.Revert) revert Refused(code);
        if (callback == Callback.RevertWithInsufficientGas) revert IRouter.InsufficientGas(2, 1);
        if (callback == Callback.RevertBomb) {
            assembly {
                revert(BOMB_BYTES, BOMB_BYTES)
            }
        }
        while (callback == Callback.Burn || (callback == Callback.Work && before - gasleft() < WORK_GAS)) {}
    }

    function onLaneRegistered(uint16, bytes32, bool) external view {
        if (msg.sender != address(ROUTER)) revert OnlyRouter(msg.sender);
    }

    function receiveGas(bytes calldata value) external view returns (uint256) {
        if (gasMode == GasMode.Revert) revert Refused(10);
        if (gasMode == GasMode.Burn) {
            while (true) {}
        }
        if (gasMode == GasMode.Short || gasMode == GasMode.RevertWithNumber) {
            bool reverts = gasMode == GasMode.RevertWithNumber;
            assembly {
                mstore(0, 1000000)
                if reverts { revert(0, 0x20) }
                return(0, 0x1f)
            }
        }
        if (gasMode == GasMode.Absurd) return uint256(type(uint64).max) + 1;
        if (gasMode == GasMode.Greedy) return block.gaslimit + 1;
        if (gasMode == GasMode.Whole) return block.gaslimit;
        return 300_000 + 20 * value.length;
    }

    function acceptsSourcePort(string calldata port) external pure returns (bool) {
        return keccak256(bytes(port)) == keccak256("null");
    }

    function packetRouter() external view returns (address) {
        return address(ROUTER);
    }
}
