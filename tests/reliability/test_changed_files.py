"""Laws of good files in which something was changed: read as a slow oracle reads them, or refused; 5,000 of them."""

import pytest

from benchmarks.reliability.fuzz import KINDS, LONGEST, fuzz
from benchmarks.reliability.inputs import MOST, SHORT


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_V_D_T_K_changed_files_are_read_as_an_oracle_reads_them_or_refused(kind):
    tally = fuzz(kind, round(SHORT * kind.share))
    assert (tally.raw, tally.silent, tally.unruly) == ([], [], [])
    assert 0 < tally.accepted < tally.tried or kind.name in ("space", "pooler")
    assert tally.slowest < LONGEST
    assert tally.grown < MOST
