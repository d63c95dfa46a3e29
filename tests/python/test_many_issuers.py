"""One verifier for many issuers: a list of them, a template for tenants, or a function that decides."""

import asyncio
import base64
import itertools
import json
import logging
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.servers.recording import Answer, RecordingServer
from tests.support.verdicts import GOOD, verdict, verdict_async
from tests.support.verifiers import OPENID, verifier_of
from tests.support.waiting import eventually

from authjwks import ConfigError, HttpOptions, InvalidToken, KeyOptions, KeysUnavailable, Verifier
from authjwks.testing import Issuer

OAUTH = "/.well-known/oauth-authorization-server"
UNANSWERED, IN_VAIN, IN_VAIN_A_SECOND = 64, 64, 2
"""How many issuers that have not answered yet are waited for at once; how many may fail at once, and how many more."""


@pytest.fixture
def one():
    with Issuer() as running:
        yield running


@pytest.fixture
def two():
    with Issuer() as running:
        yield running


def states(verifier):
    return {issuer.issuer: issuer.state for issuer in verifier.health().issuers}


def both_ways(verifier, token):
    verdicts = {verdict(verifier, token), asyncio.run(verdict_async(verifier, token))}
    assert len(verdicts) == 1
    return verdicts.pop()


class Host:
    """A server with an issuer for every tenant it is told of; each has a path, and all share one key."""

    def __init__(self, issuer, tenants):
        self.issuer = issuer
        self.tenants = set(tenants)
        self.hangs_for_others = False
        self.served = RecordingServer(self.answer)
        self.url = f"http://127.0.0.1:{self.served.server_port}"

    def answer(self, asked):
        if asked.path == "/jwks":
            return Answer(200, {}, json.dumps(self.issuer.jwks()).encode())
        tenant = asked.path.removesuffix(OPENID).removeprefix("/")
        if not asked.path.endswith(OPENID) or tenant not in self.tenants:
            time.sleep(2.0 if self.hangs_for_others else 0.0)
            return Answer(404)
        metadata = {"issuer": f"{self.url}/{tenant}", "jwks_uri": f"{self.url}/jwks"}
        return Answer(200, {}, json.dumps(metadata).encode())

    def verifier(self, issuer=None, **options):
        issuer = self.url + "/{tenant}" if issuer is None else issuer
        return verifier_of(self.issuer, issuer=issuer, **options)

    def mint(self, tenant, **claims):
        return self.issuer.mint(iss=f"{self.url}/{tenant}", **claims)

    def paths(self):
        return Counter(asked.path for asked in self.served.asked)


@pytest.fixture
def host(one):
    made = Host(one, ["acme", "globex"])
    with made.served:
        yield made


# A list


@pytest.mark.parametrize("as_given", [list, tuple, set, lambda issuers: dict.fromkeys(issuers).keys()])
def test_listed_issuers_are_judged_by_their_own_keys(one, two, as_given):
    verifier = verifier_of(one, issuer=as_given([one.issuer, two.issuer]))

    assert both_ways(verifier, one.mint()) == GOOD
    assert both_ways(verifier, two.mint(alg="ES256")) == GOOD
    assert states(verifier) == {one.issuer: "fresh", two.issuer: "fresh"}


def test_listed_issuer_cannot_sign_in_the_name_of_another(one, two):
    verifier = verifier_of(one, issuer=[one.issuer, two.issuer])
    verifier.prefetch()

    assert both_ways(verifier, one.mint(iss=two.issuer)) == "bad_signature"  # their key ids are alike
    assert both_ways(verifier, one.mint(iss=two.issuer, headers={"kid": None})) == "bad_signature"
    assert both_ways(verifier, two.mint(iss=one.issuer)) == "bad_signature"


