"""The contract ``receivables``.

free ── pledge ──► pledged ── release ──► free
  │                   │  └─ transfer ──► pledged, to another bank
  └── discharge ──────┴────── discharge ──► discharged, for good
"""

from adapters.permissioned.ledger.contracts.interface import (
    Collection,
    Context,
    Contract,
    Page,
    Refused,
    ServiceContext,
    View,
    query,
    replace,
    service,
    transaction,
)

from .errors import (
    AlreadyFinanced,
    AlreadyRegistered,
    NearDuplicatesPledged,
    NotTheHolder,
    TooManyNearDuplicates,
)
from .identity import Receivable, identify
from .records import (
    MAX_ACKNOWLEDGED,
    ById,
    Likeness,
    Listing,
    NearDuplicate,
    Pledge,
    Registered,
    Registration,
    Standing,
    Standings,
    State,
    StatusInput,
    StatusOutput,
    Transfer,
)

WINDOW_DAYS = 30
"""Of two receivables of the same terms."""
MAX_TOLD = 32
"""Near-duplicates that a registration lists."""
MAX_CANDIDATES = 100
"""Receivables that are financed, and that may be like one by one of the indexes: more are refused."""
MAX_OTHERS = 20
"""Of those that are not financed: more are not looked at."""

_PLEDGED, _OTHER = 0, 1
"""In the indexes, what is pledged stands before what is not: whoever registers much can hide nothing."""


class ReceivablesContract(Contract, name="receivables", version=1):
    """Banks register, pledge, release, transfer and discharge; other chains ask by ``receivable-status``."""

    receivables = Collection(
        "receivables",
        Registered,
        key=("receivable_id",),
        indexes={
            "terms": lambda record: [(record.terms, _rank(record), record.day)],
            "day": lambda record: [(record.pair, record.day, _rank(record))],
            "number": lambda record: [(key, _rank(record)) for key in _numbers(record)],
            "alike": lambda record: [(record.terms, key, _rank(record)) for key in record.alike],
            "holder": lambda record: [(record.holder, record.since)] if record.holder else [],
        },
    )

    @transaction
    def register(self, ctx: Context, asked: Receivable) -> Registration:
        """Register once among all banks; near-duplicates are listed. Raises AlreadyRegistered, Refused, MembersOnly."""
        record = self._unregistered(asked, ctx.time, ctx.organisation)
        known = self.receivables.find(record.receivable_id)
        if known is not None:
            raise AlreadyRegistered(known.state.value, known.receivable_id)
        near, complete = self._near(record)
        self.receivables.add(record)
        return Registration(record.receivable_id, record.state, near, complete)

    @transaction
    def pledge(self, ctx: Context, asked: Pledge) -> Standing:
        """The caller's bank finances it, alone.

        Raises AlreadyFinanced, NearDuplicatesPledged, TooManyNearDuplicates, RecordNotFound, MembersOnly.
        """
        record = self.receivables.get(asked.receivable_id)
        if record.state is not State.FREE:
            explanation = "it is financed" if record.state is State.PLEDGED else "it is settled"
            raise AlreadyFinanced(explanation, record.receivable_id)
        pledged = self._pledged_near(record)
        missing = [each for each in pledged if each not in asked.acknowledged]
        if missing:
            raise NearDuplicatesPledged(", ".join("0x" + each.hex() for each in missing[:8]), record.receivable_id)
        return self._become(ctx, record, State.PLEDGED, ctx.organisation, pledged)

    @transaction
    def release(self, ctx: Context, asked: ById) -> Standing:
        """The holder finances it no more, and it was not paid. Raises NotTheHolder, RecordNotFound, MembersOnly."""
        return self._become(ctx, self._held(ctx, asked.receivable_id), State.FREE, "", ())

    @transaction
    def transfer(self, ctx: Context, asked: Transfer) -> Standing:
        """The holder hands the pledge to a bank that endorses the transaction, and with it what was acknowledged.

        Raises NotTheHolder, Refused, RecordNotFound, MembersOnly.
        """
        record = self._held(ctx, asked.receivable_id)
        if asked.to == record.holder:
            raise Refused("the pledge is with that organisation already")
        if asked.to not in ctx.endorsers:
            raise Refused(f"{asked.to} must endorse the transaction that hands it the pledge")
        return self._become(ctx, record, State.PLEDGED, asked.to, record.acknowledged)

    @transaction
    def discharge(self, ctx: Context, asked: ById) -> Standing:
        """It is settled. By its holder, or by who registered it where nobody finances it; nothing comes after it.

        Raises NotTheHolder, Refused, RecordNotFound, MembersOnly.
        """
        record = self.receivables.get(asked.receivable_id)
        if record.state is State.DISCHARGED:
            raise Refused("the receivable is settled already")
        if record.state is State.PLEDGED:
            self._held(ctx, asked.receivable_id)
        elif record.registered_by != ctx.organisation:
            raise Refused("nobody finances the receivable: only who registered it may discharge it")
        return self._become(ctx, record, State.DISCHARGED, "", record.acknowledged)

    @query
    def check(self, ctx: View, asked: Receivable) -> Registration:
        """What registering would give, and whether it is registered; nothing is kept of the question.

        Raises Refused.
        """
        record = self._unregistered(asked, ctx.time, "")
        known = self.receivables.find(record.receivable_id)
        near, complete = self._near(record)
        return Registration(record.receivable_id, State.UNKNOWN if known is None else known.state, near, complete)

    @query
    def status(self, ctx: View, asked: ById) -> Standing:
        """What a receivable is, as far as the caller may know. Raises RecordNotFound, MembersOnly."""
        return _standing(ctx, self.receivables.get(asked.receivable_id))

    @query
    def held(self, ctx: View, asked: Listing) -> Standings:
        """What the caller's organisation finances, in order of time. Raises MembersOnly."""
        found = self.receivables.by("holder", ctx.organisation, page=Page(asked.size, asked.token))
        return Standings(tuple(_standing(ctx, record) for record in found.records), found.next_token)

    @service("receivable-status", "Is a receivable registered on this ledger, is it financed, is it settled?")
    def receivable_status(self, _ctx: ServiceContext, asked: StatusInput) -> StatusOutput:
        """``status`` for other chains, which learn nobody's name. An unknown receivable is an answer, not an error."""
        record = self.receivables.find(asked.receivable_id)
        if record is None:
            return StatusOutput(found=False, financed=False, settled=False, status=State.UNKNOWN.value)
        return StatusOutput(
            found=True,
            financed=record.state is State.PLEDGED,
            settled=record.state is State.DISCHARGED,
            status=record.state.value,
            registered_at=record.registered_at,
            status_since=record.since,
        )

    def _unregistered(self, asked: Receivable, time: int, organisation: str) -> Registered:
        identity = identify(asked)
        return Registered(
            receivable_id=identity.receivable_id,
            pair=identity.pair,
            terms=identity.terms,
            same_number=identity.same_number,
            same_digits=identity.same_digits,
            alike=identity.alike,
            day=identity.day,
            registered_by=organisation,
            registered_at=time,
            state=State.FREE,
            since=time,
        )

    def _held(self, ctx: Context, receivable_id: bytes) -> Registered:
        """A receivable that the caller's organisation finances."""
        record = self.receivables.get(receivable_id)
        if record.state is not State.PLEDGED or record.holder != ctx.organisation:
            raise NotTheHolder(ctx.organisation, receivable_id)
        return record

    def _become(
        self, ctx: Context, record: Registered, state: State, holder: str, acknowledged: tuple[bytes, ...]
    ) -> Standing:
        changed = replace(record, state=state, since=ctx.time, holder=holder, acknowledged=acknowledged)
        self.receivables.put(changed)
        return _standing(ctx, changed)

    def _near(self, record: Registered) -> tuple[tuple[NearDuplicate, ...], bool]:
        """Near-duplicates, those that are financed first, and whether these are all."""
        pledged, all_pledged = self._candidates(record, _PLEDGED, MAX_CANDIDATES)
        others, all_others = self._candidates(record, _OTHER, MAX_OTHERS)
        alike = [(other, _likeness(record, other)) for other in (*pledged, *others)]
        found = [NearDuplicate(other.receivable_id, likeness, other.state) for other, likeness in alike if likeness]
        return tuple(found[:MAX_TOLD]), all_pledged and all_others and len(found) <= MAX_TOLD

    def _pledged_near(self, record: Registered) -> tuple[bytes, ...]:
        """All near-duplicates that are financed; raises TooManyNearDuplicates rather than to leave one out."""
        candidates, complete = self._candidates(record, _PLEDGED, MAX_CANDIDATES)
        near = tuple(other.receivable_id for other in candidates if _likeness(record, other))
        if not complete or len(near) > MAX_ACKNOWLEDGED:
            raise TooManyNearDuplicates(str(MAX_ACKNOWLEDGED), record.receivable_id)
        return near

    def _candidates(self, record: Registered, rank: int, most: int) -> tuple[tuple[Registered, ...], bool]:
        """Others that may be near-duplicates, at most ``most`` by each index; and whether these are all."""
        by, page = self.receivables.by, Page(most)
        first, last = max(record.day - WINDOW_DAYS, 0), record.day + WINDOW_DAYS
        pages = (
            by("terms", record.terms, rank, first=first, last=last, page=page),
            by("day", record.pair, record.day, rank, page=page),
            *(by("number", key, rank, page=page) for key in _numbers(record)),
            *(by("alike", record.terms, key, rank, page=page) for key in record.alike),
        )
        found = {other.receivable_id: other for each in pages for other in each.records}
        others = tuple(found[each] for each in sorted(found) if each != record.receivable_id)
        return others, not any(each.next_token for each in pages)


