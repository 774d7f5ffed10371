"""V01 to V23 of FAULTS: files of word vectors."""

import gzip
import io
import lzma
import os
import pickle
import struct
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

import align
from benchmarks.reliability import seeds
from benchmarks.reliability.catalogue import Row, given, laid

GOOD = "2 2\na 1 2\nb 3 4\n"
TAKEN = [("a", (1.0, 2.0)), ("b", (3.0, 4.0))]


def read(path: Path, **options: Any) -> tuple[list[tuple[str, tuple[float, ...]]], Any]:
    """Words with their rows, and what was dropped."""
    found = align.read_vectors(path, lang="fr", **options)
    rows = [tuple(row) for row in found.matrix.tolist()]
    return list(zip(found.words, rows, strict=True)), found.dropped


def _refused(
    id: str, content: Any, code: str, line: int | None = None, *says: str, name: str = "x.vec", **options: Any
) -> Row:
    return Row(id, laid(content, name), lambda path: read(path, **options), code, line, says=says, name=name)


def _taken(
    id: str, content: bytes | str, result: Any = TAKEN, name: str = "x.vec", dropped: Any = None, **options: Any
) -> Row:
    return Row(
        id, laid(content, name), lambda path: read(path, **options), result=result, dropped=dropped or {}, name=name
    )


def _second(id: str, line: str, code: str, *says: str) -> Row:
    """The second of three rows is `line`."""
    return _refused(f"{id} {line[:30]!r}", f"3 2\na 1 2\n{line}\nc 5 6\n", code, 3, *says)


def _kept(id: str, word: str) -> Row:
    return _taken(f"{id} {word!r}", f"2 2\n{word} 1 2\nb 3 4\n", [(word, (1.0, 2.0)), TAKEN[1]])


def _binary(rows: list[tuple[bytes, list[float]]], header: bytes | None = None) -> bytes:
    body = b"".join(word + b" " + np.array(row, "<f4").tobytes() + b"\n" for word, row in rows)
    return (header or f"{len(rows)} {len(rows[0][1])}\n".encode()) + body


TWO = [(b"a", [1.0, 2.0]), (b"b", [3.0, 4.0])]
LONG = b"a 1 2\n" + b"".join(b"w%d %f 1\n" % (i, i) for i in range(5000))


