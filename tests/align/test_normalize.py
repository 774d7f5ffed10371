"""Laws of normalisation as a fitted value."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError, AlignmentError, InputError
from align.normalize import Normalization, fit_normalization, unit_rows
from tests.align.planted import law

STEPS = [
    ("unit", "center", "unit"),
    ("unit",),
    ("center",),
    ("center", "unit"),
    ("unit", "center", "unit", "center", "unit"),
    (),
]


@st.composite
def matrices(draw, least=1):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, dim = draw(st.integers(least, 20)), draw(st.integers(2, 9))
    scale = 10.0 ** draw(st.integers(-18, 18))
    return (rng.standard_normal((n, dim)) * scale + rng.standard_normal(dim) * scale).astype("f4")


def refused(code, deed, *given, **more):
    with pytest.raises(AlignError) as raised:
        deed(*given, **more)
    assert raised.value.code == code


@law()
@given(matrices())
def test_N12_unit_rows_have_length_one_and_stay_as_they_are(matrix):
    unit = unit_rows(matrix)
    assert np.abs(np.linalg.norm(unit.astype("f8"), axis=1) - 1).max() <= 2e-7
    assert np.abs(unit_rows(unit) - unit).max() <= 1e-7


@law()
@given(matrices(), st.integers(-10, 10))
def test_N12_scaling_rows_changes_nothing(matrix, power):
    assert np.array_equal(unit_rows(matrix * np.float32(2.0**power)), unit_rows(matrix))
    assert np.abs(unit_rows(matrix * np.float32(3)) - unit_rows(matrix)).max() <= 2e-7


@law()
@given(matrices(least=3), st.sampled_from(STEPS))
def test_N13_the_fitted_treatment_replays_on_a_row_alone(matrix, steps):
    fitted = fit_normalization(matrix, steps)
    together = fitted.apply(matrix)
    for i, row in enumerate(matrix):
        assert np.array_equal(fitted.apply(row[None])[0], together[i])


@law()
@given(matrices(least=3))
def test_N13_centred_last_the_mean_is_zero_and_unit_last_the_length_is_one(matrix):
    centred = fit_normalization(matrix, ("unit", "center")).apply(matrix)
    assert np.abs(centred.mean(axis=0, dtype="f8")).max() <= 1e-6
    ended = fit_normalization(matrix).apply(matrix)
    assert np.abs(np.linalg.norm(ended.astype("f8"), axis=1) - 1).max() <= 2e-7


@given(matrices(least=3))
def test_the_means_are_those_of_a_plain_float64_loop(matrix):
    rows = [row / np.sqrt(sum(x * x for x in row)) for row in matrix.astype("f8").tolist()]
    mean = sum(rows) / len(rows)
    assert fit_normalization(matrix).means[0] == pytest.approx(mean, abs=1e-7)


@pytest.mark.parametrize("order", ["C", "F"])
def test_A01_inputs_are_not_changed(order):
    matrix = np.array([[3, 4], [5, 12], [8, 15]], "f4", order=order)
    before, flags = matrix.copy(), str(matrix.flags)
    fit_normalization(matrix).apply(matrix)[0] = 9
    unit_rows(matrix)[0] = 9
    assert np.array_equal(matrix, before)
    assert str(matrix.flags) == flags


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_N10_rows_that_are_not_finite_are_refused_and_named(bad):
    matrix = np.array([[1, 2], [bad, 1]], "f4")
    fitted = fit_normalization(np.eye(2, dtype="f4"))
    for deed in (unit_rows, fit_normalization, fitted.apply):
        with pytest.raises(AlignmentError, match=r"row 1.*align\.nonfinite"), np.errstate(all="raise"):
            deed(matrix)


def test_N11_zero_rows_are_refused_and_no_warning_is_given():
    with np.errstate(all="raise"):
        refused("align.no_signal", unit_rows, np.array([[1, 0], [0, 0]], "f4"))
        refused("align.no_signal", fit_normalization, np.array([[1, 0], [0, 0]], "f4"))
        refused("align.no_signal", fit_normalization, np.array([[2, 0], [3, 0]], "f4"))  # each equals the mean
        refused("align.no_signal", fit_normalization, np.ones((0, 3), "f4"))
        assert np.array_equal(unit_rows(np.array([[1e-40, 0], [0, 3e38]], "f4")), np.eye(2))
        assert unit_rows(np.ones((0, 3), "f4")).shape == (0, 3)


@pytest.mark.parametrize("steps", ["unit", ["units"], [None], None, 3, ("unit", b"center")])
def test_steps_are_a_list_of_names(steps):
    with pytest.raises(InputError):
        fit_normalization(np.eye(2, dtype="f4"), steps)


def test_means_and_steps_fit_together():
    refused("align.bad_step", Normalization, ("unit", "center"), ())
    refused("align.bad_step", Normalization, ("unit",), (np.zeros(2),))
    refused("api.bad_type", Normalization, ("center",), (None,))
    refused("api.bad_vector", Normalization, ("center",), (np.zeros((2, 2)),))


@pytest.mark.parametrize(
    "wrong", [None, 1, "x", [[1, 2], [3]], np.ones(3), np.ones((2, 2, 2)), np.ones((2, 3)), np.ones((2, 2)) * 1j]
)
def test_A01_another_shape_or_type_is_refused(wrong):
    refused("api.bad_vector", fit_normalization(np.eye(2, dtype="f4"), ("center",)).apply, wrong)
