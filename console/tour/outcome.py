"""What a step of the tour comes to."""

import msgspec


class StepFailed(Exception):
    """What the step shows does not hold; the text says what was found."""


class Outcome(msgspec.Struct, frozen=True):
    """One step, as it stands in build/tour.json."""

    name: str
    ok: bool
    seconds: float
    detail: str


def require(holds: bool, found: str) -> None:
    """Raises StepFailed with what was found, where it does not hold."""
    if not holds:
        raise StepFailed(found)