def test_prefetch_asks_each_listed_issuer_once(one, two):
    verifier = verifier_of(one, issuer=[one.issuer, two.issuer])
    assert not verifier.health().ready

    verifier.prefetch()

    assert verifier.health().ready
    assert states(verifier) == {one.issuer: "fresh", two.issuer: "fresh"}
    assert (one.fetches["/jwks"], two.fetches["/jwks"]) == (1, 1)


@pytest.mark.parametrize("first_is_down", [True, False])
def test_prefetch_with_one_issuer_down_raises_and_fetches_the_other(one, two, first_is_down):
    down, up = (one, two) if first_is_down else (two, one)
    verifier = verifier_of(one, issuer=[one.issuer, two.issuer])

    with down.outage(), pytest.raises(KeysUnavailable):
        verifier.prefetch()

    assert states(verifier) == {down.issuer: "failed", up.issuer: "fresh"}


def test_issuer_that_is_down_affects_its_own_tokens_alone(one, two):
    verifier = verifier_of(one, issuer=[one.issuer, two.issuer])

    with one.outage():
        assert both_ways(verifier, one.mint()) == "keys_unavailable"
        assert both_ways(verifier, two.mint()) == GOOD
        with pytest.raises(KeysUnavailable):
            verifier.refresh()
        assert states(verifier) == {one.issuer: "failed", two.issuer: "fresh"}

    verifier.refresh()
    assert verifier.health().ready


@pytest.mark.slow
def test_hanging_issuer_does_not_block_threads_that_need_another(one, two):
    verifier = verifier_of(one, issuer=[one.issuer, two.issuer], http=HttpOptions(timeout=20, allow_http=True))

    with one.respond("/jwks", delay=60), ThreadPoolExecutor(1) as thread:
        hanging = thread.submit(verdict, verifier, one.mint())
        eventually(lambda: one.fetches["/jwks"])

        assert verdict(verifier, two.mint()) == GOOD
        assert not hanging.done()
        verifier.close()
        assert hanging.result() == "keys_unavailable"


@pytest.mark.slow
def test_hanging_issuers_do_not_block_tasks_that_need_another(one, two):
    async def scenario():
        hanging = [asyncio.ensure_future(verdict_async(verifier, each.mint())) for each in (one, two)]
        await asyncio.to_thread(eventually, lambda: one.fetches["/jwks"] and two.fetches["/jwks"])
        healthy_one = await verdict_async(verifier, healthy.mint())
        return healthy_one, [task.done() for task in hanging]

    with Issuer() as healthy, one.respond("/jwks", delay=60), two.respond("/jwks", delay=60):
        issuers = [one.issuer, two.issuer, healthy.issuer]
        verifier = verifier_of(healthy, issuer=issuers, http=HttpOptions(timeout=20, allow_http=True))

        assert asyncio.run(scenario()) == (GOOD, [False, False])


def test_issuers_with_one_jwks_uri_share_its_keys_and_keep_their_names(one):
    others = ["https://a.example", "https://b.example"]
    verifier = verifier_of(one, issuer=others, jwks_uri=one.jwks_uri)

    assert [both_ways(verifier, one.mint(iss=issuer)) for issuer in others] == [GOOD, GOOD]
    assert both_ways(verifier, one.mint()) == "wrong_issuer"
    assert one.fetches["/jwks"] == 1


def test_issuer_listed_twice_is_asked_once(one):
    verifier = verifier_of(one, issuer=[one.issuer, one.issuer])
    verifier.prefetch()

    assert both_ways(verifier, one.mint()) == GOOD
    assert one.fetches["/jwks"] == 1


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(lambda issuer: "https://elsewhere.example", id="another"),
        pytest.param(lambda issuer: issuer + "/", id="slash_added"),
        pytest.param(lambda issuer: issuer + "?x", id="query_added"),
        pytest.param(lambda issuer: issuer + "\0", id="nul_added"),
        pytest.param(lambda issuer: issuer.replace("http", "HTTP"), id="in_capitals"),
        pytest.param(lambda issuer: issuer[:-1], id="cut_off"),
        pytest.param(lambda issuer: "", id="empty"),
        pytest.param(lambda issuer: issuer + "/" + "x" * 5000, id="long"),
    ],
)
def test_token_of_an_unlisted_issuer_is_refused_without_a_request(one, two, claim):
    verifier = verifier_of(one, issuer=[one.issuer, two.issuer])

    assert both_ways(verifier, one.mint(iss=claim(one.issuer))) == "wrong_issuer"
    assert not one.fetches
    assert not two.fetches


