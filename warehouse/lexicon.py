"""What a snapshot holds of a space, as `align.induce_lexicon` asks for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np

from align.dictionary import WordPairs
from align.vectors import F32, WordVectors
from align.word_retrieval import SpellingChoice, WordRetrieval, word_hubness
from warehouse.spaces import read_retrieval


@dataclass(frozen=True, eq=False)
class StoredSpace:
    """The words of one snapshot and how they find each other; `words` gives the stored vectors of a language."""

    connection: duckdb.DuckDBPyConnection
    languages: Sequence[str]
    words: Callable[[str], WordVectors]
    _hubness: dict[tuple[str, str], F32] = field(default_factory=dict, repr=False)

    @property
    def space_id(self) -> str:
        """As `SharedSpace.space_id`."""
        return str(self.connection.execute("SELECT space_id FROM spaces").fetchall()[0][0])

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """None: `stored_pairs` says which dictionaries the space was fitted on."""
        return {}

    def vectors(self, lang: str) -> WordVectors:
        return self.words(lang)

    def retrieval(self, source: str, target: str, *, spelling: SpellingChoice = "off") -> WordRetrieval:
        return read_retrieval(self.connection, self.words(source), self.words(target), spelling)

    def hubness(self, source: str, target: str) -> F32:
        """As `SharedSpace.hubness`; computed where only that under a re-weighting is stored."""
        ours, theirs = self.words(source), self.words(target)
        if (ours.lang, theirs.lang) not in self._hubness:
            stored = self.retrieval(source, target)
            found = stored.hubness if stored.by is None else word_hubness(ours.matrix, theirs.matrix)
            self._hubness[ours.lang, theirs.lang] = found
        return self._hubness[ours.lang, theirs.lang]


def stored_pairs(connection: duckdb.DuckDBPyConnection, part: str) -> list[WordPairs]:
    """The dictionaries of one `part`, "train" or "test", in the order of their languages and words."""
    sql = (
        "SELECT source, target, list((source_word, target_word, weight) ORDER BY source_word, target_word) "
        "FROM dictionary_pairs WHERE part = ? AND source <> target GROUP BY ALL ORDER BY source, target"
    )
    return [
        WordPairs(source, target, tuple((left, right) for left, right, _ in rows), np.array([row[2] for row in rows]))
        for source, target, rows in connection.execute(sql, [part]).fetchall()
    ]
