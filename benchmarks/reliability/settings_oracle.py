"""A slow reader of the configuration: TOML as Python reads it, then every key held against the list of the README."""

import math
import re
import tomllib
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.reliability.oracles import REFUSED, RefusedError


class Key(NamedTuple):
    """What may stand under a key, and what counts where it is not there; `...` where it must be there."""

    allows: Callable[[Any], bool]
    default: Any = None


def settings(content):
    """The whole configuration with its defaults, as a dict."""
    try:
        given = tomllib.loads(content.decode("utf-8"))
        found = _section(given, TOP)
        found["languages"] = {_code(lang): _section(about, LANGUAGE) for lang, about in given["languages"].items()}
        _check_languages(given["languages"])
        for name, keys in (("dictionaries", DICTIONARY), ("documents", DOCUMENTS)):
            found[name] = [_section(entry, keys) for entry in given.get(name, [])]
        for name, keys in SECTIONS.items():
            found[name] = _section(given.get(name, {}), keys)
        found["passages"] = _section(given["passages"], PASSAGES) if "passages" in given else None
        _check_references(found)
    except (
        RefusedError,
        ValueError,
        RecursionError,
    ):  # of tomllib: TOMLDecodeError, and that of int for too many digits
        return REFUSED
    return found


def _section(given, keys):
    if not isinstance(given, dict) or not given.keys() <= keys.keys():
        raise RefusedError
    found = {}
    for name, key in keys.items():
        if name not in given:
            if key.default is ...:
                raise RefusedError
            found[name] = key.default
        elif not key.allows(given[name]):
            raise RefusedError
        else:
            found[name] = given[name]
    return found


def _check_languages(languages):
    for about in languages.values():
        others = {"text", "train", "epochs", "window", "min_count", "seed", "workers"}
        if ("vectors" in about) == ("corpus" in about):
            raise RefusedError
        if about.keys() & (others if "vectors" in about else {"limit", "on_bad_row"}):
            raise RefusedError


def _check_references(found):
    languages = found["languages"]
    if found["space"]["pivot"] not in (None, *languages):
        raise RefusedError
    for entry in found["dictionaries"]:
        sides = [lang for lang in (entry["source"], entry["target"]) if lang is not None]
        alike = entry["identical"] is not None
        if (entry["path"] is None) != alike or len(sides) == 1 or (alike and not sides) or len(set(sides)) < len(sides):
            raise RefusedError
        if not set(sides) <= set(languages):
            raise RefusedError
    if not {entry["lang"] for entry in found["documents"]} <= {None, *languages}:
        raise RefusedError
    cut = found["passages"]
    if cut and cut["overlap"] is not None and cut["overlap"] >= cut["tokens"]:
        raise RefusedError


def _code(value):
    if not _is_code(value):
        raise RefusedError
    return value


def _is_code(value):
    """A canonical code: en, zh-Hant, pt-BR, de-1996."""
    if not isinstance(value, str) or len(value) > 35 or not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", value):
        return False
    for part in value.split("-")[1:]:
        shape = part.upper() if len(part) == 2 else part.title() if len(part) == 4 and part.isalpha() else part.lower()
        if part != shape:
            return False
    return True


def _text(value):
    return isinstance(value, str)


def _whole(least, most=math.inf):
    return lambda value: type(value) is int and least <= value <= most


def _one_of(*names):
    return lambda value: isinstance(value, str) and value in names


def _real(allows):
    return lambda value: type(value) in (int, float) and math.isfinite(value) and allows(value)


def _texts(value):
    return isinstance(value, list) and len(value) > 0 and all(map(_text, value))


def _table(value):
    return isinstance(value, dict) and len(value) > 0


def _entries(value):
    return isinstance(value, list)


def _anything(value):
    return True


BAD_ROW = Key(_one_of("fail", "skip"), "fail")
SPACE = {
    "pivot": Key(_is_code),
    "method": Key(_one_of("auto", "procrustes", "refine", "reweight", "self-learning", "unsupervised"), "auto"),
    "dim": Key(_whole(2, 4096), 300),
}
LANGUAGE = {
    "vectors": Key(_text),
    "limit": Key(_whole(1, 100_000_000)),
    "on_bad_row": BAD_ROW,
    "corpus": Key(_texts),
    "text": Key(_text, "text"),
    "train": Key(_one_of("skipgram", "cbow", "fasttext"), "skipgram"),
    "epochs": Key(_whole(1, 1000)),
    "window": Key(_whole(1, 1000), 5),
    "min_count": Key(_whole(1, 100_000_000), 5),
    "seed": Key(_whole(0, 2**31 - 1), 0),
    "workers": Key(_whole(1, 256), 1),
}
DICTIONARY = {
    "path": Key(_text),
    "identical": Key(_one_of("words", "numerals")),
    "source": Key(_is_code),
    "target": Key(_is_code),
    "test": Key(_text),
}
DOCUMENTS = {
    "path": Key(_text, ...),
    "lang": Key(_is_code),
    "id": Key(_text, "id"),
    "text": Key(_text, "text"),
    "on_bad_row": BAD_ROW,
}
POOLING = {
    "weighting": Key(_one_of("sif", "usif", "idf", "tfidf", "uniform", "auto"), "sif"),
    "a": Key(_real(lambda a: 0 < a <= 1e6), 0.03),
    "reduce": Key(_one_of("mean", "max", "mean_sqrt_len"), "mean"),
    "components": Key(_whole(0, 100), 0),
    "components_of": Key(_one_of("language", "joint"), "language"),
}
PASSAGES = {"tokens": Key(_whole(1, 100_000_000), 200), "overlap": Key(_whole(0))}
SECTIONS = {
    "space": SPACE,
    "pooling": POOLING,
    "evaluation": {
        "held_out": Key(_real(lambda share: 0 <= share < 1), 0.1),
        "parallel_ids": Key(lambda value: isinstance(value, bool), False),
    },
    "warehouse": {"path": Key(_text, "warehouse/data")},
    "resources": {"memory": Key(lambda value: False)},  # of amounts of memory the seeds know none
}
TOP = {
    "name": Key(_text, ""),
    "languages": Key(_table, ...),
    "dictionaries": Key(_entries),
    "documents": Key(_entries),
    "passages": Key(_anything),
    **dict.fromkeys(SECTIONS, Key(_anything)),
}
