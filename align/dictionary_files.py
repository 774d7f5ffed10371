"""The files that dictionaries come from: tables of many languages, tabbed pairs, blank separated pairs."""

import math
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from align.compressed import open_bytes
from align.dictionary import WordPairs, checked_pair
from align.errors import InputError
from align.language import canonical_language
from align.rows import Problems, RowError, numbered_lines, shown

_LABELS = {"concept", "pos", "part"}  # "pos" alone among them could be taken for a language code
_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)

Entry = tuple[str, str, float, str]  # source word, target word, weight, comment


def read_dictionary(path: str | Path, source: str, target: str, *, part: str | None = None) -> WordPairs:
    """The pairs of a file, plain or compressed, told apart by content:

    1. a table: tabs, a header with both language codes; alternatives by `|`, all combined, of weight 1 for
       first with first and 0.5 for the others; a column `part`, `train` or `test`, from which `part` chooses;
    2. `source<TAB>target[<TAB>weight[<TAB>comment]]`, where words may hold blanks;
    3. two words separated by blanks (MUSE).

    Lines that begin with `#` are comments, except `#<TAB>`. Words are kept as written, but in NFC. Warns
    where all source words are numerals. Raises InputError `dict.empty` (also for no file), `dict.bad_row`,
    `dict.bad_word`, `dict.bad_character`, `dict.encoding`, `dict.no_language`, `dict.no_part`,
    `dict.same_language`, `file.*`.

    >>> read_dictionary("en-fr.tsv", "en", "fr", part="train")  # doctest: +SKIP
    WordPairs('en', 'fr', pairs=4012, name='en-fr.tsv')
    """
    source, target, path = canonical_language(source), canonical_language(target), Path(path)
    if part not in (None, "train", "test"):
        raise InputError("dict.no_part", f"part is {shown(part)}; give 'train', 'test' or None", path=path)
    problems, dropped = Problems(path), Counter[str]()
    lines = _lines(path, problems)
    number, first = next(lines, (0, ""))
    names = _header(first, {source, target})
    if names is not None:
        _check_languages(names, source, target, path)
        read = partial(_table_row, names=names, source=source, target=target, part=part, dropped=dropped)
    else:
        read = partial(_pair_row, tabbed="\t" in first)
        lines = chain([(number, first)] if number else [], lines)
    if part is not None and number and "part" not in (names or ()):
        raise InputError("dict.no_part", f"no column 'part', so no {part} pairs; give part=None", path=path)
    pairs: list[tuple[str, str]] = []
    weights: list[float] = []
    comments: list[str] = []
    origins: list[str] = []
    for line, text in lines:
        try:
            for left, right, weight, comment in read(text):
                pairs.append(checked_pair((left, right)))
                weights.append(weight)
                comments.append(comment)
                origins.append(f"{path.name}:{line}")
        except RowError as fault:
            problems.add(f"dict.{fault.kind}", fault, line)
    problems.raise_any()
    if not pairs:
        chosen = "" if part is None else f" in part {part}"
        what = f"no pairs {source}-{target}{chosen}; one pair a line is needed"
        raise InputError("dict.empty", what, path=path)
    if all(left.isnumeric() for left, _ in pairs):
        warnings.warn(f"{path.name}: all source words are numerals, which align little", stacklevel=2)
    notes = tuple(comments) if any(comments) else None
    return WordPairs(source, target, tuple(pairs), np.array(weights), notes, tuple(origins), dropped, path.name)


def dictionary_languages(path: str | Path) -> list[str]:
    """The languages of a table with a header, in its order; [] for the forms that hold one pair a line.

    A header names `concept`, `pos` or `part` and two languages, or three languages and nothing else. Raises
    InputError `dict.empty` for no file, `dict.bad_row`, `dict.encoding`, `file.*`.

    >>> dictionary_languages("concepts.tsv")  # doctest: +SKIP
    ['en', 'fr', 'de']
    """
    problems = Problems(path)
    _, first = next(_lines(Path(path), problems), (0, ""))
    problems.raise_any()
    return [name for name in _header(first, set()) or [] if _is_language(name)]


