"""Flask views behind `@auth.require()`, called through Flask's own client with real tokens."""

from __future__ import annotations

import functools
import gc
import weakref
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask, g
from flask.views import MethodView

from authjwks import ConfigError, Forbidden, Verifier
from authjwks.flask import AuthExtension


@pytest.fixture
def auth(verifier):
    return AuthExtension(verifier)


def app_with(auth, **required):
    """An app with one guarded view of each kind, which all say who calls."""
    app = Flask(__name__)
    blueprint = Blueprint("api", __name__)

    @app.get("/plain")
    @auth.require(**required)
    def plain():
        return {"user": g.jwt["sub"]}

    @app.get("/async")
    @auth.require(**required)
    async def asynchronous():
        return {"user": g.jwt["sub"]}

    @blueprint.get("/blueprint/<name>")
    @auth.require(**required)
    def in_blueprint(name):
        return {"user": g.principal.subject, "name": name}

    class Posts(MethodView):
        decorators: ClassVar = [auth.require(**required)]

        def get(self):
            return {"user": g.jwt["sub"]}

    app.register_blueprint(blueprint)
    app.add_url_rule("/class", view_func=Posts.as_view("posts"))
    return app


VIEWS = pytest.mark.parametrize("path", ["/plain", "/async", "/blueprint/x", "/class"])


@VIEWS
@pytest.mark.parametrize(
    "required", [{}, {"roles": "editor", "scopes": ["read:posts"]}], ids=["authentication", "rights"]
)
def test_given_a_guarded_view__when_called_with_a_good_token__then_it_runs_and_knows_the_caller(
    auth, good, path, required
):
    answer = app_with(auth, **required).test_client().get(path, headers=good)

    assert (answer.status_code, answer.json["user"]) == (200, "user-1")


def test_given_a_guarded_view__when_refused__then_answers_as_rfc_6750_says(auth, refusal):
    app = app_with(auth, roles=["editor"], scopes=["read:posts"])

    answer = app.test_client().get("/plain", headers=refusal.headers)

    sentence = answer.json["detail"]
    assert answer.status_code == refusal.status
    assert answer.mimetype == "application/json"
    assert answer.json == refusal.body(sentence)
    assert answer.headers.getlist("WWW-Authenticate") == [refusal.challenge(sentence)]


@VIEWS
def test_given_any_kind_of_view__when_called_without_a_token__then_refused(auth, path):
    assert app_with(auth).test_client().get(path).status_code == 401


def test_given_an_issuer_that_is_down__when_a_view_is_called__then_503_with_retry_after(cold_verifier, issuer, good):
    with issuer.outage():
        answer = app_with(AuthExtension(cold_verifier)).test_client().get("/plain", headers=good)

    assert (answer.status_code, answer.json["code"]) == (503, "keys_unavailable")
    assert answer.json["error"] == "temporarily_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert "WWW-Authenticate" not in answer.headers


def test_given_a_hostile_header__when_a_view_is_called__then_400_or_401_without_an_echo(auth, hostile_header):
    environment = {"HTTP_AUTHORIZATION": hostile_header.decode("latin-1")}

    answer = app_with(auth).test_client().get("/plain", environ_overrides=environment)

    assert answer.status_code in {400, 401}
    assert "X-Evil" not in str(answer.headers)
    assert hostile_header.removeprefix(b"Bearer ")[:8] not in answer.data


def test_given_two_authorization_headers__when_a_view_is_called__then_400(auth, good):
    headers = [*good.items(), *good.items()]

    answer = app_with(auth).test_client().get("/plain", headers=headers)

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_given_a_refusal__when_the_request_ends__then_the_view_never_ran_and_no_claims_are_left(auth, issuer):
    app = Flask(__name__)
    seen: list[Any] = []

    @app.get("/")
    @auth.require()
    @auth.require(roles=["admin"])
    def view():
        seen.append("view")

    @app.after_request
    def look(response):
        seen.append(("jwt" in g, "principal" in g))
        return response

    answer = app.test_client().get("/", headers={"Authorization": f"Bearer {issuer.mint()}"})

    assert (answer.status_code, seen) == (403, [(False, False)])


def test_given_handlers_for_every_error__when_refused__then_the_answer_is_ours_all_the_same(auth):
    app = app_with(auth)
    app.register_error_handler(Exception, lambda error: ("theirs", 200))
    app.register_error_handler(401, lambda error: ("theirs", 200))

    answer = app.test_client().get("/plain")

    assert (answer.status_code, answer.json["code"]) == (401, "missing_token")


