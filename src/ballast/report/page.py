"""The report as one file: an HTML page that needs no network, and the same in Markdown beside its pictures."""

import base64
from dataclasses import dataclass, field
from importlib.resources import files
from typing import NamedTuple

import pandas as pd
from jinja2 import Environment, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

TEMPLATE = "page.html.j2"


class Cell(NamedTuple):
    """A cell of a table as text."""

    text: str
    marked: bool


@dataclass
class Section:
    """A part of the report: a heading, sentences, and the table or pictures that they are about."""

    title: str
    text: str
    table: pd.DataFrame | None = None
    marks: pd.DataFrame | None = None  # truth values: which cells of the table's columns are marked
    pictures: list[str] = field(default_factory=list)  # names of PNG files in the folder of the report
    facts: list[str] = field(default_factory=list)
    verbatim: str = ""  # Markdown that is shown as it is

    def rows(self) -> list[tuple[Cell, ...]]:
        """Return the rows of the table as text."""
        return list(zip(*(self._cells(name) for name in self.table.columns)))

    def _cells(self, name: str) -> list[Cell]:
        """Return the cells of a column."""
        column = self.table[name]
        numeric = pd.api.types.is_numeric_dtype(column)
        if not numeric:
            form = "{}"
        elif pd.api.types.is_integer_dtype(column):
            form = "{:,}"
        else:
            form = "{:.2f}"
        marks = [False] * len(column) if self.marks is None or name not in self.marks else self.marks[name]
        return [Cell("–" if pd.isna(value) else form.format(value), bool(mark)) for value, mark in zip(column, marks)]


def html(title: str, intro: str, sections: list[Section], pictures: dict[str, bytes]) -> str:
    """Return one self-contained page; ``pictures`` holds the content of the PNG files by name."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined,
                              keep_trailing_newline=True)
    environment.filters["markdown"] = _markup
    template = environment.from_string(files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8"))
    encoded = {name: base64.b64encode(content).decode() for name, content in pictures.items()}
    return template.render(title=title, intro=intro, sections=sections, pictures=encoded)


def markdown(title: str, intro: str, sections: list[Section]) -> str:
    """Return the page in Markdown, with links to the pictures."""
    lines = [f"# {title}", "", intro, ""]
    for section in sections:
        lines += [f"## {section.title}", "", section.text, ""]
        if section.table is not None:
            lines += [_markdown_table(section), ""]
        lines += [f"![{section.title}]({name})\n" for name in section.pictures]
        if section.verbatim:
            lines.append(section.verbatim)
        if section.facts:
            lines += [*(f"- {fact}" for fact in section.facts), ""]
    return "\n".join(lines)


def _markdown_table(section: Section) -> str:
    """Return the table of a section, its marked cells in bold."""
    rows = [[f"**{cell.text}**" if cell.marked else cell.text for cell in row] for row in section.rows()]
    table = pd.DataFrame(rows, columns=section.table.columns)
    return table.to_markdown(index=False, disable_numparse=True)


def _markup(text: str) -> Markup:
    """Return Markdown as HTML; HTML within it is escaped."""
    return Markup(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
