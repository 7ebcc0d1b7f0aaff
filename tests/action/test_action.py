"""The action, step by step as the runner takes it: what it grades, says, hands over, refuses."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from grader.reporting.json import load_report
from tests.action.conftest import ODD, Origin, Site, Stubbed, commit
from tests.action.runner import IDENTITY, ROOT, TOKEN, Job, action
from tests.action.server import Api, serving
from tests.committing import git

SECRETS = (TOKEN, IDENTITY)
# What a shell would act on, were it ever part of a script.
PAYLOAD = "\"; touch pwned; echo \"$(touch pwned)`touch pwned`'; touch pwned; '"


@dataclass(frozen=True)
class Whole:
    """One run of the whole action on a pull request that lowers the mark."""

    site: Site
    job: Job
    api: Api


@pytest.fixture(scope="module")
def whole(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    site = origin.site(tmp_path_factory.mktemp("action") / "site")
    workspace = site.checkout()
    with serving(site.head) as api:
        job = site.job(workspace, instead=site.installed(), api=api.address)
        job.run(
            rubric=str(site.folder / "quick.yaml"),
            no_worse_than="base",
            fail_under="1",
            comment="always",
            sarif="true",
        )
        yield Whole(site, job, api)


@pytest.mark.sandbox
def test_everything_is_reported_before_the_gate_refuses(whole: Whole) -> None:
    outcomes = {name: one.outcome for name, one in whole.job.steps.items()}
    gate = outcomes.pop("Hold it to what was asked")
    assert set(outcomes.values()) == {"success"}, whole.job.log
    assert gate == "failure"
    last = whole.job.steps["Hold it to what was asked"]
    assert last.status == 1
    assert "worse than base (-6)" in last.log


@pytest.mark.sandbox
def test_the_outputs_are_those_of_the_head_and_of_what_the_branch_left(
    whole: Whole,
) -> None:
    outputs = whole.job.outputs
    results = [
        load_report(Path(outputs[name]).read_bytes(), name)
        for name in ("json", "base-json")
    ]
    assert [one.repository.commit for one in results] == [
        whole.site.head,
        whole.site.fork,
    ]
    assert [one.grade.total for one in results] == [1, 7]
    assert (outputs["score"], outputs["total"], outputs["delta"]) == ("1", "10", "-6")
    assert outputs["provisional"] == str(not results[0].grade.is_final).lower()
    assert Path(outputs["html"]).read_text().startswith("<!doctype html>")
    assert json.loads(Path(outputs["sarif"]).read_text())["version"] == "2.1.0"


@pytest.mark.sandbox
def test_the_artifact_holds_html_and_json(whole: Whole) -> None:
    given = whole.job.steps["Keep the reports"].given
    outputs = whole.job.outputs
    kept = [line.strip() for line in given["path"].split("\n") if line.strip()]
    assert kept == [outputs["html"], outputs["json"], outputs["base-json"]]
    assert all(Path(name).is_file() for name in kept)
    assert given["name"] == "mlops-grade"


@pytest.mark.sandbox
def test_code_scanning_gets_the_commit_that_was_graded(whole: Whole) -> None:
    given = whole.job.steps["Send the findings to code scanning"].given
    assert given["sarif_file"] == whole.job.outputs["sarif"]
    assert (given["ref"], given["sha"]) == ("refs/pull/3/head", whole.site.head)


@pytest.mark.sandbox
def test_what_grades_has_no_token_and_no_way_to_tell_later_steps_anything(
    whole: Whole,
) -> None:
    started = whole.site.started()
    commands = [one.command for one in started]
    assert commands == [
        *("grade", "grade"),
        *("github tell", "github comment", "github gate"),
    ]
    for one in started[:2]:
        for secret in SECRETS:
            assert secret not in one.environment
        for name in ("ENV", "PATH", "OUTPUT", "STATE", "STEP_SUMMARY"):
            assert f"GITHUB_{name}=" not in one.environment
        assert "ACTIONS_" not in one.environment.replace("GITHUB_ACTIONS", "")
    assert f"GITHUB_TOKEN={TOKEN}" in started[3].environment


@pytest.mark.sandbox
def test_there_is_one_comment_and_it_has_the_change(whole: Whole) -> None:
    (text,) = whole.api.comments
    assert "<!-- mlops-grade comment" in text
    assert whole.site.head[:7] in text
    assert "/actions/runs/77" in text
    assert {token for _, _, token in whole.api.seen} == {f"Bearer {TOKEN}"}
    assert TOKEN not in whole.job.log


@pytest.mark.sandbox
def test_the_summary_is_inert_and_says_total_change_and_fixes(whole: Whole) -> None:
    summary = whole.job.steps["Report"].summary
    assert summary.startswith("# 1 of 10")
    assert f"-6 against commit {whole.site.fork[:12]}" in summary
    assert "Read paths from the configuration" in summary
    html = MarkdownIt("commonmark").enable("table").render(summary)
    assert "<script" not in html and "<img" not in html
    assert len(summary.encode()) < 1024 * 1024


@pytest.mark.sandbox
def test_lines_that_the_branch_changed_are_annotated_first(whole: Whole) -> None:
    found = [
        one
        for one in whole.job.steps["Report"].commands
        if one.name in ("error", "warning", "notice") and "file" in one.properties
    ]
    paths = [one.properties["file"] for one in found]
    # All in one check, and its name is the first: only what changed sets them apart.
    assert paths[-1] == "0same.py"
    assert set(paths[:-1]) == {"main.py", ODD}


@pytest.mark.sandbox
def test_nothing_of_the_repository_commands_the_runner(whole: Whole) -> None:
    ours = {"notice", "warning", "error"}
    for name, step in whole.job.steps.items():
        for one in step.commands:
            assert one.name in ours, (name, one)
            # In a message that is ours; never as one of its own.
            assert not one.message.startswith("forged"), (name, one)
            assert one.properties.get("title", "").startswith(
                ("mlops-grade", "config-paths")
            )
    assert "forged" in whole.job.steps["Report"].log


@pytest.fixture(scope="module")
def graded(whole: Whole) -> dict[str, str]:
    """Scripts that hand over the results of the whole run, and don't report them again."""
    outputs = whole.job.outputs
    lines = "\n".join(
        f'cp "{outputs[name]}" "$WORK/{name}"; echo "{name}=$WORK/{name}" >>"$GITHUB_OUTPUT"'
        for name in ("json", "html", "base-json")
    )
    return {**whole.site.installed(), "Grade": lines, "Report": "true"}


