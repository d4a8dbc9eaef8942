"""Public EVM chains: the adapter over their JSON-RPC endpoints, and the contracts that stand on them
(``contracts/``).
"""
