"""What the authjwks at hand says of each line `[key set, token]` of standard input at a time, which is the argument:
`accepted`, or the reason.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache

from authjwks import AuthError, ConfigError, Verifier, _core, versions

ISSUER, AUDIENCE = "https://issuer.example/", "api"


@lru_cache(64)
def verifier(key_set: str) -> Verifier | str:
    """By these keys, or why they cannot be used."""
    try:
        return Verifier(ISSUER, AUDIENCE, jwks=key_set, token_cache=None)
    except ConfigError as unusable:
        return str(unusable)


def verdict(key_set: str, token: str, now: float) -> str:
    judge = verifier(key_set)
    if isinstance(judge, str):
        return judge
    try:
        _core.testing.verify_at(judge._native, token, now)
    except AuthError as refused:
        return refused.code
    return "accepted"


def main() -> None:
    print(versions()["crypto"])
    now = float(sys.argv[1])
    for line in sys.stdin:
        key_set, token = json.loads(line)
        print(verdict(key_set, token, now))


if __name__ == "__main__":
    main()
