"""How much memory every step of a build takes, told before it is taken; what cannot fit is refused with what would do.

The formulas count what a step holds at once: copies of the word vectors, of the documents and of what is made of them, and
blocks of scores, which grow smaller where there is less. Their constants were measured (`benchmarks.reliability memory`,
which holds them against what is taken): no less than is taken, and less than twice as much from 512 MiB on. What counts is resident
memory of the process that builds; the Prefect server beside it is another.
"""

import ctypes
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa

from align.dictionary import WordPairs
from align.errors import AlignError, ResourceError
from align.memory import LEAST_WORKING, MOST_WORKING, machine_memory, shown_size, working_memory
from align.rows import COMPRESSED
from align.train import SUBWORD_BUCKETS
from align.vector_sizes import VectorsSize, vectors_size
from flows.plan import Plan
from flows.settings import Settings

MIB = 1 << 20
SHARE = 0.8  # of the machine, where no limit is given
BASE = 400 * MIB  # Python, all that is imported, a flow of Prefect's at work, and what earlier steps leave behind
TRAINER = 60 * MIB  # gensim and its queues
PARSER = 96 * MIB  # a block of text on its way to numbers
PACKED = 4  # times that documents shrink when they are compressed, more or less
WORD = 300  # bytes of Python for every word: its string, and its place in dictionaries of words
DOCUMENT = 100  # bytes of a document in its file, at the least on average
TOKEN = 5  # bytes of text for each, at the least on average
PAIRED, TRIED, SIGNALLED = 10_000, 25_000, 4_000  # words a side at which align.refine, .choice and .signals look
BLOCKS = 1.3  # times the working memory, with what is made of a block
LEAST_BLOCKS = int(BLOCKS * LEAST_WORKING)
LEAST_STORE = 64 * MIB  # of DuckDB
BATCH = 18 * (4 << 20)  # of the texts that pooling takes apart together

M_MMAP_THRESHOLD = -3  # of mallopt(3)
_C = ctypes.CDLL(None)


@dataclass(frozen=True)
class Load:
    """What a build works on, as far as is known: `words` by language, `documents` of all languages with the bytes of their texts."""

    words: Mapping[str, VectorsSize]
    documents: int = 0
    text: int = 0
    passages: int = 0
    method: str = "auto"
    pairs: int = 10_000

    @property
    def dim(self) -> int:
        return max((size.dim for size in self.words.values()), default=0)

    @property
    def most(self) -> int:
        """Words of the largest language."""
        return max((size.words for size in self.words.values()), default=0)

    @property
    def rows(self) -> int:
        return sum(size.words for size in self.words.values())

    @property
    def matrices(self) -> int:
        """Bytes of all word vectors once, n-gram buckets among them."""
        return sum(_matrix(size) for size in self.words.values())

    @property
    def largest(self) -> int:
        return max((_matrix(size) for size in self.words.values()), default=0)

    def capped(self, limit: int) -> "Load":
        """With at most `limit` words of every language."""
        return replace(self, words={lang: replace(s, words=min(s.words, limit)) for lang, s in self.words.items()})


