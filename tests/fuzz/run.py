"""Runs fuzz targets for a given time, two at a time, and says how far each came.

Usage: run.py BUILD_FOLDER SECONDS [TARGET...]
"""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = sorted(path.stem for path in HERE.glob("*.cpp") if path.stem != "replay_main")
AT_A_TIME = 2
LIMITS = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"]
# Threads keep what they have read last, which libFuzzer takes for a leak, looking for it after every input. The replay
# of the corpus, which AddressSanitizer looks through at its end, finds real ones.
LEAKS = "-detect_leaks=0"
ROW = "{:<18} {:>12} {:>8} {:>9} {:>10}  {}"


def fuzz(build: Path, target: str, seconds: int) -> tuple[bool, str]:
    """Run one target. Return whether it found nothing, and its row of the table."""
    found, artifacts = build / "corpus" / target, build / "artifacts" / target
    for folder in (found, artifacts):
        folder.mkdir(parents=True, exist_ok=True)
    dictionary = HERE / "dictionaries" / f"{target}.dict"
    command = [
        str(build / "tests" / "fuzz" / f"fuzz_{target}"),
        *LIMITS,
        LEAKS,
        f"-max_total_time={seconds}",
        "-print_final_stats=1",
        f"-artifact_prefix={artifacts}/",
        *([f"-dict={dictionary}"] if dictionary.is_file() else []),
        str(found),
        str(HERE / "corpus" / target),
    ]
    log = build / f"{target}.log"
    with log.open("wb") as output:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode
    text = log.read_text(errors="replace")
    coverage = last(r"cov: (\d+)", text)
    figures = [last(rf"stat::{name}:\s+(\d+)", text) for name in ("number_of_executed_units", "average_exec_per_sec")]
    broken, unit = last(r"broken: (.+)", text), last(r"Test unit written to (.+)", text)
    outcome = "ok" if ended == 0 else f"{broken} ({unit}, {log})"
    return ended == 0, ROW.format(target, *figures, coverage, last(r"stat::new_units_added:\s+(\d+)", text), outcome)


def last(pattern: str, text: str) -> str:
    """What the group of a pattern matched in the last place, or a dash."""
    matches: list[str] = re.findall(pattern, text)
    return matches[-1] if matches else "-"


def main(build: Path, seconds: int, targets: list[str]) -> int:
    if unknown := set(targets) - set(TARGETS):
        print(f"no such target: {' '.join(sorted(unknown))}; there are {' '.join(TARGETS)}")
        return 2
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        results = list(pool.map(lambda target: fuzz(build, target, seconds), targets or TARGETS))
    print(ROW.format("target", "executions", "exec/s", "coverage", "new units", "outcome"))
    for _, row in results:
        print(row)
    return 0 if all(found_nothing for found_nothing, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
