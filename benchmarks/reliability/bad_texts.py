"""C01 to C05 and D01 to D09 of FAULTS: text to train on, and dictionaries."""

import os
from pathlib import Path
from typing import Any

import numpy as np

import align
from align import train
from align.corpus import expand_paths, read_lines
from align.tokens import sentences
from benchmarks.reliability.catalogue import Row, given, laid

SMALL: dict[str, Any] = {"lang": "en", "dim": 4, "epochs": 1, "min_count": 2}


def _train(paths: Any) -> Any:
    return align.train_vectors(paths if isinstance(paths, list) else [paths], **SMALL)


def _lines(path: Path) -> tuple[list[str], dict[str, int]]:
    return list(read_lines([path])), {}


def _cut(path: Path) -> tuple[Any, dict[str, int]]:
    """How many sentences a corpus has, the longest, and how often the training says that it cut one."""
    lengths = [len(tokens) for line in read_lines([path]) for tokens in sentences(line, "en")]
    return (len(lengths), max(lengths)), {"cut": _train(path).origin["texts_cut"]}


def _few_words(path: Path) -> Any:
    """Training where a vocabulary of three different words is one too many."""
    most, train.MAX_DIFFERENT = train.MAX_DIFFERENT, 2
    try:
        return _train(path)
    finally:
        train.MAX_DIFFERENT = most


def _odd_files(folder: Path) -> Path:
    (folder / "root").mkdir()
    (folder / "root" / "a.txt").write_text("x")
    (folder / "root" / "again.txt").symlink_to("a.txt")
    (folder / "secret.txt").write_text("x")
    (folder / "root" / "out.txt").symlink_to("../secret.txt")
    (folder / "root" / "dead.txt").symlink_to("none")
    (folder / "root" / "loop.txt").symlink_to("loop.txt")
    (folder / "root" / "folder.txt").mkdir()
    os.mkfifo(folder / "root" / "pipe.txt")
    return folder / "root"


def _corpora() -> list[Row]:
    def text(id: str, content: bytes | str, code: str, line: int | None = None, *says: str, name: str = "x.txt") -> Row:
        return Row(id, laid(content, name), lambda path: list(read_lines([path])), code, line, says=says, name=name)

    def matched(id: str, patterns: list[str], code: str, name: str | None) -> Row:
        return Row(id, _odd_files, lambda root: expand_paths(patterns, root), code, name=name)

    long = "one two " * 12_500 + "\n"
    return [
        Row("C01 empty", laid("", "x.txt"), _train, "corpus.no_vocab", says=("0 tokens",)),
        Row("C01 blanks", laid(" \n\t\n\n", "x.txt"), _train, "corpus.no_vocab", says=("0 tokens",)),
        Row("C01 every word once", laid("one two three\n", "x.txt"), _train, "corpus.no_vocab",
            says=("3 tokens, 3 different words, none occurs 2 times",)),
        Row("C02 one string for a list of paths", given("x.txt"), lambda path: align.train_vectors(path, **SMALL), "corpus.bad_token"),
        Row("C02 None in the list", given([None]), _train, "api.bad_type"),
        Row("C02 one string for a list of sentences", given("a b"), lambda text: list(read_lines(text)), "corpus.bad_pattern"),
        Row("C02 a sentence that is none", given(5), lambda text: list(sentences(text, "en")), "api.bad_type"),
        Row("C03 a line of 25,000 tokens", laid(long, "x.txt"), _cut, result=(3, 10_000), dropped={"cut": 1}),
        Row("C04 a line of 3 MiB comes in pieces", laid("word " * 600_000, "x.txt"),
            lambda path: (max(map(len, read_lines([path]))) <= 2 << 20, {}), result=True),
        Row("C04 more different words than are kept", laid("a b c\n", "x.txt"), _few_words, "corpus.too_many_words"),
        text("C04 a NUL", "ok\na\0b\n", "corpus.binary", 2),
        *(text(f"C04 {bad!r}", b"ok\n" + bad, "corpus.encoding", 2, "offset") for bad in (b"caf\xe9\n", b"\xc0\x80\n", b"\xed\xa0\x80\n")),
        Row("C04 byte order mark, CRLF, U+2028", laid("\ufeffun\r\n\ndeux\u2028trois\n", "x.txt"), _lines, result=["un", "", "deux\u2028trois"]),
        matched("C05 twice", ["a.txt", "a.txt"], "corpus.duplicate_file", "a.txt"),
        matched("C05 twice by a link", ["a.txt", "again.txt"], "corpus.duplicate_file", "again.txt"),
        matched("C05 a folder", ["fol*"], "corpus.directory", "folder.txt"),
        matched("C05 a pipe", ["pi*"], "corpus.fifo", "pipe.txt"),
        matched("C05 a device", ["/dev/zero"], "corpus.device", "zero"),
        matched("C05 a link out of the root", ["ou*"], "corpus.outside_root", "out.txt"),
        matched("C05 a link to nothing", ["dead.txt"], "corpus.missing", "dead.txt"),
        matched("C05 a link to itself", ["loop.txt"], "corpus.missing", "loop.txt"),
        matched("C05 nothing", ["none.txt"], "corpus.missing", None),
    ]  # fmt: skip


def _pairs(path: Path, **options: Any) -> tuple[list[tuple[str, str]], Any]:
    found = align.read_dictionary(path, "en", "fr", **options)
    return list(found.pairs), found.dropped


def _fit(pairs: list[tuple[str, str]], **options: Any) -> Any:
    """Fit 40 words of five dimensions on `pairs`."""
    rows = np.random.default_rng(0).standard_normal((40, 5)).astype("f4")
    sides = [align.WordVectors(lang, [f"{lang}{n}" for n in range(40)], rows) for lang in ("en", "fr")]
    return align.fit(sides, [align.WordPairs("en", "fr", tuple(pairs))], method="procrustes", **options)


