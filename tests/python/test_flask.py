"""Flask views behind `@auth.require()`, called through Flask's own client with real tokens."""

from __future__ import annotations

import functools
import gc
import inspect
import weakref
from typing import Any, ClassVar

import pytest
from flask import Blueprint, Flask, g
from flask.views import MethodView

from authjwks import AuthError, ConfigError, Forbidden, KeysUnavailable, MissingToken, Verifier
from authjwks.flask import AuthExtension, current_claims, current_principal, optional_principal
from authjwks.guard import Guard
from authjwks.rules import roles, scopes


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
def test_guarded_view_knows_the_caller(auth, good, path, required):
    answer = app_with(auth, **required).test_client().get(path, headers=good)

    assert (answer.status_code, answer.json["user"]) == (200, "user-1")


def test_refused_view_answers_as_in_rfc_6750(auth, refusal):
    app = app_with(auth, roles=["editor"], scopes=["read:posts"])

    answer = app.test_client().get("/plain", headers=refusal.headers)

    sentence = answer.json["detail"]
    assert answer.status_code == refusal.status
    assert answer.mimetype == "application/json"
    assert answer.json == refusal.body(sentence)
    assert answer.headers.getlist("WWW-Authenticate") == [refusal.challenge(sentence)]


@VIEWS
def test_every_kind_of_view_refuses_a_call_without_a_token(auth, path):
    assert app_with(auth).test_client().get(path).status_code == 401


def test_outage_answers_503_with_retry_after(cold_verifier, issuer, good):
    with issuer.outage():
        answer = app_with(AuthExtension(cold_verifier)).test_client().get("/plain", headers=good)

    assert (answer.status_code, answer.json["code"]) == (503, "keys_unavailable")
    assert answer.json["error"] == "temporarily_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert "WWW-Authenticate" not in answer.headers


def test_hostile_header_gets_400_or_401_and_no_echo(auth, hostile_header):
    environment = {"HTTP_AUTHORIZATION": hostile_header.decode("latin-1")}

    answer = app_with(auth).test_client().get("/plain", environ_overrides=environment)

    assert answer.status_code in {400, 401}
    assert "X-Evil" not in str(answer.headers)
    assert hostile_header.removeprefix(b"Bearer ")[:8] not in answer.data


def test_two_authorization_headers_get_400(auth, good):
    headers = [*good.items(), *good.items()]

    answer = app_with(auth).test_client().get("/plain", headers=headers)

    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_refused_request_never_runs_the_view_and_leaves_no_claims(auth, issuer):
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


def test_error_handlers_of_the_app_do_not_replace_refusals(auth):
    app = app_with(auth)
    app.register_error_handler(Exception, lambda error: ("theirs", 200))
    app.register_error_handler(401, lambda error: ("theirs", 200))

    answer = app.test_client().get("/plain")

    assert (answer.status_code, answer.json["code"]) == (401, "missing_token")


@pytest.mark.parametrize("error", [ValueError("mine"), Forbidden("mine"), KeyError("mine")], ids=repr)
@pytest.mark.parametrize("kind", ["plain", "async"])
def test_error_raised_by_a_view_comes_out_unchanged(auth, good, error, kind):
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
def test_preflight_is_the_only_call_that_passes_without_a_token(auth, method):
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


def test_one_extension_in_two_apps_uses_the_verifier_of_each_app(issuer, verifier, good):
    other = Verifier(issuer.issuer, "https://other.example", jwks=issuer.jwks())
    auth = AuthExtension()
    one, two = app_with(auth), app_with(auth)
    auth.init_app(one, verifier)
    auth.init_app(two, other)
    for_other = {"Authorization": f"Bearer {issuer.mint(aud='https://other.example')}"}

    answers = [app.test_client().get("/plain", headers=h).status_code for app in (one, two) for h in (good, for_other)]

    assert answers == [200, 401, 401, 200]


def test_two_extensions_in_one_app_use_their_own_verifiers(issuer, verifier, good):
    app = Flask(__name__)
    users = AuthExtension(verifier, app=app)
    admins = AuthExtension(Verifier(issuer.issuer, "https://admin.example", jwks=issuer.jwks()), app=app)
    app.add_url_rule("/users", "users", users.require()(dict))
    app.add_url_rule("/admins", "admins", admins.require()(dict))
    client = app.test_client()

    assert [client.get(path, headers=good).status_code for path in ("/users", "/admins")] == [200, 401]
    assert set(app.extensions["authjwks"]) == {users, admins}


def test_verifier_of_the_app_overrides_that_of_the_extension(issuer, verifier, good):
    auth = AuthExtension(Verifier(issuer.issuer, "https://other.example", jwks=issuer.jwks()))
    app = app_with(auth)
    auth.init_app(app, verifier)

    assert app.test_client().get("/plain", headers=good).status_code == 200


def test_view_without_a_verifier_is_a_config_error_and_stays_closed(good):
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
def test_misuse_of_a_route_guard_is_a_config_error(auth, misuse):
    with pytest.raises(ConfigError):
        misuse(auth)


def test_misspelt_requirement_is_a_type_error(auth):
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
def test_misplaced_guard_stops_every_request_of_the_app(verifier, good, misplaced, caplog):
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
def test_misplaced_guard_stops_init_app(verifier, misplaced):
    app, auth = Flask(__name__), AuthExtension(verifier)
    misplaced(app, auth, lambda: "ran")

    with pytest.raises(ConfigError, match="below"):
        auth.init_app(app)


