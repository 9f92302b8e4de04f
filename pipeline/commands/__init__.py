"""The command line: one module a command; `cli` loops over them."""
