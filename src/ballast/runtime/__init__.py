"""What every part stands on: devices, ranks, random generators, files, errors, progress."""
