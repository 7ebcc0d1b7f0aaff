"""The workflows: ours, those that `github init` writes, and the action.

actionlint with shellcheck and zizmor find nothing in any of them, and what their rules don't
say is read from the parsed files.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from grader.cli.github_init import workflows
from tests.conftest import REPOSITORY

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OURS = f"course/mlops-grade@{COMMIT}"
PAIR = workflows(OURS, "main", single=False)
SINGLE = workflows(OURS, "main", single=True)


class Part(BaseModel):
    """Some keys of a workflow; which others there may be is the linters' to say."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Step(Part):
    uses: str = ""
    run: str = ""
    given: Mapping[str, str] = Field({}, alias="with")
    env: Mapping[str, str] = {}


class Job(Part):
    permissions: Mapping[str, str] = {}
    timeout: str = Field("", alias="timeout-minutes")
    steps: tuple[Step, ...]


class Workflow(Part):
    name: str
    on: Mapping[str, object]
    permissions: Mapping[str, str]
    concurrency: Mapping[str, str]
    jobs: Mapping[str, Job]


class Runs(Part):
    steps: tuple[Step, ...]


class Action(Part):
    inputs: Mapping[str, Mapping[str, str]]
    outputs: Mapping[str, Mapping[str, str]]
    runs: Runs


@dataclass(frozen=True)
class Document:
    """A file as it stands in a repository: where, and its text."""

    place: str
    text: str

    @property
    def is_action(self) -> bool:
        return self.place == "action.yml"

    def workflow(self) -> Workflow:
        # Every scalar a string: the other loaders take the key `on` for true.
        return Workflow.model_validate(yaml.load(self.text, yaml.BaseLoader))

    def steps(self) -> tuple[Step, ...]:
        if self.is_action:
            return action().runs.steps
        return tuple(
            step for job in self.workflow().jobs.values() for step in job.steps
        )


def action() -> Action:
    text = (REPOSITORY / "action.yml").read_text("utf-8")
    return Action.model_validate(yaml.load(text, yaml.BaseLoader))


def documents() -> Iterator[Document]:
    for file in sorted((REPOSITORY / ".github/workflows").iterdir()):
        yield Document(f".github/workflows/{file.name}", file.read_text("utf-8"))
    yield Document("action.yml", (REPOSITORY / "action.yml").read_text("utf-8"))
    for name, text in PAIR.items():
        yield Document(f".github/workflows/{name}", text)
    yield Document(".github/workflows/single.yml", SINGLE["mlops-grade.yml"])


ALL = tuple(documents())
WORKFLOWS = tuple(one for one in ALL if not one.is_action)
GRADE = Document("", PAIR["mlops-grade.yml"]).workflow()
COMMENT = Document("", PAIR["mlops-grade-comment.yml"]).workflow()


def each(found: tuple[Document, ...]) -> pytest.MarkDecorator:
    names = [one.place.rpartition("/")[2] for one in found]
    return pytest.mark.parametrize("document", found, ids=names)


