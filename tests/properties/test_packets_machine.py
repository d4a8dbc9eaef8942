"""Section 8 of the design: what must always hold, whatever relayers, consumers and providers do, in whatever order."""

from hypothesis import HealthCheck, settings

from tests.properties.hub_machine import AttestedHubMachine, HubMachine

SETTINGS = settings(max_examples=20, stateful_step_count=40, suppress_health_check=list(HealthCheck))

TestHub = HubMachine.TestCase
TestHub.settings = SETTINGS
TestHubOfEvmChains = AttestedHubMachine.TestCase
TestHubOfEvmChains.settings = SETTINGS
