"""Private values off the ledger: kept by some organisations alone, each on its own node, until their time is over.

The pure part, the salted hashes on the ledger, is ``contracts/private.py``.
"""
