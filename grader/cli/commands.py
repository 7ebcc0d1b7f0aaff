"""The commands by name: what `--help` lists of each, and where it is once it is asked for.

All the modules with their options take longer to load than the list takes to print. So a
command is imported when it is named. The line that stands for it until then is the first of
its own help, and the tests hold it to that.
"""

import pkgutil
from dataclasses import dataclass
from typing import Final

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class Command:
    """One command: its name, its function or group as `module:object`, and what it does."""

    name: str
    where: str
    line: str


# Frames and colours come from rich, which takes longer to import than all the rest.
MARKUP: Final = None
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
COMMANDS = (
    Command(
        "grade",
        "grader.cli.grade:grade",
        "Grade a repository: PATH is a folder or an address to clone.",
    ),
    Command(
        "batch",
        "grader.cli.batch:batch",
        "Grade a class: LIST names the groups' repositories, FOLDER keeps what comes of them.",
    ),
    Command(
        "merge",
        "grader.cli.merge:merge",
        "Make a class of parts that were measured apart, and mark it.",
    ),
    Command(
        "rescore",
        "grader.cli.rescore:rescore",
        "Mark a class again from what was measured; show whose marks and ranks change.",
    ),
    Command(
        "history",
        "grader.cli.history:history",
        "Show the runs of a class over the term: when, how many totals, and where they lie.",
    ),
    Command(
        "compare",
        "grader.cli.compare:compare",
        "Show what changed between two results, item by item: marks, numbers, findings.",
    ),
    Command(
        "hook",
        "grader.cli.hook:hook",
        "Grade what is staged, not the files as they stand, and refuse what falls short.",
    ),
    Command(
        "report",
        "grader.cli.report:report",
        "Render a stored result; nothing is measured or marked again.",
    ),
    Command(
        "checkers",
        "grader.cli.checkers:checkers",
        "List the installed checkers and where each comes from.",
    ),
    Command(
        "explain",
        "grader.cli.checkers:explain",
        "Explain a checker: why, how, what it does not see, its numbers and its options.",
    ),
    Command(
        "env",
        "grader.cli.env:env",
        "Show a project's manifests, what they come to, and what would be installed.",
    ),
    Command(
        "doctor",
        "grader.cli.doctor:doctor",
        "Check tools, versions, Python, git, plugins and isolation; say how to get what lacks.",
    ),
    Command(
        "selftest",
        "grader.cli.selftest:selftest",
        "Grade the shipped clean, messy and empty projects; fail if a check can't tell them apart.",
    ),
    Command(
        "cohort",
        "grader.cli.cohort:cohort_app",
        "A class as numbers without names, so that a student's own run can be compared.",
    ),
    Command(
        "export",
        "grader.cli.export:export_app",
        "A graded class for spreadsheets, gradebooks, Gradescope and the mail.",
    ),
    Command(
        "github",
        "grader.cli.github:github_app",
        "Pull requests on GitHub: a comment with the mark, and the workflows for it.",
    ),
    Command(
        "rubric",
        "grader.cli.rubric:rubric_app",
        "List, show and copy the shipped rubrics; check one; print the schema.",
    ),
    Command(
        "cache",
        "grader.cli.cache:cache_app",
        "The measurements of earlier runs, which are taken over where nothing that they "
        "depend on has changed.",
    ),
)


def listed(command: Command) -> TyperCommand:
    """The command as a list of commands shows it: a name and a line, nothing to run."""
    return TyperCommand(command.name, short_help=command.line)


def loaded(command: Command) -> TyperCommand | TyperGroup:
    """The command itself, with its arguments and options."""
    found: object = pkgutil.resolve_name(command.where)
    alone = typer.Typer(add_completion=False, rich_markup_mode=MARKUP)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=command.name, context_settings=SETTINGS)
    else:
        assert callable(found)
        alone.command(command.name, context_settings=SETTINGS)(found)
    made = typer.main.get_command(alone)
    if isinstance(made, TyperGroup):
        made = made.commands[command.name]
    for one in made.commands.values() if isinstance(made, TyperGroup) else ():
        # Left to itself, the list cuts what is longer than a line.
        one.short_help = line_of(one.help)
    assert isinstance(made, TyperCommand | TyperGroup)
    return made


def line_of(said: str | None) -> str:
    """What a list of commands says of one: the first paragraph of its help."""
    return " ".join((said or "").split("\n\n")[0].split())
