// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication, PacketContext} from "interchain/interfaces/IPacketApplication.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {IServiceProvider} from "interchain/interfaces/IServiceProvider.sol";
import {Vm} from "./support/Check.sol";
import {ProbeConsumer, ProbeProvider} from "./support/Parties.sol";
import {ServiceFixture} from "./support/ServiceFixture.sol";

/// @notice Says with how much gas it was called: in its answer where it is asked as a provider, else in what it reverts with.
contract GasMeter {
    error Seen(uint256 gas_);

    function register(IServiceGateway gateway) external {
        gateway.registerProvider();
    }

    fallback() external {
        uint256 seen = gasleft();
        if (msg.sig != IServiceProvider.provide.selector) revert Seen(seen);
        bytes memory answer = abi.encode(abi.encode(seen), false);
        assembly ("memory-safe") {
            return(add(answer, 0x20), mload(answer))
        }
    }
}

/// @title What the gateway's callees are due: all of it or nothing, whoever calls the gateway and with whatever gas.
/// @dev The router is played here: it gives what `receiveGas` says and 5,000,000 to settle, which would hide what the gateway
/// itself looks after.
contract ServiceGasTest is ServiceFixture {
    /// @dev The greatest that a callback may have, so that what EIP-150 keeps back of it counts.
    uint32 private constant LIMIT = 3_000_000;
    /// @dev What the meter has used before it looks.
    uint256 private constant DISPATCH_GAS = 200;
    GasMeter private _meter;

    function setUp() public override {
        super.setUp();
        _meter = new GasMeter();
        _meter.register(gateway);
    }

    // ------------------------------------------------------------------------------------------------ what it is due

    function test_aProviderGetsWhatItsRequestNames() public {
        bytes memory call = _received(address(_meter));
        uint256 least = _least(call);
        for (uint256 more; more < 60_000; more += 1_009) {
            (bool done, bytes memory returned) = _try(call, least + more);
            so(done, "enough");
            _isAllOf(abi.decode(behind(abi.decode(returned, (bytes)), 7), (uint256)));
        }
    }

    function test_aCallbackGetsWhatItsCallNames() public {
        bytes[2] memory calls = [_acknowledged(address(_meter), 0), _timedOut(address(_meter), 0)];
        for (uint256 i; i < calls.length; ++i) {
            uint256 least = _least(calls[i]);
            for (uint256 more; more < 60_000; more += 1_009) {
                vm.recordLogs();
                (bool done,) = _try(calls[i], least + more);
                so(done, "enough");
                _isAllOf(_seen(_reasonKept()));
            }
        }
    }

    /// @dev At least as much as the first time; what more there is, too.
    function test_aRetryGetsNoLessThanTheFirstTry() public {
        (bool kept,) = _try(_acknowledged(address(_meter), 1), 5_000_000);
        (bool keptToo,) = _try(_timedOut(address(_meter), 2), 5_000_000);
        so(kept && keptToo, "kept");
        bytes[2] memory retries = [
            abi.encodeCall(IServiceGateway.retryResult, (_callId(1), address(_meter), LIMIT, 200, "output", "")),
            abi.encodeCall(IServiceGateway.retryTimeout, (_callId(2), address(_meter), LIMIT))
        ];
        for (uint256 i; i < retries.length; ++i) {
            uint256 least = _least(retries[i]);
            for (uint256 more; more < 600_000; more += 10_009) {
                (, bytes memory reason) = _try(retries[i], least + more);
                same(bytes32(selectorOf(reason)), bytes32(IServiceGateway.RetryFailed.selector), "the meter fails");
                uint256 seen = _seen(abi.decode(behind(reason, 4), (bytes)));
                so(seen + DISPATCH_GAS >= LIMIT, "no less than the first time");
                so(seen + DISPATCH_GAS >= LIMIT + more - more / 32, "all that there is");
            }
        }
    }

    // ------------------------------------------------------------------------------------------------ what follows it

    /// @dev A provider that leaves nothing of its gas, and one whose reason is the dearest to read: there is enough left to say so.
    function test_enoughIsLeftToAnswerForAFailingProvider() public {
        ProbeProvider.Mode[2] memory modes = [ProbeProvider.Mode.Burn, ProbeProvider.Mode.RevertBomb];
        for (uint256 i; i < modes.length; ++i) {
            provider.set(modes[i], "");
            bytes memory call = _received(address(provider));
            (bool done, bytes memory returned) = _try(call, _least(call));
            so(done, "enough");
            bytes memory ack = abi.decode(returned, (bytes));
            same(uint8(ack[1]) * 256 + uint8(ack[2]), 500, "it failed");
            so(ack.length > 7, "and why");
        }
    }

    /// @dev A consumer that leaves nothing of its gas: there is enough left to keep its outcome.
    function test_enoughIsLeftToKeepAFailedOutcome() public {
        ProbeConsumer.Mode[2] memory modes = [ProbeConsumer.Mode.Burn, ProbeConsumer.Mode.Bomb];
        for (uint256 i; i < modes.length; ++i) {
            consumer.set(modes[i], "");
            bytes[2] memory calls = [_acknowledged(address(consumer), 10 + i), _timedOut(address(consumer), 20 + i)];
            for (uint256 j; j < calls.length; ++j) {
                (bool done,) = _try(calls[j], _least(calls[j]));
                so(done && gateway.keptOutcome(_callId(10 + 10 * j + i)) != 0, "kept");
            }
        }
    }

    // ------------------------------------------------------------------------------------------------ inside

    function _callId(uint256 i) private pure returns (bytes32) {
        return keccak256(abi.encode("call", i));
    }

    function _context(uint256 i) private view returns (PacketContext memory) {
        return PacketContext(_callId(i), CLIENT_KEY, SERVICE_OUT, uint64(i + 1), inAnHour());
    }

    function _received(address provider_) private view returns (bytes memory) {
        bytes memory value = requestValue(provider_, uint64(block.timestamp) + 1 days, LIMIT, "input");
        return abi.encodeCall(IPacketApplication.onPacketReceived, (_context(0), value));
    }

    function _sentBy(address caller) private view returns (bytes memory) {
        IServiceGateway.Call memory call = aCall();
        call.callbackGasLimit = LIMIT;
        return callValue(call, caller);
    }

    function _acknowledged(address caller, uint256 i) private view returns (bytes memory) {
        bytes memory ack = result(200, "output", "");
        return abi.encodeCall(IPacketApplication.onPacketAcknowledged, (_context(i), _sentBy(caller), ack));
    }

    function _timedOut(address caller, uint256 i) private view returns (bytes memory) {
        return abi.encodeCall(IPacketApplication.onPacketTimedOut, (_context(i), _sentBy(caller)));
    }

    /// @dev By the router, as which anyone may retry, too.
    function _try(bytes memory call, uint256 gas_) private returns (bool done, bytes memory returned) {
        vm.prank(address(router));
        return address(gateway).call{gas: gas_}(call);
    }

    /// @dev The least gas that is no refusal. With any less, down to the callee's own, the call is refused by name, and what it says
    /// to be missing is just what is missing.
    function _least(bytes memory call) private returns (uint256 least) {
        least = LIMIT + _missing(call, LIMIT);
        for (uint256 gas_ = LIMIT; gas_ < least; gas_ += 2_003) {
            same(_missing(call, gas_), least - gas_, "what is missing");
        }
        same(_missing(call, least - 1), 1, "one less");
    }

    function _missing(bytes memory call, uint256 gas_) private returns (uint256) {
        (bool done, bytes memory reason) = _try(call, gas_);
        so(!done, "done");
        same(bytes32(selectorOf(reason)), bytes32(IServiceGateway.InsufficientGas.selector), "too little gas, by name");
        (uint256 needed, uint256 available) = abi.decode(behind(reason, 4), (uint256, uint256));
        return needed - available;
    }

    function _reasonKept() private returns (bytes memory reason) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == IServiceGateway.CallbackFailed.selector) return abi.decode(logs[i].data, (bytes));
        }
        revert NotSo("was not kept");
    }

    function _seen(bytes memory reason) private pure returns (uint256) {
        same(bytes32(selectorOf(reason)), bytes32(GasMeter.Seen.selector), "the meter's");
        return abi.decode(behind(reason, 4), (uint256));
    }

    function _isAllOf(uint256 seen) private pure {
        so(seen <= LIMIT && seen + DISPATCH_GAS >= LIMIT, "all of it, and no more");
    }
}
