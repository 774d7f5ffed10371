"""Laws of reading compressed files: by content, whole, and bounded."""

import gzip
import hashlib
import lzma
import os
from pathlib import Path

import pytest
import zstandard

from align.compressed import bytes_read, file_digest, open_bytes, plain_file, replacing
from align.errors import InputError, ResourceError

CONTENT = os.urandom(200_000) + b"abc" * 100_000


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


PACK = {"gzip": gzip.compress, "xz": lzma.compress, "zstd": zstd}
every_packing = pytest.mark.parametrize("pack", PACK.values(), ids=PACK)


def read(path: Path, data: bytes, **options: int) -> bytes:
    path.write_bytes(data)
    with open_bytes(path, **options) as reader:
        return reader.read()


@every_packing
@pytest.mark.parametrize("name", ["a.vec", "a.gz", "a.zst"])
def test_V18_compression_is_known_by_content_not_by_name(tmp_path, pack, name):
    assert read(tmp_path / name, pack(CONTENT)) == CONTENT


def test_V18_a_plain_file_named_gz_is_plain(tmp_path):
    assert read(tmp_path / "a.gz", CONTENT) == CONTENT


@every_packing
def test_members_after_one_another_are_one_content(tmp_path, pack):
    assert read(tmp_path / "a", pack(CONTENT) + pack(b"") + pack(b"more")) == CONTENT + b"more"


@every_packing
@pytest.mark.parametrize("keep", [0.5, 0.999])
def test_V18_a_truncated_file_fails(tmp_path, pack, keep):
    packed = pack(CONTENT)
    with pytest.raises(InputError, match=r"a: .*compressed_corrupt"):
        read(tmp_path / "a", packed[: int(len(packed) * keep)])


@every_packing
def test_V18_a_flipped_byte_fails(tmp_path, pack):
    packed = bytearray(pack(CONTENT))
    packed[len(packed) // 2] ^= 0x55
    with pytest.raises(InputError, match="compressed_corrupt"):
        read(tmp_path / "a", bytes(packed))


@every_packing
def test_V18_trailing_junk_fails(tmp_path, pack):
    with pytest.raises(InputError, match="compressed_corrupt"):
        read(tmp_path / "a", pack(CONTENT) + b"junk")


@every_packing
def test_V19_a_bomb_stops_at_the_ratio(tmp_path, pack):
    with pytest.raises(ResourceError, match="too_large"):
        read(tmp_path / "a", pack(bytes(65 << 20)), max_ratio=2)


@every_packing
def test_V19_a_small_regular_file_passes_whatever_its_ratio(tmp_path, pack):
    assert len(read(tmp_path / "a", pack(bytes(10 << 20)))) == 10 << 20


@pytest.mark.parametrize("pack", [bytes, *PACK.values()])
def test_no_more_than_the_given_bytes_are_yielded(tmp_path, pack):
    with pytest.raises(ResourceError, match="too_large"):
        read(tmp_path / "a", pack(CONTENT), max_expanded_bytes=1000)


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="not_regular"):
            file_digest(path)


@pytest.mark.parametrize("path", ["missing", "a\0b", None])
def test_what_is_not_there_is_missing(path):
    with pytest.raises(InputError, match=r"file\.missing"), open_bytes(path):
        pass


def test_the_digest_is_of_the_bytes_on_disk(tmp_path):
    packed = gzip.compress(CONTENT)
    (tmp_path / "a").write_bytes(packed)
    assert file_digest(tmp_path / "a") == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize("pack", [bytes, *PACK.values()])
def test_progress_ends_at_the_size_on_disk(tmp_path, pack):
    path = tmp_path / "a"
    path.write_bytes(pack(CONTENT))
    with open_bytes(path) as reader:
        reader.read()
        assert bytes_read(reader) == path.stat().st_size


@pytest.mark.parametrize("pack", [bytes, *PACK.values()])
def test_a_plain_file_holds_the_content_and_is_gone_after(tmp_path, pack):
    path = tmp_path / "a"
    path.write_bytes(pack(CONTENT))
    with plain_file(path) as plain:
        assert plain.read_bytes() == CONTENT
    assert path.exists()
    assert plain == path or not plain.exists()


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def fill() -> None:
        with replacing(path) as file:
            file.write(b"new")
            raise OSError(28, "No space left on device")

    with pytest.raises(ResourceError, match="unwritable"):
        fill()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_writing_in_no_folder_is_an_error_of_ours(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(ResourceError, match="unwritable"), replacing(tmp_path / "a" / "b"):
        pass
