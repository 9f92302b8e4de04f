"""The configuration: one frozen dataclass a TOML section, defaults in one place, no unknown keys.

Field names are the keys of the TOML file. Thresholds that come from the paper say from where;
`filters.rules` ties each of them to its measure. Paths in a configuration file start at the folder
that holds the file.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

import xxhash

from massivetext.formats import SourceKind
from massivetext.paths import PathKind, Paths, each_path, file_name, map_paths

Extractor = Literal["tree", "lxml", "trafilatura"]
"""What turns HTML into text; `pipeline.extraction.extractors` says what each name stands for."""
TextFormat = Literal["text", "markdown"]
"""The form of extracted text."""
TestSetFormat = Literal["wikitext", "lambada", "jsonl", "parquet", "text", "curation_corpus"]


FAILED_SHARE_RECORDS = 100
"""Our choice: of fewer records `limits.max_failed_share` says nothing."""

OptOut = Literal["*", "noai", "noimageai", "noml", "tdm_policy", "tdm_reservation"]
"""A signal of `filters.opt_outs`, or all of them."""


SectionT = TypeVar("SectionT")


class ConfigError(ValueError):
    """A configuration that cannot be run: what was found, what was expected, what to do."""


@dataclass(frozen=True)
class Output:
    """Where results go, and how much of a rejected text is kept."""

    path: Annotated[str, PathKind.OUTPUT] = "out"
    rejected_text: Literal["none", "excerpt", "full"] = "excerpt"


@dataclass(frozen=True)
class Limits:
    """Bounds on what is read."""

    record_bytes: int = 20_000_000
    """Our choice: a larger record is not a page that people read; it goes to `failed/`."""
    max_failed_share: float = 0.5
    """Our choice: a run ends when more than this share of a source's records cannot be read (of at
    least FAILED_SHARE_RECORDS): then the format, the fields or the files are not what was meant."""


@dataclass(frozen=True)
class Source:
    """One kind of input files and the subset that their documents belong to."""

    subset: str
    kind: SourceKind
    format: str
    """One of `massivetext.formats.SOURCE_FORMATS`."""
    path: Annotated[str | tuple[str, ...], PathKind.PATTERN] = ""
    """Files, or patterns of files: `*` and `?` stay in one folder, `**` goes through all below,
    `[ab]` is one of these characters and `[[]` a bracket. Whatever a pattern matches must be a
    readable file: a folder with files that the pattern does not reach, a pipe or a broken link is
    refused by name. Linked folders are entered; a file reached twice is read once."""
    fields: Mapping[str, str] = field(default_factory=dict)
    licenses: tuple[str, ...] = ()
    language: bool = True
    path_list: Annotated[str | tuple[str, ...], PathKind.RECORDS] = ""
    """Instead of `path`: text files that name a file a line, as Common Crawl publishes them."""
    path_prefix: Annotated[str, PathKind.RECORDS] = ""
    """What the lines of `path_list` lie below; without one, below the folder of the list."""
    missing: Literal["fail", "skip"] = "fail"
    """What a listed file that is not there does: end the run before work, or count as skipped."""
    skip_disambiguation: bool = False
    """Whether pages of a wiki that only list what a title may mean are skipped (`wikipedia`)."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of `path`; none if files are listed."""
        return _each(self.path)

    @property
    def path_lists(self) -> tuple[str, ...]:
        """The lists of `path_list`."""
        return _each(self.path_list)


