"""One hostile group and one innocent one, graded side by side among traps.

`Arena.grade` runs the whole command line, in a process of its own, and asserts what must hold
in every case of HOSTILE; what a case adds is asserted by its own test on the `Verdict`.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import ParseError

import jsonschema
import yaml
from markdown_it import MarkdownIt

from grader.model.measurement import Failed, Finding, Measured, NotApplicable
from grader.model.report import Report
from grader.resources import shipped
from grader.submissions.names import printable
from tests.conftest import REPOSITORY
from tests.hostile.watcher import Account, Specification
from tests.reporting.page import Element, read_page
from tests.reporting.payloads import deciders

Tier = Literal["bubblewrap", "landlock", "docker", "none"]
TIERS: tuple[Tier, ...] = ("bubblewrap", "landlock", "docker", "none")

MEBIBYTE = 2**20
MEMORY_MEBIBYTES = 512

# Small, so that a case that runs into one of them is over soon.
LIMITS: Mapping[str, int] = {
    "tool_seconds": 60,
    "test_seconds": 30,
    "output_mebibytes": 8,
    "tool_memory_mebibytes": 1024,
    "test_memory_mebibytes": MEMORY_MEBIBYTES,
    "processes": 64,
    "disk_mebibytes": 64,
    "disk_files": 2_000,
}

# The grader's own interpreters beside what the limit allows, and what a tree may take
# between two looks at it.
_OWN_BYTES = 1024 * MEBIBYTE

# The formats for other programs, and who reads them.
_OTHERS: Mapping[str, Callable[[str, str], Iterator[str]]] = {
    "sarif": deciders.sarif,
    "junit": deciders.xml,
    "annotations": deciders.annotations,
    "gitlab": deciders.data,
    "badge": deciders.data,
    "badge-svg": deciders.xml,
}

_WATCHER = Path(__file__).with_name("watcher.py")
_READER = MarkdownIt("commonmark", {"html": True}).enable("table")
_OWN_HTML = re.compile(
    r"</?(details|summary|b|code|br)>|<summary>.*</summary>", re.DOTALL
)

# The report of the neighbour has these; they differ from one run to the next.
_TIMES = re.compile(r'"(duration_s|graded_at)": [^\n]+')


# Those that take what others need, or aim at them.
MACHINE_CASES = range(39, 49)
# Their runs are started anew, as a user's are; the others are forked, see `server`.
STARTED_CASES = frozenset({1, 16, 31, 38, 45, 46, 48, 55, 61, 69, 70})

# What the traps and the environment hold, and nobody may show.
_CANARY = f"canary{secrets.token_hex(8)}"
_TOKENS = ("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY")


def number_of(test: str) -> int:
    """The case that a test is named for. Raises `ValueError` for another name."""
    found = re.match(r"test_(\d+)_", test)
    if found is None:
        raise ValueError(f"{test} does not say the number of its case")
    return int(found[1])


class Broken(AssertionError):
    """Something that must hold in every case does not."""


@dataclass(frozen=True)
class Traps:
    """What a hostile repository may aim at: all of it is there and open, but for the box.

    `home` is the user's, `outside` a folder that everybody may write to, `other_group`
    a folder with another group's result. The sockets belong to the process that runs the
    tests, `parent`.
    """

    home: Path
    outside: Path
    other_group: Path
    tcp_port: int
    udp_port: int
    unix_socket: Path
    abstract_socket: str
    parent: int


@dataclass(frozen=True)
class Verdict:
    """What one run of the command line left behind. `report` is None where it refused."""

    name: str
    exit_status: int
    stdout: str
    stderr: str
    seconds: float
    report: Report | None
    html: str = ""
    markdown: str = ""
    terminal: str = ""
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def graded(self) -> Report:
        """The report; an assertion fails where there is none."""
        assert self.report is not None, self.stderr
        return self.report

    def outcome(self, item: str) -> Measured | NotApplicable | Failed:
        """What came of one check."""
        measurement = self.graded.check(item).measurement
        assert measurement is not None, f"{item} was left out"
        return measurement.outcome

    def measured(self, item: str) -> Measured:
        """The facts of one check; an assertion fails where it has none."""
        outcome = self.outcome(item)
        assert isinstance(outcome, Measured), outcome.reason
        return outcome

    def values(self, item: str, *names: str) -> dict[str, float]:
        """Some of a check's numbers."""
        values = self.measured(item).values
        return {name: values[name] for name in names}

    def findings(self, item: str, rule: str = "") -> list[Finding]:
        """A check's findings, of one rule or of all."""
        found = self.measured(item).findings
        return [one for one in found if rule in ("", one.rule)]

    @property
    def signals(self) -> list[Finding]:
        """What every check asks a person to look at."""
        outcomes = [
            check.measurement.outcome
            for check in self.graded.checks
            if check.measurement is not None
        ]
        return [
            signal
            for outcome in outcomes
            if isinstance(outcome, Measured)
            for signal in outcome.signals
        ]

    @property
    def page(self) -> Element:
        """The HTML report, every element of which is closed in its place."""
        return read_page(self.html)


