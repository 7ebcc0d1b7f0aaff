"""Reads one README: answers the lines of its checklist, and says what else is wrong."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import unquote

from pydantic import Field

from grader.checkers._base import Options
from grader.checkers._checklist import Checklist
from grader.checkers._readme_commands import Named, Shown, named_things, shown_commands
from grader.checkers._readme_kinds import (
    DOCKER,
    INSTALLS,
    RUNS,
    SERVES,
    TESTS,
    TRACKS,
    beginning,
    has_own_commands,
    typed,
)
from grader.checkers._readme_places import Places, is_inner
from grader.checkers._readme_words import SECTIONS, SENTENCES, names, placeholders
from grader.codebase.markdown import CodeBlock, Heading, Link, Markdown, Section, Text
from grader.model.measurement import Finding, Sight
from grader.model.snapshot import Snapshot

_TREE_LANGUAGES = frozenset(
    {"", "text", "txt", "tree", "bash", "sh", "plaintext", "md"}
)
_TREE_NAMES = 3
_TREE = re.compile(r"[├└│]|^\s*[|+`\\]-|^\s*[-*] \S+/|/\s*(#|$)", re.MULTILINE)
_BRANCH = re.compile("[├└]")
_BADGE = re.compile(
    r"/actions/workflows/(?P<file>[^/?]+)/badge\.svg"
    r"|github\.com/[^/]+/[^/]+/workflows/(?P<name>[^/?]+)/badge\.svg"
    r"|img\.shields\.io/github/actions/workflow/status/[^/]+/[^/]+/(?P<shield>[^/?]+)"
    r"|gitlab[^/]*/.+/badges/[^/]+/(?P<gitlab>pipeline|coverage)\.svg"
)
_AIMS = (
    "success",
    "technical",
    "target*",
    "goal*",
    "objective*",
    "kpi*",
    "acceptance",
    "business",
)
_NUMBER = re.compile(r"(?<!\d)\d++[.,]\d|\d ?%")
# `Python 3.11`, `version 2.0`, `v1.2`, `mlflow==2.1`, `18.2+`, `1.2.3`.
_VERSION = re.compile(
    r"\b((python|version)[ :-]?|v)\d+\.\d+|\w(==\d|[>~]=[1-9])\d*\.\d+"
    r"|\b[1-9]\d*\.\d+\+|(?<!\d)\d++\.\d++\.\d",
    re.IGNORECASE,
)


class ReadmeOptions(Options):
    """How sections are called, what a template leaves behind, and how long it should be.

    `sections`: more names of headings by part (`about`, `install`, `run`, `test`,
    `structure`, `data`, `results`, `tracking`, `docker`, `api`), in lower case, `*` for any
    ending. `sentences`: more sentences of templates. `min_words` are of text, code aside;
    `min_about_words` of what it says first, or in a section such as Overview.
    """

    sections: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    sentences: tuple[str, ...] = ()
    min_words: int = Field(default=150, ge=1)
    min_about_words: int = Field(default=15, ge=1)


class Look:
    """One README, and what of it is in the repository."""

    def __init__(
        self, snapshot: Snapshot, path: str, readme: Markdown, options: ReadmeOptions
    ) -> None:
        self._options = options
        self._places = Places(snapshot, path)
        self.path = path
        self.readme = readme
        self.commands: list[Shown] = shown_commands(readme)
        self.named: list[Named] = named_things(self.commands, snapshot)
        self.inner = [one for one in readme.links if is_inner(one.target)]
        self.broken = [
            one for one in self.inner if not self._places.leads(one.target, readme)
        ]
        sentences = (*SENTENCES, *options.sentences)
        self.left = list(placeholders(readme, sentences))

    def answer(self, answers: Checklist) -> None:
        """Settle every line."""
        self._about(answers)
        self._by_command(answers, "says_how_to_install", "install", INSTALLS)
        self._by_command(answers, "says_how_to_run", "run", RUNS)
        self._by_command(answers, "says_how_to_test", "test", TESTS)
        self._structure(answers)
        self._by_section(answers, "describes_data", "data", _describes, _DATA)
        self._by_section(answers, "shows_results", "results", _has_results, _RESULTS)
        self._by_command(answers, "explains_tracking", "tracking", TRACKS, 20)
        self._by_command(answers, "explains_docker", "docker", DOCKER)
        self._by_command(answers, "explains_api", "api", SERVES, 20)
        self._badge(answers)
        self._commands(answers)
        self._links(answers)
        self._finished(answers)

    def findings(self) -> Iterator[Finding]:
        """What is wrong beyond the first of its kind, which the checklist shows."""
        for one in [one for one in self.named if not one.is_there][1:]:
            yield Finding(
                rule="missing-name",
                message=f"{one.what} is not in the repository.",
                path=self.path,
                line=one.line,
                fix="Correct the command, or commit what it names.",
            )
        for link in self.broken[1:]:
            yield Finding(
                rule="broken-link",
                message=f"{_brief(link.target)} leads nowhere.",
                path=self.path,
                line=link.line,
                fix="Correct the path, or commit the file.",
            )
        for left in self.left[1:]:
            yield Finding(
                rule="left-over",
                message=f'"{_brief(left.text)}" is left over of a template.',
                path=self.path,
                line=left.line,
                fix="Write what belongs there, or delete it.",
            )

    def _sight(self, line: int, what: str) -> Sight:
        return Sight(path=self.path, line=line, what=_brief(what))

    def _sections(self, part: str) -> Iterator[Section]:
        """The sections of a part; the page's title names none, for all stands below it."""
        words = (*SECTIONS[part], *self._options.sections.get(part, ()))
        # What is only aimed at ("Success metrics") is no result.
        others = _AIMS if part == "results" else ()
        title = None if part == "about" else _title(self.readme)
        return (
            section
            for section in self.readme.sections
            if section.heading is not title
            and names(section.heading.text, words)
            and not names(section.heading.text, others)
        )

    def _about(self, answers: Checklist) -> None:
        least = self._options.min_about_words
        blocks = self.readme.blocks
        starts = [i for i, one in enumerate(blocks) if isinstance(one, Heading)]
        # Right below the title, or at the top where there is none, up to the next heading.
        first = starts[0] + 1 if starts else 0
        end = starts[1] if len(starts) > 1 else len(blocks)
        below = [one for one in blocks[first:end] if isinstance(one, Text)]
        found: list[Sight] = []
        if sum(one.words for one in below) >= least:
            found.append(self._sight(below[0].line, "below the title"))
        found += [
            self._sight(section.heading.line, section.heading.text)
            for section in self._sections("about")
            if _own_words(section) >= least
        ]
        answers.seen(
            "says_what_it_is",
            found,
            yes="It says so below its title or in a section of its own.",
            no=f"Looked below the title, and below headings such as Overview or About, "
            f"for at least {least} words: there are none.",
        )

    def _by_command(
        self,
        answers: Checklist,
        name: str,
        part: str,
        commands: re.Pattern[str],
        words: int | None = None,
    ) -> None:
        """A section of the part's name with such a command, or the command in a block.

        Where so many `words` say enough, code of any kind does too.
        """
        found = [
            self._sight(one.line, beginning(one))
            for one in self.commands
            if commands.search(typed(one))
        ]
        found += [
            self._sight(section.heading.line, section.heading.text)
            for section in self._sections(part)
            if any(commands.search(code) for code in section.codes)
            or (part != "test" and has_own_commands(section, commands))
            or (words is not None and (section.code_blocks or section.words >= words))
        ]
        answers.seen(
            name,
            found,
            yes="Its commands are there.",
            no=f"Looked for headings with {_some(SECTIONS[part])} and their commands, and "
            f"for such commands in blocks of shell, in {self.path}: there are none.",
        )

    def _by_section(
        self,
        answers: Checklist,
        name: str,
        part: str,
        holds: Callable[[Section], bool],
        content: str,
    ) -> None:
        """A section of the part's name that `holds` its `content`."""
        sections = [*self._sections(part)]
        found = [
            self._sight(section.heading.line, section.heading.text)
            for section in sections
            if holds(section)
        ]
        if sections and not found:
            first = sections[0].heading
            told = f'Looked below "{_brief(first.text)}" for {content}: there is none.'
            if len(sections) > 1:
                told = (
                    f"Looked below {len(sections)} headings, the first is "
                    f'"{_brief(first.text)}", for {content}: there is none.'
                )
            lacking = (self._sight(s.heading.line, s.heading.text) for s in sections)
            answers.no(name, told, *lacking)
            return
        answers.seen(
            name,
            found,
            yes="A section has it.",
            no=f"Looked for a heading with {_some(SECTIONS[part])} and its content below "
            f"it in {self.path}: there is none.",
        )

    def _structure(self, answers: Checklist) -> None:
        found = []
        for block in self.readme.blocks:
            if isinstance(block, CodeBlock):
                is_tree = block.language in _TREE_LANGUAGES and _TREE.search(block.text)
            else:
                # A tree that somebody forgot to put into a block.
                is_tree = isinstance(block, Text) and _BRANCH.search(block.text)
            if not is_tree or not isinstance(block, CodeBlock | Text):
                continue
            there = self._places.in_tree(block.text)
            if len(there) >= _TREE_NAMES:
                what = f"a tree with {len(there)} names that are there"
                found.append(self._sight(block.line, what))
        for section in self._sections("structure"):
            there = {code for code in section.codes if self._places.has(code)}
            if len(there) >= _TREE_NAMES:
                found.append(self._sight(section.heading.line, section.heading.text))
        answers.seen(
            "shows_structure",
            found,
            yes="It shows files and folders that are there.",
            no="Looked for a tree in a block of code, and for a section on the structure, "
            f"with at least {_TREE_NAMES} names that are in the repository: there is none.",
        )

    def _badge(self, answers: Checklist) -> None:
        found, static = [], []
        for link in self.readme.links:
            if link.is_image and (badge := _BADGE.search(link.target)):
                named = badge["file"] or badge["name"] or badge["shield"]
                name = unquote(named or badge["gitlab"])
                workflow = self._places.workflow(name)
                if workflow:
                    found.append(self._sight(link.line, workflow))
                else:
                    static.append(self._sight(link.line, f"no workflow is {name}"))
        if not found and static:
            told = "There is a badge, and no such workflow in .github/workflows/."
            answers.no("has_ci_badge", told, *static)
            return
        answers.seen(
            "has_ci_badge",
            found,
            yes="The badge's workflow is in the repository.",
            no="Looked for the image of a workflow's status on GitHub or GitLab: there is "
            "none.",
        )

    def _commands(self, answers: Checklist) -> None:
        missing = [one for one in self.named if not one.is_there]
        if missing:
            sights = [self._sight(m.line, f"{m.what} is not there") for m in missing]
            told = (
                f"{len(missing)} of the {len(self.named)} names in its commands are not "
                f"in the repository: {missing[0].what}."
            )
            answers.no("commands_exist", told, *sights)
            return
        answers.seen(
            "commands_exist",
            [self._sight(one.line, one.what) for one in self.named],
            yes=f"All {len(self.named)} names in its commands are there.",
            no="Looked for commands in blocks of shell that name a file, module, make "
            "target or environment: there are none.",
        )

    def _links(self, answers: Checklist) -> None:
        if self.broken:
            sights = [self._sight(one.line, one.target) for one in self.broken]
            told = (
                f"{len(self.broken)} of the {len(self.inner)} links into the repository "
                f"lead nowhere: {_brief(self.broken[0].target)}."
            )
            answers.no("links_work", told, *sights)
            return
        shown = self.inner or self.readme.links
        answers.seen(
            "links_work",
            # What an address elsewhere holds is not repeated: it may be a password.
            [self._sight(one.line, one.text) for one in shown],
            yes=f"None of its {len(self.readme.links)} links is broken; "
            f"{len(self.inner)} lead into the repository.",
            no="Looked for links and images: there are none.",
        )

    def _finished(self, answers: Checklist) -> None:
        words, least = self.readme.words, self._options.min_words
        told = f"It has {words} words of text, code aside; {least} are asked for."
        top = Sight(path=self.path)
        answers.answer("is_long_enough", told, [top], holds=words >= least)
        if self.left:
            sights = [self._sight(one.line, one.text) for one in self.left]
            first = _brief(self.left[0].text)
            told = f'Left over of a template: {len(self.left)}, first "{first}".'
            answers.no("is_finished", told, *sights)
        elif not words:
            answers.no("is_finished", "It has no text.", top)
        else:
            told = "No TODO, no lorem ipsum, no text in brackets to fill in."
            answers.yes("is_finished", told, top)


