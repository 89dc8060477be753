"""Loss functions: one file for each equation, with the equation in its docstring."""