@dataclass
class Tally:
    """The figures of one tier: what docs/figures.md quotes."""

    cases: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    accompanied: set[str] = field(default_factory=set)
    runs: int = 0
    escapes: int = 0
    others_changed: int = 0
    forgeries: dict[str, bool] = field(default_factory=dict)
    oddities: dict[str, bool] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Count in what was counted by another process."""
        self.cases |= other.cases
        self.failed |= other.failed
        self.accompanied |= other.accompanied
        self.runs += other.runs
        self.escapes += other.escapes
        self.others_changed += other.others_changed
        self.forgeries |= other.forgeries
        self.oddities |= other.oddities

    def lines(self) -> Iterator[str]:
        """The figures in words."""
        yield (
            f"cases contained: {len(self.cases - self.failed)} of {len(self.cases)} "
            f"({self.runs} runs)"
        )
        if self.failed:
            yield f"not contained: {', '.join(map(str, sorted(self.failed)))}"
        yield f"escapes: {self.escapes}"
        yield f"other groups changed: {self.others_changed}"
        yield f"forgeries flagged: {_share(self.forgeries)}"
        yield f"honest oddities flagged: {_share(self.oddities)}"


def _share(flags: Mapping[str, bool]) -> str:
    return f"{sum(flags.values())} of {len(flags)}"


class Arena:
    """The place of one case: a folder with traps, beside nothing that is worth keeping."""

    def __init__(
        self,
        test: str,
        tier: Tier,
        folder: Path,
        tally: Tally,
        servers: "Servers",
        held: ExitStack,
    ) -> None:
        self.tier = tier
        self._servers = servers
        self._test, self._case = test, number_of(test)
        self.tally = tally
        self._folder = folder
        self._work = _made(folder / "w")
        self._neighbour = folder / "neighbour"
        home = _made(folder / "home")
        for name in (
            *(".ssh/id_rsa", ".aws/credentials", ".netrc", ".git-credentials"),
            *(".config/gh/hosts.yml", "notes.txt"),
        ):
            self._plant(home / name)
        outside = _made(folder / "outside")
        self._plant(outside / "marks.csv")
        other = _made(folder / "other-group")
        self._plant(other / "result.json")
        self._plant(other / "src" / "secret.py")
        write(self._neighbour, NEIGHBOUR)
        self._sockets = _Sockets(folder, held)
        self.traps = Traps(
            home=home,
            outside=outside,
            other_group=other,
            tcp_port=self._sockets.tcp_port,
            udp_port=self._sockets.udp_port,
            unix_socket=self._sockets.unix_socket,
            abstract_socket=self._sockets.abstract_socket,
            parent=os.getpid(),
        )
        # Everything but what the program is told to write to.
        self._cwd = _made(folder / "cwd")
        self._guarded = (home, outside, other, self._neighbour, self._cwd)
        # Readable and writable for everybody: nothing but the box is in the way.
        for place in (folder, *folder.rglob("*")):
            if not place.is_symlink() and not place.is_socket():
                place.chmod(0o777 if place.is_dir() else 0o666)

    @property
    def folder(self) -> Path:
        """An empty folder for the case's own repositories and servers."""
        return _made(self._folder / "case")

    @property
    def neighbour(self) -> Path:
        """The innocent group's repository."""
        return self._neighbour

    def repository(
        self, files: Mapping[str, str | bytes], name: str = "group-7"
    ) -> Path:
        """A git repository with these files in one commit."""
        folder = self.folder / name
        write(folder, files)
        commit(folder)
        return folder

    def grade(
        self,
        source: Path | str,
        *options: str,
        only: Sequence[str] = (),
        limits: Mapping[str, int] | None = None,
        seconds: float = 90,
        variables: Mapping[str, str] | None = None,
        has_token: bool | None = None,
    ) -> Verdict:
        """Grade a repository, its neighbour at the same time; all invariants are held.

        `only` names the checks, `limits` changes those of `LIMITS`, `seconds` is what the
        whole may take. `has_token` puts a token into the environment: by default where
        there is a box to keep it from the tests.
        """
        self.tally.runs += 1
        out = Path(tempfile.mkdtemp(dir=self._work, prefix="r-"))
        rubric = out / "rubric.yaml"
        rubric.write_text(_rubric({**LIMITS, **(limits or {})}), "utf-8")
        if has_token is None:
            has_token = self.tier != "none"
        environment = {
            **self._environment(out, has_token=has_token),
            **(variables or {}),
        }
        argv = [_PROGRAM, "--rubric", str(rubric), "--isolation", self.tier]
        # What is tried is measuring: nothing that an earlier case measured is taken over.
        argv.append("--no-cache")
        if "--environment" not in options:
            argv += ["--environment", "none"]
        argv += [word for item in only for word in ("--only", item)]
        for form in ("html", "markdown", "terminal", *_OTHERS):
            argv += ["--report", f"{form}={out / form}"]
        argv += ["--format", "json", *options, "--", str(source)]
        server = self._server(has_token, environment)
        before = _fingerprint(self._guarded)
        source_before = _fingerprint([source]) if isinstance(source, Path) else {}
        run = _Run(argv, self._cwd, out, environment, seconds, server)
        beside = _made(out / "o")
        other = (
            _Run(
                _neighbour_command(self._neighbour, self.tier, beside / "rubric.yaml"),
                self._cwd,
                beside,
                self._environment(beside, has_token=self.tier != "none"),
                seconds,
                server,
            )
            if self._is_accompanied()
            else None
        )
        account = run.wait()
        verdict = _read(_name(source), account, run, out)
        broken = [
            *_unfit(verdict),
            *self._escaped(verdict, account),
            *(f"left behind: {one.name}" for one in (out / "tmp").iterdir()),
            *_too_much(account, seconds, {**LIMITS, **(limits or {})}),
        ]
        after = _fingerprint(self._guarded)
        changed = _differences(before, after)
        if isinstance(source, Path):
            changed += _differences(source_before, _fingerprint([source]))
        self.tally.escapes += len(changed)
        broken += [f"changed outside: {one}" for one in changed]
        if other is not None and (problem := self._changed_neighbour(other)):
            self.tally.others_changed += 1
            broken.append(problem)
        if broken:
            raise Broken("\n".join(broken))
        return verdict

    def _server(
        self, has_token: bool, environment: Mapping[str, str]
    ) -> "_Server | None":
        """Where the next runs are forked from; None where they are started anew."""
        if self._case in STARTED_CASES:
            return None
        return self._servers.of(self.tier, has_token, environment)

    def _is_accompanied(self) -> bool:
        """Whether the neighbour is graded beside the next run.

        Always where the machine itself is at stake, else once for each test.
        """
        is_new = self._test not in self.tally.accompanied
        self.tally.accompanied.add(self._test)
        return is_new or self._case in MACHINE_CASES

    def forgery(self, name: str, is_flagged: bool) -> None:
        """Note for the summary whether something forged was flagged."""
        self.tally.forgeries[name] = self.tally.forgeries.get(name, True) and is_flagged

    def oddity(self, name: str, is_flagged: bool) -> None:
        """Note for the summary whether something honest was flagged."""
        self.tally.oddities[name] = self.tally.oddities.get(name, False) or is_flagged

    def _plant(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{_CANARY}\n", "utf-8")

    def _environment(self, out: Path, *, has_token: bool) -> dict[str, str]:
        names = ["CANARY", "DATABASE_URL", *(_TOKENS if has_token else ())]
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.traps.home),
            "TMPDIR": str(_made(out / "tmp")),
            # Shared by the runs of a session, as on a user's machine.
            "XDG_CACHE_HOME": str(_made(self._folder.parent / "cache")),
            "LANG": "C.UTF-8",
            **dict.fromkeys(names, _CANARY),
        }

    def _escaped(self, verdict: Verdict, account: Account) -> list[str]:
        texts = {
            "standard output": verdict.stdout,
            "standard error": verdict.stderr,
            "the HTML report": verdict.html,
            "the Markdown report": verdict.markdown,
            "the terminal report": verdict.terminal,
            **{f"the {form} report": text for form, text in verdict.others.items()},
        }
        found = [
            *(
                f"a canary is in {name}"
                for name, text in texts.items()
                if _CANARY in text
            ),
            *(f"a connection reached {trap}" for trap in self._sockets.reached()),
            *(f"a process was left: {one}" for one in account["left"]),
        ]
        if account["signals"]:
            found.append("a process outside was signalled")
        self.tally.escapes += len(found)
        return found

    def _changed_neighbour(self, run: "_Run") -> str:
        account = run.wait()
        if self.tier not in _ALONE:
            _ALONE[self.tier] = self.grade_neighbour()
        alone, found = _ALONE[self.tier], _timeless(run.stdout)
        if account["exit_status"] != 0:
            return f"the other group was not graded: {run.stderr}"
        if found != alone:
            pairs = zip(alone.splitlines(), found.splitlines(), strict=False)
            first = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
            return f"the other group changed: {first[0]!r} is now {first[1]!r}"
        return ""

    def grade_neighbour(self) -> str:
        """The innocent group's report, with nobody beside it."""
        out = Path(tempfile.mkdtemp(dir=self._work, prefix="n-"))
        command = _neighbour_command(self._neighbour, self.tier, out / "rubric.yaml")
        has_token = self.tier != "none"
        environment = self._environment(out, has_token=has_token)
        # Always started anew: what is forked must not come out otherwise.
        run = _Run(command, self._cwd, out, environment, 120, None)
        account = run.wait()
        assert account["exit_status"] == 0, run.stderr
        assert '"kind": "failed"' not in run.stdout, "the neighbour can't be graded"
        return _timeless(run.stdout)


