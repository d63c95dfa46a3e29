"""How a server shakes hands badly: the certificates that it shows, and those that it demands."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from tests.faults.fault import Fault
from tests.servers.throwaway_ca import ThrowawayCa

_DAY = timedelta(days=1)


class Identity(NamedTuple):
    """The certificates of an HTTPS server: the right one, and what it does instead when TLS is at fault."""

    trusted: ssl.SSLContext
    at_fault: Mapping[Fault, ssl.SSLContext]


def identity_of(names: Sequence[str], authority: ThrowawayCa, foreign: ThrowawayCa) -> Identity:
    """The certificates of a server by these names.

    Args:
        authority: whom its clients trust.
        foreign: whom they do not.
    """
    return Identity(
        authority.context(*names),
        {
            Fault.UNKNOWN_CA: foreign.context(*names),
            Fault.EXPIRED_CERTIFICATE: authority.context(*names, begins=-2 * _DAY, ends=-_DAY),
            Fault.WRONG_HOST: authority.context("another.example"),
            Fault.CLIENT_CERTIFICATE_TLS_1_2: demanding(authority, names, ssl.TLSVersion.TLSv1_2),
            Fault.CLIENT_CERTIFICATE_TLS_1_3: demanding(authority, names, ssl.TLSVersion.TLSv1_3),
        },
    )


def demanding(authority: ThrowawayCa, names: Sequence[str], version: ssl.TLSVersion) -> ssl.SSLContext:
    """What a server needs that demands a certificate of its clients, by that version of TLS alone.

    By TLS 1.3 the client takes the handshake for done before the server has refused it (RFC 8446 §4.4.2.4).
    """
    context = authority.context(*names)
    context.minimum_version = context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    return context