def duplicate_issuer(issuer, first, second):
    """A token that names two issuers, as no JSON encoder would write it."""
    key = issuer.key("RS256")
    header, payload, _ = issuer.mint(iss=first).split(".")
    claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    twice = claims[:-1] + f',"iss":"{second}"}}'
    signed = f"{header}.{base64.urlsafe_b64encode(twice.encode()).rstrip(b'=').decode()}"
    return f"{signed}.{base64.urlsafe_b64encode(key.sign(signed.encode())).rstrip(b'=').decode()}"


@pytest.mark.parametrize("of", ["list", "template", "function"])
@pytest.mark.parametrize(
    ("iss", "code"),
    [
        pytest.param(None, "claim_missing", id="missing"),
        pytest.param(5, "claim_invalid", id="number"),
        pytest.param(["{issuer}"], "claim_invalid", id="list"),
        pytest.param({"{issuer}": 1}, "claim_invalid", id="dict"),
        pytest.param(True, "claim_invalid", id="bool"),
    ],
)
def test_token_without_a_usable_issuer_is_refused_without_a_request(one, of, iss, code):
    issuer = {"list": [one.issuer, "https://b.example"], "template": one.issuer + "/{tenant}", "function": bool}[of]
    verifier = verifier_of(one, issuer=issuer)

    assert both_ways(verifier, one.mint(iss=iss)) == code
    assert not one.fetches


@pytest.mark.parametrize("order", [0, 1])
def test_token_that_names_two_issuers_is_malformed(one, two, order):
    verifier = verifier_of(one, issuer=[one.issuer, two.issuer])
    verifier.prefetch()
    names = [one.issuer, two.issuer]

    assert both_ways(verifier, duplicate_issuer(one, names[order], names[1 - order])) == "malformed"


# A template


def test_template_judges_each_tenant_by_its_own_metadata(host):
    verifier = host.verifier()

    assert both_ways(verifier, host.mint("acme")) == GOOD
    assert both_ways(verifier, host.mint("globex")) == GOOD
    assert host.paths() == {f"/acme{OPENID}": 1, f"/globex{OPENID}": 1, "/jwks": 2}
    assert states(verifier) == {f"{host.url}/acme": "fresh", f"{host.url}/globex": "fresh"}


def test_template_gives_503_to_an_unknown_tenant_and_serves_the_others(host):
    verifier = host.verifier()
    assert both_ways(verifier, host.mint("acme")) == GOOD

    with pytest.raises(KeysUnavailable) as unavailable:
        verifier.verify(host.mint("initech"))

    assert unavailable.value.retry_after >= 1
    assert both_ways(verifier, host.mint("acme")) == GOOD


def test_made_up_tenant_does_not_change_readiness(host):
    verifier = host.verifier()
    assert verdict(verifier, host.mint("acme")) == GOOD
    assert verifier.health().ready

    assert verdict(verifier, host.mint("made-up")) == "keys_unavailable"

    assert verifier.health().ready


def test_made_up_tenant_does_not_fail_prefetch_or_refresh(host):
    verifier = host.verifier()
    assert verdict(verifier, host.mint("acme")) == GOOD
    assert verdict(verifier, host.mint("made-up")) == "keys_unavailable"

    verifier.prefetch()
    verifier.refresh()

    assert host.paths()[f"/acme{OPENID}"] == 2


