"""Projects of any size, made up: languages that are turned into one another, a dictionary, and documents in all of them."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import align
from align.vectors import WordVectors

CODES = ("en", "de", "fr", "es", "it", "nl", "pt", "sv")
PAIRS = 2_000  # concepts of the dictionary, the most frequent ones


@dataclass(frozen=True)
class Size:
    """`words` of each of `languages` in `dim` dimensions; `documents` of each language of `tokens` tokens.

    `text`: vectors as text, not as safetensors. `passages`: cut documents into passages of 50 tokens.
    """

    words: int
    languages: int = 2
    dim: int = 50
    documents: int = 200
    tokens: int = 50
    method: str = "auto"
    text: bool = False
    passages: bool = False


def make_project(root: Path, size: Size, seed: int = 0) -> Path:
    """Write the project into `root`; returns its configuration."""
    rng = np.random.default_rng(seed)
    root.mkdir(parents=True, exist_ok=True)
    codes = CODES[: size.languages]
    cloud = rng.standard_normal((size.words, size.dim)).astype("f4") * (1 + rng.random((1, size.dim), dtype="f4"))
    suffix = "vec" if size.text else "safetensors"
    for lang in codes:
        turn = np.linalg.qr(rng.standard_normal((size.dim, size.dim)))[0].astype("f4")
        noise = rng.standard_normal(cloud.shape, dtype="f4") * np.float32(0.4)
        words = tuple(f"{lang}word{n}" for n in range(size.words))
        align.write_vectors(WordVectors(lang, words, (cloud + noise) @ turn), root / f"{lang}.{suffix}")
    rows = ["\t".join(f"{lang}word{n}" for lang in codes) for n in range(min(PAIRS, size.words // 2))]
    head = ["\t".join(codes)] if len(codes) > 2 else []
    (root / "table.tsv").write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    for lang in codes:
        with (root / f"{lang}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(size.documents):
                place = (rng.pareto(1.0, size.tokens) * 20).astype(int) % size.words
                row = {
                    "id": f"d{number}",
                    "text": " ".join(f"{lang}word{n}" for n in place),
                    "year": 2000 + number % 20,
                }
                file.write(json.dumps(row) + "\n")
    config = root / "align.toml"
    config.write_text(_configuration(codes, size, suffix), encoding="utf-8")
    return config


def _configuration(codes: tuple[str, ...], size: Size, suffix: str) -> str:
    text = f'[space]\nmethod = "{size.method}"\n'
    text += "".join(f'[languages.{lang}]\nvectors = "{lang}.{suffix}"\n' for lang in codes)
    text += '[[dictionaries]]\npath = "table.tsv"\n'
    text += f'source = "{codes[0]}"\ntarget = "{codes[1]}"\n' if len(codes) == 2 else ""
    text += "".join(f'[[documents]]\npath = "{lang}.jsonl"\nlang = "{lang}"\n' for lang in codes)
    text += "[passages]\ntokens = 50\n" if size.passages else ""
    return text + '[warehouse]\npath = "store"\n'
