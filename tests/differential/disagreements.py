"""Where the libraries may disagree, by tests/differential/allowed.json, and a table of where they do."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tests.differential.cases import Case
from tests.differential.judges import ACCEPTED, JUDGES


@dataclass(frozen=True)
class Allowed:
    """A class of disagreements: cases of these mutations (patterns of fnmatch), accepted by just these libraries and,
    where codes are named, refused by us for one of them.
    """

    name: str
    of: str
    mutations: tuple[str, ...]
    accepted_by: tuple[tuple[str, ...], ...]
    codes: tuple[str, ...]
    reason: str
    rfc: str

    def covers(self, case: Case, answers: dict[str, str]) -> bool:
        accepted = tuple(name for name in JUDGES if answers[name] == ACCEPTED)
        return (
            any(fnmatchcase(case.mutation, pattern) for pattern in self.mutations)
            and accepted in self.accepted_by
            and (answers["authjwks"] == ACCEPTED or not self.codes or answers["authjwks"] in self.codes)
        )


def allowed(path: Path) -> list[Allowed]:
    """The classes of a file; `accepted_by` names libraries in the order of JUDGES there as well."""
    return [
        Allowed(
            row["name"],
            row["of"],
            tuple(row["mutations"]),
            tuple(map(tuple, row["accepted_by"])),
            tuple(row.get("codes", ())),
            row["reason"],
            row["rfc"],
        )
        for row in json.loads(path.read_text())
    ]


class Comparison:
    """Asks every library about each case, and sorts the disagreements into classes."""

    def __init__(self, classes: list[Allowed]) -> None:
        self.classes = classes
        self.counts: Counter[str] = Counter()
        self.unexplained: dict[tuple[str, ...], Case] = {}

    def add(self, case: Case) -> None:
        answers = {name: judge(case.key_set, case.token) for name, judge in JUDGES.items()}
        accepted = [name for name in JUDGES if answers[name] == ACCEPTED]
        if len(accepted) in (0, len(JUDGES)):
            self.counts["all accept" if accepted else "all refuse"] += 1
        elif accepted in (["pyjwt"], ["joserfc"]):
            self.counts[f"{accepted[0]} alone accepts"] += 1
        elif found := next((each for each in self.classes if each.covers(case, answers)), None):
            self.counts[found.name] += 1
        else:
            self.counts["NOT ALLOWED"] += 1
            self.unexplained.setdefault((case.mutation, *answers.values()), case)

    def unused(self) -> list[str]:
        return [each.name for each in self.classes if not self.counts[each.name]]

    def table(self) -> str:
        return "\n".join(f"{count:7,}  {name}" for name, count in self.counts.most_common())

    def complaint(self) -> str:
        """The first case of each kind that no class allows."""
        names = ", ".join(JUDGES)
        return "\n".join(
            f"{mutation}\n  {names}: {', '.join(answers)}\n  key set {case.key_set!r}\n  token   {case.token!r}"
            for (mutation, *answers), case in self.unexplained.items()
        )
