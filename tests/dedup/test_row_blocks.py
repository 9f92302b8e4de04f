import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from massivetext.dedup.row_blocks import RowBlocks
from massivetext.records import address


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(1, 7))
def test_every_document_lies_in_one_block_of_its_item(documents, block_rows):
    blocks = RowBlocks(tuple(documents), block_rows)
    seen = []
    for block in range(blocks.count):
        item, start, stop = blocks.place(block)
        assert block in blocks.of_item(item)
        assert 0 < stop - start <= block_rows
        rows = [address(item, row) for row in range(start, stop)]
        assert (blocks.numbers(np.array(rows, np.uint64)) == block).all()
        seen += rows
    assert seen == [address(item, row) for item, n in enumerate(documents) for row in range(n)]
