"""Laws of reading and writing word vectors. Names carry the row of FAULTS they prove."""

import gzip
import hashlib
import io
import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from align import vector_text
from align.errors import AlignError, InputError, ResourceError
from align.vector_files import read_vectors, write_vectors
from align.vectors import Subwords, WordVectors

GOOD = b"2 2\na 1 2\nb 3 4\n"
relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)


def read(folder, content, name="x.vec", **options):
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_vectors(folder / name, lang="fr", **options)


def refused(folder, content, **options):
    with pytest.raises(InputError) as caught:
        read(folder, content, **options)
    assert caught.value.path is not None
    assert len(str(caught.value)) <= 300
    return caught.value


def vectors(n=5, dim=3, **options):
    matrix = np.random.default_rng(0).normal(size=(n, dim)).astype("f4")
    return WordVectors("fr", [f"mot{i}é" for i in range(n)], matrix, **options)


def binary(rows, header=None, end=b"\n"):
    body = b"".join(word + b" " + np.array(row, "<f4").tobytes() + end for word, row in rows)
    return (header or f"{len(rows)} {len(rows[0][1])}\n".encode()) + body


@pytest.mark.parametrize("content", [GOOD, b"a 1 2\nb 3 4\n", GOOD.rstrip(), GOOD.replace(b"\n", b"\r\n"),
                                     GOOD.replace(b"\n", b" \n"), GOOD.replace(b" ", b"\t"), GOOD + b"\n\n",
                                     b"\xef\xbb\xbf" + GOOD, gzip.compress(GOOD),
                                     binary([(b"a", [1, 2]), (b"b", [3, 4])]),
                                     binary([(b"a", [1, 2]), (b"b", [3, 4])], end=b"")])  # fmt: skip
def test_V16_every_good_form_of_a_file_reads_the_same(tmp_path, content):
    found = read(tmp_path, content)
    assert found.words == ("a", "b")
    assert found.matrix.tolist() == [[1, 2], [3, 4]]
    assert found.dropped == {}


@pytest.mark.parametrize("rows", [1, 3])
def test_V01_V02_a_header_that_miscounts_fails(tmp_path, rows):
    error = refused(tmp_path, GOOD.replace(b"2 2", b"%d 2" % rows))
    assert error.code == "vec.count_mismatch"
    assert f"header {rows} rows, found 2" in str(error)


@pytest.mark.parametrize(
    "row", ["b 3", "b 3 4 5", "b  3 4", "b 3  4", "", "b\t3\t4", "b 3 4\r", "b 1_5 4", "b 0x1p3 4", "b 1,5 4", "b ١٢ 4", "b . 4",
            "b x 4", "b 3 \t4", "b 1e 4", "b −3 4"]
)  # fmt: skip
def test_V03_V11_a_malformed_row_is_named_by_its_line(tmp_path, row):
    error = refused(tmp_path, f"3 2\na 1 2\n{row}\r\nc 5 6\n" if row.endswith("\r") else f"3 2\na 1 2\n{row}\nc 5 6\n")
    assert (error.code, error.line) == ("vec.bad_row", 3)


def test_V03_a_wrong_width_tells_both_widths(tmp_path):
    assert "expected 2 numbers, found 1" in str(refused(tmp_path, "a 1 2\nb 3\n"))


def test_V04_a_token_may_hold_blanks(tmp_path):
    assert read(tmp_path, "3 2\n. . . 1 2\nra để 3 4\nc 5 6\n").words == (". . .", "ra để", "c")


def test_V04_a_token_that_ends_in_a_number_is_ambiguous(tmp_path):
    assert refused(tmp_path, "2 2\nfigure 5 1 2\nb 3 4\n").code == "vec.bad_row"


@pytest.mark.parametrize("token", ["a\u00a0b", "\u0085a", "a\u2028b", "1\u2009000", "a\tb", '"', "'", "#", "\x1b[31m", "\u202ea", "́"])
def test_V05_V21_odd_characters_stay_in_the_token(tmp_path, token):
    assert read(tmp_path, f"2 2\n{token} 1 2\nb 3 4\n").words == (token, "b")


@pytest.mark.parametrize("token", ["", "  ", "\t", "\x0b"])
def test_V06_an_empty_token_fails(tmp_path, token):
    error = refused(tmp_path, f"2 2\na 1 2\n{token} 3 4\n")
    assert (error.code, error.line) == ("vec.empty_token", 3)


