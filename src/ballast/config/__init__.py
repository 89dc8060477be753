"""Parameters: their declaration, their checks, and the recipe that a row trains with."""
