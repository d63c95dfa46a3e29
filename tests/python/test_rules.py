"""What a route asks of its callers: any or all, exactly, and never nothing by mistake."""

import pytest

from authjwks import ClaimPaths, ConfigError, Forbidden, Principal
from authjwks.requirement import Requirement, RequireMixin
from authjwks.rules import permissions, roles, scopes
from authjwks.wsgi import WsgiRequest

REQUEST = WsgiRequest({})


class Requirements(RequireMixin[Requirement]):
    """The `require` of a framework that takes requirements as they are."""

    def _guarded(self, requirement):
        return requirement


def requirement(*rules, **asked):
    return Requirements().require(*rules, **asked).rules


def holder(*rights):
    """A caller who has these as roles, as permissions and as scopes."""
    held = list(rights)
    return Principal({"roles": held, "permissions": held, "scp": held}, ClaimPaths())


def passes(rules, principal):
    try:
        for rule in rules:
            rule.check(principal, REQUEST)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize(
    ("rule", "any_will_do"),
    [
        pytest.param(roles("a", "b"), True, id="roles"),
        pytest.param(roles("a", "b", require_all=True), False, id="all_roles"),
        pytest.param(permissions("a", "b"), False, id="permissions"),
        pytest.param(permissions("a", "b", require_all=False), True, id="any_permission"),
        pytest.param(scopes("a", "b"), False, id="scopes"),
        pytest.param(scopes("a", "b", require_all=False), True, id="any_scope"),
    ],
)
def test_rule_asks_for_any_or_all_rights(rule, any_will_do):
    assert passes([rule], holder("a", "b", "c"))
    assert passes([rule], holder("b", "c")) is any_will_do
    assert not passes([rule], holder("c"))
    assert not passes([rule], holder())


@pytest.mark.parametrize("held", ["Admin", "admin ", "admi", "admins", "a", "ADMIN"])
@pytest.mark.parametrize("rule", [roles("admin"), permissions("admin"), scopes("admin")], ids=repr)
def test_similar_right_is_forbidden(rule, held):
    assert not passes([rule], holder(held))


@pytest.mark.parametrize(
    ("asked", "rules"),
    [
        pytest.param({}, (), id="authentication_only"),
        pytest.param({"roles": None, "permissions": None, "scopes": None}, (), id="none_is_not_asked"),
        pytest.param({"roles": "admin"}, (roles("admin"),), id="a_text_is_one_right"),
        pytest.param({"roles": ["a", "b"]}, (roles("a", "b"),), id="list"),
        pytest.param({"roles": {"a", "b"}}, (roles("b", "a"),), id="set"),
        pytest.param({"permissions": ("a", "b")}, (permissions("a", "b"),), id="permissions"),
        pytest.param(
            {"permissions": ["a"], "require_all_permissions": False},
            (permissions("a", require_all=False),),
            id="any_permission",
        ),
        pytest.param(
            {"roles": "a", "require_all_roles": True, "scopes": "b", "require_all_scopes": False},
            (scopes("b", require_all=False), roles("a", require_all=True)),
            id="scopes_first",
        ),
    ],
)
def test_keywords_make_these_rules(asked, rules):
    assert requirement(**asked) == rules


@pytest.mark.parametrize("right", ["roles", "permissions", "scopes"])
@pytest.mark.parametrize(
    "wanted",
    ["", " ", [], (), set(), {}, {"a": 1}, b"a", [b"a"], [""], ["a", " "], ["a", None], 5, True, [["a"]], iter(["a"])],
    ids=repr,
)
def test_empty_or_illegal_requirement_is_a_config_error(right, wanted):
    with pytest.raises(ConfigError, match=right):
        requirement(**{right: wanted})


@pytest.mark.parametrize("make", [roles, permissions, scopes])
@pytest.mark.parametrize("wanted", [(), ("",), (None,), (["a"],)], ids=repr)
def test_rule_that_asks_for_nothing_is_a_config_error(make, wanted):
    with pytest.raises(ConfigError):
        make(*wanted)


