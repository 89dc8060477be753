"""The error that a user is meant to read."""


class BallastError(ValueError):
    """A mistake in parameters or input: one line that names the file or parameter and says what would be right."""
