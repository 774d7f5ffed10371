"""Laws of language codes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import InputError
from align.language import canonical_language

codes = st.from_regex(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", fullmatch=True).filter(lambda code: len(code) <= 35)


@pytest.mark.parametrize(
    ("given_code", "canonical"),
    [
        ("EN", "en"), ("pt_br", "pt-BR"), ("zh-hant", "zh-Hant"), ("ZH_HANT_tw", "zh-Hant-TW"), ("es-419", "es-419"),
        ("sl-ROZAJ-biske", "sl-rozaj-biske"), ("yue", "yue"), ("sr-cyrl-rs", "sr-Cyrl-RS"),
    ],
)  # fmt: skip
def test_the_canonical_case(given_code, canonical):
    assert canonical_language(given_code) == canonical


@given(codes)
def test_canonical_codes_are_fixed_points_whatever_the_case_was(code):
    canonical = canonical_language(code)
    assert canonical_language(canonical) == canonical
    assert {canonical_language(code.upper()), canonical_language(code.lower().replace("-", "_"))} == {canonical}


@given(st.text(st.characters(), max_size=40) | codes.map(lambda code: code + "\n"))
def test_a_code_is_safe_in_a_file_name_or_it_is_refused(code):
    try:
        canonical = canonical_language(code)
    except InputError:
        return
    assert re.fullmatch(r"[A-Za-z0-9-]{2,35}", canonical)


@pytest.mark.parametrize(
    "wrong",
    [None, 1, True, b"en", ["en"], "", " en", "en ", "en\n", "e", "english", "en-", "-en", "en--US", "en/fr", "../en", "en" * 20,
     "é", "en-\u00df\u0061", "en-\u212a\u0061", "\u212ao", "e\u0131", "en-1", "\ud800", "en\0"],
)  # fmt: skip
def test_what_is_no_code_is_refused_also_where_case_mapping_would_make_it_ascii(wrong):
    with pytest.raises(InputError) as raised:
        canonical_language(wrong)
    assert raised.value.code == "language.bad_code"
