"""Guards FastAPI routes, HTTP and WebSocket: `Depends(auth.require(...))` gives the caller's claims."""

try:
    import fastapi  # noqa: F401
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "authjwks.fastapi needs FastAPI: pip install 'authjwks[fastapi]'", name=missing.name
    ) from missing

from authjwks.fastapi.accessors import current_claims, current_principal, optional_principal
from authjwks.fastapi.auth import Auth
from authjwks.fastapi.errors import Refused, WebSocketRefused

__all__ = ["Auth", "Refused", "WebSocketRefused", "current_claims", "current_principal", "optional_principal"]
