// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {LibRLP} from "solady/utils/LibRLP.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IRouter} from "../interfaces/IRouter.sol";
import {RouterStorage} from "./RouterStorage.sol";

/// @notice A lane in memory, as it stands in its contract's code. Zero means that none was loaded.
type LaneRef is uint256;

using Lanes for LaneRef global;

/// @title Lanes kept as the code of contracts, with their constant hashes computed once.
/// @notice Reading a cold contract of 416 bytes costs 2,700 gas, the same in storage 27,300. The router creates no other
/// contract, so lane n is at the address of its nonce n and needs no pointer either.
/// @dev `direction + 1 u8 ‖ client u16 ‖ application 20 ‖ receiveGas u32 ‖ source length u8 ‖ destination length u8 ‖ 0 (3)
/// ‖ clientKey 32 ‖ H(destination client) 32 ‖ H(source port) ‖ H(destination port) ‖ H(version) ‖ H(encoding)
/// ‖ slot of the client's receipts 32 ‖ slot of its acknowledgement chain 32 ‖ source client ‖ destination client, padded to 128 ‖ abi.encode(the four strings)`
library Lanes {
    uint256 private constant CLIENT_KEY = 0x20;
    uint256 internal constant DESTINATION_HASH = 0x40;
    uint256 internal constant PREFIX = 0x60;
    uint256 private constant RECEIPTS = 0xe0;
    uint256 private constant ACKNOWLEDGEMENT_CHAIN = 0x100;
    uint256 private constant IDENTIFIERS = 0x120;
    uint256 private constant IDENTIFIER_BYTES = 128;
    uint256 private constant HOT_BYTES = 0x120 + 128;

    /// @notice Writes a lane's contract. The caller checked the lane and knows its number to be the contract's nonce.
    function write(IRouter.Lane memory lane) internal {
        bytes memory identifiers = bytes.concat(bytes(lane.sourceClient), bytes(lane.destinationClient));
        bytes memory head = abi.encodePacked(
            uint8(lane.direction) + 1,
            lane.client,
            lane.application,
            lane.receiveGas,
            uint8(bytes(lane.sourceClient).length),
            uint8(bytes(lane.destinationClient).length),
            bytes3(0),
            lane.clientKey,
            sha256(bytes(lane.destinationClient))
        );
        bytes memory prefix = abi.encodePacked(
            sha256(bytes(lane.sourcePort)),
            sha256(bytes(lane.destinationPort)),
            sha256(bytes(lane.version)),
            sha256(bytes(lane.encoding)),
            RouterStorage.receiptsSlot(lane.clientKey),
            RouterStorage.acknowledgementChainSlot(lane.clientKey)
        );
        bytes memory padding = new bytes(IDENTIFIER_BYTES - identifiers.length);
        SSTORE2.write(
            bytes.concat(
                head,
                prefix,
                identifiers,
                padding,
                abi.encode(lane.sourcePort, lane.destinationPort, lane.version, lane.encoding)
            )
        );
    }

    /// @notice Loads what the handlers need of a lane; reverts with UnknownLane.
    function load(uint256 number) internal view returns (LaneRef lane) {
        address pointer = LibRLP.computeAddress(address(this), number);
        uint256 direction;
        // The code goes to memory as it stands: decoding it into a struct costs about 900 gas a lane.
        assembly ("memory-safe") {
            lane := mload(0x40)
            mstore(0x40, add(lane, HOT_BYTES))
            extcodecopy(pointer, lane, 1, HOT_BYTES)
            direction := byte(0, mload(lane))
        }
        // Number 0 would be the router's own address before its first contract: it has no code either.
        if (direction == 0) revert IRouter.UnknownLane(uint16(number));
    }

    /// @notice The whole lane, for readers; reverts with UnknownLane.
    function read(uint16 number) internal view returns (IRouter.Lane memory whole) {
        LaneRef lane = load(number);
        whole.direction = IRouter.Direction(lane.isOutbound() ? 0 : 1);
        whole.client = uint16(lane.client());
        whole.application = lane.application();
        whole.receiveGas = uint32(lane.receiveGas());
        whole.clientKey = lane.clientKey();
        bytes memory data = SSTORE2.read(LibRLP.computeAddress(address(this), number));
        uint256 source = lane.sourceLength();
        uint256 end = source + lane.destinationLength();
        whole.sourceClient = string(_slice(data, IDENTIFIERS, IDENTIFIERS + source));
        whole.destinationClient = string(_slice(data, IDENTIFIERS + source, IDENTIFIERS + end));
        (whole.sourcePort, whole.destinationPort, whole.version, whole.encoding) =
            abi.decode(_slice(data, HOT_BYTES, data.length), (string, string, string, string));
    }

    function isOutbound(LaneRef lane) internal pure returns (bool outbound) {
        assembly ("memory-safe") {
            outbound := eq(byte(0, mload(lane)), 1)
        }
    }

    /// @notice This chain's client, by its number.
    function client(LaneRef lane) internal pure returns (uint256 client_) {
        assembly ("memory-safe") {
            client_ := and(shr(232, mload(lane)), 0xffff)
        }
    }

    function application(LaneRef lane) internal pure returns (address application_) {
        assembly ("memory-safe") {
            application_ := shr(96, shl(24, mload(lane)))
        }
    }

    function receiveGas(LaneRef lane) internal pure returns (uint256 gas_) {
        assembly ("memory-safe") {
            gas_ := and(shr(40, mload(lane)), 0xffffffff)
        }
    }

    function sourceLength(LaneRef lane) internal pure returns (uint256 length) {
        assembly ("memory-safe") {
            length := byte(27, mload(lane))
        }
    }

    function destinationLength(LaneRef lane) internal pure returns (uint256 length) {
        assembly ("memory-safe") {
            length := byte(28, mload(lane))
        }
    }

    function clientKey(LaneRef lane) internal pure returns (bytes32 key) {
        assembly ("memory-safe") {
            key := mload(add(lane, CLIENT_KEY))
        }
    }

    /// @notice The receipts of the lane's client.
    function receipts(LaneRef lane) internal pure returns (mapping(uint256 word => uint256) storage receipts_) {
        assembly ("memory-safe") {
            receipts_.slot := mload(add(lane, RECEIPTS))
        }
    }

    /// @notice The acknowledgement chain of the lane's client.
    function acknowledgementChain(LaneRef lane)
        internal
        pure
        returns (mapping(uint256 window => bytes32) storage chain)
    {
        assembly ("memory-safe") {
            chain.slot := mload(add(lane, ACKNOWLEDGEMENT_CHAIN))
        }
    }

    /// @notice `source_client ‖ 0x01 ‖ u64(sequence)`.
    function commitmentPath(LaneRef lane, uint256 sequence) internal pure returns (bytes memory path) {
        return _path(LaneRef.unwrap(lane) + IDENTIFIERS, lane.sourceLength(), 1, sequence);
    }

    /// @notice `destination_client ‖ 0x02 ‖ u64(sequence)`.
    function receiptPath(LaneRef lane, uint256 sequence) internal pure returns (bytes memory path) {
        return _path(LaneRef.unwrap(lane) + IDENTIFIERS + lane.sourceLength(), lane.destinationLength(), 2, sequence);
    }

    /// @notice `destination_client ‖ 0x03 ‖ u64(sequence)`.
    function acknowledgementPath(LaneRef lane, uint256 sequence) internal pure returns (bytes memory path) {
        return _path(LaneRef.unwrap(lane) + IDENTIFIERS + lane.sourceLength(), lane.destinationLength(), 3, sequence);
    }

    /// @notice keccak256 of the commitment path.
    function commitmentPathKey(LaneRef lane, uint256 sequence) internal pure returns (bytes32) {
        return _pathKey(LaneRef.unwrap(lane) + IDENTIFIERS, lane.sourceLength(), 1, sequence);
    }

    /// @notice keccak256 of the acknowledgement path.
    function acknowledgementPathKey(LaneRef lane, uint256 sequence) internal pure returns (bytes32) {
        return _pathKey(LaneRef.unwrap(lane) + IDENTIFIERS + lane.sourceLength(), lane.destinationLength(), 3, sequence);
    }

    /// @dev In the free memory, of which nothing is kept.
    function _pathKey(uint256 identifier, uint256 length, uint256 kind, uint256 sequence) private pure returns (bytes32 key) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mcopy(m, identifier, length)
            mstore(add(m, length), or(shl(248, kind), shl(184, sequence)))
            key := keccak256(m, add(length, 9))
        }
    }

    function _path(uint256 identifier, uint256 length, uint256 kind, uint256 sequence)
        private
        pure
        returns (bytes memory path)
    {
        assembly ("memory-safe") {
            path := mload(0x40)
            mstore(path, add(length, 9))
            mcopy(add(path, 0x20), identifier, length)
            mstore(add(add(path, 0x20), length), or(shl(248, kind), shl(184, sequence)))
            mstore(0x40, add(add(path, 0x49), length))
        }
    }

    function _slice(bytes memory data, uint256 from, uint256 to) private pure returns (bytes memory part) {
        part = new bytes(to - from);
        assembly ("memory-safe") {
            mcopy(add(part, 0x20), add(add(data, 0x20), from), sub(to, from))
        }
    }
}
