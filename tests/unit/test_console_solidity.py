"""Compiling one's own Solidity: imports are found, and errors are the compiler's own words."""

from pathlib import Path

import pytest

from console.commands.devnet import constructor_arguments
from console.exits import Misused, Refused
from console.solidity import Compiled, compile_file

GATEWAY = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
HEAD = "// SPDX-License-Identifier: Apache-2.0\npragma solidity ^0.8.30;\n"


def test_imports_of_ours_of_libraries_and_of_neighbours_are_found(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "Base.sol").write_text(HEAD + 'import "./Deeper.sol"; abstract contract Base is Deeper {}')
    (tmp_path / "lib" / "Deeper.sol").write_text(HEAD + "abstract contract Deeper { uint256 public x; }")
    file = tmp_path / "Mine.sol"
    file.write_text(
        HEAD
        + 'import {IServiceGateway} from "@interchain/interfaces/IServiceGateway.sol";\n'
        + 'import "interchain/interfaces/IServiceGateway.sol";\n'
        + 'import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";\n'
        + 'import {Base} from "./lib/Base.sol";\n'
        + "interface Other {}\n"
        + "contract First {}\n"
        + "contract Mine is Base, Ownable { constructor(IServiceGateway gateway) Ownable(address(gateway)) {} }\n"
    )
    assert compile_file(file).name == "Mine"
    assert compile_file(file, "First").name == "First"
    assert [parameter["name"] for parameter in compile_file(file).constructor] == ["gateway"]
    with pytest.raises(Misused, match="no contract 'Other'"):
        compile_file(file, "Other")


def test_an_error_is_the_compilers(tmp_path: Path) -> None:
    file = tmp_path / "Bad.sol"
    file.write_text(HEAD + "contract Bad { uint256 x = true; }")
    with pytest.raises(Refused, match=r"Bad\.sol:3"):
        compile_file(file)


def test_a_missing_import_is_named(tmp_path: Path) -> None:
    file = tmp_path / "Bad.sol"
    file.write_text(HEAD + 'import "./Nowhere.sol"; contract Bad {}')
    with pytest.raises(Misused, match=r"Nowhere\.sol cannot be read"):
        compile_file(file)


def test_a_file_of_interfaces_cannot_be_deployed(tmp_path: Path) -> None:
    file = tmp_path / "Only.sol"
    file.write_text(HEAD + "interface Only {}")
    with pytest.raises(Misused, match="no contract that can be deployed"):
        compile_file(file)


def _taking(*parameters: tuple[str, str]) -> Compiled:
    inputs = [{"type": kind, "name": name} for kind, name in parameters]
    return Compiled("Mine", [{"type": "constructor", "inputs": inputs}], b"\x00")


def test_a_gateway_is_filled_in_where_it_is_left_out() -> None:
    compiled = _taking(("uint256", "limit"), ("address", "_gateway"), ("bool", "open"))
    assert constructor_arguments(compiled, ["0x10", "true"], GATEWAY) == [16, GATEWAY, True]
    other = "0x" + "11" * 20
    assert constructor_arguments(compiled, ["5", other, "false"], GATEWAY) == [5, other, False]


@pytest.mark.parametrize(
    ("parameters", "given", "said"),
    [
        ([("uint256", "x")], [], "takes uint256 x; 0 arguments"),
        ([], ["5"], "takes nothing; 1 arguments"),
        ([("uint256", "x")], ["five"], "no uint256"),
        ([("bool", "x")], ["yes"], "no bool"),
        ([("address", "x")], ["0x12"], "no address"),
        ([("uint256[]", "x")], ["[1]"], "cannot be served"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(parameters: list[tuple[str, str]], given: list[str], said: str) -> None:
    with pytest.raises(Misused, match=said):
        constructor_arguments(_taking(*parameters), given, GATEWAY)
