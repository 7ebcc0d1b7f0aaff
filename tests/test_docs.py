"""What README.md and docs/ say is so: generated parts, links, commands, rubrics, code."""

import re
import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.core import TyperGroup

from grader.checkers._base import SECTIONS, Bench
from grader.checkers._registry import installed
from grader.cli.app import program
from grader.engine.items import catalogue
from grader.rubric.load import parse_rubric
from grader.rubric.schema import Rubric
from grader.submissions.people import parse_decisions, parse_marks
from grader.submissions.sources import read_submissions
from tests.conftest import REPOSITORY, MakeSnapshot
from tests.docs.commands import PROGRAM
from tests.docs.pages import PARTS, pages, parts_of, up_to_date

PAGES = pages()
NAMES = [str(page.relative_to(REPOSITORY)) for page in PAGES]
each_page = pytest.mark.parametrize("page", PAGES, ids=NAMES)
MARKDOWN = MarkdownIt("commonmark").enable("table")
# What the guide to a checker tells its reader to write.
TO_BE_WRITTEN = (
    "grader/checkers/todo_notes.py",
    "tests/checkers/test_todo_notes.py",
)


@dataclass(frozen=True)
class Block:
    """A block of code: its language and where it stands."""

    language: str
    text: str
    place: str

    def __str__(self) -> str:
        return self.place

    def has(self, key: str) -> bool:
        """Whether it is a mapping with that key."""
        value = yaml.safe_load(self.text)
        return isinstance(value, Mapping) and key in value


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of code of a page."""
    name = page.relative_to(REPOSITORY)
    for token in MARKDOWN.parse(page.read_text("utf-8")):
        if token.type in ("fence", "code_block"):
            line = (token.map or [0])[0] + 1
            yield Block(token.info.strip(), token.content, f"{name}:{line}")


def is_item(value: object) -> bool:
    """Whether this is an item of a rubric."""
    return isinstance(value, Mapping) and "checker" in value


def as_rubric(block: Block) -> Mapping[str, object] | None:
    """A whole rubric of what a block shows of one; None for a block about something else."""
    value = yaml.safe_load(block.text)
    dimension = {"id": "d", "title": "D"}
    item = {"checker": "formatting", "score": "10"}
    whole = {
        "name": "N",
        "version": "1",
        "dimensions": [{**dimension, "items": [item]}],
    }
    if isinstance(value, list) and all(map(is_item, value)):
        items = [{"id": f"item-{n}", **one} for n, one in enumerate(value)]
        return {**whole, "dimensions": [{**dimension, "items": items}]}
    if isinstance(value, Mapping) and set(value) <= set(Rubric.model_fields):
        return {**whole, **value}
    return None


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
SHELL = [block for block in BLOCKS if block.language == "sh"]
TABLES = [block for block in BLOCKS if block.language == "csv"]
YAML = [block for block in BLOCKS if block.language == "yaml"]
RUBRICS = [block for block in YAML if as_rubric(block)]
DECISIONS = [block for block in YAML if block.has("overrides")]
HOOKS = [block for block in YAML if block.has("repos")]
# What is left: whole workflows and jobs, or steps of them.
WORKFLOWS = [one for one in YAML if one not in (*RUBRICS, *DECISIONS, *HOOKS)]


def inline(page: Path) -> Iterator[Token]:
    for token in MARKDOWN.parse(page.read_text("utf-8")):
        yield from token.children or ()


def anchors(page: Path) -> set[str]:
    """The ids that GitHub gives to a page's headings."""
    tokens = MARKDOWN.parse(page.read_text("utf-8"))
    found: set[str] = set()
    for before, token in zip(tokens, tokens[1:], strict=False):
        if before.type == "heading_open":
            text = "".join(one.content for one in token.children or ())
            plain = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            again = sum(one == plain or one.startswith(f"{plain}-") for one in found)
            found.add(f"{plain}-{again}" if plain in found else plain)
    return found


# Generated parts


@each_page
def test_what_is_generated_is_what_the_code_says_now(page: Path) -> None:
    text = page.read_text("utf-8")
    # Regenerate with: python -m tests.docs
    assert text == up_to_date(text)


def test_every_generated_part_stands_somewhere_once() -> None:
    found = [name for page in PAGES for name in parts_of(page.read_text("utf-8"))]
    assert sorted(found) == sorted(PARTS)


