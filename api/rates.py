"""How the setting RATE_LIMITS is written."""

from __future__ import annotations

DEFAULT = ",".join(
    (
        "/dashboard/summary=100",
        "/dashboard/export=5",
        "/dashboard/ws=600",
        "/dashboard=200",
        "/api/v1/analytics=200",
        "/api/v1=600",
        "/docs=600",
        "/schema=600",
        "/ws=600",
        "anonymous=6000",
    )
)
ANONYMOUS = "anonymous"
"""What stands in place of a path for those who show no valid token."""
MOST = 1_000_000_000


def parse(text: str) -> dict[str, int]:
    """Requests per hour by path prefix (without a slash at the end), or by ANONYMOUS.

    Raises ValueError, which says what is wrong where.
    """
    rates: dict[str, int] = {}
    for pair in text.split(","):
        prefix, _, number = (part.strip() for part in pair.partition("="))
        if prefix != ANONYMOUS:
            if not prefix.startswith("/") or "//" in prefix:
                raise ValueError(f"{pair.strip()!r} must be /path=number or {ANONYMOUS}=number")
            prefix = prefix.rstrip("/")
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= MOST):
            raise ValueError(f"{pair.strip()!r} must end with a number from 1 to {MOST}")
        if prefix in rates:
            raise ValueError(f"{prefix or '/'} is there twice")
        rates[prefix] = int(number)
    return rates
