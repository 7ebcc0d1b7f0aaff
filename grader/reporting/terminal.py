"""The terminal: marks with their numbers, and what to fix next with the exact command.

Everything is a `Text` of rich, never a markup string, so that no text from a repository
is taken for markup. Commands and places are never wrapped or cut: they can be copied.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.model.measurement import Finding
from grader.model.report import Fix, Report, ReportCheck
from grader.model.score import Decided, ItemScore, Ungraded
from grader.reporting import (
    checklists,
    decisions,
    findings,
    maturity,
    numbers,
    submitted,
    words,
)
from grader.reporting.clean import clean_report, paragraphs
from grader.reporting.quiet import said_in, summary

# Per check, where findings are listed. The JSON has every one.
ALL_FINDINGS = 1_000
BAR_WIDTH = 16
# An honest reason is shorter; the JSON has it whole.
REASON_CHARACTERS = 500
# A longer one names many files; it is in the other formats.
SHORT_ENVIRONMENT = 6
SHORT_SIGNALS = 10
SHORT_COMMAND = 300


def render_terminal(report: Report, console: Console, *, verbose: bool = False) -> None:
    """Print the report; `verbose` adds every finding and what was left out."""
    _Page(clean_report(report), console).print(verbose)


class _Page:
    """One report on one console."""

    def __init__(self, report: Report, console: Console) -> None:
        self._report = report
        self._console = console

    def print(self, verbose: bool) -> None:
        """The sections in their order; the total again at the end, near the prompt."""
        self._head()
        self._dimensions()
        self._checks()
        if verbose:
            self._findings()
            self._later()
        self._fixes()
        self._maturity()
        self._signals(verbose)
        self._environment(verbose)
        self._aside(verbose)
        self.line("")
        self.line(summary(self._report.repository.name, self._report.grade), "bold")

    def line(self, text: str, style: str = "") -> None:
        """A line that is never wrapped or cut."""
        self._console.print(self._text(text, style), soft_wrap=True)

    def _wrapped(self, text: str, indent: int, style: str = "") -> None:
        shown = Padding(self._text(text, style), (0, 0, 0, indent), expand=False)
        self._console.print(shown)

    def _text(self, text: str, style: str = "") -> Text:
        said = said_in(self._console.encoding, text)
        return Text(said, style, overflow="fold")

    def _title(self, text: str) -> None:
        self.line("")
        self.line(text, "bold")

    def _head(self) -> None:
        report = self._report
        repository, grade = report.repository, report.grade
        self.line(summary(repository.name, grade), "bold")
        if grade.total_of_100 is not None:
            self.line(f"  {numbers.of_100(grade.total_of_100)} of 100")
        for line in (*decisions.lines(grade), *words.reasons(report)):
            self._wrapped(_brief(line), 2)
        commit = repository.commit[:12] if repository.commit else "not under git"
        changed = " with uncommitted changes" if repository.uncommitted else ""
        about = words.about_commit(repository)
        about = f" ({about})" if about else ""
        self.line(f"  {repository.source}", "dim")
        self._wrapped(
            f"{commit}{changed}{about}, graded {words.when(report.graded_at)}, "
            f"{words.rubric(report.rubric)}",
            2,
            "dim",
        )
        for title, text in submitted.facts(report):
            self._wrapped(_brief(f"{title}: {text}"), 2, "dim")

    def _dimensions(self) -> None:
        self._title("Dimensions")
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=0)
        grid.add_column(overflow="fold")
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for dimension in self._report.grade.dimensions:
            shown = (
                "not graded" if dimension.mark is None else numbers.mark(dimension.mark)
            )
            note = f"weight {numbers.plain(dimension.weight)}"
            if 0 < dimension.measured_share < 1:
                note += f", {numbers.percent(dimension.measured_share)} of it graded"
            grid.add_row(
                "",
                self._text(dimension.title),
                self._text(shown, "bold"),
                self._bar(dimension.mark),
                self._text(note, "dim"),
            )
        self._console.print(grid)

    def _bar(self, mark: float | None) -> Text:
        if mark is None:
            return self._text("")
        filled = round(mark / 10 * BAR_WIDTH)
        # Only 10 fills the last place, only 0 leaves the first one empty.
        if 0 < mark < 10:
            filled = min(BAR_WIDTH - 1, max(1, filled))
        bar = self._text("█" * filled, "cyan")
        return bar.append(self._text("░" * (BAR_WIDTH - filled), "dim"))

    def _checks(self) -> None:
        self._title("Checks")
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=0)
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_column(overflow="fold")
        left_out: list[str] = []
        for check in words.rows(self._report):
            if isinstance(check.result, Ungraded) and check.result.cause == "left-out":
                left_out.append(check.id)
                continue
            grid.add_row(
                "",
                self._text(words.mark(check.result), "bold"),
                self._text(check.id, "bold"),
                self._about(check),
            )
        self._console.print(grid)
        if left_out:
            self._wrapped(f"Left out with --only or --skip: {', '.join(left_out)}.", 2)

    def _about(self, check: words.Row) -> Text:
        result = check.result
        lines: list[Text] = []
        if isinstance(result, Decided):
            lines.append(self._text(_brief(words.decided(result))))
        elif isinstance(result, Ungraded):
            lines.append(self._text(_brief(words.not_graded(result)), "yellow"))
        if isinstance(check, ReportCheck):
            lines += self._measured(check)
        return Text("\n", overflow="fold").join(lines)

    def _measured(self, check: ReportCheck) -> list[Text]:
        score = words.automatic(check.result)
        if not isinstance(score, ItemScore):
            return []
        count = words.finding_count(check)
        pairs = [f"{n.name} {n.shown}" for n in words.key_numbers(check)]
        known = "; ".join(part for part in (", ".join(pairs), count) if part)
        lines = [
            self._text(words.rule_of_rubric(score) or words.derivation(score)),
            self._text(known, "dim"),
        ]
        if score.is_alone:
            lines.append(self._text(words.without_class(score), "yellow"))
        for file in words.not_measured(check):
            text = f"not measured: {file.path}: {_brief(file.reason)}"
            lines.append(self._text(text, "yellow"))
        if check.advice and score is check.result and score.mark < 10:
            lines += [self._text(part) for part in paragraphs(check.advice)]
        return lines

    def _findings(self) -> None:
        for check in self._report.checks:
            lines = checklists.checklist(check)
            own = checklists.findings_beside(check)
            inherited = checklists.findings_beside(check, inherited=True)
            if not own and not inherited and not lines:
                continue
            self._title(f"{check.id}: {words.finding_count(check)}")
            if lines:
                self._wrapped(f"Checklist: {checklists.score(check)}", 2, "bold")
            for line in lines:
                self._line_of_checklist(line)
            self._listed(own)
            if inherited:
                self._wrapped(f"{words.STARTER}:".capitalize(), 2, "bold")
                self._listed(inherited)

    def _line_of_checklist(self, line: checklists.ChecklistLine) -> None:
        answer = line.answer
        starter = f" ({words.STARTER})" if line.is_inherited else ""
        style = "" if answer.holds else "yellow"
        told = f"{answer.quantity}: {answer.told}{starter}"
        self._wrapped(f"{line.shown:<3}  {told}", 2, style)
        for sight in answer.sights:
            what = f": {sight.what}" if sight.what else ""
            self.line(f"       {words.place(sight)}{what}", "dim")
        if line.fix:
            self._wrapped(line.fix, 7, "dim")

    def _listed(self, found: Sequence[Finding]) -> None:
        for file in findings.finding_list(found, ALL_FINDINGS, ALL_FINDINGS).first:
            for finding in file.findings:
                self._finding(finding)
        if len(found) > ALL_FINDINGS:
            more = words.counted(len(found) - ALL_FINDINGS, "more finding")
            self.line(f"  {more} in the JSON report.")

    def _finding(self, finding: Finding) -> None:
        self.line(
            f"  {words.place(finding)}: {words.severity(finding)}: "
            f"{finding.rule}: {finding.message}"
        )

    def _later(self) -> None:
        commits = submitted.later(self._report)
        if not commits:
            return
        self._title("After the deadline")
        for one in commits:
            self.line(f"  {one.hash} {one.author}, {one.claimed}: {one.subject}")
        more = submitted.later_count(self._report) - len(commits)
        if more > 0:
            self._wrapped(f"and {more} more, not listed", 2)

    def _fixes(self) -> None:
        self._title("What to fix next")
        if not self._report.fixes:
            self._wrapped(
                "Nothing that was graded has a finding whose fixing would raise the "
                "total.",
                2,
            )
        for fix in self._report.fixes:
            self._fix(fix)

    def _fix(self, fix: Fix) -> None:
        before, after = numbers.mark(fix.mark_now), numbers.mark(fix.mark_after)
        line = self._text(f"  {numbers.gain(fix.gain):>6} points  ", "cyan")
        line.append(self._text(fix.item, "bold"))
        takes = f"  {findings.effort(fix)}" if fix.effort else ""
        line.append(self._text(f"  {before} → {after}{takes}"))
        self._console.print(line, soft_wrap=True)
        for part in paragraphs(fix.advice):
            self._wrapped(part, 17)
        command = fix.command or self._shown_by(fix.item)
        if command:
            self.line(f"{'':17}{command}", "green")

    def _shown_by(self, item: str) -> str | None:
        """The command that shows the findings, unless it is long."""
        for check in self._report.checks:
            if check.id == item and check.measurement is not None:
                command = check.measurement.command
                return command if command and len(command) <= SHORT_COMMAND else None
        return None

    def _maturity(self) -> None:
        found = self._report.maturity
        if found is None:
            return
        self._title(maturity.TITLE)
        self._wrapped(f"{maturity.headline(found)}. It carries no points.", 2)
        lacking = maturity.lacking(found)
        if lacking is None:
            return
        self._wrapped(f"{lacking.title}:", 2)
        for line in lacking.lines:
            self._wrapped(f"{line.title} ({line.checker}: {line.quantity})", 4, "dim")

    def _signals(self, verbose: bool) -> None:
        signals = words.signals(self._report)
        if not signals:
            return
        self._title("Please look")
        self._wrapped(words.LOOK, 2)
        for signal in signals if verbose else signals[:SHORT_SIGNALS]:
            finding = signal.finding
            self.line(f"  {words.place(finding)}: {_brief(finding.message)}")
        if not verbose and len(signals) > SHORT_SIGNALS:
            self._wrapped(f"{len(signals) - SHORT_SIGNALS} more with --verbose.", 2)

    def _environment(self, verbose: bool) -> None:
        lines = words.environment(self._report)
        if not lines:
            return
        self._title("Environment of the tests")
        for title, text in lines if verbose else lines[:SHORT_ENVIRONMENT]:
            self._wrapped(_brief(f"{title}: {text}"), 2)
        if not verbose and len(lines) > SHORT_ENVIRONMENT:
            self._wrapped(f"{len(lines) - SHORT_ENVIRONMENT} more with --verbose.", 2)

    def _aside(self, verbose: bool) -> None:
        repository = self._report.repository
        if not repository.notes and not repository.left_out:
            return
        self._title("Notes")
        for note in repository.notes:
            self._wrapped(_brief(note), 2)
        if repository.left_out:
            count = words.counted(len(repository.left_out), "file")
            self._wrapped(f"No check reads {count} of the repository.", 2)
        if verbose:
            for file in repository.left_out:
                self.line(f"  {file.path}: {file.reason}")


def _brief(text: str) -> str:
    return text if len(text) <= REASON_CHARACTERS else f"{text[:REASON_CHARACTERS]}…"