@pytest.mark.sandbox
def test_a_token_that_may_only_read_is_said_and_is_no_failure(
    whole: Whole, graded: dict[str, str]
) -> None:
    with serving(whole.site.head, is_read_only=True) as api:
        event = whole.site.pull_request(home="stranger/prices")
        workspace = whole.site.checkout(name="fork")
        job = whole.site.job(
            workspace, event=event, instead=graded, api=api.address
        ).run()
    assert not job.failed, job.log
    assert api.comments == []
    (said,) = job.steps["Comment"].commands
    assert said.name == "notice"
    assert "summary, https://github.com/octo/prices/actions/runs/77" in said.message


@pytest.mark.sandbox
def test_where_a_comment_is_a_must_a_token_that_may_only_read_fails(
    whole: Whole, graded: dict[str, str]
) -> None:
    with serving(whole.site.head, is_read_only=True) as api:
        workspace = whole.site.checkout(name="must")
        job = whole.site.job(workspace, instead=graded, api=api.address)
        job.run(comment="always", fail_under="0")
    assert job.steps["Comment"].outcome == "failure"
    # The gate speaks all the same.
    assert job.steps["Hold it to what was asked"].outcome == "success"


@pytest.mark.sandbox
def test_a_result_of_another_commit_is_not_commented_on(
    whole: Whole, graded: dict[str, str]
) -> None:
    other = "a" * 40
    event = json.loads(
        json.dumps(whole.site.pull_request()).replace(whole.site.head, other)
    )
    with serving(other) as api:
        workspace = whole.site.checkout(name="other")
        job = whole.site.job(workspace, event=event, instead=graded, api=api.address)
        job.run(comment="always")
    assert api.comments == []
    assert job.steps["Comment"].status == 2


