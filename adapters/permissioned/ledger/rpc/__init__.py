"""The gRPC face of a ledger: mutual TLS, who may call what, the services, and what they add to the hub's kit."""
