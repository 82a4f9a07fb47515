"""Where the keys come from that tokens are verified with: a setting, or an identity provider's JWKS URL.

A key is accepted only if it is of the kind that the configured algorithm needs: no public key serves as an
HMAC secret, and no token brings a weak or foreign key in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

import httpx
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt import PyJWK
from jwt.exceptions import PyJWTError
from msgspec import Struct

from api.settings import Algorithm, Settings, SettingsError

log = structlog.get_logger(__name__)

FETCH_SECONDS = 5.0
FETCH_BYTES = 1_000_000
FETCH_PAUSE_SECONDS = 10.0
"""At most one fetch in this time, however many unknown key ids arrive."""
FRESH_SECONDS = 600.0
"""After this, keys are fetched again while the old ones still serve: a withdrawn key stops being believed."""


class KeysUnavailable(Exception):
    """No key could be had yet, so that no token can be judged."""


class Keys(Protocol):
    """A source of keys."""

    async def find(self, kid: str | None) -> Any | None:
        """The key with this id, as pyjwt takes it; None when there is none. Raises KeysUnavailable."""


class StaticKey:
    """One configured key, whatever id a token names."""

    def __init__(self, key: Any) -> None:
        self._key = key

    async def find(self, kid: str | None) -> Any | None:
        return self._key


class JwksKeys:
    """The keys at a JWKS URL, kept in memory, fetched again when a token names an id that is not known."""

    def __init__(
        self,
        url: str,
        algorithm: Algorithm,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """algorithm: keys for others are passed over. clock: in seconds."""
        self._url = url
        self._algorithm = algorithm
        self._clock = clock
        self._keys: dict[str | None, Any] = {}
        self._fetched = self._tried = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None) -> Any | None:
        """The key with this id. A token without an id is meant for the only key, if there is but one."""
        if (key := self._known(kid)) is None:
            await self._refresh()
            key = self._known(kid)
        elif self._clock() - self._fetched > FRESH_SECONDS:
            self._begin_refresh()
        if key is None and not self._keys:
            raise KeysUnavailable
        return key

    def _known(self, kid: str | None) -> Any | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        """Fetch, or wait for the fetch under way; return at once when the last one was a moment ago."""
        if task := self._begin_refresh():
            await asyncio.shield(task)  # shared: one request that is cancelled must not fail the others

    def _begin_refresh(self) -> asyncio.Task[None] | None:
        if self._fetching is None and self._clock() - self._tried >= FETCH_PAUSE_SECONDS:
            self._tried = self._clock()
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        """Replace the keys by those at the URL. Whatever goes wrong there, the known keys keep serving."""
        try:
            keys = fitting_keys(await self._download(), self._algorithm)
            if not keys:
                raise ValueError(f"the key set has no key for {self._algorithm}")
            self._keys = keys
            self._fetched = self._clock()
            log.info("jwks fetched", keys=len(keys))
        except Exception as error:
            log.error("jwks not fetched", reason=_reason(error))
        finally:
            self._fetching = None

    async def _download(self) -> bytes:
        document = b""
        async with (
            asyncio.timeout(FETCH_SECONDS),
            httpx.AsyncClient(timeout=FETCH_SECONDS) as client,
            client.stream("GET", self._url, headers={"accept": "application/json"}) as response,
        ):
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                document += chunk
                if len(document) > FETCH_BYTES:
                    raise ValueError("the key set is too large")
        return document


class JwkSet(Struct):
    """A JWKS document (RFC 7517, 5)."""

    keys: list[dict[str, Any]]


class Jwk(Struct):
    """What a JWK says about its use (RFC 7517, 4.2 to 4.5)."""

    kid: str | None = None
    use: str = "sig"
    alg: str | None = None
    key_ops: tuple[str, ...] = ("verify",)


def fitting_keys(document: bytes, algorithm: Algorithm) -> dict[str | None, Any]:
    """The keys of a JWKS document that may verify signatures of the algorithm, by id.

    Keys for other purposes or algorithms, private, weak and broken ones are passed over: a provider publishes
    several kinds side by side. Raises msgspec.MsgspecError when the document is no key set at all.
    """
    keys: dict[str | None, Any] = {}
    for entry in msgspec.json.decode(document, type=JwkSet).keys:
        try:
            jwk = msgspec.convert(entry, Jwk)
            key = PyJWK(entry, algorithm).key
        except (msgspec.MsgspecError, PyJWTError, ValueError, TypeError, KeyError):
            continue
        meant = jwk.use == "sig" and jwk.alg in (None, algorithm) and "verify" in jwk.key_ops
        if meant and fits(key, algorithm):
            keys.setdefault(jwk.kid, key)
    return keys


def fits(key: Any, algorithm: Algorithm) -> bool:
    """Whether this is a public key of the kind and strength that the algorithm asks for."""
    match algorithm:
        case "RS256":
            return isinstance(key, RSAPublicKey) and key.key_size >= 2048
        case "ES256":
            return isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
        case "EdDSA":
            return isinstance(key, Ed25519PublicKey | Ed448PublicKey)
        case "HS256":
            return False


def keys_from(settings: Settings) -> Keys:
    """The source of keys that the settings name. Raises SettingsError when it is missing or does not fit."""
    algorithm = settings.jwt_algorithm
    if algorithm == "HS256":
        if not settings.jwt_secret:
            raise SettingsError("JWT_SECRET is not set: JWT_ALGORITHM=HS256 needs it")
        return StaticKey(settings.jwt_secret.encode())
    if settings.jwt_jwks_url:
        return JwksKeys(settings.jwt_jwks_url, algorithm)
    if not settings.jwt_public_key:
        raise SettingsError(f"JWT_PUBLIC_KEY or JWT_JWKS_URL must be set for JWT_ALGORITHM={algorithm}")
    try:
        key = load_pem_public_key(settings.jwt_public_key.replace("\\n", "\n").encode())
    except ValueError:
        raise SettingsError("JWT_PUBLIC_KEY must be: a public key as PEM") from None
    if not fits(key, algorithm):
        raise SettingsError(f"JWT_PUBLIC_KEY is not a key for JWT_ALGORITHM={algorithm} (or is too weak)")
    return StaticKey(key)


def _reason(error: Exception) -> str:
    """What went wrong, without the URL, which may hold a password."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP status {error.response.status_code}"
    return str(error) if isinstance(error, ValueError) else type(error).__name__
