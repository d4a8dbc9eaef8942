"""Chains whose validators, or attestors, sign two histories: their clients freeze, prove nothing while they are, and
begin anew.
"""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from hub import messages as m
from hub.block import ResultCode, TransactionResult
from hub.clients.base import ClientStatus
from hub.messages import AnyMessage
from tests.properties.hub_knowledge import Knowledge
from tests.unit.attested_ledger import AttestedLedger
from tests.unit.hub_chain import OPERATOR, PARAMETERS, RELAYER, kept
from tests.unit.ledger_chain import Ledger


class Succession(Knowledge):
    """What is sent to the hub, and whom the hub believes meanwhile."""

    sent_messages: list[AnyMessage]

    @rule(ledger=st.sampled_from(("a", "b")))
    def two_histories_are_signed(self, ledger: str) -> None:
        chain = self.a if ledger == "a" else self.b
        was_frozen = chain in self._frozen()
        result = self._send(chain.misbehaviour())
        assert result.code is (ResultCode.NO_OP if was_frozen else ResultCode.OK)
        assert chain in self._frozen()

    @precondition(lambda self: self._frozen())
    @rule()
    def operator_replaces(self) -> None:
        for chain in self._frozen():
            self._replace(chain)

    def _begin_anew(self) -> None:
        """Both clients freeze, unless they have, and are replaced."""
        for ledger in ("a", "b"):
            self.two_histories_are_signed(ledger)
        while self._frozen():
            self.operator_replaces()
            self.hub.block(advance=PARAMETERS.replacement_delay)

    def _replace(self, chain: Ledger) -> None:
        """Announce that the client begins anew, or have it do so once that is ripe: an operator may, nobody else."""
        ripe_at = self.hub.app.clients.replacement(self.hub.state, chain.client)
        message = chain.replacement() if ripe_at is None else m.ApplyClientReplacement(chain.client)
        assert self._try(RELAYER, message).reason == "ROLE_MISSING"
        result = self._try(OPERATOR, message)
        if ripe_at is not None and self.hub.now < ripe_at:
            assert result.reason == "REPLACEMENT_NOT_RIPE"
            return
        assert result.code is ResultCode.OK
        assert (chain in self._frozen()) == (ripe_at is None)
        if ripe_at is not None:
            chain.begin_anew()
            self._replay_packets(chain)

    def _replay_packets(self, chain: Ledger) -> None:
        """All that was ever sent of its packets: what the former client had taken in is not taken in again; and nothing
        at all is, where those who sign begin in a later epoch.
        """
        for message in self.sent_messages:
            match message:
                case m.ReceivePackets() | m.AcknowledgePackets() | m.TimeOutPackets() if message.client == chain.client:
                    result = self._try(RELAYER, message)
                    assert result.code is not ResultCode.OK or not isinstance(chain, AttestedLedger)

    def _frozen(self) -> list[Ledger]:
        clients, state = self.hub.app.clients, self.hub.state
        return [c for c in (self.a, self.b) if clients.status(state, c.client, self.hub.now) is ClientStatus.FROZEN]

    def _send(self, message: AnyMessage, honest: bool = False) -> TransactionResult:
        self.sent_messages.append(message)
        frozen = getattr(message, "client", None) in {chain.client for chain in self._frozen()}
        result = self._try(RELAYER, message)
        assert not (frozen and result.code is ResultCode.OK)
        if honest:
            allowed = {"TIMEOUT_ELAPSED"} | ({"CLIENT_IS_FROZEN"} if frozen else set())
            assert result.code is not ResultCode.REFUSED or result.reason in allowed, result.text
        return result

    def _try(self, who: int, message: AnyMessage) -> TransactionResult:
        """One transaction in a block of its own; a refusal or a no-op must leave everything but the nonce as it was."""
        before = kept(self.hub.state)
        result = self.hub.try_(who, message, advance=0)
        self._take_note()
        if result.code is not ResultCode.OK:
            assert not result.events
            assert kept(self.hub.state) == before
        return result
