"""A stand-in for docker or podman: it runs the program beside us, and keeps a record."""

import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from grader.sandbox.container import INSIDE
from grader.sandbox.docker import IMAGE, Engine

_SCRIPT = """#!{python} -I
import ctypes, json, os, signal, sys, time
from pathlib import Path

here = Path({here!r})
words = sys.argv[1:]
with open(here / "calls", "a") as file:
    file.write(json.dumps(words) + "\\n")
answers = json.loads((here / "answers").read_text())
command = " ".join(words[:2])
for name, (status, out, err) in answers.items():
    if command.startswith(name):
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.exit(status)
if words[0] != "run":
    sys.exit(0)
print("an engine's warning", file=sys.stderr)
print("an engine's chatter")
sys.stdout.flush()
sources = dict(
    reversed([part.partition("=")[2] for part in word.split(",")[1:3]])
    for word in words if word.startswith("type=bind")
)
program = words[words.index({image!r}) + 1:]
program = [word.replace({inside!r}, sources[{inside!r}]) for word in program]
# Whatever the program starts ends with it, as in a container.
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
child = os.fork()
if child == 0:
    os.environ.clear()
    os.environ["FROM_THE_ENGINE"] = "1"
    os.execv(program[0], program)
while True:
    pid, status = os.wait()
    if pid == child:
        break
while True:
    children = Path(f"/proc/self/task/{{os.getpid()}}/children").read_text().split()
    if not children:
        break
    for pid in map(int, children):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
"""


@dataclass(frozen=True)
class FakeEngine:
    """The stand-in, as a program in `folder`."""

    folder: Path

    @property
    def path(self) -> str:
        """The program."""
        return str(self.folder / "engine")

    @property
    def engine(self) -> Engine:
        """As the one that was found."""
        return Engine(self.path, "docker", "1.2.3")

    def answer(self, **answers: tuple[int, str, str]) -> None:
        """What it does for commands that begin so: exit status, output, error output."""
        (self.folder / "answers").write_text(
            json.dumps({name.replace("_", " "): one for name, one in answers.items()})
        )

    def calls(self, command: str) -> list[list[str]]:
        """The command lines that it was given, as far as they begin with a command."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [one for one in map(json.loads, lines) if one[0] == command]


def fake_engine(folder: Path) -> FakeEngine:
    """One that starts every program, and to which everything else is right."""
    folder.mkdir()
    fake = FakeEngine(folder)
    Path(fake.path).write_text(
        _SCRIPT.format(
            python=os.path.realpath(sys.executable),
            here=str(folder),
            image=IMAGE,
            inside=INSIDE,
        )
    )
    Path(fake.path).chmod(stat.S_IRWXU)
    (folder / "calls").touch()
    fake.answer()
    return fake
