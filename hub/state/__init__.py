"""Typed keyed maps over one byte-keyed state; a branch of it that is kept or dropped; the provable tree over it."""
