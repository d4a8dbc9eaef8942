"""``ichub init``: make a node's home."""
