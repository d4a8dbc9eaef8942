"""Transactions of one key on one chain: the one owner of its nonces.

The nonce is read from the chain, never remembered across failures. A transaction that nobody mines is replaced under
the same nonce with higher fees; all its versions are watched, because any of them may be the one that is mined.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import structlog
from eth_account.signers.base import BaseAccount

from adapters.chain import Delivered
from adapters.errors import (
    CallRefused,
    ChainError,
    DeliveryRefused,
    EndpointFault,
    EndpointsFailed,
    TransactionLost,
)
from adapters.evm.artifacts import RevertReason, revert_reason
from adapters.evm.endpoints import Endpoint, Endpoints
from adapters.evm.fees import FeePolicy, Fees
from adapters.evm.words import bytes_of, hex_of, number_of
from hub.quantities import Address, Gas, Height

log = structlog.get_logger(__name__)

_MISSED = 10
"""Looks in vain before a nonce counts as another's: nodes show the new state before they show the receipts."""

_TAKEN = ("nonce too low", "nonce is too low", "already been used")
_KNOWN = ("already known", "already imported", "known transaction")
_UNDERPRICED = ("underpriced",)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait for what. Seconds."""

    poll_s: float = 0.5
    stuck_s: float = 30.0
    """Without being mined, after which the fees are raised."""
    give_up_s: float = 600.0


@dataclass(slots=True)
class _Pending:
    nonce: int
    fields: dict[str, Any]
    fees: Fees
    hashes: list[bytes] = field(default_factory=list)
    missed: int = 0
    """How often in a row the nonce was taken and no version of ours had a receipt."""


class Nonces:
    """Of one key on one chain: whoever sends from it in this process has the same, and takes turns."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.under_way: dict[int, _Pending] = {}