def lint(tool: str, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """What a linter of the test extra says, the others of them on its path."""
    programs = Path(sys.executable).parent
    return subprocess.run(
        [str(programs / tool), *arguments],
        cwd=cwd,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def actionlint(folder: Path, place: str) -> "subprocess.CompletedProcess[str]":
    return lint("actionlint", "-no-color", "-oneline", place, cwd=folder)


def zizmor(folder: Path, place: str) -> "subprocess.CompletedProcess[str]":
    options = ("--offline", "--no-config", "--persona=auditor", "--color=never")
    return lint("zizmor", *options, "--strict-collection", place, cwd=folder)


def placed(document: Document, folder: Path) -> str:
    """Writes it where it belongs in a repository, beside the action that it may use."""
    (folder / ".git").mkdir(exist_ok=True)
    (folder / "action.yml").write_bytes((REPOSITORY / "action.yml").read_bytes())
    file = folder / document.place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(document.text, "utf-8")
    return document.place


@each(WORKFLOWS)
def test_actionlint_finds_nothing(document: Document, tmp_path: Path) -> None:
    found = actionlint(tmp_path, placed(document, tmp_path))
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


@each(ALL)
def test_zizmor_finds_nothing(document: Document, tmp_path: Path) -> None:
    found = zizmor(tmp_path, placed(document, tmp_path))
    assert found.returncode == 0, found.stdout + found.stderr
    assert "No findings to report" in found.stdout


@each(ALL)
def test_shellcheck_finds_nothing(document: Document, tmp_path: Path) -> None:
    """Also in the action, of which actionlint reads no script."""
    for number, step in enumerate(step for step in document.steps() if step.run):
        script = tmp_path / f"{number}.sh"
        # As the runner starts it.
        script.write_text(f"set -eo pipefail\n{step.run}", "utf-8")
        found = lint("shellcheck", "--shell=bash", script.name, cwd=tmp_path)
        assert found.returncode == 0, found.stdout


def test_no_other_finding_than_these_is_let_pass() -> None:
    """Each with its reason beside it."""
    ignored = {
        (one.place.rpartition("/")[2], rule)
        for one in ALL
        for rule in re.findall(r"zizmor: ignore\[(.*?)\]", one.text)
    }
    assert ignored == {
        ("mlops-grade-comment.yml", "dangerous-triggers"),
        ("ci.yml", "self-repository"),
    }
    assert not [one for one in ALL if "shellcheck disable" in one.text]


def test_the_linters_would_have_found_something(tmp_path: Path) -> None:
    text = (
        PAIR["mlops-grade.yml"]
        .replace("persist-credentials: false", "persist-credentials: true")
        .replace("runs-on: ubuntu-24.04", "runs-on: ubuntu-25.99")
    )
    text += '      - run: echo ${{ github.event.pull_request.title }} $HOME/"*"\n'
    place = placed(Document(".github/workflows/bad.yml", text), tmp_path)
    lines = actionlint(tmp_path, place).stdout
    assert "ubuntu-25.99" in lines
    assert "potentially untrusted" in lines
    assert "shellcheck" in lines
    audits = zizmor(tmp_path, place).stdout
    assert "template-injection" in audits
    assert "artipacked" in audits


@each(ALL)
def test_every_action_is_pinned_by_commit_with_its_version_beside_it(
    document: Document,
) -> None:
    used = [step.uses for step in document.steps() if step.uses]
    others = [use for use in used if use != OURS and not use.startswith("./")]
    lines = re.findall(r"uses: (\S+)(.*)", document.text)
    assert [use for use, _ in lines] == used
    for use in others:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", use)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", dict(lines)[use])


def test_all_files_use_the_same_commit_of_an_action() -> None:
    used = {step.uses for one in ALL for step in one.steps() if step.uses}
    assert len(used) == len({use.partition("@")[0] for use in used})


@each(ALL)
def test_no_expression_becomes_part_of_a_script(document: Document) -> None:
    assert not [step.run for step in document.steps() if "${{" in step.run]


@each(WORKFLOWS)
def test_none_runs_a_pull_request_with_the_rights_of_its_base(
    document: Document,
) -> None:
    assert "pull_request_target" not in document.text


@each(WORKFLOWS)
def test_a_job_has_the_least_rights_and_an_end(document: Document) -> None:
    found = document.workflow()
    assert found.permissions in ({}, {"contents": "read"})
    assert found.concurrency["group"]
    for job in found.jobs.values():
        assert int(job.timeout) <= 120


@each(WORKFLOWS)
def test_only_a_job_that_comments_may_write(document: Document) -> None:
    jobs = document.workflow().jobs.values()
    rights = {right for job in jobs for right in job.permissions.items()}
    writes = {right for right in rights if right[1] != "read"}
    comments = document.place.endswith(("-comment.yml", "single.yml"))
    assert writes == ({("pull-requests", "write")} if comments else set())


@each(WORKFLOWS)
def test_a_checkout_keeps_no_credentials(document: Document) -> None:
    for step in document.steps():
        if step.uses.startswith("actions/checkout@"):
            assert step.given["persist-credentials"] == "false"


@each(WORKFLOWS)
def test_a_token_is_given_to_a_step_and_not_to_a_job(document: Document) -> None:
    parsed = yaml.load(document.text, yaml.BaseLoader)
    assert "env" not in parsed
    assert not [job for job in parsed["jobs"].values() if "env" in job]
    assert "secrets." not in document.text


def test_the_workflow_that_runs_code_of_the_pull_request_has_no_token() -> None:
    (job,) = GRADE.jobs.values()
    assert job.permissions == {"contents": "read"}
    assert "token" not in PAIR["mlops-grade.yml"]
    assert [step.given["comment"] for step in job.steps if step.uses == OURS] == [
        "never"
    ]


def test_the_workflow_that_may_write_takes_no_code_of_the_pull_request() -> None:
    (job,) = COMMENT.jobs.values()
    assert list(COMMENT.on) == ["workflow_run"]
    assert not [step for step in job.steps if "checkout" in step.uses]
    assert not [step for step in job.steps if step.uses == OURS]
    (address,) = (step.env["ADDRESS"] for step in job.steps if "ADDRESS" in step.env)
    assert address == f"mlops-grade @ git+https://github.com/{OURS}"


def test_only_the_step_that_comments_has_the_token() -> None:
    (job,) = COMMENT.jobs.values()
    holders = [step for step in job.steps if "GITHUB_TOKEN" in step.env]
    assert [step for step in job.steps if "github.token" in str(step.env)] == holders
    assert ["github comment" in holder.run for holder in holders] == [True]


def test_the_result_is_checked_before_it_is_used() -> None:
    (job,) = COMMENT.jobs.values()
    commands = [step.run for step in job.steps]
    checked = next(n for n, run in enumerate(commands) if "github validate" in run)
    used = next(n for n, run in enumerate(commands) if "github comment" in run)
    assert checked < used


def test_the_two_workflows_know_each_other() -> None:
    assert COMMENT.on["workflow_run"] == {
        "workflows": [GRADE.name],
        "types": ["completed"],
    }
    (grade,) = GRADE.jobs.values()
    (comment,) = COMMENT.jobs.values()
    handed = [s.given["name"] for s in grade.steps if "upload-artifact" in s.uses]
    taken = [s.given["name"] for s in comment.steps if "download-artifact" in s.uses]
    assert handed == taken == ["mlops-grade-result"]


@each(WORKFLOWS)
def test_what_is_asked_of_our_action_exists(document: Document) -> None:
    ours = [step for step in document.steps() if step.uses in (OURS, "./")]
    inputs = {name for step in ours for name in step.given}
    outputs = set(re.findall(r"steps\.grade\.outputs\.([\w-]+)", document.text))
    assert inputs <= set(action().inputs)
    assert outputs <= set(action().outputs)


@dataclass(frozen=True)
class Handed:
    """A folder as the download leaves it, and a program that says what it was asked."""

    folder: Path

    @property
    def result(self) -> Path:
        return self.folder / "mlops-grade-result"

    def run(self, words: str) -> tuple[int, list[str]]:
        """Exit status and lines of the step whose script has `words`."""
        (job,) = COMMENT.jobs.values()
        (step,) = (step for step in job.steps if words in step.run)
        done = subprocess.run(
            ["bash", "-e", "-c", step.run],
            env={
                "PATH": os.environ["PATH"],
                "RUNNER_TEMP": str(self.folder),
                "RESULT": str(self.result),
                "RUN_URL": RUN_URL,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.splitlines()


RUN_URL = "https://github.com/a/b/actions/runs/1"


@pytest.fixture
def handed(tmp_path: Path) -> Handed:
    program = tmp_path / "mlops-grade/bin/mlops-grade"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n", "utf-8")
    program.chmod(0o755)
    found = Handed(tmp_path)
    found.result.mkdir()
    (found.result / "head.json").write_text("{}", "utf-8")
    return found


@pytest.mark.parametrize("has_base", [True, False])
def test_the_scripts_name_the_results_that_there_are(
    handed: Handed, has_base: bool
) -> None:
    head, base = handed.result / "head.json", handed.result / "base.json"
    if has_base:
        base.write_text("{}", "utf-8")
    _, checked = handed.run("github validate")
    assert checked[1:-1] == [
        "github",
        "validate",
        *map(str, [head, base] if has_base else [head]),
    ]
    status, asked = handed.run("github comment")
    assert status == 0
    assert set(asked[3:-1]) == {
        f"--head={head}",
        f"--run-url={RUN_URL}",
        "--when=always",
        *([f"--base={base}"] if has_base else []),
    }


def test_nothing_else_that_was_handed_over_is_named(handed: Handed) -> None:
    (handed.result / "::error::x.json").write_text("{}", "utf-8")
    assert not [line for line in handed.run("github validate")[1] if "x.json" in line]


@pytest.mark.parametrize("words", ["github validate", "github comment"])
def test_the_runner_takes_no_command_from_what_a_script_prints(
    handed: Handed, words: str
) -> None:
    lines, again = handed.run(words)[1], handed.run(words)[1]
    stop = re.fullmatch(r"::stop-commands::([0-9a-f]{64})", lines[0])
    assert stop
    assert lines[-1] == f"::{stop[1]}::"
    assert again[0] != lines[0]


@pytest.mark.parametrize("words", ["github validate", "github comment"])
def test_a_result_that_is_refused_fails_the_step(handed: Handed, words: str) -> None:
    program = handed.folder / "mlops-grade/bin/mlops-grade"
    program.write_text("#!/bin/sh\nexit 2\n", "utf-8")
    assert handed.run(words)[0] == 2
