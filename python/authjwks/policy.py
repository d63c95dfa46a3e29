"""What tokens a verifier accepts: options that users write, checked and read into those of the native core."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import authjwks._core as _core
from authjwks._option_checks import count, flag, seconds, text, texts
from authjwks.errors import ConfigError
from authjwks.options import Waived

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any

ClaimValue = str | int | bool
ExpectedClaims = Mapping[str, ClaimValue | Collection[ClaimValue]]
"""The values that a claim may have, by its name: one, or several in a set, frozenset, list or tuple."""

# For the core, "" is a token without a type.
_USUAL_TYPES = ("", "JWT", "at+jwt")
_MAX_LEEWAY = 300.0
_MEBIBYTE = 1 << 20
_LEAST_INT, _GREATEST_INT = -(1 << 63), (1 << 64) - 1
_OPTION_OF_CLAIM = {"iss": "issuer", "aud": "audience", "exp": "leeway", "nbf": "leeway", "iat": "leeway"}


def policy_options(
    audience: str | Collection[str] | Waived,
    algorithms: str | Collection[str] | None,
    leeway: float,
    token_type: str | Waived | None,
    max_token_bytes: int,
) -> dict[str, Any]:
    """The keywords of `_core.Verifier` that these options of `authjwks.Verifier` come to.

    Raises:
        ConfigError: when one is missing, empty, of the wrong type or out of bounds.
    """
    return {
        "audiences": None if isinstance(audience, Waived) else texts("audience", given("audience", audience)),
        "algorithms": _core.ALGORITHMS if algorithms is None else texts("algorithms", algorithms),
        "leeway": seconds("leeway", leeway, minimum=0.0, maximum=_MAX_LEEWAY),
        "token_types": _token_types(token_type),
        "max_token_bytes": count("max_token_bytes", max_token_bytes, maximum=_MEBIBYTE),
    }


def claim_options(
    required_claims: str | Collection[str],
    expected_claims: ExpectedClaims | None,
    refuse_id_tokens: bool,
    accept_bound_tokens: bool,
) -> dict[str, Any]:
    """As `policy_options`, for what is demanded of claims beside issuer, audience and times.

    Raises:
        ConfigError: as `policy_options` does; and when `expected_claims` names a claim that has an option of its own.
    """
    return {
        "required_claims": texts("required_claims", required_claims, at_least=0),
        "expected_claims": [] if expected_claims is None else _expected(expected_claims),
        "refuse_id_tokens": flag("refuse_id_tokens", refuse_id_tokens),
        "accept_bound_tokens": flag("accept_bound_tokens", accept_bound_tokens),
    }


def given(option: str, value: Any) -> Any:
    """`value`, when it is not empty.

    Raises:
        ConfigError: naming `option` and `ANY`, when it is.
    """
    if not value:
        raise ConfigError(f"{option} is missing: name it, or pass authjwks.ANY to do without")
    return value


def _token_types(token_type: str | Waived | None) -> tuple[str, ...] | None:
    if isinstance(token_type, Waived):
        return None
    return _USUAL_TYPES if token_type is None else (text("token_type", token_type),)


def _expected(claims: ExpectedClaims) -> list[tuple[str, list[ClaimValue]]]:
    if not isinstance(claims, Mapping) or not claims:
        raise ConfigError("expected_claims must be a mapping of names to values, and not empty")
    return [(_expected_name(name), _expected_values(name, values)) for name, values in claims.items()]


def _expected_name(name: str) -> str:
    checked = text("a name in expected_claims", name)
    if checked in _OPTION_OF_CLAIM:
        raise ConfigError(f'expected_claims must not hold "{checked}": use the option {_OPTION_OF_CLAIM[checked]}')
    return checked


def _expected_values(name: str, values: ClaimValue | Collection[ClaimValue]) -> list[ClaimValue]:
    option = f'expected_claims["{name}"]'
    listed = list(values) if isinstance(values, (set, frozenset, list, tuple)) else [values]
    if not listed:
        raise ConfigError(f"{option} must not be empty")
    return [_expected_value(option, value) for value in listed]


def _expected_value(option: str, value: Any) -> ClaimValue:
    if isinstance(value, str):
        return text(option, value)
    if not isinstance(value, int):
        raise ConfigError(f"{option} must be a str, an int, a bool, or a set, list or tuple of them")
    if not _LEAST_INT <= value <= _GREATEST_INT:
        raise ConfigError(f"{option} must hold no int beyond 64 bits")
    return value
