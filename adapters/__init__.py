"""Chains, as a relayer needs them: the ``Chain`` protocol, and one folder a kind. Adapters never import each other."""
