"""Beam transforms for pipelines of one's own: `Read | Extract | Judge | Deduplicate`.

They do what the phases do, by the same functions, over PCollections of documents. Where documents
are compared, texts travel between workers here; the phases of a run never let them. docs/python.md
says what that costs.
"""
