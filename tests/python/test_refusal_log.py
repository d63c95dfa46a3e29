"""What the log says of refusals, and when it suspects this machine's clock."""

import logging

import pytest
from tests.support.verdicts import GOOD, verdict
from tests.support.verifiers import verifier_of

from authjwks import ConfigError
from authjwks.telemetry.clock_suspicion import ClockSuspicion

LOGGER = logging.getLogger("authjwks")


@pytest.fixture
def lines(caplog):
    """The lines of refusals, as written so far."""
    caplog.set_level(logging.DEBUG, "authjwks")

    def written():
        return [record.message for record in caplog.records if record.message.startswith("a token was refused")]

    return written


def refused(words):
    return f"a token was refused: {words}"


def test_each_refusal_is_one_line(issuer, lines):
    verifier = verifier_of(issuer, required_claims=["tenant"])
    tokens = ("", "a.b.c", issuer.mint(), issuer.mint(headers={"kid": "x"}), issuer.mint(key=issuer.impostor()))

    for token in (*tokens, issuer.mint(tenant="a")):
        verdict(verifier, token)

    assert lines() == [
        refused("missing_token"),
        refused("malformed"),
        refused(f"claim_missing (claim tenant), {issuer.issuer}, key known"),
        refused(f"unknown_key, {issuer.issuer}, key unknown"),
        refused(f"bad_signature, {issuer.issuer}, key known"),
    ]


def test_refusal_for_lack_of_keys_says_nothing_of_the_key(own_issuer, lines):
    with own_issuer.outage():
        verdict(verifier_of(own_issuer), own_issuer.mint())

    assert lines() == [refused(f"keys_unavailable, {own_issuer.issuer}")]


def test_issuer_that_only_a_token_names_is_not_written(issuer, lines):
    template = f"{issuer.issuer}/{{tenant}}"
    verifier = verifier_of(issuer, issuer=template)

    verdict(verifier, issuer.mint(iss=f"{issuer.issuer}/made-up"))
    verdict(verifier, issuer.mint(iss="https://made-up.example"))

    assert lines() == [refused(f"keys_unavailable, {template}"), refused("wrong_issuer")]


def test_no_text_of_a_token_is_written(issuer, caplog):
    caplog.set_level(logging.DEBUG, "authjwks")
    verifier = verifier_of(issuer, required_claims=["tenant"], expected_claims={"azp": "web"})
    secret = {"iss": "secret", "sub": "secret", "azp": "secret", "tenant": "secret"}
    headers = {"kid": "secret\r\nINFO all is well"}

    for token in (issuer.mint(azp="secret"), issuer.mint(secret), issuer.mint(headers=headers), "secret"):
        verdict(verifier, token)

    assert caplog.records
    assert "secret" not in caplog.text
    assert "all is well" not in caplog.text


@pytest.mark.parametrize(("level", "written"), [(logging.INFO, [logging.INFO]), (logging.DEBUG, []), (None, [])])
def test_refusals_are_written_at_the_level_that_is_asked_for(issuer, caplog, level, written):
    caplog.set_level(logging.INFO, "authjwks")

    verdict(verifier_of(issuer, log_refusals=level), "x")

    assert [record.levelno for record in caplog.records] == written


def test_refusals_are_debug_by_default(issuer, caplog):
    caplog.set_level(logging.DEBUG, "authjwks")

    verdict(verifier_of(issuer), "x")

    assert [record.levelno for record in caplog.records] == [logging.DEBUG]


@pytest.mark.parametrize("level", ["DEBUG", 10.0, True, []], ids=repr)
def test_level_of_another_type_is_a_config_error(issuer, level):
    with pytest.raises(ConfigError, match="log_refusals"):
        verifier_of(issuer, log_refusals=level)


def test_listener_and_log_get_one_call_each(issuer, lines):
    seen = []
    verifier = verifier_of(issuer, on_verdict=seen.append)

    assert verdict(verifier, issuer.mint()) == GOOD
    verdict(verifier, issuer.mint(exp=None))

    assert [each.code for each in seen] == [None, "claim_missing"]
    assert len(lines()) == 1


# The clock


class Time:
    """A clock that stands still until it is set."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def suspicion(time):
    return ClockSuspicion(LOGGER, time)


def warnings(caplog):
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


def come_early(suspicion, count, issuer="https://a.example"):
    for _ in range(count):
        suspicion.not_yet_valid(issuer)


def test_ten_early_tokens_of_one_issuer_are_one_warning(suspicion, caplog):
    come_early(suspicion, 9)
    assert warnings(caplog) == []

    come_early(suspicion, 91)

    (warning,) = warnings(caplog)
    for word in ("https://a.example", "clock of this machine", "timedatectl", "chronyc", "leeway", "300 s"):
        assert word in warning


def test_early_tokens_of_several_issuers_are_not_added_up(suspicion, caplog):
    for number in range(100):
        come_early(suspicion, 9, f"https://{number}.example")

    assert warnings(caplog) == []


@pytest.mark.parametrize(("apart", "count"), [(6.6, 1), (6.7, 0)])
def test_early_tokens_must_come_within_a_minute(suspicion, time, caplog, apart, count):
    for _ in range(10):
        come_early(suspicion, 1)
        time.seconds += apart

    assert len(warnings(caplog)) == count


def test_warning_comes_once_an_hour_for_each_issuer(suspicion, time, caplog):
    come_early(suspicion, 10)
    come_early(suspicion, 10, "https://b.example")
    time.seconds += 3599.0
    come_early(suspicion, 50)
    assert len(warnings(caplog)) == 2

    time.seconds += 1.0
    come_early(suspicion, 10)

    assert len(warnings(caplog)) == 3


def test_memory_for_issuers_is_bounded(suspicion):
    for number in range(5000):
        come_early(suspicion, 1 + 9 * (number % 2), f"https://{number}.example")

    assert len(suspicion._seen) <= 1024
    assert len(suspicion._silent_until) <= 1024


def test_early_tokens_at_a_verifier_are_suspected_whatever_is_logged(issuer, caplog):
    verifier = verifier_of(issuer, log_refusals=None)
    early = issuer.mint(nbf=2**33)

    for _ in range(20):
        assert verdict(verifier, early) == "not_yet_valid"

    (warning,) = warnings(caplog)
    assert issuer.issuer in warning


def test_forged_early_tokens_are_no_reason_to_suspect_the_clock(issuer, caplog):
    verifier = verifier_of(issuer)

    for _ in range(20):
        assert verdict(verifier, issuer.mint(nbf=2**33, key=issuer.impostor())) == "bad_signature"

    assert warnings(caplog) == []
