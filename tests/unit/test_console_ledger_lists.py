"""What commands list of a contract's records: all of it, however much others wrote into them."""

from hashlib import sha256
from pathlib import Path

import pytest

from adapters.permissioned.ledger.contracts.errors import BoundExceeded
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.documents.contract import DocumentsContract
from adapters.permissioned.ledger.documents.records import Documents, DocumentType, Listing, Notarise
from adapters.permissioned.ledger.messages import InvokeContract
from console.commands.ledger.invoking import query_pages
from tests.unit.ledger_node_world import LedgerNodeWorld

MANY = 20


def longest(number: int) -> Notarise:
    """A document with as many and as long parties as there may be."""
    parties = tuple("\U0001f6a2" * 126 + f"{party:02}" for party in range(16))
    return Notarise(sha256(b"%d" % number).digest(), DocumentType.INVOICE, f"{number:03}", parties)


async def test_long_records_keep_nobody_from_reading_a_list(tmp_path: Path) -> None:
    world = LedgerNodeWorld(tmp_path, contract=DocumentsContract)
    async with world.running() as node, await world.connect(node, "bank-a/ann", "member") as ann:
        await ann.enrol()
        notarising = [InvokeContract("documents", "notarise", write_json(longest(number))) for number in range(MANY)]
        await ann.submit(notarising)
        with pytest.raises(BoundExceeded, match="result_bytes"):
            await ann.query("documents", "by_type", write_json(Listing("invoice", 100)))
        pages = query_pages(ann, "documents", "by_type", lambda size, token: Listing("invoice", size, token), Documents)
        numbers = [document.number async for page in pages for document in page.documents]
    assert sorted(numbers) == [f"{number:03}" for number in range(MANY)]
