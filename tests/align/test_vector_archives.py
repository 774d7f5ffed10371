"""Laws of word vectors in npz and in our safetensors."""

import json
import struct

import numpy as np
import pytest

from align.errors import InputError
from align.vector_files import read_vectors, write_vectors
from align.vectors import Subwords


def test_subwords_are_kept_by_safetensors(tmp_path, vectors):
    buckets = np.random.default_rng(1).normal(size=(9, 3)).astype("f4")
    write_vectors(vectors(subwords=Subwords(buckets, 3, 6)), tmp_path / "x.safetensors")
    found = read_vectors(tmp_path / "x.safetensors", lang="fr").subwords
    assert (found.min_n, found.max_n, found.matrix.tobytes()) == (3, 6, buckets.tobytes())


def test_compact_is_a_quarter_and_near(tmp_path, vectors):
    made = vectors(300, 100)
    write_vectors(made, tmp_path / "full.safetensors")
    write_vectors(made, tmp_path / "small.safetensors", compact=True)
    assert (tmp_path / "small.safetensors").stat().st_size < 0.3 * (tmp_path / "full.safetensors").stat().st_size
    found = read_vectors(tmp_path / "small.safetensors", lang="fr").matrix
    assert (abs(found - made.matrix) <= abs(made.matrix).max(1, keepdims=True) / 253).all()


def test_our_file_of_another_language_is_refused(tmp_path, vectors):
    write_vectors(vectors(), tmp_path / "x.safetensors")
    with pytest.raises(InputError, match="language_mismatch"):
        read_vectors(tmp_path / "x.safetensors", lang="de")


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_npz_of_any_float_reads_as_float32(tmp_path, dtype):
    np.savez_compressed(tmp_path / "x.npz", words=np.array(["b", "a"]), matrix=np.array([[1, 2], [3, 4]], dtype))
    assert read_vectors(tmp_path / "x.npz", lang="fr").matrix.tolist() == [[1, 2], [3, 4]]


def test_npz_counts_follow_the_rows_that_are_kept(tmp_path):
    np.savez(
        tmp_path / "x.npz", words=["a", "b", "a", "c"], matrix=[[1.0, 2], [0, 0], [3, 4], [5, 6]], counts=[9, 8, 7, 6]
    )
    found = read_vectors(tmp_path / "x.npz", lang="fr")
    assert (found.words, found.counts.tolist()) == (("a", "c"), [9, 6])
    assert found.dropped == {"vec.zero": 1, "vec.duplicate": 1}


def test_our_metadata_is_json_and_never_code(tmp_path, vectors):
    write_vectors(vectors(origin={"made": "here"}), tmp_path / "x.safetensors")
    content = (tmp_path / "x.safetensors").read_bytes()
    metadata = json.loads(content[8 : 8 + struct.unpack("<Q", content[:8])[0]])["__metadata__"]
    assert json.loads(metadata["origin"]) == {"made": "here"}


def test_npz_of_what_is_no_character_is_refused(tmp_path, read):
    words = np.array([0x7FFFFFFF], "<u4").view("<U1")
    np.savez(tmp_path / "made.npz", words=words, matrix=np.ones((1, 2)))
    with pytest.raises(InputError, match=r"vec\.truncated"):
        read((tmp_path / "made.npz").read_bytes(), "x.npz")


def test_V15_words_of_ours_that_are_not_utf8_fail(tmp_path, read, vectors):
    write_vectors(vectors(), tmp_path / "made.safetensors")
    with pytest.raises(InputError, match=r"x\.safetensors: .*vec\.encoding"):
        read((tmp_path / "made.safetensors").read_bytes().replace("é".encode(), b"\xff\xff"), "x.safetensors")
