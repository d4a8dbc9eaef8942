"""The tour of the devnet: each step shows one promise of the network, and fails where it does not hold."""
