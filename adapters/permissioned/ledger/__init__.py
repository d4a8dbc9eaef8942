"""The native permissioned ledger: organisations and their members, contracts and documents, and proven packets.

It is built from the hub's kit (docs/architecture.md) and adds only what is its own: who its members are
(``membership``) and what their organisations decide together (``governance``).
"""
