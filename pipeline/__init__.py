"""From files to shards: commands, the phases they run, readers, extraction, and the engine below.

Imports run one way: commands -> phases -> readers, extraction and engine.
"""
