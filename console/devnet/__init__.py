"""A whole network on one machine: two chains, a hub, attestors and a relayer, started, watched and stopped together."""