TENANTS_THAT_FIT = ["a", "A1", "7", "a-b_c.d", "0" * 64, "a..b", "contoso.onmicrosoft.com"]


@pytest.mark.parametrize("tenant", TENANTS_THAT_FIT)
def test_tenant_name_that_fits_is_asked_for(host, tenant):
    host.tenants.add(tenant)

    assert both_ways(host.verifier(), host.mint(tenant)) == GOOD
    assert host.paths()[f"/{tenant}{OPENID}"] == 1


TENANTS_THAT_DO_NOT_FIT = [
    pytest.param("", id="none"),
    pytest.param("0" * 65, id="too_long"),
    pytest.param("..", id="two_dots"),
    pytest.param(".a", id="dot_first"),
    pytest.param("-a", id="hyphen_first"),
    pytest.param("_a", id="underscore_first"),
    pytest.param("a/b", id="slash"),
    pytest.param("../jwks", id="path_up"),
    pytest.param("a%2fb", id="escaped_slash"),
    pytest.param("a?b", id="query"),
    pytest.param("a#b", id="fragment"),
    pytest.param("a@b", id="at"),
    pytest.param("a:80", id="colon"),
    pytest.param("a b", id="blank"),
    pytest.param("a\r\nX: y", id="line_break"),
    pytest.param("a\0", id="nul"),
    pytest.param("a\\b", id="backslash"),
    pytest.param("\xe4", id="latin_1"),
    pytest.param("\u0430cme", id="look_alike"),
    pytest.param("{tenant}", id="the_gap_itself"),
    pytest.param("acme/", id="slash_added"),
]


@pytest.mark.parametrize("tenant", TENANTS_THAT_DO_NOT_FIT)
def test_tenant_name_that_does_not_fit_is_refused_without_a_request(host, tenant):
    verifier = host.verifier()

    assert both_ways(verifier, host.mint(tenant)) == "wrong_issuer"
    assert not host.served.asked
    assert verifier.health().issuers == ()


@pytest.mark.parametrize(
    "claimed",
    [
        "http://127.0.0.1:{port}/acme",
        "http://127.0.0.1:{port}@elsewhere.example/acme",
        "http://127.0.0.2:{host}/acme",
        "http://localhost:{host}/acme",
        "https://127.0.0.1:{host}/acme",
        "http://127.0.0.1:{host}0/acme",
        "http://127.0.0.1:{host}/x/acme",
        "//127.0.0.1:{host}/acme",
    ],
)
def test_template_never_sends_a_request_to_another_server(host, claimed):
    with RecordingServer(lambda asked: Answer(404)) as attacker:
        verifier = host.verifier()
        claimed = claimed.format(port=attacker.server_port, host=host.served.server_port)

        assert both_ways(verifier, host.issuer.mint(iss=claimed)) == "wrong_issuer"

        assert not attacker.asked
        assert not host.served.asked