def _rank(record: Registered) -> int:
    return _PLEDGED if record.state is State.PLEDGED else _OTHER


def _numbers(record: Registered) -> tuple[bytes, ...]:
    return (record.same_number, record.same_digits) if record.same_digits else (record.same_number,)


def _likeness(one: Registered, other: Registered) -> Likeness | None:
    """Why two receivables are near-duplicates; None where they are not. Their seller and their buyer are the same."""
    is_near = abs(one.day - other.day) <= WINDOW_DAYS
    is_similar = any(key in other.alike for key in one.alike)
    if one.same_number == other.same_number:
        return Likeness.SAME_NUMBER
    if one.same_digits and one.same_digits == other.same_digits:
        return Likeness.SAME_DIGITS
    if one.terms == other.terms and is_near:
        return Likeness.SAME_TERMS
    if is_similar and (one.terms == other.terms or one.day == other.day):
        return Likeness.SIMILAR_NUMBER
    return None


def _standing(ctx: View, record: Registered) -> Standing:
    """What the caller may know of it."""
    member = ctx.member
    is_auditor = member.role.value == "auditor"
    is_holder = is_auditor or (record.holder != "" and member.organisation == record.holder)
    is_registrar = is_auditor or member.organisation == record.registered_by
    return Standing(
        receivable_id=record.receivable_id,
        state=record.state,
        registered_at=record.registered_at,
        since=record.since,
        holder=record.holder if is_holder else "",
        registered_by=record.registered_by if is_registrar else "",
        acknowledged=record.acknowledged if is_holder else (),
    )
