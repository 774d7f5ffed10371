"""Equal inputs make equal stores under other hash seeds, locales and time zones; and a difference would be seen."""

import shutil

import duckdb
import pytest

from benchmarks.reliability.determinism import Setting, differences, made


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A store made in this way and in that."""
    settings = Setting(), Setting(1, 2, "C.utf8", "Asia/Kathmandu", 512)
    return [made(tmp_path_factory.mktemp("made") / "project", "refine", how) for how in settings]


def test_F32_N20_hash_seed_threads_blocks_locale_and_zone_decide_nothing(stores):
    assert differences(*stores, exact=False) == []


@pytest.mark.parametrize(
    ("change", "exact", "seen"),
    [
        ("UPDATE rotations SET residual = residual + 1e-9", True, ["rotations"]),
        ("UPDATE rotations SET residual = residual + 1e-9", False, []),
        ("UPDATE rotations SET residual = residual + 1e-3", False, ["rotations"]),
        ("DELETE FROM dictionary_pairs WHERE source_word = 'enword1'", False, ["dictionary_pairs"]),
    ],
)
def test_a_difference_is_seen_and_rounding_is_none(stores, tmp_path, change, exact, seen):
    changed = shutil.copy(stores[0].resolve(), tmp_path / "changed.duckdb")
    changed.chmod(0o600)
    with duckdb.connect(str(changed)) as connection:
        connection.execute(change)
    assert differences(stores[0], changed, exact) == seen
