"""What one step of a workflow does: install, lint, test, cache, deploy."""

import re

from grader.codebase.documents import Value
from grader.codebase.installing import LINTERS
from grader.codebase.scripts import Ran
from grader.codebase.workflows import Job, Step

_TESTS = frozenset({"pytest", "py.test", "unittest", "nose2"})
_RUNS_NOTHING = frozenset(
    "--version --help -h --collect-only --co --fixtures --markers".split()
)
LINT_ACTIONS = re.compile(
    r"pre-commit/action|psf/black|astral-sh/ruff-action|chartboost/ruff-action"
    r"|isort/isort-action|[\w.-]+/super-linter(/slim)?|.*flake8.*|.*pylint.*"
    r"|jakebailey/pyright-action|tsuyoshicho/action-mypy|jpetrucciani/mypy-check"
    r"|oxsecurity/megalinter.*|rickstaa/action-black"
)
# Tools that only check where they are told to; else they rewrite the runner's copy.
_CHECKS = {
    "black": ("--check", "--diff"),
    "isort": ("--check", "--check-only", "-c", "--diff"),
    "yapf": ("--diff", "-d"),
    "autopep8": ("--diff", "--exit-code"),
}
_INSTALL_ACTIONS = re.compile(
    r"(conda-incubator/setup-miniconda|mamba-org/setup-micromamba"
    r"|mamba-org/provision-with-micromamba)"
)
_POETRY_ACTIONS = re.compile(r"(py-actions/py-dependency-install|bahmutov/.*)")
_CACHED = re.compile(
    r"cache|pip|venv|conda|mamba|\buv\b|poetry|pdm|pkgs|pythonlocation|site-packages"
    r"|\benv|\.tox|\.nox|hatch",
    re.IGNORECASE,
)
_DEPLOY_ACTIONS = re.compile(
    r".*(deploy|render|heroku|webapps|cloudrun|flyctl|kubectl|ssh-action|scp-action"
    r"|vercel|netlify|huggingface|hf-sync|ecs-).*"
)
# Names that have such a word and deploy nothing, or documentation.
_NO_DEPLOY = re.compile(
    r".*(setup|configure|login|actions/deploy-pages|gh-pages|renderer).*"
)
_HOOK = re.compile(
    r"deploy|render[._]|railway|koyeb|^(?!.*(slack|discord|teams|office)).*hook",
    re.IGNORECASE,
)
_DEPLOY_WORDS: tuple[tuple[str, ...], ...] = (
    ("docker", "push"),
    ("gcloud", "deploy"),
    ("gcloud", "submit"),
    ("gcloud", "create-with-container"),
    ("gcloud", "update-container"),
    ("gcloud", "rolling-action"),
    ("kubectl", "apply"),
    ("kubectl", "rollout"),
    ("kubectl", "set"),
    ("helm", "upgrade"),
    ("helm", "install"),
    ("terraform", "apply"),
    ("fly", "deploy"),
    ("flyctl", "deploy"),
    ("railway", "up"),
    ("heroku", "container:release"),
    ("heroku", "container:push"),
    ("vercel", "deploy"),
    ("aws", "update-service"),
    ("aws", "update-function-code"),
    ("aws", "deploy"),
    ("eb", "deploy"),
    ("az", "webapp"),
    ("serverless", "deploy"),
    ("sls", "deploy"),
    ("render", "deploys"),
    ("prefect", "deploy"),
    ("twine", "upload"),
    ("huggingface-cli", "upload"),
)
# What starts a service on the machine that ssh leads to.
_STARTS_THERE = re.compile(
    r"\bdocker(-|\s+)compose\b[^;&|\n]{0,500}\sup\b|\bdocker\s+(run|stack\s+deploy)\b"
    r"|\bdocker\s+service\s+update\b|\bkubectl\s+(apply|set|rollout)\b"
)


def is_test(ran: Ran) -> bool:
    """Whether a program runs the tests, rather than list or install them."""
    words = ran.started.words
    if ran.name in _TESTS:
        return ran.started.kind in ("program", "module") and not (
            _RUNS_NOTHING & set(words)
        )
    if ran.name == "hatch" and words[:1] == ("test",):
        return True
    return False


