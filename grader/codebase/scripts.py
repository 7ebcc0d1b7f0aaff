"""What a piece of shell runs in the end: through make, tox, nox, invoke and scripts.

Every program comes with the place where it stands, the place that led to it, and why its
failure would go unnoticed, where it would. Nothing is run.
"""

import configparser
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from grader.codebase.code import code_of
from grader.codebase.command_files import folders_of
from grader.codebase.commands import Started, started_by
from grader.codebase.credentials import masked
from grader.codebase.documents import documents_of, text_of
from grader.codebase.reach import Start, reach_from
from grader.codebase.reading import Reading
from grader.codebase.shell import Command, commands
from grader.codebase.starting import script_paths, started_by_call
from grader.codebase.task_files import (
    Rule,
    add_tasks,
    option,
    plain,
    recipes,
    rules,
    task_lines,
    tox_commands,
)
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_BYTES = 200 * 1024
_DEPTH = 5
_MOST = 2_000
# Commands of one repository, those of scripts counted each time they are come to.
_MOST_COMMANDS = 30_000
_CLOSINGS = frozenset({("fi",), ("done",), ("}",), ("esac",)})

# Options without a value of their own.
_DOCKER = frozenset(
    "-d --detach --rm -i -t -it -ti --interactive --tty --init --privileged -T --build "
    "--no-deps --read-only -P --publish-all --remove-orphans --quiet-pull -q".split()
)
_AS_MODULES = frozenset("coverage poetry pipenv uv pdm hatch".split())
_XARGS = frozenset("-0 --null -r --no-run-if-empty -t --verbose -x".split())
_TASK_RUNNERS = frozenset(
    "hatch pdm rye poe task poetry uv pixi invoke inv nox tox just".split()
)


@dataclass(frozen=True)
class Shell:
    """How a script is run: whether it ends at a failure, and at one within a pipe."""

    ends: bool = True
    pipefail: bool = False


@dataclass(frozen=True)
class Ran:
    """One program that runs, its command, where that stands, and what led there.

    `lost` says why nobody would notice that it fails; `""` where it would be.
    """

    started: Started
    command: Command
    sight: Sight
    led: Sight
    lost: str = ""

    @property
    def name(self) -> str:
        """The program or module without its folder."""
        return self.started.name.rpartition("/")[2]


