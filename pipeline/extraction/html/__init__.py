"""Bytes of a page to a `PageTree`: nodes and blocks of text, as browsers would build them."""
