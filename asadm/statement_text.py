r"""The language of ``-e``, of files of commands, of standard input and of the shell: its statements, and their words.

    statements = statement *( (";" | LF) statement )
    statement  = words of a command, then its words, clauses and flags (see asadm.commands)

A word may be quoted with ' or ", and a backslash protects the next character outside of single quotes (inside double
quotes it does so for \ and " only), as in a POSIX shell; one at the end of a line joins the next line to it. Inside quotes
``;`` is an ordinary character. A word that begins with ``#`` or ``//`` starts a comment to the end of the line, ``/*`` one to ``*/``.
"""

from __future__ import annotations

from asinfo.errors import UsageError


class StatementText:
    """The words of one statement, its text, and the line (from 1) it begins on."""

    __slots__ = ("line", "text", "words")

    def __init__(self, words: list[str], text: str, line: int) -> None:
        self.words = words
        self.text = text
        self.line = line


def split(text: str, source: str = "") -> list[StatementText]:
    """``text`` cut into statements and words. Raises UsageError for a quote or a comment that is not closed."""
    return _Splitter(text, source).run()


_JOINED = "\\\n"
"""The end of a line that goes on in the next one."""


class _Splitter:
    """One pass over the characters; `shlex` would cost a quarter of the whole run to import."""

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.at = 0
        self.statements: list[StatementText] = []
        self.words: list[str] = []
        self.start = 0  # of the statement

    def run(self) -> list[StatementText]:
        text = self.text
        while self.at < len(text):
            character = text[self.at]
            if character in ";\n":
                self.end()
                self.at += 1
                self.start = self.at
            elif character.isspace():
                self.at += 1
            elif text.startswith(_JOINED, self.at):
                self.at += len(_JOINED)
            elif not self.comment():
                if not self.words:
                    self.start = self.at
                self.words.append(self.word())
        self.end()
        return self.statements

    def end(self) -> None:
        if self.words:
            line = self.text.count("\n", 0, self.start) + 1
            text = self.text[self.start : self.at].strip().replace(_JOINED, "")
            self.statements.append(StatementText(self.words, text, line))
        self.words = []

    def comment(self) -> bool:
        """Step over a comment, if one begins here."""
        text, at = self.text, self.at
        if text[at] == "#" or text.startswith("//", at):
            end = text.find("\n", at)
            self.at = end if end >= 0 else len(text)
            return True
        if text.startswith("/*", at):
            end = text.find("*/", at + 2)
            if end < 0:
                raise self.error("a comment /* is not closed", at)
            self.at = end + 2
            return True
        return False

    def word(self) -> str:
        text, opened = self.text, self.at
        parts: list[str] = []
        while self.at < len(text) and not (text[self.at] in ";\n" or text[self.at].isspace()):
            character = text[self.at]
            self.at += 1
            if character in "'\"":
                parts.append(self.quoted(character))
            elif character == "\\":
                if self.at == len(text):
                    raise self.error("nothing follows the backslash at the end", opened)
                parts.append(text[self.at].strip("\n"))
                self.at += 1
            else:
                parts.append(character)
        return "".join(parts)

    def quoted(self, quote: str) -> str:
        text, opened = self.text, self.at - 1
        parts: list[str] = []
        while self.at < len(text):
            character = text[self.at]
            self.at += 1
            if character == quote:
                return "".join(parts)
            if character == "\\" and quote == '"' and text[self.at : self.at + 1] in {"\\", '"', "\n"}:
                character = text[self.at].strip("\n")
                self.at += 1
            parts.append(character)
        raise self.error(f"no closing quotation for {quote}", opened)

    def error(self, message: str, at: int) -> UsageError:
        return UsageError(placed(message, self.source, self.text.count("\n", 0, at) + 1))


def placed(message: str, source: str, line: int) -> str:
    """``message`` with its place, where ``source`` is the name of a file."""
    return f"{source}:{line}: {message}" if source else message
