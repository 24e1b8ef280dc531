"""What a page of HTML is made of. It looks plain, in light and in the dark, on a phone first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

#: Of one text on a page and of one that stands by itself, in characters; of one table, in rows.
TEXT_LIMIT = 500
BLOCK_LIMIT = 4000
ROWS_LIMIT = 100

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bad: #c0262d; --soft: #8881; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff7a7a; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; padding-left: .7rem;
  border-left: .4rem solid var(--bad); }
h2 { font-size: 1.15rem; margin: 1.75rem 0 .5rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p, ul { margin: .4rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .4rem 0; }
dt { opacity: .7; }
dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .85em/1.45 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: var(--soft); padding: .6rem .7rem; border-radius: .3rem; margin: .4rem 0;
  max-height: 28rem; overflow-y: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92em; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; opacity: .7; }
.bad { color: var(--bad); font-weight: 600; }
"""


def section(title: str, body: str) -> str:
    """A titled part of a page; nothing when there is nothing to say."""
    return f"<section><h2>{title}</h2>{body}</section>\n" if body else ""


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of HTML, as wide as it needs; nothing when there is no row."""
    if not rows:
        return ""
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows[:ROWS_LIMIT])
    left = f"<p>And {len(rows) - ROWS_LIMIT} more.</p>" if len(rows) > ROWS_LIMIT else ""
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{left}'


def listing(lines: Iterable[str], *, code: bool = False) -> str:
    """Lines of text."""
    shown = [f"<code>{text(line)}</code>" if code else text(line) for line in lines][:ROWS_LIMIT]
    return f"<ul>{''.join(f'<li>{line}</li>' for line in shown)}</ul>" if shown else ""


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names, and their values in HTML; those without a value are left out."""
    return "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in pairs if value)


def block(value: str, limit: int = BLOCK_LIMIT) -> str:
    """Text as it was printed."""
    return f"<pre>{text(value, limit)}</pre>"


def bad(word: str) -> str:
    """A word that says that something is not as it should be."""
    return f'<span class="bad">{text(word)}</span>'


def moment(value: datetime) -> str:
    """A time, for people and for programs."""
    there = value.astimezone(UTC)
    return f'<time datetime="{there.isoformat()}">{there:%Y-%m-%d %H:%M:%S} UTC</time>'


def text(value: str | None, limit: int = TEXT_LIMIT) -> str:
    """Text that is no HTML, whatever it holds; of a long one the beginning."""
    full = value or ""
    return escape(full if len(full) <= limit else f"{full[:limit]} …")