def test_V06_a_word_of_unicode_white_space_is_left_out(tmp_path):
    found = read(tmp_path, "2 2\n\u00a0 1 2\nb 3 4\n")
    assert (found.words, found.dropped) == (("b",), {"vec.empty_token": 1})


def test_V07_of_duplicates_the_first_is_kept(tmp_path):
    found = read(tmp_path, "4 2\na 1 2\nb 3 4\na 5 6\na 7 8\n")
    assert found.matrix.tolist() == [[1, 2], [3, 4]]
    assert found.dropped == {"vec.duplicate": 2}


def test_V08_of_nfc_twins_the_first_is_kept_and_case_is_no_twin(tmp_path):
    found = read(tmp_path, "3 2\ne\u0301 1 2\né 3 4\nÉ 5 6\n")
    assert (found.words, found.dropped) == (("e\u0301", "É"), {"vec.norm_collision": 1})


@pytest.mark.parametrize("number", ["nan", "-NaN", "inf", "-inf", "Infinity", "1e400", "-4e38"])
def test_V09_numbers_that_are_not_finite_fail(tmp_path, number):
    error = refused(tmp_path, f"2 2\na 1 2\nb {number} 4\n")
    assert (error.code, error.line) == ("vec.nonfinite", 3)


@pytest.mark.parametrize(("number", "code"), [("0", "vec.zero"), ("-0.0", "vec.zero"), ("1e-25", "vec.zero"), ("1e20", "vec.huge")])
def test_V10_rows_whose_length_float32_cannot_hold_are_left_out(tmp_path, number, code):
    found = read(tmp_path, f"2 2\na {number} {number}\nb 3 4\n")
    assert (found.words, found.dropped) == (("b",), {code: 1})


def test_V11_every_ascii_decimal_is_a_number(tmp_path):
    found = read(tmp_path, "a +1 .5 1. -2e-1 1E+1\n")
    assert found.matrix.tolist() == [[1, 0.5, 1, np.float32(-0.2), 10]]


def test_V12_a_numeric_first_word_is_a_word(tmp_path):
    assert read(tmp_path, "5 0.1 0.2\nb 1 2\n").words == ("5", "b")


def test_V12_what_could_be_header_or_row_must_be_said(tmp_path):
    content = "2 1\na 1\nb 2\n"
    assert refused(tmp_path, content).code == "vec.bad_header"
    assert read(tmp_path, content, format="word2vec").words == ("a", "b")
    assert read(tmp_path, content, format="glove").words == ("2", "a", "b")


@pytest.mark.parametrize("header", ["0 2", "-1 2", "2 0", "999999999999 300", "2.0 2", "2 2 2", "9" * 5000 + " 2"])
def test_V13_a_bad_header_fails(tmp_path, header):
    assert refused(tmp_path, f"{header}\na 1 2 3 4\nb 3 4 5 6\n").code == "vec.bad_header"