def _lines(path: Path, problems: Problems) -> Iterator[tuple[int, str]]:
    """(number, text) of the lines that are neither blank nor comments."""
    with ExitStack() as stack:
        try:
            reader = stack.enter_context(open_bytes(path, max_expanded_bytes=1 << 30))
        except InputError as error:
            if error.code != "file.missing":
                raise
            raise InputError("dict.empty", "no such file; check the path", path=path) from None
        for line, raw in numbered_lines(reader, 1 << 20):
            if raw is None:
                problems.add("dict.bad_row", "a line of more than 1 MiB; one pair a line is needed", line)
                continue
            try:
                text = raw.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8")
            except UnicodeDecodeError as error:
                what = f"byte 0x{raw[error.start]:02x} is not UTF-8; convert the file"
                problems.add("dict.encoding", what, line)
                continue
            if text.strip(" \t") and (not text.startswith("#") or text.startswith("#\t")):
                yield line, text


def _header(text: str, wanted: set[str]) -> list[str] | None:
    """Column names, languages in canonical form, where `text` is the header of a table; else None."""
    names = [_column_name(cell.strip(" ")) for cell in text.split("\t")]
    languages = {name for name in names if _is_language(name)}
    labelled = not _LABELS.isdisjoint(names) and len(languages) >= 2
    alone = len(names) == len(languages) >= 3
    return names if labelled or alone or (wanted and wanted <= languages) else None


def _column_name(cell: str) -> str:
    try:
        return cell.lower() if cell.lower() in _LABELS else canonical_language(cell)
    except InputError:
        return cell.lower()


def _is_language(name: str) -> bool:
    try:
        return name not in _LABELS and bool(canonical_language(name))
    except InputError:
        return False


def _check_languages(names: list[str], source: str, target: str, path: Path) -> None:
    for name in (source, target):
        if name not in names:
            there = ", ".join(filter(_is_language, names))
            raise InputError("dict.no_language", f"no column {name!r}; the languages are {there}", path=path)
        if names.count(name) > 1:
            raise InputError("dict.bad_row", f"the header names {name!r} twice; keep one column", path=path)


def _table_row(
    text: str, names: list[str], source: str, target: str, part: str | None, dropped: Counter[str]
) -> list[Entry]:
    cells = [cell.strip(" ") for cell in text.split("\t")]
    if len(cells) != len(names):
        what = f"{len(cells)} cells under {len(names)} columns; leave cells empty, not out"
        raise RowError("bad_row", what)
    row = dict(zip(names, cells, strict=True))
    own = row.get("part")
    if own not in (None, "train", "test"):
        raise RowError("bad_row", f"part is {shown(own)}; write train or test")
    if part not in (None, own):
        return []
    weight = _weight(row.get("weight", ""))
    if not row[source] or not row[target]:
        dropped["dict.empty_cell"] += 1
        return []
    lefts, rights = ([word.strip(" ") for word in row[lang].split("|")] for lang in (source, target))
    return [
        (left, right, weight if i == j == 0 else weight / 2, "")
        for i, left in enumerate(lefts)
        for j, right in enumerate(rights)
    ]


def _pair_row(text: str, tabbed: bool) -> list[Entry]:
    if not tabbed:
        words = re.split("[ \t]+", text.strip(" \t"))
        if len(words) != 2:
            what = f"{len(words)} words separated by blanks; write two, or phrases with a tab between"
            raise RowError("bad_row", what)
        return [(words[0], words[1], 1.0, "")]
    cells = [cell.strip(" ") for cell in text.split("\t")]
    if not 2 <= len(cells) <= 4:
        what = f"{len(cells)} cells; write source, tab, target and perhaps weight and comment"
        raise RowError("bad_row", what)
    left, right, weight, comment = cells + [""] * (4 - len(cells))
    return [(left, right, _weight(weight), comment)]


def _weight(cell: str) -> float:
    """The number in `cell`; 1 where it is empty."""
    weight = 1.0 if not cell else float(cell) if _NUMBER.fullmatch(cell) else math.nan
    if not 0 < weight < math.inf:
        raise RowError("bad_row", f"the weight is {shown(cell)}; write a number above 0")
    return weight
