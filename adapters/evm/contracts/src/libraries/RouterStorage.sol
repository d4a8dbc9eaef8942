// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ILightClient} from "../interfaces/ILightClient.sol";

/// @notice A client; its first slot is all that a delivery reads and writes of it.
struct ClientRecord {
    ILightClient lightClient;
    uint56 acknowledgements;
    uint40 pausedUntil;
    // second slot
    uint64 lastSequence;
    uint64 replaceableFrom;
    // third and later slots
    ILightClient replacement;
    bytes32 clientKey;
    string clientId;
    string counterpartyClientId;
}

/// @title The router's storage (ERC-7201; docs/protocol.md, section 9).
/// @notice The first three slots are proven to the hub: they must never move.
library RouterStorage {
    /// @custom:storage-location erc7201:interchain.router.storage
    struct Layout {
        mapping(bytes32 pathKey => bytes32) commitments;
        mapping(bytes32 clientKey => mapping(uint256 word => uint256)) receipts;
        mapping(bytes32 clientKey => mapping(uint256 window => bytes32)) acknowledgementChain;
        // not proven to anyone
        mapping(bytes32 pendingKey => address) pending;
        mapping(uint256 client => ClientRecord) clients;
        mapping(bytes32 clientKey => uint16) clientNumbers;
        mapping(bytes32 portKey => Application) applications;
        mapping(bytes32 laneKey => uint16) laneNumbers;
        mapping(address => Role) roleOf;
        uint16 clientCount;
        uint16 laneCount;
    }

    struct Application {
        address application;
        uint32 receiveGas;
    }

    /// @notice An address is never both.
    enum Role {
        None,
        LightClient,
        Application
    }

    /// @notice `K(u256(K("interchain.router.storage") − 1)) & ~0xff`.
    /// A literal, because the compiler would compute it anew, for 300 gas, wherever it is used.
    bytes32 internal constant BASE = 0xf43befef1b7ff62cd4f2e2ac5666610fb6a39acb0768edb414a409b61d6f4600;

    function store() internal pure returns (Layout storage store_) {
        bytes32 base = BASE;
        assembly ("memory-safe") {
            store_.slot := base
        }
    }

    /// @notice Where the mapping of a client's receipts stands.
    function receiptsSlot(bytes32 clientKey) internal view returns (bytes32 slot) {
        mapping(uint256 => uint256) storage receipts = store().receipts[clientKey];
        assembly ("memory-safe") {
            slot := receipts.slot
        }
    }

    /// @notice Where the mapping of a client's acknowledgement chain stands.
    function acknowledgementChainSlot(bytes32 clientKey) internal view returns (bytes32 slot) {
        mapping(uint256 => bytes32) storage chain = store().acknowledgementChain[clientKey];
        assembly ("memory-safe") {
            slot := chain.slot
        }
    }
}
