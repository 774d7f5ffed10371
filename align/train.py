"""Word vectors from text, through gensim.

Text is tokenised once into a temporary token file, then streamed from it in every epoch, so memory holds the
vocabulary and the vectors, never the corpus.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from align.arguments import expect, is_list
from align.compressed import file_digest
from align.corpus import expand_paths, read_lines
from align.errors import InputError, ResourceError, printable
from align.failpoints import reach
from align.language import canonical_language
from align.tokens import TOKENIZER, sentences
from align.vectors import Subwords, WordVectors

Method = Literal["skipgram", "cbow", "fasttext"]
Progress = Callable[[int, int], None]

MAX_DIFFERENT = 20_000_000  # words; counting more would take gigabytes
SUBWORD_BUCKETS = (
    200_000  # a tenth of fastText's: enough for the corpora an ordinary computer trains on, 160 MB at dim 200
)


def train_vectors(
    paths: Iterable[str | Path],
    *,
    lang: str,
    method: Method = "skipgram",
    dim: int = 300,
    epochs: int | None = None,
    window: int = 5,
    min_count: int = 5,
    negative: int = 10,
    sample: float = 1e-4,
    seed: int = 0,
    workers: int = 1,
    text_column: str = "text",
    progress: Progress | None = None,
    check: Callable[[int, bool], object] | None = None,
) -> WordVectors:
    """Train vectors on the text of `paths` (plain text, .jsonl, .csv, .parquet; compressed or not).

    `epochs=None` chooses 5 from five million tokens on, more for less text (see `epochs_for`). With `workers=1` equal input
    and seed give equal bits; more workers are faster and differ from run to run. `progress(done, total)` counts tokens
    over all epochs. `check` is told (n, False) whenever the different words of the text have doubled to n, and (n, True) how many
    words are to have vectors, before anything is made for them: it may refuse them by raising. The settings, the seed and
    the digests of the files are kept in `origin`, occurrences in `counts`. A line of more than 10,000 tokens is cut into
    such of that length; `texts_cut` of `origin` counts them.

    Raises InputError `corpus.*` for unusable text, `corpus.no_vocab` when no word occurs `min_count` times, and
    `train.bad_value` for a setting out of range, `api.bad_type`; ResourceError `corpus.too_many_words`. What `progress` raises ends the training.

    Source: Mikolov et al. 2013 (skip-gram, CBOW with negative sampling), Bojanowski et al. 2017 (fastText).

    >>> train_vectors(["fr/*.txt.gz"], lang="fr", dim=200)      # doctest: +SKIP
    WordVectors(lang='fr', words=24518, dim=200, counts=True)
    """
    lang = canonical_language(lang)
    _check(method, dim=dim, window=window, min_count=min_count, negative=negative, workers=workers, seed=seed)
    if epochs is not None:
        _check(method, epochs=epochs)
    if isinstance(sample, bool) or not isinstance(sample, int | float) or not 0 <= sample <= 1:
        raise InputError("train.bad_value", f"sample={printable(repr(sample))}; a number from 0 to 1")
    expect(str, text_column=text_column)
    if progress is not None and not callable(progress):
        raise InputError(
            "api.bad_type", f"progress is of type {type(progress).__name__}; a function of (done, total), or None"
        )
    if isinstance(paths, (str, Path)):
        raise InputError("corpus.bad_token", f"paths is one string, {printable(str(paths))}; give a list of paths")
    if not is_list(paths):
        raise InputError("api.bad_type", f"paths is one {type(paths).__name__}; give a list of paths")
    paths = list(paths)
    for path in paths:
        expect((str, os.PathLike), path=path)
    files = expand_paths([str(path) for path in paths], Path())
    with tempfile.TemporaryDirectory(prefix="align-tokens-") as folder:
        corpus = _tokenize(read_lines(files, text_column=text_column), lang, Path(folder) / "tokens.txt", check)
        rounds = epochs_for(corpus.tokens) if epochs is None else epochs
        vocabulary = {word: n for word, n in corpus.counts.items() if n >= min_count}
        if not vocabulary:
            raise InputError(
                "corpus.no_vocab",
                f"{corpus.tokens:,} tokens, {len(corpus.counts):,} different words, none occurs {min_count} times; "
                "give more text or a lower min_count",
            )
        if check is not None:
            check(len(vocabulary), True)
        settings: dict[str, Any] = {
            "vector_size": dim, "window": window, "min_count": min_count, "negative": negative, "sample": sample,
            "epochs": rounds, "seed": seed, "workers": workers,
        }  # fmt: skip
        keyed = _fit(method, settings, vocabulary, corpus, progress)
    words = list(keyed.index_to_key)
    origin = {
        "trained": method,
        **settings,
        "tokens": corpus.tokens,
        "texts_cut": corpus.cut,
        "tokenizer": TOKENIZER,
        "files": [[path.name, file_digest(path)] for path in files],
    }
    subwords = None
    if method == "fasttext":
        subwords = Subwords(np.asarray(keyed.vectors_ngrams, dtype=np.float32), keyed.min_n, keyed.max_n)
    counts = np.array([vocabulary[word] for word in words], dtype=np.int64)
    return WordVectors(lang, tuple(words), keyed.vectors, counts, origin, {}, subwords)


def epochs_for(tokens: int) -> int:
    """Passes over a corpus of `tokens` tokens: 25 million tokens in all, at least 5 and at most 15 passes.

    More passes over little text make vectors fit it better and align worse (measured: benchmarks/README.md).
    """
    expect((int, np.integer), tokens=tokens)
    return int(min(15, max(5, round(25_000_000 / max(tokens, 1)))))


@dataclass(frozen=True)
class _TokenFile:
    """A file of one sentence per line, tokens separated by blanks; iterating it yields token lists."""

    path: Path
    counts: Counter[str]
    tokens: int
    lines: int
    cut: int

    def __iter__(self) -> Iterator[list[str]]:
        with self.path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                yield line.split()


def _tokenize(
    lines: Iterable[str], lang: str, path: Path, check: Callable[[int, bool], object] | None = None
) -> _TokenFile:
    counts: Counter[str] = Counter()
    n_lines, cut, told = 0, 0, 1 << 16
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in chain.from_iterable(map(str.splitlines, lines)):
            pieces = list(sentences(line, lang))
            cut += len(pieces) > 1
            n_lines += len(pieces)
            for tokens in pieces:
                counts.update(tokens)
                file.write(" ".join(tokens) + "\n")
            if check is not None and len(counts) >= told:
                check(len(counts), False)
                told *= 2
            if len(counts) > MAX_DIFFERENT:
                raise ResourceError(
                    "corpus.too_many_words",
                    f"more than {MAX_DIFFERENT:,} different words; give less text, or text that is split into words",
                )
    return _TokenFile(path, counts, counts.total(), n_lines, cut)


class _Counted:
    """The token file again for every epoch, reporting tokens passed.

    gensim reads it in a thread, and waits for ever for a reader that failed. So a failure ends the tokens, and waits in
    `failure` for the thread that trains.
    """

    def __init__(self, corpus: _TokenFile, epochs: int, progress: Progress | None) -> None:
        self._corpus, self._progress = corpus, progress
        self._done, self._total = 0, corpus.tokens * epochs
        self.failure: BaseException | None = None

    def __iter__(self) -> Iterator[list[str]]:
        try:
            if self.failure is None:
                yield from self._read()
        except GeneratorExit:
            raise
        except BaseException as failure:
            self.failure = failure

    def _read(self) -> Iterator[list[str]]:
        for n, tokens in enumerate(self._corpus):
            if n == self._corpus.lines // 2:
                reach("vectors.training")
            self._done += len(tokens)
            if self._progress is not None and n % 1000 == 0:
                self._progress(self._done, self._total)
            yield tokens
        if self._progress is not None:
            self._progress(self._done, self._total)


def _fit(
    method: Method, settings: dict[str, Any], vocabulary: dict[str, int], corpus: _TokenFile, progress: Progress | None
) -> Any:
    from gensim.models import FastText, Word2Vec  # 2 s to import: only when training

    if method == "fasttext":
        model = FastText(sg=1, bucket=SUBWORD_BUCKETS, **settings)
    else:
        model = Word2Vec(sg=int(method == "skipgram"), **settings)
    # Ties in frequency are broken by the word, so the order of the files does not matter to the rows.
    model.build_vocab_from_freq(dict(sorted(vocabulary.items())), corpus_count=corpus.lines)
    epochs = settings["epochs"]
    counted = _Counted(corpus, epochs, progress)
    model.train(counted, total_examples=corpus.lines, epochs=epochs)
    if counted.failure is not None:
        raise counted.failure
    return model.wv


def _check(method: str, **values: int) -> None:
    if not isinstance(method, str) or method not in get_args(Method):
        raise InputError("train.bad_value", f"method {printable(repr(method))}; one of {', '.join(get_args(Method))}")
    for name, value in values.items():
        least = 0 if name == "seed" else 1
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 100_000:
            raise InputError("train.bad_value", f"{name}={printable(repr(value))}; an integer from {least} to 100,000")
