"""Lists in pages by keyset: `?limit=` and `?cursor=` in; `items`, `next_cursor` and `total` out.

The cursor is the database's business: it holds the sort key of the page's last item, so none is skipped or
shown twice when others come and go between two pages.
"""

from __future__ import annotations

from typing import Annotated

from litestar.di import Provide
from litestar.params import QueryParameter
from msgspec import Meta, Struct

from api import patterns

LIMIT = 50
LIMIT_MAX = 500


class Page(Struct, frozen=True):
    """Which page is wanted."""

    limit: int
    cursor: str | None

    def arguments(self) -> tuple[str, str | None]:
        """The last two arguments of a paged SQL function: page_limit and page_cursor."""
        return str(self.limit), self.cursor


class Listed(Struct):
    """One page of a list: each list derives its own type from this, with its `items`."""

    next_cursor: Annotated[
        str | None,
        Meta(description="What to give as `cursor` for the page that follows; null on the last page."),
    ]
    total: Annotated[int, Meta(description="How many items all pages have, exactly.", ge=0)]


def page(
    limit: Annotated[int, QueryParameter(description="Items per page.", ge=1, le=LIMIT_MAX)] = LIMIT,
    cursor: Annotated[
        str | None,
        QueryParameter(
            description="`next_cursor` of the page before.", pattern=patterns.CURSOR, max_length=4096
        ),
    ] = None,
) -> Page:
    """Litestar's provider of a handler's parameter `page`."""
    return Page(limit, cursor)


PAGED = {"page": Provide(page, sync_to_thread=False)}
"""`@get(…, dependencies=PAGED)` makes a handler with `page: NamedDependency[Page]` a paged list."""
