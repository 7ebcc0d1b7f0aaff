"""The checker of continuous integration: occasions, jobs, and what does not count."""

from collections.abc import Mapping

import pytest

from grader.checkers._base import Bench
from grader.checkers._ci_criteria import CRITERIA
from grader.checkers.ci import Ci, CiOptions
from grader.codebase.credentials import is_credential
from grader.codebase.occasions import Occasion, conditioned, matches
from grader.codebase.workflows import workflows_of
from grader.model.measurement import Measured
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot

PATH = ".github/workflows/ci.yml"
OCCASIONS: frozenset[Occasion] = frozenset(
    ("push", "pull_request", "release", "tag", "manual")
)
DEPLOY = "      - run: curl -X POST ${{ secrets.RENDER_DEPLOY_HOOK }}\n"


def measured(snapshot: Snapshot, bench: Bench) -> Measured:
    outcome = Ci().measure(snapshot, CiOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    return outcome


def workflow(on: str, steps: str = "      - run: pytest\n", job: str = "") -> str:
    return f"on: {on}\njobs:\n  test:\n    runs-on: ubuntu-latest\n{job}    steps:\n{steps}"


def told(outcome: Measured, line: str) -> str:
    return next(one.told for one in outcome.answers if one.quantity == line)


@pytest.mark.parametrize(
    ("on", "push", "pull_request"),
    [
        ("push", 1, 0),
        ("[push, pull_request]", 1, 1),
        ("{push: {branches: [main]}, pull_request: {branches: [master]}}", 1, 1),
        ("{push: {branches: ['**']}, pull_request: }", 1, 1),
        ("{push: {branches: ['m*', '!main', '!master']}}", 0, 0),
        ("{push: {branches: [develop]}, pull_request: {branches: [dev]}}", 0, 0),
        ("{push: {branches-ignore: [main, master]}}", 0, 0),
        ("{push: {branches-ignore: [docs]}}", 1, 0),
        ("{push: {tags: ['v*']}}", 0, 0),
        ("{push: {tags: ['v*'], branches: [main]}}", 1, 0),
        ("{push: {paths-ignore: ['**']}}", 0, 0),
        ("{pull_request: {types: [closed]}}", 0, 0),
        ("{pull_request: {types: [opened, synchronize]}}", 0, 1),
        ("pull_request_target", 0, 0),
        ("workflow_dispatch", 0, 0),
        ("workflow_call", 0, 0),
        ("{schedule: [{cron: '0 0 * * *'}]}", 0, 0),
    ],
)
def test_a_workflow_runs_on_the_occasions_that_it_names(
    on: str, push: int, pull_request: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = measured(make_snapshot({PATH: workflow(on)}), bench).values
    assert (values["on_push"], values["on_pull_request"]) == (push, pull_request)
    assert values["tests"] == int(push or pull_request)


@pytest.mark.parametrize(
    ("job", "steps", "why"),
    [
        ("    if: false\n", "      - run: pytest\n", "never lets it run"),
        ("    if: ${{ false }}\n", "      - run: pytest\n", "never lets it run"),
        ("", "      - run: pytest\n        if: 'false'\n", "never lets it run"),
        ("    continue-on-error: true\n", "      - run: pytest\n", "continue-on-error"),
        ("", "      - run: pytest\n        continue-on-error: true\n", "continue-on"),
        ("", "      - run: pytest || true\n", "|| true"),
        ("", "      - run: pytest | tee a.txt\n", "pipefail"),
        (
            "    if: github.event_name == 'workflow_dispatch'\n",
            "      - run: pytest\n",
            "by hand",
        ),
    ],
)
def test_tests_that_stop_nothing_do_not_count_and_it_is_said_why(
    job: str, steps: str, why: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    on = "[push, workflow_dispatch]"
    snapshot = make_snapshot({PATH: workflow(on, steps, job)})
    outcome = measured(snapshot, bench)
    assert outcome.values["tests"] == 0
    assert outcome.values["uncounted_tests"] == 1
    assert why in told(outcome, "tests")


@pytest.mark.parametrize(
    "steps",
    [
        "      - run: pytest | tee a.txt\n        shell: bash\n",
        "      - run: cd x && python -m pytest\n",
        "      - run: |\n          ls\n          uv run pytest -q\n",
        "      - run: pytest\n        if: always()\n",
        "      - run: pytest\n        continue-on-error: false\n",
        "      - run: pytest\n        if: github.ref == 'refs/heads/main'\n",
        "      - run: pytest\n        if: \"${{ github.actor }} == 'nobody'\"\n",
    ],
)
def test_tests_that_can_fail_the_job_count(
    steps: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    assert (
        measured(make_snapshot({PATH: workflow("push", steps)}), bench).values["tests"]
        == 1
    )


@pytest.mark.parametrize(
    "steps",
    [
        "      - run: pip install pytest\n",
        "      - run: pytest --version\n",
        "      - run: pytest --collect-only\n",
        "      - name: pytest\n        run: ls\n",
        "      - run: print('pytest')\n        shell: python\n",
        "      - run: |\n          cat > a.txt <<EOF\n          pytest\n          EOF\n",
    ],
)
def test_what_only_names_pytest_runs_no_tests(
    steps: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({PATH: workflow("push", steps)}), bench)
    assert outcome.values["tests"] == 0


REUSED: Mapping[str, str] = {
    PATH: "on: [push, pull_request]\njobs:\n  call:\n"
    "    uses: ./.github/workflows/tests.yml\n"
    "  deploy:\n    needs: call\n    runs-on: ubuntu-latest\n    steps:\n" + DEPLOY,
    ".github/workflows/tests.yml": workflow(
        "workflow_call", "      - uses: ./.github/actions/check\n"
    ),
    ".github/actions/check/action.yml": "runs:\n  using: composite\n  steps:\n"
    "    - run: ruff check . && pytest\n      shell: bash\n",
}


def test_reusable_workflows_and_composite_actions_are_followed(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = measured(make_snapshot(REUSED), bench).values
    assert values["tests"] == values["lints"] == values["deploy_waits"] == 1
    assert values["valid"] == 1


def test_a_workflow_that_calls_itself_ends(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    calls = "on: push\njobs:\n  a:\n    uses: ./.github/workflows/ci.yml\n"
    assert measured(make_snapshot({PATH: calls}), bench).values["tests"] == 0


@pytest.mark.parametrize(
    ("on", "before", "job", "waits"),
    [
        ("{release: {types: [published]}}", "", "", 1),
        ("{push: {tags: ['v*']}}", "", "", 1),
        ("push", "", "", 0),
        ("push", "", "    if: github.event_name == 'release'\n", 0),
        ("[push, release]", "", "    if: github.event_name == 'release'\n", 1),
        ("push", "      - run: pytest\n", "", 1),
        ("push", "      - run: pytest || true\n", "", 0),
        ("workflow_dispatch", "", "", 0),
    ],
)
def test_a_deployment_waits_for_a_release_or_the_tests(
    on: str,
    before: str,
    job: str,
    waits: int,
    make_snapshot: MakeSnapshot,
    bench: Bench,
) -> None:
    snapshot = make_snapshot({PATH: workflow(on, before + DEPLOY, job)})
    assert measured(snapshot, bench).values["deploy_waits"] == waits


@pytest.mark.parametrize(
    ("command", "is_one"),
    [
        ("kubectl apply -f k8s", True),
        ("kubectl apply --dry-run=none -f k8s", True),
        ("kubectl apply --dry-run=client -f k8s", False),
        ("kubectl apply -f k8s --dry-run=server", False),
        ("helm upgrade app chart --install --dry-run", False),
        ("gcloud compute instance-groups managed rolling-action start-update a", True),
        ("gcloud compute instance-groups managed list", False),
        ("gcloud compute instances update-container a --container-image b", True),
        (
            "gcloud compute ssh vm --command 'git pull && sudo docker compose up -d'",
            True,
        ),
        ("gcloud compute ssh vm --command='docker-compose -f a.yml up -d'", True),
        ("gcloud compute ssh vm --command 'docker compose ps; echo up'", False),
        ("gcloud compute ssh vm --command 'sudo systemctl restart ops-agent'", False),
        ("ssh me@host 'docker run -d app'", True),
        ("ssh me@host docker compose up -d", True),
        ("ssh me@host uptime", False),
        ("docker compose up -d", False),
    ],
)
def test_what_deploys(
    command: str, is_one: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    steps = f"      - run: |\n          {command}\n"
    outcome = measured(make_snapshot({PATH: workflow("push", steps)}), bench)
    assert outcome.values["deploy_waits"] == 0
    nothing = "No step of any workflow deploys anything."
    assert (told(outcome, "deploy_waits") != nothing) is is_one


def test_a_deployment_may_follow_the_workflow_of_the_tests(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    condition = "    if: github.event.workflow_run.conclusion == 'success'\n"
    on = "{workflow_run: {workflows: [CI], types: [completed]}}"
    files = {
        PATH: "name: CI\n" + workflow("push"),
        ".github/workflows/cd.yml": workflow(on, DEPLOY, condition),
    }
    assert measured(make_snapshot(files), bench).values["deploy_waits"] == 1
    files[".github/workflows/cd.yml"] = workflow(on, DEPLOY)
    assert measured(make_snapshot(files), bench).values["deploy_waits"] == 0


def test_anchors_are_followed(make_snapshot: MakeSnapshot, bench: Bench) -> None:
    text = (
        "on: push\nx: &steps\n  - run: pytest\njobs:\n  a:\n    runs-on: u\n"
        "    steps: *steps\n"
    )
    assert measured(make_snapshot({PATH: text}), bench).values["tests"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "on: push",
        "on: push\njobs: []\n",
        "jobs:\n  a: {runs-on: u, steps: [{run: pytest}]}\n",
        "on: push\njobs:\n  a: pytest\n",
        "on: push\njobs:\n  a: {runs-on: u, steps: [{name: pytest}]}\n",
        "on: [push\njobs:\n",
        "? [a]\n: b\n",
        "\x00",
        "a: &a [*a]\n",
    ],
)
def test_a_workflow_that_github_refuses_is_said_to_be_and_earns_nothing(
    text: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({PATH: text}), bench)
    assert [one.quantity for one in outcome.answers if one.holds] == []
    assert PATH in told(outcome, "valid")


def test_other_systems_are_named_and_not_graded(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({".gitlab-ci.yml": "test:\n  script: pytest\n"})
    outcome = measured(snapshot, bench)
    assert sum(outcome.values[one.name] for one in CRITERIA) == 0
    assert ".gitlab-ci.yml" in told(outcome, "tests")
    assert "not graded" in told(outcome, "tests")


def test_a_credential_is_named_and_never_shown(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    token = "ghp_" + "a1B2" * 9
    steps = f"      - run: curl -H 'Authorization: {token}' x.org/$A\n"
    outcome = measured(make_snapshot({PATH: workflow("push", steps)}), bench)
    assert outcome.values["no_literal_secrets"] == 0
    assert token not in outcome.model_dump_json()


@pytest.mark.parametrize(
    ("row", "holds"),
    [
        ("DB_PASSWORD=kestrel41", 0),
        ("export API_KEY='9f8e7d6c5b4a'", 0),
        ("cat > .env << EOF\n          DB_PASSWORD=kestrel41\n          EOF", 0),
        ("API_KEY=${{ secrets.API_KEY }} pytest", 1),
        ("API_KEY=$KEY pytest", 1),
        ("TOKEN=`gcloud auth print-access-token`", 1),
        ("TOKEN=$(cat token)", 1),
        ("API_KEY=dummy-key pytest", 1),
        (': "${API_KEY:?Missing API_KEY}"', 1),
        ("python -c 'f(api_key=api_key)'", 1),
        ("echo 'set API_KEY=<key> first'", 1),
    ],
)
def test_a_credential_that_a_step_writes_out_is_seen(
    row: str, holds: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = workflow("push", f"      - run: |\n          {row}\n")
    outcome = measured(make_snapshot({PATH: text}), bench)
    assert outcome.values["no_literal_secrets"] == holds
    assert "kestrel41" not in outcome.model_dump_json()


@pytest.mark.parametrize(
    ("script", "counts"),
    [
        ("if [ -f test_a.py ]; then\n  pytest test_a.py\nelse\n  exit 0\nfi", 0),
        ("if [[ -d tests ]]\nthen\n  pytest\nfi", 0),
        ("if test -e a/test_a.py; then pytest; fi", 0),
        ("if [ -f test_a.py ]; then\n  if [ $A ]; then pytest; fi\nfi", 0),
        ("if [ -f test_a.py ]; then\n  echo\nelse\n  pytest\nfi", 1),
        ("if [ -f test_a.py ]; then echo; elif [ $A ]; then pytest; fi", 1),
        ("if [ -f test_a.py ]; then echo; fi\npytest", 1),
        ("if [ -f app.py ]; then pytest; fi", 1),
        ("if [ -d a ]; then pytest; fi", 1),
        ("if [ -f a/app.py ]; then pytest; fi", 1),
        ("if [ ! -f test_a.py ]; then pytest; fi", 1),
        ("if ! [ -f test_a.py ]; then pytest; fi", 1),
        ("if [ -f test_a.py -o -f app.py ]; then pytest; fi", 1),
        ("if [ -f test_a.py ] || true; then pytest; fi", 1),
        ("if [ -f coverage.xml ]; then pytest; fi", 1),
        ("if [ -f $A/test_a.py ]; then pytest; fi", 1),
        ("if [ -f cloned/test_a.py ]; then pytest; fi", 1),
        ("cd a\nif [ -f test_a.py ]; then pytest; fi", 1),
    ],
)
def test_tests_behind_a_file_that_is_not_there_do_not_count(
    script: str, counts: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    rows = "".join(f"          {one}\n" for one in script.splitlines())
    files = {
        PATH: workflow("push", f"      - run: |\n{rows}"),
        "app.py": "a = 1\n",
        "a/app.py": "a = 1\n",
    }
    outcome = measured(make_snapshot(files), bench)
    assert outcome.values["tests"] == counts
    assert outcome.values["uncounted_tests"] == 1 - counts
    assert ("is not in the repository" in told(outcome, "tests")) == (not counts)


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("API_KEY", "9f8e7d6c5b4a", True),
        ("DB_PASSWORD", "kestrel-41", True),
        ("API_KEY", "${{ secrets.API_KEY }}", False),
        ("API_KEY", "$API_KEY", False),
        ("API_KEY", "dummy-key", False),
        ("API_KEY", "your-api-key", False),
        ("API_KEY", "<key>", False),
        ("API_KEY", "", False),
        ("API_KEY", None, False),
        ("POSTGRES_PASSWORD", "postgres", False),
        ("persist-credentials", False, False),
        ("TOKENIZERS_PARALLELISM", "no-thanks", False),
        ("cache-key", "pip-cache-1", False),
        ("TOKEN_FILE", "/run/secrets/token", False),
        ("anything", "AKIA" + "A1" * 8, True),
    ],
)
def test_a_credential_is_told_from_what_stands_in_for_one(
    name: str, value: object, is_one: bool
) -> None:
    assert is_credential(name, value) == is_one


@pytest.mark.parametrize(
    ("patterns", "name", "is_taken"),
    [
        (["main"], "main", True),
        (["ma*"], "main", True),
        (["releases/**"], "main", False),
        (["**", "!main"], "main", False),
        (["!main", "main"], "main", True),
        (["*"], "a/b", False),
        (["v[12].*"], "v1.0", True),
        (["[", "(", "++"], "main", False),
        ([], "main", False),
    ],
)
def test_the_last_pattern_of_a_branch_filter_decides(
    patterns: list[str], name: str, is_taken: bool
) -> None:
    assert matches(patterns, name) == is_taken


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        (None, OCCASIONS),
        (False, set()),
        ("${{ false }}", set()),
        ("false && always()", set()),
        ("github.event_name == 'push'", {"push", "tag"}),
        ("github.event_name != 'pull_request'", OCCASIONS - {"pull_request"}),
        (
            "github.event_name == 'release' || github.event_name == 'push'",
            {"release", "push", "tag"},
        ),
        ("startsWith(github.ref, 'refs/tags/')", {"tag", "release"}),
        ("github.ref == 'refs/heads/main'", {"push", "manual"}),
        ("github.repository == 'a/b'", OCCASIONS),
        ("${{ github.event_name }} == 'release'", OCCASIONS),
    ],
)
def test_a_condition_leaves_the_occasions_that_it_names(
    condition: str | bool | None, left: set[str]
) -> None:
    assert conditioned(condition, OCCASIONS)[0] == left


def test_a_disabled_job_disables_those_that_need_it(
    make_snapshot: MakeSnapshot,
) -> None:
    text = (
        "on: push\njobs:\n  a:\n    if: false\n    runs-on: u\n    steps: [{run: ls}]\n"
        "  b:\n    needs: a\n    runs-on: u\n    steps: [{run: pytest}]\n"
    )
    (found,) = workflows_of(make_snapshot({PATH: text}))
    assert [bool(job.never) for job in found.jobs] == [True, True]
    assert found.jobs[1].never.startswith("it needs the job a")


@pytest.mark.parametrize(
    "command",
    [
        "curl -X POST https://api.render.com/deploy/srv-abc123?key=kestrel41x",
        "docker login -u me -p kestrel41x && docker push a",
        "pip install --extra-index-url https://me:kestrel41x@host/simple -r r.txt",
        "pytest --token kestrel41x",
        "flake8 --api-key=kestrel41x",
    ],
)
def test_no_command_is_shown_with_what_a_credential_may_be(
    command: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = workflow("push", f"      - run: {command}\n")
    outcome = measured(make_snapshot({PATH: text}), bench)
    assert "kestrel41x" not in outcome.model_dump_json()
