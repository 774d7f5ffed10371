"""The configuration: one TOML file, every path relative to it."""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from align.compressed import open_bytes
from align.errors import AlignError, ConfigError, printable
from align.fit import Method
from align.language import canonical_language
from align.memory import parse_size
from align.passages import TOKENS
from align.pool import MOST_COMPONENTS
from align.pool_reduce import NO_CLS, Reduction
from align.pool_state import ComponentsOf
from align.pool_weights import SIF_A, Weighting


def _language(code: str) -> str:
    try:
        canonical = canonical_language(code)
    except AlignError as error:
        raise ValueError(str(error)) from None
    if canonical != code:
        raise ValueError(f"language {printable(repr(code))}; write {canonical}")
    return canonical


def _bytes(size: Any) -> int:
    try:
        return parse_size(size)
    except ConfigError as error:
        raise ValueError(str(error).removesuffix(f" [{error.code}]")) from None


def _reduction(how: Any) -> Any:
    if how == "cls":
        raise ValueError(NO_CLS)
    return how


Language = Annotated[str, AfterValidator(_language)]
Count = Annotated[int, Field(ge=1, le=100_000_000, strict=True)]
Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False, strict=True)]
TRAINED = ("text", "train", "epochs", "window", "min_count", "seed", "workers")  # keys that go with `corpus`
INGESTED = ("limit", "on_bad_row")  # keys that go with `vectors`


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SpaceSettings(_Section):
    """`dim`: dimensions of vectors that are trained here. `pivot`: the language whose frame the others are turned into."""

    pivot: Language | None = None
    method: Method = "auto"
    dim: Annotated[int, Field(ge=2, le=4096, strict=True)] = 300


class LanguageSettings(_Section):
    """Either `vectors`, a file to ingest, or `corpus`, text to train on; the other keys are for one or the other."""

    vectors: str | None = None
    limit: Count | None = None
    on_bad_row: Literal["fail", "skip"] = "fail"
    corpus: Annotated[list[str], Field(min_length=1)] | None = None
    text: str = "text"
    train: Literal["skipgram", "cbow", "fasttext"] = "skipgram"
    epochs: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    window: Annotated[int, Field(ge=1, le=1000, strict=True)] = 5
    min_count: Count = 5
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)] = 0
    workers: Annotated[int, Field(ge=1, le=256, strict=True)] = 1


class DictionarySettings(_Section):
    """A file at `path`, or the words that both languages write alike (`identical`), and between which languages.

    Without `source` and `target`, every pair of languages of a multi-column table; `test` is another file to judge on.
    """

    path: str | None = None
    identical: Literal["words", "numerals"] | None = None
    source: Language | None = None
    target: Language | None = None
    test: str | None = None


class DocumentSettings(_Section):
    path: str
    lang: Language | None = None
    id: str = "id"
    text: str = "text"
    on_bad_row: Literal["fail", "skip"] = "fail"


class PoolingSettings(_Section):
    """The arguments of `align.fit_pooler`."""

    weighting: Weighting | Literal["auto"] = "sif"
    a: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False, strict=True)] = SIF_A
    reduce: Annotated[Reduction, BeforeValidator(_reduction)] = "mean"
    components: Annotated[int, Field(ge=0, le=MOST_COMPONENTS, strict=True)] = 0
    components_of: ComponentsOf = "language"


class PassageSettings(_Section):
    """The arguments of `align.cut_passages`; without this section documents are not cut."""

    tokens: Count = TOKENS
    overlap: Annotated[int, Field(ge=0, strict=True)] | None = None

    @field_validator("overlap")
    @classmethod
    def _below(cls, overlap: int | None, info: ValidationInfo) -> int | None:
        if overlap is not None and overlap >= info.data.get("tokens", overlap + 1):
            raise ValueError(f"not below tokens = {info.data['tokens']}; passages would not move on")
        return overlap


class EvaluationSettings(_Section):
    """`held_out`: share of a dictionary's source words kept from the fit and judged on, where it has no test part of its own.

    `parallel_ids`: documents with one id in several languages are translations, so retrieval can be judged on them.
    """

    held_out: Share = 0.1
    parallel_ids: Annotated[bool, Field(strict=True)] = False


class ResourceSettings(_Section):
    """`memory`: bytes that a build may take, such as "2GiB"; None: 80 % of what the machine or its control group has."""

    memory: Annotated[int, BeforeValidator(_bytes)] | None = None


class WarehouseSettings(_Section):
    path: str = "warehouse/data"


class Settings(_Section):
    """The whole configuration, as read by `load_settings`; `root` is the folder that paths are relative to."""

    name: str = ""
    space: SpaceSettings = SpaceSettings()
    languages: Annotated[dict[Language, LanguageSettings], Field(min_length=1)]
    dictionaries: list[DictionarySettings] = []
    documents: list[DocumentSettings] = []
    pooling: PoolingSettings = PoolingSettings()
    passages: PassageSettings | None = None
    evaluation: EvaluationSettings = EvaluationSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    resources: ResourceSettings = ResourceSettings()
    root: Path = Field(default=Path(), exclude=True)

    @property
    def pivot(self) -> str:
        return self.space.pivot or next(iter(self.languages))

    @property
    def warehouse_path(self) -> Path:
        return self.root / self.warehouse.path


