"""Parameters: their declaration, their files, and the recipe that a row trains with."""
