"""Services that every other package uses: devices, ranks, random generators, files, errors and progress."""