def test_misplaced_guard_is_found_after_a_second_init_app(
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
def test_guard_in_its_place_decides_and_nothing_is_blamed(verifier, good, placed, is_initialised):
    app = Flask(__name__)
    auth = AuthExtension(verifier, app=app if is_initialised == "first" else None)
    placed(app, auth, lambda: "ran")
    if is_initialised == "last":
        auth.init_app(app)
    client = app.test_client()

    assert [client.get("/x", headers=headers).status_code for headers in (good, {})] == [200, 401]


def test_view_served_open_and_guarded_is_not_blamed_in_later_apps(verifier, good):
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


def test_hooks_of_the_user_stay_and_the_guards_own_is_removed(verifier, good):
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


def test_view_that_wraps_itself_is_served(verifier, good):
    app = Flask(__name__)
    auth = AuthExtension(verifier, app=app)

    def view():
        return "ran"

    view.__wrapped__ = view
    below_the_route(app, auth, view)

    assert app.test_client().get("/x", headers=good).status_code == 200


def test_app_that_is_gone_leaves_no_guarded_view_in_memory(verifier):
    auth = AuthExtension(verifier)
    app = app_with(auth)
    auth.init_app(app)
    views = [weakref.ref(view) for name, view in app.view_functions.items() if name != "static"]
    assert app.test_client().get("/plain").status_code == 401

    del app
    gc.collect()

    assert [view() for view in views] == [None] * 4


def test_realm_appears_in_the_challenge(verifier):
    client = app_with(AuthExtension(Guard(verifier, realm="posts"))).test_client()

    assert client.get("/plain").headers["WWW-Authenticate"] == 'Bearer realm="posts"'


def test_guarded_view_keeps_its_name_and_docstring(auth):
    @auth.require()
    def view():
        """Says hello."""

    assert (view.__name__, view.__doc__) == ("view", "Says hello.")


def test_positional_rules_guard_a_view(auth, issuer):
    app = Flask(__name__)
    app.get("/")(auth.require(roles("editor") | ~scopes("none"), scopes="read:posts")(lambda: "ran"))
    client = app.test_client()

    statuses = [
        client.get("/", headers={"Authorization": f"Bearer {issuer.mint(**claims)}"}).status_code
        for claims in ({"scope": "read:posts"}, {"scope": "read:posts none"}, {"roles": ["editor"]})
    ]

    assert statuses == [200, 403, 403]


def test_optional_view_runs_for_nobody_and_for_a_good_token_only(auth, good, refusal):
    app = Flask(__name__)

    @app.get("/")
    @auth.require(roles="editor", optional=True)
    def view():
        principal = optional_principal()
        return {"user": principal and principal.subject, "same": g.principal is principal}

    client = app.test_client()

    assert client.get("/").json == {"user": None, "same": True}
    assert client.get("/", headers=good).json == {"user": "user-1", "same": True}
    if refusal.code not in {"missing_token", "insufficient_scope"}:
        assert client.get("/", headers=refusal.headers).status_code == refusal.status


def test_accessors_give_the_caller_of_a_guarded_view_alone(auth, good):
    app = Flask(__name__)
    app.testing = True

    @app.get("/guarded")
    @auth.require()
    def guarded():
        return {"user": current_principal().subject, "sub": current_claims()["sub"]}

    def subject():
        return current_principal().subject or ""

    app.add_url_rule("/open", "open", subject)
    app.add_url_rule("/optional", "optional", auth.require(optional=True)(subject))
    client = app.test_client()

    assert client.get("/guarded", headers=good).json == {"user": "user-1", "sub": "user-1"}
    for path in ("/open", "/optional"):
        with pytest.raises(ConfigError):
            client.get(path)


RAISED = pytest.mark.parametrize(
    ("error", "status"), [(MissingToken, 401), (Forbidden, 403), (KeysUnavailable, 503)], ids=str
)


@RAISED
def test_registered_handler_answers_errors_that_views_raise(auth, error, status):
    app = Flask(__name__)
    auth.init_app(app)
    app.register_error_handler(AuthError, auth.handle_error)

    @app.get("/")
    def view():
        raise error("mine")

    response = app.test_client().get("/")

    assert (response.status_code, response.json["detail"]) == (status, "mine")
    assert ("WWW-Authenticate" in response.headers) is (status != 503)


def test_registered_handler_does_not_answer_a_mistake_of_the_setup(auth):
    app = Flask(__name__)
    auth.init_app(app)
    app.register_error_handler(AuthError, auth.handle_error)

    @app.get("/")
    def view():
        raise ConfigError("of the service's own")

    response = app.test_client().get("/")

    assert response.status_code == 500
    assert b"own" not in response.data


def test_require_on_a_class_of_views_says_where_it_belongs(auth):
    with pytest.raises(ConfigError, match="decorators"):

        @auth.require()
        class Posts(MethodView):
            pass


@pytest.mark.parametrize("view", [None, 5, "view"], ids=repr)
def test_require_refuses_what_is_no_view(auth, view):
    with pytest.raises(ConfigError, match="view"):
        auth.require()(view)


def test_signature_of_require_names_its_keywords(auth):
    assert {"roles", "permissions", "scopes", "optional"} <= set(inspect.signature(auth.require).parameters)


def test_two_schemes_in_one_header_are_refused_as_under_asgi(auth, good):
    headers = {"Authorization": f"Basic YTpi,{good['Authorization']}"}

    assert app_with(auth).test_client().get("/plain", headers=headers).status_code == 400
