"""Laws of the files that word pairs are read from."""

import gzip
import lzma
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from align.dictionary import WordPairs
from align.dictionary_files import dictionary_languages, read_dictionary
from align.errors import InputError

TABLE = "concept\tpos\tpart\ten\tfr\tde\n"
TABLE += "car\tnoun\ttrain\tcar\tvoiture|automobile\tAuto\nsea\tnoun\ttest\tsea\tmer\t\n"

letters = string.ascii_letters + "éàß =+-@'\"|ж"
cells = st.text(letters, min_size=1, max_size=8).map(str.strip).filter(bool)
one_word = cells.filter(lambda cell: " " not in cell)


def pairs_of(*items, **more):
    return WordPairs("en", "fr", tuple(items), **more)


def code_of(raised):
    return raised.value.code


@pytest.fixture
def write(tmp_path):
    def writer(text, name="d.tsv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return writer


def refused(path, code, line=None, **more):
    with pytest.raises(InputError) as raised:
        read_dictionary(path, "en", "fr", **more)
    assert code_of(raised) == code
    if line is not None:
        assert raised.value.line == line
    return raised.value


@given(st.lists(st.tuples(cells, cells, st.floats(1e-3, 1e3)), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_what_was_written_as_tsv_is_read(tmp_path_factory, items):
    path = tmp_path_factory.mktemp("d") / "d.tsv"
    path.write_text("".join(f"{a}\t{b}\t{w!r}\n" for a, b, w in items), encoding="utf-8")
    written = pairs_of(*((a, b) for a, b, _ in items), weights=[w for *_, w in items])
    assert read_dictionary(path, "en", "fr").fingerprint == written.fingerprint


@given(st.lists(st.tuples(one_word, one_word), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_what_was_written_as_muse_is_read(tmp_path_factory, items):
    path = tmp_path_factory.mktemp("d") / "d.txt"
    path.write_text("".join(f"{a} {b}\n" for a, b in items), encoding="utf-8")
    assert read_dictionary(path, "en", "fr").pairs == pairs_of(*items).pairs


def test_a_pair_knows_its_line_and_comment(write):
    pairs = read_dictionary(write("# note\n\na\tb\nc c\td\t0.5\twhy\n"), "en", "fr")
    assert pairs.pairs == (("a", "b"), ("c c", "d"))
    assert pairs.weights.tolist() == [1, 0.5]
    assert pairs.comments == ("", "why")
    assert pairs.origins == ("d.tsv:3", "d.tsv:4")


def test_a_table_gives_all_combinations_of_alternatives_in_either_direction(write):
    path = write(TABLE)
    pairs = read_dictionary(path, "en", "fr")
    assert pairs.pairs == (("car", "voiture"), ("car", "automobile"), ("sea", "mer"))
    assert pairs.weights.tolist() == [1, 0.5, 1]
    assert read_dictionary(path, "fr", "en").pairs == pairs.reversed().pairs
    assert read_dictionary(path, "EN", "de").dropped == {"dict.empty_cell": 1}


def test_a_table_column_weight_is_not_ignored(write):
    assert read_dictionary(write("en\tfr\tweight\na\tb|c\t4\n"), "en", "fr").weights.tolist() == [4, 2]


def test_parts_are_disjoint_and_together_the_whole(write):
    path = write(TABLE)
    train, test = (read_dictionary(path, "en", "fr", part=part) for part in ("train", "test"))
    assert train.pairs + test.pairs == read_dictionary(path, "en", "fr").pairs


def test_a_part_needs_its_column(write):
    refused(write("a\tb\n"), "dict.no_part", part="train")
    refused(write("en\tfr\na\tb\n"), "dict.no_part", part="test")
    refused(write(TABLE), "dict.no_part", part="dev")
    refused(write(TABLE.replace("train", "dev")), "dict.bad_row", 2)


def test_a_missing_language_is_named_with_those_there_are(write):
    with pytest.raises(InputError, match="en, fr, de") as raised:
        read_dictionary(write(TABLE), "en", "it")
    assert code_of(raised) == "dict.no_language"


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        (TABLE, ["en", "fr", "de"]),
        ("en\tpt_br\tzh-hant\n", ["en", "pt-BR", "zh-Hant"]),
        ("of\tde\nto\tà\n", []),
        ("of\tde\t0.5\n", []),
        ("the le\n", []),
        ("", []),
    ],
)
def test_languages_are_those_of_a_header(write, text, languages):
    assert dictionary_languages(write(text)) == languages


def test_all_problems_are_counted_and_twenty_named(write):
    error = refused(write("x\ty\n" + "bad\n" * 30), "dict.bad_row", 2)
    assert "30 problems" in str(error)
    assert len(error.__notes__) == 19


def test_a_hash_and_a_tab_is_a_pair_but_a_hash_alone_a_comment(write):
    assert read_dictionary(write("#\tno\n#x\ty\n"), "en", "fr").pairs == (("#", "no"),)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_bom_crlf_compression_and_a_missing_newline_change_nothing(write, pack):
    path = write(pack("\ufeffa\tb\r\nc\td".encode()), "d.tsv")
    assert read_dictionary(path, "en", "fr").pairs == (("a", "b"), ("c", "d"))


def test_D06_only_numerals_are_warned_about(write):
    with pytest.warns(UserWarning, match="numerals"):
        read_dictionary(write("1\t1\n2\t2\n"), "en", "fr")