@pytest.mark.parametrize("error", [ValueError("mine"), Forbidden("mine"), KeyError("mine")], ids=repr)
@pytest.mark.parametrize("kind", ["plain", "async"])
def test_given_a_view_that_raises__when_called__then_its_own_error_comes_out(auth, good, error, kind):
    app = Flask(__name__)
    app.testing = True

    if kind == "plain":

        @auth.require()
        def view():
            raise error
    else:

        @auth.require()
        async def view():
            raise error

    app.add_url_rule("/", view_func=view)

    with pytest.raises(type(error), match="mine"):
        app.test_client().get("/", headers=good)


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "HEAD", "POST"])
def test_given_a_view_of_every_method__when_called_without_a_token__then_only_a_preflight_passes(auth, method):
    app, ran = Flask(__name__), []

    @app.route("/", methods=["GET", "POST", "OPTIONS"], provide_automatic_options=False)
    @auth.require()
    def view():
        ran.append(method)
        return "ran"

    client = app.test_client()
    plain = client.open("/", method=method)
    preflight = client.open("/", method=method, headers={"Access-Control-Request-Method": "POST"})

    assert plain.status_code == 401
    assert preflight.status_code == (200 if method == "OPTIONS" else 401)
    assert ran == []
    if method == "OPTIONS":
        assert {"GET", "POST"} <= set(preflight.headers["Allow"].split(", "))


def test_given_one_extension_in_two_apps__when_called__then_each_app_asks_its_own_verifier(issuer, verifier, good):
    other = Verifier(issuer.issuer, "https://other.example", jwks=issuer.jwks())
    auth = AuthExtension()
    one, two = app_with(auth), app_with(auth)
    auth.init_app(one, verifier)
    auth.init_app(two, other)
    for_other = {"Authorization": f"Bearer {issuer.mint(aud='https://other.example')}"}

    answers = [app.test_client().get("/plain", headers=h).status_code for app in (one, two) for h in (good, for_other)]

    assert answers == [200, 401, 401, 200]


def test_given_two_extensions_in_one_app__when_called__then_each_view_asks_its_own_verifier(issuer, verifier, good):
    app = Flask(__name__)
    users = AuthExtension(verifier, app=app)
    admins = AuthExtension(Verifier(issuer.issuer, "https://admin.example", jwks=issuer.jwks()), app=app)
    app.add_url_rule("/users", "users", users.require()(dict))
    app.add_url_rule("/admins", "admins", admins.require()(dict))
    client = app.test_client()

    assert [client.get(path, headers=good).status_code for path in ("/users", "/admins")] == [200, 401]
    assert set(app.extensions["authjwks"]) == {users, admins}


def test_given_a_verifier_of_the_extension__when_an_app_brings_its_own__then_the_apps_wins(issuer, verifier, good):
    auth = AuthExtension(Verifier(issuer.issuer, "https://other.example", jwks=issuer.jwks()))
    app = app_with(auth)
    auth.init_app(app, verifier)

    assert app.test_client().get("/plain", headers=good).status_code == 200


def test_given_no_verifier__when_a_view_is_called__then_the_setup_is_blamed_and_the_view_closed(good):
    app = app_with(AuthExtension())
    app.testing = True

    with pytest.raises(ConfigError, match="no verifier"):
        app.test_client().get("/plain", headers=good)


@pytest.mark.parametrize(
    "misuse",
    [
        pytest.param(lambda auth: auth.require(lambda: "view"), id="without_parentheses"),
        pytest.param(lambda auth: auth.require("admin"), id="positional"),
        pytest.param(lambda auth: auth.require(roles=[]), id="empty"),
        pytest.param(lambda auth: auth.require(scopes="a b"), id="two_scopes_in_one_str"),
        pytest.param(AuthExtension, id="no_verifier"),
        pytest.param(lambda auth: AuthExtension().init_app(Flask("x")), id="no_verifier_for_the_app"),
        pytest.param(lambda auth: AuthExtension(app=Flask("x")), id="no_verifier_for_the_first_app"),
    ],
)
def test_given_a_misuse__when_the_route_is_defined__then_config_error(auth, misuse):
    with pytest.raises(ConfigError):
        misuse(auth)


def test_given_a_misspelt_requirement__when_the_route_is_defined__then_type_error(auth):
    with pytest.raises(TypeError, match="role"):
        auth.require(role="admin")


