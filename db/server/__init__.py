"""What `db.embedded` is made of: its user, its processes, and what is left when they were killed."""


class EmbeddedError(Exception):
    """The embedded server cannot start or stop.

    The message says what is wrong and what to do about it, in one to three lines. The server's last words
    follow where it has any.
    """