# The neighbour's report without a hostile group beside it, once a session and tier.
_ALONE: dict[Tier, str] = {}


def _neighbour_command(neighbour: Path, tier: Tier, rubric: Path) -> list[str]:
    # The course's own limits: nothing here may depend on how fast the machine is.
    rubric.write_text(_rubric({}), "utf-8")
    return [
        *(_PROGRAM, str(neighbour), "--rubric", str(rubric), "--isolation", tier),
        "--no-cache",
        *("--environment", "none", "--only", "coverage,file-presence"),
        *("--format", "json", "--no-signals"),
    ]


def _timeless(text: str) -> str:
    return _TIMES.sub(r'"\1": 0', text)


NEIGHBOUR: Mapping[str, str | bytes] = {
    "README.md": "# Flat prices\n",
    "src/__init__.py": "",
    "src/rent.py": '"""Rents."""\n\n\n'
    "def yearly(monthly):\n"
    '    """What a flat costs in a year."""\n'
    "    if monthly < 0:\n"
    '        raise ValueError("a rent is not negative")\n'
    "    return 12 * monthly\n",
    "tests/test_rent.py": "from src.rent import yearly\n\n\n"
    "def test_a_year_has_twelve_months():\n"
    "    assert yearly(100) == 1200\n",
}


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def commit(folder: Path) -> None:
    """Make a folder a git repository with all its files in one commit."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message=Everything", "--allow-empty")


def git(folder: Path, *arguments: str, author: str = "A Student") -> str:
    """Run git in a folder, with nobody's configuration."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{
                f"GIT_{role}_{part}": value
                for role in ("AUTHOR", "COMMITTER")
                for part, value in (
                    ("NAME", author),
                    ("EMAIL", "student@example.org"),
                    ("DATE", "2026-03-01T12:00:00+0000"),
                )
            },
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


