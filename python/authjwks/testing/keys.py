"""Signing keys of every algorithm the library knows, with the public JWK that belongs to each."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

try:
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
except ImportError as missing:
    raise ImportError("authjwks.testing signs with cryptography: pip install 'authjwks[testing]'") from missing

from authjwks import _core

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)

_RSA: Final[dict[str, tuple[padding.AsymmetricPadding, HashAlgorithm]]] = {
    "RS256": (padding.PKCS1v15(), SHA256()),
    "RS384": (padding.PKCS1v15(), SHA384()),
    "RS512": (padding.PKCS1v15(), SHA512()),
    "PS256": (padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size), SHA256()),
    "PS384": (padding.PSS(padding.MGF1(SHA384()), SHA384.digest_size), SHA384()),
    "PS512": (padding.PSS(padding.MGF1(SHA512()), SHA512.digest_size), SHA512()),
}
_EC: Final[dict[str, tuple[str, ec.EllipticCurve, HashAlgorithm]]] = {
    "ES256": ("P-256", ec.SECP256R1(), SHA256()),
    "ES384": ("P-384", ec.SECP384R1(), SHA384()),
    "ES512": ("P-521", ec.SECP521R1(), SHA512()),
}
_OKP: Final[dict[str, str]] = {"EdDSA": "Ed25519", "Ed25519": "Ed25519", "Ed448": "Ed448"}

ALGORITHMS: Final[tuple[str, ...]] = tuple(alg for alg in (*_RSA, *_EC, *_OKP) if alg in _core.ALGORITHMS)
"""Every JWS `alg` that can be signed with here: those that this build can check."""

_idle: dict[str, list[PrivateKey]] = {}
_idle_lock = threading.Lock()


@dataclass(frozen=True)
class SigningKey:
    """A private key bound to one JWS algorithm, under the key id it is published with."""

    alg: str
    kid: str
    private: PrivateKey

    def sign(self, message: bytes) -> bytes:
        """The raw JWS signature of `message` (RFC 7518 §3.3 to §3.5, RFC 8037 §3.1)."""
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(message, *_RSA[self.alg])
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(_EC[self.alg][2])))
            return _big_endian(r, self.private) + _big_endian(s, self.private)
        return self.private.sign(message)

    def sign_compact(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """The compact JWS of `claims` under exactly this `header` (RFC 7515 §7.1)."""
        signed = f"{b64url_json(header)}.{b64url_json(claims)}"
        return f"{signed}.{b64url(self.sign(signed.encode()))}"

    def jwk(self) -> dict[str, str]:
        """The public half as a JWK with `alg`, `kid` and `use` (RFC 7517 §4)."""
        return {**_public_members(self.private, self.alg), "alg": self.alg, "kid": self.kid, "use": "sig"}


def acquire_private_key(alg: str) -> PrivateKey:
    """A private key for `alg` that is in use nowhere else in this process.

    Making an RSA key takes about 0.1 s, so keys that were recycled are taken before new ones are made.

    Raises:
        ValueError: when `alg` is none of `ALGORITHMS`.
    """
    if alg not in ALGORITHMS:
        raise ValueError(f"no such signing algorithm; known are {', '.join(ALGORITHMS)}")
    with _idle_lock:
        idle = _idle.get(_material(alg))
        if idle:
            return idle.pop()
    return _generate(alg)


def recycle_private_key(key: SigningKey) -> None:
    """Leave this private key to the next `acquire_private_key`; it must not be used for signing any more."""
    with _idle_lock:
        _idle.setdefault(_material(key.alg), []).append(key.private)


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64url_json(value: Mapping[str, Any]) -> str:
    """A JSON object as a part of a compact JWS."""
    return b64url(json.dumps(value, separators=(",", ":")).encode())


def _material(alg: str) -> str:
    if alg in _RSA:
        return "RSA"
    return _EC[alg][0] if alg in _EC else _OKP[alg]


def _generate(alg: str) -> PrivateKey:
    if alg in _RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if alg in _EC:
        return ec.generate_private_key(_EC[alg][1])
    return ed448.Ed448PrivateKey.generate() if _OKP[alg] == "Ed448" else ed25519.Ed25519PrivateKey.generate()


def _public_members(private: PrivateKey, alg: str) -> dict[str, str]:
    if isinstance(private, rsa.RSAPrivateKey):
        n_and_e = private.public_key().public_numbers()
        size = (private.key_size + 7) // 8
        return {"kty": "RSA", "n": b64url(n_and_e.n.to_bytes(size, "big")), "e": b64url(n_and_e.e.to_bytes(3, "big"))}
    if isinstance(private, ec.EllipticCurvePrivateKey):
        point = private.public_key().public_numbers()
        x, y = (b64url(_big_endian(number, private)) for number in (point.x, point.y))
        return {"kty": "EC", "crv": _EC[alg][0], "x": x, "y": y}
    return {"kty": "OKP", "crv": _OKP[alg], "x": b64url(private.public_key().public_bytes_raw())}


def _big_endian(number: int, private: ec.EllipticCurvePrivateKey) -> bytes:
    """A coordinate or signature half, padded to the field's full length (RFC 7518 §3.4, §6.2.1.2)."""
    return number.to_bytes((private.key_size + 7) // 8, "big")
