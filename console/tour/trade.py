"""What the tour is played with on the ledger: its members, contracts on an EVM chain that ask it, its services."""

from dataclasses import dataclass, field
from hashlib import sha256

from adapters.permissioned.ledger.answers import Receipt
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.values import Record, write_json
from adapters.permissioned.ledger.documents.records import DocumentType, Notarise
from adapters.permissioned.ledger.identities import MemberRole, member_name
from adapters.permissioned.ledger.messages import InvokeContract
from console.chains import LedgerFile
from console.devnet.contracts import Deployed, deploy
from console.devnet.network import Network
from console.ledger_services import defined, served
from console.solidity import compile_file
from console.tour.market import (
    CONTRACTS,
    FEE,
    GRACE_SECONDS,
    MAX_RESPONSE_SECONDS,
    POCKET_MONEY,
    Call,
    Site,
)
from hub.client import HubClient
from hub.messages import BindService, DefineService, Faucet
from hub.quantities import Gas
from hub.services.payload import InputEncoding
from hub.signer import Signer

_NO_GAS = Gas(1)
"""The ledger counts what a contract does by bounds of its own."""


@dataclass
class Trade:
    """The ledger of the devnet, and who acts there. Members are certified and enrolled as they are asked for."""

    network: Network
    chain: LedgerFile
    clients: dict[str, LedgerClient] = field(default_factory=dict)
    verified: Call | None = None
    """A call of the consignee's that was answered."""

    async def member(self, name: str) -> LedgerClient:
        """The connection of ORG/NAME."""
        if name not in self.clients:
            organisation, _, own = name.partition("/")
            folder = self.network.layout.ledger.organisation(organisation)
            if not folder.member(own)[0].exists():
                folder.certify(member_name(own), MemberRole.MEMBER)
            self.clients[name] = client = await self.network.member(name)
            await client.enrol()
        return self.clients[name]

    async def close(self) -> None:
        for client in self.clients.values():
            await client.close()


async def offer_services(chain: LedgerFile, hub: HubClient, operator: Signer) -> None:
    """Define and bind all that the contracts of the ledger serve."""
    offers: list[DefineService | BindService] = []
    terms = (InputEncoding.ABI, FEE, _NO_GAS, MAX_RESPONSE_SECONDS, GRACE_SECONDS)
    for contract, service in served():
        offers.append(defined(service, ("tour", "ledger")))
        offers.append(BindService(service.service, chain.client_at_hub, contract.encode(), *terms))
    await hub.submit(offers, operator)


async def open_asker(name: str, site: Site, hub: HubClient, operator: Signer) -> Deployed:
    """Put a contract that asks the ledger on a chain, and give it money at the hub."""
    asker, _ = await deploy(site.endpoints, site.sender, compile_file(CONTRACTS / f"{name}.sol"), site.chain.gateway)
    pocket = await hub.caller_account(site.chain.client_at_hub, asker.address)
    await hub.submit([Faucet(pocket.address, POCKET_MONEY)], operator)
    return asker


def bill_of_lading(number: str) -> Notarise:
    """A paper bill's hash, as it is notarised."""
    paper = f"Bill of lading {number}: 40 crates of apples, shipped on board".encode()
    return Notarise(sha256(paper).digest(), DocumentType.BILL_OF_LADING, number, ("customs",))


async def invoke(member: LedgerClient, contract: str, method: str, asked: Record, *, simulate: bool = True) -> Receipt:
    """A member's transaction; raises what it is refused for."""
    return await member.submit([InvokeContract(contract, method, write_json(asked))], simulate=simulate)
