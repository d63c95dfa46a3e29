"""What claims grant: only texts, where they are expected, and nothing by accident."""

import pytest

from authjwks import ClaimPaths, ConfigError, Principal

URL_CLAIM = "https://api.example/roles"


@pytest.mark.parametrize(
    ("claims", "roles", "permissions", "scopes"),
    [
        pytest.param({}, set(), set(), set(), id="nothing"),
        pytest.param({"scope": "a b"}, set(), set(), {"a", "b"}, id="scope"),
        pytest.param({"scope": " a  b "}, set(), set(), {"a", "b"}, id="blanks_in_scope"),
        pytest.param({"scope": "a\tb\u00a0c"}, set(), set(), {"a\tb\u00a0c"}, id="only_blanks_separate"),
        pytest.param({"scp": ["a", "b"]}, set(), set(), {"a", "b"}, id="scp_as_list"),
        pytest.param({"scp": "a b"}, set(), set(), {"a", "b"}, id="scp_as_text"),
        pytest.param({"scope": "a", "scp": ["b"]}, set(), set(), {"a", "b"}, id="scope_and_scp"),
        pytest.param({"scp": ["a b"]}, set(), set(), {"a b"}, id="a_list_is_split_already"),
        pytest.param({"permissions": "a b"}, set(), {"a", "b"}, set(), id="permissions_as_text"),
        pytest.param({"permissions": ["a", "b"]}, set(), {"a", "b"}, set(), id="permissions_as_list"),
        pytest.param({"roles": "site admin"}, {"site admin"}, set(), set(), id="one_role"),
        pytest.param({"roles": ["a", "site admin"]}, {"a", "site admin"}, set(), set(), id="roles"),
        pytest.param({"roles": ["a", 5, None, True, ["b"], {"c": 1}, ""]}, {"a"}, set(), set(), id="only_texts_count"),
        pytest.param({"roles": {"admin": True}}, set(), set(), set(), id="a_dict_does_not_count_by_its_keys"),
        pytest.param({"roles": 5, "permissions": True, "scope": 1.5}, set(), set(), set(), id="wrong_types"),
        pytest.param({"roles": None, "permissions": None, "scope": None}, set(), set(), set(), id="nulls"),
        pytest.param({"roles": "", "permissions": "", "scope": ""}, set(), set(), set(), id="empty_texts"),
    ],
)
def test_claims_grant_roles_permissions_and_scopes(claims, roles, permissions, scopes):
    principal = Principal(claims, ClaimPaths())

    assert (principal.roles, principal.permissions, principal.scopes) == (roles, permissions, scopes)
    assert principal.claims is claims


@pytest.mark.parametrize(
    ("path", "claims", "roles"),
    [
        pytest.param("realm_access.roles", {"realm_access": {"roles": ["a"]}}, {"a"}, id="path"),
        pytest.param("a.b.c", {"a": {"b": {"c": "x"}}}, {"x"}, id="deeper_path"),
        pytest.param(URL_CLAIM, {URL_CLAIM: ["a"]}, {"a"}, id="name_with_dots"),
        pytest.param("a.b", {"a.b": ["exact"], "a": {"b": ["path"]}}, {"exact"}, id="exact_name_first"),
        pytest.param("a.b", {"a": ["b"]}, set(), id="path_through_a_list"),
        pytest.param("a.b", {"a": "b"}, set(), id="path_through_a_text"),
        pytest.param("a.b", {"a": {"c": 1}}, set(), id="path_to_nothing"),
        pytest.param("a", {"a": {"roles": ["x"]}}, set(), id="object_at_the_end"),
        pytest.param(
            ("groups", "realm_access.roles"), {"groups": "g", "realm_access": {"roles": "r"}}, {"g", "r"}, id="two"
        ),
    ],
)
def test_claim_path_says_where_roles_are(path, claims, roles):
    assert Principal(claims, ClaimPaths(roles=path)).roles == roles


@pytest.mark.parametrize(("sub", "subject"), [("ada", "ada"), ("", ""), (None, None), (5, None), ({"id": 1}, None)])
def test_only_text_is_a_subject(sub, subject):
    assert Principal({"sub": sub}, ClaimPaths()).subject == subject


@pytest.mark.parametrize("path", ["", " ", (), [""], 5, None, {"roles": 1}, ("a", None)], ids=repr)
@pytest.mark.parametrize("name", ["roles", "permissions", "scopes"])
def test_claim_path_that_names_nothing_is_a_config_error(name, path):
    with pytest.raises(ConfigError, match=name):
        ClaimPaths(**{name: path})
