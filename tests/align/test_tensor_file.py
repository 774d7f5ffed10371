"""Laws of tensor files: there whole or not at all, and never trusted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from align.errors import AlignError, ResourceError
from align.tensor_file import pack_words, read_tensors, unpack_words, write_tensors
from tests.align.planted import law

TENSORS = {
    "a": np.arange(6, dtype="f4").reshape(2, 3),
    "b/ç": np.array([1, -(2**40)]),
    "none": np.zeros((0, 4)),
    "u": np.arange(3, dtype="u1"),
}


def refused(code, deed, *given):
    with pytest.raises(AlignError) as raised:
        deed(*given)
    assert raised.value.code == code


def test_N22_arrays_and_metadata_come_back_bit_equal(tmp_path):
    path = tmp_path / "t.safetensors"
    told = {"format": "x", "text": 'é"\n\x00漢'}
    write_tensors(path, TENSORS, told)
    tensors, metadata = read_tensors(path)
    assert metadata == told
    assert tensors.keys() == TENSORS.keys()
    for name, array in TENSORS.items():
        assert (tensors[name].dtype, tensors[name].shape) == (array.dtype, array.shape)
        assert tensors[name].tobytes() == array.tobytes()


def test_A01_arrays_in_any_layout_are_written_as_they_read(tmp_path):
    matrix = np.arange(12, dtype="f4").reshape(3, 4)
    for name, array in {
        "fortran": np.asfortranarray(matrix),
        "reversed": matrix[::-1],
        "columns": matrix[:, ::2],
    }.items():
        array.flags.writeable = False
        write_tensors(tmp_path / name, {"a": array}, {})
        assert np.array_equal(read_tensors(tmp_path / name)[0]["a"], array)


@law()
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1), min_size=1, max_size=9))
def test_N22_words_come_back_byte_equal_whatever_blanks_they_hold(words):
    assert unpack_words(pack_words(tuple(words))) == tuple(words)


def test_a_word_that_would_not_come_back_is_refused():
    refused("vec.bad_token", pack_words, ("a\nb", "c"))
    refused("vec.encoding", pack_words, ("a", "\ud800"))
    refused("api.bad_type", pack_words, "ab")
    refused("api.bad_type", pack_words, ("a", None))
    refused("file.not_tensors", unpack_words, np.array([0xFF, 0xFE], "u1"))
    refused("api.bad_type", unpack_words, None)


def test_an_older_file_survives_a_write_that_fails_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "t.safetensors"
    write_tensors(path, TENSORS, {"version": "1"})
    before = path.read_bytes()
    (tmp_path / "folder").mkdir()
    with pytest.raises(AlignError):
        write_tensors(tmp_path / "folder", TENSORS, {})
    refused("api.bad_type", write_tensors, path, TENSORS, {"version": 2})
    assert path.read_bytes() == before
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["folder", "t.safetensors"]


def test_a_disk_that_refuses_is_a_resource_error(tmp_path):
    with pytest.raises(ResourceError, match=r"file\.unwritable"):
        write_tensors(tmp_path / "no" / "such" / "folder", TENSORS, {})


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 7, b"not a tensor file at all", b"\xff" * 64, b"\x08" + b"\0" * 7 + b"{}"]
)
def test_what_are_no_tensors_is_refused(tmp_path, content):
    path = tmp_path / "t"
    path.write_bytes(content)
    refused("file.not_tensors", read_tensors, path)


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "t"
    write_tensors(path, TENSORS, {})
    whole = path.read_bytes()
    for end in range(0, len(whole), 7):
        path.write_bytes(whole[:end])
        refused("file.not_tensors", read_tensors, path)


@pytest.mark.parametrize("path", ["", ".", "/", "\0", "a\0b", "a/\ud800"])
def test_what_names_no_file_is_refused(path):
    refused("file.missing", read_tensors, path)
    refused("file.missing", write_tensors, path, TENSORS, {})


@pytest.mark.parametrize("path", [None, 3, True, b"x", ["x"], object()])
def test_what_is_no_path_is_refused(path):
    refused("api.bad_type", read_tensors, path)
    refused("api.bad_type", write_tensors, path, TENSORS, {})


def test_a_folder_is_no_file_and_nothing_is_missing(tmp_path):
    refused("file.not_regular", read_tensors, tmp_path)
    refused("file.missing", read_tensors, tmp_path / "nothing")
