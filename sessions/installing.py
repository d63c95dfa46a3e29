"""How sessions build and install what they check."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("AUTHJWKS_SHARED", ROOT.parent / "shared"))
CCACHE = {"CMAKE_C_COMPILER_LAUNCHER": "ccache", "CMAKE_CXX_COMPILER_LAUNCHER": "ccache"}

built: dict[tuple[str, str], Path] = {}


def install_authjwks(session: nox.Session, requirements: str, crypto: str = "openssl") -> None:
    """Install pinned requirements and a wheel."""
    session.install("-r", f"requirements/{requirements}.txt")
    session.install("--no-deps", "--force-reinstall", str(wheel(session, crypto)))


def wheel(session: nox.Session, crypto: str) -> Path:
    """A wheel with this cryptographic library, built once an interpreter, with warnings as errors."""
    tag = answer(session, "import sysconfig; print(sysconfig.get_config_var('SOABI'))")
    if (tag, crypto) not in built:
        folder = ROOT / "build" / "wheels" / f"{tag}-{crypto}"
        for old in folder.glob("*.whl"):
            old.unlink()
        defines = {"AUTHJWKS_WERROR": "ON", "AUTHJWKS_CRYPTO": crypto}
        options = [f"--config-settings=cmake.define.{name}={value}" for name, value in defines.items()]
        options.append(f"--config-settings=build-dir=build/strict-{crypto}-{{wheel_tag}}")
        command = ["pip", "wheel", "-q", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", *options, "."]
        session.run("python", "-m", *command, env=compiler_cache())
        (built[tag, crypto],) = folder.glob("*.whl")
    return built[tag, crypto]


def compiler_cache() -> dict[str, str]:
    """What makes CMake use ccache, where it is installed."""
    return CCACHE if shutil.which("ccache") else {}


def answer(session: nox.Session, program: str) -> str:
    """What a line of Python prints inside the session's environment."""
    return str(session.run("python", "-c", program, silent=True)).strip()


def build_core(session: nox.Session, folder: str, targets: list[str], *options: str) -> None:
    """Build C++ tests in a folder of their own; Debug unless the options say otherwise."""
    configure = ["-DCMAKE_BUILD_TYPE=Debug", "-DAUTHJWKS_PYTHON=OFF", "-DAUTHJWKS_TESTS=ON", *options]
    configure += [f"-D{name}={value}" for name, value in compiler_cache().items()]
    session.run("cmake", "-S", ".", "-B", folder, "-G", "Ninja", *configure, silent=True)
    session.run("cmake", "--build", folder, "--target", *targets)