_DATA = "a text of 10 words"
_RESULTS = "a number with a fraction or in per cent, or a picture that is no badge"


def _title(readme: Markdown) -> Heading | None:
    """The heading that the page begins with, where it alone is of the first level."""
    tops = [one for one in readme.headings if one.level == 1]
    read = (one for one in readme.blocks if not isinstance(one, Link))
    return tops[0] if len(tops) == 1 and next(read) is tops[0] else None


def _describes(section: Section) -> bool:
    return section.words >= 10


def _has_results(section: Section) -> bool:
    """Numbers with a fraction or in per cent, no versions, or a picture that is no badge."""
    if any("badge" not in image.target for image in section.images):
        return True
    texts = (one.text for one in section.blocks if isinstance(one, Text))
    return any(
        _NUMBER.search(_VERSION.sub(" ", text)) for text in (*texts, *section.codes)
    )


def _own_words(section: Section) -> int:
    """The words before its first subsection."""
    count = 0
    for block in section.blocks:
        if isinstance(block, Heading) and block.level < 7:
            break
        if isinstance(block, Text):
            count += block.words
    return count


def _some(words: Sequence[str]) -> str:
    return ", ".join(f'"{word.rstrip("*")}"' for word in words[:4])


def _brief(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 100 else f"{flat[:100]}…"
