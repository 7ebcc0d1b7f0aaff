"""The static checks as a person does them: one command line after the other, as typed.

The commands are those that our report shows for each check, and what they print for people
is held against the report's own numbers.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from benchmarks.parity import ONLY_PYLINT, Row, link_distribution, number
from benchmarks.timing import Ran, Timing, timed
from grader.engine.capture import capture
from grader.model.measurement import Measured, Measurement
from grader.model.snapshot import MAX_FILE_BYTES

CHECKS = (
    *("formatting", "imports", "lint", "logging"),
    *("pylint", "complexity", "secrets", "docstrings"),
)
_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@localhost")


def choose_typical(sizes: Mapping[str, tuple[int, int]], count: int) -> list[str]:
    """The `count` names nearest twenty Python files, by name.

    `sizes` are Python files and bytes: more than 20 MB are data, without Python there is
    nothing to compare.
    """
    fit = [name for name, (files, size) in sizes.items() if files and size < 20e6]
    nearest = sorted(fit, key=lambda name: (abs(sizes[name][0] - 20), name))
    return sorted(nearest[:count])


def size_of(repository: Path) -> tuple[int, int]:
    """Python files and bytes, `.git` aside."""
    files = [
        file
        for file in repository.rglob("*")
        if ".git" not in file.parts and file.is_file() and not file.is_symlink()
    ]
    python = sum(file.suffix == ".py" for file in files)
    return python, sum(file.stat().st_size for file in files)


def readme_of(repository: Path) -> Path:
    """Its README, or where one would be."""
    there = sorted(repository.glob("[Rr][Ee][Aa][Dd][Mm][Ee].md"))
    return there[0] if there else repository / "README.md"


def middle_module(repository: Path) -> Path:
    """The Python file in the middle by size, of those that git tracks and Python reads."""
    files = [file for file in repository.rglob("*.py") if _parses(file)]
    files.sort(key=lambda file: (file.stat().st_size, file))
    return files[len(files) // 2]


def _parses(file: Path) -> bool:
    try:
        compile(file.read_bytes(), file.name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


def clone(repository: Path, home: Path) -> Path:
    """A repository of the files that are graded, with one commit, at `home`.

    Files that are too large for our scan for secrets are in no commit: detect-secrets asks
    git for the files, and would read them.
    """
    with tempfile.TemporaryDirectory() as name:
        snapshot = capture(str(repository), Path(name)).snapshot
        small = []
        for path in snapshot.files:
            target = home / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(snapshot.root / path, target)
            if target.stat().st_size <= MAX_FILE_BYTES:
                small.append(path)
    for command in (
        ("init", "-q"),
        ("add", "-f", "--pathspec-from-file=-", "--pathspec-file-nul"),
        ("commit", "-q", "--allow-empty", "-m", "As it is graded"),
    ):
        literal = "\0".join(f":(literal){path}" for path in small)
        subprocess.run([*_GIT, *command], cwd=home, input=literal.encode(), check=True)
    return home


def commands(measurements: Sequence[Measurement]) -> dict[str, list[str]]:
    """What a report says to type, by check; nothing where a check measured nothing."""
    shown = {one.checker: one.command for one in measurements}
    return {name: shlex.split(said) for name in CHECKS if (said := shown.get(name))}


@dataclass(frozen=True)
class Desk:
    """Where commands are typed: `pylint` is a folder with pylint and what it needs alone."""

    folder: Path
    pylint: Path

    @classmethod
    def within(cls, folder: Path) -> "Desk":
        """A desk in a folder of its own."""
        pylint = folder / "only-pylint"
        pylint.mkdir(parents=True)
        link_distribution("pylint", pylint)
        return cls(folder, pylint)

    def environment(self) -> dict[str, str]:
        """Of somebody who has typed nothing yet: no tool finds a cache of its own."""
        home = tempfile.mkdtemp(prefix="home-", dir=self.folder)
        return {"PATH": os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8"}

    def argv(self, words: Sequence[str], repository: Path) -> list[str]:
        """The program behind a command, from the environment that we run in."""
        settings = list(takewhile(lambda word: re.match(r"[A-Z]+=", word), words))
        tool, *rest = words[len(settings) :]
        # A person types `NAME=value radon …`: that is the shell's way to say `env`.
        before = ["env", *settings] if settings else []
        if tool == "pylint":
            # As in an environment of its own: what else is installed changes the rating.
            return [*before, *ONLY_PYLINT, str(self.pylint), *rest]
        if tool == "radon":
            # From elsewhere: it reads the settings of the folder that it stands in.
            rest = [
                str(file) if (file := repository / word).is_file() else word
                for word in rest
            ]
        return [*before, str(Path(sys.executable).parent / tool), *rest]


def in_turn(
    typed: Mapping[str, Sequence[str]],
    repository: Path,
    desk: Desk,
    environment: Mapping[str, str],
) -> dict[str, Ran]:
    """Each command, one after the other, by check."""
    return {
        check: timed(
            desk.argv(words, repository),
            desk.folder if check == "complexity" else repository,
            environment,
        )
        for check, words in typed.items()
    }


def total(ran: Mapping[str, Ran]) -> Timing:
    """What several programs took together."""
    return sum((one.timing for one in ran.values()), Timing())


def suite_command(python: str, copy: Path, *, has_coverage: bool = False) -> list[str]:
    """The suite of the project in `copy`; where bubblewrap is, it sees nothing else of ours.

    With coverage it is what a person types who needs that number.
    """
    source = "src" if (copy / "src").is_dir() else "."
    suite = [
        *(python, "-m", "pytest", "-q", "-o", "addopts="),
        "--continue-on-collection-errors",
        *([f"--cov={source}", "--cov-branch"] if has_coverage else []),
    ]
    program = shutil.which("bwrap")
    if program is None:
        return ["env", "-C", str(copy), *suite]
    prefix = str(Path(python).parent.parent)
    return [
        *(program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
        *("--tmpfs", "/tmp", "--ro-bind", prefix, prefix),
        *("--bind", str(copy), str(copy), "--chdir", str(copy), "--unshare-net"),
        *("--unshare-pid", "--die-with-parent", "--setenv", "HOME", "/tmp"),
        *suite,
    ]


def passed_in(said: str) -> int | None:
    """How many tests passed by pytest's summary, the last line; None where it has none."""
    last = said.strip().rpartition("\n")[2]
    if not re.search(r" in [\d.]+s\b", last):
        return None
    return int(number(r"(\d+) passed", last))