def _apart(pairs: list[tuple[str, str]]) -> tuple[Any, dict[str, int]]:
    """Whether a split leaves any source word on both sides, and how many pairs it keeps."""
    rest, held = align.WordPairs("en", "fr", tuple(pairs)).split(0.5)
    return (bool(set(rest.gold()) & set(held.gold())), len(rest) + len(held)), {}


def _weight(pairs: list[tuple[str, str]]) -> tuple[Any, dict[str, int]]:
    """How many of the pairs a fit would use."""
    n = len(pairs)
    sides = [align.WordVectors(lang, [f"{lang}{i}" for i in range(n)], np.ones((n, 2))) for lang in ("en", "fr")]
    found = align.WordPairs("en", "fr", tuple(pairs)).rows(*sides)
    return len(found), {"capped": found.capped}


def _dictionaries() -> list[Row]:
    def refused(id: str, content: bytes | str, code: str, line: int | None = None, *says: str, **options: Any) -> Row:
        return Row(
            id, laid(content, "d.tsv"), lambda path: _pairs(path, **options), code, line, says=says, name="d.tsv"
        )

    def taken(id: str, content: str, result: list[tuple[str, str]], **dropped: int) -> Row:
        counted = {f"dict.{name}": n for name, n in dropped.items()}
        return Row(id, laid(content, "d.tsv"), _pairs, result=result, dropped=counted, name="d.tsv")

    right = [(f"en{n}", f"fr{n}") for n in range(40)]
    unknown = [(f"EN{n}", f"FR{n}") for n in range(40, 200)]
    table = "concept\tpart\ten\tfr\ncar\ttrain\tcar\tvoiture\n"
    rows = ["word", "a b c", "a b", "a\tb\tc", "a\tb\t0", "a\tb\tnan", "a\tb\t1_0", "a\tb\t1\tx\ty"]
    return [
        *(refused(f"D01 {content!r}", content, "dict.empty") for content in ("", "# only\n#comments\n", "\n  \n\t\n", "concept\ten\tfr\n")),
        Row("D01 no file", lambda folder: folder / "d.tsv", _pairs, "dict.empty", name="d.tsv"),
        refused("D01 no row of the part", table, "dict.empty", None, "in part test", part="test"),
        Row("D02 no known word", given(unknown), _fit, "dict.coverage", says=("0 of 160 pairs usable (fr unknown 160, en unknown 0)",)),
        Row("D02 less than 1 %", given([*right[:6], *((f"x{n}", f"y{n}") for n in range(700))]), _fit, "dict.coverage",
            says=("6 of 706 pairs usable", "at least 8 are needed", "case and NFC")),
        Row("D03 columns swapped", given([pair[::-1] for pair in right]), _fit, "dict.coverage", says=("columns swapped 40 would be usable",)),
        Row("D04 fewer pairs than dimensions", given(right[:3]), _fit, "dict.coverage", says=("3 of 3 pairs usable", "at least 5")),
        Row("D04 fewer pairs than asked for", given(right[:9]), lambda pairs: _fit(pairs, min_pairs=10), "dict.coverage", says=("at least 10",)),
        Row("D04 fewer pairs, allowed", given(right[:3]),
            lambda pairs: (_fit(pairs, allow_rank_deficient=True).fits["fr"]["underdetermined"], {}), result=True),
        taken("D05 a pair twice", "a\tb\na\tb\t3\n", [("a", "b")], duplicate=1),
        Row("D05 one word, 1,000 translations", given([("en1", f"fr{n}") for n in range(1000)]), _weight, result=10, dropped={"capped": 990}),
        taken("D06 many to many", "a\tx\na\ty\nb\tx\n", [("a", "x"), ("a", "y"), ("b", "x")]),
        Row("D06 no word on both sides of a split", given([(f"w{n % 7}", f"x{n}") for n in range(50)]), _apart, result=(False, 50)),
        *(refused(f"D07 {row!r}", f"x\ty\n{row}\n", "dict.bad_row", 2) for row in rows),
        refused("D07 a phrase between blanks", "the le\npomme de terre\n", "dict.bad_row", 2, "write two"),
        refused("D07 an empty cell", "x\ty\na\t\n", "dict.bad_word", 2),
        refused("D07 an empty alternative", "en\tfr\na|\tb\n", "dict.bad_word", 2),
        refused("D07 a ragged table", table + "a\tb\n", "dict.bad_row", 3),
        refused("D07 another part", table.replace("train", "dev"), "dict.bad_row", 2),
        refused("D07 a table of other languages", table.replace("\tfr", "\tde"), "dict.no_language", None, "en, de"),
        *(taken(f"D08 {cell!r}", f"{cell}\tb\n", [(cell, "b")]) for cell in ("=cmd|x", "+1a", "@a", "-b", '"q"', "don't")),
        *(taken(f"D09 {cell!r}", f"{cell}\tb\n", [(cell, "b")]) for cell in ("ß", "ｆｕｌｌ", "İ", "ı", "λόγος", "نمی\u200cخواهم")),
        taken("D09 NFD", "e\u0301te\u0301\tb\n", [("été", "b")]),
        *(refused(f"D09 {char!r}", f"a\tb\nc\td{char}e\n", "dict.bad_character", 2, f"U+{ord(char):04X}")
          for char in "\u200b\u202e\x07\u2028\ufffd\u00ad\ufeff"),
        refused("D09 Latin-1", b"a\tb\ncaf\xe9\td\n", "dict.encoding", 2),
    ]  # fmt: skip


def rows() -> list[Row]:
    """All of them."""
    return [*_corpora(), *_dictionaries()]
