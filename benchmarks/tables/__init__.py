"""The questions, one file each: `measure(bench)` answers with tables and charts."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.report import Section
from benchmarks.tables import cache, herd, imports, key_sets, parsing, payloads, refusals, requests, single, threads

TABLES: dict[str, Callable[[Bench], Section]] = {
    "single": single.measure,
    "cache": cache.measure,
    "threads": threads.measure,
    "refusals": refusals.measure,
    "payloads": payloads.measure,
    "key-sets": key_sets.measure,
    "parsing": parsing.measure,
    "imports": imports.measure,
    "herd": herd.measure,
    "requests": requests.measure,
}
