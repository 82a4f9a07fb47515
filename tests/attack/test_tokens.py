"""Forged, broken and misplaced tokens: 401 that says what is wanted, and nothing in the log.

What a token's claims and algorithms have to be, tests/api/test_auth.py tries; here is what is left.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from tests.api.support import SECRET, bearer, claims, token
from tests.attack.conftest import Besieged
from tests.attack.wire import ask

OWN = "/api/v1/student/performance"


def signed(header: dict[str, Any], payload: Any, key: bytes = SECRET.encode()) -> str:
    """A token put together by hand, signed with HS256 whatever its header says."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (header, payload)
    ]
    signature = hmac.digest(key, ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=").decode()])


def refused(siege: Besieged, value: str | bytes) -> None:
    """It is refused as a token should be, on a page and on a stream, and nobody writes about it."""
    raw = value if isinstance(value, bytes) else value.encode()
    before = siege.server.log.read_bytes()
    for path in (OWN, "/dashboard/stream", "/api/v1/student/dashboard/stream"):
        reply = ask(siege.client, path, b"Authorization: Bearer " + raw)
        assert reply.status == 401, (path, value, reply.body)
        assert (reply.header("www-authenticate") or "").startswith("Bearer")
        assert reply.header("content-type") == "application/problem+json"
        assert raw not in reply.body
    written = siege.server.log.read_bytes()[len(before) :]
    assert raw not in written
    assert not siege.complaints()


def payload_of(siege: Besieged) -> dict[str, Any]:
    return claims(siege.ada, siege.org, "student")


@pytest.mark.parametrize(
    "spelling", ["nOnE", "NoNe", "none ", " none", "none\x00", "n\u00f6ne", None, 0, [], {}]
)
@pytest.mark.parametrize("signature", ["", "x"])
def test_no_spelling_of_none_is_an_algorithm(siege: Besieged, spelling: Any, signature: str) -> None:
    head, body, _ = signed({"alg": spelling, "typ": "JWT"}, payload_of(siege)).split(".")
    refused(siege, f"{head}.{body}.{signature}")


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../" * 50 + "dev/null"},
        {"kid": "/proc/self/environ"},
        {"kid": "x" * 5000},
        {"kid": "a\x00b"},
        {"kid": "'; select pg_sleep(9) --"},
        {"kid": 7},
        {"kid": {"a": 1}},
        {"kid": ["a"]},
        {"jku": "https://evil.example/keys", "kid": "a"},
        {"x5u": "file:///etc/passwd"},
        {"x5c": ["MIIB"]},
        {"jwk": {"kty": "oct", "k": "AA"}},
        {"crit": ["exp"]},
        {"zip": "DEF"},
        {"b64": False, "crit": ["b64"]},
        {"cty": "JWT"},
        {"typ": "x" * 3000},
    ],
    ids=lambda header: json.dumps(header)[:40],
)
def test_no_header_of_a_token_is_believed(siege: Besieged, header: dict[str, Any]) -> None:
    for key in (b"", b"\x00", b"null", b"homeroom"):
        refused(siege, signed({"alg": "HS256", **header}, payload_of(siege), key))


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": -1},
        {"exp": 0},
        {"exp": "9999999999999"},
        {"exp": None},
        {"exp": []},
        {"exp": {}},
        {"exp": float("nan")},
        {"exp": float("-inf")},
        {"exp": 1e308},
        {"exp": 10**400},
        {"exp": True},
        {"nbf": 4_000_000_000},
        {"nbf": "soon"},
        {"nbf": 10**400},
        {"iat": 4_000_000_000},
        {"iat": "now"},
        {"iat": []},
        {"iss": ["homeroom"]},
        {"iss": None},
        {"iss": {"a": 1}},
        {"iss": "HOMEROOM"},
        {"iss": "homeroom\x00"},
        {"aud": [1]},
        {"aud": {"homeroom": 1}},
        {"aud": None},
        {"aud": ""},
        {"aud": []},
        {"sub": "00000000-0000-0000-0000-000000000000\x00"},
        {"sub": "{00000000-0000-0000-0000-000000000000"},
        {"org": 1e0 + 0.5},
        {"org": -(2**63) - 1},
        {"role": "student\x00"},
        {"role": "STUDENT"},
        {"role": "student' --"},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_no_claim_is_believed_that_is_wrong(siege: Besieged, wrong: dict[str, Any]) -> None:
    refused(siege, signed({"alg": "HS256"}, payload_of(siege) | wrong))


def test_no_mutilated_token_is_believed(siege: Besieged) -> None:
    good = token(siege.ada, siege.org, "student")
    head, body, signature = good.split(".")
    for value in (
        good[:-1],
        good[1:],
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{head}..{signature}",
        f".{body}.{signature}",
        f"{good}.{signature}",
        f"{good}.",
        f"{head}.{body}.{signature}A",
        f"{head}.{body}.{signature[:-2]}",
        f"{head}.{body} .{signature}",
        f"{head}\t.{body}.{signature}",
        f"{good},{good}",
        f"{good} {good}",
        f'"{good}"',
        "." * 8000,
        "A" * 8191,
        "A" * 60_000,
        "\u00e9" * 100,
        "\U0001f511.\U0001f511.\U0001f511",
        base64.urlsafe_b64encode(b'{"alg":"HS256"' * 200).decode() + f".{body}.{signature}",
        base64.urlsafe_b64encode(b"[" * 3000).decode() + f".{body}.{signature}",
        head + "." + base64.urlsafe_b64encode(b"[" * 3000).decode() + f".{signature}",
    ):
        refused(siege, value)
    assert siege.client.get(OWN, headers=bearer(good)).status_code == 200


def test_a_deep_payload_that_is_signed_is_refused(siege: Besieged) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    for claim in ("sub", "aud", "iss", "exp", "role", "org"):
        refused(siege, signed({"alg": "HS256"}, payload_of(siege) | {claim: deep}))


def test_a_token_elsewhere_is_none(siege: Besieged) -> None:
    good = token(siege.ada, siege.org, "student")
    places = [
        [f"Cookie: token={good}; access_token={good}; Authorization={good}; session={good}"],
        [f"Cookie: Authorization=Bearer {good}"],
        [f"X-Authorization: Bearer {good}"],
        [f"Proxy-Authorization: Bearer {good}"],
        [f"X-Access-Token: {good}"],
        [f"Sec-WebSocket-Protocol: bearer, {good}"],
        [f"X-Forwarded-Authorization: Bearer {good}"],
        [f"Authorization_: Bearer {good}"],
    ]
    for lines in places:
        reply = ask(siege.client, OWN, *lines)
        assert (reply.status, reply.header("www-authenticate")) == (401, "Bearer"), lines
    for name in ("token", "access_token", "authorization", "jwt", "bearer"):
        reply = ask(siege.client, f"{OWN}?{name}={good}")
        assert (reply.status, reply.header("www-authenticate")) == (401, "Bearer"), name
    assert good not in siege.server.log.read_text()


def test_of_two_tokens_a_bad_one_never_helps(siege: Besieged) -> None:
    good = f"Authorization: Bearer {token(siege.ada, siege.org, 'student')}"
    bad = "Authorization: Bearer a.b.c"
    assert ask(siege.client, OWN, bad, good).status == 401
    assert ask(siege.client, OWN, bad, bad).status == 401
    assert ask(siege.client, OWN, good, bad).status == 401
    assert ask(siege.client, OWN, good, good).status == 401, "nor do two good ones"
    assert ask(siege.client, OWN, "Authorization: Basic YTpi", good).status == 401
