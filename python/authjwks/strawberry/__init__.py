"""Guards Strawberry fields: `permission_classes=[auth.require(...)]` lets a resolver run only for admitted callers."""

try:
    import strawberry  # noqa: F401
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "authjwks.strawberry needs Strawberry: pip install 'authjwks[strawberry]'", name=missing.name
    ) from missing

from authjwks.strawberry.accessors import current_claims, current_principal, optional_principal
from authjwks.strawberry.auth import AsyncAuth, Auth, Refused

__all__ = ["AsyncAuth", "Auth", "Refused", "current_claims", "current_principal", "optional_principal"]
