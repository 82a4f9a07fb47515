"""Keys from an identity provider: fetched when needed, kept while it is away, never too often."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from api import auth, keys
from api.app import create_app
from api.auth import Authenticator
from api.errors import ApiError
from api.keys import JwksKeys, KeysUnavailable, fitting_keys
from api.settings import Settings
from tests.api.support import School, bearer, claims, serving, settings_for

OLD = rsa.generate_private_key(65537, 2048)
NEW = rsa.generate_private_key(65537, 2048)
PATH = "/api/v1/student/performance"


def jwk(key: Any, kid: str | None, **others: Any) -> dict[str, Any]:
    """The key as a provider publishes it (the private one, if it is handed that)."""
    kind = jwt.algorithms.RSAAlgorithm if "RSA" in type(key).__name__ else jwt.algorithms.ECAlgorithm
    entry = json.loads(kind.to_jwk(key)) | {"kid": kid} | others
    return {name: value for name, value in entry.items() if value is not None}


class Provider:
    """A local identity provider. keys: what it publishes; fetches: how often; broken: another answer."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.fetches = 0
        self.broken: tuple[int, bytes] | None = None
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetches += 1
                document = json.dumps({"keys": provider.keys}).encode()
                status, body = provider.broken or (200, document)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield provider
    provider.server.shutdown()
    thread.join()
    provider.server.server_close()


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def settled(source: JwksKeys) -> None:
    """Wait for a fetch in the background."""
    while source._fetching is not None:
        await asyncio.sleep(0.005)


def test_keys_are_fetched_once_and_kept(provider: Provider) -> None:
    provider.keys = [jwk(OLD.public_key(), "old"), jwk(NEW.public_key(), "new")]

    async def scenario() -> None:
        source = JwksKeys(provider.url, "RS256")
        assert provider.fetches == 0, "starting needs no provider"
        for _ in range(3):
            assert await source.find("old") == OLD.public_key()
            assert await source.find("new") == NEW.public_key()
        assert provider.fetches == 1

    asyncio.run(scenario())


def test_an_unknown_id_fetches_again_but_a_flood_of_them_does_not(provider: Provider) -> None:
    provider.keys = [jwk(OLD.public_key(), "old")]
    clock = Clock()

    async def scenario() -> None:
        source = JwksKeys(provider.url, "RS256", clock)
        assert await source.find("old")
        provider.keys = [jwk(NEW.public_key(), "new")]
        clock.now += keys.FETCH_PAUSE_SECONDS
        assert await source.find("new") == NEW.public_key()
        assert await source.find("old") is None, "the provider withdrew it"
        assert provider.fetches == 2
        for number in range(50):
            assert await source.find(f"guess {number}") is None
        assert provider.fetches == 2
        clock.now += keys.FETCH_PAUSE_SECONDS
        for number in range(50):
            assert await source.find(f"guess {number}") is None
        assert provider.fetches == 3

    asyncio.run(scenario())


def test_concurrent_misses_share_a_fetch_that_no_cancelled_one_ends(provider: Provider) -> None:
    provider.keys = [jwk(OLD.public_key(), "old")]

    clock = Clock()

    async def scenario() -> None:
        source = JwksKeys(provider.url, "RS256", clock)
        first = asyncio.create_task(source.find("old"))
        others = [asyncio.create_task(source.find("old")) for _ in range(20)]
        await asyncio.sleep(0)
        first.cancel()
        clock.now += keys.FETCH_PAUSE_SECONDS  # a fetch that takes long is still the one to wait for
        others.append(asyncio.create_task(source.find("old")))
        assert await asyncio.gather(*others) == [OLD.public_key()] * 21
        assert provider.fetches == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "broken",
    [
        (500, b"{}"),
        (302, b""),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'{"keys": 7}'),
        (200, b'{"keys": []}'),
        (200, b'{"keys": [{"kty": "RSA"}, {"kty": 1}, {"kid": []}]}'),
        (200, json.dumps({"keys": [jwk(NEW.public_key(), "new")]}).encode() + b" " * keys.FETCH_BYTES),
    ],
)
def test_known_keys_outlive_a_provider_that_is_broken(provider: Provider, broken: tuple[int, bytes]) -> None:
    provider.keys = [jwk(OLD.public_key(), "old")]
    clock = Clock()

    async def scenario() -> None:
        source = JwksKeys(provider.url, "RS256", clock)
        assert await source.find("old")
        provider.broken = broken
        clock.now += keys.FRESH_SECONDS + 1
        assert await source.find("unknown") is None
        assert await source.find("old") == OLD.public_key()
        assert provider.fetches == 2
        provider.broken = None
        clock.now += keys.FETCH_PAUSE_SECONDS
        provider.keys = [jwk(NEW.public_key(), "new")]
        assert await source.find("new") == NEW.public_key()

    asyncio.run(scenario())


def test_without_any_key_nothing_can_be_judged() -> None:
    async def scenario() -> None:
        source = JwksKeys("http://127.0.0.1:1/keys", "RS256")
        for _ in range(2):
            with pytest.raises(KeysUnavailable):
                await source.find("any")

    asyncio.run(scenario())


