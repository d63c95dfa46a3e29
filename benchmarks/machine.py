"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import authjwks
from benchmarks.report import Table

FLAGS = ("sha_ni", "avx2", "avx512ifma", "vaes", "hypervisor")
PEERS = ("ryjwt", "pyjwt", "joserfc", "authlib", "python-jose", "auth-jwks", "axioms-core-py", "axioms-flask-py")
OTHERS = ("cryptography", "flask", "fastapi", "granian")


def description(raw_program: Path) -> Table:
    """Processor, system, and the versions of everything that takes part."""
    openssl = subprocess.run([raw_program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    rows = [
        ["processor", f"{os.cpu_count()} x {_processor()}"],
        ["of its abilities", _abilities()],
        ["memory", f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"],
        ["system", f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}"],
        ["Python", f"{platform.python_version()} ({platform.python_compiler()})"],
        ["OpenSSL of the raw check", openssl],
        ["authjwks", authjwks.__version__],
        ["peers", _versions(PEERS)],
        ["beside them", _versions(OTHERS)],
        ["load when it began", f"{os.getloadavg()[0]:.1f} over the last minute"],
    ]
    return Table("The machine", ["what", "is"], rows, texts=2)


def _processor() -> str:
    return _field("model name") or platform.machine()


def _abilities() -> str:
    present = set(_field("flags").split())
    return ", ".join(flag if flag in present else f"no {flag}" for flag in FLAGS)


def _field(name: str) -> str:
    found = re.search(rf"^{name}\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else ""


def _versions(names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} {version(name)}" for name in names)