def test_metadata_that_names_another_issuer_is_not_used(host):
    metadata = {"issuer": f"{host.url}/acme", "jwks_uri": f"{host.url}/jwks"}
    usual = host.answer
    host.served.answer = lambda asked: (
        Answer(200, {}, json.dumps(metadata).encode()) if asked.path.endswith(OPENID) else usual(asked)
    )
    events = []
    verifier = host.verifier(on_event=events.append)

    assert both_ways(verifier, host.mint("globex")) == "keys_unavailable"
    assert [(event.issuer, event.error.code) for event in events] == [(f"{host.url}/{{tenant}}", "issuer_mismatch")]


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("https://{tenant}", id="whole_host"),
        pytest.param("https://{tenant}/", id="whole_host_with_path"),
        pytest.param("https://{tenant}:443/", id="whole_host_with_port"),
        pytest.param("https://{tenant}.com", id="below_a_top_level"),
        pytest.param("https://{tenant}.com./", id="below_a_top_level_with_a_dot"),
        pytest.param("https://{tenant}..com/", id="empty_label"),
        pytest.param("https://{tenant}.0.0.1/", id="address"),
        pytest.param("https://{tenant}.co.uk/", id="public_suffix"),
        pytest.param("https://login.{tenant}.co.uk/", id="public_suffix_after_a_label"),
        pytest.param("https://{tenant}.github.io:8443/x", id="names_for_everybody"),
        pytest.param("https://{tenant}example.com", id="end_of_a_label"),
        pytest.param("https://login.{tenant}", id="end_of_host"),
        pytest.param("https://login.example.{tenant}/x", id="top_level"),
        pytest.param("https://login.example:{tenant}/", id="port"),
        pytest.param("{tenant}://login.example.com/", id="scheme"),
        pytest.param("{tenant}", id="everything"),
        pytest.param("https://login.example.com/{tenant}/{tenant}", id="two_gaps"),
        pytest.param("https://login.example.com/{other}", id="another_name"),
        pytest.param("https://login.example.com/{tenant", id="open"),
        pytest.param("https://login.example.com/}{tenant}", id="a_brace_more"),
        pytest.param("https://login.example.com/{}", id="no_name"),
        pytest.param("http://login.example.com/{tenant}", id="plain_http"),
        pytest.param("https://user@login.example.com/{tenant}", id="user"),
        pytest.param("https://login.example.com/x?t={tenant}", id="query"),
        pytest.param("https://login.example.com/x#{tenant}", id="fragment"),
        pytest.param("login.example.com/{tenant}", id="no_scheme"),
    ],
)
def test_template_that_could_be_abused_is_a_config_error(template):
    with pytest.raises(ConfigError):
        Verifier(template, "https://api.example")


@pytest.mark.parametrize(
    "template",
    [
        "https://login.example/{tenant}/v2.0",
        "https://{tenant}.eu.auth0.example",
        "https://{tenant}.login.example:8443/x",
        "https://{tenant}.okta.com",
        "https://{tenant}.eu.auth0.com/",
        "https://{tenant}.example.co.uk/",
    ],
)
def test_template_with_a_fixed_server_is_accepted(template):
    assert Verifier([template, "https://a.example"], "https://api.example").health().ready is False


def test_two_labels_are_enough_without_the_public_suffix_list(monkeypatch):
    monkeypatch.setitem(sys.modules, "publicsuffixlist", None)

    assert Verifier("https://{tenant}.co.uk/", "https://api.example").health().ready is False
    with pytest.raises(ConfigError):
        Verifier("https://{tenant}.uk/", "https://api.example")


def test_template_and_listed_issuer_work_together(host, two):
    verifier = host.verifier([host.url + "/{tenant}", two.issuer])

    assert both_ways(verifier, host.mint("acme")) == GOOD
    assert both_ways(verifier, two.mint()) == GOOD


def test_template_with_one_place_for_metadata_is_a_config_error(host):
    with pytest.raises(ConfigError, match="template"):
        host.verifier(discovery_url=f"{host.issuer.issuer}{OPENID}")


def test_more_tenants_than_may_be_unanswered_are_all_served_in_turn(host):
    tenants = [f"tenant-{number}" for number in range(2 * UNANSWERED)]
    host.tenants.update(tenants)
    verifier = host.verifier()

    verdicts = Counter(verdict(verifier, host.mint(tenant, alg="Ed25519")) for tenant in tenants)

    assert verdicts == {GOOD: len(tenants)}


