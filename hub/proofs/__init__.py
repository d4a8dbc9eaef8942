"""Verification, and nothing else: Merkle-Patricia tries, our state tree, batch roots, quorum signatures, EIP-712."""
