"""What the command ``ballast`` does, a file for each of its words."""
