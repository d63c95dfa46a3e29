"""Why an issuer's documents did not come: a reason for programs, and a sentence for whoever runs the service."""

from __future__ import annotations

import authjwks._core as _core
from authjwks._frozen import Frozen

_SUBJECTS = {"discovery": "The issuer's metadata", "key_set": "The key set"}
_PROBLEMS = {code: problem for code, problem, _ in _core.FETCH_FAULTS}
_ADVICE = {code: advice for code, _, advice in _core.FETCH_FAULTS}


class FetchFailure(Frozen):
    """A failed fetch. `str()` is a sentence that names the document, the problem and what to do about it.

    It is for those who run the service, and never part of an answer: it may hold the URL that the issuer's metadata
    names, and, for "issuer_mismatch", the issuer that it names: escaped, and at most 200 characters of it.

    Attributes:
        code: the reason as a word that programs may compare, such as "not_found" or "tls_expired": see "When the issuer
            does not answer" in the documentation.
        stage: "discovery" for the issuer's metadata, "key_set" for its keys.
        url: what was asked for; "" where it did not come to that.
        status: of HTTP; None without a response.
        cause: what libcurl, TLS or the function given as `fetch` said, or what is wrong with the document; may be "".
        advice: what to do about it.
    """

    __slots__ = ("advice", "cause", "code", "stage", "status", "url")

    code: str
    stage: str
    url: str
    status: int | None
    cause: str
    advice: str

    def __init__(self, code: str, stage: str, url: str, status: int | None, cause: str, advice: str) -> None:
        self._set(code=code, stage=stage, url=url, status=status, cause=cause, advice=advice)

    def __str__(self) -> str:
        place = f" at {self.url}" if self.url else ""
        details = [self.code, *([f"HTTP {self.status}"] if self.status else []), *([self.cause] if self.cause else [])]
        return f"{_SUBJECTS[self.stage]}{place} {_PROBLEMS[self.code]} ({', '.join(details)}). {self.advice}"

    def without_names(self) -> FetchFailure:
        """The same without what a token chose: for an issuer that only an unproven token has named."""
        return FetchFailure(self.code, self.stage, "", self.status, "", _ADVICE[self.code])


def failure_of(words: tuple[str, str, str, int, str, str] | None) -> FetchFailure | None:
    """What the core says of a failure."""
    if words is None:
        return None
    code, stage, url, status, cause, advice = words
    return FetchFailure(code, stage, url, status or None, cause, advice)
