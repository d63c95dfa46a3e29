"""What a route asks of its callers: any or all, exactly, and never nothing by mistake."""

import pytest

from authjwks import ClaimPaths, ConfigError, Forbidden, Principal
from authjwks.rules import permissions, requirement, roles, scopes


def holder(*rights):
    """A caller who has these as roles, as permissions and as scopes."""
    held = list(rights)
    return Principal({"roles": held, "permissions": held, "scp": held}, ClaimPaths())


def passes(rules, principal):
    try:
        for rule in rules:
            rule.check(principal)
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
def test_given_a_rule__when_checked__then_any_or_all_are_needed(rule, any_will_do):
    assert passes([rule], holder("a", "b", "c"))
    assert passes([rule], holder("b", "c")) is any_will_do
    assert not passes([rule], holder("c"))
    assert not passes([rule], holder())


@pytest.mark.parametrize("held", ["Admin", "admin ", "admi", "admins", "a", "ADMIN"])
@pytest.mark.parametrize("rule", [roles("admin"), permissions("admin"), scopes("admin")], ids=lambda rule: rule.right)
def test_given_a_right_that_only_resembles__when_checked__then_forbidden(rule, held):
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
def test_given_keywords__when_required__then_they_are_these_rules(asked, rules):
    assert requirement(**asked) == rules


@pytest.mark.parametrize("right", ["roles", "permissions", "scopes"])
@pytest.mark.parametrize(
    "wanted",
    ["", " ", [], (), set(), {}, {"a": 1}, b"a", [b"a"], [""], ["a", " "], ["a", None], 5, True, [["a"]], iter(["a"])],
    ids=repr,
)
def test_given_an_empty_or_illegal_requirement__when_defined__then_config_error(right, wanted):
    with pytest.raises(ConfigError, match=right):
        requirement(**{right: wanted})


@pytest.mark.parametrize("make", [roles, permissions, scopes])
@pytest.mark.parametrize("wanted", [(), ("",), (None,), (["a"],)], ids=repr)
def test_given_a_rule_that_asks_for_nothing__when_made__then_config_error(make, wanted):
    with pytest.raises(ConfigError):
        make(*wanted)


@pytest.mark.parametrize("scope", ["a b", 'a"', "a\\b", "a\n", "ä", "a\x7f"], ids=repr)
def test_given_a_scope_outside_rfc_6749__when_defined__then_config_error(scope):
    with pytest.raises(ConfigError, match="RFC 6749"):
        requirement(scopes=[scope])
    assert requirement(roles=[scope])


def test_given_every_character_of_rfc_6749__when_asked_for_as_a_scope__then_it_is_legal():
    legal = "".join(chr(code) for code in [0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F)])

    assert requirement(scopes=legal) == (scopes(legal),)


@pytest.mark.parametrize("flag", [None, "no", 0, 1])
def test_given_a_flag_that_is_no_bool__when_defined__then_config_error(flag):
    with pytest.raises(ConfigError):
        requirement(roles="a", require_all_roles=flag)


def test_given_a_missing_scope__when_checked__then_the_error_names_what_the_route_asks_for():
    with pytest.raises(Forbidden) as refused:
        scopes("b", "a").check(holder("a"))

    assert (refused.value.code, refused.value.scopes) == ("insufficient_scope", ("a", "b"))


@pytest.mark.parametrize("rule", [roles("b"), permissions("b")], ids=lambda rule: rule.right)
def test_given_another_missing_right__when_checked__then_the_error_names_no_scope(rule):
    with pytest.raises(Forbidden) as refused:
        rule.check(holder("a"))

    assert (refused.value.code, refused.value.scopes) == ("forbidden", ())
