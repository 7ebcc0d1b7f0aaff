"""Badges: the total in a few words, for a README.

`badge` is what shields.io draws a badge from (https://shields.io/badges/endpoint-badge), and
`badge-svg` one that is drawn here and loads nothing. No text in them is a repository's.

The colour never says more than the words: grey for what is not graded and for a total that
may still change, and by the exact total otherwise, not by the one that is shown.
"""

import json
from dataclasses import dataclass
from functools import cache
from math import ceil

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grader.model.report import Report
from grader.model.score import Grade
from grader.reporting import words
from grader.resources import shipped

LABEL = "mlops-grade"

# White text stands out from each of them by 4.5 to 1 at least (WCAG 2.2, 1.4.3).
LABEL_COLOR = "#444444"
UNSURE = "#6a6a6a"
_COLORS = ((8.0, "#1a7f37"), (5.0, "#876800"), (0.0, "#b3401c"))

_PAD = 6


@dataclass(frozen=True)
class _Badge:
    message: str
    color: str
    is_graded: bool


def render_badge(report: Report) -> str:
    """The total as the JSON of a shields.io endpoint. An error badge where nothing was graded."""
    badge = _badge(report.grade)
    endpoint = {
        "schemaVersion": 1,
        "label": LABEL,
        "message": badge.message,
        "color": badge.color,
        # Nobody is to give it another colour in the address.
        "isError": not badge.is_graded,
    }
    return json.dumps(endpoint, indent=2) + "\n"


def render_badge_svg(report: Report) -> str:
    """The total as an SVG picture with a title, 20 pixels high."""
    badge = _badge(report.grade)
    label_width, message_width = _width(LABEL), _width(badge.message)
    return (
        _environment()
        .get_template("badge.svg.j2")
        .render(
            title=f"{LABEL}: {badge.message}",
            label=LABEL,
            message=badge.message,
            width=label_width + message_width,
            label_width=label_width,
            message_width=message_width,
            pad=_PAD,
            label_color=LABEL_COLOR,
            color=badge.color,
        )
    )


def _badge(grade: Grade) -> _Badge:
    if grade.total is None:
        return _Badge(words.state(grade), UNSURE, is_graded=False)
    if not grade.is_final:
        message = f"{words.total(grade)}, {words.state(grade)}"
        return _Badge(message, UNSURE, is_graded=True)
    color = next(color for least, color in _COLORS if grade.total >= least)
    return _Badge(words.total(grade), color, is_graded=True)


# About what Verdana takes at 11 pixels; `textLength` makes any other font fit.
_WIDTHS = {" ": 3.9, ".": 4.0, ",": 4.0, "-": 5.0, "%": 11.8}
_WIDTHS |= dict.fromkeys("ijl", 3.2) | dict.fromkeys("frt", 4.6) | {"m": 10.7, "w": 9.0}


def _width(text: str) -> int:
    return ceil(sum(_WIDTHS.get(char, 7.0) for char in text)) + 2 * _PAD


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(shipped("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
