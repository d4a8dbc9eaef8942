"""The native permissioned ledger, built from the hub's kit (docs/architecture.md), and what a relayer needs of it."""
