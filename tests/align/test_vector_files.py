"""Laws of reading and writing files of word vectors, whatever their format. Names carry the row of FAULTS they prove."""

import gzip
import hashlib
import os
import pickle

import numpy as np
import pytest

from align.errors import AlignError, InputError
from align.vector_files import read_vectors, write_vectors
from align.vectors import WordVectors

GOOD = b"2 2\na 1 2\nb 3 4\n"


def binary(rows, header=None, end=b"\n"):
    body = b"".join(word + b" " + np.array(row, "<f4").tobytes() + end for word, row in rows)
    return (header or f"{len(rows)} {len(rows[0][1])}\n".encode()) + body


@pytest.mark.parametrize("content", [GOOD, b"a 1 2\nb 3 4\n", GOOD.rstrip(), GOOD.replace(b"\n", b"\r\n"),
                                     GOOD.replace(b"\n", b" \n"), GOOD.replace(b" ", b"\t"), GOOD + b"\n\n",
                                     b"\xef\xbb\xbf" + GOOD, gzip.compress(GOOD),
                                     binary([(b"a", [1, 2]), (b"b", [3, 4])]),
                                     binary([(b"a", [1, 2]), (b"b", [3, 4])], end=b"")])  # fmt: skip
def test_V16_every_good_form_of_a_file_reads_the_same(read, content):
    found = read(content)
    assert found.words == ("a", "b")
    assert found.matrix.tolist() == [[1, 2], [3, 4]]
    assert found.dropped == {}


def test_V17_text_and_binary_are_told_apart(refused):
    two = binary([(b"a", [1, 2]), (b"b", [3, 4])])
    assert refused(two, format="word2vec").code == "vec.format_mismatch"
    assert refused(GOOD, format="word2vec-binary").code == "vec.format_mismatch"


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
def test_V17_a_damaged_binary_fails(refused, content, code):
    assert refused(content).code == code


def test_V17_a_truncated_binary_names_its_row(refused):
    assert "row 2" in str(refused(binary([(b"a", [1, 2]), (b"b", [3, 4])])[:-3]))


def test_V18_a_truncated_gzip_yields_nothing(refused):
    content = b"a 1 2\n" + b"".join(b"w%d %f 1\n" % (i, i) for i in range(5000))
    assert refused(gzip.compress(content)[:-20]).code == "file.compressed_corrupt"


class Canary:
    def __reduce__(self):
        return os.mkdir, ("canary-was-run",)


@pytest.mark.parametrize("name", ["x.kv", "x.model", "x.pkl", "x.pt", "x.npy", "x.kv.gz", "x.vec"])
def test_V20_a_pickle_is_refused_and_never_run(tmp_path, refused, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    assert refused(pickle.dumps(Canary()), name=name).code == "vec.refused_format"
    assert not (tmp_path / "canary-was-run").exists()


def test_V20_an_npz_of_objects_is_refused_and_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "x.npz", words=np.array([Canary()], dtype=object), matrix=np.ones((1, 2)))
    with pytest.raises(InputError, match=r"vec\.refused_format"):
        read_vectors(tmp_path / "x.npz", lang="fr")
    assert not (tmp_path / "canary-was-run").exists()


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


def samples(folder, vectors):
    write_vectors(vectors(counts=np.arange(5)), folder / "x.safetensors")
    write_vectors(vectors(), folder / "x.npz")
    write_vectors(vectors(), folder / "x.vec")
    (folder / "x.bin").write_bytes(binary([(b"a", [1, 2]), (b"b", [3, 4])]))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["x.safetensors", "x.npz", "x.vec", "x.bin"])
def test_changed_bytes_read_or_fail_with_an_error_of_ours(tmp_path, read, vectors, name):
    good = samples(tmp_path, vectors)[name]
    random = np.random.default_rng(0)
    for _ in range(150):
        content = bytearray(good)
        at = int(random.integers(len(content)))
        content[at : at + int(random.integers(4))] = random.bytes(int(random.integers(4)))
        try:
            found = read(bytes(content[: int(random.integers(len(good)))] if random.random() < 0.2 else content), name)
        except AlignError:
            continue
        assert np.isfinite(found.matrix).all()


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