def compared(ours: Sequence[Measurement], ran: Mapping[str, Ran]) -> list[Row]:
    """Our numbers beside theirs."""
    by_check = {one.checker: one for one in ours}
    return [row for check, one in ran.items() for row in _rows(by_check[check], one)]


def _rows(ours: Measurement, theirs: Ran) -> Iterator[Row]:
    check = ours.checker
    if not isinstance(ours.outcome, Measured):
        yield Row(check, "not graded", ours.outcome.reason, "a number")
        return
    values = ours.outcome.values
    for name, said in read(check, theirs.stdout, theirs.stderr, ours.outcome).items():
        # Rounded as pylint prints it; radon's sum of the same numbers may end otherwise.
        mine = round(float(values[name]), 2 if name == "score" else 9)
        yield Row(check, name, mine, round(said, 9))


def read(check: str, said: str, warned: str, ours: Measured) -> dict[str, float]:
    """The numbers in what a tool printed for people, by the names that they have with us."""
    lines = said.splitlines()
    match check:
        case "formatting":
            fail = number(r"(\d+) files? would fail to reformat", warned)
            change = number(r"(\d+) files? would be reformatted", warned)
            return {"files_to_change": change, "unparsable": fail}
        case "imports":
            pattern = r"(?m)^ERROR: (.+?) Imports are incorrectly"
            named = re.findall(pattern, f"{said}\n{warned}")
            broken = tuple(
                f"/{f.path}" for f in ours.findings if f.rule == "unparsable"
            )
            wrong = [name for name in named if not f"/{name}".endswith(broken)]
            return {"files_to_change": len(wrong)}
        case "lint":
            return {"violations": _count(r".+:\d+:\d+: [A-Z]+\d+ ", lines)}
        case "logging":
            return {
                "g_violations": _count(r".+:\d+:\d+: G\d+ ", lines),
                "log_violations": _count(r".+:\d+:\d+: LOG\d+ ", lines),
            }
        case "pylint":
            return {
                "score": number(r"Your code has been rated at (-?[\d.]+)/10", said),
                "messages": _count(r".+:\d+:\d+: [CRWEF]\d{4}: ", lines),
            }
        case "complexity":
            return {
                "mean_complexity": number(
                    r"Average complexity: \w+ \(([\d.]+)\)", said
                ),
                "blocks": number(r"(\d+) blocks", said),
            }
        case "secrets":
            found = json.loads(said)["results"]
            return {"secrets": sum(len(hits) for hits in found.values())}
        case "docstrings":
            return {"violations": _count(r"\s+D\d{3}: ", lines)}
        case _:
            raise ValueError(f"{check} has no command line")


def _count(pattern: str, lines: Sequence[str]) -> int:
    return sum(re.match(pattern, line) is not None for line in lines)
