"""Every check of the project as a session; `nox --list` shows them, `.ci/run` runs those that fit one machine."""

import sys
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent))

from sessions import care, core, interpreters, proofs  # noqa: F401 # importing them registers the sessions

nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True
