"""That the package leaves the GIL off, and that threads really run side by side."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    getattr(sys, "_is_gil_enabled", lambda: True)(), reason="this interpreter has a GIL, or it is on"
)


def run(*command, **env):
    return subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, check=True).stdout


def test_import_leaves_the_gil_off():
    assert run("-c", "import authjwks, sys; print(sys._is_gil_enabled())").strip() == "False"


def test_work_of_threads_scales(capsys):
    table = run(str(Path(__file__).with_name("scaling.py")), "5", PYTHON_GIL="0")

    with capsys.disabled():
        print(f"\n{table}")
    assert "GIL off, 2 threads" in table
    assert table.count(" us ") == 4