@pytest.mark.parametrize(
    "content",
    ["", "\n \n", "<!DOCTYPE html>\n<html>\n<body>Not Found</body>\n", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"],
)
def test_V14_what_is_not_vectors_is_quoted(tmp_path, content):
    error = refused(tmp_path, content)
    assert error.code == "vec.not_vectors"
    assert content[:9].strip() in str(error)


def test_V15_a_byte_order_mark_is_noted(tmp_path):
    found = read(tmp_path, b"\xef\xbb\xbfa 1 2\n")
    assert (found.words, found.origin["bom"]) == (("a",), True)


@pytest.mark.parametrize("token", [b"caf\xe9", b"\xc0\xaf", b"\xed\xa0\xbd\xed\xb8\x80", b"\xff"])
def test_V15_bytes_that_are_not_utf8_fail_at_their_offset(tmp_path, token):
    error = refused(tmp_path, b"2 2\na 1 2\n" + token + b" 3 4\n")
    assert (error.code, error.line) == ("vec.encoding", 3)
    assert f"byte offset {10 + (3 if token.startswith(b'c') else 0)} " in str(error)


def test_V15_utf16_fails(tmp_path):
    assert refused(tmp_path, "2 2\na 1 2\n".encode("utf-16")).code == "vec.encoding"


@pytest.mark.parametrize("content", [GOOD.replace(b"\n", b"\r"), b"2 2\na 1 2\rb 3 4\n"])
def test_V16_lines_that_end_in_cr_only_fail(tmp_path, content):
    assert refused(tmp_path, content).code == "vec.bad_row"


def test_V17_text_and_binary_are_told_apart(tmp_path):
    two = binary([(b"a", [1, 2]), (b"b", [3, 4])])
    assert refused(tmp_path, two, format="word2vec").code == "vec.format_mismatch"
    assert refused(tmp_path, GOOD, format="word2vec-binary").code == "vec.format_mismatch"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (binary([(b"a", [1, 2]), (b"b", [3, 4])])[:-3], "vec.truncated"),
        (binary([(b"a", [1, 2]), (b"b", [3, 4])], b"3 2\n"), "vec.truncated"),
        (binary([(b"a", [1, 2]), (b"b", [3, 4])], b"2 3\n"), "vec.truncated"),
        (binary([(b"a", [1, 2]), (b"b", [3, 4])], b"1 2\n"), "vec.count_mismatch"),
        (binary([(b"a", [1, 2])], b"999999999999 300\n"), "vec.bad_header"),
        (binary([(b"a", [1, np.nan])]), "vec.nonfinite"),
        (binary([(b"caf\xe9", [1, 2])]), "vec.encoding"),
        (binary([(b"", [1, 2])]), "vec.empty_token"),
        (binary([(b"x" * 1025, [1, 2])]), "vec.truncated"),
    ],
)
def test_V17_a_damaged_binary_fails(tmp_path, content, code):
    assert refused(tmp_path, content).code == code


def test_V17_a_truncated_binary_names_its_row(tmp_path):
    assert "row 2" in str(refused(tmp_path, binary([(b"a", [1, 2]), (b"b", [3, 4])])[:-3]))


def test_V18_a_truncated_gzip_yields_nothing(tmp_path):
    content = b"a 1 2\n" + b"".join(b"w%d %f 1\n" % (i, i) for i in range(5000))
    assert refused(tmp_path, gzip.compress(content)[:-20]).code == "file.compressed_corrupt"


def test_V19_an_npz_bomb_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, shape in (("words", (1,)), ("matrix", (80 << 20,))):
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, np.zeros(shape, "S1"))
    with pytest.raises(ResourceError, match="too_large"):
        read_vectors(tmp_path / "x.npz", lang="fr")


class Canary:
    def __reduce__(self):
        return os.mkdir, ("canary-was-run",)


@pytest.mark.parametrize("name", ["x.kv", "x.model", "x.pkl", "x.pt", "x.npy", "x.kv.gz", "x.vec"])
def test_V20_a_pickle_is_refused_and_never_run(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert refused(tmp_path, pickle.dumps(Canary()), name=name).code == "vec.refused_format"
    assert not (tmp_path / "canary-was-run").exists()


def test_V20_an_npz_of_objects_is_refused_and_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "x.npz", words=np.array([Canary()], dtype=object), matrix=np.ones((1, 2)))
    with pytest.raises(InputError, match=r"vec\.refused_format"):
        read_vectors(tmp_path / "x.npz", lang="fr")
    assert not (tmp_path / "canary-was-run").exists()


def test_V20_an_npz_header_that_lies_is_refused_before_allocating(tmp_path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 300), }"
    lie = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(40)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("matrix.npy", lie)
        archive.writestr("words.npy", lie)
    with pytest.raises(InputError, match=r"vec\.truncated"):
        read_vectors(tmp_path / "x.npz", lang="fr")


@pytest.mark.parametrize("token", ["a\0b", "x" * 1025, "x" * (1 << 20)], ids=["nul", "long", "1MB"])
def test_V21_nul_and_overlong_tokens_fail(tmp_path, token):
    error = refused(tmp_path, f"2 2\na 1 2\n{token} 3 4\n")
    assert (error.code, error.line) == ("vec.bad_token", 3)


def test_V21_messages_escape_what_they_quote(tmp_path):
    assert refused(tmp_path, "2 2\na 1 2\n\x1b[31m\u202e nan 4\n").args[0].isprintable()


def test_up_to_20_problems_are_told_at_once(tmp_path):
    error = refused(tmp_path, "30 2\na 1 2\nb 1\nc nan 2\n" + "x 1\n" * 27)
    assert "(the first of 20 or more problems)" in str(error)
    assert (error.line, len(error.__notes__)) == (3, 19)
    assert error.__notes__[0].startswith("line 4: ")