@pytest.mark.slow
@pytest.mark.parametrize("of", ["template", "function"])
def test_flood_of_made_up_tenants_costs_few_requests_and_known_ones_serve(host, of):
    verifier = host.verifier({"template": None, "function": lambda issuer: issuer.startswith(host.url)}[of])
    known = host.mint("acme", alg="Ed25519")
    assert [verdict(verifier, known) for _ in range(2)] == [GOOD] * 2
    flood = [host.mint(f"made-up-{number}", alg="Ed25519") for number in range(3000)]
    began = time.monotonic()
    stop = threading.Event()
    served = Counter()

    def keep_calling():
        while not stop.is_set():
            served[verdict(verifier, known)] += 1

    with ThreadPoolExecutor(9) as threads:
        calling = threads.submit(keep_calling)
        refused = Counter(threads.map(lambda token: verdict(verifier, token), flood))
        stop.set()
        calling.result()

    assert refused == {"keys_unavailable": 3000}
    assert set(served) == {GOOD}
    asked_for = {path.split("/")[1] for path in host.paths() if path.endswith(OPENID)} - {"acme"}
    assert len(asked_for) <= IN_VAIN + IN_VAIN_A_SECOND * (time.monotonic() - began) + 1
    assert len(verifier.health().issuers) <= UNANSWERED + 1


@pytest.mark.slow
@pytest.mark.parametrize("their_answer", ["404", "none"])
def test_new_tenant_gets_in_during_a_flood_of_made_up_ones(host, their_answer):
    host.hangs_for_others = their_answer == "none"
    verifier = host.verifier(http=HttpOptions(timeout=0.5, allow_http=True))
    good = host.mint("globex", alg="Ed25519")
    host.tenants.add("globex")
    forged = (host.mint(f"made-up-{number}", alg="Ed25519") for number in itertools.count())
    stop, began, lock = threading.Event(), time.monotonic(), threading.Lock()

    def keep_attacking():
        while not stop.is_set():
            with lock:
                token = next(forged)
            assert verdict(verifier, token) == "keys_unavailable"
            time.sleep(0.02)

    with ThreadPoolExecutor(4) as threads:
        attacking = [threads.submit(keep_attacking) for _ in range(4)]
        time.sleep(1.0)
        try:
            eventually(lambda: verdict(verifier, good) == GOOD, within=60.0)
            eventually(lambda: verdict(verifier, good) == GOOD, within=60.0)
            assert {verdict(verifier, good) for _ in range(100)} == {GOOD}, "once it has answered it is known"
        finally:
            stop.set()
        assert [attack.result() for attack in attacking] == [None] * 4
    asked_for = [path for path in host.paths().elements() if "made-up" in path and path.endswith(OPENID)]
    assert len(asked_for) <= IN_VAIN + IN_VAIN_A_SECOND * (time.monotonic() - began) + 1


def test_too_many_failed_tenants_give_503_with_retry_after(host):
    verifier = host.verifier()
    good, *made_up = (host.mint(name, alg="Ed25519") for name in ("globex", *(f"made-up-{n}" for n in range(IN_VAIN))))
    for token in made_up:  # in less time than one of them is allowed again in
        assert verdict(verifier, token) == "keys_unavailable"
    before = host.paths()

    with pytest.raises(KeysUnavailable) as unavailable:
        verifier.verify(good)

    assert unavailable.value.retry_after == 1
    assert host.paths() == before


def test_back_off_of_an_unreachable_tenant_is_kept(host):
    verifier = host.verifier()

    assert [verdict(verifier, host.mint("made-up")) for _ in range(20)] == ["keys_unavailable"] * 20

    assert host.paths()[f"/made-up{OPENID}"] <= 2


# A function


def test_function_that_trusts_is_asked_once_per_issuer(one, two):
    asked = []
    verifier = verifier_of(one, issuer=lambda issuer: asked.append(issuer) or issuer in {one.issuer, two.issuer})

    assert [both_ways(verifier, each.mint()) for each in (one, two, one, two)] == [GOOD] * 4
    assert asked == [one.issuer, two.issuer]
    assert states(verifier) == {one.issuer: "fresh", two.issuer: "fresh"}


def test_function_may_return_the_url_of_the_keys(one):
    issuer = "https://named.example"
    verifier = verifier_of(one, issuer={issuer: one.jwks_uri}.get)

    assert both_ways(verifier, one.mint(iss=issuer)) == GOOD
    assert both_ways(verifier, one.mint()) == "wrong_issuer"
    assert one.fetches == {"/jwks": 1}
    assert states(verifier) == {issuer: "fresh"}


