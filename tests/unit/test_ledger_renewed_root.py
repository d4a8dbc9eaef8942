"""An authority's certificate was renewed: who is enrolled under the one of before enrols again, and goes on."""

import pytest

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger.identities import OrganisationId
from adapters.permissioned.ledger.membership.errors import CertificateExpired
from adapters.permissioned.ledger.messages import InvokeContract
from adapters.permissioned.ledger.publishing import publish_revocation_list
from hub.ibc.identifiers import ClientId
from hub.quantities import Height
from relayers.config import LedgerTarget
from relayers.fields import KeyPair
from relayers.ledger_chain import _enrol
from tests.unit import certificate_workshop as workshop
from tests.unit.certificate_workshop import DAY
from tests.unit.ledger_node_world import LedgerNodeWorld, chiefs, decide, fresh, key_pem, pem, serving

A, B = OrganisationId("bank-a"), OrganisationId("bank-b")

pytest_plugins = ("tests.unit.ledger_fixtures",)


async def test_a_node_and_a_relayer_enrol_again_by_themselves(world: LedgerNodeWorld) -> None:
    now = world.clock.now()
    short = fresh(workshop.root("bank-b second"), not_after=now + DAY).signed()
    itself = serving(fresh(workshop.leaf(short, "bank-b", "node", "validator"))).signed()
    world.tls.certificate.write_bytes(pem(itself))
    world.tls.key.write_bytes(key_pem(itself))
    world.authorities.write_bytes(world.authorities.read_bytes() + pem(short))
    world.issue("bank-b/carrier", by=(short,))

    async def publish(number: int) -> None:
        crl = workshop.revocations(world.roots[A], number)
        data = crl.with_(this_update=now - 60, next_update=now + 9 * DAY).signed()
        certificate, key = world.files("bank-b/carrier")
        target = f"localhost:{node.port}"
        await publish_revocation_list(target, data, authorities=world.authorities, certificate=certificate, key=key)

    async with world.running() as node:
        by = await chiefs(world, node)
        await decide(by, a.AddAuthority(B, short.der))
        await publish(1)
        async with await world.connect(node, "bank-b/carrier") as carrier:
            target = LedgerTarget(
                "trade",
                ClientId("quorum-0"),
                carrier.target,
                world.authorities,
                KeyPair(*world.files("bank-b/carrier")),
                Height(1),
                1.0,
            )
            await _enrol(target, carrier)
            await _enrol(target, carrier)
            assert (await carrier.whoami()).nonce == 1  # once
            world.later(2 * DAY)
            await by["bank-a"].request_block()
            with pytest.raises(CertificateExpired):
                await carrier.status()
            await decide(by, a.AddAuthority(B, fresh(workshop.root("bank-b second")).signed().der))
            await _enrol(target, carrier)
            await carrier.submit([InvokeContract("board", "pin", b'{"name":"tide","text":"high"}')])
            assert (await carrier.whoami()).nonce == 3
            await publish(2)
            assert (await carrier.member_info(B, "node")).nonce == 4  # two enrolments, two lists
        for chief in by.values():
            await chief.close()
