"""What a receipt does not prove, said plainly beside what it does."""

from collections.abc import Iterator

from hub.events import EscrowSettled, ServiceCalled, ServiceResulted
from hub.receipts.receipt import Acknowledged, NotReceived, Receipt
from hub.services.payload import ResultCode


def limits(
    receipt: Receipt,
    called: ServiceCalled | None,
    resulted: ServiceResulted | None,
    settled: EscrowSettled | None,
    *,
    compared: bool,
) -> tuple[str, ...]:
    """One sentence each. ``compared``: whether the accepted input could be held against the call's, and the result
    against the provider's answer.
    """
    return (
        *_of_the_call(receipt, called),
        *_of_the_provider(receipt, called, resulted, compared=compared),
        *_of_the_end(receipt, called, settled),
    )


def _of_the_call(receipt: Receipt, called: ServiceCalled | None) -> Iterator[str]:
    if receipt.call is None and isinstance(receipt.result, NotReceived):
        yield "what the packet said, and whether its time is over: the caller's chain shows nothing here"
    if receipt.call is None and called is not None:
        yield (
            "what the caller's chain committed: who called and what was asked is the hub's word alone"
            if called.caller_client
            else "that the calling account signed: who called and what was asked is the hub's word alone"
        )
    if called is None and isinstance(receipt.result, Acknowledged):
        yield "which provider was asked, if any was: the hub's acceptance is not in the receipt"
    if called is None and receipt.result is None:
        yield "whether the hub received the call"


def _of_the_provider(
    receipt: Receipt, called: ServiceCalled | None, resulted: ServiceResulted | None, *, compared: bool
) -> Iterator[str]:
    if called is None:
        return
    if receipt.call is not None and not compared:
        yield "that the accepted input is what the caller asked: the hub wrote it in the provider's encoding"
    if not called.client:
        if resulted is not None:
            yield "that the providing account signed its answer: the result is the hub's word alone"
        return
    if receipt.request is None:
        yield "that the hub sent the request on to the provider's chain"
    match receipt.answer:
        case None:
            yield "whether the provider's chain received the request, and what it answered"
        case Acknowledged():
            yield "that the answer is true: it is what the provider's chain recorded"
            if resulted is not None and resulted.code == ResultCode.ANSWERED and not compared:
                yield "that the result is the provider's answer: the hub wrote it in the caller's encoding"


def _of_the_end(receipt: Receipt, called: ServiceCalled | None, settled: EscrowSettled | None) -> Iterator[str]:
    if called is not None and settled is None:
        yield "what became of the fee: it is in escrow, or the block that settled it is not in the receipt"
    if called is not None and called.caller_client and receipt.result is None:
        yield "that the hub acknowledged the call to the caller's chain"
    if isinstance(receipt.result, Acknowledged):
        yield "that the caller's contract was told: its chain accepts this proof, whoever brings it"
    if isinstance(receipt.result, NotReceived):
        yield "that the caller's contract was told of the timeout: its chain accepts this proof, whoever brings it"
