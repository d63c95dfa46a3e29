"""Tokens as an issuer would never write them: bent after they were signed, or signed with odd headers and claims."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from tests.differential.cases import NOW, Case, Signer, claims, key_set_of, rounds, signers
from tests.differential.judges import AUDIENCE, ISSUER

from authjwks.testing.keys import b64url

ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": int("f" * 48 + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16),
    "ES512": int("1" + "f" * 64 + "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409", 16),
}
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def flip_bit(token: str, random: Random) -> str:
    data = bytearray(token.encode())
    data[random.randrange(len(data))] ^= 1 << random.randrange(7)
    return data.decode()


def spare_bits(token: str, random: Random) -> str | None:
    parts = token.split(".")
    loose = [i for i, part in enumerate(parts) if len(part) % 4]
    if not loose:
        return None
    at = random.choice(loose)
    spare = 16 if len(parts[at]) % 4 == 2 else 4
    parts[at] = parts[at][:-1] + ALPHABET[ALPHABET.index(parts[at][-1]) + random.randrange(1, spare)]
    return ".".join(parts)


def padded(token: str, random: Random) -> str:
    parts = token.split(".")
    at = random.randrange(3)
    parts[at] += "=" * (-len(parts[at]) % 4 or 4)
    return ".".join(parts)


def standard_alphabet(token: str, random: Random) -> str | None:
    other = token.replace("-", "+").replace("_", "/")
    return None if other == token else other


def blank(token: str, random: Random) -> str:
    at = random.randrange(len(token) + 1)
    return token[:at] + random.choice(" \t\n\r\0\v=.") + token[at:]


def cut(token: str, random: Random) -> str:
    return token[: random.randrange(len(token))]


def extended(token: str, random: Random) -> str:
    return token + random.choice(["A", "AA", "AAAA", ".", ".AA", ".AA.AA", "~"])


AFTERWARDS: dict[str, Callable[[str, Random], str | None]] = {
    "text: a bit flipped": flip_bit,
    "text: spare bits set": spare_bits,
    "text: padding": padded,
    "text: standard alphabet": standard_alphabet,
    "text: a blank or dot": blank,
    "text: cut": cut,
    "text: extended": extended,
}


def raw_signature(token: str) -> bytes:
    text = token.rpartition(".")[2]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def by_ecdsa(change: Callable[[int, int, int, Random], tuple[int, int]]) -> Callable[..., bytes | None]:
    def changed(signature: bytes, signer: Signer, random: Random) -> bytes | None:
        if signer.key.alg not in ORDERS:
            return None
        half = len(signature) // 2
        r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        r, s = change(r, s, ORDERS[signer.key.alg], random)
        size = max(half, (max(r, s).bit_length() + 7) // 8)
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return changed


def der(signature: bytes, signer: Signer, random: Random) -> bytes | None:
    if signer.key.alg not in ORDERS:
        return None
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))


def s_plus_order(signature: bytes, signer: Signer, random: Random) -> bytes | None:
    if signer.key.alg != "EdDSA" or len(signature) != 64:
        return None
    return signature[:32] + (int.from_bytes(signature[32:], "little") + ED25519_ORDER).to_bytes(32, "little")


SIGNATURES: dict[str, Callable[[bytes, Signer, Random], bytes | None]] = {
    "signature: r is 0": by_ecdsa(lambda r, s, n, random: (0, s)),
    "signature: s is 0": by_ecdsa(lambda r, s, n, random: (r, 0)),
    "signature: r is n": by_ecdsa(lambda r, s, n, random: (n, s)),
    "signature: n - s": by_ecdsa(lambda r, s, n, random: (r, n - s)),
    "signature: r + n": by_ecdsa(lambda r, s, n, random: (r + n, s)),
    "signature: s + n": by_ecdsa(lambda r, s, n, random: (r, s + n)),
    "signature: DER": der,
    "signature: S + L": s_plus_order,
    "signature: leading zero": lambda signature, signer, random: b"\0" + signature,
    "signature: a byte less": lambda signature, signer, random: signature[:-1],
    "signature: a byte more": lambda signature, signer, random: signature + b"\0",
    "signature: zeros": lambda signature, signer, random: bytes(len(signature)),
}

HEADER_MEMBERS: dict[str, str] = {
    "crit of a known name": '"crit":["exp"]',
    "crit of an unknown name": '"crit":["x"],"x":1',
    "crit of b64": '"crit":["b64"],"b64":true',
    "crit empty": '"crit":[]',
    "crit null": '"crit":null',
    "b64 false": '"b64":false',
    "b64 false and crit": '"b64":false,"crit":["b64"]',
    "b64 true": '"b64":true',
    "b64 a number": '"b64":0',
    "typ JWT": '"typ":"JWT"',
    "typ jwt": '"typ":"jwt"',
    "typ at+jwt": '"typ":"at+jwt"',
    "typ application/at+jwt": '"typ":"application/at+jwt"',
    "typ logout+jwt": '"typ":"logout+jwt"',
    "typ a number": '"typ":1',
    "typ null": '"typ":null',
    "cty JWT": '"cty":"JWT"',
    "jku": '"jku":"https://evil.example/"',
    "jku a number": '"jku":1',
    "jwk": '"jwk":{"kty":"oct","k":"AA"}',
    "x5c": '"x5c":["AA"]',
    "x5t a number": '"x5t":1',
    "unknown member": '"foo":{"a":[1,2]}',
    "unknown member null": '"foo":null',
    "kid twice": '"kid":"other"',
    "alg twice": '"alg":"none"',
    "kid twice, escaped": '"\\u006bid":"other"',
    "unknown member twice": '"foo":1,"foo":2',
    "number of 30 digits": '"foo":123456789012345678901234567890',
    "number 1e999": '"foo":1e999',
    "NaN": '"foo":NaN',
    "deep": '"foo":' + "[" * 40 + "]" * 40,
    "lone surrogate": '"foo":"\\ud800"',
    "control character": '"foo":"\x01"',
    "blanks": ' "foo" : 1 ',
}
HEADERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "without kid": lambda header: json.dumps({"alg": header["alg"]}),
    "kid null": lambda header: json.dumps({**header, "kid": None}),
    "kid a number": lambda header: json.dumps({**header, "kid": 1}),
    "kid empty": lambda header: json.dumps({**header, "kid": ""}),
    "kid unknown": lambda header: json.dumps({**header, "kid": "none of them"}),
    "kid of another key": lambda header: json.dumps({**header, "kid": "key of ES256"}),
    "alg none": lambda header: json.dumps({**header, "alg": "none"}),
    "alg HS256": lambda header: json.dumps({**header, "alg": "HS256"}),
    "alg in other case": lambda header: json.dumps({**header, "alg": header["alg"].swapcase()}),
    "alg of the same key type": lambda header: json.dumps({**header, "alg": header["alg"][:-3] + "512"}),
    "alg Ed25519": lambda header: json.dumps({**header, "alg": "Ed25519"}),
    "alg a list": lambda header: json.dumps({**header, "alg": [header["alg"]]}),
    "without alg": lambda header: json.dumps({"kid": header["kid"]}),
    "a list": lambda header: json.dumps([header]),
    "byte order mark": lambda header: b"\xef\xbb\xbf" + json.dumps(header).encode(),
    "not UTF-8": lambda header: json.dumps(header).encode()[:-1] + b',"foo":"\xff"}',
    "trailing comma": lambda header: json.dumps(header)[:-1] + ",}",
    "trailing text": lambda header: json.dumps(header) + "x",
    "trailing blanks": lambda header: json.dumps(header) + " \n",
    "UTF-16": lambda header: json.dumps(header).encode("utf-16"),
}
CLAIMS: dict[str, dict[str, Any]] = {
    "exp missing": {"exp": None},
    "exp past": {"exp": NOW - 3600},
    "exp within the leeway": {"exp": NOW - 1},
    "exp a str": {"exp": str(NOW + 3600)},
    "exp a fraction": {"exp": NOW + 3600.5},
    "exp true": {"exp": True},
    "exp a list": {"exp": [NOW + 3600]},
    "exp negative": {"exp": -1},
    "exp 2^53 + 1": {"exp": 2**53 + 1},
    "exp 1e30": {"exp": 1e30},
    "exp 30 digits": {"exp": 10**30},
    "nbf future": {"nbf": NOW + 3600},
    "nbf within the leeway": {"nbf": NOW + 15},
    "nbf a str": {"nbf": str(NOW)},
    "nbf true": {"nbf": True},
    "nbf a fraction": {"nbf": NOW - 0.5},
    "iat missing": {"iat": None},
    "iat future": {"iat": NOW + 3600},
    "iat a str": {"iat": str(NOW)},
    "iat true": {"iat": True},
    "iss missing": {"iss": None},
    "iss other": {"iss": "https://other.example/"},
    "iss without slash": {"iss": ISSUER[:-1]},
    "iss a list": {"iss": [ISSUER]},
    "iss a number": {"iss": 1},
    "iss with a NUL": {"iss": ISSUER + "\0"},
    "aud missing": {"aud": None},
    "aud other": {"aud": "other"},
    "aud a list": {"aud": ["other", AUDIENCE]},
    "aud an empty list": {"aud": []},
    "aud a list with a number": {"aud": [AUDIENCE, 1]},
    "aud a number": {"aud": 1},
    "aud an object": {"aud": {AUDIENCE: 1}},
    "aud a prefix": {"aud": AUDIENCE[:-1]},
    "sub a number": {"sub": 1},
    "jti a number": {"jti": 1},
    "unknown claims": {"x": {"y": [1, None, "z"]}},
    "lone surrogate": {"x": "\ud800"},
    "deep": {"x": json.loads("[" * 40 + "]" * 40)},
    "number of 30 digits": {"x": 10**30},
}
PAYLOADS: dict[str, Callable[[str], Any]] = {
    "as it is": lambda text: text,
    "blanks": lambda text: " " + text + "\n",
    "exp twice": lambda text: text[:-1] + ',"exp":1}',
    "sub twice": lambda text: text[:-1] + ',"sub":"root"}',
    "sub twice, escaped": lambda text: text[:-1] + ',"\\u0073ub":"root"}',
    "inner name twice": lambda text: text[:-1] + ',"x":{"a":1,"a":2}}',
    "exp NaN": lambda text: text[:-1].replace(f'"exp": {NOW + 86_400}', '"exp": NaN') + "}",
    "exp Infinity": lambda text: text[:-1].replace(f'"exp": {NOW + 86_400}', '"exp": Infinity') + "}",
    "exp null": lambda text: text[:-1].replace(f'"exp": {NOW + 86_400}', '"exp": null') + "}",
    "nbf null": lambda text: text[:-1] + ',"nbf":null}',
    "exp 1e999": lambda text: text[:-1].replace(f'"exp": {NOW + 86_400}', '"exp": 1e999') + "}",
    "byte order mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "not UTF-8": lambda text: text.encode()[:-1] + b',"x":"\xff"}',
    "UTF-16": lambda text: text.encode("utf-16"),
    "a list": lambda text: f"[{text}]",
    "a str": json.dumps,
    "empty": lambda text: "",
    "trailing comma": lambda text: text[:-1] + ",}",
    "trailing text": lambda text: text + "x",
    "comment": lambda text: "/**/" + text,
}


def token_cases(seed: int, at_least: int) -> Iterator[Case]:
    """Cases over all algorithms by one key set."""
    random, all_signers = Random(seed), signers()
    key_set = key_set_of([signer.jwk() for signer in all_signers])
    good = [signer.token() for signer in all_signers]

    def bent(name: str, bend: Any, random: Random) -> Case | None:
        text = bend(random.choice(good), random)
        return None if text is None or text in good else Case(name, key_set, text)

    def resigned(name: str, change: Any, random: Random) -> Case | None:
        at = random.randrange(len(good))
        signature = change(raw_signature(good[at]), all_signers[at], random)
        return None if signature is None else Case(name, key_set, f"{good[at].rpartition('.')[0]}.{b64url(signature)}")

    def with_member(name: str, member: str, random: Random) -> Case:
        signer = random.choice(all_signers)
        rest = json.dumps(signer.header)[1:-1]
        both = [member, rest] if random.random() < 0.5 else [rest, member]
        return Case(f"header: {name}", key_set, signer.token(header="{" + ",".join(both) + "}"))

    def with_header(name: str, change: Any, random: Random) -> Case | None:
        signer = random.choice(all_signers)
        header = change(signer.header)
        same = header == json.dumps(signer.header)
        return None if same else Case(f"header: {name}", key_set, signer.token(header=header))

    def with_claims(name: str, changed: dict[str, Any], random: Random) -> Case:
        payload = json.dumps(claims(**changed))
        return Case(f"claims: {name}", key_set, random.choice(all_signers).token(payload=payload))

    def with_payload(name: str, change: Any, random: Random) -> Case:
        return Case(f"payload: {name}", key_set, random.choice(all_signers).token(payload=change(json.dumps(claims()))))

    def spliced(name: str, _: Any, random: Random) -> Case | None:
        parts = [random.choice(good).split(".")[i] for i in range(3)]
        return None if (text := ".".join(parts)) in good else Case(name, key_set, text)

    share = at_least // 14
    yield from rounds(random, AFTERWARDS, 4 * share, bent)
    yield from rounds(random, SIGNATURES, 2 * share, resigned)
    yield from rounds(random, {"text: spliced": None}, share, spliced)
    yield from rounds(random, HEADER_MEMBERS, 2 * share, with_member)
    yield from rounds(random, HEADERS, 2 * share, with_header)
    yield from rounds(random, CLAIMS, 2 * share, with_claims)
    yield from rounds(random, PAYLOADS, at_least - 13 * share, with_payload)
