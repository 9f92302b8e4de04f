"""The trainer: a compact Gopher-style model in Flax that reads the shards of `sequencing`.

Importing this package, `configs`, `flops` or `commands` needs no JAX; everything else does, and
comes with `pip install massivetext[train]`.
"""
