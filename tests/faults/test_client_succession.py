"""A chain's client of the hub is frozen and gives way to another while a relayer runs: packets of before and after get
through, in both directions. The validator's key is the test's; chain, hub, relayer and command are real.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from eth_abi.abi import encode

from adapters.evm.contract import Contract
from adapters.evm.delivery import header
from adapters.evm.words import bytes_of
from console.chains import find_evm_chain, write_chain
from console.client_at_chain import Lifetimes, Replacing, replacing_at
from console.devnet.processes import ROOT
from console.exits import Misused, Refused
from console.home import NodeHome
from console.keystore import DEVNET_SCRYPT_ROUNDS
from hub.answers import RequestState
from hub.clients.checkpoint import Checkpoint
from hub.clients.quorum import SignedCheckpoint
from hub.events import ServiceCalled
from hub.messages import CallService, CancelDomainChange, ProposeValidatorSet, StoreRotationCheckpoint
from hub.proofs.eip712 import EvmDomain
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.signatures import address_of
from hub.quantities import Address, Hash, Seconds, UnixSeconds
from relayers.run import Relayer
from tests.anvil_chain import account
from tests.e2e.network import ABI, FEE, SETUP, Network, running_network, until
from tests.e2e.node import OPERATOR_KEY, VALIDATOR_KEY

DELAY_S = 20
"""More than a command takes on a busy machine."""


class Operator:
    """The command, with a home that knows the network: the operator's key, and that of the chain's admin."""

    def __init__(self, folder: Path, network: Network) -> None:
        self.home = NodeHome(folder)
        keys = self.home.keystore
        keys.add("operator", OPERATOR_KEY, "secret", DEVNET_SCRYPT_ROUNDS)
        keys.add("deployer", bytes(account(SETUP).key), "secret", DEVNET_SCRYPT_ROUNDS)
        self.home.password_file.write_text("secret")
        self.home.config_file.write_text(
            '[tls]\nenabled = false\n[keys]\npassword_file = "keys/password"\n'
            f'[client]\nhub = "{network.node.target}"\n'
        )
        write_chain(self.home, network.a.chain)

    async def run(self, *words: str, code: int = 0) -> Any:
        """The command's JSON, of its error where it ends with ``code``."""
        command = ("client", "replace-at-chain", "a", "--payer", "deployer", *words)
        process = await asyncio.create_subprocess_exec(
            ROOT / "ichub", *command, "--json", "--home", str(self.home.path),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode == code, f"{words}: {process.returncode}\n{out.decode()}\n{err.decode()}"
        return json.loads(out if code == 0 else err)


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    async with running_network(tmp_path / "network", "a", replacement_delay=DELAY_S) as running:
        yield running


async def freeze(network: Network) -> None:
    """Show the chain's client two blocks of one height, both signed by the hub's validator."""
    true = (await network.hub.checkpoint(network.a.client)).checkpoint
    other = msgspec.structs.replace(true, block_hash=Hash(b"\x66" * 32))
    client = Contract(network.a.endpoints, "QuorumClient", Address(bytes_of(network.a.chain.quorum_client.lower())))
    await network.a.workshop.call(client, "submitMisbehaviour", evidence(network, true), evidence(network, other))


def evidence(network: Network, shown: Checkpoint) -> bytes:
    """A checkpoint and for whom it was signed, as contracts/README.md writes it."""
    chain_id, contract = network.a.chain.chain_id, Address(Address(bytes_of(network.a.chain.quorum_client.lower())))
    validators = SignerSet.of_equals(1, [address_of(VALIDATOR_KEY)])
    signature = sign_quorum(
        validators, {address_of(VALIDATOR_KEY): VALIDATOR_KEY}, shown.digest(EvmDomain(chain_id, contract))
    )
    names = [bytes([len(name)]) + name.encode() for name in (shown.source_client, shown.destination_client)]
    head = header(SignedCheckpoint(shown, signature), validators.hash())
    return b"\x00" + chain_id.to_bytes(32, "big") + contract + b"".join(names) + head


async def ask_the_chain(network: Network, text: str) -> bytes:
    """A call from the operator's hub account to the contract on the chain; the request's identifier."""
    deadline = UnixSeconds((await network.hub.status()).time + 200)
    data = encode(["string"], [text])
    message = CallService(network.a.service, network.a.client, network.a.provider, ABI, data, FEE, deadline)
    receipt = await network.hub.submit([message], network.operator)
    return next(record.event.request_id for record in receipt.events if isinstance(record.event, ServiceCalled))


async def answered(network: Network, request_id: bytes) -> bool:
    found = await network.hub.request(request_id)
    return found.state is not RequestState.PENDING


async def told(relayer: Relayer, what: str) -> bool:
    return any(what in fault for fault in relayer.health().values())


async def test_a_frozen_client_gives_way_to_another_and_packets_flow_both_ways(
    network: Network, tmp_path: Path
) -> None:
    operator, a = Operator(tmp_path / "home", network), network.a
    async with network.relayer() as relayer:
        call = await a.greet(a.service, "before")
        assert await until(lambda: a.answer(call)) == "before"
        assert (await operator.run())["changed"] is False  # it is active: nothing is to be done
        await freeze(network)
        sent_while_frozen = await ask_the_chain(network, "while frozen")
        await until(lambda: told(relayer, "client of the hub is frozen"))

        begun = await operator.run()
        assert "for the router until" in begun["waits"]
        assert "for the hub until" in begun["waits"]
        assert (await network.hub.client(a.client)).client_contract == bytes_of(a.chain.quorum_client.lower())
        done = await operator.run("--wait")
        assert (done["waits"], done["quorum_client"]) == ("", begun["next_quorum_client"])
        assert find_evm_chain(operator.home, "a").quorum_client == done["quorum_client"]
        info = await network.hub.client(a.client)
        assert (info.client_contract, info.scheduled_domain) == (bytes_of(done["quorum_client"].lower()), None)

        await until(lambda: answered(network, sent_while_frozen))
        assert (await network.hub.request(sent_while_frozen)).code == 200
        after = await a.greet(a.service, "after")
        assert await until(lambda: a.answer(after)) == "after"
        asked_after = await ask_the_chain(network, "after")
        await until(lambda: answered(network, asked_after))
        assert (await network.hub.request(asked_after)).code == 200
    assert (await operator.run("--cancel", code=1))["error"]["reason"] == "REPLACEMENT_NOT_SCHEDULED"
    assert (await operator.run("--cancel", "--wait", code=2))["error"]["reason"] == "MISUSED"


@asynccontextmanager
async def replacing(network: Network) -> AsyncIterator[Replacing]:
    key = bytes(account(SETUP).key)
    async with replacing_at(network.a.chain, network.hub, network.operator, key, print) as found:
        yield found


async def test_what_one_end_lost_is_mended_and_what_was_announced_taken_back_at_both(network: Network) -> None:
    async with replacing(network) as work:
        begun = await work.go_on(anew=True, wait=False, lifetimes=Lifetimes(trusting_period=Seconds(5000)))
        await network.hub.submit([CancelDomainChange(network.a.client)], network.operator)
        mended = await work.go_on(anew=False, wait=False, lifetimes=Lifetimes())
        assert (mended["changed"], mended["next_quorum_client"]) == (True, begun["next_quorum_client"])
        again = await work.go_on(anew=True, wait=False, lifetimes=Lifetimes())
        assert (again["changed"], again["next_quorum_client"]) == (False, begun["next_quorum_client"])
        standing = await work.standing()
        assert (standing.router.proposed, standing.scheduled) == (standing.scheduled, standing.router.proposed)
        taken_back = await work.cancel()
        assert (taken_back["next_quorum_client"], taken_back["quorum_client"]) == ("", network.a.chain.quorum_client)
        assert not (await work.standing()).pending
        with pytest.raises(Refused):
            await work.cancel()
        with pytest.raises(Misused, match="would expire before it may take over"):
            await work.go_on(anew=True, wait=False, lifetimes=Lifetimes(trusting_period=Seconds(DELAY_S)))
        assert not (await work.standing()).pending


async def test_a_client_that_a_rotation_left_behind_while_it_waited_is_replaced_by_another(network: Network) -> None:
    """Where the hub does not know of it: else the rotation waits."""
    a, as_now = network.a, Lifetimes()
    async with replacing(network) as work:
        begun = await work.go_on(anew=True, wait=False, lifetimes=as_now)
        await network.hub.submit([CancelDomainChange(a.client)], network.operator)
        await network.hub.submit([ProposeValidatorSet(((address_of(VALIDATOR_KEY), 2),))], network.operator)
        signed = await network.hub.checkpoint(a.client)
        await network.hub.submit([StoreRotationCheckpoint(a.client, signed)], network.operator)
        done = await work.go_on(anew=False, wait=True, lifetimes=as_now)
    assert done["quorum_client"] not in (begun["next_quorum_client"], begun["quorum_client"])
    async with network.relayer():
        call = await a.greet(a.service, "by the next set")
        assert await until(lambda: a.answer(call)) == "by the next set"


async def test_an_expired_client_gives_way_to_another(tmp_path: Path) -> None:
    async with running_network(tmp_path, "a", replacement_delay=3) as network:
        async with replacing(network) as work:
            short = await work.go_on(anew=True, wait=True, lifetimes=Lifetimes(trusting_period=Seconds(30)))
            await network.a.anvil.rpc("evm_increaseTime", 40)  # less than the clocks' drift that both ends allow
            await network.a.anvil.mine()
            done = await work.go_on(anew=False, wait=True, lifetimes=Lifetimes(trusting_period=Seconds(3600)))
        assert done["quorum_client"] not in (short["quorum_client"], network.a.chain.quorum_client)
        former = (await network.hub.client(network.a.client)).former_domains
        gone = [bytes_of(str(contract).lower()) for contract in (network.a.chain.quorum_client, short["quorum_client"])]
        assert [one.client_contract for one in former] == gone
        async with network.relayer():
            call = await network.a.greet(network.a.service, "after both")
            assert await until(lambda: network.a.answer(call)) == "after both"