@each_page
def test_every_mark_of_a_part_is_known_and_has_its_end(page: Path) -> None:
    text = page.read_text("utf-8")
    begun = re.findall(r"^<!-- ([^/].*?) -->$", text, re.MULTILINE)
    assert begun == parts_of(text)
    assert re.findall(r"^<!-- /(.*?) -->$", text, re.MULTILINE) == begun


def sentences(text: str) -> Iterator[str]:
    """The longer sentences and cells that a person wrote, without code."""
    for name in PARTS:
        text = re.sub(f"<!-- {name} -->.*<!-- /{name} -->", "", text, flags=re.DOTALL)
    for paragraph in re.sub(r"```.*?```", "", text, flags=re.DOTALL).split("\n\n"):
        for one in re.split(r"(?<=[.:;])\s|\|", " ".join(paragraph.split())):
            if len(one.split()) > 7:
                yield one.strip()


def test_nothing_is_said_twice() -> None:
    said = Counter(one for page in PAGES for one in sentences(page.read_text("utf-8")))
    assert [one for one, times in said.items() if times > 1] == []


# Links


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for token in inline(page):
        target = str(token.attrGet("href") or token.attrGet("src") or "")
        if not target or re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@each_page
def test_every_file_it_names_exists(page: Path) -> None:
    named = r"((?:grader|tests|benchmarks|fixtures|templates|\.ci)/[\w./-]+)"
    for token in inline(page):
        if token.type == "code_inline" and (
            found := re.fullmatch(named, token.content)
        ):
            assert found[1] in TO_BE_WRITTEN or (REPOSITORY / found[1]).exists(), found[
                1
            ]


def test_the_first_page_links_to_every_other() -> None:
    readme = PAGES[0].read_text("utf-8")
    for page in PAGES[1:]:
        assert f"](docs/{page.name})" in readme, page.name


# Commands


def test_the_two_commands_are_there_to_the_letter() -> None:
    readme = PAGES[0].read_text("utf-8")
    setup = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && "
    assert f"\n{setup}.venv/bin/mlops-grade fixtures/repos/middling\n" in readme
    assert f"\n{setup}.venv/bin/pytest\n" in readme


def calls(text: str) -> Iterator[list[str]]:
    """The arguments of each `mlops-grade …` in a shell script."""
    plain = re.sub(r"\$\{\{.*?\}\}", "1", text).replace("\\\n", " ")
    for line in plain.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("();<>|&"):
                yield from call(words)
                words = []
            else:
                words.append(word)


def call(words: list[str]) -> Iterator[list[str]]:
    """A simple command's arguments, if it calls us."""
    while words and (re.match(r"\w+=", words[0]) or words[:2] == ["uv", "run"]):
        words = words[2 if words[0] == "uv" else 1 :]
    if words and words[0].rpartition("/")[2] == PROGRAM:
        yield words[1:]


def check_call(arguments: list[str]) -> None:
    """Let typer read the arguments as it would, and run nothing."""
    group = program()
    if arguments[0].startswith("-"):
        known = {option for one in group.params for option in one.opts}
        assert arguments[0] in {*known, "--install-completion", "--help"}
        return
    if arguments[0] not in group.commands:
        arguments = ["grade", *arguments]
    name, *rest = arguments
    command = group.commands[name]
    while isinstance(command, TyperGroup):
        name, *rest = rest
        command = command.commands[name]
    command.make_context(name, rest)


