"""Chains, as a relayer needs them: the ``Chain`` protocol, and one folder a kind of chain. Adapters never import each other."""