def test_skipped_rows_are_counted_by_code(tmp_path):
    found = read(tmp_path, b"6 2\na 1 2\nb 3\n 1 2\nc nan 3\n\xff 1 2\nd 5 6\n", on_bad_row="skip")
    assert found.words == ("a", "d")
    assert found.dropped == {"vec.bad_row": 1, "vec.empty_token": 1, "vec.nonfinite": 1, "vec.encoding": 1}


def test_rows_after_the_limit_are_not_examined(tmp_path):
    assert read(tmp_path, "9 2\na 1 2\nb 3 4\nc x\n", limit=2).words == ("a", "b")
    assert read(tmp_path, binary([(b"a", [1, 2]), (b"b", [3, np.nan])]), limit=1).words == ("a",)


@pytest.mark.parametrize("block", [1, 7, 1000])
@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_the_limit_holds_wherever_blocks_end(tmp_path, monkeypatch, block, limit):
    monkeypatch.setattr(vector_text, "BLOCK", block)
    content = "word 1 2\nb\nc 5 6\n\n\n"
    found = read(tmp_path, content, limit=limit, on_bad_row="skip", format="glove")
    assert found.words == ("word", "c")[: 1 + (limit > 2)]
    assert found.dropped == ({"vec.bad_row": 1} if limit > 1 else {})


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_the_limit_counts_blank_lines_between_rows(tmp_path, monkeypatch, block):
    monkeypatch.setattr(vector_text, "BLOCK", block)
    found = read(tmp_path, "a 1 2\n\n\n\nb 3 4\nc 5 6\n", limit=2, on_bad_row="skip")
    assert (found.words, found.dropped) == (("a",), {"vec.bad_row": 1})


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_V03_blank_lines_are_named_wherever_blocks_end(tmp_path, monkeypatch, block):
    monkeypatch.setattr(vector_text, "BLOCK", block)
    error = refused(tmp_path, "a 1 2\n\n\nb 3 4\n\n")
    assert (error.line, error.__notes__) == (2, ["line 3: a blank line; remove it [vec.bad_row]"])


@pytest.mark.parametrize("options", [{"limit": 0}, {"limit": "2"}, {"format": "pickle"}, {"on_bad_row": "repair"}, {"lang": "../x"}])
def test_options_out_of_range_fail(tmp_path, options):
    (tmp_path / "x.vec").write_bytes(GOOD)
    with pytest.raises(InputError):
        read_vectors(tmp_path / "x.vec", **{"lang": "fr", **options})


def test_origin_names_the_file_and_its_digest(tmp_path):
    origin = read(tmp_path, GOOD).origin
    assert origin == {"path": "x.vec", "format": "word2vec", "sha256": hashlib.sha256(GOOD).hexdigest()}


def test_progress_reaches_the_size_of_the_file(tmp_path):
    told = []
    read(tmp_path, GOOD, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(GOOD), len(GOOD))


def test_F28_a_file_that_changes_while_it_is_read_fails(tmp_path):
    path = tmp_path / "x.vec"
    path.write_bytes(GOOD)
    with pytest.raises(InputError, match=r"file\.changed"):
        read_vectors(path, lang="fr", progress=lambda done, total: path.write_bytes(GOOD + b"\n"))


# ---- the fast and the careful path -------------------------------------------------------------------------------

token = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters=" \n\r\0"), min_size=1, max_size=5)
number = st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda x: repr(float(np.float32(x))))
line = st.builds(lambda word, numbers: " ".join([word, *numbers]), token, st.lists(number, min_size=3, max_size=3))
noise = st.text("ab 01.e+-_x\t\r\n\u00a0\u0085,#\"é\0nif\ufeff", max_size=8)


def both_paths(monkeypatch, content, layout, skip=True):
    results = []
    for fast in (True, False):
        with monkeypatch.context() as patch:
            if not fast:
                patch.setattr(vector_text, "_parse_block", lambda block, layout: None)
            patch.setattr(vector_text, "_SMALL", 40)
            patch.setattr(vector_text, "BLOCK", 100)
            rows = vector_text.Rows("x", skip=skip)
            vector_text.read_text(io.BytesIO(content), rows, layout, lambda: None)
            results.append((rows.words, rows.matrix.tobytes(), rows.examined, dict(rows.dropped)))
    return results


