"""`python -m benchmarks`: measure, print the tables, and write the page where asked to."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import environment


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="show that everything works; the figures mean nothing")
    parser.add_argument("--only", action="append", metavar="NAME", help="only this table; may be given again")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="how often everyone is timed (default 9)")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="write benchmarks.md and its charts there")
    asked = environment.parse(parser)
    if asked.quick and asked.out:
        parser.error("--quick has no figures worth writing down")
    if asked.rounds < 1:
        parser.error("--rounds must be above zero")
    return asked


def main() -> None:
    asked = arguments()
    if not environment.is_inside():
        environment.enter()
    from benchmarks import run

    sys.exit(run.run(asked))


if __name__ == "__main__":
    main()
