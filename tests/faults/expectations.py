"""What the fault matrix expects: of each fault, the verdicts on a good token by the state of the keys, and its code."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from tests.faults.fault import Fault

STATES = ("cold", "warm", "ttl expired", "unknown kid")
THREADS = (1, 24)
# The first one, and as many at once as there may be for unknown keys and failed signatures.
MAX_FETCHES = 6

_ACCEPTED, _UNAVAILABLE, _UNKNOWN = "accepted", "keys_unavailable", "unknown_key"
_BAD_SIGNATURE = "bad_signature"


class Cell(NamedTuple):
    """One case of the matrix."""

    state: str
    fault: Fault
    threads: int

    def __str__(self) -> str:
        return f"{self.state}-{self.fault.value}-{self.threads}".replace(" ", "_")


class Expected(NamedTuple):
    """What becomes of good tokens under one fault, and of the latest fetch.

    Attributes:
        codes: one of them is that of the `FetchFailure`; None when no fetch fails.
        cold, warm, ttl_expired, unknown_kid: what may be the verdict; nothing where the fault cannot be in that state.
    """

    codes: set[str | None]
    cold: set[str]
    warm: set[str]
    ttl_expired: set[str]
    unknown_kid: set[str]


def _failing(*codes: str | None) -> Expected:
    """Nobody gets keys: those at hand serve, and without them nobody can tell."""
    return Expected(set(codes), {_UNAVAILABLE}, {_ACCEPTED}, {_ACCEPTED}, {_UNAVAILABLE})


EXPECTED: dict[Fault, Expected] = {
    Fault.REFUSED: _failing("connection_refused"),
    Fault.RESET_AT_ONCE: _failing("unreachable"),
    Fault.RESET: _failing("unreachable"),
    Fault.SLOW_HEADERS: _failing("timed_out"),
    Fault.DRIPPED_BODY: _failing("timed_out"),
    Fault.SERVER_ERROR: _failing("server_error"),
    Fault.BUSY: _failing("server_error"),
    Fault.TOO_MANY_REQUESTS: _failing("too_many_requests"),
    Fault.FORBIDDEN: _failing("access_denied"),
    Fault.NOT_FOUND: _failing("not_found"),
    Fault.WRONG_METHOD: _failing("bad_status"),
    Fault.REDIRECT: _failing("redirected"),
    Fault.WRONG_CONTENT: _failing("not_json"),
    Fault.HUGE: _failing("too_large"),
    Fault.GZIP_BOMB: _failing("too_large"),
    Fault.EMPTY_SET: _failing("no_usable_keys"),
    Fault.ENCRYPTION_KEYS: _failing("no_usable_keys"),
    Fault.UNKNOWN_CA: _failing("tls_untrusted"),
    Fault.EXPIRED_CERTIFICATE: _failing("tls_expired"),
    Fault.WRONG_HOST: _failing("tls_wrong_host"),
    # TLS 1.2 has no word for it, and by TLS 1.3 a server may end the connection before its reason is read.
    Fault.CLIENT_CERTIFICATE_TLS_1_2: _failing("tls_failed"),
    Fault.CLIENT_CERTIFICATE_TLS_1_3: _failing("tls_client_certificate", "unreachable"),
    Fault.PROXY_REFUSES: _failing("proxy_failed"),
    Fault.NAME_UNKNOWN: _failing("name_not_resolved"),
    Fault.STOPPED: _failing("timed_out"),
    Fault.BYTE_ORDER_MARK: Expected({None}, {_ACCEPTED}, {_ACCEPTED}, {_ACCEPTED}, {_ACCEPTED}),
    # The replica that lags is asked first: until the other is, the issuer has been asked about the key and lacks it.
    Fault.LAGGING_REPLICA: Expected({None}, {_ACCEPTED}, {_ACCEPTED}, {_ACCEPTED}, {_ACCEPTED, _UNAVAILABLE, _UNKNOWN}),
    # The good token is by the key that took over the id of the one at hand; its first failure has the issuer asked.
    Fault.REPLACED_KEY: Expected({None}, set(), {_BAD_SIGNATURE, _ACCEPTED}, {_BAD_SIGNATURE, _ACCEPTED}, set()),
}


def expected_verdicts(cell: Cell) -> set[str]:
    """What a good token may get in this cell; nothing when there is no such cell."""
    verdicts: set[str] = getattr(EXPECTED[cell.fault], cell.state.replace(" ", "_"))
    return verdicts


CELLS = tuple(cell for cell in (Cell(*case) for case in product(STATES, Fault, THREADS)) if expected_verdicts(cell))