@pytest.mark.parametrize("scope", ["a b", 'a"', "a\\b", "a\n", "ä", "a\x7f"], ids=repr)
def test_scope_outside_rfc_6749_is_a_config_error(scope):
    with pytest.raises(ConfigError, match="RFC 6749"):
        requirement(scopes=[scope])
    assert requirement(roles=[scope])


def test_scope_may_use_every_character_of_rfc_6749():
    legal = "".join(chr(code) for code in [0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F)])

    assert requirement(scopes=legal) == (scopes(legal),)


@pytest.mark.parametrize("flag", [None, "no", 0, 1])
def test_flag_that_is_not_a_bool_is_a_config_error(flag):
    with pytest.raises(ConfigError):
        requirement(roles="a", require_all_roles=flag)


def test_missing_scope_names_the_scopes_of_the_route():
    with pytest.raises(Forbidden) as refused:
        scopes("b", "a").check(holder("a"), REQUEST)

    assert (refused.value.code, refused.value.scopes) == ("insufficient_scope", ("a", "b"))


@pytest.mark.parametrize("rule", [roles("b"), permissions("b")], ids=repr)
def test_missing_role_or_permission_names_no_scope(rule):
    with pytest.raises(Forbidden) as refused:
        rule.check(holder("a"), REQUEST)

    assert (refused.value.code, refused.value.scopes) == ("forbidden", ())


@pytest.mark.parametrize(
    ("rule", "held", "passed"),
    [
        (roles("a") & scopes("b"), ["a", "b"], True),
        (roles("a") & scopes("b"), ["a"], False),
        (roles("a") | scopes("b"), ["b"], True),
        (roles("a") | scopes("b"), ["c"], False),
        (~roles("a"), ["b"], True),
        (~roles("a"), ["a"], False),
        (scopes("a") & ~roles("b") | roles("c"), ["a"], True),
        (scopes("a") & ~roles("b") | roles("c"), ["a", "b"], False),
        (scopes("a") & ~roles("b") | roles("c"), ["a", "b", "c"], True),
    ],
    ids=repr,
)
def test_composed_rule_is_its_logic(rule, held, passed):
    assert passes([rule], holder(*held)) is passed


@pytest.mark.parametrize(
    "rule",
    [
        scopes("a"),
        permissions("b", "a", require_all=False),
        roles("a") & roles("b") & (roles("c") | ~roles("d")),
        ~(roles("a") | roles("b")),
        (roles("a") | roles("b")) & scopes("c") | ~~permissions("d"),
    ],
    ids=repr,
)
def test_rule_is_written_as_it_is_made(rule):
    again = eval(repr(rule))  # of our own making

    assert (again, hash(again)) == (rule, hash(rule))


@pytest.mark.parametrize(
    ("rule", "documented"),
    [
        (scopes("b", "a"), ("a", "b")),
        (scopes("b", "a", require_all=False), ()),
        (roles("a"), ()),
        (scopes("b") & roles("c") & scopes("a"), ("a", "b")),
        (scopes("b") | scopes("a"), ()),
        (~scopes("a"), ()),
    ],
    ids=repr,
)
def test_rule_documents_the_scopes_that_every_caller_needs(rule, documented):
    assert rule.scopes == documented


@pytest.mark.parametrize("combine", [lambda a, b: a & b, lambda a, b: a | b, lambda a, b: a + b])
@pytest.mark.parametrize("other", ["a", True, None, ("a",)], ids=repr)
def test_rule_combines_with_nothing_but_rules(combine, other):
    with pytest.raises(TypeError):
        combine(roles("a"), other)
    with pytest.raises(TypeError):
        combine(other, roles("a"))


def test_two_rules_cannot_be_added():
    with pytest.raises(TypeError):
        roles("a") + roles("b")  # type: ignore[operator]


def test_positional_rules_are_required_after_named_rights():
    own = roles("a") | scopes("b")

    assert requirement(own, scopes="c") == (scopes("c"), own)


@pytest.mark.parametrize("given", ["admin", len, None, ["admin"]], ids=repr)
def test_require_refuses_what_is_no_rule(given):
    with pytest.raises(ConfigError, match="parentheses"):
        requirement(given)