def argument(site: Site, name: str, start: int = 0) -> str | None:
    """What the first start of Python from `start` on was given as an option."""
    for word in site.started()[start].argv:
        if word.startswith(f"--{name}="):
            return word.partition("=")[2]
    return None


def test_with_the_checkout_that_actions_make_the_head_is_fetched_and_graded(
    site: Site, stubbed: Stubbed
) -> None:
    workspace = site.checkout(depth=1)
    assert git(workspace, "rev-parse", "HEAD") == site.merge
    job = stubbed(workspace)
    assert argument(site, "ref") == site.head
    # Where the branch left is not known here: what it would be merged into is.
    assert argument(site, "ref", 1) == site.base
    assert "fetch-depth: 0" in job.steps["Choose the commits"].log
    assert git(workspace, "rev-parse", "--is-shallow-repository") == "true"


def test_with_the_whole_history_the_base_is_where_the_branch_left(
    site: Site, stubbed: Stubbed
) -> None:
    job = stubbed(site.checkout(ref="head"))
    assert (argument(site, "ref"), argument(site, "ref", 1)) == (site.head, site.fork)
    assert job.steps["Choose the commits"].commands == []


def test_what_cannot_be_fetched_is_said_and_what_is_there_is_graded(
    site: Site, stubbed: Stubbed
) -> None:
    workspace = site.checkout(depth=1)
    git(workspace, "remote", "set-url", "origin", "file:///nowhere")
    job = stubbed(workspace, no_worse_than="base", sarif="true")
    assert argument(site, "ref") == site.merge
    given = job.steps["Send the findings to code scanning"].given
    assert (given["ref"], given["sha"]) == ("refs/pull/3/merge", site.merge)
    messages = [one.message for one in job.steps["Choose the commits"].commands]
    assert ["could not be fetched" in one for one in messages] == [True, True]
    assert [one.command for one in site.started()][:2] == ["grade", "github tell"]
    notes = [word for word in site.started()[1].argv if word.startswith("--note=")]
    assert len(notes) == 2


def test_a_push_is_compared_only_where_that_was_asked_for(
    site: Site, stubbed: Stubbed
) -> None:
    event = {"before": site.fork}
    stubbed(site.checkout(ref="base", name="one"), "push", event)
    assert [one.command for one in site.started()] == ["grade", "github tell"]
    stubbed(site.checkout(ref="base", name="two"), "push", event, no_worse_than="base")
    assert (argument(site, "ref", 2), argument(site, "ref", 3)) == (
        site.base,
        site.fork,
    )


def test_the_first_push_of_a_branch_has_nothing_before_it(
    site: Site, stubbed: Stubbed
) -> None:
    event = {"before": "0" * 40}
    stubbed(site.checkout(ref="base"), "push", event, no_worse_than="base")
    assert [one.command for one in site.started()] == [
        "grade",
        "github tell",
        "github gate",
    ]


@pytest.mark.parametrize("name", ["main", "heads/main", "origin/heads/main"])
def test_a_branch_can_be_named_to_compare_with(
    site: Site, stubbed: Stubbed, name: str
) -> None:
    workspace = site.checkout(ref="head")
    git(workspace, "branch", "main", site.base)
    stubbed(workspace, no_worse_than=name)
    assert argument(site, "ref", 1) == site.base


def test_a_folder_without_git_is_graded_as_it_stands(
    site: Site, stubbed: Stubbed
) -> None:
    workspace = site.checkout(ref="head")
    shutil.rmtree(workspace / ".git")
    job = stubbed(workspace, sarif="true")
    assert argument(site, "ref") is None
    assert "without git" in job.steps["Choose the commits"].log
    # Its paths are not those of the repository: no line is marked.
    assert "--no-annotate" in site.started()[1].argv
    assert job.steps["Send the findings to code scanning"].outcome == "skipped"


def test_a_folder_inside_a_checkout_is_not_taken_for_it(
    site: Site, stubbed: Stubbed
) -> None:
    workspace = site.checkout(ref="head")
    (workspace / "inner").mkdir()
    stubbed(workspace, path="inner")
    assert argument(site, "ref") is None
    assert site.started()[0].argv[-2:] == ["--", "inner"]


