"""What a shell command starts: scripts, modules, make targets, other programs.

Read from the words alone, for README blocks, Makefiles, workflows, Dockerfiles, MLproject
and dvc.yaml. Nothing is expanded: a variable stays as it is written.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["script", "module", "code", "make", "program"]

MAX_CHARACTERS = 20_000

_PYTHON = re.compile(r"(.*/)?(python|pypy)(\d(\.\d+)?)?(\.exe)?|py")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_ENDS = frozenset({"&&", "||", ";", "|", "&", "(", ")", ";;", "|&", "{", "}", "!"})
# What starts another command, and how many words of its own come first.
_WRAPPERS = {
    **dict.fromkeys(("sudo", "time", "nohup", "exec", "command", "xvfb-run"), 0),
    **dict.fromkeys(("if", "then", "else", "elif", "while", "until", "do"), 0),
}
_RUNNERS = frozenset(
    {"poetry", "pipenv", "uv", "pdm", "rye", "hatch", "conda", "mamba"}
)
# Options of wrappers, and of python, that take the next word.
_WITH_VALUE = frozenset(
    "-n --name -p --prefix --python --with --extra --group --directory --project -C "
    "--env-file --package -u --user -e".split()
)
_PYTHON_WITH_VALUE = frozenset({"-W", "-X", "--check-hash-based-pycs"})
_SHELLS = frozenset({"bash", "sh", "zsh", "source", "."})


@dataclass(frozen=True)
class Started:
    """One program that a command starts.

    `name` is the script's path, the dotted module, the make target (`""` for the first one)
    or the program; `words` are what follows it.
    """

    kind: Kind
    name: str
    words: tuple[str, ...] = ()


def started(text: str) -> tuple[Started, ...]:
    """The programs that a piece of shell starts, in order; what is no shell gives none."""
    found: list[Started] = []
    joined = text[:MAX_CHARACTERS].replace("\\\r\n", " ").replace("\\\n", " ")
    for line in joined.splitlines():
        for words in _commands(line):
            found += started_by(words)
    return tuple(found)


def started_by(words: Sequence[str]) -> tuple[Started, ...]:
    """The same of one command whose words are apart, as in a list for subprocess."""
    rest = list(words)
    while rest:
        word = rest[0]
        name = word.rpartition("/")[2]
        if _ASSIGNMENT.fullmatch(word) or name in _WRAPPERS:
            rest = _without_options(rest[1:])
        elif name == "env":
            rest = _without_options(rest[1:])
        elif name in _RUNNERS and "run" in rest[1:3]:
            rest = _without_options(rest[rest.index("run") + 1 :])
        elif name in ("dotenv", "doppler") and "run" in rest[1:]:
            after = rest[rest.index("run") + 1 :]
            rest = after[1:] if after[:1] == ["--"] else after
        elif name == "coverage" and rest[1:2] == ["run"]:
            rest = ["python", *_without_options(rest[2:], keep=("-m",))]
        else:
            return tuple(_program(word, name, tuple(rest[1:])))
    return ()


def _commands(line: str) -> list[list[str]]:
    """The commands of one line of shell, each as its words."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    commands: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word in _ENDS or set(word) <= set(";&|()"):
                commands.append([])
            else:
                commands[-1].append(word)
    except ValueError:
        # An apostrophe in prose: no command.
        return []
    return [words for words in commands if words]


def _without_options(words: list[str], keep: tuple[str, ...] = ()) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] not in keep:
        if rest[0] == "--":
            return rest[1:]
        rest = rest[2:] if rest[0] in _WITH_VALUE else rest[1:]
    return rest


def _program(word: str, name: str, words: tuple[str, ...]) -> list[Started]:
    if _PYTHON.fullmatch(word) or word == "sys.executable":
        return _python(list(words))
    if name in _SHELLS:
        rest = _without_options(list(words), keep=("-c",))
        if rest[:1] == ["-c"] and len(rest) > 1:
            return list(started(rest[1]))
        return [Started("script", rest[0], tuple(rest[1:]))] if rest else []
    if name in ("make", "gmake"):
        targets = [one for one in _without_options(list(words)) if "=" not in one]
        return [Started("make", one) for one in targets or [""]]
    if name in ("streamlit", "fastapi") and words[:1] and words[0] in ("run", "dev"):
        rest = _without_options(list(words[1:]))
        if rest:
            return [Started("script", rest[0], tuple(rest[1:]))]
    if word.startswith("./") or word.endswith((".py", ".sh")):
        return [Started("script", word, words)]
    return [Started("program", word, words)]


def _python(words: list[str]) -> list[Started]:
    while words:
        word, rest = words[0], words[1:]
        if word == "-m":
            return [Started("module", rest[0], tuple(rest[1:]))] if rest else []
        if word == "-c":
            return [Started("code", rest[0], tuple(rest[1:]))] if rest else []
        if not word.startswith("-"):
            return [Started("script", word, tuple(rest))]
        words = rest[1:] if word in _PYTHON_WITH_VALUE else rest
    return []
