# All that `make repro` and `make test` need; the repository is mounted, so that results stay where you work.
#   docker build -t ballast .
#   docker run --rm -it -v "$PWD":/ballast ballast make repro
#   docker run --rm -it --gpus all -v "$PWD":/ballast ballast make repro    # the same image: torch's wheels have CUDA
# Another Python, or an index of packages with torch's smaller build for CPUs:
#   docker build --build-arg PYTHON=3.12 --build-arg PIP_EXTRA_INDEX_URL=... -t ballast .
ARG PYTHON=3.11
FROM python:${PYTHON}-slim

RUN apt-get update && apt-get install --yes --no-install-recommends git make && rm -rf /var/lib/apt/lists/*
ARG PIP_EXTRA_INDEX_URL=
ENV VENV=/venv PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1
WORKDIR /ballast
COPY . .
RUN make setup && git config --global --add safe.directory /ballast
