"""Slow readers of documents, by the plain rules and nothing of `align`: JSON by RFC 8259, CSV by RFC 4180, a character at a time."""

import json
import math
import re
import unicodedata

from benchmarks.reliability.oracles import REFUSED, RefusedError

RESERVED = {"query", "rank", "score", "probability", "lang", "doc_id", "title", "passage", "passage_start", "passage_stop", "why"}  # fmt: skip
FOREIGN = ("<!doctype html", "%pdf-", "pk\x03\x04", "\x89png", "\x7felf")
MAX_DEPTH, MAX_KEYS, MAX_ID, MAX_TEXT = 64, 200, 1_024, 10_000_000
JSON_BLANKS = " \t\r\n"


def json_documents(content, lang="en"):
    """[(id, language, title, text, metadata as sorted JSON), …] of JSON lines and how many lines repeat an earlier one."""
    try:
        rows = []
        for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
            if line.strip(b" \t\r\v\f"):
                rows.append(_Json(line.decode("utf-8")).whole())
        for row in rows:
            if not isinstance(row, dict):
                raise RefusedError
            _check_names(row)
        return _documents(rows, lang)
    except (RefusedError, UnicodeDecodeError):
        return REFUSED


def csv_documents(content, lang="en"):
    """The same of CSV."""
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        if "\0" in text or _is_foreign(text):
            raise RefusedError
        header, *records = _csv_records(text) or [[]]
        if len(set(header)) < len(header) or not {"id", "text"} <= set(header):
            raise RefusedError
        _check_names(header)
        rows = []
        for record in records:
            if record and len(record) != len(header):
                raise RefusedError
            if record:
                rows.append({name: cell or None for name, cell in zip(header, record, strict=True)})
        return _documents(rows, lang)
    except (RefusedError, UnicodeDecodeError):
        return REFUSED


def _documents(rows, lang):
    kept, repeated = {}, 0
    for row in rows:
        own = row.pop("lang", None)
        code = lang if own is None else _language(own)
        if code != lang:
            raise RefusedError
        key = code, _id(row.pop("id", None))
        title = row.pop("title", None)
        if title is not None:
            _check_string(title, MAX_TEXT)
        text = row.pop("text", ...)
        text = "" if text is None else text
        _check_string(text, MAX_TEXT)
        head = text[:4096]
        odd = sum(c < "\t" or "\r" < c < " " or c in "\x7f\ufffd" for c in head)
        if "\0" in text or odd * 20 > len(head) or _is_foreign(head):
            raise RefusedError
        metadata = json.dumps(row, ensure_ascii=False, sort_keys=True)
        _check_string(metadata, MAX_TEXT)
        found = title, text, metadata
        if kept.setdefault(key, found) != found:
            raise RefusedError
        repeated += 1
    return [(doc_id, code, *found) for (code, doc_id), found in kept.items()], repeated - len(kept)


def _language(value):
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*", value):
        raise RefusedError
    return value.lower().replace("_", "-") if len(value) <= 35 else None  # none of the seeds has more than two letters


def _id(value):
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    _check_string(value, MAX_ID)
    if not value.strip() or "\0" in value:
        raise RefusedError
    return value


def _check_string(value, longest):
    if not isinstance(value, str) or any("\ud800" <= c <= "\udfff" for c in value) or len(value.encode()) > longest:
        raise RefusedError


def _check_names(names):
    own = {"id", "text", "lang", "title"}
    metadata = [name for name in names if name not in own]
    keys = [unicodedata.normalize("NFC", name).casefold() for name in metadata]
    taken = len(set(keys)) < len(keys) or set(keys) & (own | RESERVED)
    if len(metadata) > MAX_KEYS or taken or not all(key.strip() for key in keys):
        raise RefusedError
    for name in metadata:
        _check_string(name, MAX_ID)


def _is_foreign(text):
    head = text.lstrip().lower()
    return head.startswith(FOREIGN) or re.match(r"<html[\s>]", head)


class _Json:
    """One JSON value, read from left to right."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def whole(self):
        value = self.value(0)
        if self.skip() != "":
            raise RefusedError
        return value

    def skip(self):
        """The next character that is no blank; "" at the end."""
        while self.text[self.at : self.at + 1] in tuple(JSON_BLANKS):
            self.at += 1
        return self.text[self.at : self.at + 1]

    def value(self, depth):
        char = self.skip()
        if char in ("{", "["):
            if depth >= MAX_DEPTH:
                raise RefusedError
            return self.object(depth + 1) if char == "{" else self.array(depth + 1)
        if char == '"':
            return self.string()
        for word, meant in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return meant
        return self.number()

    def expect(self, char):
        if self.skip() != char:
            raise RefusedError
        self.at += 1

    def object(self, depth):
        found = {}
        self.expect("{")
        while self.skip() != "}":
            if found:
                self.expect(",")
            if self.skip() != '"':
                raise RefusedError
            key = self.string()
            self.expect(":")
            if key in found:
                raise RefusedError
            found[key] = self.value(depth)
        self.at += 1
        return found

    def array(self, depth):
        found = []
        self.expect("[")
        while self.skip() != "]":
            if found:
                self.expect(",")
            found.append(self.value(depth))
        self.at += 1
        return found

    def string(self):
        self.at += 1
        units = []  # UTF-16, so that halves that were escaped apart come together
        while True:
            char = self.text[self.at : self.at + 1]
            self.at += 1
            if char < " ":  # also the end
                raise RefusedError
            if char == '"':
                return b"".join(units).decode("utf-16-le", "surrogatepass")
            if char == "\\":
                char = self.escape()
            units.append(char.encode("utf-16-le", "surrogatepass"))

    def escape(self):
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if char == "u":
            digits = self.text[self.at : self.at + 4]
            if not re.fullmatch("[0-9a-fA-F]{4}", digits):
                raise RefusedError
            self.at += 4
            return chr(int(digits, 16))
        found = dict(zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True)).get(char)
        if found is None:
            raise RefusedError
        return found

    def number(self):
        found = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?").match(self.text, self.at)
        if not found:
            raise RefusedError
        self.at = found.end()
        if found[2] is None and found[3] is None:
            if len(found[0]) > 20 or not -(2**63) <= int(found[0]) < 2**63:
                raise RefusedError
            return int(found[0])
        if not math.isfinite(float(found[0])):
            raise RefusedError
        return float(found[0])


def _csv_records(text):
    """Records as lists of cells; [] for a blank line."""
    records, record, cell, state, at = [], [], "", "start", 0
    while at < len(text):
        char = text[at]
        if char == ",":
            record, cell, state = [*record, cell], "", "cell"
        elif char in "\r\n":
            stop = text.find("\n", at)
            if text[at : stop if stop >= 0 else len(text)].strip("\r"):
                raise RefusedError  # a CR within a record
            records.append([] if state == "start" else [*record, cell])
            record, cell, state = [], "", "start"
            at = stop if stop >= 0 else len(text)
        elif state == "closed":
            raise RefusedError
        elif char == '"' and not cell:
            cell, at = _quoted(text, at + 1)
            state = "closed"
        else:
            cell, state = cell + char, "cell"
        at += 1
    return records if state == "start" else [*records, [*record, cell]]


def _quoted(text, at):
    """The cell that begins at `at`, after its quote, and the place of the quote that ends it."""
    cell = ""
    while at < len(text):
        if text[at] != '"':
            cell += text[at]
        elif text[at + 1 : at + 2] == '"':
            cell += '"'
            at += 1
        else:
            return cell, at
        at += 1
    raise RefusedError
