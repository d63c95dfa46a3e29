"""What happens to an issuer's keys in the demo: an outage, a rotation, a withdrawn key; and tokens shown meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from authjwks import KeysUnavailable, Verifier
from authjwks.cli.demo.clients import Seen
from authjwks.testing import Issuer


class Step(NamedTuple):
    """A token that is shown to an app after an event; None for `refusal` when its caller must be let in."""

    event: str
    name: str
    token: str
    refusal: Seen | None


def steps(issuer: Issuer, verifier: Verifier) -> Iterator[Step]:
    """Let it happen, one event after the other, to an issuer whose keys `verifier` has at hand."""
    with issuer.outage(), suppress(KeysUnavailable):
        verifier.refresh()
    with issuer.outage():
        yield Step("the issuer is down", "good, never seen before", _mint(issuer), None)
        yield Step("the issuer is down", "of an unknown key", _mint(issuer, kid="unknown"), _UNAVAILABLE)
    verifier.refresh()
    retired, before = issuer.key(), _mint(issuer)
    issuer.rotate()
    yield Step("the issuer rotates its key", "of the new key", _mint(issuer), None)
    yield Step("the issuer rotates its key", "of the key before", before, None)
    issuer.withdraw(retired.kid)
    verifier.refresh()
    yield Step("the old key is withdrawn", "of the withdrawn key", before, _UNKNOWN_KEY)
    yield Step("the old key is withdrawn", "of the new key", _mint(issuer), None)


_UNAVAILABLE = Seen(503, "keys_unavailable", "")
_UNKNOWN_KEY = Seen(401, "unknown_key", 'Bearer error="invalid_token"')


def _mint(issuer: Issuer, **headers: str) -> str:
    return issuer.mint(sub="ada", roles=["editor"], headers=headers)
