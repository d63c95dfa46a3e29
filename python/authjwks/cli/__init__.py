"""The command line: what `python -m authjwks` can do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from authjwks import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; None takes the process's own arguments.

    Raises:
        SystemExit: when the arguments make no command, and after `--help` and `--version`.
    """
    parser = argparse.ArgumentParser(prog="python -m authjwks", description="Trust a bearer token.")
    parser.add_argument("--version", action="version", version=f"authjwks {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    demo = "watch a Flask, a FastAPI and a Strawberry app answer good and bad tokens; all of it on this machine"
    commands.add_parser("demo", help=demo, description=demo.capitalize())
    if parser.parse_args(arguments).command == "demo":
        return _demo()
    parser.print_help()
    return 0


def _demo() -> int:
    try:
        from authjwks.cli.demo import run
    except ImportError as missing:
        print(f"The demo needs more packages ({missing}): pip install 'authjwks[demo]'", file=sys.stderr)
        return 2
    return run()
