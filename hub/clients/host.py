"""What a light client is told of the chain on which it stands (ICS-2: the host state machine)."""

from dataclasses import dataclass

from hub.quantities import Hash


@dataclass(frozen=True, slots=True)
class Host:
    """Fixed by the genesis. Only on a devnet may a single key stand for a whole chain without further ado."""

    genesis_hash: Hash
    devnet: bool
