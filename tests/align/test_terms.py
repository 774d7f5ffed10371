"""Laws of terms: tokens, and the compounds in which they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import InputError
from align.terms import count_terms, is_compound
from align.tokens import tokenize

texts = st.text(st.sampled_from(list("aB1é_-.:'/>$ ,(東京ไทย")), max_size=30)


@given(texts)
def test_terms_without_compounds_are_the_tokens(text):
    tokens = tokenize(text, "en")
    counted = count_terms(text, "en")
    assert sorted(term for term in counted.elements() if not is_compound(term)) == sorted(tokens)


@given(texts)
def test_a_compound_is_made_of_tokens_of_its_text(text):
    tokens = set(tokenize(text, "en"))
    for term in count_terms(text, "en"):
        assert set(tokenize(term, "en")) <= tokens


@pytest.mark.parametrize(
    ("text", "compounds"),
    [
        ("call array_map() now", {"array_map"}), ("PHP 8.1.2, not 8", {"8.1.2"}), ("$a->b and A::C", {"a->b", "a::c"}),
        ("well-known l'été", {"well-known", "l'été"}), ("end. Begin - or _ not", set()), ("one_", set()),
    ],
)  # fmt: skip
def test_names_numbers_and_hyphens_make_compounds(text, compounds):
    assert {term for term in count_terms(text, "fr") if is_compound(term)} == compounds


def test_what_is_no_text_is_refused():
    for bad in (None, 5, b"x", ["x"]):
        with pytest.raises(InputError, match="api.bad_text"):
            count_terms(bad, "en")
