"""Guards Flask views: `@auth.require(...)` lets a view run only for callers who meet the requirement."""

try:
    import flask  # noqa: F401
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "authjwks.flask needs Flask: pip install 'authjwks[flask]'", name=missing.name
    ) from missing

from authjwks.flask.accessors import current_claims, current_principal, optional_principal
from authjwks.flask.extension import AuthExtension

__all__ = ["AuthExtension", "current_claims", "current_principal", "optional_principal"]
