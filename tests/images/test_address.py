"""An address names a file, a row or a range, and its text leads back to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.images.address import Address


@pytest.mark.parametrize(("path", "file", "row"), [
    ("data/x.npy#7", "data/x.npy", 7), ("x.npy#07", "x.npy", 7), ("a.npy#1/x.npy#2", "a.npy#1/x.npy", 2),
    ("x.npy#3.jpg", "x.npy#3.jpg", None), ("x.npy#", "x.npy#", None), ("x.npy#-1", "x.npy#-1", None),
    ("x.png#3", "x.png#3", None), ("x#3", "x#3", None), ("x.npy", "x.npy", None)])
def test_only_the_number_of_a_row_makes_an_address(path, file, row):
    assert Address.parse(path) == Address(file, row)
    assert Address.parse(str(Address(file, row))) == Address(file, row)


@given(st.integers(0, 10**12), st.integers(0, 10**9), st.text(max_size=20))
def test_a_range_has_the_name_of_its_member(start, size, name):
    address = Address("data/pool-000.tar", None, start, size, name)
    assert Address.parse(str(address)) == address


def test_rows_of_tables_are_encoded_and_rows_of_arrays_are_pixels():
    assert Address.parse("x.parquet#7") == Address("x.parquet", 7) and not Address("x.parquet", 7).is_pixels
    assert Address("x.npy", 7).is_pixels and not Address("x.png").is_pixels
