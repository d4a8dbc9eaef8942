// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRouter} from "interchain/interfaces/IRouter.sol";
import {Fixture} from "./Fixture.sol";
import {Packet} from "./Hub.sol";
import {ProbeApplication} from "./ProbeApplication.sol";

/// @title The fixture with a probe on port `probe`, which talks with port `null` of the hub. Lanes: 5 out, 6 in.
abstract contract ProbeFixture is Fixture {
    uint16 internal constant PROBE_OUT = 5;
    uint16 internal constant PROBE_IN = 6;
    ProbeApplication internal probe;
    bytes32 private _chain;

    function setUp() public virtual override {
        super.setUp();
        probe = new ProbeApplication(router);
        vm.startPrank(admin);
        router.registerApplication("probe", address(probe), 0);
        router.registerLane(IRouter.Direction.Outbound, 1, "probe", "probe", "null-1", "application/octet-stream");
        router.registerLane(IRouter.Direction.Inbound, 1, "null", "probe", "null-1", "application/octet-stream");
        vm.stopPrank();
    }

    /// @notice A packet of the hub's port `null` to the probe.
    function toProbe(uint64 sequence, bytes memory value) internal view returns (Packet memory p) {
        p = inbound("null", sequence, inAnHour(), value);
        p.destinationPort = "probe";
    }

    /// @notice Sends a packet by the probe.
    function fromProbe(uint64 timeout, bytes memory value) internal returns (Packet memory p) {
        (uint64 sequence,) = probe.send(PROBE_OUT, timeout, value);
        p = outbound("null", sequence, timeout, value);
        (p.sourcePort, p.destinationPort) = ("probe", "probe");
    }

    /// @notice The chain of acknowledgements, one longer than when this was last asked.
    function appended(uint64 sequence, bytes memory ack) internal returns (bytes32) {
        _chain = keccak256(abi.encodePacked(_chain, sequence, ackCommitment(ack)));
        return _chain;
    }

    function errorOf(bytes memory call) internal returns (bytes4) {
        (bool success, bytes memory reason) = address(router).call(call);
        so(!success, "was accepted");
        return selectorOf(reason);
    }
}
