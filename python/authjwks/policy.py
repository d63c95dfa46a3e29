"""What tokens a verifier accepts: options that users write, checked and read into those of the native core."""

from __future__ import annotations

from collections.abc import Collection

import authjwks._core as _core
from authjwks._option_checks import count, seconds, text, texts
from authjwks.errors import ConfigError
from authjwks.options import Waived

TYPE_CHECKING = False  # as `typing` has it, whose import would take longer than ours
if TYPE_CHECKING:
    from typing import Any

# For the core, "" is a token without a type.
_USUAL_TYPES = ("", "JWT", "at+jwt")
_MAX_LEEWAY = 300.0
_MEBIBYTE = 1 << 20


def policy_options(
    audience: str | Collection[str] | Waived,
    algorithms: str | Collection[str] | None,
    leeway: float,
    required_claims: str | Collection[str],
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
        "required_claims": texts("required_claims", required_claims, at_least=0),
        "token_types": _token_types(token_type),
        "max_token_bytes": count("max_token_bytes", max_token_bytes, maximum=_MEBIBYTE),
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