class Scripts:
    """The scripts, Makefiles and task files of a repository, followed."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._files = frozenset(snapshot.files)
        self._folders = frozenset(folders_of(snapshot.files))
        self._texts: dict[str, str] = {}
        self._tasks: dict[str, list[str]] | None = None
        self._rules: dict[str, dict[str, Rule]] = {}
        self._python_runs: dict[str, list[Ran]] = {}
        self._parsed: dict[str, tuple[Command, ...]] = {}
        self._left = _MOST_COMMANDS

    def text(self, path: str) -> str:
        """A file's text; empty for one that isn't there or is too large."""
        if path not in self._texts:
            found = text_of(self._snapshot, path, _BYTES) if path in self._files else ""
            self._texts[path] = found or ""
        return self._texts[path]

    def ran(
        self,
        text: str,
        path: str,
        line: int = 1,
        folder: str = "",
        shell: Shell = Shell(),
    ) -> tuple[Ran, ...]:
        """What a script runs that stands at a line of a file and starts in a folder."""
        found: list[Ran] = []
        seen: set[tuple[str, str]] = set()
        for one in self._script(text, path, line, folder, shell, seen, 0):
            found.append(one)
            if len(found) >= _MOST:
                break
        return tuple(found)

    def _script(
        self,
        text: str,
        path: str,
        line: int,
        folder: str,
        shell: Shell,
        seen: set[tuple[str, str]],
        depth: int,
    ) -> Iterator[Ran]:
        if text not in self._parsed:
            self._parsed[text] = commands(text)
        said = self._parsed[text]
        ends, pipefail = shell.ends, shell.pipefail
        # A script that runs in another folder, or moves on, may mean another file.
        skipped = {} if depth else self._skipped(said, folder)
        last_exit = _last(said, _fails)
        last_work = _last(said, lambda one: one.bare[:1] not in _CLOSINGS)
        for at, command in enumerate(said):
            self._left -= 1
            if self._left < 0:
                return
            words = command.bare
            if words[:1] == ("set",):
                ends, pipefail = _set(words, ends, pipefail)
                continue
            if words[:1] == ("cd",) and len(words) == 2:
                folder = _joined(folder, words[1])
                continue
            place = line + command.line - 1
            sight = Sight(path=path, line=place, what=masked(" ".join(words))[:120])
            goes_on = last_exit <= at < last_work
            why = skipped.get(at) or _lost(said, at, ends, pipefail, goes_on)
            for one in started_by(words):
                mine = Ran(one, command, sight, sight, why)
                yield mine
                if depth >= _DEPTH:
                    continue
                for inner in self._inner(mine, words, folder, seen, depth):
                    yield replace(inner, led=sight, lost=why or inner.lost)

    def _skipped(self, said: Sequence[Command], folder: str) -> dict[int, str]:
        """Why commands never run: they stand behind `if [ -f a.py ]`, which isn't there."""
        found: dict[int, str] = {}
        if any(one.bare[:1] in (("cd",), ("pushd",)) for one in said):
            return found
        branches = [""]
        for at, command in enumerate(said):
            for word in command.words[: len(command.words) - len(command.bare)]:
                if word == "if":
                    absent = self._absent(said[at : at + 2], folder)
                    branches.append(branches[-1] or absent)
                elif word in ("else", "elif") and branches[1:]:
                    branches[-1] = branches[-2]
            if command.bare[:1] == ("fi",) and branches[1:]:
                branches.pop()
            if branches[-1]:
                found[at] = branches[-1]
        return found

    def _absent(self, said: Sequence[Command], folder: str) -> str:
        """What an `if` wants and the repository lacks: Python code, a folder of tests.

        Anything else may be made by what runs before it.
        """
        if len(said) < 2 or said[1].words[:1] != ("then",):
            return ""
        match said[0].words:
            case (*_, "if", "[" | "[[", "-f" | "-e" | "-d" as wanted, name, "]" | "]]"):
                path = _joined(folder, name)
            case (*_, "if", "test", "-f" | "-e" | "-d" as wanted, name):
                path = _joined(folder, name)
            case _:
                return ""
        above, _, last = path.rpartition("/")
        is_code = last in ("test", "tests") if wanted == "-d" else last.endswith(".py")
        if not is_code or re.search(r"[$*?`\[]|^[./]", path):
            return ""
        is_known = all(one in self._folders for one in (folder, above) if one)
        is_there = path in self._files or path in self._folders
        return f"{path} is not in the repository" * (is_known and not is_there)

    def _inner(
        self,
        ran: Ran,
        words: Sequence[str],
        folder: str,
        seen: set[tuple[str, str]],
        depth: int,
    ) -> Iterator[Ran]:
        """What a program runs that is a script or a list of tasks of the repository."""
        one = ran.started
        # A script that runs itself is followed once.
        key = (f"{one.kind} {one.name} {' '.join(one.words)}", folder)
        if key in seen:
            return
        seen.add(key)
        name = ran.name
        if one.kind in ("program", "module") and (
            passed := _handed_on(name, one.words, one.kind == "module")
        ):
            for inner in started_by(passed):
                mine = replace(ran, started=inner)
                yield mine
                if depth < _DEPTH:
                    yield from self._inner(mine, passed, folder, seen, depth + 1)
        elif one.kind == "make":
            yield from self._make(one.name, words, folder, seen, depth)
        elif one.kind == "script" and not one.name.endswith(".py"):
            path = self.find(one.name, folder)
            if path:
                yield from self._file(path, words, folder, one.words, seen, depth)
        elif one.kind in ("script", "module") and name not in _TASK_RUNNERS:
            for path in script_paths(one, folder):
                if path in code_of(self._snapshot).files:
                    yield from self._python(path)
                    break
        elif name in ("tox", "nox", "invoke", "inv"):
            for text, path, line in self._task_file(name, one.words, folder):
                yield from self._script(
                    text, path, line, folder, Shell(), seen, depth + 1
                )
        elif set(words[:3]) & _TASK_RUNNERS:
            task = one.words[0] if name in ("poe", "task") and one.words else name
            for text in self._declared(task):
                yield from self._script(
                    text, "pyproject.toml", 1, folder, Shell(), seen, depth + 1
                )

    def find(self, name: str, folder: str) -> str | None:
        """The file that a script's name means: from the folder, from the top, or unique."""
        name = name.removeprefix("./")
        for path in (_joined(folder, name), name):
            if path in self._files:
                return path
        # In an image it may lie in another folder.
        last = PurePosixPath(name).name
        same = [path for path in self._files if PurePosixPath(path).name == last]
        return same[0] if len(same) == 1 else None

    def _file(
        self,
        path: str,
        words: Sequence[str],
        folder: str,
        given: tuple[str, ...],
        seen: set[tuple[str, str]],
        depth: int,
    ) -> Iterator[Ran]:
        text = self.text(path)
        first = text.partition("\n")[0]
        is_sourced = words[0] in ("source", ".")
        option = any(word.startswith("-") and "e" in word for word in words[1:2])
        ends = is_sourced or option or bool(re.match(r"#!.*\s-\w*e", first))
        for one in self._script(
            text, path, 1, folder, Shell(ends=ends), seen, depth + 1
        ):
            yield one
            if one.name in ("$@", "$*") and given:
                for passed in started_by(given):
                    yield replace(one, started=passed)

    def _make(
        self,
        target: str,
        words: Sequence[str],
        folder: str,
        seen: set[tuple[str, str]],
        depth: int,
    ) -> Iterator[Ran]:
        if "-C" in words[:-1]:
            folder = _joined(folder, words[words.index("-C") + 1])
        for name in ("Makefile", "makefile", "GNUmakefile"):
            path = _joined(folder, name)
            if path in self._files:
                break
        else:
            return
        if path not in self._rules:
            self._rules[path] = rules(self.text(path))
        targets = self._rules[path]
        for line, text in recipes(targets, target or next(iter(targets), "")):
            is_ignored = text.startswith("-")
            shell = Shell(ends=False)
            for ran in self._script(
                text.lstrip("@-+ "), path, line, folder, shell, seen, depth + 1
            ):
                why = "make is told to ignore its failure" if is_ignored else ""
                yield replace(ran, lost=ran.lost or why)

    def _python(self, path: str) -> list[Ran]:
        """Programs that a Python script starts by subprocess, and `pytest.main`."""
        if path in self._python_runs:
            return self._python_runs[path]
        code, found = code_of(self._snapshot), list[Ran]()
        for file, call in reach_from(self._snapshot, [Start(path)]).calls():
            name = code.symbol(file, call.func) or ""
            sight = Sight(path=file.path, line=call.lineno, what=name)
            started: Iterable[Started] = ()
            if name == "pytest.main":
                started = (Started("program", "pytest"),)
            elif name.startswith(("subprocess.", "os.system")):
                started = started_by_call(file, call)
            for one in started:
                command = Command((one.name, *one.words), call.lineno)
                found.append(Ran(one, command, sight, sight))
        self._python_runs[path] = found[:_MOST]
        return self._python_runs[path]

    def _task_file(
        self, name: str, words: Sequence[str], folder: str
    ) -> Iterator[tuple[str, str, int]]:
        if name == "tox":
            yield from self._tox(words, folder)
        else:
            path = _joined(folder, "noxfile.py" if name == "nox" else "tasks.py")
            file = code_of(self._snapshot).files.get(path)
            if file is not None:
                names = option(words, "-s", "--session", "--sessions", "-e")
                wanted = names if name == "nox" else [plain(one) for one in words]
                yield from task_lines(file, wanted)

    def _tox(self, words: Sequence[str], folder: str) -> Iterator[tuple[str, str, int]]:
        wanted = option(words, "-e", "--env")
        for name in ("tox.ini", "setup.cfg"):
            path = _joined(folder, name)
            parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
            try:
                parser.read_string(self.text(path))
            except configparser.Error:
                continue
            sections = [one for one in parser.sections() if one.startswith("testenv")]
            named = [one for one in sections if one.partition(":")[2] in wanted]
            for section in named if wanted and named else sections:
                for text in (parser.get(section, "commands", fallback="") or "").split(
                    "\n"
                ):
                    if text.strip():
                        yield text.strip().lstrip("-"), path, 1
        documents = documents_of(self._snapshot)
        tox = documents.get("pyproject.toml").at("tool", "tox")
        for text in tox_commands(tox):
            yield text, "pyproject.toml", 1

    def _declared(self, task: str) -> list[str]:
        """The command of a task that pyproject.toml declares for hatch, pdm, poe and such."""
        if self._tasks is None:
            document = documents_of(self._snapshot).get("pyproject.toml")
            self._tasks = {}
            for keys in (("pdm", "scripts"), ("poe", "tasks"), ("taskipy", "tasks")):
                add_tasks(self._tasks, document.at("tool", *keys))
            environments = document.at("tool", "hatch", "envs")
            for one in (
                environments if isinstance(environments, dict) else {}
            ).values():
                add_tasks(
                    self._tasks, one.get("scripts") if isinstance(one, dict) else None
                )
        return self._tasks.get(task.rpartition(":")[2], [])


