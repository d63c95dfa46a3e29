"""The environment that everyone is measured in: peers at pinned versions, and the authjwks of the calling Python."""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "benchmarks"
OTHER_BUILD = "AUTHJWKS_BENCHMARK_AWS_LC"  # the argument of --aws-lc, for the processes of the run
ON_AWS_LC = "authjwks on AWS-LC"  # the contestant that uses it


def is_inside() -> bool:
    """Whether this Python is the environment's own."""
    return Path(sys.prefix) == _venv()


def enter(module: str = "benchmarks") -> None:
    """Make the environment where it is missing or out of date, and go on there: this never returns."""
    python = make()
    os.execv(python, [str(python), "-m", module, *sys.argv[1:]])


def make() -> Path:
    """The environment's Python; about a minute the first time."""
    venv = _venv()
    python = venv / "bin" / "python"
    requirements = sorted(HERE.glob("requirements-*.txt"))
    stamp = hashlib.sha256(b"".join(path.read_bytes() for path in requirements) + sys.version.encode()).hexdigest()
    stamped = venv / "requirements.sha256"
    if not stamped.exists() or stamped.read_text() != stamp:
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
        files = [word for path in requirements for word in ("-r", str(path))]
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *files]
        subprocess.run(pip, check=True)
        stamped.write_text(stamp)
    _lend_authjwks(venv)
    return python


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The arguments of a command, with `--aws-lc`, which is kept for the processes of the run."""
    parser.add_argument("--aws-lc", type=Path, metavar="FOLDER", help="has an authjwks that was built with AWS-LC")
    asked = parser.parse_args()
    if asked.aws_lc:
        os.environ[OTHER_BUILD] = str(asked.aws_lc.resolve())
    return asked


def path_of(contestant: str) -> dict[str, str]:
    """What a contestant's process needs in its environment: where the other build is, for the one that uses it."""
    folder = os.environ.get(OTHER_BUILD)
    return {"PYTHONPATH": folder} if folder and contestant == ON_AWS_LC else {}


def compiled(name: str) -> Path:
    """The program of a C file of this folder, against the system's OpenSSL."""
    program = BUILD / name
    program.parent.mkdir(parents=True, exist_ok=True)
    source = HERE / f"{name}.c"
    compiler = os.environ.get("CC", "cc")
    flags = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *flags, "-o", program, source, "-lcrypto", "-lpthread"], check=True)
    return program


def _venv() -> Path:
    return BUILD / f"venv-{sys.implementation.cache_tag}"


def _lend_authjwks(venv: Path) -> None:
    """Let the environment import the caller's authjwks, and nothing else of the caller's packages."""
    found = importlib.util.find_spec("authjwks")
    if found is None or found.origin is None:
        sys.exit("authjwks is not installed for this Python: pip install . comes first")
    lent = BUILD / f"lent-{sys.implementation.cache_tag}"
    lent.mkdir(parents=True, exist_ok=True)
    link = lent / "authjwks"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(found.origin).parent, target_is_directory=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "authjwks.pth").write_text(f"{lent}\n")
