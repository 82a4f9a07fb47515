"""Tokens: which are believed, and how the others are refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api import auth
from api.app import create_app
from api.auth import Authenticator
from api.cache import Cache
from api.errors import ApiError
from api.purge import Purge
from api.settings import Settings
from tests.api.process import until
from tests.api.support import SECRET, School, bearer, claims, serving, settings_for, token

PATH = "/api/v1/student/performance"

RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())
ED25519 = ed25519.Ed25519PrivateKey.generate()
PRIVATE_KEYS: dict[str, Any] = {"RS256": RSA, "ES256": P256, "EdDSA": ED25519}


def public_pem(algorithm: str) -> bytes:
    key = PRIVATE_KEYS[algorithm].public_key()
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def good(school: School, **others: Any) -> str:
    return token(school.ada, school.org, "student", **others)


def forged(header: dict[str, Any], payload: Any, sign: Callable[[bytes], bytes]) -> str:
    """A token put together by hand: libraries refuse to make most of the bad ones."""

    def part(data: bytes) -> bytes:
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    content = part(json.dumps(header).encode()) + b"." + part(json.dumps(payload).encode())
    return (content + b"." + part(sign(content))).decode()


def payload_of(school: School) -> dict[str, Any]:
    return claims(school.ada, school.org, "student")


def sign_hs256(key: bytes) -> Callable[[bytes], bytes]:
    return lambda content: hmac.digest(key, content, hashlib.sha256)


def assert_refused(school: School, value: str) -> None:
    """The token is refused, as RFC 6750 says, and a good one is not."""
    answer = school.client.get(PATH, headers=bearer(value))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "HR401"
    assert value not in answer.text
    assert school.client.get(PATH, headers=bearer(good(school))).status_code == 200


def test_no_token_is_told_what_is_missing(school: School) -> None:
    answer = school.client.get(PATH)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Token x", ""])
def test_another_scheme_is_no_token(school: School, header: str) -> None:
    answer = school.client.get(PATH, headers={"Authorization": header})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_the_scheme_is_case_insensitive(school: School) -> None:
    assert school.client.get(PATH, headers={"Authorization": f"bEARER  {good(school)}"}).status_code == 200


def test_a_token_in_the_query_is_none(school: School) -> None:
    for name in ("token", "access_token"):
        assert school.client.get(PATH, params={name: good(school)}).status_code == 401


def test_a_path_without_token_says_so_before_it_looks_at_parameters(school: School) -> None:
    assert school.client.get("/api/v1/admin/students/performance?limit=0").status_code == 401


@pytest.mark.parametrize("missing", ["sub", "org", "role", "exp", "iss", "aud"])
def test_each_claim_is_required(school: School, missing: str) -> None:
    payload = payload_of(school)
    del payload[missing]
    assert_refused(school, jwt.encode(payload, SECRET, "HS256"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": 1},
        {"exp": "tomorrow"},
        {"exp": float("inf")},
        {"nbf": 2**31},
        {"iss": "elsewhere"},
        {"aud": "others"},
        {"aud": ["others"]},
    ],
)
def test_registered_claims_are_checked(school: School, wrong: dict[str, Any]) -> None:
    assert_refused(school, forged({"alg": "HS256"}, payload_of(school) | wrong, sign_hs256(SECRET.encode())))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sub": "ada"},
        {"sub": 7},
        {"sub": ""},
        {"org": 0},
        {"org": -1},
        {"org": 2**63},
        {"org": "1"},
        {"org": True},
        {"org": 1.5},
        {"org": None},
        {"role": "owner"},
        {"role": "homeroom_owner"},
        {"role": ["student"]},
        {"role": ""},
    ],
)
def test_the_three_claims_have_their_types(school: School, wrong: dict[str, Any]) -> None:
    assert_refused(school, forged({"alg": "HS256"}, payload_of(school) | wrong, sign_hs256(SECRET.encode())))


def test_audience_may_be_one_of_several(school: School) -> None:
    value = good(school, aud=["others", "homeroom"])
    assert school.client.get(PATH, headers=bearer(value)).status_code == 200


def test_claims_beyond_the_three_do_not_reach_the_database(school: School) -> None:
    authenticator = Authenticator(settings_for(school.database))
    verified = asyncio.run(authenticator.verified(good(school, org_name="'; drop", admin=True).encode()))
    assert json.loads(verified.claims) == {"sub": str(school.ada), "org": school.org, "role": "student"}


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS384", "HS512", "RS256", "ES256"])
def test_the_header_does_not_choose_the_algorithm(school: School, algorithm: str) -> None:
    for sign in (lambda _: b"", sign_hs256(SECRET.encode())):
        assert_refused(school, forged({"alg": algorithm, "typ": "JWT"}, payload_of(school), sign))


def test_another_key_or_a_changed_payload_is_refused(school: School) -> None:
    assert_refused(school, good(school, key="another secret, which is long enough too"))
    head, _, signature = good(school).split(".")
    changed = base64.urlsafe_b64encode(json.dumps(payload_of(school) | {"role": "admin"}).encode())
    assert_refused(school, f"{head}.{changed.rstrip(b'=').decode()}.{signature}")


@pytest.mark.parametrize(
    "value",
    ["x", "a.b", "a.b.c", "....", "eyJhbGciOiJIUzI1NiJ9..", "eyJhbGciOiJIUzI1NiJ9.bnVsbA.x", "%00"],
)
def test_what_is_no_token_at_all_is_refused(school: School, value: str) -> None:
    assert_refused(school, value)


def test_bytes_that_are_no_text_are_refused(school: School) -> None:
    answer = school.client.get(PATH, headers=[(b"Authorization", b"Bearer \xe9\xff.\xe9.\xe9")])
    assert answer.status_code == 401


def test_a_payload_that_is_no_object_is_refused(school: School) -> None:
    payloads: list[Any] = [None, [], "text", 1]
    for payload in payloads:
        assert_refused(school, forged({"alg": "HS256"}, payload, sign_hs256(SECRET.encode())))


def test_a_huge_token_is_refused_unread(school: School) -> None:
    value = good(school, extra="x" * auth.TOKEN_BYTES)
    assert_refused(school, value)
    assert school.client.get(PATH, headers=bearer(value)).json()["detail"] == "The token is too long."


@pytest.mark.parametrize(
    "header",
    [{"kid": "../../dev/null"}, {"kid": "' or 1=1"}, {"jku": "http://127.0.0.1:9/keys"}, {"x5u": "x"}],
)
def test_keys_that_a_token_points_to_are_not_used(school: School, header: dict[str, str]) -> None:
    for key in (b"", b"null"):
        assert_refused(school, forged({"alg": "HS256", **header}, payload_of(school), sign_hs256(key)))


def test_an_embedded_key_is_not_used(school: School) -> None:
    settings = settings_for(
        school.database, jwt_secret=None, jwt_algorithm="RS256", jwt_public_key=public_pem("RS256").decode()
    )
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OTHER_RSA.public_key()))
    value = jwt.encode(payload_of(school), OTHER_RSA, "RS256", headers={"jwk": jwk})
    with serving(create_app(settings)) as client:
        assert client.get(PATH, headers=bearer(value)).status_code == 401
        ours = good(school, key=RSA, algorithm="RS256")
        assert client.get(PATH, headers=bearer(ours)).status_code == 200


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_verifies_and_is_never_a_secret(school: School, algorithm: str) -> None:
    pem = public_pem(algorithm)
    settings = settings_for(
        school.database, jwt_secret=None, jwt_algorithm=algorithm, jwt_public_key=pem.decode()
    )
    with serving(create_app(settings)) as client:
        ours = good(school, key=PRIVATE_KEYS[algorithm], algorithm=algorithm)
        assert client.get(PATH, headers=bearer(ours)).status_code == 200
        for header_algorithm in ("HS256", algorithm):
            confused = forged({"alg": header_algorithm}, payload_of(school), sign_hs256(pem))
            assert client.get(PATH, headers=bearer(confused)).status_code == 401
        assert client.get(PATH, headers=bearer(good(school))).status_code == 401


def test_a_remembered_token_still_expires(school: School) -> None:
    expires, headers = 0, {"": ""}

    def is_remembered() -> bool:
        """Whether a token was good that soon is not any more: on a busy machine it may be too late."""
        nonlocal expires, headers
        expires = int(time.time()) + 2  # at least a second
        headers = bearer(good(school, exp=expires))
        return school.client.get(PATH, headers=headers).status_code == 200

    until(is_remembered)
    while time.time() < expires + 0.05:
        school.client.get(PATH, headers=headers)
        time.sleep(0.05)
    last = school.client.get(PATH, headers=headers)
    assert (last.status_code, last.json()["detail"]) == (401, "The token has expired.")


def test_only_so_many_tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "REMEMBERED", 3)
    authenticator = Authenticator(Settings(jwt_secret=SECRET))
    values = [token("00000000-0000-0000-0000-000000000001", 1, "student", number=n) for n in range(5)]

    async def scenario() -> None:
        for number in (0, 1, 2, 0, 3, 4):
            await authenticator.verified(values[number].encode())

    asyncio.run(scenario())
    assert list(authenticator._verified) == [values[n].encode() for n in (0, 3, 4)], "the longest unused went"


@pytest.mark.parametrize("what", ["a person", "everybody", "an organization"])
def test_whom_the_feed_names_is_verified_anew(what: str) -> None:
    """Whatever they show, and nobody else; nor is remembered who was verified before and comes after."""
    ada, ben = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
    authenticator = Authenticator(Settings(jwt_secret=SECRET))
    purge = Purge(Cache(limit_bytes=0, lease_seconds=1, ttl_seconds=1), authenticator, lambda org: None)
    told: dict[str, dict[str, object]] = {
        "a person": {"people": [[1, ada]]},
        "everybody": {"flush": True},
        "an organization": {"flush_orgs": [1]},
    }
    hers = [token(ada, 1, "student", number=number).encode() for number in range(2)]
    his, elsewhere = token(ben, 1, "student").encode(), token(ada, 2, "student").encode()

    async def scenario() -> None:
        for value in (*hers, his, elsewhere):
            await authenticator.verified(value)
            assert authenticator.known(value)
        purge.heard(json.dumps({"cursor": "1"} | told[what]), time.monotonic())
        assert [authenticator.known(value) for value in hers] == [None, None]
        others = [authenticator.known(value) is not None for value in (his, elsewhere)]
        assert others == [what == "a person"] * 2
        assert await authenticator.verified(hers[0]) and authenticator.known(hers[0])

    asyncio.run(scenario())


def test_who_is_verified_across_a_purge_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    ada = "00000000-0000-0000-0000-00000000000a"
    authenticator = Authenticator(Settings(jwt_secret=SECRET))
    value = token(ada, 1, "student").encode()
    read = authenticator._read

    async def slowly(credential: bytes) -> auth.Verified:
        found = await read(credential)
        authenticator.forget(1, ada)  # nobody of hers is there yet
        return found

    monkeypatch.setattr(authenticator, "_read", slowly)
    assert asyncio.run(authenticator.verified(value)).person == ada
    assert authenticator.known(value) is None


def test_our_own_tokens_are_believed() -> None:
    settings = Settings(jwt_secret=SECRET, jwt_issuer="here", jwt_audience="there")
    sub = "00000000-0000-0000-0000-00000000000a"
    value = auth.sign(settings, {"sub": sub, "org": 1, "role": "parent"}, 60).encode()
    verified = asyncio.run(Authenticator(settings).verified(value))
    assert json.loads(verified.claims) == {"sub": sub, "org": 1, "role": "parent"}
    with pytest.raises(ApiError, match="HR401"):
        asyncio.run(Authenticator(Settings(jwt_secret=SECRET)).verified(value))
