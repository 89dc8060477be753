"""The report as one file: a page of HTML that needs no network, and the same in Markdown beside its pictures."""

import base64
from dataclasses import dataclass, field
from html import escape

import pandas as pd
from markdown_it import MarkdownIt

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #ddd; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid #222; } tbody tr:nth-child(even) { background: #f5f5f5; }
td.best { font-weight: 700; background: #d7ecff; } thead th { white-space: normal; vertical-align: bottom; }
img { max-width: 100%; height: auto; } p.text, li { max-width: 46rem; }
"""


@dataclass
class Section:
    """A heading, sentences, and what they speak of."""

    title: str
    text: str
    table: pd.DataFrame | None = None
    lower_is_better: tuple[str, ...] = ()  # columns whose smallest value is the best
    marked: bool = False  # whether the best value of a column is
    pictures: list[str] = field(default_factory=list)  # names of PNG files in the folder of the report
    facts: list[str] = field(default_factory=list)
    verbatim: str = ""  # Markdown of its own


def html(title: str, intro: str, sections: list[Section], pictures: dict[str, bytes]) -> str:
    """One self-contained page; ``pictures`` holds the PNG files by name."""
    parts = [f"<h1>{escape(title)}</h1>", f'<p class="text">{escape(intro)}</p>']
    for section in sections:
        parts += [f"<h2>{escape(section.title)}</h2>", f'<p class="text">{escape(section.text)}</p>']
        if section.table is not None:
            parts.append(f'<div class="wide">{_table(section)}</div>')
        for name in section.pictures:
            data = base64.b64encode(pictures[name]).decode()
            parts.append(f'<p><img alt="{escape(section.title)}" src="data:image/png;base64,{data}"></p>')
        if section.verbatim:
            text = MarkdownIt("commonmark", {"html": False}).enable("table").render(section.verbatim)
            parts.append(f'<div class="wide">{text}</div>')
        if section.facts:
            parts.append("<ul>" + "".join(f"<li>{escape(fact)}</li>" for fact in section.facts) + "</ul>")
    head = ('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)}</title><style>{STYLE}</style>")
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def markdown(title: str, intro: str, sections: list[Section]) -> str:
    """The same in Markdown; pictures are linked."""
    lines = [f"# {title}", "", intro, ""]
    for section in sections:
        lines += [f"## {section.title}", "", section.text, ""]
        if section.table is not None:
            table = pd.DataFrame({name: [f"**{text}**" if best else text for text, best in cells]
                                  for name, cells in _cells(section).items()})
            lines += [table.to_markdown(index=False, disable_numparse=True), ""]
        lines += [f"![{section.title}]({name})\n" for name in section.pictures]
        lines += [section.verbatim] * bool(section.verbatim)
        lines += [f"- {fact}" for fact in section.facts] + [""] * bool(section.facts)
    return "\n".join(lines)


def _table(section: Section) -> str:
    columns = _cells(section)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    rows = "".join("<tr>" + "".join(f"<td{' class=best' * best}>{escape(text)}</td>" for text, best in row) + "</tr>"
                   for row in zip(*columns.values()))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cells(section: Section) -> dict[str, list[tuple[str, bool]]]:
    """Every column's cells as text, and whether each is the best of its column; equals are best together."""
    found = {}
    for name, column in section.table.items():
        number = pd.api.types.is_numeric_dtype(column)
        best = column.min() if name in section.lower_is_better else column.max() if number else None
        form = "{:,}" if pd.api.types.is_integer_dtype(column) else "{:.2f}" if number else "{}"
        found[name] = [("–" if pd.isna(value) else form.format(value),
                        bool(section.marked and number and value == best)) for value in column]
    return found