@pytest.mark.parametrize("decision", [False, None, ""], ids=repr)
def test_function_that_refuses_gives_wrong_issuer_without_a_request(one, decision):
    verifier = verifier_of(one, issuer=lambda issuer: decision)

    assert both_ways(verifier, one.mint()) == "wrong_issuer"
    assert not one.fetches
    assert verifier.health().issuers == ()


@pytest.mark.parametrize(
    "decision",
    [1, 1.0, ["yes"], {"tenant": 7}, b"https://a.example", object(), Ellipsis],
    ids=lambda value: str(type(value)),
)
def test_function_that_returns_another_type_is_no_trust(one, decision):
    verifier = verifier_of(one, issuer=lambda issuer: decision)

    assert both_ways(verifier, one.mint()) == "wrong_issuer"
    assert not one.fetches


def test_coroutine_function_is_a_config_error(one):
    async def decide(issuer):
        return False

    with pytest.raises(ConfigError):
        verifier_of(one, issuer=decide)


@pytest.mark.parametrize(
    "url",
    [
        "not a url",
        "ftp://a.example",
        "http://user@a.example/jwks",
        "https://a.example/jwks#x",
        "file:///etc/passwd",
        "https://a.example/\ud800",
    ],
    ids=ascii,
)
def test_function_that_returns_an_illegal_url_gives_wrong_issuer(one, url):
    verifier = verifier_of(one, issuer=lambda issuer: url)

    assert both_ways(verifier, one.mint()) == "wrong_issuer"


@pytest.mark.parametrize(
    "claimed", ["not a url", "file:///etc/passwd", "http://user@a.example", "javascript:x", "ftp://a"]
)
def test_issuer_that_is_no_url_is_refused_even_if_everything_is_trusted(one, claimed):
    verifier = verifier_of(one, issuer=lambda issuer: True)

    assert both_ways(verifier, one.mint(iss=claimed)) == "wrong_issuer"


@pytest.mark.parametrize("made_up", ["line\nbreak", "null\0", "\x1b[2J", "\u202eltr", "\u2028"], ids=ascii)
def test_function_is_not_asked_about_an_issuer_that_could_disturb_a_log(one, caplog, made_up):
    asked = []
    verifier = verifier_of(one, issuer=lambda issuer: asked.append(issuer) or one.jwks_uri)

    with one.outage():
        assert both_ways(verifier, one.mint(iss=f"https://login.example/{made_up}")) == "wrong_issuer"

    assert asked == []
    assert not one.fetches
    assert caplog.text == ""


def test_function_that_raises_gives_503_and_its_error_is_logged(one, caplog):
    def decide(issuer):
        raise LookupError("the tenants' database is away")

    verifier = verifier_of(one, issuer=decide)

    with pytest.raises(KeysUnavailable) as unavailable:
        verifier.verify(one.mint())

    assert "the tenants' database is away" in caplog.text
    assert "database" not in str(unavailable.value)
    assert unavailable.value.retry_after >= 1
    assert asyncio.run(verdict_async(verifier, one.mint())) == "keys_unavailable"


def test_function_is_not_asked_about_tokens_refused_for_other_reasons(one):
    asked = []
    verifier = verifier_of(one, issuer=lambda issuer: asked.append(issuer) or True)

    assert both_ways(verifier, "a.b.c") == "malformed"
    assert both_ways(verifier, one.mint(headers={"alg": "none"})) == "unsupported_alg"
    with pytest.raises(InvalidToken):
        verifier.verify("x" * 100_000)
    assert asked == []


