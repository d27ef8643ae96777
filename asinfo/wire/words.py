"""The words of a line, with quotes: inline commands of Valkey, and the first line of a function library."""

_BACKSLASH, _X, _DOUBLE_QUOTE, _SINGLE_QUOTE = b"\\x\"'"

_BLANKS = b" \t\n\v\f\r"
"""What stands between words."""
_WORD_ENDS = b" \t\n\r"
"""What ends a word that has begun: the other two may be in one."""
_ESCAPES = {b"nrtba"[at]: b"\n\r\t\b\a"[at] for at in range(5)}
_HEX_DIGITS = b"0123456789abcdefABCDEF"


def split_quoted(line: bytes, *, words_end_at_quotes: bool = False) -> list[bytes] | None:
    r"""The words of a line, as ``valkey-cli`` reads them; None when a quote is open at its end, or a NUL is in it.

    In double quotes \n, \r, \t, \b, \a and \xHH stand for a byte, and a backslash before any other one for that one;
    in single quotes only \' is special. A quote may begin in mid-word, and the word goes on after it (``a"b"c`` is
    ``abc``) unless ``words_end_at_quotes``, as up to Valkey 8.1: then a blank, or the end, must follow.
    """
    if 0 in line:
        return None
    if not (b'"' in line or b"'" in line or b"\v" in line or b"\f" in line):
        return line.split()
    words: list[bytes] = []
    at = _skip_blanks(line, 0)
    while at < len(line):
        word = bytearray()
        at = _word(line, at, word, words_end_at_quotes)
        if at < 0:
            return None
        words.append(bytes(word))
        at = _skip_blanks(line, at)
    return words


def _skip_blanks(line: bytes, at: int) -> int:
    while at < len(line) and line[at] in _BLANKS:
        at += 1
    return at


def _word(line: bytes, at: int, word: bytearray, ends_at_quote: bool) -> int:
    """Read the word at ``at``; the offset after it, -1 when a quote is wrong."""
    while at < len(line) and line[at] not in _WORD_ENDS:
        byte = line[at]
        at += 1
        if byte not in {_DOUBLE_QUOTE, _SINGLE_QUOTE}:
            word.append(byte)
            continue
        at = _double_quoted(line, at, word) if byte == _DOUBLE_QUOTE else _single_quoted(line, at, word)
        if at < 0 or (ends_at_quote and at < len(line) and line[at] not in _BLANKS):
            return -1
        if ends_at_quote:
            return at
    return at


def _double_quoted(line: bytes, at: int, word: bytearray) -> int:
    """Read to the closing double quote; the offset after it, -1 when there is none."""
    while at < len(line):
        byte = line[at]
        at += 1
        if byte == _DOUBLE_QUOTE:
            return at
        if byte == _BACKSLASH and at < len(line):
            digits = line[at + 1 : at + 3]
            if line[at] == _X and len(digits) == 2 and all(digit in _HEX_DIGITS for digit in digits):
                word.append(int(digits, 16))
                at += 3
                continue
            byte = _ESCAPES.get(line[at], line[at])
            at += 1
        word.append(byte)
    return -1


def _single_quoted(line: bytes, at: int, word: bytearray) -> int:
    """Read to the closing single quote; the offset after it, -1 when there is none."""
    while at < len(line):
        byte = line[at]
        at += 1
        if byte == _SINGLE_QUOTE:
            return at
        if byte == _BACKSLASH and line[at : at + 1] == b"'":
            byte = _SINGLE_QUOTE
            at += 1
        word.append(byte)
    return -1
