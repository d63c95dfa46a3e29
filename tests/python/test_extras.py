"""A missing package is named together with the extra that brings it."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("framework", ["flask", "fastapi", "strawberry"])
def test_integration_without_its_framework_names_the_extra(framework):
    program = f"import sys; sys.modules[{framework!r}] = None; import authjwks.{framework}"

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert f"pip install 'authjwks[{framework}]'" in ended.stderr.splitlines()[-1]
