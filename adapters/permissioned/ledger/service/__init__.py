"""Services across chains, seen from the ledger: members and contracts call, contracts provide (docs/services.md)."""
