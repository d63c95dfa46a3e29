"""The hand-written stub of the native core says what the compiled module has."""

from __future__ import annotations

import subprocess
import sys

import pytest

NO_FAULT = """
# classes bound by pybind11 have a metaclass of its own
authjwks\\._core\\.(IssuerRegistry|KeySource|Pending|RemoteOptions|Verifier)
# refuses every argument: a source is made by `fixed` or `remote`, and a Pending by a verifier
authjwks\\._core\\.(KeySource|Pending)\\.__init__
"""


def test_given_the_compiled_core__when_compared_with_its_stub__then_they_agree(tmp_path):
    pytest.importorskip("mypy", reason="stubtest is a part of mypy, which is not installed here")

    (tmp_path / "no_fault").write_text(NO_FAULT)

    command = [sys.executable, "-m", "mypy.stubtest", "--allowlist", "no_fault", "authjwks._core"]
    compared = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert compared.returncode == 0, compared.stdout + compared.stderr
