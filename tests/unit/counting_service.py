"""A hub that a ledger has joined, and a service there to call."""

from hub import messages as m
from hub.client import HubClient
from hub.clients.quorum import Config
from hub.proofs.quorum import SignerSet
from hub.quantities import Amount, Gas, Hash, Seconds, UnixSeconds
from hub.services.application import ENCODING, VERSION
from hub.services.payload import InputEncoding
from tests.unit.node_world import ADDRESSES, OPERATOR, SIGNERS, START

SALT = Hash(b"\x5a" * 32)
PROVIDER = b"\x99" * 20
SCHEMA = '{"type":"integer","minimum":0,"maximum":9}'


async def connected(hub: HubClient) -> None:
    """A ledger has joined, and a contract there provides a service."""
    config = Config("ledger-1", SALT, SignerSet.of(1, {ADDRESSES[3]: 1}), Seconds(10**6), Seconds(10), True)
    await hub.submit(
        [
            m.CreateQuorumClient(config),
            m.RegisterCounterparty("quorum-0", "quorum-8", 0, b"", SALT),
            m.RegisterLane("quorum-0", "quorum-8", "service", "service", VERSION, ENCODING),
            m.DefineService("count", "counts", ("toy",), SCHEMA, SCHEMA, "", ""),
            m.BindService("count", "quorum-0", PROVIDER, InputEncoding.JSON, Amount(3), Gas(100_000), 30, 10),
            m.BindService("count", "", ADDRESSES[OPERATOR], InputEncoding.JSON, Amount(9), Gas(0), 5, 5),
        ],
        SIGNERS[OPERATOR],
    )


def call(**changes: object) -> m.CallService:
    fields: dict[str, object] = {
        "service": "count",
        "client": "quorum-0",
        "provider": PROVIDER,
        "input_encoding": InputEncoding.JSON,
        "input": b"1",
        "fee_cap": Amount(20),
        "deadline": UnixSeconds(START + 300),
    }
    return m.CallService(**(fields | changes))  # type: ignore[arg-type]
