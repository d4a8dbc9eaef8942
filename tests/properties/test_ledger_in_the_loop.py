"""Section 8 of the design with a permissioned ledger in the loop: whatever is done in whatever order."""

from hypothesis import HealthCheck, settings

from tests.properties.ledger_machine import LedgerMachine

TestLedgerInTheLoop = LedgerMachine.TestCase
TestLedgerInTheLoop.settings = settings(
    max_examples=40, stateful_step_count=40, suppress_health_check=list(HealthCheck)
)
