"""The admin's pages in docs/: the commands with their output, and the pictures."""
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from lab.settings import TESTS

DOCS = TESTS.parent / "docs"
PICTURES = DOCS / "pictures"
LEFT_OUT = "…"


@dataclass
class Shown:
    """A command as a page shows it, and the lines under it."""

    page: str
    command: str
    lines: list[str]

    @property
    def arguments(self) -> list[str]:
        return shlex.split(self.command, comments=True)[1:]

    def missing(self, output: str) -> str | None:
        """The first line that the command did not print in this place. A line of `…` stands for any number of lines, `…` in one for any text."""
        rest = [_shape(line) for line in _as_on_the_pages(output).splitlines()]
        gap = False
        for line in self.lines:
            if line.strip() == LEFT_OUT:
                gap = True
                continue
            wanted = ".*".join(re.escape(part) for part in _shape(line).split(LEFT_OUT))
            while gap and rest and not re.fullmatch(wanted, rest[0]):
                rest.pop(0)
            if not rest or not re.fullmatch(wanted, rest[0]):
                return line
            rest.pop(0)
            gap = False
        return None if gap or not rest else f"(end; the command went on with {rest[0]!r})"


def shown(page: str) -> list[Shown]:
    """Every `$ signet …` of a page, in its order."""
    found: list[Shown] = []
    for block in re.findall(r"^```\w*\n(.*?)^```$", (DOCS / page).read_text(), re.M | re.S):
        current = None
        for line in block.splitlines():
            if line.startswith("$ "):
                current = Shown(page, line[2:], []) if line.startswith("$ signet ") else None
                found += [current] if current else []
            elif current:
                current.lines.append(line)
    return found


def pictures_named() -> set[str]:
    """The pictures that the pages show, by name."""
    return {name for page in DOCS.glob("*.md") for name in re.findall(r"!\[[^\]]+\]\(pictures/([a-z-]+)\.png\)", page.read_text())}


# The pages are about Contoso, the lab about its own names.
_NAMES = [
    ("corp.example", "contoso.com"), ("CORP.EXAMPLE", "CONTOSO.COM"), ("DC=corp, DC=example", "DC=contoso, DC=com"),
    ("DC=example,DC=corp", "DC=com,DC=contoso"), ("Lab Issuing CA", "Contoso Issuing CA"), ("Lab Root CA", "Contoso Root CA"), ("127.0.0.", "10.0.0."),
]


def _as_on_the_pages(output: str) -> str:
    output = re.sub(r"http://127\.0\.0\.1:\d+/", "http://pki.contoso.com/", output)
    for lab, page in _NAMES:
        output = output.replace(lab, page)
    return output


# What differs from run to run: instants, identifiers, digests, numbers, folders, the width of columns.
_VARIES = [
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?( ?UTC|Z)?", "INSTANT"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "GUID"),
    (r"/[\w./-]*/(?=[\w.-]+)", "/FOLDER/"),
    (r"\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b", "HEX"),
    (r"\d+", "N"),
]


def _shape(line: str) -> str:
    """A line without what differs."""
    for pattern, word in _VARIES:
        line = re.sub(pattern, word, line)
    return " ".join(line.split())
