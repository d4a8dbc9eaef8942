"""What a receipt rests on: who signs for the hub and for each chain, told by someone who has checked it."""

from collections.abc import Iterable
from typing import TypeAlias

import msgspec

from hub.clients.counterparty import Counterparty
from hub.clients.domain_change import FormerDomain
from hub.ibc.identifiers import ClientId, client_id, counterparty_client_id
from hub.proofs.eip712 import Domain
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Epoch, Hash, Height
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
    former_domains: tuple[FormerDomain, ...] | None = None
    """Where they were valid before, in rising order of the last heights. None: there has been one domain."""

    @property
    def history(self) -> tuple[Domain, ...]:
        """The domains one after the other, the present one last."""
        return (*(former.domain for former in self.former_domains or ()), self.counterparty.domain)


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
            if (one.counterparty, one.former_domains) != (self.counterparty(one.client), self._former(one.client)):
                raise InvalidTrust(f"{one.client} has one counterparty, and is told with two")
            if one.former_domains is not None and not (
                one.former_domains and _rises(former.last_height for former in one.former_domains)
            ):
                raise InvalidTrust(f"the former domains of {one.client} stand in rising order of their last heights")

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
        return self._anchor(client).counterparty

    def domain(self, client: ClientId, height: Height) -> Domain:
        """Where the hub's checkpoint of a height for a client's counterparty is valid; raises ChainNotTrusted."""
        for former in self._former(client) or ():
            if height <= former.last_height:
                return former.domain
        return self.counterparty(client).domain

    def joined(self, other: "Trust") -> "Trust":
        """The anchors of both, each with all that either knows of domains.

        Raises InvalidTrust where the two contradict each other: neither takes the place of the other.
        """
        hub = {one.epoch: one for one in (*self.hub, *other.hub)}
        chains = {(one.client, one.chain.epoch): one for one in (*self.chains, *other.chains)}
        for own in self.hub:
            if hub[own.epoch] != own:
                raise InvalidTrust(f"the two tell of the hub's epoch {own.epoch} with different validators")
        for one in self.chains:
            if chains[one.client, one.chain.epoch].chain != one.chain:
                raise InvalidTrust(
                    f"the two tell of {one.client}, epoch {one.chain.epoch}, with different signers or rules"
                )
        longest: dict[ClientId, Anchor] = {}
        for one in (*self.chains, *other.chains):
            longest[one.client] = _longer(longest.get(one.client, one), one)
        return Trust(
            hub=tuple(hub[at] for at in sorted(hub)),
            chains=tuple(_told_as(chains[at], longest[at[0]]) for at in sorted(chains)),
        )

    def _anchor(self, client: ClientId) -> Anchor:
        for one in self.chains:
            if one.client == client:
                return one
        raise ChainNotTrusted(client)

    def _former(self, client: ClientId) -> tuple[FormerDomain, ...] | None:
        return self._anchor(client).former_domains


def _longer(one: Anchor, other: Anchor) -> Anchor:
    """Which of two anchors of a client knows more of its domains; raises InvalidTrust where neither goes on from the
    other.
    """
    shorter, longer = sorted((one, other), key=lambda anchor: len(anchor.history))
    former = shorter.former_domains or ()
    goes_on = longer.history[: len(shorter.history)] == shorter.history
    if not goes_on or (longer.former_domains or ())[: len(former)] != former:
        raise InvalidTrust(f"the two tell of {one.client} with different domains")
    return longer


def _told_as(anchor: Anchor, other: Anchor) -> Anchor:
    """The same chain and epoch, with what the other anchor of the client knows of its domains."""
    counterparty = msgspec.structs.replace(anchor.counterparty, domain=other.counterparty.domain)
    return msgspec.structs.replace(anchor, counterparty=counterparty, former_domains=other.former_domains)


def _rises(keys: Iterable[object]) -> bool:
    found = list(keys)
    return found == sorted(set(found))  # type: ignore[type-var]  # keys of one trust file are of one type
