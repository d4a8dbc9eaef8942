"""Section 8 of the design: what must always hold, whatever relayers, consumers and providers do, in whatever order."""

from hypothesis import HealthCheck, settings

from tests.properties.hub_machine import HubMachine

TestHub = HubMachine.TestCase
TestHub.settings = settings(max_examples=40, stateful_step_count=40, suppress_health_check=list(HealthCheck))
