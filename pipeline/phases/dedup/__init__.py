"""Phase DEDUP: which documents are duplicates, found with keys alone (`massivetext.dedup`).

`phase` runs the steps in their order, `files` says where their arrays lie; each other module is
one step or two.
"""