class _Sockets:
    """Listeners that nobody may reach, open to everybody."""

    def __init__(self, folder: Path, held: ExitStack) -> None:
        tcp = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        self.tcp_port: int = tcp.getsockname()[1]
        self.udp_port: int = udp.getsockname()[1]
        self.unix_socket = folder / "socket"
        self.abstract_socket = f"mlops-grade-{secrets.token_hex(6)}"
        self._streams = {"TCP": tcp}
        for name, address in (
            ("Unix", str(self.unix_socket)),
            ("abstract Unix", f"\0{self.abstract_socket}"),
        ):
            listener = held.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(address)
            listener.listen()
            self._streams[name] = listener
        self.unix_socket.chmod(0o777)
        self._udp = udp
        for one in (*self._streams.values(), udp):
            one.setblocking(False)

    def reached(self) -> Iterator[str]:
        """The kinds of socket that something has come to since the last look."""
        for name, listener in self._streams.items():
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                continue
            yield name
        try:
            self._udp.recv(1)
        except BlockingIOError:
            return
        yield "UDP"


class Servers:
    """The servers of a session, started where they are first needed and ended by `close`."""

    def __init__(self) -> None:
        self._running: dict[tuple[Tier, bool], _Server] = {}

    def of(
        self, tier: Tier, has_token: bool, environment: Mapping[str, str]
    ) -> "_Server":
        """The server of a tier, in an environment with or without tokens."""
        if (tier, has_token) not in self._running:
            self._running[tier, has_token] = _Server(tier, environment)
        return self._running[tier, has_token]

    def close(self) -> None:
        """End them all."""
        for server in self._running.values():
            server.close()


