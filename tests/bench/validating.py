"""Certificates that nobody has seen before, read and their paths validated, as at each member's first connection.

The authorities are known, as on any node that runs: what is read anew is the member's certificate. On its path stands
an intermediate; two signatures are verified twice, once by our own walk up the path and once by the library's verifier.
"""

import time
from statistics import median

from adapters.permissioned.ledger.membership.certificates import read_authority, read_member
from adapters.permissioned.ledger.membership.paths import validate_path
from tests.bench.figures import Measured
from tests.bench.members import ISSUING, ORGANISATIONS, ROOTS
from tests.bench.own_process import in_own_process
from tests.bench.showing import Screen, percentile
from tests.unit.certificate_workshop import NOW, leaf

CERTIFICATES = 400
WARMING = 20


def run(screen: Screen) -> dict[str, Measured]:
    """The figure of membership."""
    with screen.step(f"ledger.verify_chain: {CERTIFICATES} certificates"):
        each = in_own_process(validate)
    note = f"p99 {percentile(each, 0.99):,.0f}"
    return {"ledger.verify_chain_us": Measured(median(each), len(each), note)}


def validate() -> list[float]:
    """Microseconds for each certificate."""
    name = ORGANISATIONS[0]
    root, issuing = read_authority(ROOTS[name].der), read_authority(ISSUING[name].der)
    ders = [leaf(ISSUING[name], name, f"new-{number}").signed().der for number in range(WARMING + CERTIFICATES)]
    took = []
    for der in ders:
        began = time.perf_counter()
        certificate, _ = read_member(der)
        path = validate_path(certificate, (root,), (issuing,), name, NOW)
        took.append((time.perf_counter() - began) * 1e6)
        if len(path) != len((certificate, issuing, root)):
            raise RuntimeError("another path")
    return took[WARMING:]
