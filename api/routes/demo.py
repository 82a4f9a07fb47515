"""The demo's page: a dashboard that follows its stream, with nothing from elsewhere."""

from __future__ import annotations

from importlib import resources

from litestar import Response, get
from litestar.params import FromPath

from api.errors import ApiError
from api.headers import page_policy

PAGE = "dashboard.html"
FILES = {PAGE: "text/html", "dashboard.js": "text/javascript", "dashboard.css": "text/css"}
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": page_policy(),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@get("/demo", include_in_schema=False, sync_to_thread=False)
def page() -> Response[bytes]:
    """The page itself. The token stands behind `#`, which no browser sends."""
    return _file(PAGE)


@get("/demo/{name:str}", include_in_schema=False, sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """What the page loads."""
    if name not in FILES:
        raise ApiError("HR404")
    return _file(name)


def _file(name: str) -> Response[bytes]:
    body = resources.files("api").joinpath("demo", name).read_bytes()
    return Response(body, media_type=FILES[name], headers=HEADERS)


HANDLERS = [page, asset]
