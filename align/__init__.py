"""Words and documents of many languages in one vector space, aligned by orthogonal Procrustes."""

from align.analogies import Analogies, AnalogyOutcomes, evaluate_analogies, read_analogies
from align.calibration import Calibration
from align.clusters import ClusterPurity, cluster_purity
from align.compare import Comparison, compare
from align.dictionary import WordPairs
from align.dictionary_check import DictionaryCheck, check_dictionary
from align.dictionary_files import dictionary_languages, read_dictionary
from align.discrepancy import Discrepancy, mean_discrepancy
from align.documents import Documents, read_documents
from align.ensemble import combine_vectors
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
from align.evaluate import Outcomes, Precision, by_frequency, translation_outcomes
from align.explain import explain
from align.fit import fit
from align.joint import Edge, fit_joint
from align.l1 import refine_l1
from align.leakage import Leak, leaked_words
from align.lexicon import Lexicon, induce_lexicon
from align.measures import similarity
from align.mixing import Mixing, language_mixing
from align.normalize import Normalization, fit_normalization
from align.odd_one_out import odd_one_out
from align.passages import Passage, cut_passages
from align.pool import Pooled, Pooler, fit_pooler
from align.pool_file import load_pooler, save_pooler
from align.pool_reduce import reduce_tokens
from align.procrustes import Rotation, fit_rotation
from align.rcsls import fit_rcsls
from align.robust import RobustRotation, fit_robust_rotation
from align.seeds import identical_words
from align.self_learning import SelfLearned, self_learn
from align.signals import Signals, alignment_signals
from align.similarity_profile import similarity_seeds
from align.space import SharedSpace, load_space
from align.spelling import Spelling
from align.synonyms import SynonymContrast, evaluate_synonyms
from align.tokens import tokenize
from align.train import train_vectors
from align.transliteration import Transliteration
from align.vector_files import read_vectors, write_vectors
from align.vectors import WordVectors
from align.whitening import Reweighting, fit_reweighting
from align.word_algebra import word_algebra
from align.word_expression import Term, parse_expression, parse_word
from align.word_retrieval import WordRetrieval
from align.word_similarity import JudgedPairs, WordSimilarity, evaluate_similarity, read_similarities
from align.words_of_text import words_of_text

__all__ = [
    "AlignError",
    "AlignmentError",
    "Analogies",
    "AnalogyOutcomes",
    "BusyError",
    "Calibration",
    "ClusterPurity",
    "Comparison",
    "ConfigError",
    "CorruptStoreError",
    "DictionaryCheck",
    "Discrepancy",
    "Documents",
    "Edge",
    "InputError",
    "JudgedPairs",
    "Leak",
    "Lexicon",
    "Mixing",
    "Normalization",
    "Outcomes",
    "Passage",
    "Pooled",
    "Pooler",
    "Precision",
    "QueryError",
    "ResourceError",
    "Reweighting",
    "RobustRotation",
    "Rotation",
    "SelfLearned",
    "SharedSpace",
    "Signals",
    "Spelling",
    "SynonymContrast",
    "Term",
    "Transliteration",
    "UnknownWordError",
    "WordPairs",
    "WordRetrieval",
    "WordSimilarity",
    "WordVectors",
    "alignment_signals",
    "by_frequency",
    "check_dictionary",
    "cluster_purity",
    "combine_vectors",
    "compare",
    "cut_passages",
    "dictionary_languages",
    "evaluate_analogies",
    "evaluate_similarity",
    "evaluate_synonyms",
    "explain",
    "fit",
    "fit_joint",
    "fit_normalization",
    "fit_pooler",
    "fit_rcsls",
    "fit_reweighting",
    "fit_robust_rotation",
    "fit_rotation",
    "identical_words",
    "induce_lexicon",
    "language_mixing",
    "leaked_words",
    "load_pooler",
    "load_space",
    "mean_discrepancy",
    "odd_one_out",
    "parse_expression",
    "parse_word",
    "read_analogies",
    "read_dictionary",
    "read_documents",
    "read_similarities",
    "read_vectors",
    "reduce_tokens",
    "refine_l1",
    "save_pooler",
    "self_learn",
    "similarity",
    "similarity_seeds",
    "tokenize",
    "train_vectors",
    "translation_outcomes",
    "word_algebra",
    "words_of_text",
    "write_vectors",
]
