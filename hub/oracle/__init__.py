"""Feeds: oracle data as a service that contracts on every chain can read. Their place."""
