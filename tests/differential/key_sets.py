"""Key sets as servers publish them by mistake or in malice, each asked about by a token of the key that was bent."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from tests.differential.cases import Case, Signer, rounds, signers

from authjwks.testing.keys import SigningKey, b64url

Jwk = dict[str, Any]

MEMBERS = ["kty", "use", "key_ops", "alg", "kid", "x5u", "x5c", "x5t", "n", "e", "crv", "x", "y", "d", "k", "p", "oth"]
"""Every member of RFC 7517 §4 and RFC 7518 §6 that a bent key is given or robbed of."""
ODD_VALUES: dict[str, Any] = {
    "null": None,
    "a number": 1,
    "an empty str": "",
    "a list": ["sig"],
    "an object": {"a": 1},
    "true": True,
    "odd text": "!",
}
MATERIAL = {"RSA": ("n", "e"), "EC": ("x", "y", "crv"), "OKP": ("x", "crv")}


def without(name: str) -> Callable[[Jwk, Random], Any]:
    return lambda jwk, random: {key: value for key, value in jwk.items() if key != name}


def replaced(**members: Any) -> Callable[[Jwk, Random], Any]:
    return lambda jwk, random: {**jwk, **members}


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def one_material(change: Callable[[str, Random], str]) -> Callable[[Jwk, Random], Any]:
    """Bends one of the texts that the key itself is made of."""

    def bent(jwk: Jwk, random: Random) -> Jwk:
        name = random.choice([name for name in MATERIAL[jwk["kty"]] if name != "crv"])
        return {**jwk, name: change(jwk[name], random)}

    return bent


def flip(text: str, random: Random) -> str:
    data = bytearray(decoded(text))
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return b64url(bytes(data))


def only(kty: str, change: Callable[[Jwk, Random], Any]) -> Callable[[Jwk, Random], Any]:
    return lambda jwk, random: change(jwk, random) if jwk["kty"] == kty else None


def foreign_material(jwk: Jwk, random: Random) -> Jwk:
    return {"n": "AQAB", "e": "AQAB", "x": "AA", "y": "AA", "k": "AA", "oth": [], **jwk}


KEYS: dict[str, Callable[[Jwk, Random], Any]] = {
    "as it is": replaced(),
    **{f"without {name}": without(name) for name in ("kty", "use", "alg", "kid", "n", "e", "x", "y", "crv")},
    **{f"{name} is {what}": replaced(**{name: value}) for name in MEMBERS for what, value in ODD_VALUES.items()},
    "foreign material": foreign_material,
    "unknown member": replaced(foo={"a": [1]}),
    "use enc": replaced(use="enc"),
    "use of no registry": replaced(use="signature"),
    "key_ops verify": replaced(key_ops=["verify"]),
    "key_ops sign": replaced(key_ops=["sign"]),
    "key_ops sign and verify": replaced(key_ops=["sign", "verify"]),
    "key_ops encrypt": replaced(key_ops=["encrypt"]),
    "key_ops empty": replaced(key_ops=[]),
    "key_ops verify, use enc": replaced(key_ops=["verify"], use="enc"),
    "key_ops verify twice": replaced(key_ops=["verify", "verify"]),
    "alg of another family": lambda jwk, random: {**jwk, "alg": "RS256" if jwk["kty"] != "RSA" else "ES256"},
    "alg of the same family": lambda jwk, random: {**jwk, "alg": "PS384" if jwk["alg"] != "PS384" else "RS256"},
    "alg none": replaced(alg="none"),
    "alg HS256": replaced(alg="HS256"),
    "alg unknown": replaced(alg="XX999"),
    "alg RSA-OAEP": replaced(alg="RSA-OAEP"),
    "kty in other case": lambda jwk, random: {**jwk, "kty": jwk["kty"].lower()},
    "kty oct": lambda jwk, random: {**jwk, "kty": "oct", "k": b64url(b"k" * 64)},
    "crv in other case": lambda jwk, random: {**jwk, "crv": jwk["crv"].lower()} if "crv" in jwk else None,
    "crv of another curve": lambda jwk, random: (
        {**jwk, "crv": "P-384" if jwk["crv"] != "P-384" else "P-256"} if "crv" in jwk else None
    ),
    "crv X25519": only("OKP", replaced(crv="X25519")),
    "material: a bit flipped": one_material(flip),
    "material: padded": one_material(lambda text, random: text + "=" * (-len(text) % 4)),
    "material: standard alphabet": one_material(lambda text, random: text.replace("-", "+").replace("_", "/")),
    "material: a blank": one_material(lambda text, random: text[:3] + random.choice(" \n\t") + text[3:]),
    "material: leading zero": one_material(lambda text, random: b64url(b"\0" + decoded(text))),
    "material: a byte less": one_material(lambda text, random: b64url(decoded(text)[1:])),
    "material: a byte more": one_material(lambda text, random: b64url(decoded(text) + b"\0")),
    "material: zeros": one_material(lambda text, random: b64url(bytes(len(decoded(text))))),
    "material: 0xFF": one_material(lambda text, random: b64url(b"\xff" * len(decoded(text)))),
    "EC point negated x": only("EC", lambda jwk, random: {**jwk, "x": jwk["y"], "y": jwk["x"]}),
    "e is 1": only("RSA", replaced(e="AQ")),
    "e is 2": only("RSA", replaced(e="Ag")),
    "e is 3": only("RSA", replaced(e="Aw")),
    "e is even": only("RSA", replaced(e="AQAC")),
    "e is huge": only("RSA", lambda jwk, random: {**jwk, "e": jwk["n"]}),
    "n is even": only("RSA", lambda jwk, random: {**jwk, "n": b64url(decoded(jwk["n"])[:-1] + b"\x02")}),
}


def as_text(keys: list[Any], random: Random) -> str:
    return json.dumps({"keys": keys})


def inserted(text: str) -> Callable[[list[Any], Random], str]:
    """A member of the set, beside its keys."""
    return lambda keys, random: "{" + text + "," + json.dumps({"keys": keys})[1:]


def into_key(text: str) -> Callable[[list[Any], Random], str]:
    """A member of the first key, as text."""
    return lambda keys, random: json.dumps({"keys": keys}).replace("[{", "[{" + text + ",", 1)


def beside(*others: Any) -> Callable[[list[Any], Random], str]:
    def made(keys: list[Any], random: Random) -> str:
        at = random.randrange(2)
        return json.dumps({"keys": [*others, *keys] if at else [*keys, *others]})

    return made


SETS: dict[str, Callable[[list[Any], Random], str]] = {
    "set as it is": as_text,
    "set: byte order mark": lambda keys, random: "\ufeff" + as_text(keys, random),
    "set: blanks": lambda keys, random: "\n " + as_text(keys, random) + " \n",
    "set: trailing comma": lambda keys, random: as_text(keys, random)[:-1] + ",}",
    "set: trailing text": lambda keys, random: as_text(keys, random) + "x",
    "set: unknown member": inserted('"foo":1'),
    "set: number of 30 digits": inserted('"foo":123456789012345678901234567890'),
    "set: number 1e999": inserted('"foo":1e999'),
    "set: NaN": inserted('"foo":NaN'),
    "set: lone surrogate": inserted('"foo":"\\ud800"'),
    "set: keys twice, empty first": inserted('"keys":[]'),
    "set: deep": inserted('"foo":' + "[" * 40 + "]" * 40),
    "set: keys an object": lambda keys, random: json.dumps({"keys": {"a": keys[0]}}),
    "set: keys null": lambda keys, random: json.dumps({"keys": None}),
    "set: a bare list": lambda keys, random: json.dumps(keys),
    "set: a bare key": lambda keys, random: json.dumps(keys[0]),
    "set: empty": lambda keys, random: json.dumps({"keys": []}),
    "key: number of 30 digits": into_key('"foo":123456789012345678901234567890'),
    "key: number 1e999": into_key('"foo":1e999'),
    "key: unknown member twice": into_key('"foo":1,"foo":2'),
    "key: kid twice": into_key('"kid":"other"'),
    "key: alg twice": into_key('"alg":"HS256"'),
    "key: kty twice": into_key('"kty":"oct"'),
    "key: use twice": into_key('"use":"enc"'),
    "key: lone surrogate": into_key('"foo":"\\ud800"'),
    "beside null": beside(None),
    "beside a number": beside(1),
    "beside an empty object": beside({}),
    "beside an unknown kty": beside({"kty": "XX", "kid": "x"}),
    "beside an oct key": beside({"kty": "oct", "kid": "o", "k": b64url(b"k" * 64)}),
    "beside an X25519 key": beside({"kty": "OKP", "crv": "X25519", "kid": "x", "x": b64url(b"\x09" + bytes(31))}),
    "beside a broken RSA key": beside({"kty": "RSA", "kid": "x", "n": "!", "e": "AQAB"}),
    "beside a secp256k1 key": beside({"kty": "EC", "crv": "secp256k1", "kid": "x", "x": "AA", "y": "AA"}),
    "beside a list": beside([]),
}


def rsa_signer(bits: int, exponent: int = 65537) -> Signer:
    private = rsa.generate_private_key(public_exponent=exponent, key_size=bits)
    return Signer(SigningKey("RS256", f"{bits} bits, exponent {exponent}", private))


def jwk_of(signer: Signer) -> Jwk:
    """As SigningKey writes it, but for an exponent of any length."""
    jwk = signer.jwk()
    return {**jwk, "e": "Aw"} if "exponent 3" in signer.key.kid else jwk


def key_set_cases(seed: int, at_least: int) -> Iterator[Case]:
    random, all_signers = Random(seed), signers()
    for weak in (rsa_signer(1024), rsa_signer(2047), rsa_signer(2048, 3), rsa_signer(3072)):
        yield Case(f"RSA key of {weak.key.kid}", as_text([jwk_of(weak)], random), weak.token())

    def with_key(name: str, change: Any, random: Random) -> Case | None:
        signer, other = random.sample(all_signers, 2)
        bent = change(signer.jwk(), random)
        keys = [bent, other.jwk()] if random.random() < 0.5 else [bent]
        return None if bent is None else Case(f"key: {name}", json.dumps({"keys": keys}), signer.token())

    def with_set(name: str, change: Any, random: Random) -> Case:
        signer, other = random.sample(all_signers, 2)
        return Case(name, change([signer.jwk(), other.jwk()], random), signer.token())

    yield from rounds(random, KEYS, at_least * 2 // 3, with_key)
    yield from rounds(random, SETS, at_least - at_least * 2 // 3, with_set)
