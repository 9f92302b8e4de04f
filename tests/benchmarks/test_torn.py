"""The measure of torn tables and lists, on small pages."""

import pytest

from tests.benchmarks.torn import TornPages

TABLE = "<table><tr><td>a<td>b<td>c<tr><td>d<td>e<td>f</table>"
LIST = "<ul><li>one old thing<li>two old things<li>three old things</ul>"


@pytest.mark.parametrize(
    ("html", "text", "torn_rows", "torn_lists"),
    [
        (TABLE, "a | b | c\nd | e | f", 0, 0),
        (TABLE, "a | b\nd | e | f", 1, 0),
        (TABLE, "d | e | f", 0, 0),
        (TABLE, "", 0, 0),
        (LIST, "- one old thing\n- two old things\n- three old things", 0, 0),
        (LIST, "- one old thing\n- three old things", 0, 1),
        (LIST, "other", 0, 0),
    ],
)
def test_torn_pages(html: str, text: str, torn_rows: int, torn_lists: int) -> None:
    found = TornPages()
    gold = "a b c d e f one old thing two old things three old things"
    found.add(html.encode(), text, gold, 0.5)
    assert len(found.torn_tables) == torn_rows
    assert (found.torn_lists, found.torn_gold_lists) == (torn_lists, torn_lists)
    assert (found.table_pages, found.list_pages) == (int(html == TABLE), int(html == LIST))
