"""One contract on one chain, called by the names of its ABI."""

from collections.abc import Mapping, Sequence
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple
from web3 import AsyncWeb3

from adapters.errors import CallRefused, DeliveryRefused, EndpointFault
from adapters.evm.artifacts import artifact, revert_reason
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.words import bytes_of, hex_of
from hub.quantities import Address


class Contract:
    """A contract of ours at an address; ``name`` is that of its artifact."""

    def __init__(self, endpoints: Endpoints, name: str, address: Address) -> None:
        self.address = address
        self._endpoints = endpoints
        self._abi = {entry["name"]: entry for entry in artifact(name).abi if entry["type"] == "function"}
        self._contract = AsyncWeb3(endpoints).eth.contract(abi=artifact(name).abi)

    def calldata(self, function: str, *arguments: Any) -> bytes:
        """The call as bytes; raises web3's ValidationError where the arguments do not fit the ABI."""
        return bytes_of(self._contract.encode_abi(function, list(arguments)))

    async def read(
        self, function: str, *arguments: Any, block: str = "latest", endpoint: Endpoint | None = None
    ) -> Any:
        """What a view answers: one value, a tuple of several; a struct is a dict. Raises DeliveryRefused,
        EndpointsFailed; EndpointFault where one endpoint is asked alone.
        """
        call = {"to": hex_of(self.address), "data": hex_of(self.calldata(function, *arguments))}

        async def work(endpoint: Endpoint) -> Any:
            answer = await endpoint.call("eth_call", call, block)
            try:
                return self._decoded(function, answer)
            except (DecodingError, TypeError, ValueError, OverflowError) as error:
                raise EndpointFault(endpoint.url, f"its answer to {function} is malformed: {error!r}") from error

        try:
            return await (self._endpoints.attempt(work) if endpoint is None else work(endpoint))
        except CallRefused as refusal:
            if not refusal.data:
                raise
            reason = revert_reason(refusal.data)
            raise DeliveryRefused(self._endpoints.chain, reason.error, reason.arguments) from refusal

    def _decoded(self, function: str, answer: Any) -> Any:
        outputs = self._abi[function]["outputs"]
        values = decode([collapse_if_tuple(output) for output in outputs], bytes_of(answer))
        named = tuple(_named(output, value) for output, value in zip(outputs, values, strict=True))
        return named[0] if len(named) == 1 else named


def constructor_data(name: str, *arguments: Any) -> bytes:
    """What creates a contract: its bytecode and its constructor's arguments."""
    compiled = artifact(name)
    factory = AsyncWeb3().eth.contract(abi=compiled.abi, bytecode=compiled.bytecode)
    return bytes_of(factory.constructor(*arguments).data_in_transaction)


def _named(abi: Mapping[str, Any], value: Any) -> Any:
    if abi["type"] == "tuple":
        return {field["name"]: _named(field, item) for field, item in zip(abi["components"], value, strict=True)}
    if abi["type"] == "tuple[]" and isinstance(value, Sequence):
        return [_named({**abi, "type": "tuple"}, item) for item in value]
    return value
