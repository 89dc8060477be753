"""Loss functions, one equation a file."""
