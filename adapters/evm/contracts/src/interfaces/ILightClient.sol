// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title A light client of another chain, as the router sees it (ICS-2, with headers verified inline).
/// @notice It alone decides which of the other chain's roots are believed. The router asks nobody else.
interface ILightClient {
    /// @notice Whether a client may be relied on. Only an active one may send or receive.
    enum Status {
        Active,
        Frozen,
        Expired
    }

    /// @notice A client proven to have signed two histories believes nothing any more; replace it.
    error ClientFrozen();
    /// @notice The newest header believed is older than the trusting period; replace the client.
    error ClientExpired(uint64 latestTimestamp, uint64 trustingPeriod);
    /// @notice A zero state root proves nothing: no chain of ours has an empty state.
    error EmptyTreeRoot();
    /// @notice The proof is malformed: bytes are missing, left over, or not in the one allowed form.
    error MalformedTreeProof();
    /// @notice The proof does not lead to the root.
    error TreeRootMismatch();
    /// @notice The proof shows that nothing stands there: it cannot prove a value.
    error NotAMembershipProof();
    /// @notice The proof shows that something stands there: it cannot prove its absence.
    error NotANonMembershipProof();
    /// @notice The proof of absence ends in a leaf that does not stand in the way of the path, or in the path's own.
    error UnrelatedNeighbour();

    /// @notice Verifies a signed header of the other chain and stores it where it is the newest.
    /// @dev Open to anyone: the header is proven. A header older than the newest is still good for proofs; it changes nothing.
    /// @param header The batch root (32 bytes), then the rest of the header and its signatures, in the layout of the client's
    /// kind. The router puts a root there that it computed from a whole batch: the client must find it signed, or refuse.
    /// @return height The header's height.
    /// @return timestamp The other chain's time there, Unix seconds.
    /// @return appRoot The root of the other chain's state there, never zero.
    /// @return batchRoot The root of what that block wrote for this chain (docs/protocol.md, section 5); zero for nothing.
    function updateClient(bytes calldata header)
        external
        returns (uint64 height, uint64 timestamp, bytes32 appRoot, bytes32 batchRoot);

    /// @notice Reverts unless `value` stands at `path` in the state with root `appRoot`.
    function verifyMembership(bytes32 appRoot, bytes calldata path, bytes calldata value, bytes calldata proof)
        external
        view;

    /// @notice Reverts unless nothing stands at `path` in the state with root `appRoot`.
    function verifyNonMembership(bytes32 appRoot, bytes calldata path, bytes calldata proof) external view;

    /// @notice Whether the client may be relied on, and the newest header believed (timestamp in Unix seconds).
    function latest() external view returns (Status status, uint64 height, uint64 timestamp);

    /// @notice The identifiers that the client is bound to: keccak256 of its own name on this chain, and of the other
    /// chain's client of this chain; and the hash of the other chain's genesis. The router refuses a client bound to other
    /// names, and one of another chain in the place of a client.
    function boundTo() external view returns (bytes32 clientKey, bytes32 counterpartyKey, bytes32 genesisHash);
}
