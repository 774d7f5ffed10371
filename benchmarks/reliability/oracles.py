"""Slow readers of vectors and dictionaries, by the plain rules and nothing of `align`: what a fast reader must agree with.

Each takes the bytes of an uncompressed file and gives its content, or `REFUSED`.
"""

import math
import re
import struct
import unicodedata
from fractions import Fraction

import numpy as np

REFUSED = "refused"
ASCII_BLANKS = " \t\n\r\v\f"
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LARGEST = float(np.finfo(np.float32).max)
_SMALLEST = float(np.finfo(np.float32).tiny)  # of squared lengths


class RefusedError(Exception):
    """The file breaks a rule."""


def text_vectors(content, format=None):
    """[(word, (float, …)), …] of a text of vectors; `format` is word2vec (with a header), glove (without) or None."""
    try:
        lines = _lines(content)
    except RefusedError:
        return REFUSED
    found = []
    for read in [_with_header] * (format != "glove") + [_without_header] * (format != "word2vec"):
        try:
            found.append(read(lines))
        except RefusedError:
            continue
    return found[0] if len(found) == 1 else REFUSED  # what is good both ways, nobody can tell


def binary_vectors(content):
    """[(word, (float, …)), …] of word2vec's binary form."""
    try:
        head, newline, rest = content.partition(b"\n")
        fields = head.split()
        if not newline or len(fields) != 2 or not all(field.isdigit() for field in fields):
            raise RefusedError
        n_rows, dim = map(int, fields)
        if not n_rows or not dim:
            raise RefusedError
        rows, at = [], 0
        for _ in range(n_rows):
            while rest[at : at + 1] == b"\n":
                at += 1
            end = rest.index(b" ", at)
            word = _word(rest[at:end])
            at = end + 1 + 4 * dim
            rows.append((word, struct.unpack(f"<{dim}f", rest[end + 1 : at])))
            if not all(map(math.isfinite, rows[-1][1])):
                raise RefusedError
        if rest[at:].strip(b"\n"):
            raise RefusedError
        return _kept(rows)
    except (RefusedError, ValueError, struct.error):
        return REFUSED


def _lines(content):
    """Lines as strings, without blank ones at the end."""
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _with_header(lines):
    head = lines[0].replace("\t", " ").strip(" ").split(" ") if lines else []
    if len(head) != 2 or not all(field.isascii() and field.isdigit() for field in head):
        raise RefusedError
    n_rows, dim = int(head[0][:20]), int(head[1][:20])
    if not n_rows or not dim or n_rows != len(lines) - 1:
        raise RefusedError
    return _kept(_rows(lines[1:], dim))


def _without_header(lines):
    if not lines:
        raise RefusedError
    separator = _separator(lines[0])
    dim = 0
    for field in reversed(lines[0].removesuffix(separator).split(separator)[1:]):  # the first is a word, whatever it is
        if not _is_number(field):
            break
        dim += 1
    return _kept(_rows(lines, dim))


def _rows(lines, dim):
    separator = _separator(lines[0]) if lines else " "
    for line in lines:
        fields = line.removesuffix(separator).split(separator)
        word, numbers = fields[:-dim], fields[-dim:]
        if not dim or not word or "" in word or not all(_DECIMAL.fullmatch(number) for number in numbers):
            raise RefusedError
        if len(word) > 1 and _is_number(word[-1]):  # then nobody can tell how many numbers there are
            raise RefusedError
        floats = tuple(map(nearest_float32, numbers))
        if not all(map(math.isfinite, floats)):
            raise RefusedError
        yield _word(separator.join(word).encode()), floats


def _separator(line):
    """The blank or tab before the last number of `line`."""
    return next((c for c in reversed(line.rstrip(" \t")) if c in " \t"), " ")


def _is_number(text):
    return bool(_DECIMAL.fullmatch(text) or re.fullmatch(r"[+-]?(nan|inf|infinity)", text, re.IGNORECASE | re.ASCII))


def _word(token):
    word = token.decode("utf-8")
    if not word.strip(ASCII_BLANKS) or len(token) > 1024 or any(c in word for c in "\0\n\r"):
        raise RefusedError
    return word


def _kept(rows):
    """The rows but those that are always left out: no direction in float32, white space, a word that was there before."""
    kept, seen = [], set()
    for word, numbers in rows:
        key = unicodedata.normalize("NFC", word)
        if word.isspace() or not _SMALLEST <= sum(x * x for x in numbers) <= _LARGEST or key in seen:
            continue
        seen.add(key)
        kept.append((word, numbers))
    if not kept:
        raise RefusedError
    return kept


