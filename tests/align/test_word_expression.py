"""Laws of sums of words: what is written and read again is the same sum, and every fault is shown with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import InputError
from align.word_expression import Term, parse_expression, parse_word

CODES = ("en", "fr", "pt-BR")
plain = st.text(
    st.characters(codec="utf-8", exclude_categories=("Z", "C"), exclude_characters='+-−":'), min_size=1, max_size=8
)
any_word = st.text(st.characters(codec="utf-8", exclude_characters='"'), min_size=1, max_size=8).filter(str.strip)
terms = st.lists(st.builds(Term, plain, st.sampled_from(CODES), st.sampled_from([1, -1])), min_size=1, max_size=6)


def refused(text, *about):
    with pytest.raises(InputError) as caught:
        parse_expression(text, *about)
    return caught.value


@given(terms)
def test_what_is_written_is_read_again(sum_of):
    text = " ".join(f"{'+' if term.sign > 0 else '-'} {term.lang}:{term.word}" for term in sum_of)
    assert parse_expression(text, None, CODES) == tuple(sum_of)


@given(terms)
def test_blanks_around_a_sign_and_a_first_plus_may_be_left_out(sum_of):
    text = " ".join(f"{'+' if term.sign > 0 else '-'}{term.lang}:{term.word}" for term in sum_of)
    assert parse_expression(text.removeprefix("+"), None, CODES) == tuple(sum_of)


@given(any_word, st.sampled_from(CODES))
def test_in_quotation_marks_a_word_may_hold_anything_but_these(word, code):
    assert parse_expression(f'{code}:"{word}" - "{word}"', "en", CODES) == (Term(word, code), Term(word, "en", -1))


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("roi", Term("roi", "en")), ("fr:roi", Term("roi", "fr")), ("FR:roi", Term("roi", "fr")), ("pt_br:rei", Term("rei", "pt-BR")),
        ("12:30", Term("12:30", "en")), ("de:rat", Term("de:rat", "en")), ("fr:a:b", Term("a:b", "fr")), (":", Term(":", "en")),
    ],
)  # fmt: skip
def test_a_prefix_is_a_code_that_is_there_and_otherwise_part_of_the_word(text, term):
    assert parse_word(text, "en", CODES) == term
    assert parse_expression(text, "en", CODES) == (term,)


def test_a_hyphen_inside_of_a_word_is_no_sign_and_a_typeset_minus_is_one():
    assert parse_expression("well-known − arc-en-ciel", "en") == (
        Term("well-known", "en"),
        Term("arc-en-ciel", "en", -1),
    )


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 1), ("   ", 4), ("king -", 7), ("king - ", 8), ("-", 2), ("king - + man", 8), ("--man", 2), ("king man", 6),
        ("king - man woman", 12), ('king + "old man', 8), ('king + fr:"vieux', 8), ('"old man"+ king', 1), ('"a" "b"', 5),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_the_character_where_it_is(text, at):
    error = refused(text, "en", CODES)
    assert error.code == "words.bad_expression"
    assert str(error).startswith(f"character {at}: ")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("king",), "words.no_language"), (("en:", None, CODES), "words.bad_term"), (('""', "en"), "words.bad_term"),
        (('en:" "', None, CODES), "words.bad_term"), (("king", "e"), "language.bad_code"), (("king", "en", "fr"), "api.bad_type"),
        (("king", "en", ["f"]), "language.bad_code"), ((3, "en"), "api.bad_type"),
    ],
)  # fmt: skip
def test_what_is_no_word_of_a_language_is_refused(arguments, code):
    assert refused(*arguments).code == code


def test_the_example_of_a_prefix_names_a_language_that_is_there():
    with pytest.raises(InputError, match="no language for 'roi'; write fr:roi"):
        parse_word("roi", None, ["fr"])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (("a", "en", 2), "words.bad_term"),
        (("a", "en", True), "words.bad_term"),
        ((None, "en"), "api.bad_text"),
        (("a", "?"), "language.bad_code"),
    ],
)
def test_a_term_is_a_word_a_language_and_a_sign(wrong, code):
    with pytest.raises(InputError) as caught:
        Term(*wrong)
    assert caught.value.code == code
    with pytest.raises(InputError):
        parse_word(None, "en")
