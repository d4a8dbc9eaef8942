"""Daemons that carry packets and vouch for headers. Nobody believes a relayer; attestors are believed by quorum
only.
"""
