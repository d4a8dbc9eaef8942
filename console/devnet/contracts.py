"""Any contract on a chain of the devnet, by its ABI: deployed, read, transacted with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from web3 import AsyncWeb3

from adapters.evm.endpoints import Endpoints
from adapters.evm.sender import Sender
from adapters.evm.words import bytes_of, number_of
from console.amounts import address_text
from console.solidity import Compiled
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Height


@dataclass(frozen=True, slots=True)
class Log:
    """One event of a transaction: its topics and data as they stand in the receipt."""

    address: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction that took place, and its events."""

    transaction: bytes
    height: Height
    logs: tuple[Log, ...]

    def named(self, signature: str) -> list[Log]:
        """The events of one signature, as ``Asked(bytes32)``."""
        topic = keccak256(signature.encode())
        return [log for log in self.logs if log.topics and log.topics[0] == topic]


class Deployed:
    """A contract at an address; ``sender`` pays for what is transacted."""

    def __init__(self, endpoints: Endpoints, sender: Sender, address: Address, abi: list[dict[str, Any]]) -> None:
        self.address = address
        self._sender = sender
        self._contract = AsyncWeb3(endpoints).eth.contract(address=address_text(address), abi=abi)  # type: ignore[call-overload]

    async def read(self, function: str, *arguments: Any) -> Any:
        """What a view answers; a struct is a tuple."""
        return await self._contract.functions[function](*arguments).call()

    async def send(self, function: str, *arguments: Any) -> Mined:
        """Transact, and wait until it is mined; raises DeliveryRefused where it reverts."""
        data = bytes_of(self._contract.encode_abi(function, list(arguments)))
        return _mined(await self._sender.send_for_receipt(self.address, data))


async def deploy(endpoints: Endpoints, sender: Sender, compiled: Compiled, *arguments: Any) -> tuple[Deployed, Mined]:
    """Put a contract on the chain; raises DeliveryRefused where its constructor reverts."""
    factory = AsyncWeb3().eth.contract(abi=compiled.abi, bytecode=compiled.bytecode)
    data = bytes_of(factory.constructor(*arguments).data_in_transaction)
    receipt = await sender.send_for_receipt(None, data)
    address = Address(bytes_of(receipt["contractAddress"]))
    return Deployed(endpoints, sender, address, compiled.abi), _mined(receipt)


def _mined(receipt: Mapping[str, Any]) -> Mined:
    logs = tuple(
        Log(Address(bytes_of(log["address"])), tuple(bytes_of(topic) for topic in log["topics"]), bytes_of(log["data"]))
        for log in receipt["logs"]
    )
    return Mined(bytes_of(receipt["transactionHash"]), Height(number_of(receipt["blockNumber"])), logs)
