"""Whatever a router stores, whatever is claimed of it: an honest proof is accepted just where all claims are true."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.clients.attested_evm import Proof
from hub.clients.base import Claims
from hub.clients.errors import ClientError
from hub.clients.router_storage import acknowledgement_chain, acknowledgement_slot, receipt_bit
from hub.ibc.commitment import RECEIPT
from hub.quantities import Hash
from hub.quantities import Sequence as Number
from tests.unit.attested_chain import (
    THERE,
    Storage,
    World,
    acknowledgement,
    commitment,
    header,
    receipt,
    sign,
    slot,
    window,
)
from tests.vectors.writing import label

SEQUENCES = st.one_of(st.integers(1, 8), st.sampled_from([255, 256, 257, 511, 512, 2**64 - 1]))
SOME = st.sets(SEQUENCES, max_size=6)
CLAIMED = st.lists(SEQUENCES, max_size=4)


@given(stored=st.tuples(SOME, SOME, SOME), claimed=st.tuples(CLAIMED, CLAIMED, CLAIMED, CLAIMED), lie=st.booleans())
@settings(max_examples=150)
def test_a_batch_is_accepted_just_where_all_of_it_is_true(
    stored: tuple[set[int], ...], claimed: tuple[list[int], ...], lie: bool
) -> None:
    committed, received, acknowledged = stored
    sent, here, not_here, acks = claimed
    words = {slot(path): value for path, value in map(commitment, committed)}
    for sequence in received:
        place = slot(receipt(sequence))
        word = int.from_bytes(words.get(place, b""), "big") | receipt_bit(Number(sequence))
        words[place] = word.to_bytes(32, "big")
    filled = window(0, sorted(acknowledged))
    if acknowledged:
        words[acknowledgement_slot(THERE, 0)] = acknowledgement_chain(filled.entries)
    storage = Storage(words)
    present = [
        *map(commitment, sent),
        *((receipt(sequence), RECEIPT) for sequence in here),
        *map(acknowledgement, acks),
    ]
    if lie and sent:
        present[0] = present[0][0], Hash(label("a lie"))
    claims = Claims(tuple(present), tuple(map(receipt, not_here)))
    slots = [slot(path) for path in (*(commitment(s)[0] for s in sent), *map(receipt, [*here, *not_here]))]
    proof = storage.proof(slots, [filled] if acks and acknowledged else [])
    true = (
        bool(present or not_here)
        and not (lie and sent)
        and set(sent) <= committed
        and set(here) <= received
        and set(acks) <= acknowledged
        and not set(not_here) & received
    )
    world = World()
    before = world.written()
    try:
        world.verify(Proof(sign(header(state_root=storage.state.root)), proof), claims)
    except ClientError:
        assert not true
        assert world.written() == before
    else:
        assert true
