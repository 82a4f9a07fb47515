"""Who asks: a bearer token, verified here, or a session's cookie, which the database knows.

Whether that person may act, and whether the session still is, the database decides each time.
"""

from __future__ import annotations

import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

import jwt
import msgspec
from msgspec import Meta, Struct

from api.database import Database, DatabaseError, Function
from api.errors import ApiError
from api.keys import Keys, KeysUnavailable, keys_from
from api.session import PREFIX, from_cookies, parts
from api.settings import Settings, SettingsError
from api.turns import Turns
from api.visit import waiting

TOKEN_BYTES = 8192
"""A longer token is refused unread."""
REMEMBERED = 20_000
"""So many credentials are remembered as verified; then the one unused for longest goes."""
REMEMBERED_SECONDS = 300
"""A verified token is verified again after this, so that a withdrawn key loses its tokens too."""
LATEST = 2.0**53
"""No token ends later: it would be no moment that anybody can name."""
LOOKUPS = 16
"""So many sessions are looked up at once: a flood of invented cookies must not take the whole database; half
as many for one address: nor must it keep those who come from elsewhere waiting."""
SESSION = Function("session_find", "bigint", "text", brief=True)

Role = Literal["student", "parent", "teacher", "tutor", "mentor", "director", "analyst", "admin", "service"]


class Claims(Struct, frozen=True, omit_defaults=True):
    """What the database is told about who asks."""

    sub: UUID
    org: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    role: Role
    session: str | None = None
    """The session's id. A token has none, whatever it says."""


class Session(Struct, frozen=True):
    """What api.session_find() answers."""

    sub: UUID
    org: int
    role: Role
    session: str
    expires: float


class Verified(Struct, frozen=True):
    """A credential that was verified. Times are seconds since 1970."""

    claims: str
    """As the JSON that auth.enter() takes."""
    expires: float
    believed: float
    """Until when it is not verified again."""
    org: int
    person: str
    role: str
    who: str
    """Organization and person, in one word."""
    by_cookie: bool = False