@relaxed
@given(st.lists(line, min_size=1, max_size=12), st.sampled_from(["\n", "\r\n", " \n"]))
def test_the_fast_path_reads_good_rows_as_the_careful_path_does(monkeypatch, lines, end):
    layout = vector_text.Layout(None, 3, b" ", end == " \n", False, 0, 1)
    fast, careful = both_paths(monkeypatch, "".join(text + end for text in lines).encode(), layout)
    assert fast == careful


@relaxed
@given(st.lists(st.one_of(line, line, st.tuples(line, noise, st.integers(0, 30)).map(lambda t: t[0][: t[2]] + t[1] + t[0][t[2] :])), max_size=12),
       st.booleans(), st.sampled_from([b" ", b"\t"]))  # fmt: skip
def test_the_fast_path_takes_nothing_that_the_careful_path_refuses(monkeypatch, lines, trailing, separator):
    content = "".join(text + (" \n" if trailing else "\n") for text in lines).encode()
    if separator == b"\t":
        content = content.replace(b"\t", b"\x01").replace(b" ", b"\t").replace(b"\x01", b" ")
    fast, careful = both_paths(monkeypatch, content, vector_text.Layout(None, 3, separator, trailing, False, 0, 1))
    assert fast == careful


def test_good_rows_never_need_the_careful_path(tmp_path, monkeypatch):
    monkeypatch.delattr(vector_text, "_read_lines")
    write_vectors(vectors(500, 20), tmp_path / "x.vec")
    assert len(read_vectors(tmp_path / "x.vec", lang="fr")) == 500


# ---- any bytes ---------------------------------------------------------------------------------------------------


def samples(folder):
    write_vectors(vectors(counts=np.arange(5)), folder / "x.safetensors")
    write_vectors(vectors(), folder / "x.npz")
    write_vectors(vectors(), folder / "x.vec")
    (folder / "x.bin").write_bytes(binary([(b"a", [1, 2]), (b"b", [3, 4])]))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["x.safetensors", "x.npz", "x.vec", "x.bin"])
def test_changed_bytes_read_or_fail_with_an_error_of_ours(tmp_path, name):
    good = samples(tmp_path)[name]
    random = np.random.default_rng(0)
    for _ in range(150):
        content = bytearray(good)
        at = int(random.integers(len(content)))
        content[at : at + int(random.integers(4))] = random.bytes(int(random.integers(4)))
        try:
            found = read(tmp_path, bytes(content[: int(random.integers(len(good)))] if random.random() < 0.2 else content), name)
        except AlignError:
            continue
        assert np.isfinite(found.matrix).all()


# ---- writing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.vec", "x.txt", "x.npz", "x.safetensors"])
def test_what_is_written_reads_back_bit_equal(tmp_path, name):
    words = ["a", '"', "é,b", "x\u00a0y", "#", "ra để", "a;'b"]
    matrix = np.random.default_rng(0).normal(size=(7, 4)).astype("f4") * 10.0 ** np.arange(-15, 18, 5)[:, None]
    made = WordVectors("fr", words, matrix.astype("f4"), counts=np.arange(7)[::-1], origin={"seed": 3}, dropped={"vec.zero": 2})
    write_vectors(made, tmp_path / name)
    found = read_vectors(tmp_path / name, lang="fr")
    assert found.words == made.words
    assert found.matrix.tobytes() == made.matrix.tobytes()
    if name.endswith(("z", "s")):
        assert found.counts.tolist() == made.counts.tolist()
    if name.endswith("safetensors"):
        assert (found.fingerprint, found.origin["source"], found.dropped) == (made.fingerprint, {"seed": 3}, {"vec.zero": 2})
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_subwords_are_kept_by_safetensors(tmp_path):
    buckets = np.random.default_rng(1).normal(size=(9, 3)).astype("f4")
    write_vectors(vectors(subwords=Subwords(buckets, 3, 6)), tmp_path / "x.safetensors")
    found = read_vectors(tmp_path / "x.safetensors", lang="fr").subwords
    assert (found.min_n, found.max_n, found.matrix.tobytes()) == (3, 6, buckets.tobytes())


def test_compact_is_a_quarter_and_near(tmp_path):
    made = vectors(300, 100)
    write_vectors(made, tmp_path / "full.safetensors")
    write_vectors(made, tmp_path / "small.safetensors", compact=True)
    assert (tmp_path / "small.safetensors").stat().st_size < 0.3 * (tmp_path / "full.safetensors").stat().st_size
    found = read_vectors(tmp_path / "small.safetensors", lang="fr").matrix
    assert (abs(found - made.matrix) <= abs(made.matrix).max(1, keepdims=True) / 253).all()


