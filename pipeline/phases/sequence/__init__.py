"""Phase SEQUENCE: the corpus becomes shards of equal-length token sequences (A.1.2)."""
