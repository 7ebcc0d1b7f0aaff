"""A repository with a pull request, checked out as a job has it."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.action.expressions import Value
from tests.action.runner import Job
from tests.committing import git

CLEAN = '"""A module."""\n\nVALUE = 1\n'
# What a student could hope that the runner acts on.
UGLY = "x = open('/data/::error::forged.csv')\n##[error]forged\n"
ODD = "::set-output name=score::10.py"
# Our own reading of the files: no tool has to start.
QUICK = """\
name: Quick
version: "1"
dimensions:
  - id: quick
    title: Quick
    items:
      - checker: config-paths
        score: max(0, 10 - 3 * hardcoded_paths)
        advice: Read paths from the configuration.
"""


def commit(folder: Path, files: Mapping[str, str]) -> str:
    """Write files and commit them; the hash."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "x")
    return git(folder, "rev-parse", "HEAD")


@dataclass(frozen=True)
class Site:
    """A repository elsewhere with a pull request, and what a job keeps beside its checkout.

    `fork` is where the branch left `main`, `base` its tip since, `head` the branch's, `merge`
    the commit that GitHub makes of the two. `seen` has what each start of Python was given.
    """

    folder: Path
    origin: Path
    fork: str
    base: str
    head: str
    merge: str
    seen: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seen", self.folder / "seen")
        self.seen.mkdir()
        (self.folder / "quick.yaml").write_text(QUICK)

    def checkout(self, *, depth: int = 0, ref: str = "merge", name: str = "w") -> Path:
        """A new workspace, as actions/checkout makes it."""
        workspace = self.folder / name
        workspace.mkdir()
        git(workspace, "init", "-q")
        git(workspace, "remote", "add", "origin", f"file://{self.origin}")
        wanted = {"merge": self.merge, "head": self.head, "base": self.base}[ref]
        what = [f"--depth={depth}", "origin", wanted] if depth else ["origin"]
        refs = [] if depth else ["+refs/*:refs/remotes/origin/*"]
        git(workspace, "fetch", "-q", "--no-tags", *what, *refs)
        git(workspace, "checkout", "-q", "--detach", wanted)
        return workspace

    def job(
        self,
        workspace: Path,
        event_name: str = "pull_request",
        event: Mapping[str, Value] | None = None,
        **more: str | Mapping[str, str],
    ) -> Job:
        """A job in a workspace; the event is the pull request's if left out."""
        temp = self.folder / f"temp-{len(list(self.folder.iterdir()))}"
        temp.mkdir()
        happened = self.pull_request() if event is None else event
        file = temp / "event.json"
        file.write_text(json.dumps(happened))
        made = Job(workspace, temp, event_name, happened, file, python=sys.executable)
        for name, value in more.items():
            setattr(made, name, value)
        return made

    def pull_request(self, home: str = "octo/prices") -> Mapping[str, Value]:
        """The event of pull request 3, from a repository called `home`."""
        return {
            "number": 3,
            "pull_request": {
                "number": 3,
                "state": "open",
                "head": {"sha": self.head, "repo": {"full_name": home}},
                "base": {"sha": self.base, "repo": {"full_name": "octo/prices"}},
            },
        }

    def installed(self, *, as_stub: bool = False) -> dict[str, str]:
        """What stands for the installation: this Python, which notes how it is started.

        As a stub it does nothing more.
        """
        end = "exit 0" if as_stub else f'exec {sys.executable} "$@"'
        script = f"""\
mkdir -p "$WORK/venv/bin"
cat >"$WORK/venv/bin/python" <<'END'
#!/bin/bash
number=$(ls {self.seen} | wc -l)
mkdir {self.seen}/$number
env -0 >{self.seen}/$number/env
printf '%s\\0' "$@" >{self.seen}/$number/argv
{end}
END
chmod +x "$WORK/venv/bin/python"
"""
        return {"Install mlops-grade": script, "Prepare the box": "true"}

    def started(self) -> "list[Started]":
        """How Python was started, in order."""
        folders = sorted(self.seen.iterdir(), key=lambda one: int(one.name))
        return [
            Started(_strings(one / "argv"), "\0".join(_strings(one / "env")))
            for one in folders
        ]


@dataclass(frozen=True)
class Started:
    """One start of Python: its arguments, and its environment in one text."""

    argv: list[str]
    environment: str

    @property
    def command(self) -> str:
        """What of mlops-grade was started."""
        assert self.argv[:3] == ["-I", "-m", "grader"]
        words = self.argv[3:5]
        return " ".join(words) if words[0] == "github" else words[0]


def _strings(file: Path) -> list[str]:
    return file.read_text().split("\0")[:-1]


@dataclass(frozen=True)
class Origin:
    """The repository elsewhere, which no test changes; see `Site`."""

    path: Path
    fork: str
    base: str
    head: str
    merge: str

    def site(self, folder: Path) -> Site:
        """A place for one job, or some, in a new folder."""
        folder.mkdir()
        return Site(folder, self.path, self.fork, self.base, self.head, self.merge)


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    """The base has a clean module; the branch makes it ugly; the base has moved on since."""
    path = tmp_path_factory.mktemp("origin") / "prices"
    path.mkdir()
    ugly = UGLY.splitlines()[0] + "\n"
    git(path, "init", "-q", "-b", "main")
    git(path, "config", "uploadpack.allowAnySHA1InWant", "true")
    fork = commit(path, {"main.py": CLEAN, "0same.py": ugly})
    git(path, "checkout", "-qb", "work")
    head = commit(path, {"main.py": CLEAN + UGLY, ODD: ugly})
    git(path, "checkout", "-q", "main")
    base = commit(path, {"other.py": ugly})
    git(path, "checkout", "-q", "--detach", "main")
    git(path, "merge", "-q", "--no-edit", "work")
    merge = git(path, "rev-parse", "HEAD")
    git(path, "update-ref", "refs/pull/3/merge", merge)
    git(path, "checkout", "-q", "main")
    return Origin(path, fork, base, head, merge)


@pytest.fixture
def site(tmp_path: Path, origin: Origin) -> Site:
    return origin.site(tmp_path / "site")


Stubbed = Callable[..., Job]


@pytest.fixture
def stubbed(site: Site) -> Stubbed:
    """Runs the action with a Python that does nothing, in the workspace that it is given."""

    def ran(
        workspace: Path,
        event_name: str = "pull_request",
        event: Mapping[str, Value] | None = None,
        **inputs: str,
    ) -> Job:
        instead = site.installed(as_stub=True)
        return site.job(workspace, event_name, event, instead=instead).run(**inputs)

    return ran