class Authenticator:
    """Verifies credentials, and remembers which it has verified: a signature costs more than the rest."""

    def __init__(
        self,
        settings: Settings,
        *,
        keys: Keys | None = None,
        clock: Callable[[], float] = time.time,
        database: Database | None = None,
    ) -> None:
        """keys: instead of the source that the settings name. database: knows the sessions.

        Raises SettingsError when the settings name no keys.
        """
        self._keys = keys or keys_from(settings)
        self._algorithm = settings.jwt_algorithm
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._clock = clock
        self._database = database
        self._lookups = Turns(LOOKUPS, LOOKUPS // 2)
        # Ordered by use, the longest unused first.
        self._verified: OrderedDict[bytes, Verified] = OrderedDict()
        self._of: defaultdict[str, set[bytes]] = defaultdict(set)
        """The credentials remembered of each person, by Verified.who."""
        self._forgotten = 0
        """How often somebody was: who is verified across that moment may have been before it."""

    def known(self, credential: bytes) -> Verified | None:
        """What was verified of late, without waiting for anything."""
        found = self._verified.get(credential)
        if found is None or found.believed <= self._clock():
            return None
        self._verified.move_to_end(credential)
        return found

    async def verified(self, credential: bytes, address: str = "") -> Verified:
        """Whose credential it is, and until when. Raises ApiError: HR401, or HR503 when nobody can say.

        address: where it came from; of one, not everything is looked up at once.
        """
        if remembered := self.known(credential):
            return remembered
        forgotten = self._forgotten
        if credential.startswith(PREFIX):
            found = await self._find(credential, address)
        else:
            found = await self._read(credential)
        self._drop(credential)
        if self._forgotten == forgotten:
            if len(self._verified) >= REMEMBERED:
                self._drop(next(iter(self._verified)))
            self._verified[credential] = found
            self._of[found.who].add(credential)
        return found

    def forget(self, org: int, person: str) -> None:
        """Verify anew whatever this person shows: rights have changed, or a session has ended."""
        self._forgotten += 1
        for credential in self._of.pop(f"{org}:{person}", ()):
            del self._verified[credential]

    def forget_all(self) -> None:
        """The same for everybody, where nobody knows what has changed."""
        self._forgotten += 1
        self._verified.clear()
        self._of.clear()

    def _drop(self, credential: bytes) -> None:
        """Remember a credential no longer, if it is."""
        if (known := self._verified.pop(credential, None)) is None:
            return
        of = self._of[known.who]
        of.discard(credential)
        if not of:
            del self._of[known.who]

    async def _read(self, token: bytes) -> Verified:
        """What a token says."""
        now = self._clock()
        payload = await self._verify(token)
        expires = int(payload["exp"])
        claims = _claims(payload)
        return _verified(claims, expires, min(expires, int(now) + REMEMBERED_SECONDS))

    async def _find(self, credential: bytes, address: str) -> Verified:
        """What the database says of a session."""
        org, session = parts(credential.removeprefix(PREFIX))
        if self._database is None:
            raise _refusal("There are no sessions here.")
        now = self._clock()
        try:
            with waiting():
                async with self._lookups.of(address):
                    answer = await self._database.call(SESSION, str(org), session)
        except DatabaseError:
            raise ApiError("HR503", "The database that knows the sessions is away.") from None
        found = msgspec.json.decode(answer, type=Session | None)
        if found is None or found.expires <= now:
            raise _refusal("The session has ended.")
        claims = Claims(found.sub, found.org, found.role, found.session)
        believed = min(found.expires, int(now) + REMEMBERED_SECONDS)
        return _verified(claims, found.expires, believed)

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
            if type(payload["exp"]) not in (int, float) or not payload["exp"] < LATEST:
                raise _refusal("The token's claims are not valid: exp.")
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


def by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """A request's headers; of several of one name the last, but all cookies (RFC 9113, 8.2.3)."""
    found = dict(headers)
    if b"cookie" in found:
        found[b"cookie"] = b"; ".join(value for name, value in headers if name == b"cookie")
    return found


def credential(headers: Mapping[bytes, bytes], secure: bool = False) -> bytes | None:
    """What a request shows of who asks: a bearer token, else a session's cookie (PREFIX and its value).

    headers: names in lower case. secure: whether it came over TLS: another cookie counts there. Raises
    ApiError (HR401) for what can be neither. A token in the query is none: URLs end up in logs.
    """
    given = headers.get(b"authorization")
    if given is not None:
        token = given[7:].strip()
        if given[:7].lower() != b"bearer " or not token:
            raise missing()
        return bounded(token)
    cookies = headers.get(b"cookie")
    return None if cookies is None else from_cookies(cookies, secure)


def missing() -> ApiError:
    """Nobody said who asks."""
    return ApiError("HR401", None, {"WWW-Authenticate": "Bearer"})


def bounded(token: bytes) -> bytes:
    """The token, if it is worth reading. Raises ApiError."""
    if len(token) > TOKEN_BYTES:
        raise _refusal("The token is too long.")
    if b" " in token:  # and so that no token is taken for a session
        raise _refusal("The token is not valid.")
    return token


def _claims(payload: dict[str, Any]) -> Claims:
    """The three claims that the database takes, checked."""
    try:
        claims = msgspec.convert(payload, Claims)
    except msgspec.ValidationError as error:
        raise _refusal(f"The token's claims are not valid: {error}.") from None
    return msgspec.structs.replace(claims, session=None)


def _verified(claims: Claims, expires: float, believed: float) -> Verified:
    """The claims, written in one way only."""
    text = msgspec.json.encode(claims).decode()
    who = f"{claims.org}:{claims.sub}"
    return Verified(
        text, expires, believed, claims.org, str(claims.sub), claims.role, who, claims.session is not None
    )


def _refusal(detail: str) -> ApiError:
    return ApiError("HR401", detail, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
