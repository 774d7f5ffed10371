"""Laws of the exception tree."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from align import errors
from align.arguments import expect, listed
from align.errors import AlignError, InputError, UnknownWordError, printable

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AlignError)]
anything = st.text(st.characters(), max_size=400)  # also surrogates and control characters


@given(st.sampled_from(KINDS), anything, st.none() | anything, st.none() | st.integers(0, 10**9))
def test_V21_a_message_is_short_printable_and_ends_in_its_code(kind, message, path, line):
    error = kind("vec.bad_row", message, path=path, line=line)
    assert len(str(error)) <= 300
    assert str(error).isprintable()
    assert str(error).endswith("[vec.bad_row]")


@given(st.sampled_from(KINDS), anything, st.none() | anything)
def test_an_error_comes_back_equal_from_pickle_and_copy(kind, message, path):
    error = kind("vec.bad_row", message, path=path, line=3)
    error.add_note("line 4: the same")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301
        assert type(again) is kind
        assert (again.args, vars(again)) == (error.args, vars(error))


def test_the_tree_that_is_drawn_is_the_tree():
    drawn = errors.__doc__ or ""
    assert [
        kind.__name__ for kind in KINDS if f"{kind.__name__} " not in drawn and f"{kind.__name__}\n" not in drawn
    ] == []
    for kind in KINDS:
        line = next(line for line in drawn.splitlines() if kind.__name__ in line.split())
        assert ("(ValueError)" in line) == (ValueError in kind.__bases__)
    assert issubclass(UnknownWordError, InputError)


@pytest.mark.parametrize("path", [3, b"x", None, [1], object(), "a/b\nc.txt"])
def test_whatever_is_given_as_a_path_does_not_hide_the_error(path):
    assert "[file.missing]" in str(InputError("file.missing", "no such file", path=path))


def test_where_a_fault_is_stands_first():
    assert str(InputError("vec.zero", "zero", path="a/b.vec", line=7)) == "b.vec:7: zero [vec.zero]"


@given(anything, st.integers(1, 100))
def test_V21_printable_escapes_once_and_keeps_the_limit(text, limit):
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert printable(shown, limit) == shown


def test_expect_names_the_argument_and_both_types():
    expect((str, bytes), text="a")
    with pytest.raises(InputError, match=r"text is of type int; give str or bytes .*api.bad_type"):
        expect((str, bytes), text=3)


@pytest.mark.parametrize("wrong", ["ab", b"ab", None, 3, {"a": 1}, ["a", None]])
def test_listed_refuses_what_is_no_list_of_its_kind(wrong):
    with pytest.raises(InputError, match=r"api\.bad_type"):
        listed(str, words=wrong)
    assert listed(str, words=iter(["a", "b"])) == ["a", "b"]