def scripts(value: object) -> Iterator[str]:
    """The shell scripts in a workflow of GitHub's or a job of GitLab's."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in ("run", "script", "before_script", "after_script"):
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from scripts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scripts(inner)


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_every_command_in_a_block_is_one_that_exists(block: Block) -> None:
    for arguments in calls(block.text):
        check_call(arguments)


@pytest.mark.parametrize("block", WORKFLOWS, ids=str)
def test_every_command_in_a_workflow_is_one_that_exists(block: Block) -> None:
    for script in scripts(yaml.safe_load(block.text)):
        for arguments in calls(script):
            check_call(arguments)


@each_page
def test_every_command_in_a_sentence_is_one_that_exists(page: Path) -> None:
    group = program()
    for token in inline(page):
        words = token.content.split()
        if token.type != "code_inline" or words[:1] != [PROGRAM] or len(words) == 1:
            continue
        # A sentence says as much of a command as it needs: PATH and … stand for the rest.
        if words[1].islower() and words[1].isalpha():
            command = group.commands[words[1]]
            if isinstance(command, TyperGroup) and len(words) > 2:
                command = command.commands[words[2]]
        else:
            command = group.commands["grade"]
        known = {option for one in command.params for option in one.opts}
        known |= {option for one in group.params for option in one.opts}
        for word in words:
            if word.startswith("-"):
                assert word in {*known, "--install-completion", "--help"}, token.content


def test_a_command_that_is_not_ours_to_the_letter_is_found() -> None:
    (arguments,) = calls("A=1 .venv/bin/mlops-grade batch list.csv -o class  # all")
    assert arguments == ["batch", "list.csv", "-o", "class"]
    check_call(arguments)
    for wrong in (["batch", "list.csv"], [".", "--nothing"], ["rubric", "chekc", "a"]):
        with pytest.raises(Exception, match=r"Missing|No such|chekc"):
            check_call(wrong)


# YAML


@pytest.mark.parametrize("block", RUBRICS, ids=str)
def test_every_rubric_loads(block: Block) -> None:
    text = yaml.safe_dump(as_rubric(block)).encode()
    parse_rubric(text, str(block), catalogue(installed()), folder=REPOSITORY)


@pytest.mark.parametrize("block", DECISIONS, ids=str)
def test_what_people_decide_is_read(block: Block) -> None:
    shown = [one for part in yaml.safe_load(block.text).values() for one in part]
    items = [one["item"] for one in shown if "item" in one]
    groups = [one["group"] for one in shown]
    found = parse_decisions(block.text.encode(), str(block), items, groups)
    read = (*found.overrides, *found.penalties, *found.extensions)
    assert len(read) == len(shown)


@pytest.mark.parametrize("block", HOOKS, ids=str)
def test_every_hook_is_ours_and_takes_its_arguments(block: Block) -> None:
    ours = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8"))
    entries = {hook["id"]: hook["entry"] for hook in ours}
    for repository in yaml.safe_load(block.text)["repos"]:
        for hook in repository["hooks"]:
            arguments = shlex.split(entries[hook["id"]])[1:]
            check_call([*arguments, *hook.get("args", ())])


@pytest.mark.parametrize("block", WORKFLOWS, ids=str)
def test_every_use_of_the_action_gives_inputs_that_it_has(block: Block) -> None:
    action = yaml.safe_load((REPOSITORY / "action.yml").read_text("utf-8"))
    workflow = yaml.safe_load(block.text)
    found = list(steps(workflow))
    assert found or any(scripts(workflow)), "this is no workflow, job or step"
    for step in found:
        if str(step["uses"]).startswith("OWNER/mlops-grade@"):
            given = step.get("with") or {}
            assert isinstance(given, Mapping)
            assert set(given) <= set(action["inputs"])


def steps(value: object) -> Iterator[Mapping[str, object]]:
    """The steps that use an action."""
    if isinstance(value, Mapping):
        if "uses" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from steps(inner)


# Tables


@pytest.mark.parametrize("block", TABLES, ids=str)
def test_every_table_of_groups_or_marks_is_read(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(block.text, "utf-8")
    rows = block.text.splitlines()[1:]
    if "url" in block.text.splitlines()[0].split(","):
        listed = read_submissions(file)
        assert (len(listed.submissions), listed.rejected) == (len(rows), ())
    else:
        groups = [row.partition(",")[0] for row in rows]
        found = parse_marks(file.read_bytes(), str(block), ["presentation"], groups)
        assert len(found.marks) == len(rows)


# Code


def test_the_guides_checker_and_its_test_work(
    make_snapshot: MakeSnapshot, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "docs/writing-a-checker.md"
    code = [one for one in blocks_of(REPOSITORY / page) if one.language == "python"]
    checker, test = (one.text for one in code)
    name = "grader.checkers.todo_notes"
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(checker, page, "exec"), module.__dict__)
    assert tuple(module.TodoNotes.sections()) == SECTIONS
    space: dict[str, Callable[[MakeSnapshot, Bench], None]] = {}
    exec(compile(test, page, "exec"), space)
    space["test_each_note_is_counted"](make_snapshot, bench)
