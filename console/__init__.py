"""What a person touches: the ``ichub`` command, the devnet and its tour."""