class _Server:
    """A process that forks runs, see `tests.hostile.server`."""

    def __init__(self, tier: Tier, environment: Mapping[str, str]) -> None:
        # Of its own: the run that it is started for has that folder to itself.
        scratch = tempfile.mkdtemp(prefix="mgs-", dir="/tmp")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.server", tier],
            cwd=REPOSITORY,
            env={**environment, "TMPDIR": scratch},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said == "ready\n", f"the server of {tier} did not start"
        os.rmdir(scratch)

    def fork(self, specification: Specification) -> None:
        """Begin a run."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(specification)}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End the server; its runs have ended before."""
        self._process.communicate(timeout=10)


class _Run:
    """One command line under a watcher, started anew or forked from a server."""

    def __init__(
        self,
        argv: Sequence[str],
        cwd: Path,
        folder: Path,
        environment: Mapping[str, str],
        seconds: float,
        server: _Server | None,
    ) -> None:
        self.folder = folder
        self._account = folder / "account.json"
        specification: Specification = {
            "argv": list(argv),
            "cwd": str(cwd),
            "environment": dict(environment),
            "stdout": str(folder / "stdout"),
            "stderr": str(folder / "stderr"),
            "account": str(self._account),
            # The case fails when it takes longer; this is for a program that hangs.
            "seconds": seconds + 60,
        }
        self._watcher: subprocess.Popen[bytes] | None = None
        self._late = time.monotonic() + seconds + 120
        if server is not None:
            server.fork(specification)
            return
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_WATCHER), json.dumps(specification)]
        )

    def wait(self) -> Account:
        """How it ended."""
        while not self._account.exists():
            is_there = self._watcher is None or self._watcher.poll() is None
            assert is_there or self._account.exists(), "the watcher itself was ended"
            assert time.monotonic() < self._late, "the watcher itself was ended"
            time.sleep(0.01)
        if self._watcher is not None:
            assert self._watcher.wait() == 0, "the watcher itself was ended"
        account: Account = json.loads(self._account.read_text("utf-8"))
        return account

    @property
    def stdout(self) -> str:
        """What it printed."""
        return _text(self.folder / "stdout")

    @property
    def stderr(self) -> str:
        """What it complained of."""
        return _text(self.folder / "stderr")


