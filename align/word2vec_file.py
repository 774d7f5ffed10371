"""word2vec's binary file: a header of text, then word, blank, little-endian float32 numbers and perhaps a newline."""

from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from align.compressed import open_bytes
from align.errors import InputError, printable
from align.vector_rows import BLOCK, MAX_DIM, MAX_TOKEN, Rows


def read_word2vec(rows: Rows, head: bytes, capacity: int, tick: Callable[[BinaryIO], object]) -> None:
    """Take the rows of the file after the line `head`, two whole numbers, up to the limit; `tick` after every block.

    `capacity` bounds the bytes of the file. Raises InputError `vec.bad_header`, `vec.truncated`, `vec.count_mismatch`
    and what malformed rows raise.
    """
    promised, dim = (int(part) if len(part) < 16 else 0 for part in head.split())
    if not promised or not 0 < dim <= MAX_DIM or promised * 4 * dim > capacity:
        message = f"the header is {printable(repr(head[:40]))}, more or less than the file can hold; fetch it again"
        raise InputError("vec.bad_header", message, path=rows.path)
    goal = promised if rows.limit is None else min(promised, rows.limit)
    with open_bytes(rows.path) as reader:
        reader.read(len(head) + 1)
        rest = b""
        while rows.examined < goal:  # a block is longer than any row, so one without a row is damaged
            tokens, numbers, rest = _split(rest + reader.read(BLOCK), 4 * dim, goal - rows.examined)
            if not tokens:
                message = f"ends or loses its shape in row {rows.examined + 1} of {promised}; fetch the file again"
                raise InputError("vec.truncated", message, path=rows.path)
            rows.examine(tokens, np.frombuffer(b"".join(numbers), "<f4").reshape(-1, dim))
            tick(reader)
        if goal == promised and (rest.strip(b"\n") or reader.read(2).strip(b"\n")):
            message = f"header {promised} rows, but more follow; fetch the file again or mend the header"
            raise InputError("vec.count_mismatch", message, path=rows.path)


def _split(data: bytes, width: int, most: int) -> tuple[list[bytes], list[bytes], bytes]:
    """Words and numbers (`width` bytes each) of up to `most` rows that `data` holds whole, and what follows them."""
    tokens: list[bytes] = []
    numbers: list[bytes] = []
    at = 0
    while len(tokens) < most:
        while data[at : at + 1] == b"\n":
            at += 1
        blank = data.find(b" ", at, at + MAX_TOKEN + 1)
        end = blank + 1 + width
        if blank < 0 or end > len(data):
            break
        tokens.append(data[at:blank])
        numbers.append(data[blank + 1 : end])
        at = end
    return tokens, numbers, data[at:]
