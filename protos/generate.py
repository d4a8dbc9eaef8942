"""Generate the Python of the protos beside them, and guard the released API.

python protos/generate.py              write
python protos/generate.py --check      compare with what is committed, change nothing, exit 1 on drift
python protos/generate.py --breaking   exit 1 where the API breaks clients of the released one (released.binpb)
python protos/generate.py --release    the API as it stands is the released one from now on
"""

import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

HERE = Path(__file__).resolve().parent
BUF = HERE.parent / "node_modules" / ".bin" / "buf"
RELEASED = HERE / "released.binpb"
SUFFIXES = ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "_pb2_grpc.pyi")


def generate(out: Path) -> None:
    """Write all generated files under ``out``."""
    sources = sorted(str(path.relative_to(HERE)) for path in HERE.glob("interchain/**/*.proto"))
    arguments = [
        "protoc",
        f"--proto_path={HERE}",
        f"--proto_path={files('grpc_tools') / '_proto'}",
        f"--plugin=protoc-gen-mypy={Path(sys.executable).parent / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={Path(sys.executable).parent / 'protoc-gen-mypy_grpc'}",
        f"--python_out={out}",
        f"--grpc_python_out={out}",
        f"--mypy_out=quiet:{out}",
        f"--mypy_grpc_out=quiet:{out}",
    ]
    if protoc.main([*arguments, *sources]):
        raise SystemExit("protoc refused the protos: see above")
    for path in sorted(out.glob("interchain/**/*_pb2*.py*")):
        service = path.name.split("_pb2")[0].endswith("_service")
        if "_grpc" in path.name and not service:
            path.unlink()  # holds nothing


def generated(root: Path) -> dict[Path, bytes]:
    """The generated files under ``root``, by their path within it."""
    found = (path for path in root.glob("interchain/**/*") if path.name.endswith(SUFFIXES))
    return {path.relative_to(root): path.read_bytes() for path in found}


def buf(*arguments: str) -> int:
    """Run buf on the protos; its exit code."""
    return subprocess.run([BUF, *arguments], cwd=HERE, check=False).returncode


def main() -> int:
    if "--breaking" in sys.argv[1:]:
        return buf("breaking", ".", "--against", RELEASED.name)
    if "--release" in sys.argv[1:]:
        return buf("build", ".", "--output", RELEASED.name)
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        fresh = generated(Path(folder))
    stale = generated(HERE)
    if "--check" in sys.argv[1:]:
        differing = sorted(path for path in fresh.keys() | stale.keys() if fresh.get(path) != stale.get(path))
        for path in differing:
            print(f"protos/{path} differs from what its .proto gives: run `make protos`", file=sys.stderr)
        return 1 if differing else 0
    for path in stale.keys() - fresh.keys():
        (HERE / path).unlink()
    for path, content in fresh.items():
        (HERE / path).write_bytes(content)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