def _name(source: Path | str) -> str:
    """What the group is called where it is refused; of an address what is no secret."""
    if isinstance(source, Path):
        return source.name
    return printable(source.partition("?")[0])


def _read(name: str, account: Account, run: _Run, out: Path) -> Verdict:
    has_report = run.stdout.startswith("{")
    return Verdict(
        name=name,
        exit_status=account["exit_status"],
        stdout=run.stdout,
        stderr=run.stderr,
        seconds=account["seconds"],
        report=Report.model_validate_json(run.stdout) if has_report else None,
        html=_text(out / "html"),
        markdown=_text(out / "markdown"),
        terminal=_text(out / "terminal"),
        others={form: _text(out / form) for form in _OTHERS},
    )


def _unfit(verdict: Verdict) -> list[str]:
    """What is wrong with what the program said and wrote."""
    found = []
    if "Traceback" in verdict.stderr:
        found.append(f"a traceback: {verdict.stderr}")
    said = verdict.stderr.splitlines()
    if verdict.report is None:
        if verdict.exit_status not in (2, 3):
            found.append(f"exit status {verdict.exit_status}: {verdict.stderr}")
        if not said or not said[0].startswith("mlops-grade: "):
            found.append(f"no line says why there is no report: {verdict.stderr!r}")
        # The first line has the cause, the second what to do.
        if len(said) > 2:
            found.append(f"more than a line and a hint: {verdict.stderr}")
        if verdict.name not in verdict.stderr:
            found.append(f"the group is not named: {verdict.stderr}")
        return found
    if verdict.exit_status != 0:
        found.append(f"exit status {verdict.exit_status}: {verdict.stderr}")
    if len(said) > 3:
        found.append(f"too much was said: {verdict.stderr}")
    return [*found, *_unreadable(verdict)]


def _unreadable(verdict: Verdict) -> list[str]:
    """What is wrong with the reports: they parse, and show what they were given as text."""
    found = []
    try:
        jsonschema.validate(json.loads(verdict.stdout), _schema())
    except jsonschema.ValidationError as error:
        found.append(f"the JSON report is not by its schema: {error.message[:200]}")
    try:
        page = verdict.page
    except (AssertionError, ValueError) as error:
        return [*found, f"the HTML report can't be read: {error}"]
    acting = [
        f"<{element.tag} {name}={value!r}>"
        for element in page.all()
        for name, value in element.attributes.items()
        if name.startswith("on") or value.strip().lower().startswith("javascript:")
    ]
    if acting:
        found.append(f"the HTML report acts: {acting}")
    tags = {element.tag for element in page.all()} & {
        *("iframe", "object", "embed", "base", "form", "img", "video", "audio"),
    }
    if tags or len(page.all("script")) > 1:
        found.append(f"the HTML report has what the template has not: {tags}")
    children = [
        c for t in _READER.parse(verdict.markdown) for c in (t, *(t.children or []))
    ]
    images = [one for one in children if one.type == "image"]
    foreign = [
        one.content
        for one in children
        if one.type in ("html_inline", "html_block")
        and not _OWN_HTML.fullmatch(one.content.strip())
        and not re.fullmatch(
            r"(<details>\s*)?(<summary>.*</summary>)?\s*(</details>)?",
            one.content.strip(),
            re.DOTALL,
        )
    ]
    if images or foreign or not verdict.markdown.startswith("#"):
        found.append(f"the Markdown report has what the template has not: {foreign}")
    for form, text in (
        ("HTML", verdict.html),
        ("Markdown", verdict.markdown),
        ("terminal", verdict.terminal),
        ("JSON", verdict.stdout),
        *verdict.others.items(),
    ):
        odd = {c for c in text if not (c.isprintable() or c in "\n\u200b")}
        if form == "HTML":
            odd -= {"\t"}
        if odd:
            found.append(f"the {form} report has control characters: {odd!r}")
    return [*found, *_acting(verdict)]


