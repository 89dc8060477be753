"""The error that a user is meant to read, and what no message may hold."""

import re

CREDENTIALS = re.compile(r"(\w://)[^/\s]*@")


class BallastError(ValueError):
    """A mistake in parameters or input: one line that names the file or parameter and says what would be right."""


def reason(error: BaseException) -> str:
    """Return what an error of a library says, as at most 200 characters of one line."""
    return " ".join(str(error).split())[:200] or type(error).__name__


def without_credentials(text: str) -> str:
    """Return a text without the names and passwords of the addresses in it."""
    return CREDENTIALS.sub(r"\1***@", text)
