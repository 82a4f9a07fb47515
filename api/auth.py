"""Who asks: a bearer token, verified here. Whether that person may act, the database decides each time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal
from uuid import UUID

import jwt
import msgspec
from msgspec import Meta, Struct

from api.errors import ApiError
from api.keys import Keys, KeysUnavailable, keys_from
from api.settings import Settings, SettingsError

TOKEN_BYTES = 8192
"""A longer token is refused unread."""
REMEMBERED_TOKENS = 10_000
REMEMBERED_SECONDS = 300
"""A verified token is verified again after this, so that a withdrawn key loses its tokens too."""

Role = Literal["student", "parent", "teacher", "tutor", "mentor", "director", "analyst", "admin", "service"]


class Claims(Struct, frozen=True):
    """What the database is told about who asks."""

    sub: UUID
    org: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    role: Role


class Verified(Struct, frozen=True):
    """A token that was verified. Times are seconds since 1970."""

    claims: str
    """As the JSON that auth.enter() takes."""
    expires: float
    believed: float
    """Until when it is not verified again."""


class Authenticator:
    """Verifies bearer tokens, and remembers which it has verified: a signature costs more than the rest."""

    def __init__(
        self, settings: Settings, *, keys: Keys | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        """keys: instead of the source that the settings name. Raises SettingsError when they name none."""
        self._keys = keys or keys_from(settings)
        self._algorithm = settings.jwt_algorithm
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._clock = clock
        # Ordered by use, the longest unused first.
        self._verified: dict[bytes, Verified] = {}

    async def claims(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The verified claims of a request, as the JSON that auth.enter() takes.

        headers: as ASGI has them. Raises ApiError: HR401 without a valid token, HR503 without keys.
        """
        return (await self.verified(bearer(headers))).claims

    async def verified(self, token: bytes) -> Verified:
        """The same for a token that came another way, and when it expires."""
        now = self._clock()
        if (remembered := self._verified.pop(token, None)) and remembered.believed > now:
            self._verified[token] = remembered
            return remembered
        payload = await self._verify(token)
        expires = int(payload["exp"])
        found = Verified(_claims(payload), expires, min(expires, int(now) + REMEMBERED_SECONDS))
        if len(self._verified) >= REMEMBERED_TOKENS:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = found
        return found

    async def _verify(self, token: bytes) -> dict[str, Any]:
        try:
            # Nothing else of the header is believed: the algorithm is the configured one.
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.find(kid)
            if key is None:
                raise _refusal("The token is signed with an unknown key.")
            payload: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[self._algorithm],
                issuer=self._issuer,
                audience=self._audience,
                options={"require": ["sub", "org", "role", "exp", "iss", "aud"]},
            )
        except KeysUnavailable:
            raise ApiError("HR503", "The keys that tokens are verified with are away.") from None
        except jwt.ExpiredSignatureError:
            raise _refusal("The token has expired.") from None
        except (jwt.MissingRequiredClaimError, jwt.InvalidIssuerError, jwt.InvalidAudienceError) as error:
            raise _refusal(f"{error}.") from None
        except (jwt.InvalidTokenError, ValueError):
            raise _refusal("The token is not valid.") from None
        return payload


def sign(settings: Settings, claims: dict[str, Any], ttl: float) -> str:
    """A token for these claims ({"sub", "org", "role"}), valid for `ttl` seconds.

    Only where this installation signs its own tokens: raises SettingsError without JWT_SECRET.
    """
    if not settings.jwt_secret:
        algorithm = settings.jwt_algorithm
        raise SettingsError(
            f"JWT_SECRET is not set (JWT_ALGORITHM={algorithm}): tokens cannot be signed here"
        )
    now = int(time.time())
    issued = {"iss": settings.jwt_issuer, "aud": settings.jwt_audience, "iat": now, "exp": now + int(ttl)}
    return jwt.encode({**claims, **issued}, settings.jwt_secret, algorithm="HS256")


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The token of the Authorization header. A token in the query is none: URLs end up in logs."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            token = token.strip()
            if scheme.lower() != b"bearer" or not token:
                break
            return bounded(token)
    raise ApiError("HR401", None, {"WWW-Authenticate": "Bearer"})


def bounded(token: bytes) -> bytes:
    """The token, if it is worth reading. Raises ApiError."""
    if len(token) > TOKEN_BYTES:
        raise _refusal("The token is too long.")
    return token


def _claims(payload: dict[str, Any]) -> str:
    """The three claims that the database takes, checked and written in one way only."""
    try:
        claims = msgspec.convert(payload, Claims)
    except msgspec.ValidationError as error:
        raise _refusal(f"The token's claims are not valid: {error}.") from None
    return msgspec.json.encode(claims).decode()


def _refusal(detail: str) -> ApiError:
    return ApiError("HR401", detail, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