def load_settings(path: str | Path, warehouse: str | Path | None = None, memory: str | None = None) -> Settings:
    """Read and check a configuration; `warehouse` overrides where its store lies, `memory` ("2GiB") what a build may take.
    Does not look at the inputs.

    Raises InputError `file.missing`; ConfigError `config.toml`, `config.unknown_key` (with the nearest key), `config.bad_value`,
    `config.languages`, `config.pivot`, `config.dictionary`, `config.documents`.
    """
    with open_bytes(path, max_expanded_bytes=1 << 20) as reader:
        raw = reader.read()
    try:
        content = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # also of int, for a number of thousands of digits
        raise ConfigError("config.toml", f"not TOML ({printable(error, 150)}); mend it there", path=path) from None
    if "root" in content:  # a field, but not a key
        raise ConfigError("config.unknown_key", "unknown key root; paths are relative to the file itself", path=path)
    try:
        settings = Settings.model_validate({**content, "root": Path(path).resolve().parent})
    except ValidationError as error:
        raise _refusal(error, path) from None
    _check(settings, path)
    if warehouse is not None:
        where = WarehouseSettings(path=str(Path.cwd() / warehouse))
        settings = settings.model_copy(update={"warehouse": where})
    if memory is not None:
        settings = settings.model_copy(
            update={"resources": ResourceSettings.model_construct(memory=parse_size(memory))}
        )
    return settings


def _check(settings: Settings, path: str | Path) -> None:
    for lang, about in settings.languages.items():
        _check_language(lang, about, path)
    if settings.pivot not in settings.languages:
        known = ", ".join(settings.languages)
        raise ConfigError("config.pivot", f"space.pivot is {settings.pivot}; it must be one of {known}", path=path)
    for number, pairs in enumerate(settings.dictionaries, 1):
        _check_dictionary(number, pairs, settings, path)
    for number, documents in enumerate(settings.documents, 1):
        if documents.lang is not None and documents.lang not in settings.languages:
            what = f"documents entry {number}: {documents.lang} is not under languages; add it there"
            raise ConfigError("config.documents", what, path=path)


def _check_dictionary(number: int, pairs: DictionarySettings, settings: Settings, path: str | Path) -> None:
    if (pairs.path is None) == (pairs.identical is None):
        what = f'dictionaries entry {number}: neither or both of two keys; write path = "file" or identical = "words"'
        raise ConfigError("config.dictionary", what, path=path)
    given = [lang for lang in (pairs.source, pairs.target) if lang is not None]
    if pairs.identical is not None and len(given) < 2:
        what = f"dictionaries entry {number}: identical without languages; give source and target, two of them"
        raise ConfigError("config.dictionary", what, path=path)
    if len(given) == 1 or len(set(given)) < len(given):
        what = f"dictionaries entry {number}: not two languages; give source and target, or neither"
        raise ConfigError("config.dictionary", what, path=path)
    for lang in given:
        if lang not in settings.languages:
            raise ConfigError(
                "config.dictionary",
                f"dictionaries entry {number}: {lang} is not under languages; add it there",
                path=path,
            )


def _check_language(lang: str, about: LanguageSettings, path: str | Path) -> None:
    if (about.vectors is None) == (about.corpus is None):
        what = f'languages.{lang}: neither or both of two keys; write vectors = "file" or corpus = ["files"]'
        raise ConfigError("config.languages", what, path=path)
    there, others = ("vectors", TRAINED) if about.vectors is not None else ("corpus", INGESTED)
    for key in others:
        if key in about.model_fields_set:
            raise ConfigError(
                "config.languages", f"languages.{lang}.{key} means nothing beside {there}; take it out", path=path
            )


def _refusal(error: ValidationError, path: str | Path) -> ConfigError:
    errors = error.errors()
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])  # a typo, not that a key is missing
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(first["loc"][-1]), _siblings(first["loc"]), n=1, cutoff=0.0)
        return ConfigError(
            "config.unknown_key", f"unknown key {printable(key)}; the nearest known one is {near[0]}", path=path
        )
    if first["type"] == "missing":
        return ConfigError("config.bad_value", f"{printable(key)} is missing; it is needed", path=path)
    found = printable(repr(first["input"]), 60)
    message = first["msg"].removeprefix("Value error, ")
    return ConfigError("config.bad_value", f"{printable(key)} = {found}; {message}", path=path)


def _siblings(loc: tuple[Any, ...]) -> list[str]:
    sections: dict[str, type[BaseModel]] = {
        "space": SpaceSettings, "languages": LanguageSettings, "dictionaries": DictionarySettings,
        "documents": DocumentSettings, "pooling": PoolingSettings, "passages": PassageSettings,
        "evaluation": EvaluationSettings, "warehouse": WarehouseSettings, "resources": ResourceSettings,
    }  # fmt: skip
    model = sections[str(loc[0])] if len(loc) > 1 else Settings
    return [name for name in model.model_fields if name != "root"]
