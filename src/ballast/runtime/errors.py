"""The error that a user is meant to read."""


class BallastError(ValueError):
    """A mistake in parameters or input: one line that names the file or parameter and says what would be right."""


def require(condition: bool, message: str) -> None:
    """Raise BallastError with the message unless the condition holds."""
    if not condition:
        raise BallastError(message)
