"""One line for a report: what --quiet prints, and how the whole report begins and ends.

Apart from the rest of the terminal's: what draws tables there takes longer to load than an
unchanged repository takes to be looked up.
"""

from grader.model.report import Report
from grader.model.score import Grade
from grader.reporting import words
from grader.reporting.clean import clean

# For a terminal or a file that can't say the signs.
_SIMPLER = str.maketrans(
    {"×": "*", "→": "->", "…": "...", "–": "-", "█": "#", "░": ".", "’": "'"}
)


def render_quiet(report: Report, encoding: str) -> str:
    """One line: the repository, the total and its state, in signs that the encoding has."""
    line = summary(clean(report.repository.name), report.grade)
    return f"{said_in(encoding, line)}\n"


def summary(name: str, grade: Grade) -> str:
    """`flat-prices: 7.41 of 10, final`, of a name that is clean."""
    state = "" if grade.total is None else f", {words.state(grade)}"
    return f"{name}: {words.total(grade)}{state}"


def said_in(encoding: str, text: str) -> str:
    """The text with simpler signs where an encoding does not have every one."""
    if encoding.lower().startswith("utf"):
        return text
    simple = text.translate(_SIMPLER)
    return simple.encode(encoding, "backslashreplace").decode(encoding)
