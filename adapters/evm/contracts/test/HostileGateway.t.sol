// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceConsumer} from "interchain/interfaces/IServiceConsumer.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {IServiceProvider, Request} from "interchain/interfaces/IServiceProvider.sol";
import {Vm} from "./support/Check.sol";
import {Fixture} from "./support/Fixture.sol";
import {Packet} from "./support/Hub.sol";

/// @title Attacks on the service gateway: relayers that starve a call of gas, providers and consumers that re-enter, burn and
/// flood, strangers at every entry. docs/security-tests.md lists them.
contract HostileGatewayTest is Fixture {
    address private constant STRANGER = address(0xBAD);
    uint32 private constant GAS_LIMIT = 200_000;

    Provider private provider;
    Consumer private consumer;
    uint64 private _sequence;

    function setUp() public override {
        super.setUp();
        provider = new Provider(gateway);
        consumer = new Consumer(gateway);
    }

    // ------------------------------------------------------------------------------------------------ too little gas

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
                Packet memory p = _request(address(provider), GAS_LIMIT, hex"");
                (entries[i], leaves[i]) = (packetEntry(SERVICE_IN, p), packetLeaf(p));
            }
            bytes memory call = batch(entries, leaves);
            uint64 before = router.getClient(1).acknowledgements;
            vm.recordLogs();
            (bool done,) = address(router).call{gas: given}(deliverCall(call));
            if (done) _onlyAnswers(200, 10);
            same(router.getClient(1).acknowledgements - before, done ? 10 : 0, "all or none");
        }
    }

    /// @dev Who may add clients and lanes could else speak for every caller at once, with a light client of their own making.
    function test_aLaneOverAnotherClientIsRefused() public {
        IQuorumClient.Trust memory t = trust();
        t.destinationClient = "quorum-1";
        IQuorumClient stub = newClient(t);
        bytes memory refusal = abi.encodeWithSelector(IServiceGateway.AnotherHub.selector, keccak256("quorum-1"));
        vm.startPrank(admin);
        router.addClient("quorum-1", THERE, stub);
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(refusal);
            router.registerLane(IRouter.Direction(i), 2, "service", "service", "service-1", SERVICE_ENCODING);
            router.registerLane(IRouter.Direction(i), 1, "service", "service", "service-2", SERVICE_ENCODING);
        }
        vm.stopPrank();
        same(router.laneCount(), SERVICE_IN + 2, "its own client's lanes alone");
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
            (Packet memory p, bytes32 callId) = _call(GAS_LIMIT);
            bytes memory delivery_ = singleAck(SERVICE_OUT, p, _answer("hello"));
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
            (Packet memory p, bytes32 callId) = _call(GAS_LIMIT);
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
        (Packet memory p, bytes32 callId) = _call(GAS_LIMIT);
        deliver(singleAck(SERVICE_OUT, p, _answer("hello")));
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

    // ------------------------------------------------------------------------------------------------ hostile providers

    function test_whateverAProviderDoesCostsItselfOnly() public {
        for (uint256 how; how <= uint256(type(Provider.How).max); ++how) {
            provider.behave(Provider.How(how), "");
            Packet memory p = _request(address(provider), GAS_LIMIT, "hello");
            Packet memory q = inbound("null", ++_sequence, inAnHour(), "bystander");
            bytes[] memory entries = new bytes[](2);
            bytes32[] memory leaves = new bytes32[](2);
            (entries[0], leaves[0]) = (packetEntry(SERVICE_IN, p), packetLeaf(p));
            (entries[1], leaves[1]) = (packetEntry(NULL_IN, q), packetLeaf(q));
            deliverWith(2_000_000, batch(entries, leaves));
            so(router.hasReceipt(CLIENT_KEY, p.sequence) && router.hasReceipt(CLIENT_KEY, q.sequence), vm.toString(how));
        }
    }

    /// @dev A provider that speaks the router's language: its InsufficientGas is an answer like any other, and blocks nothing.
    function test_aProviderCannotBlockItsBatchWithTheRoutersOwnError() public {
        provider.behave(Provider.How.SaysInsufficientGas, "");
        vm.recordLogs();
        deliver(single(SERVICE_IN, _request(address(provider), GAS_LIMIT, "hello")));
        _onlyAnswers(500, 1);
    }

    function test_aConsumerCannotBlockItsResultWithTheRoutersOwnError() public {
        consumer.behave(Consumer.How.SaysInsufficientGas);
        (Packet memory p, bytes32 callId) = _call(GAS_LIMIT);
        deliver(singleAck(SERVICE_OUT, p, _answer("hello")));
        so(gateway.keptOutcome(callId) != 0, "kept");
    }

    function test_whateverAConsumerDoesItsResultIsKeptAndBlocksNothing() public {
        for (uint256 how = uint256(Consumer.How.Reverts); how <= uint256(type(Consumer.How).max); ++how) {
            consumer.behave(Consumer.How(how));
            (Packet memory p, bytes32 callId) = _call(GAS_LIMIT);
            Packet memory q = send(inAnHour(), "bystander");
            bytes[] memory entries = new bytes[](2);
            bytes32[] memory leaves = new bytes32[](2);
            (entries[0], leaves[0]) = (ackEntry(SERVICE_OUT, p, _answer("hello")), ackLeaf(p, _answer("hello")));
            (entries[1], leaves[1]) = (ackEntry(NULL_OUT, q, hex"01"), ackLeaf(q, hex"01"));
            deliverWith(2_000_000, batch(entries, leaves));
            same(stored(q), 0, "the bystander is served");
            so(gateway.keptOutcome(callId) != 0 || consumer.results(callId) == 1, "kept or brought");
        }
    }

    // ------------------------------------------------------------------------------------------------ re-entry

    function test_aReenteringProviderIsServedOnce() public {
        Packet memory p = _request(address(provider), GAS_LIMIT, "hello");
        bytes memory delivery_ = single(SERVICE_IN, p);
        bytes32 key = keccak256(abi.encode(CLIENT_KEY, p.sequence));
        bytes[4] memory calls = [
            deliverCall(delivery_),
            abi.encodeCall(IRouter.writeAcknowledgement, (CLIENT_KEY, p.sequence, "early")),
            abi.encodeCall(IRouter.sendPacket, (SERVICE_OUT, inAnHour(), "forged")),
            abi.encodeCall(IServiceGateway.respond, (key, 200, "early", ""))
        ];
        for (uint256 i; i < calls.length; ++i) {
            provider.behave(Provider.How.Reenters, calls[i]);
            provider.aim(i == 3 ? address(gateway) : address(router));
            uint256 served = provider.served();
            if (i > 0) {
                p = _request(address(provider), GAS_LIMIT, "hello");
                delivery_ = single(SERVICE_IN, p);
            }
            uint64 before = router.getClient(1).acknowledgements;
            deliver(delivery_);
            same(provider.served(), served + 1, "served once");
            same(router.getClient(1).acknowledgements, before + 1, "answered once");
            if (i > 0) so(!provider.succeeded(), vm.toString(i));
        }
    }

    function test_aReenteringConsumerGetsOneResult() public {
        (Packet memory p, bytes32 callId) = _call(1_000_000);
        bytes memory delivery_ = singleAck(SERVICE_OUT, p, _answer("hello"));
        consumer.behave(Consumer.How.Reenters);
        consumer.aim(address(router), deliverCall(delivery_));
        deliver(delivery_);
        same(consumer.results(callId), 1, "one result");

        consumer.behave(Consumer.How.Reverts);
        (p, callId) = _call(GAS_LIMIT);
        deliver(singleAck(SERVICE_OUT, p, _answer("hello")));
        bytes memory retry =
            abi.encodeCall(IServiceGateway.retryResult, (callId, address(consumer), GAS_LIMIT, 200, "hello", ""));
        consumer.behave(Consumer.How.Reenters);
        consumer.aim(address(gateway), retry);
        (bool done,) = address(gateway).call(retry);
        so(done, "retried");
        so(!consumer.succeeded(), "retried within");
        same(consumer.results(callId), 1, "one result");
    }

    function test_aConsumerCallsAgainWithinItsCallback() public {
        (Packet memory p, bytes32 callId) = _call(1_000_000);
        consumer.behave(Consumer.How.Reenters);
        consumer.aim(address(gateway), abi.encodeCall(IServiceGateway.callService, (_wanted(GAS_LIMIT))));
        deliver(singleAck(SERVICE_OUT, p, _answer("hello")));
        so(consumer.succeeded(), "called again");
        same(consumer.results(callId), 1, "one result");
    }

    // ------------------------------------------------------------------------------------------------ strangers

    function test_aStrangerBringsNoResultAndAsksNoProvider() public {
        (, bytes32 callId) = _call(GAS_LIMIT);
        address[3] memory who = [STRANGER, address(router), admin];
        for (uint256 i; i < who.length; ++i) {
            vm.prank(who[i]);
            vm.expectRevert(abi.encodeWithSelector(IServiceConsumer.OnlyGateway.selector, who[i]));
            consumer.onServiceResult(callId, 200, "forged", "");
            vm.prank(who[i]);
            vm.expectRevert(abi.encodeWithSelector(IServiceConsumer.OnlyGateway.selector, who[i]));
            consumer.onServiceTimeout(callId);
            Request memory request;
            vm.prank(who[i]);
            vm.expectRevert(abi.encodeWithSelector(IServiceProvider.OnlyGateway.selector, who[i]));
            provider.provide(request);
        }
    }

    function test_aStrangerRetriesNothingThatWasNotKept() public {
        (Packet memory p, bytes32 callId) = _call(GAS_LIMIT);
        vm.startPrank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NothingToRetry.selector, callId));
        gateway.retryResult(callId, address(consumer), GAS_LIMIT, 200, "forged", "");
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NothingToRetry.selector, callId));
        gateway.retryTimeout(callId, address(consumer), GAS_LIMIT);
        vm.stopPrank();
        consumer.behave(Consumer.How.Reverts);
        deliver(singleAck(SERVICE_OUT, p, _answer("hello")));
        consumer.behave(Consumer.How.Keeps);
        vm.startPrank(STRANGER);
        for (uint256 what; what < 7; ++what) {
            vm.expectRevert(
                abi.encodeWithSelector(IServiceGateway.NothingToRetry.selector, what == 0 ? bytes32(uint256(1)) : callId)
            );
            if (what == 6) {
                gateway.retryTimeout(callId, address(consumer), GAS_LIMIT);
                break;
            }
            gateway.retryResult(
                what == 0 ? bytes32(uint256(1)) : callId,
                what == 1 ? STRANGER : address(consumer),
                what == 2 ? 1 : GAS_LIMIT,
                what == 3 ? 500 : 200,
                what == 4 ? bytes("hellp") : bytes("hello"),
                what == 5 ? "x" : ""
            );
        }
        gateway.retryResult(callId, address(consumer), GAS_LIMIT, 200, "hello", "");
        same(consumer.results(callId), 1, "one result");
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NothingToRetry.selector, callId));
        gateway.retryResult(callId, address(consumer), GAS_LIMIT, 200, "hello", "");
        vm.stopPrank();
    }

    function test_aStrangerAnswersForNoProvider() public {
        provider.behave(Provider.How.Later, "");
        Packet memory p = _request(address(provider), GAS_LIMIT, "hello");
        deliver(single(SERVICE_IN, p));
        bytes32 key = keccak256(abi.encode(CLIENT_KEY, p.sequence));
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NoPendingRequest.selector, key, STRANGER));
        gateway.respond(key, 200, "forged", "");
        bytes32 nobody = keccak256(abi.encode(CLIENT_KEY, p.sequence + 1));
        vm.prank(address(0));
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NoPendingRequest.selector, nobody, address(0)));
        gateway.respond(nobody, 200, "forged", "");
        vm.startPrank(address(provider));
        uint16[5] memory codes = [uint16(0), 402, 404, 504, 999];
        for (uint256 i; i < codes.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IServiceGateway.UnknownCode.selector, codes[i]));
            gateway.respond(key, codes[i], "", "");
        }
        vm.expectPartialRevert(IServiceGateway.OutputSize.selector);
        gateway.respond(key, 200, new bytes(16378), "");
        vm.expectPartialRevert(IServiceGateway.MessageSize.selector);
        gateway.respond(key, 500, "", string(new bytes(1025)));
        gateway.respond(key, 200, new bytes(16377), "");
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NoPendingRequest.selector, key, address(provider)));
        gateway.respond(key, 200, "twice", "");
        vm.stopPrank();
    }

    function test_onlyWhoRegisteredIsAsked() public {
        Provider other = new Provider(gateway);
        vm.prank(address(other));
        gateway.unregisterProvider();
        address[7] memory targets =
            [address(router), address(gateway), address(client), address(nothing), STRANGER, address(0), address(other)];
        for (uint256 i; i < targets.length; ++i) {
            vm.recordLogs();
            deliver(single(SERVICE_IN, _request(targets[i], GAS_LIMIT, "hello")));
            _onlyAnswers(404, 1);
        }
        same(other.served(), 0, "not asked");
    }

    /// @dev Poly: the method's name in a message was chosen so that its selector was that of a privileged function. Here no
    /// payload chooses a selector: whatever is sent, a provider is called at `provide` and a consumer at its two callbacks.
    function testFuzz_noPayloadChoosesASelector(bytes32 id, string calldata service, bytes calldata input, bytes calldata raw)
        public
    {
        Recorder recorder = new Recorder();
        recorder.register(gateway);
        bytes memory name = bytes(service);
        if (name.length > 255 || name.length == 0) name = "service";
        bytes memory value = _asked(id, name, address(recorder), GAS_LIMIT, input);
        deliver(single(SERVICE_IN, inbound("service", ++_sequence, inAnHour(), value)));
        same(bytes32(recorder.selector()), bytes32(IServiceProvider.provide.selector), "asked at provide alone");
        bytes memory rubbish = raw.length == 0 ? bytes("rubbish") : raw;
        deliver(single(SERVICE_IN, inbound("service", ++_sequence, inAnHour(), rubbish)));
        same(bytes32(recorder.selector()), bytes32(IServiceProvider.provide.selector), "asked at provide alone");
        recorder.call(gateway, _wanted(GAS_LIMIT));
        Packet memory p = outbound("service", 1, inAnHour(), _encoded(address(recorder), _wanted(GAS_LIMIT)));
        deliver(singleAck(SERVICE_OUT, p, rubbish.length > 16384 ? bytes("rubbish") : rubbish));
        same(bytes32(recorder.selector()), bytes32(IServiceConsumer.onServiceResult.selector), "called back at the result");
        _nothingPrivilegedChanged();
    }

    // ------------------------------------------------------------------------------------------------ inside

    function _nothingPrivilegedChanged() private view {
        same(address(router.getClient(1).lightClient), address(client), "light client");
        (address application,) = router.getApplication("service");
        same(application, address(gateway), "application");
        same(router.laneCount(), 4, "lanes");
        same(router.clientCount(), 1, "clients");
    }

    function _sweepRequests(uint256 from, uint256 to, uint256 step) private returns (uint256 refusals, uint256 answers) {
        for (uint256 given = from; given < to; given += step) {
            if (_tryRequest(given)) ++answers;
            else ++refusals;
        }
    }

    /// @dev One request with so much gas for the whole transaction: true where it was delivered, and then answered with 200.
    function _tryRequest(uint256 given) private returns (bool done) {
        Packet memory p = _request(address(provider), GAS_LIMIT, "");
        bytes memory call = deliverCall(single(SERVICE_IN, p));
        vm.recordLogs();
        (done,) = address(router).call{gas: given}(call);
        so(router.hasReceipt(CLIENT_KEY, p.sequence) == done, "receipt");
        if (done) _onlyAnswers(200, 1);
    }

    function _request(address to, uint32 gasLimit, bytes memory input) private returns (Packet memory) {
        bytes memory value = _asked(keccak256("request"), "echo", to, gasLimit, input);
        return inbound("service", ++_sequence, inAnHour(), value);
    }

    function _asked(bytes32 id, bytes memory service, address to, uint32 gasLimit, bytes memory input)
        private
        view
        returns (bytes memory)
    {
        return bytes.concat(
            abi.encodePacked(uint8(1), id, uint8(service.length), service, uint8(20), to),
            abi.encodePacked(uint8(10), "attested-3", uint8(20), STRANGER, inAnHour(), gasLimit, uint8(1), input)
        );
    }

    function _wanted(uint32 callbackGas) private view returns (IServiceGateway.Call memory) {
        return IServiceGateway.Call({
            service: "echo",
            input: "hello",
            inputEncoding: 1,
            deadline: inAnHour(),
            feeCap: 7,
            callbackGasLimit: callbackGas,
            timeout: inAnHour(),
            lane: 0
        });
    }

    function _call(uint32 callbackGas) private returns (Packet memory p, bytes32 callId) {
        IServiceGateway.Call memory wanted = _wanted(callbackGas);
        uint64 sequence = router.getClient(1).nextSequence;
        callId = consumer.call(wanted);
        p = outbound("service", sequence, wanted.timeout, _encoded(address(consumer), wanted));
    }

    function _encoded(address caller, IServiceGateway.Call memory wanted) private pure returns (bytes memory) {
        return bytes.concat(
            abi.encodePacked(uint8(1), uint8(4), "echo", uint8(20), caller, wanted.deadline, wanted.feeCap),
            abi.encodePacked(wanted.callbackGasLimit, uint128(0), uint8(0), uint8(1), wanted.input)
        );
    }

    function _answer(bytes memory output) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), uint16(200), uint32(output.length), output);
    }

    /// @dev Every acknowledgement written since the logs began is a result of this code.
    function _onlyAnswers(uint16 code, uint256 count) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 found;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IRouter.AcknowledgementWritten.selector) continue;
            bytes memory ack = behind(abi.decode(logs[i].data, (bytes)), 16);
            so(ack.length >= 7, "an error acknowledgement was written");
            uint16 given;
            assembly {
                given := and(shr(232, mload(add(ack, 0x20))), 0xffff)
            }
            same(given, code, "code");
            ++found;
        }
        same(found, count, "answers");
    }
}

interface VmMore {
    function snapshotState() external returns (uint256);
    function revertToState(uint256 id) external returns (bool);
}

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

/// @notice Remembers with which selector it was called last.
contract Recorder {
    bytes4 public selector;

    function register(IServiceGateway gateway) external {
        gateway.registerProvider();
    }

    function call(IServiceGateway gateway, IServiceGateway.Call calldata wanted) external {
        gateway.callService(wanted);
    }

    fallback() external {
        selector = msg.sig;
    }
}
