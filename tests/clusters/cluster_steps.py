"""Own steps of the runs on runners: their code travels, as no worker has this file."""

import pyarrow as pa
import pyarrow.compute as pc


def curly_braces(texts: pa.StringArray) -> pa.Array:
    """Curly braces as a share of the characters."""
    braces = pc.cast(pc.count_substring_regex(texts, "[{}]"), pa.float64())
    return pc.divide(braces, pc.max_element_wise(pc.utf8_length(texts), 1))


def one_space(texts: pa.StringArray, columns: pa.Table, *, space: str) -> pa.StringArray:
    """Runs of blanks become one; nothing where a page has no address."""
    edited = pc.replace_substring_regex(texts, " {2,}", space)
    return pc.if_else(pc.equal(columns["url"], ""), texts, edited).combine_chunks()
