"""What can be wrong with an issuer, or on the way to it."""

from __future__ import annotations

from enum import Enum


class Fault(Enum):
    """The value is its name in reports."""

    REFUSED = "refused"
    RESET_AT_ONCE = "reset at once"
    RESET = "reset"
    SLOW_HEADERS = "slow headers"
    DRIPPED_BODY = "dripped body"
    SERVER_ERROR = "5xx"
    BUSY = "503 with Retry-After"
    TOO_MANY_REQUESTS = "429 with Retry-After"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    WRONG_METHOD = "405"
    REDIRECT = "redirect"
    WRONG_CONTENT = "wrong content"
    HUGE = "huge"
    GZIP_BOMB = "gzip bomb"
    EMPTY_SET = "empty set"
    ENCRYPTION_KEYS = "encryption keys"
    UNKNOWN_CA = "unknown CA"
    EXPIRED_CERTIFICATE = "expired certificate"
    WRONG_HOST = "wrong host"
    CLIENT_CERTIFICATE_TLS_1_2 = "mutual TLS 1.2"
    CLIENT_CERTIFICATE_TLS_1_3 = "mutual TLS 1.3"
    PROXY_REFUSES = "proxy refuses"
    NAME_UNKNOWN = "name unknown"
    STOPPED = "stopped process"
    # These are to be lived with: they hinder nobody from getting the keys.
    BYTE_ORDER_MARK = "byte order mark"
    LAGGING_REPLICA = "lagging replica"
    REPLACED_KEY = "replaced key"


ON_THE_WAY = (Fault.PROXY_REFUSES, Fault.NAME_UNKNOWN, Fault.STOPPED)
"""Those that are no server's own."""

HARMLESS = (Fault.BYTE_ORDER_MARK, Fault.LAGGING_REPLICA, Fault.REPLACED_KEY)
"""Those that leave keys to be had."""
