"""What a receipt rests on: who signs for the hub and for each chain, told by someone who has checked it."""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from hub.clients.counterparty import Counterparty
from hub.ibc.identifiers import ClientId, client_id, counterparty_client_id
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Epoch, Hash
from hub.receipts.errors import AnchorMissing, ChainNotTrusted, InvalidTrust

FORMAT = "interchain-trust"


class OwnChain(msgspec.Struct, frozen=True, tag="quorum"):
    """A chain of our own, the hub or a ledger: its genesis, and its validators in one epoch."""

    chain: str
    genesis_hash: Hash
    validators: SignerSet

    @property
    def epoch(self) -> Epoch:
        return self.validators.epoch


class EvmChain(msgspec.Struct, frozen=True, tag="attested"):
    """An EVM chain: its router with the code that is trusted, and its attestors in one epoch."""

    chain_id: int
    router: Address
    router_code_hash: Hash
    attestors: SignerSet
    threshold: int
    finality_rule: str

    @property
    def epoch(self) -> Epoch:
        return self.attestors.epoch


Chain: TypeAlias = OwnChain | EvmChain


class Anchor(msgspec.Struct, frozen=True):
    """The chain behind one of the hub's clients, and where the hub's checkpoints for it are valid."""

    client: ClientId
    counterparty: Counterparty
    chain: Chain


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """The anchors of one network, one for each epoch of the hub and of each chain. Raises InvalidTrust."""

    hub: tuple[OwnChain, ...]
    chains: tuple[Anchor, ...]

    def __post_init__(self) -> None:
        if not self.hub or len({(one.chain, one.genesis_hash) for one in self.hub}) != 1:
            raise InvalidTrust("it names one hub, by its chain ID and genesis hash, with one set of validators or more")
        if not _rises(one.epoch for one in self.hub):
            raise InvalidTrust("the hub's sets stand in rising order of their epochs, each once")
        if not _rises((one.client, one.chain.epoch) for one in self.chains):
            raise InvalidTrust("chains stand in rising order of their clients and epochs, each once")
        for one in self.chains:
            client_id(one.client)
            counterparty_client_id(one.counterparty.client)
            if one.counterparty != self.counterparty(one.client):
                raise InvalidTrust(f"{one.client} has one counterparty for ever, and is told with two")

    @property
    def genesis_hash(self) -> Hash:
        """The hub's."""
        return self.hub[0].genesis_hash

    def validators(self, epoch: Epoch) -> OwnChain:
        """The hub in one epoch; raises AnchorMissing."""
        for one in self.hub:
            if one.epoch == epoch:
                return one
        raise AnchorMissing("the hub", epoch)

    def chain(self, client: ClientId, epoch: Epoch) -> Chain:
        """The chain behind a client in one epoch of its signers; raises ChainNotTrusted, AnchorMissing."""
        self.counterparty(client)
        for one in self.chains:
            if (one.client, one.chain.epoch) == (client, epoch):
                return one.chain
        raise AnchorMissing(client, epoch)

    def counterparty(self, client: ClientId) -> Counterparty:
        """Who stands at the other end of a client; raises ChainNotTrusted."""
        for one in self.chains:
            if one.client == client:
                return one.counterparty
        raise ChainNotTrusted(client)

    def joined(self, other: "Trust") -> "Trust":
        """The anchors of both, ``other``'s where both have one of an epoch; raises InvalidTrust."""
        hub = {one.epoch: one for one in (*self.hub, *other.hub)}
        chains = {(one.client, one.chain.epoch): one for one in (*self.chains, *other.chains)}
        return Trust(hub=tuple(hub[at] for at in sorted(hub)), chains=tuple(chains[at] for at in sorted(chains)))


def _rises(keys: Iterable[object]) -> bool:
    found = list(keys)
    return found == sorted(set(found))  # type: ignore[type-var]  # keys of one trust file are of one type