@dataclass(frozen=True)
class Need:
    """`fixed` bytes whatever is done, up to `blocks` more for blocks, `store` of which DuckDB's. `doing` opens the sentence of a refusal."""

    doing: str
    fixed: int
    blocks: int = 0
    store: int = 0

    @property
    def least(self) -> int:
        """Bytes below which it cannot be done."""
        return self.fixed + min(self.blocks, LEAST_BLOCKS) + min(self.store, LEAST_STORE)

    @property
    def most(self) -> int:
        """Bytes beyond which it takes no more."""
        return self.fixed + self.blocks + self.store

    def within(self, limit: int) -> tuple[int, int]:
        """Bytes for blocks and for DuckDB under a limit that is no less than `least`."""
        blocks, store = min(self.blocks, LEAST_BLOCKS), min(self.store, LEAST_STORE)
        left = max(limit - self.least, 0)
        more = min(self.blocks - blocks, left // 2)
        return blocks + more, store + min(self.store - store, left - more)


NOTHING = VectorsSize(0, 0)


def allowed(settings: Settings) -> int:
    """Bytes that a build may take: what is configured, or 80 % of what there is."""
    return settings.resources.memory or int(SHARE * machine_memory())


def reading(lang: str, size: VectorsSize) -> Need:
    """The rows, what is checked of them, and beside them the file as it is mapped, or blocks of it; n-gram buckets the same."""
    matrix = _matrix(size)
    blocks = {"text": min(PARSER, 8 * size.stored), "word2vec-binary": PARSER // 2, "fasttext": size.stored + matrix}
    beside = blocks.get(size.kind, size.stored)
    return Need(f"reading {size.words:,} {lang} vectors × {size.dim}", BASE + matrix + beside + WORD * size.words)


def training(lang: str, words: int, dim: int, method: str) -> Need:
    """gensim's vectors and weights; with fastText the words' own beside, and the buckets."""
    rows = 2 * words if method != "fasttext" else 3 * words + 2 * SUBWORD_BUCKETS
    return Need(f"training {words:,} {lang} vectors × {dim}", BASE + TRAINER + 4 * rows * dim + 2 * WORD * words)


def reading_documents(paths: Iterable[Path]) -> Need:
    """Rows of Python, then columns: each text a few times over."""
    text = expanded_bytes(paths)
    return Need(f"reading {shown_size(text)} of documents", BASE + 4 * text)


def expanded_bytes(paths: Iterable[Path]) -> int:
    """About what files of rows hold: their bytes, several times these where they are compressed, as parquet is."""
    packed = (*COMPRESSED, ".parquet")
    return sum((PACKED if path.suffix.lower() in packed else 1) * path.stat().st_size for path in paths)


def fitting(load: Load) -> Need:
    """All languages as read and as mapped, and two more of the largest while it is turned. Where words are looked for: three copies
    of the pairs in float64, the scores of the words that methods are tried on, and blocks.
    """
    fixed = BASE + 2 * load.matrices + 2 * load.largest + WORD * load.rows
    doing = f"aligning {len(load.words)} languages of up to {load.most:,} words × {load.dim}"
    if load.method == "procrustes":
        return Need(doing, fixed, _blocks(32 * MIB))
    pairs = 3 * 2 * 8 * load.dim * (load.pairs + 2 * min(load.most, PAIRED))
    held = load.pairs // 5
    asked = min(1_000, held) if held >= 400 else 3 * held
    tried = 4 * 4 * asked * min(TRIED, load.most) if load.method == "auto" else 0
    return Need(doing, fixed + pairs + tried, _blocks(4 * min(load.most, PAIRED) ** 2))


def pooling(load: Load) -> Need:
    """The space, the texts as columns and as strings, those that are taken apart together, and three copies of all documents in
    float64 while their centre is found.
    """
    texts = 4 * load.text + min(18 * load.text, BATCH)
    fixed = BASE + 2 * load.matrices + WORD * load.rows + texts + 24 * load.documents * load.dim
    return Need(f"pooling {load.documents:,} documents", fixed)


def judging(load: Load) -> Need:
    """The space, one language more under its re-weighting, the documents and their vectors, and blocks."""
    fixed = BASE + 2 * load.matrices + load.largest + WORD * load.rows + 2 * load.text + 12 * load.documents * load.dim
    blocks = max(4 * min(load.most, SIGNALLED) ** 2, 5 * min(16 * MIB, 2_000 * load.documents))
    return Need(f"judging {load.rows:,} words and {load.documents:,} documents", fixed, _blocks(blocks))


def publishing(load: Load) -> Need:
    """The space and its words as strings, documents and passages with their vectors, terms and all that search reads, blocks, and
    what DuckDB holds of all this.
    """
    units = load.documents + load.passages
    space = 2.5 * load.matrices + load.largest + 2 * WORD * load.rows
    fixed = BASE + int(space) + 8 * load.text + 16 * units * load.dim
    store = LEAST_STORE + load.matrices + load.text + 4 * units * load.dim
    doing = f"publishing {load.rows:,} words and {load.documents:,} documents"
    return Need(doing, fixed, _blocks(min(64 * MIB, 4 * units**2)), store)


def check(need: Need, settings: Settings, capped: Callable[[int], Need] | None = None) -> None:
    """Raises ResourceError `memory.too_small`, with what would do, where `need` is more than is allowed.

    `capped`: the need with at most so many words of every language, to say how many would fit.
    """
    limit = allowed(settings)
    if need.least <= limit:
        return
    advice = f"give --memory {shown_size(need.least)}"
    if capped is not None and (words := _fitting_words(capped, limit)):
        advice += f" or limit = {words} under [languages]"
    raise ResourceError(
        "memory.too_small",
        f"{need.doing} takes about {shown_size(need.least)}, {shown_size(limit)} are allowed; {advice}",
    )


@contextmanager
def room(need: Need, settings: Settings, capped: Callable[[int], Need] | None = None) -> Iterator[int]:
    """Do inside what `need` tells of: checked as by `check`, blocks no larger than there is room for. Yields DuckDB's bytes.

    Raises ResourceError `memory.too_small`, also where the estimate was wrong and there is no more memory to be had.
    """
    check(need, settings, capped)
    _give_back_at_once()
    blocks, store = need.within(allowed(settings))
    try:
        with working_memory(int(blocks / BLOCKS)):
            yield store
    except MemoryError:
        told = f"{need.doing} found no memory left; {shown_size(allowed(settings))} are allowed"
        raise ResourceError("memory.too_small", f"{told}, give a smaller --memory or languages a limit") from None
    finally:
        _give_back()


def load_of(plan: Plan, documents: pl.DataFrame | None = None, pairs: Sequence[WordPairs] = ()) -> Load:
    """What is known by now: of vectors that are there exactly, of files yet to be read as they tell, of a corpus nothing.

    `documents`: as read; else what was pooled, if it is there. `pairs`: dictionaries, of which the largest counts.
    """
    words = {lang: size for lang in plan.settings.languages if (size := size_of(plan, lang)) is not None}
    most = max((len(p) for p in pairs), default=0)
    load = Load(words, method=plan.settings.space.method, pairs=most)
    try:
        found = pl.scan_parquet(plan.documents_path) if documents is None else documents.lazy()
        n, text = found.select(pl.len(), pl.col("text").str.len_bytes().sum().alias("bytes")).collect().row(0)
    except (
        OSError,
        pl.exceptions.ColumnNotFoundError,
    ):  # not pooled yet, or no documents; what is unreadable its reader tells
        return load
    cut = plan.settings.passages
    step = 0 if cut is None else TOKEN * (cut.tokens - (cut.tokens // 2 if cut.overlap is None else cut.overlap))
    return replace(load, documents=n, text=text or 0, passages=(text or 0) // step if step else 0)


def size_of(plan: Plan, lang: str) -> VectorsSize | None:
    """Of the vectors of a language; None where they are yet to be trained, or where the file is none, which its reader tells."""
    about, path = plan.settings.languages[lang], plan.vectors_path(lang)
    try:
        if path.exists():
            return vectors_size(path)
        return None if about.vectors is None else vectors_size(plan.file(about.vectors), limit=about.limit)
    except (AlignError, OSError):
        return None


def side_by_side(plan: Plan) -> bool:
    """Whether any two languages may be read or trained at once: never where one is to be trained, of which nothing is known."""
    sizes = {lang: size_of(plan, lang) for lang in plan.settings.languages if not plan.vectors_path(lang).exists()}
    if any(size is None for size in sizes.values()):
        return plan.settings.resources.memory is None
    needs = sorted(reading(lang, size).least - BASE for lang, size in sizes.items() if size is not None)
    return BASE + sum(needs[-2:]) <= allowed(plan.settings)


def asked(
    plan: Plan,
    need: Callable[[Load], Need],
    documents: pl.DataFrame | None = None,
    pairs: Sequence[WordPairs] = (),
) -> tuple[Need, Settings, Callable[[int], Need]]:
    """The arguments of `room` for a step on all that is known by now."""
    load = load_of(plan, documents, pairs)
    return need(load), plan.settings, lambda words: need(load.capped(words))


def check_training(plan: Plan, lang: str, words: int, counted: bool) -> None:
    """`align.train_vectors` may `check` with it. Raises as `check`."""
    about, dim = plan.settings.languages[lang], plan.settings.space.dim
    check(training(lang, words, dim if counted else 0, about.train), plan.settings)


def check_all(plan: Plan, documents: pl.DataFrame, pairs: Sequence[WordPairs]) -> None:
    """Every step to come, before the first: what is refused is refused before hours of work. Raises as `check`, the largest."""
    load = load_of(plan, documents, pairs)
    largest = _largest(plan, load)
    check(largest(load), plan.settings, lambda words: largest(load.capped(words)))


def check_documents(plan: Plan, paths: Sequence[Path], pairs: Sequence[WordPairs]) -> None:
    """Files of documents before they are read. Raises as `check`, with the number that would do for all steps."""
    reads = reading_documents(paths)
    if reads.least > allowed(plan.settings):
        text = expanded_bytes(paths)
        load = replace(load_of(plan, None, pairs), text=text, documents=text // DOCUMENT)
        check(max(reads, _largest(plan, load)(load), key=lambda need: need.least), plan.settings)


def _largest(plan: Plan, load: Load) -> Callable[[Load], Need]:
    """Of the steps to come the one that needs most."""
    unread = [lang for lang in load.words if not plan.vectors_path(lang).exists()]
    every: list[Callable[[Load], Need]] = [partial(_reading_of, lang) for lang in unread]
    every += [fitting, pooling, judging, publishing]
    return max(every, key=lambda need: need(load).least)


def _reading_of(lang: str, load: Load) -> Need:
    return reading(lang, load.words[lang])


def _blocks(most: int) -> int:
    """What blocks take that would need `most` bytes of working memory."""
    return int(BLOCKS * min(max(most, LEAST_WORKING), MOST_WORKING))


def _matrix(size: VectorsSize) -> int:
    return 4 * (size.words + size.buckets) * size.dim


def _fitting_words(capped: Callable[[int], Need], limit: int) -> int:
    """The most words, to two digits, with which a need fits; 0 where a thousand are too many."""
    words = 0
    for step in (1_000_000, 100_000, 10_000, 1_000):
        while words < 10 * step and capped(words + step).least <= limit:
            words += step
    return words


def _give_back_at_once() -> None:
    """Have glibc return blocks when they are freed: left to itself it keeps those of every thread, hundreds of megabytes."""
    if hasattr(_C, "mallopt"):
        _C.mallopt(M_MMAP_THRESHOLD, MIB)


def _give_back() -> None:
    """Return to the system what a step has freed."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    if hasattr(_C, "malloc_trim"):
        _C.malloc_trim(0)