def linted(ran: Ran) -> str | None:
    """None where no linter checks; else why its findings would not count, or `""`."""
    words = ran.started.words
    if ran.started.kind not in ("program", "module") or ran.name not in LINTERS:
        return None
    if {"--version", "--help", "-h"} & set(words):
        return None
    if ran.name in ("pre-commit", "prek"):
        return "" if "run" in words[:1] else None
    if ran.name == "ruff":
        if words[:1] == ("format",):
            is_check = {"--check", "--diff"} & set(words)
            return "" if is_check else "ruff format without --check rewrites the files"
        if words[:1] not in (("check",), (".",), ()) and not words[0].startswith("-"):
            return None if words[0] in ("clean", "rule", "config") else ""
    if wanted := _CHECKS.get(ran.name):
        if not set(wanted) & set(words):
            return f"{ran.name} without --check rewrites the files"
    if any(
        word in ("--exit-zero", "-e0", "--exit-zero-even-if-changed") for word in words
    ):
        return "--exit-zero hides its findings"
    return ""


def installs_by_action(step: Step) -> bool:
    """Whether the action of a step installs what the project declares."""
    if _INSTALL_ACTIONS.fullmatch(step.action):
        return bool(step.option("environment-file") or step.option("create-args"))
    return bool(_POETRY_ACTIONS.fullmatch(step.action)) or (
        step.action == "pre-commit/action"
    )


def cached(step: Step) -> str:
    """What a step keeps of the dependencies; `""` where nothing."""
    action = step.action
    if action.startswith(("actions/cache", "actions/cache/restore")):
        path = str(step.option("path") or "")
        return f"{action} of {path.splitlines()[0][:60]}" * bool(
            path and step.option("key") and _CACHED.search(path)
        )
    if action == "actions/setup-python":
        return f"cache: {step.option('cache')}" * bool(step.option("cache"))
    if action == "astral-sh/setup-uv":
        given = step.option("enable-cache")
        version = re.search(r"@v?(\d+)", step.uses or "")
        by_itself = given in (None, "auto") and bool(version and int(version[1]) >= 5)
        return "setup-uv" * (given in (True, "true") or by_itself)
    if action.startswith(("mamba-org/setup-micromamba",)):
        named = ("cache-environment", "cache-downloads")
        return "setup-micromamba" * any(step.option(one) is True for one in named)
    if action == "docker/build-push-action":
        return "layers of the image" * bool(step.option("cache-from"))
    if action in ("pdm-project/setup-pdm", "prefix-dev/setup-pixi"):
        return action * (step.option("cache") is not False)
    return ""


def deploys_by_action(step: Step) -> bool:
    """Whether the action of a step deploys or publishes something."""
    if step.action == "docker/build-push-action":
        pushed = step.option("push")
        # An expression may be true.
        return pushed is True or (isinstance(pushed, str) and "${{" in pushed)
    if _NO_DEPLOY.fullmatch(step.action) or step.action.startswith("actions/"):
        return False
    return bool(_DEPLOY_ACTIONS.fullmatch(step.action)) or (
        step.action == "pypa/gh-action-pypi-publish"
    )


def deploys(ran: Ran) -> bool:
    """Whether a program deploys or publishes something."""
    words = (ran.name, *ran.started.words)
    if any(one.startswith("--dry-run") and one != "--dry-run=none" for one in words):
        return False
    if ran.name == "ssh" or words[:3] == ("gcloud", "compute", "ssh"):
        return any(_STARTS_THERE.search(one) for one in (" ".join(words), *words))
    if ran.name in ("curl", "wget", "http"):
        # The hook of a hosting service: a URL, or a secret that is one.
        return any(_HOOK.search(word) for word in words[1:])
    if ran.name == "git" and words[1:2] == ("push",):
        return any(
            one in ("heroku", "dokku", "hf", "space", "production") for one in words
        ) or (any("huggingface.co" in one for one in words))
    return any(words[0] == one[0] and one[1] in words[1:5] for one in _DEPLOY_WORDS)


def has_matrix(job: Job) -> str | None:
    """What a job's matrix varies, where it uses it and it has several values; else None."""
    matrix = job.matrix
    if isinstance(matrix, str):
        return "values that are worked out when it runs"
    if not isinstance(matrix, dict):
        return None
    used = _strings(job.value)
    for key, values in matrix.items():
        if key in ("include", "exclude"):
            if key == "include" and isinstance(values, list) and len(values) > 1:
                return "include"
            continue
        many = isinstance(values, list) and len(values) > 1
        if (many or isinstance(values, str)) and any(
            re.search(rf"matrix\s*\.\s*{re.escape(key)}\b|matrix\[", one)
            for one in used
        ):
            count = len(values) if isinstance(values, list) else "several"
            return f"{count} values of {key}"
    return None


def _strings(value: Value) -> list[str]:
    found: list[str] = []
    stack: list[Value] = [value]
    while stack:
        one = stack.pop()
        match one:
            case str():
                found.append(one)
            case list():
                stack.extend(one)
            case dict():
                stack.extend(one.values())
    return found
