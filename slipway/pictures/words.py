"""Texts whose words are coloured by what they add to an answer: blue for it, orange against it."""

from collections.abc import Sequence
from dataclasses import dataclass

from slipway.pictures.elements import BOLD, FAINT, svg_of, text
from slipway.pictures.heat import AGAINST, FOR

WIDTH, LINE, CHARACTER, GAP = 760, 22, 6.6, 6
MAX_WORDS = 120
MONOSPACE = ' font-family="ui-monospace, monospace"'
STRONGEST, LEAST = 0.85, 0.04


@dataclass(frozen=True)
class Paragraph:
    """A text as words with what each adds, and a line to stand above it."""

    heading: str
    words: Sequence[tuple[str, float]]


def coloured_words(paragraphs: Sequence[Paragraph], key: str) -> str:
    """Draw the texts, the first `MAX_WORDS` words of each; colours are strongest at a text's own largest.

    Widths of words are taken from their number of characters, for a picture knows no font: each is squeezed into its.
    """
    parts, y = [], 0.0
    for each in paragraphs:
        y += LINE
        parts.append(text(0, y - 8, each.heading, style=BOLD))
        largest, x = max((abs(adds) for _, adds in each.words), default=0) or 1, 0.0
        for word, adds in [*each.words[:MAX_WORDS], *([("…", 0.0)] if len(each.words) > MAX_WORDS else [])]:
            shown = word[: WIDTH // 10]
            wide = CHARACTER * len(shown) + 6
            if x and x + wide > WIDTH:
                x, y = 0.0, y + LINE
            strength = STRONGEST * abs(adds) / largest
            if strength > LEAST:
                parts.append(
                    f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{LINE - 4}" rx="3" '
                    f'fill="{FOR if adds > 0 else AGAINST}" opacity="{strength:.2f}"/>'
                )
            parts.append(text(x + 3, y + 13, shown, length=wide - 6, style=MONOSPACE))
            x += wide + 2
        y += LINE + GAP
    return svg_of([*parts, text(0, y + 12, key, style=FAINT)], WIDTH, y + 18)
