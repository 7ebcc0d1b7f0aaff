"""Suppressions: what is hidden from the tools, and what each tool says without that."""

from collections import Counter
from collections.abc import Collection

from grader.checkers._base import (
    Bench,
    Checker,
    Result,
    nothing_to_measure,
    unparsable_findings,
)
from grader.checkers._suppressions_comments import (
    Kind,
    Suppression,
    suppressions_of,
)
from grader.checkers._suppressions_effects import (
    EFFECT_QUANTITIES,
    MeasuredAs,
    effects_of,
)
from grader.checkers._suppressions_settings import Hiding, settings_that_hide
from grader.model.measurement import Finding, Measured, Quantity
from grader.model.snapshot import Snapshot

# Of each kind: its quantity, what it is for people, what it hides, and from what.
_KINDS: dict[Kind, tuple[str, str, str]] = {
    "noqa": ("noqa_comments", "`noqa` and `flake8: noqa` comments", "flake8"),
    "pylint": (
        "pylint_comments",
        "`pylint: disable` and `skip-file` comments",
        "pylint",
    ),
    "types": (
        "type_comments",
        "`type: ignore` and `mypy:` comments",
        "the type checker",
    ),
    "no-cover": ("no_cover_comments", "`pragma: no cover` comments", "coverage"),
    "format": (
        "format_comments",
        "`fmt: off`, `fmt: skip` and `yapf: disable`",
        "black",
    ),
    "imports": ("import_comments", "`isort: skip`, `skip_file` and `off`", "isort"),
    "nosec": ("nosec_comments", "`nosec` comments", "bandit"),
    "allowlist": (
        "allowlist_comments",
        "`pragma: allowlist secret` comments",
        "detect-secrets",
    ),
}


class SuppressionsOptions(MeasuredAs):
    """`lint`, `pylint`, `formatting`, `imports`: the options of the checks of these names.

    Give them where the rubric's own items have options, so that what a comment hides is
    measured as the check is.
    """


class Suppressions(Checker[SuppressionsOptions]):
    """Nothing hidden from the tools.

    Why it matters
        A comment that silences a tool can be right: the tool is wrong now and then. A
        dozen of them, or one over a whole file, say that the code was not mended but its
        report was, and the marks of other checks are then higher than the code is good.

    How it is measured
        The comments among the tokens of every Python file (a string that holds `# noqa`
        is no comment): `noqa`, `flake8: noqa` and `ruff: noqa`, `pylint: disable` and
        `skip-file`, `type: ignore` and `mypy: ignore-errors`, `pragma: no cover`,
        `fmt: off` and `skip`, `isort: skip` and `off`, `nosec`, `pragma: allowlist
        secret`. Where there are comments of a kind, the tool that they speak to is run
        with them and without: flake8 with `--disable-noqa`, pylint, black and isort on a
        copy that has the comments taken out and every line in its place, detect-secrets
        with its allowlist off; the statements behind `no cover` are counted from the
        files. Settings of the repository's own are read too (pyproject.toml, setup.cfg,
        tox.ini, .flake8, .coveragerc, .pylintrc, mypy.ini, ruff.toml, pytest's addopts,
        .secrets.baseline): one counts where it hides a file that is there, or rules
        beyond the tool's own defaults. They change no mark, as the rubric configures the
        tools, and show what the project's own runs don't see.

    What it does not see
        Whether a comment is right: the type checkers and bandit are not run, so of their
        comments only the number is known. What is hidden without a comment, by a
        `try` around it or by an alias. Notebooks.

    How to fix
        Take the comment out, run the tool, and mend what it says. Where the tool is
        wrong, name the rule (`# noqa: E402`, `# pylint: disable=too-many-locals`) and
        say why beside it.
    """

    id = "suppressions"
    typical_s = 12.0
    source = "https://flake8.pycqa.org/en/latest/user/violations.html"
    tools = (
        *("flake8", "pycodestyle", "pyflakes", "mccabe", "pylint", "astroid"),
        *("black", "isort", "coverage", "detect-secrets"),
    )
    mending = "findings"
    quantities = (
        Quantity(
            "comments",
            "comments",
            "comments that hide something from a tool",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "comments_per_100_lines",
            "comments per 100 lines",
            "these comments by the size of the code",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "blanket_comments",
            "comments",
            "those that hide a whole file, or every rule on a line",
            better="lower",
            ideal=0,
        ),
        *(
            Quantity(name, "comments", meaning, better="lower", ideal=0)
            for name, meaning, _ in _KINDS.values()
        ),
        *EFFECT_QUANTITIES,
        Quantity(
            "settings",
            "settings",
            "settings of the repository's own that hide files or rules",
            better="lower",
            ideal=0,
        ),
        Quantity("files", "files", "Python files that were read"),
        Quantity("lines", "lines", "lines of these files, blank ones included"),
    )

    def measure(
        self, snapshot: Snapshot, options: SuppressionsOptions, bench: Bench
    ) -> Result:
        """Read the comments and settings; run a tool twice where there is a reason to."""
        if nothing := nothing_to_measure(snapshot, "all"):
            return Result(nothing)
        comments = suppressions_of(snapshot)
        settings = settings_that_hide(snapshot)
        hidden, told = effects_of(_by_kind(comments), snapshot, options, bench)
        counts = Counter(one.kind for one in comments)
        lines = snapshot.lines("all")
        return Result(
            Measured(
                values={
                    "comments": len(comments),
                    "comments_per_100_lines": 100 * len(comments) / lines,
                    "blanket_comments": sum(map(_is_blanket, comments)),
                    **{name: counts[kind] for kind, (name, _, _) in _KINDS.items()},
                    **hidden,
                    "settings": len(settings),
                    "files": len(snapshot.python_files),
                    "lines": lines,
                },
                findings=(
                    *told,
                    *map(_finding, comments),
                    *map(_setting, settings),
                    *unparsable_findings(snapshot.unparsable("all")),
                ),
            ),
            population=snapshot.describe("all"),
        )


def _by_kind(comments: Collection[Suppression]) -> dict[Kind, set[str]]:
    found: dict[Kind, set[str]] = {}
    for one in comments:
        found.setdefault(one.kind, set()).add(one.path)
    return found


def _is_blanket(one: Suppression) -> bool:
    """A whole file, or whatever the tool may say of a line."""
    has_rules = one.kind in ("noqa", "pylint", "types", "nosec")
    return one.is_whole_file or (has_rules and not one.codes) or "all" in one.codes


def _finding(one: Suppression) -> Finding:
    tool = _KINDS[one.kind][2]
    what = ", ".join(one.codes[:8]) or "everything it would say"
    where = "of this file" if one.is_whole_file else "here"
    has_rules = one.kind in ("noqa", "pylint", "types", "nosec")
    message = (
        f"{tool[0].upper()}{tool[1:]} is not to report {what} {where}."
        if has_rules
        else f"A comment hides this {'file' if one.is_whole_file else 'code'} from {tool}."
    )
    return Finding(
        rule=f"{one.kind}-comment",
        message=message,
        path=one.path,
        line=one.line,
        severity="warning" if _is_blanket(one) else "info",
        fix="Take the comment out and mend what the tool then reports; where the tool is "
        "wrong, name the rule and say why.",
    )


def _setting(one: Hiding) -> Finding:
    return Finding(
        rule="hiding-setting",
        message=f"{one.tool} does not see in the project's own runs: {one.hides}. "
        f"The setting is {one.setting}; the marks do not follow it.",
        path=one.path,
        severity="info",
        fix="Take the setting out, or narrow it to what the tool has no business with.",
    )
