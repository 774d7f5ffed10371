"""What a run depends on, known by content: equal plans make equal snapshots, so an unchanged plan is not run again."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import duckdb

from align.compressed import file_digest
from align.corpus import expand_paths
from align.errors import ConfigError, CorruptStoreError, InputError
from align.tokens import TOKENIZER
from flows.settings import DocumentSettings, Settings
from warehouse import snapshot
from warehouse.connection import SCHEMA, read
from warehouse.integrity import check_snapshot

CODE = 3  # raise when the same inputs would make a different snapshot


@dataclass(frozen=True)
class Plan:
    """A configuration with the digest of every input file. Properties are fingerprints (SHA-256) of the steps' results."""

    settings: Settings
    digests: dict[str, str]

    def vectors(self, lang: str) -> str:
        """Of the vectors of one language."""
        about = self.settings.languages[lang]
        files = [about.vectors] if about.vectors is not None else about.corpus or []
        dim = self.settings.space.dim if about.corpus is not None else None
        return self._print("vectors", lang, about.model_dump(exclude={"vectors", "corpus"}), dim, self._files(files))

    @cached_property
    def space(self) -> str:
        """Of the shared space."""
        dictionaries = [
            [d.source, d.target, d.identical, self._files(_given(d.path)), self._files(_given(d.test))]
            for d in self.settings.dictionaries
        ]
        vectors = {lang: self.vectors(lang) for lang in self.settings.languages}
        about = self.settings.space
        return self._print(
            "space", vectors, dictionaries, self.settings.pivot, about.method, self.settings.evaluation.held_out
        )

    @cached_property
    def documents(self) -> str:
        """Of the pooled documents."""
        sources = [[d.model_dump(exclude={"path"}), self._files([d.path])] for d in self.settings.documents]
        return self._print("documents", self.space, sources, self.settings.pooling.model_dump())

    @cached_property
    def whole(self) -> str:
        """Of the snapshot."""
        about = self.settings
        passages = None if about.passages is None else about.passages.model_dump()
        return self._print("snapshot", self.documents, passages, about.evaluation.model_dump(), about.name, SCHEMA)

    def work(self, name: str) -> Path:
        """Where a step leaves the result of that name."""
        return self.settings.warehouse_path / "work" / name

    def vectors_path(self, lang: str) -> Path:
        return self.work(f"vectors-{lang}-{self.vectors(lang)[:16]}.safetensors")

    @property
    def space_path(self) -> Path:
        return self.work(f"space-{self.space[:16]}.safetensors")

    @property
    def documents_path(self) -> Path:
        return self.work(f"documents-{self.documents[:16]}.parquet")

    @property
    def pooling_path(self) -> Path:
        return self.work(f"pooling-{self.documents[:16]}.safetensors")

    def file(self, pattern: str) -> Path:
        """The one file that a path of the configuration means. Raises ConfigError `config.one_file`."""
        found = expand_paths([pattern], self.settings.root)
        if len(found) != 1:
            raise ConfigError("config.one_file", f"{pattern} matches {len(found)} files; name the one that is meant")
        return found[0]

    def document_files(self, about: DocumentSettings) -> list[Path]:
        return expand_paths([about.path], self.settings.root)

    def published(self) -> str | None:
        """The name of the current snapshot if it was made by an equal plan, else None. Does not write.

        Raises CorruptStoreError `store.newer`: what a later release published is not built over.
        """
        try:
            path = snapshot.current(self.settings.warehouse_path)
            check_snapshot(path)
            connection = read(path)
        except CorruptStoreError as error:
            if error.code == "store.newer":
                raise
            return None
        try:
            rows = connection.execute("SELECT plan FROM runs").fetchall()
        except duckdb.Error:
            return None
        finally:
            connection.close()
        return path.stem if rows == [(self.whole,)] else None

    def unchanged(self, path: Path, digest: str | None = None) -> None:
        """Refuse what was read from `path` if the file, or the `digest` of what was read, is not that of this plan.

        Else its results would be kept under the fingerprint of another content. Raises InputError `file.changed`.
        """
        if (digest or file_digest(path)) != self.digests[str(path)]:
            raise InputError("file.changed", "the file changed during the run; run it again", path=path)

    def _files(self, patterns: Iterable[str]) -> list[list[str]]:
        return [[path.name, self.digests[str(path)]] for path in expand_paths(list(patterns), self.settings.root)]

    def _print(self, *parts: object) -> str:
        return hashlib.sha256(json.dumps([CODE, TOKENIZER, *parts], sort_keys=True).encode()).hexdigest()


def make_plan(settings: Settings) -> Plan:
    """Digest every input, so that what is missing is said before any work. Does not write.

    Raises InputError `corpus.missing` and others of `align.corpus.expand_paths`, `file.*`.
    """
    patterns: list[str] = []
    for about in settings.languages.values():
        patterns += [about.vectors] if about.vectors is not None else about.corpus or []
    for pairs in settings.dictionaries:
        patterns += [*_given(pairs.path), *_given(pairs.test)]
    patterns += [documents.path for documents in settings.documents]
    files = {str(path): path for pattern in patterns for path in expand_paths([pattern], settings.root)}
    return Plan(settings, {name: file_digest(path) for name, path in files.items()})


def _given(pattern: str | None) -> list[str]:
    return [] if pattern is None else [pattern]
