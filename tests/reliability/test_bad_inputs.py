"""Laws of bad inputs: each has its code, a message by the rules, and changes nothing."""

import pytest

from benchmarks.reliability.bad_inputs import FAULTS, catalogue
from benchmarks.reliability.catalogue import broken_by


@pytest.mark.parametrize("row", catalogue(), ids=lambda row: ascii(row.id[:50]))
def test_V_C_D_T_K_A_F27_every_bad_input_is_refused_by_its_code_or_taken_and_counted(row, tmp_path):
    assert broken_by(row, tmp_path) == []


def test_the_catalogue_has_every_row_of_the_faults():
    assert set(FAULTS) <= {row.id[:3] for row in catalogue()}
    assert len({row.id for row in catalogue()}) == len(catalogue())
