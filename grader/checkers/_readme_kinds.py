"""Which commands install, run, test, track, build a container, serve: by how they begin."""

import re

from grader.checkers._readme_commands import Shown, commands_of
from grader.codebase.markdown import Section

INSTALLS = re.compile(
    r"^(python -m )?pip3? install|^uv (sync|pip install|venv)|^poetry install"
    r"|^pipenv (install|sync)|^pdm install|^(conda|mamba|micromamba) (env )?(create|update)"
    r"|^conda install|^conda-lock install|^make (install|setup|env|requirements|create_env)"
    r"|^python setup\.py (install|develop)|^(\./)?(\S*/)?(setup|install)\w*\.sh"
    r"|^(invoke|just|task|nox -s) (install|setup|bootstrap|env\w*)"
)
RUNS = re.compile(
    r"^python (?!-m (pip|venv|pytest|unittest|http|build|virtualenv|ensurepip|black|flake8)\b"
    r"|-c|-V|--version|setup\.py)\S+"
    r"|^make (run|all|train|pipeline|start|serve|data|main|requirements-run)\b|^mlflow run"
    r"|^dvc repro|^(\./)?(\S*/)?(run|start|main|pipeline|train)\w*\.sh|^kedro run|^zenml"
    r"|^(uvicorn|gunicorn|streamlit|flask|fastapi|prefect|airflow|invoke|snakemake)\b"
    r"|^docker(-| )compose up|^docker run|^\S+\.py\b"
)
TESTS = re.compile(
    r"^pytest\b|^python -m (pytest|unittest|tox|nose)\b|^tox\b|^nox\b|^make \w*tests?\w*\b"
    r"|^py\.test\b|^coverage run|^invoke tests?|^python (\S*/)?test\w*\.py"
)
DOCKER = re.compile(
    r"^docker(-| )(build|run|compose)|^docker-compose|^podman|^make docker"
)
TRACKS = re.compile(r"^mlflow (ui|server|run)|^wandb\b|^neptune|^comet|^tensorboard")
SERVES = re.compile(
    r"^(uvicorn|gunicorn|hypercorn|flask run|fastapi (run|dev))\b|^curl .*(localhost|127\.0"
    r"|/predict|/health|/inference)"
)


def typed(shown: Shown) -> str:
    """A command as somebody types it, without its options for the environment."""
    start = shown.start
    words = " ".join(start.words[:40])
    match start.kind:
        case "script":
            is_python = start.name.endswith(".py")
            return f"{'python ' if is_python else ''}{start.name} {words}".strip()
        case "module":
            return f"python -m {start.name} {words}".strip()
        case "make":
            return f"make {start.name}".strip() if start.name else "make all"
        case _:
            return f"{start.name} {words}".strip()


def beginning(shown: Shown) -> str:
    """What a command starts, as it is written: `python -m src.main`, `docker build`.

    Nothing beyond it, where somebody may have pasted a key.
    """
    start = shown.start
    match start.kind:
        case "script" | "module":
            text = shown.text[:_TEXT_CHARACTERS].replace("\\", "/")
            name = re.escape(start.name)
            written = re.search(rf"(?<!\S)({_BEFORE[start.kind]} )?{name}(?!\S)", text)
            whole = written[0] if written else start.name
        case "make":
            whole = f"make {start.name}"
        case _:
            whole = " ".join(typed(shown).split()[:2])
    words = [one for one in whole.split() if not set(one) & set("=:@")]
    return " ".join(words) or f"a {start.kind}"


_TEXT_CHARACTERS = 2_000
# What may stand before a script or a module that it starts.
_BEFORE = {
    "script": r"(python[\w.]*|py|bash|sh|zsh|source|\.|streamlit run|fastapi (run|dev))",
    "module": r"(python[\w.]*|py|coverage run) -m",
}


# What a section may begin with and is not about.
_BESIDE = re.compile(
    r"^(git|cd|ls|mkdir|cat|echo|export|set|open|cp|mv|source|\.|deactivate)\b"
)


def has_own_commands(section: Section, wanted: re.Pattern[str]) -> bool:
    """Whether its own blocks have a command that is of no other part."""
    others = [one for one in (INSTALLS, RUNS, TESTS) if one is not wanted]
    texts = (typed(one) for block in section.code_blocks for one in commands_of(block))
    return any(
        not _BESIDE.search(text) and not any(other.search(text) for other in others)
        for text in texts
    )