class Sender:
    """Sends from one account; several transactions may be under way at once.

    ``nonces`` is shared by all senders of a key and chain; without it this one is the only one.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        account: BaseAccount,
        chain_id: int,
        fees: FeePolicy,
        pace: Pace | None = None,
        *,
        nonces: Nonces | None = None,
    ) -> None:
        self._endpoints = endpoints
        self._account = account
        self._chain_id = chain_id
        self._policy = fees
        self._pace = pace or Pace()
        self._nonces = nonces or Nonces()

    @property
    def address(self) -> Address:
        return Address(bytes_of(self._account.address.lower()))

    async def simulate(self, to: Address, data: bytes, value_wei: int = 0) -> tuple[bytes, Gas]:
        """What the call would return and the gas it would take on the newest block; raises DeliveryRefused, by name."""
        call = {"from": self._account.address, "to": hex_of(to), "data": hex_of(data), "value": hex(value_wei)}
        try:
            returned = await self._endpoints.data("eth_call", call, "latest")
            return returned, Gas(await self._endpoints.quantity("eth_estimateGas", call))
        except CallRefused as refusal:
            raise self._refusal(refusal) from refusal

    async def send(self, to: Address | None, data: bytes, gas: Gas | None = None, value_wei: int = 0) -> Delivered:
        """Send, and wait until it is mined; raises DeliveryRefused where it reverts, TransactionLost, EndpointsFailed.

        ``to`` None creates a contract. Without ``gas`` it is estimated, with a fifth to spare.
        """
        return delivered_by(await self.send_for_receipt(to, data, gas, value_wei))

    async def send_for_receipt(
        self,
        to: Address | None,
        data: bytes,
        gas: Gas | None = None,
        value_wei: int = 0,
        *,
        most_gas: Gas | None = None,
    ) -> Mapping[str, Any]:
        """As ``send``, answering the receipt as the node gives it. Raises DeliveryRefused (``TooMuchGas``) where the
        estimate is beyond ``most_gas``.
        """
        call: dict[str, Any] = {"from": self._account.address, "data": hex_of(data), "value": hex(value_wei)}
        if to is not None:
            call["to"] = hex_of(to)
        if gas is None:
            gas = await self._estimate(call, most_gas)
        pending = await self._begin(call, gas)
        try:
            receipt = await self._settle(pending)
        finally:
            self._nonces.under_way.pop(pending.nonce, None)
        if number_of(receipt["status"]) != 1:
            raise await self._why_reverted(call, receipt)
        return receipt

    async def _estimate(self, call: Mapping[str, Any], most: Gas | None) -> Gas:
        try:
            estimated = await self._endpoints.quantity("eth_estimateGas", call)
        except CallRefused as refusal:
            raise self._refusal(refusal) from refusal
        if most is not None and estimated > most:
            raise DeliveryRefused(
                self._endpoints.chain, "TooMuchGas", {"estimated": str(estimated), "allowed": str(most)}
            )
        ample = estimated + estimated // 5
        return Gas(ample if most is None else min(ample, most))

    async def _begin(self, call: Mapping[str, Any], gas: Gas) -> _Pending:
        """Take the next nonce and broadcast the first version; raises TransactionLost where none is free in time, as
        an endpoint that lies about them can bring about.
        """
        fees = await self._endpoints.attempt(self._policy.offer)
        async with self._nonces.turn:
            began, nonce = monotonic(), 0
            while monotonic() - began < self._pace.give_up_s:
                nonce = await self._next_nonce()
                pending = _Pending(nonce, {**call, "gas": gas}, fees)
                try:
                    await self._broadcast(pending)
                except CallRefused as refusal:
                    fees = self._fees_after(refusal, fees)
                    log.warning("nonce was taken", chain=self._endpoints.chain, nonce=nonce, refusal=refusal.message)
                    await asyncio.sleep(self._pace.poll_s)
                else:
                    self._nonces.under_way[nonce] = pending
                    return pending
        raise TransactionLost(self._endpoints.chain, nonce, "every nonce that was offered is taken")

    def _fees_after(self, refusal: CallRefused, fees: Fees) -> Fees:
        """What to offer next after a broadcast was refused; raises where another try would not help.

        *Underpriced* means that a transaction of this nonce already waits, from before a restart: it is replaced.
        """
        if _says(refusal, _TAKEN):
            return fees
        raised = self._policy.bump(fees, fees) if _says(refusal, _UNDERPRICED) else None
        if raised is None:
            raise self._refusal(refusal) from refusal
        return raised

    async def _next_nonce(self) -> int:
        """The first nonce that neither the chain nor a transaction of ours under way has taken."""
        nonce = await self._endpoints.quantity("eth_getTransactionCount", self._account.address, "latest")
        while nonce in self._nonces.under_way:
            nonce += 1
        return nonce

    async def _broadcast(self, pending: _Pending) -> None:
        fields = {
            "type": 2, "chainId": self._chain_id, "nonce": pending.nonce, "gas": pending.fields["gas"],
            "maxFeePerGas": pending.fees.max_fee_wei, "maxPriorityFeePerGas": pending.fees.priority_fee_wei,
            "value": int(pending.fields["value"], 16), "data": pending.fields["data"],
        }  # fmt: skip
        if "to" in pending.fields:
            fields["to"] = bytes_of(pending.fields["to"])
        signed = self._account.sign_transaction(fields)
        pending.hashes.append(bytes(signed.hash))
        try:
            await self._endpoints.broadcast(bytes(signed.raw_transaction))
        except CallRefused as refusal:
            if not _says(refusal, _KNOWN):
                raise

    async def _settle(self, pending: _Pending) -> Mapping[str, Any]:
        """Wait for the receipt of any version, raising the fees now and then; raises TransactionLost."""
        began = offered = monotonic()
        while monotonic() - began < self._pace.give_up_s:
            try:
                receipt = await self._receipt(pending)
                if receipt is not None:
                    return receipt
                if monotonic() - offered >= self._pace.stuck_s:
                    offered = monotonic()
                    await self._raise_fees(pending)
            except (EndpointsFailed, CallRefused) as error:
                log.warning("transaction waits", chain=self._endpoints.chain, nonce=pending.nonce, error=str(error))
            await asyncio.sleep(self._pace.poll_s)
        raise TransactionLost(self._endpoints.chain, pending.nonce, f"not mined in {self._pace.give_up_s:g} s")

    async def _receipt(self, pending: _Pending) -> Mapping[str, Any] | None:
        async def work(endpoint: Endpoint) -> Mapping[str, Any] | None:
            # The count is read first: a receipt that comes between would else look like somebody else's transaction.
            count = await endpoint.quantity("eth_getTransactionCount", self._account.address, "latest")
            for version in reversed(pending.hashes):
                receipt = _mined(endpoint, await endpoint.call("eth_getTransactionReceipt", hex_of(version)))
                if receipt is not None:
                    return receipt
            pending.missed = pending.missed + 1 if count > pending.nonce else 0
            return None

        receipt = await self._endpoints.attempt(work)
        if receipt is None and pending.missed >= _MISSED:
            raise TransactionLost(self._endpoints.chain, pending.nonce, "another transaction took its nonce")
        return receipt

    async def _raise_fees(self, pending: _Pending) -> None:
        market = await self._endpoints.attempt(self._policy.offer)
        raised = self._policy.bump(pending.fees, market)
        if raised is None:
            log.warning("fee ceiling reached", chain=self._endpoints.chain, nonce=pending.nonce)
            raised = pending.fees
        pending.fees = raised
        try:
            await self._broadcast(pending)
        except CallRefused as refusal:
            if not _says(refusal, _TAKEN + _UNDERPRICED):
                raise
        log.info("fees raised", chain=self._endpoints.chain, nonce=pending.nonce, max_fee_wei=raised.max_fee_wei)

    async def _why_reverted(self, call: Mapping[str, Any], receipt: Mapping[str, Any]) -> ChainError:
        """Ask for the reason by calling again on the state before; it may differ from what befell the transaction."""
        before = hex(number_of(receipt["blockNumber"]) - 1)
        try:
            await self._endpoints.call("eth_call", call, before)
        except CallRefused as refusal:
            return self._refusal(refusal)
        except EndpointsFailed:
            pass
        return DeliveryRefused(self._endpoints.chain, "Reverted", {"transaction": receipt["transactionHash"]})

    def _refusal(self, refusal: CallRefused) -> ChainError:
        if refusal.data:
            reason = revert_reason(refusal.data)
        elif "gas required exceeds" in refusal.message.lower() or "out of gas" in refusal.message.lower():
            reason = RevertReason("TooMuchGas", {"message": refusal.message})
        elif "revert" in refusal.message.lower():
            reason = RevertReason("NoReason", {"message": refusal.message})
        else:
            return refusal
        return DeliveryRefused(self._endpoints.chain, reason.error, reason.arguments)


def delivered_by(receipt: Mapping[str, Any]) -> Delivered:
    """What a transaction's receipt says, its logs aside."""
    return Delivered(
        bytes_of(receipt["transactionHash"]),
        Height(number_of(receipt["blockNumber"])),
        Gas(number_of(receipt["gasUsed"])),
    )


def _mined(endpoint: Endpoint, receipt: Any) -> Mapping[str, Any] | None:
    """A receipt whose fields can be read, None for one of a transaction that waits; raises EndpointFault."""
    if receipt is None:
        return None
    try:
        if receipt["blockNumber"] is None:
            return None
        for name in ("blockNumber", "status", "gasUsed"):
            number_of(receipt[name])
        bytes_of(receipt["transactionHash"])
    except (LookupError, TypeError, ValueError) as error:
        raise EndpointFault(endpoint.url, f"a receipt is malformed: {error!r}") from error
    return dict(receipt)


def _says(refusal: CallRefused, signs: tuple[str, ...]) -> bool:
    return any(sign in refusal.message.lower() for sign in signs)
