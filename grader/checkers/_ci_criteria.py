"""The lines of the checklist of continuous integration."""

from grader.checkers._checklist import Criterion

CRITERIA = (
    Criterion(
        "valid",
        "there are workflows of GitHub Actions, and GitHub can read every one",
        "Write .github/workflows/ci.yml with on, jobs, runs-on and steps.",
    ),
    Criterion(
        "on_push",
        "pushes to the main branch start it",
        "Add `push: {branches: [main]}` under `on:`.",
    ),
    Criterion(
        "on_pull_request",
        "pull requests to the main branch start it",
        "Add `pull_request: {branches: [main]}` under `on:`.",
    ),
    Criterion(
        "installs",
        "it installs the project's dependencies",
        "Add a step that installs what the project declares, such as "
        "`pip install -r requirements.txt`.",
    ),
    Criterion(
        "lints",
        "a linter or formatter checks the code, and what it finds fails the job",
        "Add a step such as `ruff check .`, `flake8` or `black --check .`.",
    ),
    Criterion(
        "tests",
        "it runs the tests on every change, and one that fails fails the job",
        "Add a step that runs `pytest`, without `|| true` and continue-on-error.",
    ),
    Criterion(
        "matrix",
        "the tests run on several versions or systems",
        "Give the job of the tests a strategy.matrix of Python versions, and use it.",
    ),
    Criterion(
        "cache",
        "dependencies are kept from one run to the next",
        "Set `cache: pip` on actions/setup-python, or add actions/cache.",
    ),
    Criterion(
        "no_literal_secrets",
        "no credential stands in a workflow; they come from secrets",
        "Store it as a secret of the repository, write `${{ secrets.NAME }}`, and make "
        "the old one invalid.",
    ),
    Criterion(
        "permissions",
        "what the jobs may do with the repository is stated",
        "Add `permissions: {contents: read}`, and more only to the job that needs it.",
    ),
    Criterion(
        "pinned_actions",
        "every action is used at a version",
        "Write the version or the commit behind the @: actions/checkout@v4.",
    ),
    Criterion(
        "deploy_waits",
        "it deploys, and only for a release or once the tests have passed",
        "Start the deployment `on: release`, or let its job have `needs:` the tests.",
    ),
)
