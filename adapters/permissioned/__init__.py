"""The native permissioned ledger and its adapter: their place.

It will be built from the hub's kit (docs/architecture.md).
"""
