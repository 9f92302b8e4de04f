"""What the decision on units learns from: gains and labels of the units of a page."""

import json
from pathlib import Path

import numpy as np
import pytest

from massivetext.pipeline.extraction.choice.choose import choose_blocks
from massivetext.pipeline.extraction.choice.score import unit_matrix
from massivetext.pipeline.extraction.training.network import joined
from massivetext.pipeline.extraction.training.pages import LabelledPage, read_pages
from massivetext.pipeline.extraction.training.units import UnitExamples, fit_units, unit_examples

PAGE = """<nav><ul><li><a href=/>Home page of the gazette</a><li><a href=/n>Latest news and more</a>
</ul></nav><article><p>The mill stands by the river, and it has been there for two hundred years.
</p><table><tr><th>Wood<th>Use<tr><td>Oak<td>keels and ribs<tr><td>Ash<td>oars and handles</table>
</article>"""
GOLD = """The mill stands by the river, and it has been there for two hundred years.
Wood Use
Oak keels and ribs
Ash oars and handles"""


@pytest.fixture
def page(tmp_path: Path) -> LabelledPage:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "mill.html").write_text(PAGE, "utf-8")
    entry = {"gold": GOLD, "set": "scrapinghub", "domain": "mill.example", "type": "article"}
    (tmp_path / "gold.json").write_text(json.dumps({"mill": entry}), "utf-8")
    return next(read_pages(tmp_path))


def test_a_unit_is_worth_what_it_adds_to_its_page(page: LabelledPage) -> None:
    examples = unit_examples(page, choose_blocks(page.tree))
    assert examples.sizes.tolist() == [9, 10]
    assert examples.labels.tolist() == [0, 1]
    assert examples.gains[0] < 0 < examples.gains[1]


def test_the_network_learns_which_units_are_text(page: LabelledPage) -> None:
    examples = unit_examples(page, choose_blocks(page.tree))
    many = [UnitExamples(*(np.concatenate([part] * 400) for part in examples)) for _ in range(2)]
    trained = [fit_units([page, page], many, seed=0) for _ in range(2)]
    scores = [network.scores(examples.features) for network in trained]
    assert scores[0][0] < 0 < scores[0][1]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert (
        joined([trained[0].network()]).weights.shape[0]
        == unit_matrix(page.tree, choose_blocks(page.tree).scores).shape[1]
    )
