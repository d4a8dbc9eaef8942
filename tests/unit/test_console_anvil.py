"""A real Anvil under the supervisor: it starts, makes final blocks, stands still and comes back."""

from pathlib import Path

from console.devnet.anvil import anvil_command, is_ready, rpc, url_of
from console.devnet.ports import Ports, is_free
from console.devnet.processes import Supervisor


def _free_port() -> int:
    return next(base for base in range(21000, 60000, 137) if is_free(Ports.from_base(base).chain_a))


def test_a_chain_stands_still_and_comes_back_with_its_state(tmp_path: Path) -> None:
    port = _free_port()
    supervisor = Supervisor(tmp_path)
    try:
        supervisor.start("chain", anvil_command(port, 4711))
        supervisor.wait_until("the chain is ready", lambda: is_ready(url_of(port), 4711))
        assert not is_ready(url_of(port), 4712)
        accounts = rpc(url_of(port), "eth_accounts")
        assert len(accounts) == 20
        supervisor.suspend("chain")
        supervisor.wait_until("the chain answers no more", lambda: not is_ready(url_of(port), 4711))
        supervisor.resume("chain")
        supervisor.wait_until("the chain moves", lambda: is_ready(url_of(port), 4711))
        height = int(rpc(url_of(port), "eth_blockNumber"), 16)
        supervisor.wait_until("a block", lambda: int(rpc(url_of(port), "eth_blockNumber"), 16) > height)
    finally:
        supervisor.stop_all()
    assert is_free(port)
