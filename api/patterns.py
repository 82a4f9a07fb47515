"""Patterns that a client's texts have to match, and what each wants, in words."""

from __future__ import annotations

TYPE = "^[a-z][a-z0-9_]{0,49}$"
"""The type of an event; feed.send in SQL asks for the same."""
TYPES = r"^[a-z][a-z0-9_]{0,49}(,[a-z][a-z0-9_]{0,49}){0,19}$"
TITLE = r"^[^\x00]*$"
URL = r"^https?://[^\x00]*$"
CURSOR = "^[A-Za-z0-9_-]+$"
PATHS = "^/[A-Za-z0-9_.~*/-]*$"
"""Paths of kept answers; feed.invalidate_caches in SQL asks for the same."""

A_TYPE = "up to 50 lowercase letters, digits and _, the first a letter"
WANTED = {
    TYPE: f"a type has {A_TYPE}",
    TYPES: f"up to 20 types, separated by commas without spaces; a type has {A_TYPE}",
    TITLE: "a text without the character NUL",
    URL: "a URL that begins with http:// or https://",
    CURSOR: "this is no cursor: the `next_cursor` of the page before is one",
    PATHS: "a pattern is a path of up to 200 characters, with * for any of them",
}
"""Pattern -> what it wants."""
