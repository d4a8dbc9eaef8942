"""Receipts: a call's life in one file, verified by anyone who trusts the same signers, with no network."""
