"""The keys and tokens that contestants judge: real signatures over a payload of a chosen size."""

from __future__ import annotations

import base64
import json
import math
import secrets
import time
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

ISSUER = "https://issuer.bench.example/"
AUDIENCE = "https://api.bench.example"
USUAL_PAYLOAD = 624
ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA")

_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
# A modulus that one of these divides would be refused as weak.
_SMALL_PRIMES = math.prod(n for n in range(3, 752) if all(n % d for d in range(2, math.isqrt(n) + 1)))


def b64url(raw: bytes) -> str:
    """Unpadded base64url (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Signer(NamedTuple):
    """A private key that signs for one algorithm."""

    algorithm: str
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

    @property
    def kid(self) -> str:
        return f"key-{self.algorithm}"

    def sign(self, message: bytes) -> bytes:
        """The signature as it stands in a token (RFC 7518 §3, RFC 8037 §3.1)."""
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        digest = _HASHES[self.algorithm[2:]]
        if isinstance(self.private, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
            return self.private.sign(message, pss if self.algorithm[0] == "P" else padding.PKCS1v15(), digest)
        r, s = utils.decode_dss_signature(self.private.sign(message, ec.ECDSA(digest)))
        width = (self.private.curve.key_size + 7) // 8
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")

    def token(self, payload: bytes, kid: str | None = None) -> str:
        """A compact token; `kid` may name another key than the one that signs."""
        header = {"alg": self.algorithm, "typ": "JWT", "kid": kid or self.kid}
        signing_input = f"{b64url(json.dumps(header, separators=(',', ':')).encode())}.{b64url(payload)}"
        return f"{signing_input}.{b64url(self.sign(signing_input.encode()))}"

    def der(self) -> bytes:
        """The public key as SubjectPublicKeyInfo."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private.public_key().public_bytes(serialization.Encoding.DER, form)

    def jwk(self) -> dict[str, str]:
        """The public key as a member of a key set (RFC 7517 §4)."""
        names = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        public = self.private.public_key()
        if isinstance(public, rsa.RSAPublicKey):
            return names | _rsa_members(public.public_numbers().n)
        if isinstance(public, ec.EllipticCurvePublicKey):
            width = (public.curve.key_size + 7) // 8
            point = {axis: b64url(getattr(public.public_numbers(), axis).to_bytes(width, "big")) for axis in "xy"}
            return names | {"kty": "EC", "crv": f"P-{public.curve.key_size}"} | point
        return names | {"kty": "OKP", "crv": "Ed25519", "x": b64url(public.public_bytes_raw())}


def signer(algorithm: str) -> Signer:
    """A new key for an algorithm of `ALGORITHMS`."""
    if algorithm in _CURVES:
        return Signer(algorithm, ec.generate_private_key(_CURVES[algorithm]))
    if algorithm == "EdDSA":
        return Signer(algorithm, ed25519.Ed25519PrivateKey.generate())
    return Signer(algorithm, rsa.generate_private_key(65537, 2048))


def payload(size: int = USUAL_PAYLOAD) -> bytes:
    """The claims of an access token, with a `jti` of its own, in exactly `size` bytes."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": "auth0|5f7c8ec7c33c6c004bbafe82",
        "aud": [AUDIENCE],
        "exp": now + 86_400,
        "iat": now - 10,
        "nbf": now - 10,
        "jti": secrets.token_hex(8),
    }
    if size >= USUAL_PAYLOAD:
        claims["aud"] = [AUDIENCE, "https://issuer.bench.example/userinfo"]
        claims["azp"] = "aBcDeFgHiJkLmNoP"
        claims["scope"] = "openid profile email read:a write:a read:b write:b read:c write:c offline"
        claims["permissions"] = ["read:posts", "write:posts"]
        claims["gty"] = "password"
        claims["org_id"] = "org_9ybsU1dN2dKfDkBi"
    claims["filling"] = ""
    encoded = json.dumps(claims, separators=(",", ":"))
    claims["filling"] = "x" * (size - len(encoded))
    return json.dumps(claims, separators=(",", ":")).encode()


def tampered(token: str) -> str:
    """The same token with another payload under the old signature."""
    header, _, signature = token.split(".")
    return f"{header}.{b64url(payload())}.{signature}"


def forged(token: str) -> str:
    """The same token with another signature of the same length."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{signature[:20]}{'A' if signature[20] != 'A' else 'B'}{signature[21:]}"


def strangers(token: str, count: int) -> tuple[str, ...]:
    """So many tokens that name keys which do not exist; whose signatures cannot be checked."""
    header, _, rest = token.partition(".")
    fields = json.loads(base64.urlsafe_b64decode(header + "=="))
    named = (fields | {"kid": secrets.token_urlsafe(9)[:9]} for _ in range(count))
    return tuple(f"{b64url(json.dumps(each, separators=(',', ':')).encode())}.{rest}" for each in named)


def key_set(*signers: Signer, decoys: int = 0) -> str:
    """A key set as JSON: `decoys` RSA keys that sign nothing, then those of the signers."""
    others = [{"kid": f"decoy-{i}", "use": "sig", "alg": "RS256"} | _rsa_members(_modulus()) for i in range(decoys)]
    return json.dumps({"keys": [*others, *(each.jwk() for each in signers)]})


def _rsa_members(modulus: int) -> dict[str, str]:
    return {"kty": "RSA", "n": b64url(modulus.to_bytes(256, "big")), "e": "AQAB"}


def _modulus() -> int:
    """A number that passes for a modulus of 2048 bits: odd, of full length, without small factors."""
    while True:
        number = secrets.randbits(2048) | 1 << 2047 | 1
        if math.gcd(number, _SMALL_PRIMES) == 1:
            return number