def test_function_that_trusts_costs_one_fetch_for_tokens_at_once(one):
    verifier = verifier_of(one, issuer=lambda issuer: True)
    token = one.mint()

    with one.respond("/jwks", delay=0.2), ThreadPoolExecutor(16) as threads:
        assert list(threads.map(lambda _: verdict(verifier, token), range(16))) == [GOOD] * 16

    assert one.fetches["/jwks"] == 1


def test_function_with_one_place_for_keys_is_a_config_error(one):
    with pytest.raises(ConfigError):
        verifier_of(one, issuer=lambda issuer: True, jwks_uri=one.jwks_uri)


# Closed


@pytest.mark.parametrize("of", ["template", "function"])
def test_closed_verifier_asks_no_new_issuer(host, of):
    verifier = host.verifier({"template": None, "function": lambda issuer: True}[of])
    assert both_ways(verifier, host.mint("acme")) == GOOD
    before = host.paths()

    verifier.close()

    assert both_ways(verifier, host.mint("acme")) == GOOD
    assert both_ways(verifier, host.mint("globex")) == "keys_unavailable"
    assert host.paths() == before


def test_events_name_the_issuer_they_are_about(one, two):
    events = []
    verifier = verifier_of(one, issuer=[one.issuer, two.issuer], on_event=events.append, keys=KeyOptions(cooldown=0))
    verifier.prefetch()
    one.rotate()

    assert verdict(verifier, one.mint()) == GOOD
    with two.outage(), pytest.raises(KeysUnavailable):
        verifier.refresh()

    assert {(event.kind, event.issuer) for event in events} == {
        ("keys_changed", one.issuer),
        ("refresh_failed", two.issuer),
    }


@pytest.mark.parametrize(
    ("issuers", "told_as"),
    [
        pytest.param(lambda host: f"{host.url}/{{tenant}}", lambda host: f"{host.url}/{{tenant}}", id="template"),
        pytest.param(
            lambda host: ["https://a.example", f"{host.url}/{{tenant}}"],
            lambda host: f"{host.url}/{{tenant}}",
            id="name_and_template",
        ),
        pytest.param(lambda host: lambda claimed: claimed.startswith(host.url), lambda host: "", id="function"),
    ],
)
def test_made_up_issuers_are_named_in_no_event_and_no_log(host, caplog, issuers, told_as):
    caplog.set_level(logging.DEBUG)
    events = []
    verifier = host.verifier(issuers(host), on_event=events.append)

    for number in range(5):
        assert both_ways(verifier, host.mint(f"made-up-{number}", alg="Ed25519")) == "keys_unavailable"

    told = [record for record in caplog.records if record.name == "authjwks"]
    assert {(event.kind, event.issuer) for event in events} == {("refresh_failed", told_as(host))}
    assert {record.levelno for record in told} == {logging.DEBUG}
    assert "made-up" not in f"{events} {[record.getMessage() for record in told]}"
    assert verifier._keys.events._reasons == {}


@pytest.mark.parametrize("of", ["template", "function"])
def test_issuer_named_by_a_token_appears_in_events_once_it_has_answered(host, caplog, of):
    events = []
    verifier = host.verifier(
        {"template": None, "function": lambda claimed: claimed.startswith(host.url)}[of], on_event=events.append
    )
    assert verdict(verifier, host.mint("acme")) == GOOD
    host.tenants.clear()

    with pytest.raises(KeysUnavailable):
        verifier.refresh()

    assert [(event.kind, event.issuer) for event in events] == [("refresh_failed", f"{host.url}/acme")]
    assert [(record.levelno, record.args[0]) for record in caplog.records] == [(logging.WARNING, f"{host.url}/acme")]


def test_memory_of_failing_issuers_stays_bounded(one, caplog):
    verifier = verifier_of(one)
    verifier._keys.events._reasons.update((f"https://{number}.example", set()) for number in range(1024))

    with one.outage():
        assert verdict(verifier, one.mint()) == "keys_unavailable"

    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert verifier._keys.events._reasons.keys() == {one.issuer}