class Canary:
    """A pickle that makes a folder where it is loaded."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("canary-was-run",)


def _zip(**members: bytes) -> bytes:
    with zipfile.ZipFile(file := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def _array(array: Any, **more: Any) -> bytes:
    np.lib.format.write_array(file := io.BytesIO(), array, **more)
    return file.getvalue()


def _lying_array() -> bytes:
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 300), }"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(40)


def _lying_fasttext(at: int) -> bytes:
    content = bytearray(seeds.fasttext())
    content[at : at + 4] = struct.pack("<i", 2_000_000_000)
    return bytes(content)


def _bomb(pack: Any) -> bytes:
    return pack(b"a 1 2\n" + (b"x" * 1000 + b" 1 2\n") * 70_000)


def _npz_bomb() -> bytes:
    return _zip(words=_array(np.zeros(1, "S1")), matrix=_array(np.zeros(80 << 20, "S1")))


def _text() -> list[Row]:
    fields = ["b 3", "b 3 4 5", "b  3 4", "b 3  4", "", "b\t3\t4", "b 3 \t4"]
    numbers = ["1_5", "0x1p3", "1,5", "١٢", ".", "x", "1e", "−3"]
    odd = ["a\u00a0b", "\u0085a", "a\u2028b", "1\u2009000", "a\tb"]
    return [
        _refused("V01 header of 3 rows, 2 found", GOOD.replace("2 2", "3 2"), "vec.count_mismatch", None, "header 3 rows, found 2"),
        _refused("V02 header of 1 row, 2 found", GOOD.replace("2 2", "1 2"), "vec.count_mismatch", None, "header 1 rows, found 2"),
        *(_second("V03", line, "vec.bad_row") for line in fields),
        _refused("V03 widths are told", "a 1 2\nb 3\n", "vec.bad_row", 2, "expected 2 numbers, found 1"),
        _taken("V03 tabs all over", GOOD.replace(" ", "\t")),
        _taken("V04 words with blanks", "2 2\n. . . 1 2\nra để 3 4\n", [(". . .", (1.0, 2.0)), ("ra để", (3.0, 4.0))]),
        _second("V04", "figure 5 1 2", "vec.bad_row"),
        *(_kept("V05", word) for word in odd),
        *(_second("V06", f"{word} 3 4", "vec.empty_token") for word in ("", "  ", "\t", "\x0b")),
        _taken("V06 Unicode white space", "2 2\n\u00a0 1 2\nb 3 4\n", TAKEN[1:], dropped={"vec.empty_token": 1}),
        _taken("V07 a word three times", "4 2\na 1 2\nb 3 4\na 5 6\na 7 8\n", dropped={"vec.duplicate": 2}),
        _taken("V08 twins by NFC, and by case, which are none", "3 2\ne\u0301 1 2\né 3 4\nÉ 5 6\n",
               [("e\u0301", (1.0, 2.0)), ("É", (5.0, 6.0))], dropped={"vec.norm_collision": 1}),
        *(_second("V09", f"b {number} 4", "vec.nonfinite") for number in ("nan", "-NaN", "inf", "-inf", "Infinity", "1e400", "-4e38")),
        *(_taken(f"V10 {number}", f"2 2\na {number} {number}\nb 3 4\n", TAKEN[1:], dropped={code: 1})
          for number, code in (("0", "vec.zero"), ("-0.0", "vec.zero"), ("1e-25", "vec.zero"), ("1e20", "vec.huge"))),
        *(_second("V11", f"b {number} 4", "vec.bad_row") for number in numbers),
        _taken("V11 every ASCII decimal", "a +1 .5 1. -2e0 1E+1\n", [("a", (1.0, 0.5, 1.0, -2.0, 10.0))]),
        _taken("V12 no header", "a 1 2\nb 3 4\n"),
        _taken("V12 a numeric first word", "5 0.5 0.25\nb 1 2\n", [("5", (0.5, 0.25)), ("b", (1.0, 2.0))]),
        _refused("V12 header or row, nobody can tell", "2 1\na 1\nb 2\n", "vec.bad_header", 1, "format="),
        _taken("V12 header, told", "2 1\na 1\nb 2\n", [("a", (1.0,)), ("b", (2.0,))], format="word2vec"),
        _taken("V12 row, told", "2 1\na 1\nb 2\n", [("2", (1.0,)), ("a", (1.0,)), ("b", (2.0,))], format="glove"),
        *(_refused(f"V13 {head[:20]}", f"{head}\na 1 2 3 4\nb 3 4 5 6\n", "vec.bad_header", 1)
          for head in ("0 300", "-1 2", "2 0", "999999999999 300", "2.0 2", "2 2 2", "9" * 5000 + " 2")),
        _refused("V14 an empty file", "", "vec.not_vectors", None),
        _refused("V14 blanks", "\n \n", "vec.not_vectors", None),
        _refused("V14 a web page", "<!DOCTYPE html>\n<html>\n<body>\x1b[31mNot Found</body>\n", "vec.not_vectors", None, "<!DOCTYPE html>"),
        _refused("V14 a pointer of git-lfs", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
                 "vec.not_vectors", None, "version https://git-lfs"),
        _taken("V15 a byte order mark", b"\xef\xbb\xbfa 1 2\nb 3 4\n"),
        _refused("V15 UTF-16", GOOD.encode("utf-16"), "vec.encoding", None),
        *(_refused(f"V15 {word!r}", b"2 2\na 1 2\n" + word + b" 3 4\n", "vec.encoding", 3, f"offset {10 + word.index(bad)} ")
          for word, bad in ((b"caf\xe9", b"\xe9"), (b"\xc0\xaf", b"\xc0"), (b"\xed\xa0\xbd\xed\xb8\x80", b"\xed"), (b"\xff", b"\xff"))),
        _taken("V16 CRLF", GOOD.replace("\n", "\r\n")),
        _taken("V16 no newline at the end", GOOD.rstrip()),
        _refused("V16 CR alone", GOOD.replace("\n", "\r"), "vec.bad_row", 1),
        _refused("V16 one CR alone", "2 2\na 1 2\rb 3 4\n", "vec.bad_row", 2),
        *(_refused(f"V21 {id}", f"2 2\na 1 2\n{word} 3 4\n", "vec.bad_token", 3)
          for id, word in (("NUL", "a\0b"), ("1,025 bytes", "x" * 1025), ("1 MB", "x" * (1 << 20)))),
        *(_kept("V21", word) for word in ("\x1b[31m", "\u202ea", "\u0301", '"', "'", "#")),
        _second("V21", "\x1b[31m\u202e nan 4", "vec.nonfinite", "\\x1b[31m\\u202e"),
    ]  # fmt: skip


def _binaries() -> list[Row]:
    return [
        _taken("V17 binary, known without a word", _binary(TWO), name="x.bin"),
        _refused("V17 binary read as text", _binary(TWO), "vec.format_mismatch", None, format="word2vec"),
        _refused("V17 text read as binary", GOOD, "vec.format_mismatch", None, format="word2vec-binary"),
        _refused("V17 truncated", _binary(TWO)[:-3], "vec.truncated", None, "row 2 of 2"),
        _refused("V17 a header of more rows", _binary(TWO, b"3 2\n"), "vec.truncated", None),
        _refused("V17 a header of more numbers", _binary(TWO, b"2 3\n"), "vec.truncated", None),
        _refused("V17 a header of fewer rows", _binary(TWO, b"1 2\n"), "vec.count_mismatch", None),
        _refused("V17 a header of a billion rows", _binary(TWO, b"999999999999 300\n"), "vec.bad_header", None),
        _refused("V17 nan", _binary([(b"a", [1, np.nan])]), "vec.nonfinite", None),
        _refused("V17 Latin-1", _binary([(b"caf\xe9", [1, 2])]), "vec.encoding", None),
        _refused("V17 an empty word", _binary([(b"", [1, 2])]), "vec.empty_token", None),
        _refused("V17 a word of 1,025 bytes", _binary([(b"x" * 1025, [1, 2])]), "vec.truncated", None),
    ]


def _packed() -> list[Row]:
    rows = []
    for kind, pack in (
        ("gz", gzip.compress),
        ("xz", partial(lzma.compress, preset=0)),
        ("zst", zstandard.ZstdCompressor(write_checksum=True).compress),
    ):
        packed = pack(LONG)
        flipped = bytearray(packed)
        flipped[len(packed) // 2] ^= 0x55
        corrupt = [("truncated", packed[:-20]), ("a flipped bit", bytes(flipped)), ("junk after it", packed + b"junk")]
        rows += [
            _refused(f"V18 {kind}, {what}", bad, "file.compressed_corrupt", None, name=f"x.vec.{kind}")
            for what, bad in corrupt
        ]
        rows.append(_taken(f"V18 {kind} named .vec", pack(GOOD.encode())))
        rows.append(
            _refused(f"V19 a bomb of {kind}", partial(_bomb, pack), "file.too_large", None, name=f"x.vec.{kind}")
        )
    wrong = bytearray(gzip.compress(GOOD.encode()))
    wrong[-8] ^= 1
    rows.append(_refused("V18 gz, another checksum", bytes(wrong), "file.compressed_corrupt", None, name="x.vec.gz"))
    rows.append(_taken("V18 plain, named .gz", GOOD, name="x.vec.gz"))
    rows.append(_refused("V19 a bomb of npz", _npz_bomb, "file.too_large", None, name="x.npz"))
    return rows


def _code() -> list[Row]:
    canary = pickle.dumps(Canary())
    objects = _zip(words=_array(np.array([Canary()], dtype=object), allow_pickle=True), matrix=_array(np.ones((1, 2))))
    lying = _zip(words=_lying_array(), matrix=_lying_array())
    names = ("x.kv", "x.model", "x.pkl", "x.pt", "x.npy", "x.kv.gz", "x.vec", "x.bin", "x.npz")
    return [
        *(_refused(f"V20 a pickle named {name}", canary, "vec.refused_format", None, name=name) for name in names),
        _refused("V20 an array of objects", objects, "vec.refused_format", None, name="x.npz"),
        _refused("V20 an array of a terabyte in 40 bytes", lying, "vec.truncated", None, name="x.npz"),
        *(_refused(f"V20 fastText with a lie at byte {at}", _lying_fasttext(at), code, None, name="x.bin")
          for at, code in ((8, "vec.truncated"), (40, "vec.truncated"), (44, "vec.truncated"), (48, "vec.truncated"),
                           (64, "vec.truncated"), (68, "vec.truncated"), (84, "vec.refused_format"))),
        *(_refused(f"V20 fastText of {keep} bytes", seeds.fasttext()[:keep], "vec.truncated", None, name="x.bin") for keep in (4, 50, 100, 200)),
    ]  # fmt: skip


def _in_memory() -> list[Row]:
    def sides(argument: Any) -> Any:
        one, other = (align.WordVectors(lang, ["a", "b", "c"], np.eye(3, dim)) for lang, dim in argument)
        return align.fit([one, other], [align.WordPairs(one.lang, other.lang, (("a", "a"),))])

    return [
        Row("V22 dimensions of two languages", given((("en", 5), ("de", 3))), sides, "align.dim_mismatch", says=("en=5 de=3",)),
        Row("V23 rows for other words", given(["a", "b", "c"]), lambda words: align.WordVectors("fr", words, np.ones((2, 2))),
            "vec.count_mismatch", says=("3 words", "(2, 2)")),
        Row("V23 rows of two widths", given([[1.0, 2], [3]]), lambda rows: align.WordVectors("fr", ["a", "b"], rows), "api.bad_vector"),
    ]  # fmt: skip


def rows() -> list[Row]:
    """All of them; made anew, for some are of megabytes."""
    return [*_text(), *_binaries(), *_packed(), *_code(), *_in_memory()]
