"""A hub that serves only clients with a certificate: commands and relayers that were made beside it are let in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.certificates import make_certificates
from console.commands.init import HomePlan, make_home
from console.config import ConfigValues
from console.home import NodeHome
from console.members import make_relayer
from console.node import node_config
from console.session import hub_of
from hub.client import HubClient
from hub.node import running_node
from hub.quantities import Amount
from hub.rpc.errors import HubUnreachable
from relayers.config import load_relayer_config
from relayers.fields import KeyPair
from relayers.run import connect


@pytest.fixture
async def mutual(tmp_path: Path) -> AsyncIterator[tuple[NodeHome, str]]:
    """A home whose node runs and requires certificates, and where it listens."""
    home = NodeHome(tmp_path / "hub")
    values = ConfigValues(listen="127.0.0.1:0", metrics="")
    make_home(home, HomePlan("hub-tls", devnet=True, hosts=["localhost"], values=values, supply=Amount(10)), "password")
    text = home.config_file.read_text()
    home.config_file.write_text(text.replace("require_client_certificate = false", "require_client_certificate = true"))
    async with running_node(node_config(home), None) as node:
        yield home, f"localhost:{node.port}"


async def test_a_command_shows_the_home_s_client_certificate(mutual: tuple[NodeHome, str]) -> None:
    home, target = mutual
    async with hub_of(home, target) as hub:
        assert (await hub.status()).chain_id == "hub-tls"
    with pytest.raises(HubUnreachable):
        await HubClient.connect(target, root_certificate=home.tls / "ca.pem", timeout_seconds=5)


async def test_a_relayer_shows_the_certificate_that_its_file_names(
    mutual: tuple[NodeHome, str], tmp_path: Path
) -> None:
    home, target = mutual
    path = make_relayer(tmp_path / "relayer", "127.0.0.1:0", target, home.tls / "ca.pem")
    config = load_relayer_config(path)
    hub = await connect(config.hub)
    assert (await hub.status()).chain_id == "hub-tls"
    await hub.close()
    strangers = make_certificates(tmp_path / "strangers", ["localhost"])
    for identity in (None, KeyPair(strangers.client, strangers.client_key)):
        with pytest.raises(HubUnreachable):
            await connect(replace(config.hub, identity=identity))