def nearest_float32(decimal):
    """The float32 nearest to a decimal number, the even one of two, inf beyond the largest; by exact fractions."""
    rough = float(decimal)
    if rough == 0 or not 1e-50 < abs(rough) < 1e39:
        return math.copysign(0.0 if abs(rough) < 1 else math.inf, rough)
    with np.errstate(over="ignore"):
        near = np.float32(rough)
    if not np.isfinite(near):
        near = np.copysign(np.float32(_LARGEST), near)
    exact = Fraction(decimal)
    if abs(exact) >= 2**128 - 2**103:  # from the middle between the largest and what would come next
        return math.copysign(math.inf, rough)
    with np.errstate(over="ignore"):
        sides = (np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf)))
    finite = [side for side in sides if np.isfinite(side)]
    best = min(finite, key=lambda side: (abs(Fraction(float(side)) - exact), int(side.view(np.uint32)) & 1))
    return math.copysign(float(best), rough)


def plain_lines(content):
    """The lines of a text."""
    text = content.removeprefix(b"\xef\xbb\xbf")
    try:
        lines = text.decode("utf-8").removesuffix("\n").split("\n") if text else []
    except UnicodeDecodeError:
        return REFUSED
    return REFUSED if b"\0" in text else [line.removesuffix("\r") for line in lines]


# Dictionaries


def dictionary(content, source="en", target="fr"):
    """(pairs, weights, how many cells of a table were empty, how many pairs were there before)."""
    try:
        return _dictionary(content, source, target)
    except (RefusedError, UnicodeDecodeError):
        return REFUSED


def _dictionary(content, source, target):
    lines = []
    for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        text = line.removesuffix(b"\r").decode("utf-8")
        if text.strip(" \t") and not (text.startswith("#") and text[1:2] != "\t"):
            lines.append(text)
    if not lines:
        raise RefusedError
    names = [_column(cell) for cell in lines[0].split("\t")]
    languages = [name for name in names if _is_language(name)]
    labels = {"concept", "pos", "part"} & set(names)
    is_table = {source, target} <= set(languages) or (
        (len(set(languages)) >= 2 and bool(labels)) or len(set(languages)) == len(names) >= 3
    )
    if is_table and (names.count(source) != 1 or names.count(target) != 1):
        raise RefusedError
    entries, empty = [], 0
    for line in lines[is_table:]:
        if is_table:
            found = _table_entries(line, names, source, target)
            empty += found is None
            entries += found or []
        else:
            entries.append(_pair_entry(line, "\t" in lines[0]))
    if not entries:
        raise RefusedError
    heaviest = {}
    for left, right, weight in entries:
        pair = _entry_word(left), _entry_word(right)
        heaviest[pair] = max(weight, heaviest.get(pair, 0))
    return list(heaviest), list(heaviest.values()), empty, len(entries) - len(heaviest)


def _table_entries(line, names, source, target):
    cells = [cell.strip(" ") for cell in line.split("\t")]
    if len(cells) != len(names):
        raise RefusedError
    row = dict(zip(names, cells, strict=True))
    if row.get("part", "train") not in ("train", "test"):
        raise RefusedError
    weight = _weight(row.get("weight", ""))
    if not row[source] or not row[target]:
        return None
    entries = []
    for i, left in enumerate(row[source].split("|")):
        for j, right in enumerate(row[target].split("|")):
            entries.append((left.strip(" "), right.strip(" "), weight if i == j == 0 else weight / 2))
    return entries


def _pair_entry(line, tabbed):
    if not tabbed:
        words = [word for word in line.replace("\t", " ").split(" ") if word]
        if len(words) != 2:
            raise RefusedError
        return words[0], words[1], 1.0
    cells = [cell.strip(" ") for cell in line.split("\t")]
    if len(cells) not in (2, 3, 4):
        raise RefusedError
    return cells[0], cells[1], _weight(cells[2] if len(cells) > 2 else "")


def _weight(cell):
    if not cell:
        return 1.0
    if not _DECIMAL.fullmatch(cell) or cell[0] in "+-" or not 0 < float(cell) < math.inf:
        raise RefusedError
    return float(cell)


def _entry_word(word):
    if not word or word != word.strip():
        raise RefusedError
    for at, char in enumerate(word):
        before = word[at - 1] if at else " "
        joiner = char in "\u200c\u200d"  # which Persian and the scripts of India spell with
        if joiner and unicodedata.category(before)[0] in "LM":
            script = unicodedata.name(before, "LATIN").split(" ")[0]
            joiner = script in ("LATIN", "GREEK", "CYRILLIC", "CJK", "HANGUL", "HIRAGANA", "KATAKANA")
            if not joiner:
                continue
        if char == "\ufffd" or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            raise RefusedError
    word = unicodedata.normalize("NFC", word)
    if len(word.encode()) > 1024:
        raise RefusedError
    return word


def _column(cell):
    name = cell.strip(" ")
    return name.lower().replace("_", "-") if _is_language(name) else name.lower()


def _is_language(name):
    code = re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", name)
    return bool(code) and len(name) <= 35 and name.lower() not in ("concept", "pos", "part")
