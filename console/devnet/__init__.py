"""A whole network on one machine: two chains, a ledger, a hub, attestors, a relayer, started and stopped together."""
