"""Names of the bytes that compiled code compares with, and what kinds of bytes there are.

Every byte up to `SPACE` counts as white space: HTML has five such, and the other control characters
stand for nothing.
"""

from __future__ import annotations

from typing import Any, Final

from massivetext.kernels import inlined

TAB: Final = ord("\t")
NEWLINE: Final = ord("\n")
RETURN: Final = ord("\r")
SPACE: Final = ord(" ")
EXCLAMATION: Final = ord("!")
QUOTE: Final = ord('"')
NUMBER_SIGN: Final = ord("#")
AMPERSAND: Final = ord("&")
APOSTROPHE: Final = ord("'")
PLUS: Final = ord("+")
COMMA: Final = ord(",")
HYPHEN: Final = ord("-")
FULL_STOP: Final = ord(".")
SLASH: Final = ord("/")
ZERO: Final = ord("0")
ONE: Final = ord("1")
COLON: Final = ord(":")
SEMICOLON: Final = ord(";")
LESS_THAN: Final = ord("<")
EQUALS: Final = ord("=")
GREATER_THAN: Final = ord(">")
QUESTION: Final = ord("?")
UPPER_A: Final = ord("A")
LOWER_A: Final = ord("a")
LOWER_I: Final = ord("i")
LOWER_X: Final = ord("x")
UNDERSCORE: Final = ord("_")
PERCENT: Final = ord("%")
AT_SIGN: Final = ord("@")
BAR: Final = ord("|")
BACKSLASH: Final = ord("\\")
CARET: Final = ord("^")
OPENING_PARENTHESIS: Final = ord("(")
CLOSING_PARENTHESIS: Final = ord(")")
OPENING_BRACKET: Final = ord("[")
CLOSING_BRACKET: Final = ord("]")
OPENING_BRACE: Final = ord("{")
CLOSING_BRACE: Final = ord("}")
DELETE: Final = 0x7F
"""The first byte that is not printable ASCII; those above it are parts of UTF-8 characters."""

CASE: Final = 0x20
"""The bit that makes a letter a small one."""


@inlined
def is_letter(byte: Any) -> Any:
    """Whether a byte is an ASCII letter."""
    return 97 <= byte | 32 <= 122


@inlined
def is_capital(byte: Any) -> Any:
    """Whether a byte is an ASCII capital."""
    return 65 <= byte <= 90


@inlined
def is_digit(byte: Any) -> Any:
    """Whether a byte is an ASCII digit."""
    return 48 <= byte <= 57


@inlined
def lowered(byte: Any) -> Any:
    """A byte, small if it is an ASCII capital."""
    return byte | 32 if 65 <= byte <= 90 else byte
