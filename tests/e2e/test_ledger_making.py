"""The commands that make a ledger, before any node of it runs."""

from pathlib import Path

from adapters.permissioned.ledger.identities import MemberRole, member_name
from console.ledger_home import LedgerHome
from tests.e2e.command import Done
from tests.e2e.ledger_person import Typing


def test_a_ledger_s_threshold_is_chosen_when_it_is_made(tmp_path: Path) -> None:
    for number, nonsense in enumerate(
        ("2", "2/0", "1/3", "3/3", "4/3", "-1/2", "x/y", "1/2/3", "0.5", "9" * 20 + "/3")
    ):
        home = tmp_path / str(number)
        refused = Typing(home).run("init", "--organisation", "bank-a", "--devnet", f"--threshold={nonsense}")
        assert (refused.returncode, "is no threshold" in refused.stderr) == (2, True), refused.stderr
        assert not home.exists()
    for words, chosen in (((), (1, 2)), (("--threshold", "2/3"), (2, 3))):
        home = tmp_path / f"of {chosen[1]}"
        Typing(home).type("init", "--organisation", "bank-a", "--devnet", *words)
        parameters = LedgerHome(home).genesis().parameters
        assert (parameters.votes_numerator, parameters.votes_denominator) == chosen


def test_another_node_s_validator_proves_its_key_for_the_genesis(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret")
    there, proof, other = LedgerHome(tmp_path / "customs"), tmp_path / "node.json", tmp_path / "other.json"
    customs = there.organisation("customs")
    customs.make_authority()
    prove = ("validators", "prove", "validator", "--as", "customs/node", "--password-file", str(password))
    told = Typing(there.path).type(*prove, "--chain-id", "trade-7", "--out", str(proof))
    assert Typing(there.path).type(*prove, "--chain-id", "x", "--out", str(other))["address"] == told["address"]
    customs.certify(member_name("clerk"), MemberRole.MEMBER)
    clerk = Typing(there.path).run(*prove[:4], "customs/clerk", *prove[5:], "--chain-id", "x", "--out", str(other))
    assert (clerk.returncode, "only a validator's" in clerk.stderr) == (2, True), clerk.stderr

    def init(number: int, validator: str) -> Done:
        own = tmp_path / f"home {number}"
        organisations = ("--organisation", "bank-a", "--organisation", f"customs={customs.authority}")
        return Typing(own).run("init", *organisations, "--chain-id", "trade-7", "--devnet", "--validator", validator)

    for number, (validator, code, said) in enumerate(
        (
            (str(other), 2, "does not prove a validator of trade-7"),  # but of another ledger
            (str(tmp_path / "none.json"), 2, "validators prove"),
            (str(password), 2, "does not prove a validator"),
        )
    ):
        refused = init(number, validator)
        assert (refused.returncode, said in refused.stderr) == (code, True), refused.stderr
    done = init(4, f"{proof}=2")
    assert done.returncode == 0, done.stderr
    validators = LedgerHome(tmp_path / "home 4").genesis().validators
    assert {(f"{one.subject.organisation}/{one.subject.name}", one.power) for one in validators} == {
        ("bank-a/node", 1),
        ("customs/node", 2),
    }