def wrapping(view):
    @functools.wraps(view)
    def wrapped(*args, **kwargs):
        return view(*args, **kwargs)

    return wrapped


def above_the_route(app, auth, view):
    auth.require()(app.get("/x")(view))


def above_a_decorator_above_the_route(app, auth, view):
    auth.require()(wrapping(wrapping(app.get("/x")(view))))


def above_the_route_of_a_decorated_view(app, auth, view):
    auth.require()(app.get("/x")(wrapping(wrapping(view))))


def above_the_route_of_an_asynchronous_view(app, auth, view):
    async def asynchronous():
        return view()

    auth.require()(app.get("/x")(asynchronous))


def above_the_route_of_a_blueprint(app, auth, view):
    inner, outer = Blueprint("inner", __name__), Blueprint("outer", __name__)
    auth.require()(inner.get("/x")(view))
    outer.register_blueprint(inner)
    app.register_blueprint(outer)


def above_the_route_of_a_view_with_lesser_rights(app, auth, view):
    auth.require(roles="admin")(app.get("/x")(auth.require()(view)))


def above_the_route_with_lesser_rights_below_and_the_guard_kept(app, auth, view):
    app.guarded = auth.require(roles="admin")(app.get("/x")(auth.require()(view)))


def around_a_class_that_is_registered_bare(app, auth, view):
    class Views(MethodView):
        def get(self):
            return view()

    bare = Views.as_view("x")
    app.add_url_rule("/x", view_func=bare)
    auth.require()(bare)


MISPLACED = pytest.mark.parametrize(
    "misplaced",
    [
        above_the_route,
        above_a_decorator_above_the_route,
        above_the_route_of_a_decorated_view,
        above_the_route_of_an_asynchronous_view,
        above_the_route_of_a_blueprint,
        above_the_route_of_a_view_with_lesser_rights,
        above_the_route_with_lesser_rights_below_and_the_guard_kept,
        around_a_class_that_is_registered_bare,
    ],
    ids=lambda register: register.__name__,
)


@MISPLACED
def test_given_a_guard_that_guards_nothing__when_requests_come__then_the_app_serves_none_of_them(
    verifier, good, misplaced, caplog
):
    app, ran = Flask(__name__), []
    auth = AuthExtension(verifier, app=app)

    @app.get("/right")
    @auth.require()
    def right():
        ran.append("right")
        return "ran"

    misplaced(app, auth, lambda: ran.append("x") or "ran")
    gc.collect()
    client = app.test_client()

    assert [client.get(path, headers=good).status_code for path in ("/x", "/right", "/no-such", "/x")] == [500] * 4
    assert ran == []
    blamed = [record.exc_info[1] for record in caplog.records]
    assert {type(error) for error in blamed} == {ConfigError}
    assert all("'x'" in str(error) or "<lambda>" in str(error) or "asynchronous" in str(error) for error in blamed)


@MISPLACED
def test_given_a_guard_that_guards_nothing__when_the_app_is_initialised_last__then_it_does_not_start(
    verifier, misplaced
):
    app, auth = Flask(__name__), AuthExtension(verifier)
    misplaced(app, auth, lambda: "ran")

    with pytest.raises(ConfigError, match="below"):
        auth.init_app(app)


def test_given_a_view_registered_after_the_app_was_initialised_again__when_misplaced__then_it_is_found_all_the_same(
    verifier,
):
    app = Flask(__name__)
    auth = AuthExtension(verifier, app=app)
    auth.init_app(app)
    above_the_route(app, auth, lambda: "ran")

    assert app.test_client().get("/x").status_code == 500


def below_the_route(app, auth, view):
    app.get("/x")(auth.require()(view))


def below_the_route_among_decorators(app, auth, view):
    app.get("/x")(wrapping(wrapping(auth.require()(wrapping(wrapping(view))))))


def below_the_route_of_a_blueprint(app, auth, view):
    blueprint = Blueprint("api", __name__)
    blueprint.get("/x")(auth.require()(view))
    app.register_blueprint(blueprint, name="a")
    app.register_blueprint(blueprint, url_prefix="/b", name="b")


def below_the_route_twice(app, auth, view):
    app.get("/x")(auth.require(scopes="read:posts")(wrapping(auth.require(roles="editor")(view))))


def below_two_routes(app, auth, view):
    app.get("/x")(app.get("/y")(auth.require()(view)))


