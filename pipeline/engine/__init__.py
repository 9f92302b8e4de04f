"""What runs any phase: files, work items and their records, rounds, processes, progress, errors.

It knows no phase: what is done for an item is handed to it.
"""
