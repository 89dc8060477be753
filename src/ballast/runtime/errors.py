"""The error that a user is meant to read, and what no message may hold."""

import re

CREDENTIALS = re.compile(r"(\w://)[^/\s]*@")


class BallastError(ValueError):
    """A mistake in parameters or input: one line that names the file or parameter and says what would be right."""


def without_credentials(text: str) -> str:
    """Return a text without the names and passwords of the addresses in it."""
    return CREDENTIALS.sub(r"\1***@", text)
