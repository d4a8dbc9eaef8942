// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceConsumer} from "interchain/interfaces/IServiceConsumer.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {IServiceProvider, Request} from "interchain/interfaces/IServiceProvider.sol";
import {Packet} from "./support/Hub.sol";
import {HostileGatewayFixture} from "./support/HostileGatewayFixture.sol";
import {Consumer, Provider} from "./support/HostileParties.sol";

/// @title Attacks on the service gateway: providers and consumers that re-enter, burn and flood, strangers at every entry.
/// docs/security-tests.md lists them.
contract HostileGatewayTest is HostileGatewayFixture {
    // ------------------------------------------------------------------------------------------------ hostile providers

    function test_whateverAProviderDoesCostsItselfOnly() public {
        for (uint256 how; how <= uint256(type(Provider.How).max); ++how) {
            provider.behave(Provider.How(how), "");
            Packet memory p = requestFor(address(provider), GAS_LIMIT, "hello");
            Packet memory q = inbound("null", ++lastSequence, inAnHour(), "bystander");
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
        deliver(single(SERVICE_IN, requestFor(address(provider), GAS_LIMIT, "hello")));
        onlyAnswers(500, 1);
    }

    function test_aConsumerCannotBlockItsResultWithTheRoutersOwnError() public {
        consumer.behave(Consumer.How.SaysInsufficientGas);
        (Packet memory p, bytes32 callId) = called(GAS_LIMIT);
        deliver(singleAck(SERVICE_OUT, p, answerOf("hello")));
        so(gateway.keptOutcome(callId) != 0, "kept");
    }

    function test_whateverAConsumerDoesItsResultIsKeptAndBlocksNothing() public {
        for (uint256 how = uint256(Consumer.How.Reverts); how <= uint256(type(Consumer.How).max); ++how) {
            consumer.behave(Consumer.How(how));
            (Packet memory p, bytes32 callId) = called(GAS_LIMIT);
            Packet memory q = send(inAnHour(), "bystander");
            bytes[] memory entries = new bytes[](2);
            bytes32[] memory leaves = new bytes32[](2);
            (entries[0], leaves[0]) = (ackEntry(SERVICE_OUT, p, answerOf("hello")), ackLeaf(p, answerOf("hello")));
            (entries[1], leaves[1]) = (ackEntry(NULL_OUT, q, hex"01"), ackLeaf(q, hex"01"));
            deliverWith(2_000_000, batch(entries, leaves));
            same(stored(q), 0, "the bystander is served");
            so(gateway.keptOutcome(callId) != 0 || consumer.results(callId) == 1, "kept or brought");
        }
    }

    // ------------------------------------------------------------------------------------------------ re-entry

    function test_aReenteringProviderIsServedOnce() public {
        Packet memory p = requestFor(address(provider), GAS_LIMIT, "hello");
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
                p = requestFor(address(provider), GAS_LIMIT, "hello");
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
        (Packet memory p, bytes32 callId) = called(1_000_000);
        bytes memory delivery_ = singleAck(SERVICE_OUT, p, answerOf("hello"));
        consumer.behave(Consumer.How.Reenters);
        consumer.aim(address(router), deliverCall(delivery_));
        deliver(delivery_);
        same(consumer.results(callId), 1, "one result");

        consumer.behave(Consumer.How.Reverts);
        (p, callId) = called(GAS_LIMIT);
        deliver(singleAck(SERVICE_OUT, p, answerOf("hello")));
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
        (Packet memory p, bytes32 callId) = called(1_000_000);
        consumer.behave(Consumer.How.Reenters);
        consumer.aim(address(gateway), abi.encodeCall(IServiceGateway.callService, (wantedCall(GAS_LIMIT))));
        deliver(singleAck(SERVICE_OUT, p, answerOf("hello")));
        so(consumer.succeeded(), "called again");
        same(consumer.results(callId), 1, "one result");
    }

    // ------------------------------------------------------------------------------------------------ strangers

    function test_aStrangerBringsNoResultAndAsksNoProvider() public {
        (, bytes32 callId) = called(GAS_LIMIT);
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
        (Packet memory p, bytes32 callId) = called(GAS_LIMIT);
        vm.startPrank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NothingToRetry.selector, callId));
        gateway.retryResult(callId, address(consumer), GAS_LIMIT, 200, "forged", "");
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NothingToRetry.selector, callId));
        gateway.retryTimeout(callId, address(consumer), GAS_LIMIT);
        vm.stopPrank();
        consumer.behave(Consumer.How.Reverts);
        deliver(singleAck(SERVICE_OUT, p, answerOf("hello")));
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
        Packet memory p = requestFor(address(provider), GAS_LIMIT, "hello");
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

    function test_onlyWhoRegisteredIsAsked() public {
        Provider other = new Provider(gateway);
        vm.prank(address(other));
        gateway.unregisterProvider();
        address[7] memory targets =
            [address(router), address(gateway), address(client), address(nothing), STRANGER, address(0), address(other)];
        for (uint256 i; i < targets.length; ++i) {
            vm.recordLogs();
            deliver(single(SERVICE_IN, requestFor(targets[i], GAS_LIMIT, "hello")));
            onlyAnswers(404, 1);
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
        bytes memory value = requestValue(id, name, address(recorder), GAS_LIMIT, input);
        deliver(single(SERVICE_IN, inbound("service", ++lastSequence, inAnHour(), value)));
        same(bytes32(recorder.selector()), bytes32(IServiceProvider.provide.selector), "asked at provide alone");
        bytes memory rubbish = raw.length == 0 ? bytes("rubbish") : raw;
        deliver(single(SERVICE_IN, inbound("service", ++lastSequence, inAnHour(), rubbish)));
        same(bytes32(recorder.selector()), bytes32(IServiceProvider.provide.selector), "asked at provide alone");
        recorder.call(gateway, wantedCall(GAS_LIMIT));
        Packet memory p = outbound("service", 1, inAnHour(), callValue(address(recorder), wantedCall(GAS_LIMIT)));
        deliver(singleAck(SERVICE_OUT, p, rubbish.length > 16384 ? bytes("rubbish") : rubbish));
        same(bytes32(recorder.selector()), bytes32(IServiceConsumer.onServiceResult.selector), "called back at the result");
        _nothingPrivilegedChanged();
    }

    function _nothingPrivilegedChanged() private view {
        same(address(router.getClient(1).lightClient), address(client), "light client");
        (address application,) = router.getApplication("service");
        same(application, address(gateway), "application");
        same(router.laneCount(), 4, "lanes");
        same(router.clientCount(), 1, "clients");
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