@pytest.mark.parametrize(
    ("word", "code"), [("", "vec.empty_token"), ("a\nb", "vec.bad_token"), ("a 5", "vec.bad_row"), (" a", "vec.bad_row"), ("\ud800", "vec.encoding")]
)
def test_a_word_that_would_not_read_back_is_not_written(tmp_path, word, code):
    with pytest.raises(InputError, match=code.replace(".", r"\.")):
        write_vectors(WordVectors("fr", [word], np.ones((1, 2))), tmp_path / "x.vec")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "compact"), [("x.bin", False), ("x", False), ("x.npz", True), ("no/x.vec", False)])
def test_where_it_cannot_write_it_says_so(tmp_path, name, compact):
    with pytest.raises(InputError):
        write_vectors(vectors(), tmp_path / name, compact=compact)


def test_our_file_of_another_language_is_refused(tmp_path):
    write_vectors(vectors(), tmp_path / "x.safetensors")
    with pytest.raises(InputError, match="language_mismatch"):
        read_vectors(tmp_path / "x.safetensors", lang="de")


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_npz_of_any_float_reads_as_float32(tmp_path, dtype):
    np.savez_compressed(tmp_path / "x.npz", words=np.array(["b", "a"]), matrix=np.array([[1, 2], [3, 4]], dtype))
    assert read_vectors(tmp_path / "x.npz", lang="fr").matrix.tolist() == [[1, 2], [3, 4]]


def test_npz_counts_follow_the_rows_that_are_kept(tmp_path):
    np.savez(tmp_path / "x.npz", words=["a", "b", "a", "c"], matrix=[[1.0, 2], [0, 0], [3, 4], [5, 6]], counts=[9, 8, 7, 6])
    found = read_vectors(tmp_path / "x.npz", lang="fr")
    assert (found.words, found.counts.tolist()) == (("a", "c"), [9, 6])
    assert found.dropped == {"vec.zero": 1, "vec.duplicate": 1}


# ---- fastText ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fasttext(tmp_path_factory):
    from gensim.models.fasttext import FastText, save_facebook_model

    model = FastText([["chat", "chien", "oiseau"] * 5] * 5, vector_size=4, min_count=1, bucket=50, epochs=1, workers=1, seed=1)
    path = tmp_path_factory.mktemp("fasttext") / "x.bin"
    save_facebook_model(model, str(path))
    return path, model.wv


def test_fasttext_gives_words_counts_and_buckets(fasttext):
    path, wanted = fasttext
    found = read_vectors(path, lang="fr")
    assert found.words == tuple(wanted.index_to_key)
    assert np.allclose(found.matrix, wanted.vectors, atol=1e-6)
    assert found.counts.tolist() == [25, 25, 25]
    assert np.array_equal(found.subwords.matrix, wanted.vectors_ngrams)
    assert (found.subwords.min_n, found.subwords.max_n) == (wanted.min_n, wanted.max_n)


def test_fasttext_is_known_by_content(fasttext, tmp_path):
    found = read(tmp_path, gzip.compress(fasttext[0].read_bytes()), "x.vec", limit=2)
    assert len(found) == 2


@pytest.mark.parametrize("at", [8, 40, 44, 48, 64, 68, 84])
def test_V20_a_fasttext_file_that_lies_about_a_size_is_refused(fasttext, tmp_path, at):
    content = bytearray(fasttext[0].read_bytes())
    content[at : at + 4] = struct.pack("<i", 2_000_000_000)
    assert refused(tmp_path, bytes(content)).code in ("vec.truncated", "vec.refused_format")


def test_V20_a_truncated_fasttext_file_is_refused(fasttext, tmp_path):
    content = fasttext[0].read_bytes()
    for keep in (4, 50, 100, 200, len(content) - 1):
        assert refused(tmp_path, content[:keep]).code == "vec.truncated"


def test_our_metadata_is_json_and_never_code(tmp_path):
    write_vectors(vectors(origin={"made": "here"}), tmp_path / "x.safetensors")
    content = (tmp_path / "x.safetensors").read_bytes()
    metadata = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])["__metadata__"]
    assert json.loads(metadata["origin"]) == {"made": "here"}
