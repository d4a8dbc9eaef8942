"""Everything that a relayer needs of a chain, one folder a kind of chain. Adapters never import each other."""
