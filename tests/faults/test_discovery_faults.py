"""Whatever is wrong with an issuer's metadata: nobody is let in by it, nobody is refused for it, and it passes."""

from __future__ import annotations

import time

import pytest
from tests.faults.crew import verdict
from tests.faults.fault import HARMLESS, ON_THE_WAY, Fault
from tests.faults.faulty_server import FaultyServer
from tests.faults.tokens import mint, new_key


@pytest.mark.parametrize("fault", set(Fault) - {*HARMLESS, *ON_THE_WAY}, ids=lambda fault: fault.name)
def test_faulty_metadata_makes_keys_unavailable_until_it_is_repaired(
    server: FaultyServer, identity, make_verifier, fault
):
    key, attackers = new_key("same"), new_key("same")
    server.publish(key)
    server.serve_metadata()
    with FaultyServer(identity) as elsewhere:
        elsewhere.publish(attackers)
        elsewhere.serve("/.well-known/openid-configuration", {"issuer": server.base, "jwks_uri": elsewhere.jwks_uri})
        server.elsewhere = f"{elsewhere.base}/.well-known/openid-configuration"
        server.impostor_set = b'{"keys": []}'
        server.faulty_path = "/.well-known/openid-configuration"
        server.fail(fault)
        verifier = make_verifier(server.base, timeout=1.0)
        good, forged = mint(key, iss=server.base), mint(attackers, iss=server.base)

        began = time.monotonic()
        assert [verdict(verifier, token) for token in (good, forged)] == ["keys_unavailable", "keys_unavailable"]
        assert time.monotonic() - began < 5.0

        server.fail(None)
        healed = time.monotonic()
        while verdict(verifier, good) != "accepted":
            assert time.monotonic() < healed + 30.0
            time.sleep(0.05)
        assert verdict(verifier, forged) == "bad_signature"
        assert elsewhere.requests == []
