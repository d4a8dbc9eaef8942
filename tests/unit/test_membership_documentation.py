"""docs/members.md says what is so: its commands make certificates that are enrolled, its numbers are the code's."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.permissioned.ledger.governance.proposals import LEAST_OPEN, MAX_ACTION_BYTES, MAX_OPEN, MOST_OPEN
from adapters.permissioned.ledger.membership import organisations, registry
from adapters.permissioned.ledger.membership.certificates import (
    MAX_CERTIFICATE_BYTES,
    SERIAL_BYTES,
    read_authority,
    read_member,
)
from adapters.permissioned.ledger.membership.paths import MAX_INTERMEDIATES
from adapters.permissioned.ledger.membership.revocation import MAX_LIST_BYTES, MAX_REVOKED
from hub.quantities import Height
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context

PAGE = (Path(__file__).parents[2] / "docs/members.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the page's certificates")
def test_the_certificates_of_the_page_are_enrolled(tmp_path: Path) -> None:
    (script,) = re.findall(r"<!-- run: certificates -->\n```sh\n(.*?)```", PAGE, re.DOTALL)
    subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    authority, ann = (
        x509.load_pem_x509_certificate((tmp_path / name).read_bytes()).public_bytes(Encoding.DER)
        for name in ("ca.pem", "ann.pem")
    )
    ctx = Context(Branch(MemoryState()), Height(1), read_authority(authority).valid_from)
    organisations.add_organisation(ctx, "bank-a", "Bank A")
    organisations.add_authority(ctx, "bank-a", authority)
    ctx.time = read_member(ann)[0].valid_from
    assert registry.enrol(ctx, ann).member == "bank-a/ann"


def test_the_numbers_of_the_page_are_the_code_s() -> None:
    assert MAX_CERTIFICATE_BYTES == 8 * 1024
    assert SERIAL_BYTES == 20
    assert MAX_INTERMEDIATES == 3
    assert f"at most {MAX_REVOKED} entries and {MAX_LIST_BYTES // 1024} KiB" in PAGE
    assert f"at most {MAX_OPEN} open proposals; an action at most {MAX_ACTION_BYTES // 1024} KiB" in PAGE
    assert (LEAST_OPEN, MOST_OPEN) == (60, 90 * 24 * 3600)