def test_keys_are_renewed_in_the_background(provider: Provider) -> None:
    provider.keys = [jwk(OLD.public_key(), "old")]
    clock = Clock()

    async def scenario() -> None:
        source = JwksKeys(provider.url, "RS256", clock)
        assert await source.find("old")
        provider.keys = [jwk(NEW.public_key(), "new")]
        clock.now += keys.FRESH_SECONDS + 1
        assert await source.find("old"), "nobody waits for the renewal"
        await settled(source)
        assert await source.find("old") is None

    asyncio.run(scenario())


def test_a_withdrawn_key_takes_its_remembered_tokens_along(provider: Provider) -> None:
    provider.keys = [jwk(OLD.public_key(), "old")]
    keys_clock, tokens_clock = Clock(), Clock()
    value = jwt.encode(claims(UUID(int=1), 1, "student"), OLD, "RS256", headers={"kid": "old"})

    async def scenario() -> None:
        source = JwksKeys(provider.url, "RS256", keys_clock)
        authenticator = Authenticator(Settings(jwt_algorithm="RS256"), keys=source, clock=tokens_clock)
        await authenticator.verified(value.encode())
        provider.keys = [jwk(NEW.public_key(), "new")]
        keys_clock.now += keys.FRESH_SECONDS + 1
        await authenticator.verified(value.encode())
        tokens_clock.now += auth.REMEMBERED_SECONDS + 1
        await authenticator.verified(value.encode())
        await settled(source)
        tokens_clock.now += auth.REMEMBERED_SECONDS + 1
        with pytest.raises(ApiError, match="unknown key"):
            await authenticator.verified(value.encode())

    asyncio.run(scenario())


def test_a_token_without_id_is_for_the_only_key(provider: Provider) -> None:
    provider.keys = [jwk(OLD.public_key(), "old")]
    clock = Clock()

    async def scenario() -> None:
        source = JwksKeys(provider.url, "RS256", clock)
        await source.find("old")
        assert await source.find(None) == OLD.public_key()
        provider.keys.append(jwk(NEW.public_key(), "new"))
        clock.now += keys.FETCH_PAUSE_SECONDS
        await source.find("new")
        assert await source.find(None) is None

    asyncio.run(scenario())


def test_only_keys_that_fit_are_taken() -> None:
    p256 = ec.generate_private_key(ec.SECP256R1()).public_key()
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key()
    published = [
        jwk(OLD.public_key(), "plain"),
        jwk(OLD.public_key(), "marked", use="sig", alg="RS256", key_ops=["verify"]),
        jwk(NEW.public_key(), "marked"),
        jwk(OLD.public_key(), "for encryption", use="enc"),
        jwk(OLD.public_key(), "for another algorithm", alg="RS512"),
        jwk(OLD.public_key(), "for another operation", key_ops=["encrypt"]),
        jwk(OLD, "private"),
        jwk(rsa.generate_private_key(65537, 1024).public_key(), "weak"),
        jwk(p256, "of another kind"),
        {"kty": "oct", "kid": "symmetric", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "RSA", "kid": ["no", "id"], "n": "AQAB", "e": "AQAB"},
    ]
    document = json.dumps({"keys": published}).encode()
    assert list(fitting_keys(document, "RS256")) == ["plain", "marked"]
    assert fitting_keys(document, "RS256")["marked"] == OLD.public_key(), "the first of two counts"
    assert list(fitting_keys(document, "ES256")) == ["of another kind"]
    assert fitting_keys(json.dumps({"keys": [jwk(p384, "P-384")]}).encode(), "ES256") == {}


def test_the_api_follows_a_rotation_and_says_when_it_cannot_judge(
    provider: Provider, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "FETCH_PAUSE_SECONDS", 0.1)

    def get(client: Any, key: Any, kid: str) -> int:
        payload = claims(school.ada, school.org, "student")
        value = jwt.encode(payload, key, "RS256", headers={"kid": kid})
        answer = client.get(PATH, headers=bearer(value))
        if answer.status_code == 503:
            assert answer.headers["retry-after"]
            assert answer.json()["code"] == "HR503"
        return int(answer.status_code)

    settings = settings_for(
        school.database, jwt_secret=None, jwt_algorithm="RS256", jwt_jwks_url=provider.url
    )
    provider.broken = (500, b"")
    with serving(create_app(settings)) as client:
        assert get(client, OLD, "old") == 503
        provider.broken, provider.keys = None, [jwk(OLD.public_key(), "old")]
        time.sleep(0.11)
        assert get(client, OLD, "old") == 200
        provider.keys = [jwk(NEW.public_key(), "new")]
        time.sleep(0.11)
        assert get(client, NEW, "new") == 200
        assert get(client, NEW, "old") == 401, "the id is known no more"
        assert get(client, OLD, "new") == 401, "the id is known, the signature is not that key's"
        provider.server.shutdown()
        time.sleep(0.11)
        assert get(client, NEW, "new") == 200
