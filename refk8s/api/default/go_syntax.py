"""What Go's JSON scanner says about text that is no JSON, for the error messages that quote it.

Source: Go's encoding/json/scanner.go (the states and their messages).
"""

from __future__ import annotations

from refk8s.kinds.fielderror import quote

__all__ = ["complaint"]

_SPACE = b" \t\r\n"
_LITERALS = {ord("t"): b"true", ord("f"): b"false", ord("n"): b"null"}
_DIGITS = b"0123456789"


class _Syntax(Exception):
    """The scanner stops; its text is the complaint."""


def complaint(data: bytes) -> str:
    """Go's message about `data`; "" if it is one JSON value."""
    scanner = _Scanner(data)
    try:
        scanner.value()
        if scanner.next_token() is not None:
            raise scanner.unexpected("after top-level value")
    except _Syntax as error:
        return str(error)
    return ""


class _Scanner:
    """Reads bytes one by one; at the end Go feeds its states one space before it gives up."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def peek(self) -> int | None:
        return self.data[self.at] if self.at < len(self.data) else None

    def next_token(self) -> int | None:
        """The next byte that is no space."""
        while self.at < len(self.data) and self.data[self.at] in _SPACE:
            self.at += 1
        return self.peek()

    def unexpected(self, where: str, *, at_end: bool = False) -> _Syntax:
        """The error at the current byte; `at_end`: the state refuses even the space at the end."""
        byte = self.peek()
        if byte is None and not at_end:
            return _Syntax("unexpected end of JSON input")
        return _Syntax(f"invalid character {_shown(byte)} {where}")

    def value(self) -> None:
        byte = self.next_token()
        if byte == ord("{"):
            self.members()
        elif byte == ord("["):
            self.elements()
        elif byte == ord('"'):
            self.string()
        elif byte in _LITERALS:
            self.literal(_LITERALS[byte])
        elif byte is not None and byte in b"-" + _DIGITS:
            self.number()
        else:
            raise self.unexpected("looking for beginning of value")

    def members(self) -> None:
        self.at += 1
        if self.next_token() == ord("}"):
            self.at += 1
            return
        while True:
            if self.next_token() != ord('"'):
                raise self.unexpected("looking for beginning of object key string")
            self.string()
            if self.next_token() != ord(":"):
                raise self.unexpected("after object key")
            self.at += 1
            self.value()
            if not self.more(ord("}"), "after object key:value pair"):
                return

    def elements(self) -> None:
        self.at += 1
        if self.next_token() == ord("]"):
            self.at += 1
            return
        while True:
            self.value()
            if not self.more(ord("]"), "after array element"):
                return

    def more(self, end: int, where: str) -> bool:
        """Whether a comma follows; else the end must."""
        byte = self.next_token()
        if byte not in (ord(","), end):
            raise self.unexpected(where)
        self.at += 1
        return byte != end

    def literal(self, word: bytes) -> None:
        for expected in word:
            if self.peek() != expected:
                where = f"in literal {word.decode()} (expecting {_shown(expected)})"
                raise self.unexpected(where, at_end=True)
            self.at += 1

    def string(self) -> None:
        self.at += 1
        while (byte := self.peek()) != ord('"'):
            if byte is None or byte < 0x20:
                raise self.unexpected("in string literal")
            self.at += 1
            if byte == ord("\\"):
                self.escape()
        self.at += 1

    def escape(self) -> None:
        byte = self.peek()
        if byte is None or byte not in b'bfnrt\\/"u':
            raise self.unexpected("in string escape code", at_end=True)
        self.at += 1
        for _ in range(4 if byte == ord("u") else 0):
            digit = self.peek()
            if digit is None or digit not in b"0123456789abcdefABCDEF":
                raise self.unexpected("in \\u hexadecimal character escape", at_end=True)
            self.at += 1

    def number(self) -> None:
        if self.peek() == ord("-"):
            self.at += 1
        if self.peek() == ord("0"):
            self.at += 1
        else:
            self.digits("in numeric literal")
        if self.peek() == ord("."):
            self.at += 1
            self.digits("after decimal point in numeric literal")
        if self.peek() in (ord("e"), ord("E")):
            self.at += 1
            if self.peek() in (ord("+"), ord("-")):
                self.at += 1
            self.digits("in exponent of numeric literal")

    def digits(self, where: str) -> None:
        """At least one digit."""
        start = self.at
        while (byte := self.peek()) is not None and byte in _DIGITS:
            self.at += 1
        if self.at == start:
            raise self.unexpected(where, at_end=True)


def _shown(byte: int | None) -> str:
    char = chr(0x20 if byte is None else byte)
    return {"'": "'\\''", '"': "'\"'"}.get(char) or f"'{quote(char)[1:-1]}'"
