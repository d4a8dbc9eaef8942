"""A member of the ledger calls a shop on an EVM chain; the answer, proven hop by hop, stands on the ledger."""

from eth_abi.abi import decode, encode

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.messages import CallService
from adapters.permissioned.ledger.service.events import CallSent
from console.tour.market import FEE, ITEM, POCKET_MONEY, PRICE_A_PIECE, Site
from console.tour.outcome import require
from console.tour.stage import Stage
from hub.messages import Faucet
from hub.quantities import Height, UnixSeconds
from hub.services.payload import InputEncoding

_CALLER = "bank-a/bo"
_PIECES = 3
_ANSWER_WITHIN = 120


async def ledger_calls_evm(stage: Stage) -> str:
    chain, shop = stage.trade.chain, stage.b
    member = await stage.trade.member(_CALLER)
    pocket = await stage.hub.caller_account(chain.client_at_hub, _CALLER.encode())
    await stage.hub.submit([Faucet(pocket.address, POCKET_MONEY)], stage.operator)
    since = (await shop.latest()).number
    call_id = await _call(member, shop.service, UnixSeconds((await member.status()).time + _ANSWER_WITHIN))

    async def answered() -> bool:
        return (await member.call(call_id)).code != 0

    await stage.until("the ledger has the answer", answered, _ANSWER_WITHIN)
    call = await member.call(call_id)
    require(call.code == 200, f"{call.code} {call.message!r} came")
    (total,) = decode(["uint256"], call.output)
    require(total == PRICE_A_PIECE * _PIECES, f"a wrong sum came, {total}")
    await _require_known_caller(shop, call_id, since, chain.client_at_hub)
    return (
        f"{_CALLER} asked the shop on {shop.chain.name}: 200, {total} for {_PIECES}; proven to the ledger, kept there"
    )


async def _call(member: LedgerClient, service: str, deadline: UnixSeconds) -> bytes:
    asked = encode(["string", "uint256"], [ITEM, _PIECES])
    receipt = await member.submit([CallService(service, InputEncoding.ABI, asked, FEE, deadline)])
    return next(one.event.call_id for one in receipt.events if isinstance(one.event, CallSent))


async def _require_known_caller(shop: Site, request_id: bytes, since: Height, client: str) -> None:
    """The shop was told, once, who asked: which member, through which client."""
    found = await shop.quoted(request_id, since)
    require(found == [(client, _CALLER.encode())], f"the shop was asked by {found}")
