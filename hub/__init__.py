"""The hub, and the kit that any chain of our own is built from.

Who imports whom: ``rpc, engine -> app -> services, oracle, accounts -> ibc -> clients -> state -> proofs``.
``app`` and all to its right are pure: no clock, no randomness, no I/O, no asyncio, no protobuf, no floats; time comes
in as an argument.
"""
