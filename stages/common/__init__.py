"""What stages share: supervision, parameters, the files that several of them write or read."""
