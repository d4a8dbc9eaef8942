"""The runtime of contracts: what their authors write against, their data in the state, their bounds, who must endorse.

Authors need ``interface`` alone (docs/contracts.md). What is installed is pinned by hash and activated by vote.
"""
