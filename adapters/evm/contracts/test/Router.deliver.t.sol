// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Packet} from "./support/Hub.sol";
import {Fixture} from "./support/Fixture.sol";

contract RouterDeliverTest is Fixture {
    function test_aPacketIsReceivedAndAcknowledged() public {
        Packet memory p = inbound("null", 1, inAnHour(), "hello");
        bytes memory call = single(NULL_IN, p);
        vm.expectEmit();
        emit IRouter.AcknowledgementWritten(CLIENT_KEY, 1, 0, hex"01");
        router.deliver(call);
        so(router.hasReceipt(CLIENT_KEY, 1), "receipt");
        bytes32 chain = keccak256(abi.encodePacked(bytes32(0), uint64(1), ackCommitment(hex"01")));
        same(router.acknowledgementChain(CLIENT_KEY, 0), chain, "chain");
    }
}
