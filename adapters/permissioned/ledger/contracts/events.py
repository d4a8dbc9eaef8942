"""What contracts have done, and what has been done with them."""

from hub.events import Event


class ContractInvoked(Event, frozen=True):
    """A contract's code took effect. The transaction, with which it stands, says who sent and endorsed it.

    ``caller`` is ``organisation/name`` or, for the request of another chain, ``client:0x…``; empty where nobody called:
    in ``on_result``, ``on_timeout`` and ``migrate``.
    """

    contract: str
    version: int
    method: str
    caller: str
    endorsers: tuple[str, ...]
    reads: int
    read_bytes: int
    scanned: int
    writes: int
    written_bytes: int


class RecordWritten(Event, frozen=True):
    """``value_hash``: sha256 of the record as it is stored."""

    contract: str
    collection: str
    key: str
    value_hash: bytes

    def index_key(self) -> bytes:
        """Where the record's history is found."""
        return record_key(self.contract, self.collection, self.key)


class RecordDeleted(Event, frozen=True):
    contract: str
    collection: str
    key: str

    def index_key(self) -> bytes:
        """Where the record's history is found."""
        return record_key(self.contract, self.collection, self.key)


class PrivateHashWritten(Event, frozen=True):
    """``salted_hash`` is of a value that ``organisations`` alone keep, until ``purge_at``."""

    contract: str
    collection: str
    key: str
    salted_hash: bytes
    organisations: tuple[str, ...]
    purge_at: int

    def index_key(self) -> bytes:
        """Where the record's history is found."""
        return record_key(self.contract, self.collection, self.key)


class PrivateValueDue(Event, frozen=True):
    """The value's time is over: whoever keeps it deletes it now. Its hash stays."""

    contract: str
    collection: str
    key: str
    salted_hash: bytes

    def index_key(self) -> bytes:
        """Where the record's history is found."""
        return record_key(self.contract, self.collection, self.key)


class ContractEvent(Event, frozen=True):
    """A contract's own event; ``data`` is JSON."""

    contract: str
    kind: str
    data: bytes


class ContractActivated(Event, frozen=True):
    contract: str
    version: int
    package_hash: bytes
    policy: str


class ContractUpgraded(Event, frozen=True):
    contract: str
    from_version: int
    version: int
    package_hash: bytes
    policy: str


class EndorsementPolicyChanged(Event, frozen=True):
    contract: str
    policy: str


class ContractRetired(Event, frozen=True):
    contract: str
    version: int


def record_key(contract: str, collection: str, key: str) -> bytes:
    """Where the history of a record is found; the names have no ``/``, the key's own are escaped."""
    return f"{contract}/{collection}/{key}".encode()


AnyContractEvent = (
    ContractInvoked
    | RecordWritten
    | RecordDeleted
    | PrivateHashWritten
    | PrivateValueDue
    | ContractEvent
    | ContractActivated
    | ContractUpgraded
    | EndorsementPolicyChanged
    | ContractRetired
)
