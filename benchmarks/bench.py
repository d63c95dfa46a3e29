"""What every table needs: keys, cases on disk, the server of their key sets, and contestants that are ready."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import cases, tokens
from benchmarks.cases import Case
from benchmarks.contestants import ROSTER
from benchmarks.issuer import KeyServer
from benchmarks.players import Broken, Player
from benchmarks.rounds import RAW, UNBOUNDED, Series, contest


class Outcome(NamedTuple):
    """A contest's result: series of those who took part, reasons of those who could not."""

    series: dict[str, Series]
    absent: dict[str, str]


class Bench:
    """One run of the benchmarks.

    Attributes:
        rounds: how often everyone is timed.
        seconds: about how long one turn takes.
        is_quick: whether this only shows that everything works.
        raw: the program that does the bare signature check.
        folder: where cases and programs lie.
        server: serves the key sets.
        failures: what went wrong that may not.
    """

    def __init__(self, rounds: int, *, is_quick: bool, raw: Path, folder: Path) -> None:
        self.rounds = rounds
        self.seconds = 0.005 if is_quick else 0.1
        self.is_quick = is_quick
        self.raw = raw
        self.folder = folder
        self.server = KeyServer(folder)
        self.failures: list[str] = []
        self._signers: dict[str, tokens.Signer] = {}

    def signer(self, algorithm: str) -> tokens.Signer:
        """The key that signs all tokens of an algorithm."""
        if algorithm not in self._signers:
            self._signers[algorithm] = tokens.signer(algorithm)
        return self._signers[algorithm]

    def case(self, name: str, algorithm: str = "RS256", *, payload: int = tokens.USUAL_PAYLOAD, **more: Any) -> Case:
        """A case whose keys, tokens and rules are the usual ones but for what `more` says, laid down on disk."""
        signer = self.signer(algorithm)
        good = signer.token(tokens.payload(payload))
        usual = {
            "jwks": tokens.key_set(signer),
            "good": good,
            "tampered": tokens.tampered(good),
            "tokens": (good,),
            "url": self.server.url(name),
        }
        case = Case(name, algorithm, **usual | more)
        cases.write(case, signer, self.folder)
        return case

    def distinct(self, algorithm: str, count: int) -> tuple[str, ...]:
        """So many good tokens, none like another."""
        return tuple(self.signer(algorithm).token(tokens.payload()) for _ in range(10 if self.is_quick else count))

    @contextmanager
    def players(self, names: Iterable[str] = ROSTER) -> Iterator[list[Player]]:
        """A process for the bare check, which comes first, and one for each contestant."""
        with ExitStack() as stack:
            raw = stack.enter_context(Player(RAW, [str(self.raw)]))
            yield [raw, *(stack.enter_context(Player(name)) for name in names)]

    def ready(self, players: Sequence[Player], case: Case) -> tuple[list[Player], dict[str, str]]:
        """Those who can take part in a case, and why the others cannot."""
        able: list[Player] = []
        absent: dict[str, str] = {}
        for player in players:
            try:
                reason = player.prepare(self.folder / case.name, case.algorithm)
            except Broken as failure:
                reason = "failed"
                self.failures.append(str(failure))
            if reason is None:
                able.append(player)
            else:
                absent[player.name] = reason
        return able, absent

    def contest(self, players: Sequence[Player], case: Case) -> Outcome:
        """Time a case, with the bare signature check as measure."""
        (raw, *able), absent = self.ready(players, case)
        most = len(case.tokens) if case.starts_fresh else UNBOUNDED
        return Outcome(contest(raw, able, self.rounds, self.seconds, most), absent)