def _acting(verdict: Verdict) -> Iterator[str]:
    """What acts in the formats for other programs, each read as it is read there."""
    texts = {**verdict.others, "terminal": verdict.terminal}
    for form, decide in {**_OTHERS, "terminal": deciders.log}.items():
        try:
            # Held against itself: what it may have beside is not known here.
            acting = list(decide(texts[form], texts[form]))
        except (AssertionError, ValueError, ParseError) as error:
            acting = [f"it can't be read: {error}"]
        yield from (f"the {form} report: {what}" for what in acting)


def _too_much(account: Account, seconds: float, limits: Mapping[str, int]) -> list[str]:
    found = []
    if account["is_late"] or account["seconds"] > seconds:
        found.append(f"took {account['seconds']:.0f} s of {seconds:g} s")
    most = limits["test_memory_mebibytes"] * MEBIBYTE + _OWN_BYTES
    for what in ("peak_bytes", "peak_shared_bytes"):
        used = (
            account["peak_bytes"]
            if what == "peak_bytes"
            else account["peak_shared_bytes"]
        )
        if used > most:
            found.append(f"{what}: {used // MEBIBYTE} MiB of {most // MEBIBYTE} MiB")
    # Beside those of the tests: the program, its tools and their keepers.
    if account["peak_processes"] > limits["processes"] + 100:
        found.append(f"had {account['peak_processes']} processes")
    return found


def _fingerprint(places: Sequence[Path]) -> dict[str, str]:
    """What every file below the places is: kind, mode, owner, content, time of change."""
    found: dict[str, str] = {}
    for place in places:
        for path in (place, *sorted(place.rglob("*"))):
            status = path.lstat()
            about = f"{status.st_mode:o} {status.st_uid}"
            if stat.S_ISREG(status.st_mode):
                if status.st_size < 64 * MEBIBYTE:
                    about += f" {hashlib.sha256(path.read_bytes()).hexdigest()}"
                about += f" {status.st_mtime_ns} {status.st_size}"
            elif stat.S_ISLNK(status.st_mode):
                about += f" {os.readlink(path)}"
            found[str(path)] = about
    return found


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [
        f"{path}: {before.get(path, 'not there')} -> {after.get(path, 'gone')}"
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    ]


def _text(file: Path) -> str:
    # A lone surrogate or another encoding would be a fault: it is seen as U+FFFD.
    return file.read_text("utf-8", errors="replace") if file.exists() else ""


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def new_folder() -> Path:
    """A folder that every user of the machine can get into; the caller removes it."""
    folder = Path(tempfile.mkdtemp(prefix="mgh-", dir="/tmp"))
    folder.chmod(0o755)
    return folder.resolve()


def remove(folder: Path) -> None:
    """Remove an arena, whatever modes are in it."""
    shutil.rmtree(folder, ignore_errors=True)


_PROGRAM = str(Path(sys.executable).with_name("mlops-grade"))


@cache
def _schema() -> Mapping[str, object]:
    schema: Mapping[str, object] = json.loads(
        shipped("report.schema.json").read_text("utf-8")
    )
    return schema


def _rubric(limits: Mapping[str, int]) -> str:
    """The course's rubric with other limits."""
    rubric = yaml.safe_load(shipped("rubric.yaml").read_text("utf-8"))
    rubric["limits"] = {**rubric.get("limits", {}), **limits}
    text: str = yaml.safe_dump(rubric, sort_keys=False)
    return text
