"""RevocationService: an authority's newer list, taken from anyone, member or not, and brought by the node itself.

What a list says is believed by the authority's signature alone, so that it does not matter who hands it in. Into a
block it comes by a transaction of the node's own member, as anything does; and only what would change the state, so
that a stranger can fill no block. What a stranger can make a node do is bounded by size and by rate.
"""

# ruff: noqa: N802  # gRPC gives the methods their names

import asyncio
from typing import Any

import structlog
from interchain.ledger.v1 import revocation_service_pb2 as pb

from adapters.permissioned.ledger.identities import MemberName, OrganisationId, member_account
from adapters.permissioned.ledger.machine import LedgerMachine
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership import registry
from adapters.permissioned.ledger.membership.certificates import read_member
from adapters.permissioned.ledger.membership.errors import CertificateError, MembershipError
from adapters.permissioned.ledger.membership.revocation import MAX_LIST_BYTES, update_revocations
from adapters.permissioned.ledger.membership.revocation_errors import RevocationListTooLarge
from adapters.permissioned.ledger.messages import AnyMessage, EnrolMember, Transaction, UpdateRevocations
from adapters.permissioned.ledger.refusals import AuditorWrites
from adapters.permissioned.ledger.rpc.dialect import decode_transaction, encode_transaction
from adapters.permissioned.ledger.rpc.errors import NodeIsNoMember
from adapters.permissioned.ledger.transactions import encode_signatures
from hub.accounts.accounts import account
from hub.accounts.errors import NonceTooHigh, NonceUsed
from hub.engine.clock import Clock
from hub.engine.engine import Engine
from hub.engine.errors import NoncePending, RateLimited
from hub.engine.ledger import Ledger
from hub.engine.threads import in_thread
from hub.errors import HubError
from hub.quantities import Amount, Gas, Height, UnixSeconds
from hub.rpc.door import Door
from hub.rpc.serving import Bounds, TlsFiles
from hub.rpc.transactions import raise_refusal
from hub.rpc.wire import refuse_unknown_fields
from hub.state.branch import Branch
from hub.state.context import Context

log = structlog.get_logger("revocations")

PER_ADDRESS = 2
"""Lists a second that one address may hand in on the long run, and twice as many at once."""
OF_ALL = 5
"""The same of all addresses together: to look through a list of the longest takes some 40 milliseconds."""
MOST_WAITING = 16
OPEN_BOUNDS = Bounds(message_bytes=MAX_LIST_BYTES + 1024, streams=4, calls=64)
"""At an address that is open to all."""
_VALID_SECONDS = 60
_ATTEMPTS = 6
_EVERYONE = "everyone together"


class Revocations:
    """``files``: the node's certificate, which must be a member's, and its key; read anew each time."""

    def __init__(self, machine: LedgerMachine, ledger: Ledger, engine: Engine, files: TlsFiles, clock: Clock) -> None:
        self._machine = machine
        self._ledger = ledger
        self._engine = engine
        self._files = files
        self._clock = clock
        self._of_each = Door(PER_ADDRESS, clock.monotonic)
        self._of_all = Door(OF_ALL, clock.monotonic)
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def PublishRevocationList(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        self._of_each.admit(context.peer())
        if len(request.revocation_list) > MAX_LIST_BYTES:
            raise RevocationListTooLarge(len(request.revocation_list), MAX_LIST_BYTES, "bytes")
        self._of_all.admit(_EVERYONE)
        if self._waiting >= MOST_WAITING:
            raise RateLimited(_EVERYONE, "revocation lists")
        self._waiting += 1
        try:
            async with self._turn:
                height = await self._publish(request.revocation_list)
        finally:
            self._waiting -= 1
        return pb.PublishRevocationListResponse(already_known=height is None, height=height or self._ledger.head.height)

    async def _publish(self, crl: bytes) -> Height | None:
        """In which block it came into force, None where it was; raises what it is refused for, NodeIsNoMember."""
        if not await in_thread(self._is_news, crl):
            return None
        key = await in_thread(self._member)
        if not self._acts(key):
            try:
                await self._submit(key, EnrolMember(key.certificate, key.intermediates))
            except (CertificateError, MembershipError) as error:
                raise NodeIsNoMember(str(error)) from error
        return await self._submit(key, UpdateRevocations(crl))

    def _is_news(self, crl: bytes) -> bool:
        """Whether it would change the state; raises RevocationError, AuthorityRemoved, CertificateError."""
        dropped = Branch(self._ledger.state)
        now = UnixSeconds(max(self._clock.now(), self._ledger.head.time))
        update_revocations(Context(dropped, self._ledger.head.height, now), crl)
        return bool(dropped.changes)

    async def _submit(self, key: MemberKey, message: AnyMessage) -> Height:
        """Have it in a block as the node's own; raises what it is refused for."""
        for attempt in range(_ATTEMPTS):
            body = self._body(key, message)
            signature = encode_signatures([key.sign(self._machine.genesis_hash, body)])
            try:
                inclusion = await self._engine.submit(decode_transaction(body, signature))
            except (NonceUsed, NonceTooHigh, NoncePending):
                if attempt == _ATTEMPTS - 1:
                    raise
                await asyncio.sleep(0.05 * 2**attempt)  # another program acts with the node's certificate
            else:
                raise_refusal(inclusion.result)
                return inclusion.height
        raise AssertionError("the last attempt returns or raises")

    def _body(self, key: MemberKey, message: AnyMessage) -> bytes:
        organisation, _, name = key.member.partition("/")
        nonce = account(self._ledger.state, member_account(OrganisationId(organisation), MemberName(name))).nonce
        expiry = UnixSeconds(max(self._clock.now(), self._ledger.head.time) + _VALID_SECONDS)
        return encode_transaction(
            Transaction(self._machine.chain_id, key.member, nonce, expiry, Amount(0), Gas(0), (message,))
        )

    def _acts(self, key: MemberKey) -> bool:
        """Whether it is enrolled, and not under a certificate of an authority that was renewed since."""
        try:
            registry.authenticate(self._ledger.state, key.fingerprint, self._clock.now())
        except (CertificateError, MembershipError):
            return False
        return True

    def _member(self) -> MemberKey:
        """As whom the node acts, enrolled or not; raises NodeIsNoMember."""
        try:
            key = MemberKey.read(self._files.certificate, self._files.key)
            _, subject = read_member(key.certificate)
            if not subject.role.writes:
                raise AuditorWrites(key.member)
        except HubError as error:
            raise NodeIsNoMember(str(error)) from error
        except (OSError, ValueError, TypeError) as error:
            log.error("the node's certificate and key cannot be read", detail=str(error))
            raise NodeIsNoMember("it cannot be read") from error
        return key
