"""Laws of reading and writing files of word vectors, whatever their format. Names carry the row of FAULTS they prove."""

import gzip
import hashlib

import numpy as np
import pytest

from align.errors import InputError
from align.vector_files import read_vectors, write_vectors
from align.vectors import WordVectors

GOOD = b"2 2\na 1 2\nb 3 4\n"


def binary(rows, header=None, end=b"\n"):
    body = b"".join(word + b" " + np.array(row, "<f4").tobytes() + end for word, row in rows)
    return (header or f"{len(rows)} {len(rows[0][1])}\n".encode()) + body


@pytest.mark.parametrize("content", [GOOD, b"a 1 2\nb 3 4\n", GOOD.rstrip(), GOOD.replace(b"\n", b"\r\n"),
                                     GOOD.replace(b"\n", b" \n"), GOOD.replace(b" ", b"\t"), GOOD + b"\n\n",
                                     b"\xef\xbb\xbf" + GOOD, gzip.compress(GOOD, mtime=0),
                                     binary([(b"a", [1, 2]), (b"b", [3, 4])]),
                                     binary([(b"a", [1, 2]), (b"b", [3, 4])], end=b"")])  # fmt: skip
def test_V16_every_good_form_of_a_file_reads_the_same(read, content):
    found = read(content)
    assert found.words == ("a", "b")
    assert found.matrix.tolist() == [[1, 2], [3, 4]]
    assert found.dropped == {}


def test_rows_after_the_limit_are_not_examined(read):
    assert read("9 2\na 1 2\nb 3 4\nc x\n", limit=2).words == ("a", "b")
    assert read(binary([(b"a", [1, 2]), (b"b", [3, np.nan])]), limit=1).words == ("a",)


@pytest.mark.parametrize(
    "options", [{"limit": 0}, {"limit": "2"}, {"format": "pickle"}, {"on_bad_row": "repair"}, {"lang": "../x"}]
)
def test_options_out_of_range_fail(tmp_path, options):
    (tmp_path / "x.vec").write_bytes(GOOD)
    with pytest.raises(InputError):
        read_vectors(tmp_path / "x.vec", **{"lang": "fr", **options})


def test_origin_names_the_file_and_its_digest(read):
    origin = read(GOOD).origin
    assert origin == {"path": "x.vec", "format": "word2vec", "sha256": hashlib.sha256(GOOD).hexdigest()}


def test_progress_reaches_the_size_of_the_file(read):
    told = []
    read(GOOD, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(GOOD), len(GOOD))


def test_F28_a_file_that_changes_while_it_is_read_fails(tmp_path):
    path = tmp_path / "x.vec"
    path.write_bytes(GOOD)
    with pytest.raises(InputError, match=r"file\.changed"):
        read_vectors(path, lang="fr", progress=lambda done, total: path.write_bytes(GOOD + b"\n"))


@pytest.mark.parametrize("name", ["x.vec", "x.txt", "x.npz", "x.safetensors"])
def test_what_is_written_reads_back_bit_equal(tmp_path, name):
    words = ["a", '"', "é,b", "x\u00a0y", "#", "ra để", "a;'b"]
    matrix = np.random.default_rng(0).normal(size=(7, 4)).astype("f4") * 10.0 ** np.arange(-15, 18, 5)[:, None]
    made = WordVectors(
        "fr", words, matrix.astype("f4"), counts=np.arange(7)[::-1], origin={"seed": 3}, dropped={"vec.zero": 2}
    )
    write_vectors(made, tmp_path / name)
    found = read_vectors(tmp_path / name, lang="fr")
    assert found.words == made.words
    assert found.matrix.tobytes() == made.matrix.tobytes()
    if name.endswith(("z", "s")):
        assert found.counts.tolist() == made.counts.tolist()
    if name.endswith("safetensors"):
        assert (found.fingerprint, found.origin["source"], found.dropped) == (
            made.fingerprint,
            {"seed": 3},
            {"vec.zero": 2},
        )
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("", "vec.empty_token"),
        ("a\nb", "vec.bad_token"),
        ("a 5", "vec.bad_row"),
        (" a", "vec.bad_row"),
        ("\ud800", "vec.encoding"),
    ],
)
def test_a_word_that_would_not_read_back_is_not_written(tmp_path, word, code):
    with pytest.raises(InputError, match=code.replace(".", r"\.")):
        write_vectors(WordVectors("fr", [word], np.ones((1, 2))), tmp_path / "x.vec")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "compact"), [("x.bin", False), ("x", False), ("x.npz", True), ("no/x.vec", False)])
def test_where_it_cannot_write_it_says_so(tmp_path, vectors, name, compact):
    with pytest.raises(InputError):
        write_vectors(vectors(), tmp_path / name, compact=compact)