def _lost(
    said: Sequence[Command], at: int, ends: bool, pipefail: bool, goes_on: bool
) -> str:
    """Why nobody notices that a command of a script fails; `""` where the script does."""
    command = said[at]
    if command.is_condition:
        return "its failure only decides a branch"
    if command.after == "||":
        behind = said[at + 1 : at + 5]
        if not any(_fails(one) for one in behind):
            then = " ".join(behind[0].words)[:40] if behind else ""
            return f"`|| {then}` hides its failure"
    if command.after in ("|", "|&") and not pipefail:
        return "its failure is lost in the pipe, as the shell has no pipefail"
    if command.after == "&":
        return "it runs in the background"
    if not ends and command.after != "&&" and goes_on:
        return "the script goes on after its failure"
    return ""


def _last(said: Sequence[Command], holds: Callable[[Command], bool]) -> int:
    """The place of the last command of which something holds; -1 for none."""
    places = range(len(said) - 1, -1, -1)
    return next((at for at in places if holds(said[at])), -1)


def _fails(command: Command) -> bool:
    words = command.bare
    if words[:1] in (("exit",), ("return",)):
        return words[1:2] not in ((), ("0",))
    return words[:1] in (("false",), ("[",), ("[[",), ("test",))


def _set(words: Sequence[str], ends: bool, pipefail: bool) -> tuple[bool, bool]:
    for word in words[1:]:
        if word.startswith(("-", "+")) and "e" in word and not word.startswith("--"):
            ends = word.startswith("-")
        if word == "pipefail":
            pipefail = words[1].startswith("-")
    return ends, pipefail


def _handed_on(name: str, words: Sequence[str], is_module: bool) -> Sequence[str]:
    """The command that a program is given to run: by docker in an image, by xargs."""
    if is_module:
        # `python -m poetry run pytest` is what `poetry run pytest` is.
        is_runner = name in _AS_MODULES and words[:1] == ("run",)
        return (name, *words) if is_runner else ()
    if name == "xargs":
        flags, rest = _XARGS, list(words)
    elif name in ("docker", "podman", "docker-compose"):
        rest = list(words[1:]) if words[:1] == ("compose",) else list(words)
        while rest and rest[0].startswith("-"):
            rest = rest[1:] if "=" in rest[0] else rest[2:]
        if rest[:1] not in (["run"], ["exec"]):
            return ()
        flags, rest = _DOCKER, rest[1:]
    else:
        return ()
    while rest and rest[0].startswith("-"):
        has_value = "=" not in rest[0] and rest[0] not in flags
        rest = rest[2:] if has_value else rest[1:]
    return rest if name == "xargs" else rest[1:]


def _joined(folder: str, name: str) -> str:
    path = posixpath.normpath(posixpath.join(folder, name)) if name else folder
    return "" if path == "." else path


scripts_of: Reading[Scripts] = Reading(Scripts)
