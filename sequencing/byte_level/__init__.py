"""Byte-level BPE: tokenizers of the kind of GPT-2, Llama 3, Qwen and o200k.

In the order of the text: `vocabulary` (what a tokenizer.json or a tiktoken file says), `splits`
(text to words, by the tokenizer's own pattern: compiled in `split_kernel` for the patterns of the
known families), `encoder` (words to tokens, by the merges of `bpe_kernel`).
"""
