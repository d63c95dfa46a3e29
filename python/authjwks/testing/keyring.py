"""The keys of a test issuer: made, published, rotated, withdrawn."""

from __future__ import annotations

import threading

from authjwks.testing.keys import ALGORITHMS, SigningKey, acquire_private_key, recycle_private_key


class KeyRing:
    """One signing key per algorithm of `ALGORITHMS`, and the key set that is published. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._current: dict[str, SigningKey] = {}
        self._published: dict[str, SigningKey] = {}
        self._acquired: list[SigningKey] = []

    def key(self, alg: str = "RS256") -> SigningKey:
        """The key that tokens of `alg` are signed with now.

        Raises:
            ValueError: when `alg` is none of `ALGORITHMS`.
        """
        with self._lock:
            return self._current.get(alg) or self._publish(alg)

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """The public keys as a JWK set (RFC 7517 §5): the one that is served, and fit for `Verifier(jwks=...)`."""
        with self._lock:
            for alg in ALGORITHMS:
                self.key(alg)
            return {"keys": [key.jwk() for key in self._published.values()]}

    def rotate(self, alg: str = "RS256", *, keep: bool = True) -> SigningKey:
        """Publish a new key and sign with it from now on; the one before is withdrawn unless `keep`.

        Raises:
            ValueError: when `alg` is none of `ALGORITHMS`.
        """
        with self._lock:
            before = self.key(alg)
            if not keep:
                self._published.pop(before.kid, None)
            return self._publish(alg)

    def withdraw(self, kid: str) -> None:
        """Take a key out of the key set. A current key goes on signing, and its tokens are of an unknown key.

        Raises:
            ValueError: when no published key has this id.
        """
        with self._lock:
            self.jwks()
            if self._published.pop(kid, None) is None:
                raise ValueError("no published key has this id")

    def impostor(self, alg: str = "RS256") -> SigningKey:
        """A forger's key: never published, under the key id of the current one. For `mint(key=...)`.

        Raises:
            ValueError: when `alg` is none of `ALGORITHMS`.
        """
        with self._lock:
            return self._acquire(alg, self.key(alg).kid)

    def release(self) -> None:
        """Drop every key, and leave them to other rings."""
        with self._lock:
            for key in self._acquired:
                recycle_private_key(key)
            self._current, self._published, self._acquired = {}, {}, []

    def _acquire(self, alg: str, kid: str) -> SigningKey:
        key = SigningKey(alg, kid, acquire_private_key(alg))
        self._acquired.append(key)
        return key

    def _publish(self, alg: str) -> SigningKey:
        key = self._acquire(alg, f"{alg}-{len(self._acquired) + 1}")
        self._current[alg] = self._published[key.kid] = key
        return key
