"""`croissant.json`: the corpus as a data set that Croissant's readers load (MLCommons, 1.1).

It lies above `corpus/`, since the files that it names are looked for below its own folder. License,
creator, address and date are a person's to add: a run does not know them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyarrow as pa

from massivetext.records import document_schema

CONFORMS_TO: Final = "http://mlcommons.org/croissant/1.1"

_CONTEXT: Final = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""As the specification gives it."""

_MEANINGS: Final = {
    "id": "xxh3-128 of subset, source id and raw bytes, 32 hexadecimal digits",
    "source_id": "its name in its source",
    "subset": "the part of the corpus that it belongs to",
    "item": "the input file, or range of one, that it comes from",
    "row": "its row among the documents of that item",
    "url": "where it comes from",
    "title": "its title, if its source states one",
    "text": "the document",
    "text_bytes": "UTF-8 bytes of the text",
    "tokens": "tokens of the text, where the tokenizer was known",
    "metadata": "facts that its source states, a JSON object",
}
"""Columns that are no measures."""


def croissant(counts: Mapping[str, Any], own: Iterable[str] = ()) -> dict[str, Any]:
    """Returns the description of `corpus/` as JSON-LD.

    Args:
        counts: the content of `funnel.json`.
        own: the columns of own measures.
    """
    total, subsets = counts["total"], ", ".join(counts["subsets"])
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": "massivetext-corpus",
        "description": (
            f"Text of the subsets {subsets}: {total.get('corpus', 0):,} documents and "
            f"{total.get('text_bytes', 0):,} bytes, made by massivetext {counts['massivetext']}. "
            "DATASHEET.md says how, and what it is not."
        ),
        "conformsTo": CONFORMS_TO,
        "rai:dataCollection": "Existing web archives and text collections; see DATASHEET.md.",
        "rai:dataPreprocessingProtocol": [
            "HTML to text; language, SafeSearch, quality and repetition rules; exact and near "
            "duplicates; test-set copies and take-downs. Each dropped document is kept with its "
            "reasons in rejected/ and removed/."
        ],
        "distribution": [
            {
                "@type": "cr:FileSet",
                "@id": "corpus-files",
                "name": "corpus-files",
                "description": "One Parquet file for each work item.",
                "encodingFormat": "application/x-parquet",
                "includes": "corpus/**/*.parquet",
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "documents",
                "name": "documents",
                "description": "The documents that stay.",
                "field": [_field(column) for column in document_schema(own)],
            }
        ],
    }


def _field(column: pa.Field) -> dict[str, Any]:
    is_list = pa.types.is_list(column.type)
    told = {
        "@type": "cr:Field",
        "@id": f"documents/{column.name}",
        "name": column.name,
        "description": _MEANINGS.get(column.name, f"the measure {column.name}"),
        "dataType": _data_type(column.type.value_type if is_list else column.type),
        "source": {"fileSet": {"@id": "corpus-files"}, "extract": {"column": column.name}},
    }
    return {**told, "isArray": True, "arrayShape": "-1"} if is_list else told


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
