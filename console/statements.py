"""What a receipt proves, as rows for people and for programs; and the anchors of a trust file."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_never

from console.amounts import address_text, moment
from hub.proofs.eip712 import Domain, EvmDomain, SaltDomain
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Hash
from hub.receipts.statement import Party, Statement, Step
from hub.receipts.trust import Chain, EvmChain, OwnChain, Trust
from hub.services.payload import InputEncoding, Result

ASSUMED = (
    "more than two thirds of each set's power is honest, and its keys have not been stolen since",
    "the trust file is right: whoever wrote it has checked it by other means",
    "SHA-256 and Keccak-256 have no collisions, and no secp256k1 signature is forged",
)
"""What every receipt rests on besides its anchors. No trusting period is looked at: a receipt is about the past."""

Row = dict[str, Any]


def statement_row(told: Statement, receipt_hash: Hash) -> Row:
    """The call itself, field by field; what is absent was not proven."""
    question, money = told.question, told.money
    encoding = question.encoding if question is not None and question.of_caller else None
    chains = dict(told.rests_on)
    return {
        "receipt_hash": receipt_hash,
        "outcome": told.outcome.value.replace("_", " "),
        "request_id": told.request_id,
        "caller": _party(told.caller, chains),
        "service": None if question is None else question.service,
        "input": None if question is None else _data(question.input, question.encoding),
        "deadline": None if question is None else moment(question.deadline),
        "provider": _party(told.provider, chains),
        "provider_answered": _result(told.answer, None),
        "result": _result(told.result, encoding),
        "fee": None if told.fee is None else str(told.fee),
        "money": None
        if money is None
        else {
            "amount": str(money.amount),
            "to": "the provider" if money.paid else "the caller",
            "account": address_text(money.recipient),
        },
    }


def step_rows(steps: Sequence[Step]) -> list[Row]:
    """One row a proven part: where, when, and under whose signatures."""
    return [
        {
            "part": step.part.value,
            "what": step.what,
            "chain": chain_name(step.point.client, step.point.chain),
            "height": step.point.height,
            "time": moment(step.point.time),
            "block_hash": step.point.block_hash,
            "signed": f"{len(step.point.signers)} of {len(step.point.signer_set.members)}, epoch {step.point.epoch}",
            "signers": [address_text(signer) for signer in step.point.signers],
        }
        for step in steps
    ]


def anchor_rows(told: Statement) -> list[Row]:
    """One row an anchor that was used: what identifies the chain, who may sign for it, and who has."""
    return [_anchor(client, chain, _shares(told.steps, client, chain)) for client, chain in told.rests_on]


def trust_rows(trust: Trust) -> list[Row]:
    """All of a trust file's anchors, and where the hub's checkpoints are valid."""
    rows = [_anchor("", own, {}) for own in trust.hub]
    for anchor in trust.chains:
        row = _anchor(anchor.client, anchor.chain, {})
        former = [f"until block {one.last_height} {_place(one.domain)}" for one in anchor.former_domains or ()]
        believes = f"believes the hub by {anchor.counterparty.client} {_place(anchor.counterparty.domain)}"
        rows.append({**row, "identified_by": [*row["identified_by"], believes, *former]})
    return rows


def _anchor(client: str, chain: Chain, shares: Mapping[Address, str]) -> Row:
    members = [
        f"{address_text(one.address)} power {one.power}{shares.get(one.address, '')}" for one in _set(chain).members
    ]
    return {
        "chain": chain_name(client, chain),
        "identified_by": _identity(chain),
        "epoch": chain.epoch,
        "who_may_sign": members,
    }


def _shares(steps: Sequence[Step], client: str, chain: Chain) -> dict[Address, str]:
    """How many of the parts that rest on an anchor each member has signed."""
    points = [step.point for step in steps if (step.point.client, step.point.chain) == (client, chain)]
    counts = {one.address: sum(one.address in point.signers for point in points) for one in _set(chain).members}
    return {address: f", signed {count} of {len(points)} parts" for address, count in counts.items()}


def chain_name(client: str, chain: Chain) -> str:
    match chain:
        case EvmChain():
            return f"EVM chain {chain.chain_id} ({client})"
        case OwnChain():
            return f"{chain.chain} ({client or 'the hub'})"
        case _:
            assert_never(chain)


def _identity(chain: Chain) -> list[str]:
    match chain:
        case EvmChain():
            return [
                f"router {address_text(chain.router)}",
                f"code hash 0x{chain.router_code_hash.hex()}",
                f"finality {chain.finality_rule}",
                f"{chain.threshold} of {len(chain.attestors.members)} attestors must sign",
            ]
        case OwnChain():
            return [f"genesis hash 0x{chain.genesis_hash.hex()}", "more than two thirds of the power must sign"]
        case _:
            assert_never(chain)


def _place(domain: Domain) -> str:
    match domain:
        case EvmDomain(_, contract):
            return f"at {address_text(contract)}"
        case SaltDomain(salt):
            return f"under genesis hash 0x{salt.hex()}"
        case _:
            assert_never(domain)


def _set(chain: Chain) -> SignerSet:
    return chain.attestors if isinstance(chain, EvmChain) else chain.validators


def _party(party: Party | None, chains: Mapping[str, Chain]) -> Row | None:
    """An account or contract by its address; on a ledger members and contracts have names."""
    if party is None:
        return None
    is_named = bool(party.client) and isinstance(chains.get(party.client), OwnChain) and party.identity.isascii()
    identity = party.identity.decode() if is_named else address_text(party.identity)
    return {"client": party.client or "the hub", "identity": identity}


def _result(result: Result | None, encoding: InputEncoding | None) -> Row | None:
    if result is None:
        return None
    return {"code": result.code.value, "output": _data(result.output, encoding), "message": result.message}


def _data(data: bytes, encoding: InputEncoding | None) -> str:
    """JSON as its text, all else as hex."""
    return data.decode(errors="replace") if encoding is InputEncoding.JSON else "0x" + data.hex()
