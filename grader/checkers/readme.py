"""The README: what it says to whom, and whether what it names is in the repository."""

import re

from grader.checkers._base import Bench, Checker, Result
from grader.checkers._checklist import Checklist, quantities_of
from grader.checkers._readme_criteria import CRITERIA
from grader.checkers._readme_look import Look, ReadmeOptions
from grader.codebase.markdown import MAX_CHARACTERS, read_markdown
from grader.model.measurement import Quantity, Sight
from grader.model.snapshot import Snapshot


class Readme(Checker[ReadmeOptions]):
    """A README that a newcomer can work with.

    Why it matters
        It is the first thing that anybody reads, and often the only one. A command in
        it that does not work costs each reader an hour.

    How it is measured
        README.md at the top (else in .github/ or docs/) is read as Markdown. A section
        is a heading, or a paragraph that is all bold, whose name has one of the words
        for its part, with content below it; the page's title is none. Installing,
        running and testing want a command there, or anywhere in a block of shell;
        results a picture or a number, no version. What the commands name is looked
        up: scripts, modules, make targets, notebooks, files that are passed to pip,
        conda or docker, environments. So are relative links, anchors and images, and
        the workflow behind a badge. Left over of a template: TODO, lorem ipsum,
        `<your name>`, `[your name]`, sentences such as "goes here".

    What it does not see
        Whether what it says is true or well said; other pages that it links to; whether
        a command works. Commands with variables, and those after a `cd` to a folder
        that the repository doesn't have, are not judged.

    How to fix
        Clone the repository into an empty folder and follow the README word by word.
        Correct what does not work, and add what you had to know.
    """

    id = "readme"
    source = (
        "https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-"
        "features/customizing-your-repository/about-readmes"
    )
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("words", "words", "words of its text, code aside", better="higher"),
        Quantity("headings", "headings", "headings"),
        Quantity("code_blocks", "blocks", "blocks of code"),
        Quantity("commands", "names", "names in its commands that were looked up"),
        Quantity(
            "broken_commands", "names", "of these, not there", better="lower", ideal=0
        ),
        Quantity("links", "links", "links and images into the repository"),
        Quantity("broken_links", "links", "of these, broken", better="lower", ideal=0),
        Quantity(
            "placeholders",
            "places",
            "places where something of a template is left over",
            better="lower",
            ideal=0,
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: ReadmeOptions, bench: Bench
    ) -> Result:
        """Read the README; where there is none every line is a no that says so."""
        path = _find(snapshot)
        text = _text(snapshot, path) if path else ""
        look = Look(snapshot, path or "README.md", read_markdown(text), options)
        answers = Checklist(CRITERIA)
        if path is None or not text.strip():
            other = [f for f in snapshot.files if _OTHER.fullmatch(f)]
            told = f"{path} is empty." if path else "There is no README.md at the top."
            sights = [Sight(path=one, what="not Markdown") for one in other[:1]]
            for criterion in CRITERIA:
                answers.no(criterion.name, told, *([] if path else sights))
        else:
            look.answer(answers)
        findings = [*look.findings()] if text.strip() else []
        readme = look.readme
        values = {
            "words": readme.words,
            "headings": len(readme.headings),
            "code_blocks": len(readme.code_blocks),
            "commands": len(look.named),
            "broken_commands": sum(not one.is_there for one in look.named),
            "links": len(look.inner),
            "broken_links": len(look.broken),
            "placeholders": len(look.left),
        }
        return Result(
            answers.measured(values, findings), population=path or "no README.md"
        )


_OTHER = re.compile(r"readme(\.(rst|txt|adoc|org))?", re.IGNORECASE)
_NAME = re.compile(r"readme\.(md|markdown)", re.IGNORECASE)


def _find(snapshot: Snapshot) -> str | None:
    """The README that a host shows: at the top, else in .github/ or docs/."""
    for folder in ("", ".github/", "docs/"):
        for path in snapshot.files:
            head, slash, name = path.rpartition("/")
            if head + slash == folder and _NAME.fullmatch(name):
                return path
    return None


def _text(snapshot: Snapshot, path: str) -> str:
    full = snapshot.root / path
    if full.is_symlink() or not full.is_file():
        return ""
    with full.open("rb") as file:
        # A character takes up to four bytes.
        raw = file.read(4 * MAX_CHARACTERS)
    return raw.decode("utf-8-sig", errors="replace")
