"""The files that name tasks: Makefile, tasks.py, noxfile.py, and tables of pyproject.toml."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from grader.codebase.code import CodeFile, Function
from grader.codebase.documents import Value

# What a target needs, and its recipe's lines with their numbers.
Rule = tuple[list[str], list[tuple[int, str]]]

_RULE = re.compile(r"([A-Za-z_.][\w./ -]*?)\s*::?(?!=)\s*([^#=]*)(#.*)?")
_VARIABLE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*(?:[:?]?=)\s*(.*)")
_USE = re.compile(r"\$[({]([A-Za-z_]\w*)[)}]")


def recipes(
    targets: Mapping[str, Rule], name: str, most: int | None = None
) -> Iterator[tuple[int, str]]:
    """The lines that make runs for a target and what it needs, with their numbers.

    A target's own lines come before those of what it needs; at most so many targets.
    """
    todo, done = [name], set[str]()
    while todo and (most is None or len(done) < most):
        one = todo.pop(0)
        if one in done or one not in targets:
            continue
        done.add(one)
        needs, recipe = targets[one]
        todo = [*needs, *todo]
        yield from recipe


def rules(text: str) -> dict[str, Rule]:
    """The targets of a Makefile: what each needs, and its recipe's lines."""
    found: dict[str, Rule] = {}
    values: dict[str, str] = {}
    current: list[str] = []
    whole, start = "", 0
    for number, row in enumerate(text.splitlines(), start=1):
        start = start if whole else number
        whole += row[:2_000]
        if whole.endswith("\\") and len(whole) < 20_000:
            whole = whole[:-1] + " "
            continue
        line, whole = whole, ""
        if line.startswith(("\t", "    ")):
            for target in current:
                recipe = _substituted(line.strip(), values)
                found[target][1].append((start, recipe))
        elif ":" in line[:1_000] and (rule := _RULE.fullmatch(line[:1_000])):
            current = [one for one in rule[1].split() if one != ".PHONY"]
            for target in current:
                needs = _substituted(rule[2], values).split()
                found.setdefault(target, ([], []))[0].extend(needs)
        elif variable := _VARIABLE.fullmatch(line):
            values[variable[1]] = _substituted(variable[2].strip(), values)[:500]
    return found


def _substituted(text: str, values: dict[str, str]) -> str:
    return _USE.sub(lambda use: values.get(use[1], use[0]), text)[:5_000]


def task_lines(file: CodeFile, wanted: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """What the tasks of a tasks.py or noxfile.py run, by their calls of `.run(…)`."""
    tasks = {name: one for name, one in file.functions.items() if _is_task(one)}
    named = [name for name in tasks if plain(name) in {plain(one) for one in wanted}]
    for name in named or (() if wanted else tasks):
        for node in ast.walk(tasks[name]):
            match node:
                case ast.Call(func=ast.Attribute(attr="run"), args=[_, *_]):
                    yield from _run_words(file, node)


def _run_words(file: CodeFile, call: ast.Call) -> Iterator[tuple[str, str, int]]:
    words: list[str] = []
    for one in call.args:
        match one:
            case ast.Constant(value=str(text)):
                words.append(text)
            case ast.JoinedStr(values=parts):
                words.append(
                    "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "X"
                        for part in parts
                    )
                )
    if words:
        yield " ".join(words), file.path, call.lineno


def _is_task(function: Function) -> bool:
    for decorator in function.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        match called:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if name in ("task", "session"):
                    return True
    return False


def tox_commands(value: Value) -> Iterator[str]:
    """The commands in `[tool.tox]`: lists of words, or a whole tox.ini as text."""
    stack: list[tuple[str, Value, int]] = [("", value, 0)]
    while stack:
        key, one, depth = stack.pop()
        match one:
            case str() if key == "legacy_tox_ini":
                yield from (line.strip() for line in one.splitlines())
            case list() if key == "commands":
                for words in one:
                    if isinstance(words, list):
                        yield " ".join(str(word) for word in words)
            case dict() if depth < 4:
                stack.extend((name, inner, depth + 1) for name, inner in one.items())


def add_tasks(tasks: dict[str, list[str]], value: Value) -> None:
    """Put in the tasks of a table: a command, a list of them, or a table with one."""
    for name, given in (value if isinstance(value, dict) else {}).items():
        if isinstance(given, dict):
            given = given.get("cmd") or given.get("shell")
        texts = given if isinstance(given, list) else [given]
        tasks[name] = [one for one in texts if isinstance(one, str)]


def option(words: Sequence[str], *names: str) -> list[str]:
    """The values of an option: `-e py311,lint`."""
    found: list[str] = []
    for at, word in enumerate(words):
        if word in names and at + 1 < len(words):
            found += words[at + 1].split(",")
        elif word.partition("=")[0] in names and "=" in word:
            found += word.partition("=")[2].split(",")
    return found


def plain(name: str) -> str:
    """A task's name, in which dashes and underscores are the same."""
    return name.replace("-", "_")
