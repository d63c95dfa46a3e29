"""Counts the instructions of one verification, by the library they are in: `python -m benchmarks.callgrind`.

Each workload runs twice under valgrind, the second time with more calls; the difference, by call, is free of start-up.
With `--aws-lc FOLDER` the build with AWS-LC that is installed there is counted as well. It must not be stripped
(`pip install --config-settings=install.strip=false`): its cryptography is told from the rest of the module by name.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks import cases, environment
from benchmarks.environment import BUILD, HERE, ON_AWS_LC, ROOT

RECORDS = HERE / "instructions.json"
TOLERANCE = 1.10
FEWER, MORE = 200, 600
ALGORITHMS = ("RS256", "ES256")
GROUPS = {"libcrypto": r"libcrypto", "authjwks": r"/authjwks/_core", "python": r"python"}
WORKLOADS = ("authjwks", "authjwks, token cache")
NAME_IN_C = re.compile(r"[\w.]+('\d+)?$")

Counts = dict[str, int]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.callgrind", description=__doc__)
    parser.add_argument("--compare", action="store_true", help="fail when more than 10 %% above the latest record")
    parser.add_argument("--record", action="store_true", help="write the counts down for this version")
    asked = environment.parse(parser)
    if not environment.is_inside():
        environment.enter("benchmarks.callgrind")
    counted = dict(_all_counts())
    for name, counts in counted.items():
        print(f"{name}: {outside(counts):,} outside libcrypto; {counts}")
    records = json.loads(RECORDS.read_text()) if RECORDS.exists() else {}
    if asked.record:
        _record(records, counted)
    if asked.compare:
        sys.exit(_compare(records, counted))


def outside(counts: Counts) -> int:
    """What is ours to answer for: everything but the cryptography."""
    return sum(count for group, count in counts.items() if group != "libcrypto")


def _all_counts() -> Iterator[tuple[str, Counts]]:
    from benchmarks import tokens

    for algorithm in ALGORITHMS:
        signer = tokens.signer(algorithm)
        token = signer.token(tokens.payload())
        name = f"callgrind-{algorithm}"
        case = cases.Case(name, algorithm, tokens.key_set(signer), token, tokens.tampered(token), (token,))
        folder = cases.write(case, signer, BUILD / "cases")
        for workload in (*WORKLOADS, ON_AWS_LC) if environment.OTHER_BUILD in os.environ else WORKLOADS:
            yield f"{workload}, {algorithm}", _counts(workload, folder)


def _counts(workload: str, folder: Path) -> Counts:
    """Instructions of one call, by group of libraries."""
    fewer, more = (_run(workload, folder, calls) for calls in (FEWER, MORE))
    return {group: round((more[group] - fewer[group]) / (MORE - FEWER)) for group in sorted(more)}


def _run(workload: str, folder: Path, calls: int) -> Counter[str]:
    program = f"""
from pathlib import Path
from benchmarks import cases
from benchmarks.contestants import contestant
case = cases.read(Path({str(folder)!r}))
verify = contestant({workload!r}).verifier(case)
for _ in range({calls}):
    verify(case.good)
"""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "callgrind.out"
        options = ["--tool=callgrind", "--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={out}"]
        command = ["valgrind", "-q", *options, sys.executable, "-c", program]
        folders = [*environment.path_of(workload).values(), str(ROOT)]
        fixed = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(folders)}
        subprocess.run(command, cwd=ROOT, env=fixed, check=True)
        return by_group(out.read_text().splitlines(), links_crypto=workload == ON_AWS_LC)


def by_group(lines: Iterable[str], *, links_crypto: bool) -> Counter[str]:
    """Own instructions in callgrind's output, by group of libraries.

    Where the module has its cryptography inside, its functions in C are that: nothing of ours is written in C.
    """
    totals: Counter[str] = Counter()
    group = path = ""
    skips_next = False
    for line in lines:
        if line.startswith("ob="):
            path = line[3:]
        elif line.startswith("fn="):
            group = "libcrypto" if links_crypto and _is_in_c(path, line[3:]) else _group(path)
        elif line.startswith("calls="):
            skips_next = True  # the line after it holds what the callee did
        elif line[:1].isdigit() or line.startswith(("+", "-", "*")):
            if not skips_next:
                totals[group] += int(line.split()[-1])
            skips_next = False
    return totals


def _group(path: str) -> str:
    return next((group for group, pattern in GROUPS.items() if re.search(pattern, path)), "system")


def _is_in_c(path: str, function: str) -> bool:
    return _group(path) == "authjwks" and NAME_IN_C.match(function) is not None


def _setting() -> dict[str, object]:
    """What counts depend on, beside the code."""
    return {"python": ".".join(platform.python_version_tuple()[:2]), "machine": platform.machine()}


def _record(records: dict[str, dict[str, object]], counted: dict[str, Counts]) -> None:
    import authjwks

    records[authjwks.__version__] = _setting() | {"counts": counted}
    RECORDS.write_text(json.dumps(records, indent=2) + "\n")


def _compare(records: dict[str, dict[str, object]], counted: dict[str, Counts]) -> int:
    """0 when nothing grew by more than the tolerance since the version recorded last."""
    if not records:
        print("nothing is recorded yet", file=sys.stderr)
        return 1
    version, record = list(records.items())[-1]
    print(f"compared with {version}, on Python {record['python']}")
    if _setting() != {name: record[name] for name in _setting()}:
        print(f"which cannot be compared with {_setting()}", file=sys.stderr)
        return 1
    grown = 0
    before = record["counts"]
    assert isinstance(before, dict)
    for name, counts in counted.items():
        if name not in before:
            continue
        growth = outside(counts) / outside(before[name])
        print(f"{name}: x {growth:.3f}")
        grown += growth > TOLERANCE
    return 1 if grown else 0


if __name__ == "__main__":
    main()
