"""No worker ever gets a bucket, a cluster or the list of all pairs."""

import apache_beam as beam
import pytest

from massivetext.config import Config, Dedup
from massivetext.dedup import row_blocks
from massivetext.dedup.removal_rules import LABEL
from massivetext.pipeline.phases.dedup import shuffles
from massivetext.pipeline.phases.phase import run_phase
from massivetext.pipeline.phases.table import phase_named
from tests.dedup.documents import page
from tests.dedup.phases import SOURCES, curated, job_in

BLOCKS = 4
GROUP_BY_KEY = beam.GroupByKey


class Spy(beam.PTransform):
    """GroupByKey that notes how many bytes each group holds: touches `folder/label/bytes`."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def expand(self, input_or_inputs):
        label = input_or_inputs.pipeline.transforms_stack[-1].full_label.replace("/", " ")
        folder = self.folder / label
        folder.mkdir(exist_ok=True)
        return input_or_inputs | GROUP_BY_KEY() | beam.Map(self._note, folder)

    def _note(self, element, folder):
        values = list(element[1])
        if all(isinstance(value, bytes) for value in values):
            (folder / str(sum(map(len, values)))).touch()
        return element[0], values


def largest_groups(folder, monkeypatch, size, rule):
    """Label -> bytes of the largest group when a cluster of that size lies in `BLOCKS` blocks."""
    base = page("base", 400).split(" ")
    texts = [" ".join([*base[:200], f"changed{number}", *base[201:]]) for number in range(size)]
    work = curated(folder, texts, 2)
    sizes = folder / "sizes"
    sizes.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(row_blocks, "ROWS_PER_BLOCK", size // BLOCKS)
        patch.setattr(shuffles, "PARTITION_BYTES", 500)
        patch.setattr(beam, "GroupByKey", lambda: Spy(sizes))
        config = Config(sources=SOURCES, dedup=Dedup(rule=rule))
        manifest = run_phase(job_in(folder, config), phase_named("dedup"), work)
    assert manifest.ledger["removed"] == size - 1
    return {
        label.name: max((int(path.name) for path in label.iterdir()), default=0)
        for label in sizes.iterdir()
    }


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["cluster", "pairwise", "greedy"])
def test_a_cluster_twice_as_large_makes_no_group_larger(tmp_path, monkeypatch, rule):
    """In as many blocks each time: who holds a bucket or a cluster would hold twice as much.

    A fifth is left for the chance number of heads; and blocks, which are twice as large as well,
    may hear of each of their own documents: a label is 24 bytes.
    """
    small = largest_groups(tmp_path / "small", monkeypatch, 600, rule)
    large = largest_groups(tmp_path / "large", monkeypatch, 1200, rule)
    own_documents_bytes = LABEL.itemsize * (1200 - 600) // BLOCKS
    last = {tuple(label.split()[-3:]) for label in large}
    assert last >= {("ReturnHeads", "Group", "buckets"), ("By", "block", "Group")}
    for label, size_bytes in large.items():
        assert size_bytes <= 1.2 * small.get(label, 0) + own_documents_bytes, label
