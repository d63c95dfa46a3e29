"""One run: the tables that were asked for, printed as they come, kept, and written into the page."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks import machine, plots
from benchmarks.bench import Bench
from benchmarks.environment import BUILD, HERE, compiled
from benchmarks.report import Section, Table
from benchmarks.tables import TABLES

KEPT = BUILD / "results.json"


def run(asked: argparse.Namespace) -> int:
    """Do what the command line asks. The exit code: 0 when every contestant did what it must."""
    names = asked.only or list(TABLES)
    if unknown := set(names) - set(TABLES):
        print(f"no such table: {', '.join(sorted(unknown))}; there are {', '.join(TABLES)}", file=sys.stderr)
        return 2
    folder = BUILD / "cases"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    raw = compiled("raw")
    bench = Bench(2 if asked.quick else asked.rounds, is_quick=asked.quick, raw=raw, folder=folder)
    described = machine.description(raw)
    print(described.text(), flush=True)
    measured: dict[str, Any] = {"machine": _kept(Section([described]), asked.rounds)}
    for name in names:
        section = TABLES[name](bench)
        measured[name] = _kept(section, asked.rounds)
        for table in (*section.tables, *section.details):
            print(f"\n{table.text()}", flush=True)
    bench.server.close()
    if not asked.quick:
        measured = (json.loads(KEPT.read_text()) if KEPT.exists() else {}) | measured
        KEPT.write_text(json.dumps(measured, indent=1))
    if asked.out:
        write_page(asked.out, measured)
    print("\n" + "\n".join([*bench.failures, f"{len(names)} passed, {len(bench.failures)} failed"]))
    return 1 if bench.failures else 0


def write_page(out: Path, measured: dict[str, Any]) -> None:
    """The page from its template and the latest figures of each table, and the charts beside it."""
    folder = out / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    page = (HERE / "page.md").read_text()
    for name in ("machine", *TABLES):
        page = page.replace(f"<!-- {name} -->\n", _part(name, measured, folder) if name in measured else "")
    (out / "benchmarks.md").write_text(page)


def _part(name: str, measured: dict[str, Any], folder: Path) -> str:
    section = Section.from_json(measured[name]["section"])
    for chart in section.charts:
        (folder / f"{chart.name}.svg").write_text(plots.svg(chart))
    images = [f"![{chart.title}](benchmarks/{chart.name}.svg)" for chart in section.charts]
    folded = ["<details><summary>All figures</summary>", *map(Table.markdown, section.details), "</details>"]
    when = f"{measured[name]['date']}, {measured[name]['rounds']} rounds."
    shown = [*images, *map(Table.markdown, section.tables), *(folded if section.details else []), when]
    return "\n\n".join(shown) + "\n"


def _kept(section: Section, rounds: int) -> dict[str, Any]:
    today = dt.datetime.now(dt.timezone.utc).date()
    return {"date": today.isoformat(), "rounds": rounds, "section": section.as_json()}
