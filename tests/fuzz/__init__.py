"""Generated input: values, texts, trees of files, damaged files. A few under `make test`, any number by `make fuzz`."""
