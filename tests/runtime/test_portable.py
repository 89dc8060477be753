"""The portable mode: set before libraries load, and the same digests on every x86-64 processor that was compared."""

import json
import os
import platform
import subprocess
import sys

import pytest

from ballast.runtime import portable
from tests import ROOT

VERIFIED = ("AuthenticAMD",)  # makers of processors that gave these digests
DIGESTS = {}


def test_nothing_is_set_once_a_library_has_read_its_variable(monkeypatch):
    import numpy  # noqa: F401

    for name in portable.CHOICES:
        monkeypatch.delenv(name, raising=False)
    portable.make_portable()
    assert not [name for name in portable.CHOICES if name in os.environ]