@pytest.mark.parametrize(
    ("event_name", "inputs", "says"),
    [
        ("pull_request_target", {}, "mlops-grade github init"),
        ("pull_request", {"comment": "sometimes"}, "comment:"),
        ("pull_request", {"annotate": "yes"}, "annotate:"),
        ("pull_request", {"sarif": PAYLOAD}, "sarif:"),
        ("pull_request", {"no_worse_than": "--output=x"}, "no-worse-than:"),
        ("pull_request", {"isolation": "none", "comment": "always"}, "isolation: none"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(
    site: Site, stubbed: Stubbed, event_name: str, inputs: dict[str, str], says: str
) -> None:
    job = stubbed(site.checkout(ref="head"), event_name, **inputs)
    first = job.steps["Choose the commits"]
    assert (first.status, [one.name for one in first.commands]) == (2, ["error"])
    assert says in first.commands[0].message
    assert site.started() == []


def test_without_a_box_no_step_gets_the_token(site: Site, stubbed: Stubbed) -> None:
    job = stubbed(site.checkout(ref="head"), isolation="none", sarif="true")
    assert job.steps["Comment"].outcome == "skipped"
    assert job.steps["Send the findings to code scanning"].outcome == "skipped"
    assert "isolation: none" in job.steps["Choose the commits"].log


def test_without_a_box_a_token_that_was_left_in_the_checkout_stops_it(
    site: Site, stubbed: Stubbed
) -> None:
    workspace = site.checkout(ref="head")
    git(workspace, "config", "http.https://github.com/.extraheader", "AUTHORIZATION: x")
    job = stubbed(workspace, isolation="none")
    assert job.steps["Grade"].status == 3
    assert "persist-credentials: false" in job.steps["Grade"].log
    assert site.started() == []


@pytest.mark.parametrize(
    "name",
    [
        *("path", "rubric", "cohort", "fail_under", "no_worse_than", "isolation"),
        *("skip", "artifact", "python_version"),
    ],
)
def test_an_input_is_never_a_command(site: Site, stubbed: Stubbed, name: str) -> None:
    workspace = site.checkout(ref="head")
    job = stubbed(workspace, **{name: PAYLOAD})
    assert not list(site.folder.rglob("pwned"))
    words = [word for one in site.started() for word in one.argv]
    whole = [word.partition("=")[2] or word for word in words if PAYLOAD in word]
    if name in ("artifact", "python_version"):
        # Only an action of GitHub's gets these.
        assert whole == []
    else:
        assert set(whole) == {PAYLOAD}
    assert not job.failed, job.log


def test_another_system_than_linux_is_refused(site: Site) -> None:
    job = site.job(site.checkout(ref="head"), system="Windows").run()
    assert "runs-on: ubuntu-24.04" in job.steps["Choose the commits"].log
    assert job.steps["Grade"].outcome == "skipped"


class Machine:
    """A machine with a sudo that only notes what it is asked for, and no bubblewrap."""

    def __init__(self, folder: Path, sudo: str = "exit 0") -> None:
        self._asked = folder / "asked"
        self._asked.touch()
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name in ("bash", "cat", "ls", "mkdir", "chmod", "wc"):
            found = shutil.which(name)
            assert found is not None
            (self.programs / name).symlink_to(found)
        file = self.programs / "sudo"
        file.write_text(f'#!/bin/bash\necho "$*" >>{self._asked}\n{sudo}\n')
        file.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """What sudo was asked for, but whether it is there."""
        lines = self._asked.read_text().splitlines()
        return [line for line in lines if line != "-n true"]


def prepared(site: Site, machine: Machine, environment: str, **inputs: str) -> Job:
    """A job of which only the step runs that prepares the box."""
    names = [one.name for one in action().runs.steps if one.run]
    instead = dict.fromkeys(names, "true")
    del instead["Prepare the box"]
    return site.job(
        site.checkout(ref="head"),
        instead=instead,
        environment=environment,
        path=str(machine.programs),
    ).run(**inputs)


def test_on_githubs_own_runner_bubblewrap_is_installed(
    site: Site, tmp_path: Path
) -> None:
    machine = Machine(tmp_path)
    job = prepared(site, machine, "github-hosted")
    assert not job.failed, job.log
    apt = [line for line in machine.asked if "apt-get" in line]
    assert len(apt) == 1
    assert apt[0].endswith("install -y bubblewrap")
    assert "timeout 180" in apt[0]


def test_a_box_that_cannot_be_installed_is_no_failure(
    site: Site, tmp_path: Path
) -> None:
    machine = Machine(tmp_path, 'case "$*" in *apt-get*) exit 100 ;; esac')
    job = prepared(site, machine, "github-hosted")
    assert not job.failed, job.log
    assert "Landlock" in job.steps["Prepare the box"].log
    kinds = ["update" in line for line in machine.asked if "apt-get" in line]
    assert kinds == [False, True]


@pytest.mark.parametrize(
    ("environment", "isolation"),
    [("self-hosted", "auto"), ("github-hosted", "landlock"), ("github-hosted", "none")],
)
def test_no_machine_is_changed_that_is_somebodys_own_or_needs_no_box(
    site: Site, tmp_path: Path, environment: str, isolation: str
) -> None:
    machine = Machine(tmp_path)
    job = prepared(site, machine, environment, isolation=isolation)
    assert not job.failed, job.log
    assert machine.asked == []


@pytest.mark.sandbox
def test_a_project_that_cannot_be_graded_fails_and_nothing_is_made_up(
    site: Site,
) -> None:
    job = site.job(site.checkout(ref="head"), instead=site.installed())
    job.run(rubric="no-such-rubric.yaml", fail_under="5")
    assert job.steps["Grade"].status == 2
    assert set(job.outputs.values()) == {""}
    skipped = [name for name, one in job.steps.items() if one.outcome == "skipped"]
    assert skipped == [
        "Report",
        "Keep the reports",
        "Send the findings to code scanning",
        "Comment",
        "Hold it to what was asked",
    ]


def test_actions_of_others_are_pinned_by_their_whole_hash() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert len(used) == sum(bool(one.uses) for one in action().runs.steps) == 3
    for one in used:
        assert re.fullmatch(r"[\w-]+(/[\w-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)


def test_scripts_get_what_they_are_given_by_their_environment_only() -> None:
    for step in action().runs.steps:
        assert "${{" not in step.run
        has_token = "github.token" in str(step.env)
        assert has_token == (step.name == "Comment")


def test_every_input_is_used_and_explained() -> None:
    made = action()
    text = (ROOT / "action.yml").read_text("utf-8")
    for name, one in made.inputs.items():
        assert f"inputs.{name}" in text.partition("\nruns:")[2]
        assert one.description.endswith(".")


@pytest.mark.sandbox
def test_installed_and_with_the_tests_of_a_project_no_code_of_it_sees_a_token(
    site: Site,
) -> None:
    workspace = site.checkout(ref="head")
    seen = """\
import os
from pathlib import Path


def test_nothing_secret_is_seen():
    found = " ".join(os.environ.values())
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += file.read_text(errors="replace")
        except OSError:
            pass
    assert "canary" "0123456789" not in found
    assert not [one for one in os.environ if one.startswith(("GITHUB_", "ACTIONS_"))]
"""
    head = commit(
        workspace, {"tests/test_seen.py": seen, "requirements.txt": "", ODD: ""}
    )
    event = json.loads(json.dumps(site.pull_request()).replace(site.head, head))
    with serving(head) as api:
        job = site.job(workspace, event=event, api=api.address)
        job.instead = {"Prepare the box": "true"}
        job.run(comment="always", no_worse_than="base")
    report = load_report(Path(job.outputs["json"]).read_bytes(), "head.json")
    values = {line.name: line.value for line in report.check("coverage").quantities}
    assert values.get("passed") == 1, (report.check("coverage").result, job.log)
    assert report.isolation != "none"
    assert len(api.comments) == 1
    assert job.steps["Keep the reports"].outcome == "success"
    assert sys.prefix not in job.steps["Grade"].log
