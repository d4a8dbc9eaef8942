"""Who is a member: organisations, their certificate authorities, members' certificates, and what was revoked.

``certificates``, ``name_constraints`` and ``paths`` judge bytes alone (RFC 5280); ``registry``, ``revocation`` and
``validator_keys`` keep in the state what came of it; ``signatures`` says whether a member's key signed.
"""
