"""Two reports compared: for a terminal, as HTML, Markdown and JSON."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.model.comparison import Comparison, ItemChange
from grader.reporting import changes
from grader.reporting.clean import clean_stored
from grader.reporting.json import render_json
from grader.reporting.markdown import MAX_CHARACTERS, from_template
from grader.reporting.page import asset, page

# Of each item, findings that came and that went: in the terminal, and with --verbose.
FIRST_FINDINGS = 5
ALL_FINDINGS = 1_000


def comparison_json(comparison: Comparison) -> str:
    """The comparison as it is stored."""
    return render_json(comparison)


def comparison_markdown(comparison: Comparison) -> str:
    """Markdown, with as many findings as fit into a comment on GitHub."""
    shown, text = clean_stored(comparison), ""
    for findings in (20, 5, 0):
        text = from_template(
            "comparison.md.j2", comparison=shown, findings=findings, changes=changes
        )
        if len(text) <= MAX_CHARACTERS:
            break
    return text


def comparison_html(comparison: Comparison) -> str:
    """One HTML file that loads and runs nothing."""
    return page(
        "comparison.html.j2",
        asset("report.css"),
        "",
        comparison=clean_stored(comparison),
        findings=ALL_FINDINGS,
        changes=changes,
    )


def show_comparison(
    comparison: Comparison, console: Console, *, verbose: bool = False
) -> None:
    """Print the comparison; `verbose` lists every finding that came or went."""
    _Page(clean_stored(comparison), console).print(verbose)


class _Page:
    """One comparison on one console; nothing in it is markup."""

    def __init__(self, comparison: Comparison, console: Console) -> None:
        self._comparison = comparison
        self._console = console

    def print(self, verbose: bool) -> None:
        found = self._comparison
        self._line(changes.summary(found), "bold")
        self._wrapped(f"before: {changes.about(found.before)}", "dim")
        self._wrapped(f"after:  {changes.about(found.after)}", "dim")
        if found.is_unchanged:
            self._line("")
            self._line(changes.NOTHING)
            return
        self._differences()
        self._changes()
        for change in changes.with_moves(found):
            self._moves(change, ALL_FINDINGS if verbose else FIRST_FINDINGS, verbose)
        self._line("")
        self._line(changes.summary(found), "bold")

    def _differences(self) -> None:
        if found := changes.rulers(self._comparison):
            self._title(changes.RULERS, "bold yellow")
            for one in found:
                self._wrapped(changes.brief(one.statement), "yellow")
        if found := changes.circumstances(self._comparison):
            self._title("Also another")
            for one in found:
                self._wrapped(changes.brief(one.statement))

    def _changes(self) -> None:
        changed, beside = self._comparison.changed, changes.others(self._comparison)
        if not changed and not beside:
            self._line("")
            self._line("No mark, number or finding changed.")
            return
        self._title("What the change is made of, in points of the total")
        if parts := changes.made_of(self._comparison):
            self._wrapped(f"{parts}.")
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=0)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for change in changed:
            about_it = self._text(change.item, "bold")
            about_it.append(self._text(f"  {changes.marks(change)}"))
            for remark in changes.remarks(change):
                about_it.append("\n").append(self._text(changes.brief(remark), "dim"))
            grid.add_row("", self._text(changes.points(change), "cyan"), about_it)
        for other in beside:
            grid.add_row(
                "",
                self._text(other.points, "cyan"),
                self._text(changes.brief(other.title)),
            )
        self._console.print(grid)
        if still := changes.unchanged(self._comparison):
            self._wrapped(f"Unchanged: {', '.join(still)}.", "dim")

    def _moves(self, change: ItemChange, at_most: int, verbose: bool) -> None:
        self._title(f"{change.item}: {changes.counts(change) or 'please look'}")
        found = changes.moves(change, at_most)
        for move in found.shown:
            style = "red" if move.sign == "+" else "green"
            self._line(f"  {move.sign} {changes.brief(move.text)}", style)
        if found.beyond:
            where = "in the JSON" if verbose else "with --verbose"
            self._line(f"  {found.beyond} more {where}.")

    def _title(self, text: str, style: str = "bold") -> None:
        self._line("")
        self._line(text, style)

    def _line(self, text: str, style: str = "") -> None:
        self._console.print(self._text(text, style), soft_wrap=True)

    def _wrapped(self, text: str, style: str = "") -> None:
        shown = Padding(self._text(text, style), (0, 0, 0, 2), expand=False)
        self._console.print(shown)

    def _text(self, text: str, style: str = "") -> Text:
        encoding = self._console.encoding
        if not encoding.lower().startswith("utf"):
            text = text.translate(_SIMPLER)
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        return Text(text, style, overflow="fold")


_SIMPLER = str.maketrans({"×": "*", "→": "->", "…": "...", "–": "-"})
