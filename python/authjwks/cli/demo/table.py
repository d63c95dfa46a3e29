"""Lays text out in columns."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

_GREEN, _RED, _PLAIN = "\033[32m", "\033[31m", "\033[0m"


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]], good: Sequence[bool]) -> None:
    """Print aligned columns, with a blank line wherever the first one changes.

    On a terminal, rows end green where `good`, else red, unless NO_COLOR is set.
    """
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    print(_line(titles, widths))
    group = ""
    for row, is_good in zip(rows, good, strict=True):
        if row[0] != group:
            group = row[0]
            print()
        line = _line(row, widths)
        if coloured:
            start = line.rindex(row[-1])
            line = f"{line[:start]}{_GREEN if is_good else _RED}{line[start:]}{_PLAIN}"
        print(line)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
