"""The documentation page: Swagger UI over /schema/openapi.json, with nothing fetched from anywhere else."""

from __future__ import annotations

from importlib import resources

from litestar import MediaType, Response, get
from litestar.params import FromPath
from litestar.response import Redirect

from api.errors import ApiError
from api.headers import page_policy

PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Homeroom API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger_style.css">
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger_bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
"""

# A file of its own: the page needs no inline script. validatorUrl: Swagger UI would ask a public server.
START = """SwaggerUIBundle({
  url: "/schema/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
});
"""

ASSETS = {"swagger_bundle.js": "text/javascript", "swagger_style.css": "text/css"}
"""Files of the package offapi, which carries a Swagger UI."""


@get("/", include_in_schema=False, sync_to_thread=False)
def root() -> Redirect:
    """Where somebody begins who has the address alone."""
    return Redirect("/docs")


# Swagger UI has its pictures in its style sheet, and sets styles by script, which needs no leave.
HEADERS = {"Cache-Control": "no-cache", "Content-Security-Policy": page_policy()}


@get("/docs", include_in_schema=False, media_type=MediaType.HTML, sync_to_thread=False)
def page() -> Response[str]:
    """The page itself."""
    return Response(PAGE, media_type=MediaType.HTML, headers=HEADERS)


@get("/docs/{name:str}", include_in_schema=False, sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """What the page loads."""
    if name == "start.js":
        body, media_type = START.encode(), "text/javascript"
    elif name in ASSETS:
        body, media_type = resources.files("offapi").joinpath(name).read_bytes(), ASSETS[name]
    else:
        raise ApiError("HR404")
    return Response(body, media_type=media_type, headers={"Cache-Control": "public, max-age=3600"})


HANDLERS = [root, page, asset]
