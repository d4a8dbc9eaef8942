// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IPacketApplication, PacketContext} from "interchain/interfaces/IPacketApplication.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {IServiceGateway} from "interchain/interfaces/IServiceGateway.sol";
import {IServiceProvider, Request} from "interchain/interfaces/IServiceProvider.sol";
import {LibString} from "solady/utils/LibString.sol";
import {EchoProvider} from "examples/EchoProvider.sol";
import {LaterProvider} from "examples/LaterProvider.sol";
import {RevertingProvider} from "examples/RevertingProvider.sol";
import {Packet} from "./support/Hub.sol";
import {ProbeProvider} from "./support/Parties.sol";
import {ServiceFixture} from "./support/ServiceFixture.sol";

/// @title Providing services: what a provider's contract sees and answers, and how little harm it can do.
contract ServiceProvidingTest is ServiceFixture {
    function test_aProviderAnswers() public {
        bytes memory call = single(SERVICE_IN, request(1, 500_000));
        vm.expectEmit();
        emit IServiceGateway.RequestServed(responseKey(1), REQUEST_ID, address(provider), 200);
        vm.recordLogs();
        deliver(call);
        same(writtenAck(), result(200, "input", ""), "acknowledgement");
        (bytes32 key, bytes32 id, bytes32 hub, string memory service, string memory callerClient, bytes memory caller,,,) =
            provider.last();
        same(key, responseKey(1), "response key");
        same(id, REQUEST_ID, "request id");
        same(hub, CLIENT_KEY, "hub");
        same(service, "echo", "service");
        same(callerClient, "attested-7", "caller's client");
        same(caller, abi.encodePacked(CALLER), "caller");
    }

    function test_noSuchProvider() public {
        address[3] memory nobody = [address(0xBAD), address(gateway), address(consumer)];
        for (uint64 i; i < nobody.length; ++i) {
            bytes memory value = requestValue(nobody[i], uint64(block.timestamp) + 1 days, 100_000, "input");
            bytes memory ack = deliverRequest(inbound("service", 1 + i, inAnHour(), value));
            same(ack, result(404, "", "no such provider is registered here"), vm.toString(i));
        }
        provider.unregister();
        same(deliverRequest(request(9, 100_000)), result(404, "", "no such provider is registered here"), "it left");
        vm.prank(address(0xBAD));
        gateway.registerProvider();
        bytes memory toAccount = requestValue(address(0xBAD), uint64(block.timestamp) + 1 days, 100_000, "input");
        bytes memory ack_ = deliverRequest(inbound("service", 10, inAnHour(), toAccount));
        same(ack_, result(404, "", "no such provider is registered here"), "an account without code");
    }

    /// @dev A provider's name here is its address, and nothing that begins or ends with one.
    function test_aProvidersNameIsItsAddress() public {
        bytes20 address_ = bytes20(address(provider));
        bytes[4] memory names =
            [abi.encodePacked(address_, uint8(0)), abi.encodePacked(bytes19(address_)), abi.encode(provider), bytes("echo")];
        for (uint64 i; i < names.length; ++i) {
            bytes memory head = abi.encodePacked(uint8(1), REQUEST_ID, uint8(4), "echo", uint8(names[i].length), names[i]);
            bytes memory caller = abi.encodePacked(uint8(10), "attested-7", uint8(20), CALLER);
            bytes memory value = bytes.concat(head, caller, abi.encodePacked(inAnHour(), uint32(100_000), uint8(1), "input"));
            bytes memory call = single(SERVICE_IN, inbound("service", 1 + i, inAnHour(), value));
            vm.expectEmit();
            emit IServiceGateway.RequestServed(responseKey(1 + i), REQUEST_ID, address(0), 404);
            deliver(call);
        }
        same(provider.served(), 0, "not asked");
    }

    function test_onlyPortServiceSendsRequests() public view {
        IPacketApplication application = IPacketApplication(address(gateway));
        string[5] memory others = ["", "servic", "services", "Service", "oracle"];
        for (uint256 i; i < others.length; ++i) {
            so(!application.acceptsSourcePort(others[i]), others[i]);
        }
        so(application.acceptsSourcePort("service"), "service");
    }

    /// @dev Poly 2021: whatever provider a request names, only one that registered itself is called, and only by `provide`.
    function testFuzz_onlyRegisteredProvidersAreCalled(address target, bytes calldata input) public {
        vm.assume(target != address(provider) && input.length < 16000);
        bytes memory value = requestValue(target, uint64(block.timestamp) + 1 days, 100_000, input);
        bytes memory ack = deliverRequest(inbound("service", 1, inAnHour(), value));
        same(ack, result(404, "", "no such provider is registered here"), "not called");
    }

    function test_requestsThatCannotBeDecoded() public {
        bytes[4] memory values = [bytes("x"), hex"02", bytes.concat(hex"01", REQUEST_ID), new bytes(16384)];
        for (uint64 i; i < values.length; ++i) {
            bytes memory ack = deliverRequest(inbound("service", 1 + i, inAnHour(), values[i]));
            same(ack, abi.encodePacked(ERROR_ACK), vm.toString(i));
        }
    }

    function test_tooLateForTheProvider() public {
        uint64 deadline = uint64(block.timestamp);
        bytes memory value = requestValue(address(provider), deadline, 100_000, "input");
        bytes memory ack = deliverRequest(inbound("service", 1, inAnHour(), value));
        same(ack, result(504, "", "the deadline passed before the provider was reached"), "acknowledgement");
        same(provider.served(), 0, "not served");
        value = requestValue(address(provider), deadline + 1, 500_000, "input");
        same(deliverRequest(inbound("service", 2, inAnHour(), value)), result(200, "input", ""), "just in time");
    }

    function test_tooMuchGasForAnyProvider() public {
        bytes memory ack = deliverRequest(request(1, 10_000_001));
        same(ack, result(400, "", "the gas limit is higher than any provider may have"), "acknowledgement");
        ack = deliverRequest(request(2, 10_000_000));
        same(ack, result(200, "input", ""), "the highest");
        // What no block has must not be asked for, or nobody could deliver the refusal.
        IPacketApplication application = IPacketApplication(address(gateway));
        uint256 needed = application.receiveGas(request(3, 10_000_001).value);
        same(application.receiveGas(request(3, type(uint32).max).value), needed, "what is too much counts for nothing");
        so(needed < application.receiveGas(request(3, 10_000_000).value), "less than the highest");
    }

    // ------------------------------------------------------------------------------------------------ providers that fail

    function test_aRevertingProvidersReasonReachesTheCaller() public {
        provider.set(ProbeProvider.Mode.RevertPlainly, "");
        same(deliverRequest(request(1, 500_000)), result(500, "", "the warehouse is closed"), "text");
        provider.set(ProbeProvider.Mode.Revert, "");
        bytes memory ack = deliverRequest(request(2, 500_000));
        bytes memory reason = abi.encodeWithSelector(ProbeProvider.OutOfOrder.selector, 7);
        same(ack, result(500, "", bytes(LibString.toHexString(reason))), "custom error in hex");
        same(provider.served(), 0, "its writes are dropped");
    }

    function test_noProviderBreaksTheBatch() public {
        ProbeProvider.Mode[5] memory modes = [
            ProbeProvider.Mode.Burn, ProbeProvider.Mode.Bomb, ProbeProvider.Mode.RevertBomb, ProbeProvider.Mode.Malformed,
            ProbeProvider.Mode.TooLong
        ];
        for (uint64 i; i < modes.length; ++i) {
            provider.set(modes[i], "");
            bytes[] memory entries = new bytes[](2);
            bytes32[] memory leaves = new bytes32[](2);
            Packet memory hostile = request(10 * i + 1, 500_000);
            Packet memory honest = inbound("null", 10 * i + 2, inAnHour(), "x");
            (entries[0], leaves[0]) = (packetEntry(SERVICE_IN, hostile), packetLeaf(hostile));
            (entries[1], leaves[1]) = (packetEntry(NULL_IN, honest), packetLeaf(honest));
            deliver(batch(entries, leaves));
            so(router.hasReceipt(CLIENT_KEY, 10 * i + 2), "the other packet is received");
            Packet memory again = request(10 * i + 3, 500_000);
            bytes memory ack = deliverRequest(again);
            same(uint8(ack[1]) * 256 + uint8(ack[2]), 500, vm.toString(i));
            so(ack.length <= 7 + 1024, "message");
        }
    }

    /// @dev The caller is told that it is the provider's answer that was none.
    function test_anAnswerThatIsNoneIsToldAsOne() public {
        ProbeProvider.Mode[3] memory modes = [ProbeProvider.Mode.Malformed, ProbeProvider.Mode.Bomb, ProbeProvider.Mode.TooLong];
        for (uint64 i; i < modes.length; ++i) {
            provider.set(modes[i], "");
            bytes memory ack = deliverRequest(request(1 + i, 500_000));
            same(ack, result(500, "", "the provider's answer is malformed or too long"), vm.toString(i));
        }
    }

    /// @dev What a relayer must bring: the provider's gas with what EIP-150 keeps back, and what the gateway itself takes.
    function test_theGasThatARequestAsksFor() public view {
        uint32[5] memory limits = [uint32(0), 62, 63, 1_000_000, 10_000_000];
        for (uint64 i; i < limits.length; ++i) {
            bytes memory value = request(1 + i, limits[i]).value;
            uint256 needed = IPacketApplication(address(gateway)).receiveGas(value);
            same(needed, uint256(limits[i]) + limits[i] / 63 + 300_000 + 30 * value.length, vm.toString(i));
        }
        uint256 least = IPacketApplication(address(gateway)).receiveGas(request(9, 0).value);
        same(IPacketApplication(address(gateway)).receiveGas(request(9, 10_000_001).value), least, "nothing for too much");
    }

    /// @dev The router gives what `receiveGas` says; the gateway relies on nobody for what its provider is due.
    function test_theGatewayItselfNeverGivesAProviderLess() public {
        PacketContext memory context = PacketContext(keccak256("path"), CLIENT_KEY, SERVICE_IN, 1, inAnHour());
        bytes memory call = abi.encodeCall(IPacketApplication.onPacketReceived, (context, request(1, 500_000).value));
        vm.prank(address(router));
        (bool done, bytes memory reason) = address(gateway).call{gas: 400_000}(call);
        so(!done && selectorOf(reason) == IRouter.InsufficientGas.selector, "too little");
        vm.prank(address(router));
        (done,) = address(gateway).call{gas: 900_000}(call);
        so(done, "enough");
        same(provider.served(), 1, "served");
    }

    /// @dev Whoever follows a chain's providers and their answers has nothing but these.
    function test_providersAndLateAnswersAreTold() public {
        vm.expectEmit();
        emit IServiceGateway.ProviderUnregistered(address(provider));
        provider.unregister();
        vm.expectEmit();
        emit IServiceGateway.ProviderRegistered(address(provider));
        vm.prank(address(provider));
        gateway.registerProvider();
        provider.set(ProbeProvider.Mode.Later, "");
        deliver(single(SERVICE_IN, request(1, 500_000)));
        vm.expectEmit();
        emit IServiceGateway.RequestAnswered(responseKey(1), address(provider), 400);
        provider.respond(responseKey(1), 400, "", "too late");
    }

    function test_theLongestAnswer() public {
        provider.set(ProbeProvider.Mode.Longest, "");
        bytes memory ack = deliverRequest(request(1, 500_000));
        same(ack.length, 16384, "length");
        same(uint8(ack[2]), 200, "code");
    }

    function test_aReenteringProvider() public {
        bytes[4] memory calls = [
            abi.encodeCall(IServiceGateway.respond, (responseKey(1), 200, "twice", "")),
            abi.encodeCall(IServiceGateway.unregisterProvider, ()),
            abi.encodeCall(IServiceGateway.callService, (aCall())),
            abi.encodeCall(IServiceGateway.registerProvider, ())
        ];
        bool[4] memory allowed = [false, true, true, true];
        for (uint64 i; i < calls.length; ++i) {
            provider.set(ProbeProvider.Mode.Reenter, calls[i]);
            bytes memory ack = deliverRequest(request(1 + i, 700_000));
            if (i == 2) {
                same(ack, result(404, "", "no such provider is registered here"), "it had left");
                vm.prank(address(provider));
                gateway.registerProvider();
                ack = deliverRequest(request(11, 700_000));
            }
            same(ack, result(200, "input", ""), vm.toString(i));
            so(provider.reentered() == allowed[i], vm.toString(i));
        }
        same(router.getClient(1).nextSequence, 2, "a provider may call services itself");
    }

    /// @dev From too little gas to enough: the provider gets what the request names, or nothing happens. Never a false 500.
    function test_tooLittleGasIsNeverAFalse500() public {
        uint32[3] memory limits = [uint32(60_000), 700_000, 3_000_000];
        for (uint64 i; i < limits.length; ++i) {
            _sweep(request(1 + i, limits[i]), limits[i]);
        }
    }

    /// @dev The same with the largest input, which costs the gateway the most.
    function test_tooLittleGasWithTheLargestInput() public {
        provider.set(ProbeProvider.Mode.RevertPlainly, "");
        bytes memory value = requestValue(address(provider), uint64(block.timestamp) + 1 days, 200_000, new bytes(16200));
        Packet memory p = inbound("service", 1, inAnHour(), value);
        bytes memory call = deliverCall(single(SERVICE_IN, p));
        for (uint256 gas_ = 100_000; gas_ < 3_000_000; gas_ += 19_777) {
            vm.recordLogs();
            (bool accepted,) = address(router).call{gas: gas_}(call);
            if (!accepted) continue;
            same(writtenAck(), result(500, "", "the warehouse is closed"), "its own reason, not an error acknowledgement");
            return;
        }
        revert NotSo("was never accepted");
    }

    function _sweep(Packet memory p, uint256 limit) private {
        bytes memory call = deliverCall(single(SERVICE_IN, p));
        bool named;
        for (uint256 gas_ = 40_000; gas_ < 5_000_000; gas_ += 9_999) {
            vm.recordLogs();
            (bool accepted, bytes memory reason) = address(router).call{gas: gas_}(call);
            if (accepted) {
                so(named, "InsufficientGas came before");
                bytes memory ack = writtenAck();
                if (limit > 500_000) same(ack, result(200, "input", ""), "the true answer");
                else same(uint8(ack[2]) + 256 * uint8(ack[1]), 500, "out of its own gas, whoever relays");
                so(limit < 500_000 || provider.gasSeen() > limit - 10_000, "all its gas");
                return;
            }
            if (selectorOf(reason) == IRouter.InsufficientGas.selector) named = true;
            so(!router.hasReceipt(CLIENT_KEY, p.sequence), "nothing happened");
        }
        revert NotSo("was never accepted");
    }

    // ------------------------------------------------------------------------------------------------ answers later

    function test_anAnswerLater() public {
        provider.set(ProbeProvider.Mode.Later, "");
        same(deliverRequest(request(1, 700_000)), "", "no acknowledgement yet");
        vm.recordLogs();
        provider.respond(responseKey(1), 200, "answer", "");
        same(writtenAck(), result(200, "answer", ""), "acknowledgement");
        vm.expectRevert(
            abi.encodeWithSelector(IServiceGateway.NoPendingRequest.selector, responseKey(1), address(provider))
        );
        provider.respond(responseKey(1), 200, "again", "");
    }

    function test_onlyTheRequestsProviderAnswersLater() public {
        provider.set(ProbeProvider.Mode.Later, "");
        deliverRequest(request(1, 700_000));
        ProbeProvider other = new ProbeProvider(gateway);
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.NoPendingRequest.selector, responseKey(1), address(other)));
        other.respond(responseKey(1), 200, "forged", "");
        vm.expectPartialRevert(IServiceGateway.NoPendingRequest.selector);
        gateway.respond(responseKey(1), 200, "forged", "");
        vm.expectPartialRevert(IServiceGateway.NoPendingRequest.selector);
        provider.respond(responseKey(2), 200, "never asked", "");
    }

    function test_whatAnAnswerLaterMustBe() public {
        provider.set(ProbeProvider.Mode.Later, "");
        deliverRequest(request(1, 700_000));
        bytes32 key = responseKey(1);
        uint16[6] memory wrong = [uint16(0), 199, 201, 402, 404, 504];
        for (uint256 i; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IServiceGateway.UnknownCode.selector, wrong[i]));
            provider.respond(key, wrong[i], "", "");
        }
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.MessageSize.selector, 1025));
        provider.respond(key, 500, "", string(new bytes(1025)));
        vm.expectRevert(IServiceGateway.MessageNotUtf8.selector);
        provider.respond(key, 500, "", string(abi.encodePacked(uint8(0xff))));
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.OutputSize.selector, 16378));
        provider.respond(key, 200, new bytes(16378), "");
        vm.expectRevert(abi.encodeWithSelector(IServiceGateway.OutputSize.selector, 16377));
        provider.respond(key, 200, new bytes(16377), "x");
        provider.respond(key, 200, new bytes(15353), string(new bytes(1024)));
    }

    // ------------------------------------------------------------------------------------------------ examples, strangers

    function test_examples() public {
        address echo = address(new EchoProvider(gateway));
        LaterProvider later = new LaterProvider(gateway);
        address reverting = address(new RevertingProvider(gateway));
        same(_ask(1, echo), result(200, "input", ""), "echo");
        same(_ask(2, reverting), result(500, "", "the provider is out of order"), "reverting");
        same(_ask(3, address(later)), "", "later");
        vm.prank(address(0xBAD));
        vm.expectPartialRevert(LaterProvider.OnlyOwner.selector);
        later.answer(responseKey(3), 200, "forged", "");
        later.answer(responseKey(3), 200, "owner's", "");
    }

    function _ask(uint64 sequence, address provider_) private returns (bytes memory) {
        bytes memory value = requestValue(provider_, uint64(block.timestamp) + 1 days, 200_000, "input");
        return deliverRequest(inbound("service", sequence, inAnHour(), value));
    }

    function test_onlyTheGatewayAsksAProvider() public {
        Request memory forged;
        vm.expectRevert(abi.encodeWithSelector(IServiceProvider.OnlyGateway.selector, address(this)));
        provider.provide(forged);
    }
}
