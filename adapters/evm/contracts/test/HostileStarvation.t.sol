// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {Packet} from "./support/Hub.sol";
import {HostileGatewayFixture} from "./support/HostileGatewayFixture.sol";
import {Consumer, Provider} from "./support/HostileParties.sol";

/// @title Relayers that starve a call of gas: a request, a callback, a timeout and a retry have all that they ask for, or nothing
/// happens at all. docs/security-tests.md lists them.
contract HostileStarvationTest is HostileGatewayFixture {
    /// @dev From far too little to enough, in small steps: the transaction reverts as a whole, or the answer is the true one.
    function test_tooLittleGasIsNeverAFalse500() public {
        provider.behave(Provider.How.BurnsNearlyAll, "");
        (uint256 refusals, uint256 answers) = _sweepRequests(40_000, 800_000, 1_993);
        so(refusals > 100, "the sweep begins below enough");
        so(answers > 10, "the sweep ends above enough");
    }

    /// @dev The same at every gas around the point from which on it is enough.
    function test_tooLittleGasAtTheVeryBoundIsNeverAFalse500() public {
        provider.behave(Provider.How.BurnsNearlyAll, "");
        uint256 low = 40_000;
        uint256 high = 1_500_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (_tryRequest(middle)) high = middle;
            else low = middle;
        }
        for (uint256 given = high - 40; given < high + 40; ++given) {
            _tryRequest(given);
        }
        for (uint256 less = 64; less < high - 40_000; less = less * 3 / 2) {
            _tryRequest(high - less);
        }
    }

    /// @dev A batch of ten, of which a starved tenth must not fail alone.
    function test_aStarvedBatchIsDeliveredWholeOrNotAtAll() public {
        provider.behave(Provider.How.BurnsNearlyAll, "");
        for (uint256 given = 200_000; given < 5_000_000; given += 97_003) {
            bytes[] memory entries = new bytes[](10);
            bytes32[] memory leaves = new bytes32[](10);
            for (uint256 i; i < 10; ++i) {
                Packet memory p = requestFor(address(provider), GAS_LIMIT, hex"");
                (entries[i], leaves[i]) = (packetEntry(SERVICE_IN, p), packetLeaf(p));
            }
            bytes memory call = batch(entries, leaves);
            uint64 before = router.getClient(1).acknowledgements;
            vm.recordLogs();
            (bool done,) = address(router).call{gas: given}(deliverCall(call));
            if (done) onlyAnswers(200, 10);
            same(router.getClient(1).acknowledgements - before, done ? 10 : 0, "all or none");
        }
    }

    /// @dev Memory that earlier packets of the delivery left behind makes the next call dearer; its gas is still its own.
    function test_aLongDeliveryStarvesNoApplication() public {
        Greedy greedy = new Greedy(router);
        vm.startPrank(admin);
        router.registerApplication("greedy", address(greedy), 100_000);
        uint16 lane = router.registerLane(IRouter.Direction.Inbound, 1, "greedy", "greedy", "service-1", SERVICE_ENCODING);
        vm.stopPrank();
        // A hundred long answers leave 1.6 MB behind, short ones then use up what their events had touched beyond it.
        uint256 count = 256;
        bytes[] memory entries = new bytes[](count);
        bytes32[] memory leaves = new bytes32[](count);
        for (uint64 i; i < count; ++i) {
            bytes memory value = i < 100 ? bytes("at length") : i + 1 < count ? bytes("short") : new bytes(16384);
            Packet memory p = inbound("greedy", i + 1, inAnHour(), value);
            (entries[i], leaves[i]) = (packetEntry(lane, p), packetLeaf(p));
        }
        bytes memory call = deliverCall(batch(entries, leaves));
        uint256 snapshot = VmMore(address(vm)).snapshotState();
        (bool done,) = address(router).call(call);
        bytes32 true_ = router.acknowledgementChain(CLIENT_KEY, 0);
        so(done && VmMore(address(vm)).revertToState(snapshot), "with enough");
        uint256 low = 10_000_000;
        uint256 high = 60_000_000;
        while (high - low > 2_000) {
            uint256 middle = (low + high) / 2;
            (done,) = address(router).call{gas: middle}(call);
            if (done) same(router.acknowledgementChain(CLIENT_KEY, 0), true_, "an application was starved");
            VmMore(address(vm)).revertToState(snapshot);
            if (done) high = middle;
            else low = middle;
        }
        for (uint256 given = low; given < high + 60_000; given += 3_999) {
            (done,) = address(router).call{gas: given}(call);
            if (done) same(router.acknowledgementChain(CLIENT_KEY, 0), true_, "an application was starved");
            VmMore(address(vm)).revertToState(snapshot);
        }
    }

    /// @dev The consumer's callback gets the gas that it asked for, at every gas from too little to enough.
    function test_tooLittleGasNeverFailsACallback() public {
        consumer.behave(Consumer.How.BurnsNearlyAll);
        uint256 refusals;
        uint256 results;
        for (uint256 given = 60_000; given < 700_000; given += 2_503) {
            (Packet memory p, bytes32 callId) = called(GAS_LIMIT);
            bytes memory delivery_ = singleAck(SERVICE_OUT, p, answerOf("hello"));
            (bool done,) = address(router).call{gas: given}(deliverCall(delivery_));
            if (done) ++results;
            else ++refusals;
            same(gateway.keptOutcome(callId), 0, "no callback was starved");
            same(consumer.results(callId), done ? 1 : 0, "result");
        }
        so(refusals > 50 && results > 50, "both sides of the bound");
    }

    function test_tooLittleGasNeverFailsATimeout() public {
        tree.set("some key", "some value");
        consumer.behave(Consumer.How.BurnsNearlyAll);
        uint256 refusals;
        uint256 results;
        for (uint256 given = 60_000; given < 700_000; given += 5_003) {
            (Packet memory p, bytes32 callId) = called(GAS_LIMIT);
            vm.warp(p.timeout);
            bytes memory delivery_ = timeoutDelivery(SERVICE_OUT, p);
            (bool done,) = address(router).call{gas: given}(timeoutCall(delivery_));
            if (done) ++results;
            else ++refusals;
            same(gateway.keptOutcome(callId), 0, "no callback was starved");
            same(consumer.timeouts(callId), done ? 1 : 0, "timeout");
        }
        so(refusals > 20 && results > 20, "both sides of the bound");
    }

    /// @dev Nor does a retry with less gas than the first try use the outcome up.
    function test_aStarvedRetryLosesNothing() public {
        consumer.behave(Consumer.How.Reverts);
        (Packet memory p, bytes32 callId) = called(GAS_LIMIT);
        deliver(singleAck(SERVICE_OUT, p, answerOf("hello")));
        bytes32 kept = gateway.keptOutcome(callId);
        so(kept != 0, "kept");
        consumer.behave(Consumer.How.BurnsNearlyAll);
        bytes memory retry =
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(consumer), GAS_LIMIT, 200, "hello", ""));
        bool done;
        for (uint256 given = 30_000; !done; given += 2_003) {
            same(gateway.keptOutcome(callId), kept, "still kept");
            vm.prank(STRANGER);
            (done,) = address(gateway).call{gas: given}(retry);
        }
        same(gateway.keptOutcome(callId), 0, "brought");
        same(consumer.results(callId), 1, "once");
    }

    function _sweepRequests(uint256 from, uint256 to, uint256 step) private returns (uint256 refusals, uint256 answers) {
        for (uint256 given = from; given < to; given += step) {
            if (_tryRequest(given)) ++answers;
            else ++refusals;
        }
    }

    /// @dev One request with so much gas for the whole transaction: true where it was delivered, and then answered with 200.
    function _tryRequest(uint256 given) private returns (bool done) {
        Packet memory p = requestFor(address(provider), GAS_LIMIT, "");
        bytes memory call = deliverCall(single(SERVICE_IN, p));
        vm.recordLogs();
        (done,) = address(router).call{gas: given}(call);
        so(router.hasReceipt(CLIENT_KEY, p.sequence) == done, "receipt");
        if (done) onlyAnswers(200, 1);
    }
}

interface VmMore {
    function snapshotState() external returns (uint256);
    function revertToState(uint256 id) external returns (bool);
}

/// @notice An application that needs all of its 100,000 gas, and answers at length.
contract Greedy {
    IRouter private immutable ROUTER;

    constructor(IRouter router) {
        ROUTER = router;
    }

    fallback(bytes calldata data) external returns (bytes memory) {
        if (bytes4(data) == bytes4(keccak256("packetRouter()"))) return abi.encode(ROUTER);
        if (bytes4(data) == bytes4(keccak256("acceptsSourcePort(string)"))) return abi.encode(true);
        if (bytes4(data) == bytes4(keccak256("onLaneRegistered(uint16,bytes32,bool)"))) return "";
        uint256 begun = gasleft();
        if (data.length > 10_000) {
            // Of the 100,000 it has used a little to come here.
            if (begun < 99_000) revert("starved");
            return abi.encode(bytes("done"));
        }
        return abi.encode(data[0xe4] == "a" ? new bytes(16000) : bytes("short"));
    }
}
