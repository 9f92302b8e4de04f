"""The phases of a run, in the order of `table`: what each reads, writes and depends on."""