def below_the_routes_decorator_and_called_elsewhere(app, auth, view):
    guarded = auth.require()(view)
    app.add_url_rule("/x", view_func=wrapping(guarded))
    app.guarded_for_admins = auth.require(roles="admin")(view)


def in_a_class(app, auth, view):
    class Views(MethodView):
        decorators: ClassVar = [auth.require()]

        def get(self):
            return view()

    app.add_url_rule("/x", view_func=Views.as_view("x"))


def on_a_method(app, auth, view):
    class Views(MethodView):
        @auth.require()
        def get(self):
            return view()

    app.add_url_rule("/x", view_func=Views.as_view("x"))


def open_as_well(app, auth, view):
    app.add_url_rule("/open", "open", view)
    app.add_url_rule("/x", "x", auth.require()(view))


def open_as_well_and_guarded_first(app, auth, view):
    app.add_url_rule("/x", "x", auth.require()(view))
    app.add_url_rule("/open", "open", view)


def of_a_type(app, auth, view):
    app.add_url_rule("/x", "x", auth.require()(dict))
    app.add_url_rule("/open", "open", dict)


def of_an_object(app, auth, view):
    class View:
        __slots__ = ()
        __hash__ = None
        __name__ = "x"

        def __call__(self):
            return view()

    app.add_url_rule("/x", view_func=auth.require()(View()))


@pytest.mark.parametrize(
    "placed",
    [
        below_the_route,
        below_the_route_among_decorators,
        below_the_route_of_a_blueprint,
        below_the_route_twice,
        below_two_routes,
        below_the_routes_decorator_and_called_elsewhere,
        in_a_class,
        on_a_method,
        open_as_well,
        open_as_well_and_guarded_first,
        of_a_type,
        of_an_object,
    ],
    ids=lambda register: register.__name__,
)
@pytest.mark.parametrize("is_initialised", ["first", "last", "never"])
def test_given_a_guard_in_its_place__when_requests_come__then_it_decides_and_nothing_is_blamed(
    verifier, good, placed, is_initialised
):
    app = Flask(__name__)
    auth = AuthExtension(verifier, app=app if is_initialised == "first" else None)
    placed(app, auth, lambda: "ran")
    if is_initialised == "last":
        auth.init_app(app)
    client = app.test_client()

    assert [client.get("/x", headers=headers).status_code for headers in (good, {})] == [200, 401]


def test_given_a_view_open_and_guarded__when_apps_are_made_one_after_another__then_none_is_blamed(verifier, good):
    auth = AuthExtension(verifier)

    def view():
        return "ran"

    for _ in range(2):
        app = Flask(__name__)
        open_as_well(app, auth, view)
        auth.init_app(app)
        gc.collect()

        assert [app.test_client().get(path).status_code for path in ("/open", "/x")] == [200, 401]
        del app


def test_given_hooks_of_the_users__when_requests_come__then_each_runs_and_the_guards_own_is_gone_after_the_first(
    verifier, good
):
    app = Flask(__name__)
    ran = []
    app.before_request(lambda: ran.append("before"))
    AuthExtension(verifier, app=app)
    app.before_request(lambda: ran.append("after"))
    client = app.test_client()

    client.get("/")
    client.get("/")

    assert ran == ["before", "after"] * 2
    assert len(app.before_request_funcs[None]) == 2


def test_given_a_view_that_wraps_itself__when_guarded__then_it_is_served(verifier, good):
    app = Flask(__name__)
    auth = AuthExtension(verifier, app=app)

    def view():
        return "ran"

    view.__wrapped__ = view
    below_the_route(app, auth, view)

    assert app.test_client().get("/x", headers=good).status_code == 200


def test_given_guarded_views__when_their_app_is_gone__then_nothing_of_them_is_kept(verifier):
    auth = AuthExtension(verifier)
    app = app_with(auth)
    auth.init_app(app)
    views = [weakref.ref(view) for name, view in app.view_functions.items() if name != "static"]
    assert app.test_client().get("/plain").status_code == 401

    del app
    gc.collect()

    assert [view() for view in views] == [None] * 4


def test_given_a_realm__when_refused__then_the_challenge_names_it(verifier):
    client = app_with(AuthExtension(verifier, realm="posts")).test_client()

    assert client.get("/plain").headers["WWW-Authenticate"] == 'Bearer realm="posts"'


def test_given_a_view__when_guarded__then_it_keeps_its_name(auth):
    @auth.require()
    def view():
        """Says hello."""

    assert (view.__name__, view.__doc__) == ("view", "Says hello.")
