"""EIP-1559 fees: what to offer at first, and how to raise an offer that nobody takes."""

from dataclasses import dataclass

from adapters.errors import CallRefused
from adapters.evm.endpoints import Endpoint
from adapters.evm.finality import block_header

_GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Fees:
    """An offer, in wei a unit of gas."""

    max_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """``ceiling_wei`` is never passed: then a transaction waits for the market to come down. ``bump_percent`` must
    satisfy the nodes' replacement rule (geth: 10).
    """

    ceiling_wei: int = 500 * _GWEI
    least_priority_wei: int = _GWEI // 10
    bump_percent: int = 25

    async def offer(self, endpoint: Endpoint) -> Fees:
        """Twice the base fee and the node's tip: good for six full blocks. Raises EndpointFault."""
        base = (await block_header(endpoint, "latest")).base_fee_wei
        try:
            tip = await endpoint.quantity("eth_maxPriorityFeePerGas")
        except CallRefused:
            tip = self.least_priority_wei
        tip = min(max(tip, self.least_priority_wei), self.ceiling_wei)
        return Fees(min(base * 2 + tip, self.ceiling_wei), tip)

    def bump(self, offered: Fees, market: Fees) -> Fees | None:
        """A higher offer for the same nonce, at least the market's; None where the ceiling allows no replacement."""
        least = Fees(
            _raised(offered.max_fee_wei, self.bump_percent), _raised(offered.priority_fee_wei, self.bump_percent)
        )
        if least.max_fee_wei > self.ceiling_wei:
            return None
        max_fee = min(max(least.max_fee_wei, market.max_fee_wei), self.ceiling_wei)
        return Fees(max_fee, min(max(least.priority_fee_wei, market.priority_fee_wei), max_fee))


def _raised(wei: int, percent: int) -> int:
    return wei + -(-wei * percent // 100)
