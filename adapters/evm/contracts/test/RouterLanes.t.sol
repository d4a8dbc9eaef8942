// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IQuorumClient} from "interchain/interfaces/IQuorumClient.sol";
import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Fixture} from "./support/Fixture.sol";
import {Checkpoint, Packet} from "./support/Hub.sol";

/// @title Lanes at their bounds: the longest identifiers that there are, and every bit of a lane's gas.
contract RouterLanesTest is Fixture {
    string private constant NEAR = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-0";
    string private constant FAR = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-0";
    uint16 private constant LONG_OUT = 5;
    uint16 private constant LONG_IN = 6;

    function _addLong() private {
        so(bytes(NEAR).length == 64 && bytes(FAR).length == 64, "the longest");
        IQuorumClient.Trust memory t = trust();
        (t.sourceClient, t.destinationClient) = (FAR, NEAR);
        client = newClient(t);
        vm.startPrank(admin);
        router.addClient(NEAR, FAR, client);
        router.registerLane(IRouter.Direction.Outbound, 2, "null", "null", "null-1", "application/octet-stream");
        router.registerLane(IRouter.Direction.Inbound, 2, "null", "null", "null-1", "application/octet-stream");
        vm.stopPrank();
    }

    function _ofSecondClient(bytes memory call) private pure returns (bytes memory) {
        call[1] = 0x02;
        return call;
    }

    function _header(bytes32 appRoot, bytes32 batchRoot) private returns (bytes memory) {
        Checkpoint memory c = checkpoint(appRoot, batchRoot);
        (c.sourceClient, c.destinationClient) = (FAR, NEAR);
        return signed(c);
    }

    function test_packetsUnderTheLongestIdentifiers() public {
        _addLong();
        (uint64 sequence, bytes32 pathKey) = nothing.send(LONG_OUT, inAnHour(), "x");
        Packet memory p = outbound("null", sequence, inAnHour(), "x");
        (p.sourceClient, p.destinationClient) = (NEAR, FAR);
        same(pathKey, keccak256(commitmentPath(NEAR, sequence)), "path");
        same(router.packetCommitment(pathKey), packetCommitment(p), "sent");

        Packet memory q = inbound("null", 7, inAnHour(), "y");
        (q.sourceClient, q.destinationClient) = (FAR, NEAR);
        bytes memory body = abi.encodePacked(uint16(1), packetEntry(LONG_IN, q));
        deliver(_ofSecondClient(delivery(1, _header(APP_ROOT, rootOf(list(packetLeaf(q)))), body)));
        so(router.hasReceipt(keccak256(bytes(NEAR)), 7), "received in a batch");

        q.sequence = 8;
        tree.set(commitmentPath(FAR, 8), abi.encodePacked(packetCommitment(q)));
        tree.set(acknowledgementPath(FAR, sequence), abi.encodePacked(ackCommitment("done")));
        bytes memory first = tree.prove(commitmentPath(FAR, 8));
        bytes memory second = tree.prove(acknowledgementPath(FAR, sequence));
        body = abi.encodePacked(uint16(2), packetEntry(LONG_IN, q), uint16(first.length), first);
        body = bytes.concat(body, ackEntry(LONG_OUT, p, "done"), abi.encodePacked(uint16(second.length), second));
        deliver(_ofSecondClient(delivery(3, _header(tree.root(), 0), body)));
        so(router.hasReceipt(keccak256(bytes(NEAR)), 8), "received by the state");
        same(router.packetCommitment(pathKey), 0, "acknowledged");
    }

    function test_everyBitOfALanesGas() public {
        uint32[4] memory amounts = [uint32(1), 50_001, 0x80000000, type(uint32).max];
        string[4] memory ports = ["port-0", "port-1", "port-2", "port-3"];
        vm.startPrank(admin);
        for (uint256 i; i < amounts.length; ++i) {
            router.registerApplication(ports[i], deploy("NullApplication", abi.encode(router)), amounts[i]);
            uint16 lane = router.registerLane(IRouter.Direction.Inbound, 1, "null", ports[i], "null-1", "application/octet-stream");
            same(router.getLane(lane).receiveGas, amounts[i], ports[i]);
        }
        vm.stopPrank();
    }
}
