"""Facebook's fastText .bin, read by gensim after every size in the file, which gensim would trust, was checked."""

import mmap
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from align.compressed import plain_file
from align.errors import InputError
from align.vector_rows import MAX_DIM, Rows, foreign_parser
from align.vectors import I64, Subwords

MAGIC = struct.pack("<i", 793712314)


def read_fasttext(rows: Rows) -> None:
    """Take words, rows, counts and n-gram buckets. Raises InputError `vec.refused_format` for a classifier or a quantised
    model, `vec.truncated`, `vec.nonfinite` and what malformed rows raise."""
    with plain_file(rows.path) as plain, foreign_parser(rows.path):
        tokens, occurrences = _vocabulary(plain, rows.path)
        from gensim.models.fasttext import load_facebook_vectors  # 2 s: only when needed

        with TemporaryDirectory() as folder:
            link = Path(folder, "model.bin")  # gensim would expand by the ending of the name
            link.symlink_to(plain.resolve())
            loaded = load_facebook_vectors(str(link))
        if len(loaded.vectors) != len(tokens):
            raise ValueError("a word occurs twice")
        kept = rows.examine(tokens[: rows.limit], np.array(loaded.vectors[: rows.limit], dtype=np.float32))
        rows.counts = occurrences[kept]
        buckets = np.ascontiguousarray(loaded.vectors_ngrams, dtype=np.float32)
        if not np.isfinite(buckets).all():
            raise InputError("vec.nonfinite", "an n-gram bucket has a nan or inf; fetch the file again", path=rows.path)
        if len(buckets):
            rows.subwords = Subwords(buckets, int(loaded.min_n), int(loaded.max_n))


def _vocabulary(plain: Path, path: str | Path) -> tuple[list[bytes], I64]:
    """Words and their occurrences, once all that the file `plain` says of its sizes agrees with the bytes it has."""
    with plain.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _, _, dim, *_, model, bucket, min_n, max_n = struct.unpack_from("<13i", data)
        entries, n_words, _, _, pruned = struct.unpack_from("<iiiqq", data, 64)
        if model == 3 or pruned not in (-1, 0):
            raise InputError(
                "vec.refused_format", "a classifier or a quantised model; give a model of words", path=path
            )
        at = 92
        tokens: list[bytes] = []
        counts: list[int] = []
        for _ in range(entries):
            if (end := data.find(b"\0", at)) < 0:
                raise EOFError("it ends in the vocabulary")
            tokens.append(data[at:end])
            counts.append(struct.unpack_from("<q", data, end + 1)[0])
            at = end + 10
        quantised, n_rows, n_columns = struct.unpack_from("<?qq", data, at)
        at += 17 + 4 * n_rows * n_columns
        sane = 0 < dim <= MAX_DIM and 0 <= min_n <= max_n < 100 and bucket >= 0 and not quantised
        if not sane or (n_rows, n_columns) != (n_words + bucket, dim) or n_words != entries:
            raise ValueError("its sizes contradict each other")
        _, n_rows, n_columns = struct.unpack_from("<?qq", data, at)  # of the output layer, which only training needs
        if min(n_rows, n_columns) < 0 or at + 17 + 4 * n_rows * n_columns != len(data):
            raise ValueError("its sizes do not fit the file")
    return tokens, np.array(counts, dtype=np.int64)