def _each(paths: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(paths, str):
        return (paths,) if paths else ()
    return paths


@dataclass(frozen=True)
class Language:
    """Language filter (A.1.1, content filter): labels to keep, and the least score."""

    keep: tuple[str, ...] = ("en",)
    min_score: float = 0.0
    """Our choice: 0.65, a usual value, throws away half of technical English."""
    model: Annotated[str, PathKind.FILE] = ""


@dataclass(frozen=True)
class SafeSearch:
    """Stand-in for Google's SafeSearch signal (A.1.1, content filter)."""

    domains: Annotated[tuple[str, ...], PathKind.FILE] = ()
    exceptions: Annotated[tuple[str, ...], PathKind.FILE] = ()
    model: Annotated[str, PathKind.FILE] = ""
    max_score: float = 0.5


@dataclass(frozen=True)
class OptOuts:
    """What publishers say against text and data mining or training; counted in any case."""

    reject: tuple[OptOut, ...] = ()
    """Signals whose documents are rejected; ["*"] for all. Our choice: none, as the paper has no
    such rule."""


@dataclass(frozen=True)
class Extraction:
    """HTML to text (A.1.1, text extraction)."""

    extractor: Extractor = "tree"
    format: TextFormat = "text"
    """The form that shards are made of. Measures and duplicates judge the text form in any case."""
    markdown_links: bool = False
    """Whether Markdown has the addresses of its links."""


@dataclass(frozen=True)
class Quality:
    """Thresholds of the quality filter, as A.1.1 states them."""

    min_words: int = 50
    max_words: int = 100_000
    min_mean_word_length: float = 3.0
    max_mean_word_length: float = 10.0
    max_hash_to_word_ratio: float = 0.1
    max_ellipsis_to_word_ratio: float = 0.1
    max_bullet_line_fraction: float = 0.9
    max_ellipsis_line_fraction: float = 0.3
    min_alphabetic_word_fraction: float = 0.8
    min_stop_words: int = 2
    max_mojibake: int = 1_000_000_000
    """Our choice: off, as the paper has no such rule; 10 drops what was plainly decoded wrongly."""


@dataclass(frozen=True)
class Repetition:
    """Thresholds of the repetition filter: Table A1."""

    max_duplicate_line_fraction: float = 0.30
    max_duplicate_paragraph_fraction: float = 0.30
    max_duplicate_line_character_fraction: float = 0.20
    max_duplicate_paragraph_character_fraction: float = 0.20
    max_top_2_gram_character_fraction: float = 0.20
    max_top_3_gram_character_fraction: float = 0.18
    max_top_4_gram_character_fraction: float = 0.16
    max_duplicate_5_gram_character_fraction: float = 0.15
    max_duplicate_6_gram_character_fraction: float = 0.14
    max_duplicate_7_gram_character_fraction: float = 0.13
    max_duplicate_8_gram_character_fraction: float = 0.12
    max_duplicate_9_gram_character_fraction: float = 0.11
    max_duplicate_10_gram_character_fraction: float = 0.10
    count: Literal["all", "repeats"] = "all"
    characters: Literal["words", "text"] = "words"


@dataclass(frozen=True)
class Dedup:
    """Near-duplicate removal (A.1.1): 13-gram Jaccard above 0.8; bands and rows are our choice."""

    threshold: float = 0.8
    ngram: int = 13
    bands: int = 20
    rows: int = 6
    rule: Literal["pairwise", "greedy", "cluster"] = "pairwise"
    scope: Literal["all", "subset"] = "all"
    prefer: tuple[str, ...] = ()
    fold_case: bool = False
    keep_pairs: bool = False
    """Whether all candidate pairs stay, with their exact Jaccard, those with rejected documents
    too, and `rejected/` has whole texts: then `whatif` compares no text again."""


@dataclass(frozen=True)
class TestSet:
    """A published test set whose copies leave the training data."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    name: str
    format: TestSetFormat
    path: Annotated[str | tuple[str, ...], PathKind.RECORDS]


@dataclass(frozen=True)
class Decontamination:
    """Test-set filter (A.1.1): the dedup measure against each test set, above 0.8."""

    threshold: float = 0.8
    rule: Literal["jaccard", "containment", "both"] = "jaccard"
    titles: Annotated[tuple[str, ...], PathKind.FILE] = ()
    frequent_gram_document_fraction: float = 0.001
    """Our choice: test 13-grams that more than this share of the training documents have are left
    out of containment. Without a guard it took 10 % and 36 % of two corpora of documentation."""
    frequent_gram_documents: int = 100
    """Our choice: but not those of so few documents, which is what small corpora have."""
    test_sets: tuple[TestSet, ...] = ()


@dataclass(frozen=True)
class Exclude:
    """Take-downs: lists of documents that leave the corpus; none by default.

    Files of a name a line; `pipeline.phases.exclusions` says how each list is read.
    """

    urls: Annotated[tuple[str, ...], PathKind.FILE] = ()
    hosts: Annotated[tuple[str, ...], PathKind.FILE] = ()
    """Subdomains go with their host."""
    ids: Annotated[tuple[str, ...], PathKind.FILE] = ()
    source_ids: Annotated[tuple[str, ...], PathKind.FILE] = ()


@dataclass(frozen=True)
class Slice:
    """Documents of which the report tells how many were dropped: by a column, or by a pattern."""

    name: str
    column: str = ""
    """Of `documents/`, or of the metadata: of numbers the distribution is shown."""
    pattern: str = ""
    """A regular expression as RE2 knows them, searched in text and URL."""


@dataclass(frozen=True)
class Report:
    """What the report tells beside what it tells of every run; nothing here changes the corpus."""

    slices: tuple[Slice, ...] = ()
    second_tokenizer: Annotated[str, PathKind.FILE] = ""
    """A file as for `tokenizer.model`: its bytes a token stand beside those of the run's own."""


@dataclass(frozen=True)
class TokenizerConfig:
    """SentencePiece BPE with byte fallback and 32,000 pieces (A.1.2, section 2)."""

    model: Annotated[str, PathKind.FILE] = ""
    """A SentencePiece model, a tokenizer.json, or ranks as tiktoken has them; "" trains one."""
    bos: str = ""
    """Name of the special token before each crop; "" for the model's own."""
    eos: str = ""
    allow_lossy: bool = False
    """Whether the model may lose white space."""
    vocab_size: int = 32_000
    normalization: Literal["identity", "nfkc"] = "identity"


@dataclass(frozen=True)
class Sequencing:
    """Sequence construction (A.1.2) and mixing (Table 2)."""

    length: int = 2048
    crops: Literal["paper", "whole"] = "paper"
    """paper: at most 15 bytes a token of a document at a time (A.1.2); whole: all of it."""
    crops_per_group: int = 10
    tokens: int = 0
    allow_fewer: bool = False
    """Whether fewer `tokens` will do."""
    weights: str | Mapping[str, float] = "gopher"
    max_visits: int = 4
    held_out: float = 0.0
    """Share of the documents that is not trained on. The paper holds nothing out."""
    shards: int = 0
    format: str = "arrayrecord"
    """One of `massivetext.formats.SHARD_FORMATS`."""


@dataclass(frozen=True)
class Config:
    """A whole run."""

    seed: int = 0
    output: Output = Output()
    limits: Limits = Limits()
    sources: tuple[Source, ...] = ()
    language: Language = Language()
    safesearch: SafeSearch = SafeSearch()
    opt_outs: OptOuts = OptOuts()
    extraction: Extraction = Extraction()
    quality: Quality = Quality()
    repetition: Repetition = Repetition()
    dedup: Dedup = Dedup()
    decontamination: Decontamination = Decontamination()
    exclude: Exclude = Exclude()
    tokenizer: TokenizerConfig = TokenizerConfig()
    sequence: Sequencing = Sequencing()
    report: Report = Report()

    @property
    def rejected_text(self) -> str:
        """How much of a rejected text is kept: all of it where candidate pairs are kept, too."""
        is_whole = self.dedup.keep_pairs and self.output.rejected_text == "excerpt"
        return "full" if is_whole else self.output.rejected_text

    @property
    def subsets(self) -> tuple[str, ...]:
        """The subsets that sources name, in the order of the file, each once."""
        return tuple(dict.fromkeys(source.subset for source in self.sources))


def fingerprint(*sections: object) -> str:
    """Returns 32 hex digits that change when any value of the sections changes.

    Sections are config dataclasses or JSON-able values; used as the keys of phases.
    """
    canonical = json.dumps([plain(section) for section in sections], sort_keys=True)
    return xxhash.xxh3_128_hexdigest(canonical.encode())


def run_fingerprint(config: Config) -> str:
    """Returns the fingerprint of what a run computes: all of the config but where files lie.

    Two runs over the same records have the same one, in whatever folders; of models and lists only
    the file names count. What is kept for `whatif`, or told in the report, changes nothing.
    """
    computed = plain(without_places(config))
    del computed["dedup"]["keep_pairs"], computed["report"]
    return fingerprint(computed)


def without_places(section: SectionT) -> SectionT:
    """Returns a section, or a tuple of sections, with its paths cut to what a run depends on.

    Of models and lists the file names stay.
    """
    return map_paths(section, _without_place)


def _without_place(paths: Paths, kind: PathKind) -> Paths:
    """Returns what of a path key belongs to the identity of a run."""
    return each_path(paths, file_name) if kind is PathKind.FILE else ""


def plain(section: object) -> Any:  # the caller knows what the section was
    """Returns dataclasses, tuples and mappings as JSON-able dicts and lists."""
    if dataclasses.is_dataclass(section) and not isinstance(section, type):
        return {f.name: plain(getattr(section, f.name)) for f in dataclasses.fields(section)}
    if isinstance(section, Mapping):
        return {key: plain(value) for key, value in section.items()}
    if isinstance(section, (list, tuple)):
        return [plain(value) for value in section]
    return section
