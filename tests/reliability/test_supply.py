"""Versions are held with hashes, licences are listed."""

import pytest

from benchmarks.reliability.licences import held, licence, listed
from benchmarks.reliability.supply import locked, measure


@pytest.mark.parametrize("place", range(4))
def test_every_promise_about_what_is_installed_is_kept(place):
    assert measure(full=False)[place].kept


def test_the_list_has_nothing_that_is_not_held():
    assert sorted(listed()) == held()


def test_a_package_that_is_not_there_has_no_licence_to_tell():
    assert licence("no-such-package-anywhere") is None
    assert licence("numpy") == listed()["numpy"]


def test_the_lock_holds_what_it_is_read_for():
    assert locked()["duckdb"] >= 1
