"""Words and documents of many languages in one vector space, aligned by orthogonal Procrustes."""

from align.dictionary import WordPairs
from align.dictionary_files import dictionary_languages, read_dictionary
from align.documents import Documents, read_documents
from align.errors import (
    AlignError,
    AlignmentError,
    BusyError,
    ConfigError,
    CorruptStoreError,
    InputError,
    QueryError,
    ResourceError,
    UnknownWordError,
)
from align.evaluate import Precision
from align.explain import explain
from align.fit import fit
from align.normalize import Normalization, fit_normalization
from align.pool import Pooled, Pooler, fit_pooler
from align.pool_file import load_pooler, save_pooler
from align.procrustes import Rotation, fit_rotation
from align.space import SharedSpace, load_space
from align.tokens import tokenize
from align.train import train_vectors
from align.vector_files import read_vectors, write_vectors
from align.vectors import WordVectors

__all__ = [
    "AlignError",
    "AlignmentError",
    "BusyError",
    "ConfigError",
    "CorruptStoreError",
    "Documents",
    "InputError",
    "Normalization",
    "Pooled",
    "Pooler",
    "Precision",
    "QueryError",
    "ResourceError",
    "Rotation",
    "SharedSpace",
    "UnknownWordError",
    "WordPairs",
    "WordVectors",
    "dictionary_languages",
    "explain",
    "fit",
    "fit_normalization",
    "fit_pooler",
    "fit_rotation",
    "load_pooler",
    "load_space",
    "read_dictionary",
    "read_documents",
    "read_vectors",
    "save_pooler",
    "tokenize",
    "train_vectors",
    "write_vectors",
]
