"""The checker of the container: which file, what it starts, what it leaves behind."""

from collections.abc import Mapping

import pytest

from grader.checkers._base import Bench
from grader.checkers._docker_criteria import CRITERIA
from grader.checkers.docker import Docker, DockerOptions
from grader.model.measurement import Measured
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot

APP = {"app/main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n"}


def measured(
    snapshot: Snapshot, bench: Bench, options: DockerOptions | None = None
) -> Measured:
    outcome = Docker().measure(snapshot, options or DockerOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    return outcome


def values_of(
    text: str,
    make_snapshot: MakeSnapshot,
    bench: Bench,
    files: Mapping[str, str] | None = None,
) -> Mapping[str, float]:
    snapshot = make_snapshot({**APP, **(files or {}), "Dockerfile": text})
    return measured(snapshot, bench).values


SERVE = "import uvicorn\nimport os\n\nfrom app.main import app\n\n"
SCRIPTS = {
    "serve.py": f"{SERVE}uvicorn.run(app, port=int(os.environ.get('PORT', 8000)))\n",
    "fixed.py": f"{SERVE}uvicorn.run(app, port=8000)\n",
    "dead.py": f"{SERVE}def main():\n    uvicorn.run(app)\n",
    "start.sh": 'P=${PORT:-8000}\nexec uvicorn app.main:app --port "$P"\n',
    "fixed.sh": "PORT=8000\nuvicorn app.main:app --port $PORT\n",
    "entry.sh": 'set -e\nexec "$@"\n',
}


@pytest.mark.parametrize(
    ("start", "serves", "port"),
    [
        ('CMD ["uvicorn", "app.main:app", "--port", "8000"]', 1, 0),
        ('CMD ["uvicorn", "app.main:app", "--port", "$PORT"]', 1, 0),
        ("CMD uvicorn app.main:app --port $PORT", 1, 1),
        ("CMD exec uvicorn app.main:app --port '$PORT'", 1, 0),
        ('CMD ["sh", "-c", "uvicorn app.main:app --port ${PORT:-80}"]', 1, 1),
        ('CMD ["/bin/bash", "-lc", "exec uvicorn app.main:app --port $PORT"]', 1, 1),
        ('ENTRYPOINT ["sh", "-c"]\nCMD ["uvicorn app.main:app --port $PORT"]', 1, 1),
        ('ENTRYPOINT ["uvicorn"]\nCMD ["app.main:app"]', 1, 0),
        ('ENTRYPOINT ["./entry.sh"]\nCMD ["uvicorn", "app.main:app"]', 1, 0),
        ('CMD ["gunicorn", "app.main:app"]', 1, 1),
        ('CMD ["gunicorn", "-b", "0.0.0.0:80", "app.main:app"]', 1, 0),
        ("CMD gunicorn -b 0.0.0.0:$PORT app.main:app", 1, 1),
        ('CMD ["fastapi", "run", "app/main.py"]', 1, 1),
        ('CMD ["fastapi", "run", "app/main.py", "--port", "80"]', 1, 0),
        ('CMD ["uv", "run", "uvicorn", "app.main:app"]', 1, 0),
        ("CMD conda run -n x python -u -m uvicorn app.main:app --port $PORT", 1, 1),
        (
            'CMD ["micromamba", "run", "-n", "x", "/bin/sh", "-c", '
            '"uvicorn app.main:app --port $PORT"]',
            *(1, 1),
        ),
        ('CMD ["python", "serve.py"]', 1, 1),
        ('CMD ["python", "-m", "serve"]', 1, 1),
        ('CMD ["python", "fixed.py"]', 1, 0),
        ('CMD ["python", "dead.py"]', 0, 0),
        ('CMD ["./start.sh"]', 1, 1),
        ('CMD ["bash", "fixed.sh"]', 1, 0),
        ('CMD ["python", "missing.py"]', 0, 0),
        ('CMD ["uvicorn", "missing.main:app"]', 0, 0),
        ('CMD ["echo", "uvicorn app.main:app"]', 0, 0),
        ('CMD ["pip", "install", "uvicorn"]', 0, 0),
        ('CMD ["uvicorn", "app.main:app"]\nCMD ["bash"]', 0, 0),
        ("RUN uvicorn app.main:app", 0, 0),
        ("", 0, 0),
    ],
)
def test_what_is_started_is_followed_to_the_server(
    start: str, serves: int, port: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = f"FROM python:3.12-slim\nCOPY . .\n{start}\n"
    values = values_of(text, make_snapshot, bench, SCRIPTS)
    assert (values["starts_server"], values["honours_port"]) == (serves, port)


def test_an_entrypoint_drops_the_command_of_the_stage_before(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        'FROM a:1 AS base\nCMD ["app.main:app"]\nFROM base\nENTRYPOINT ["bash"]\n'
        "EXPOSE 80\n"
    )
    assert values_of(text, make_snapshot, bench)["starts_server"] == 0


def test_of_several_files_the_one_that_serves_is_graded_and_named(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {
        **APP,
        "Dockerfile": 'FROM python:3.12\nCMD ["python", "train.py"]\n',
        "docker/api.Dockerfile": "FROM python:3.12-slim\nCOPY app app\n"
        "CMD uvicorn app.main:app\n",
        "ui/Dockerfile": "FROM python:3.12\nCMD streamlit run ui.py\n",
    }
    result = Docker().measure(make_snapshot(files), DockerOptions(), bench)
    assert result.population.startswith("docker/api.Dockerfile; not graded: ")
    assert isinstance(result.outcome, Measured)
    assert result.outcome.values["slim_base"] == 1


def test_of_several_images_that_serve_the_one_that_predicts_is_graded(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    serves = "FROM python:3.12\nCOPY main.py .\nCMD uvicorn main:app\n"
    app = APP["app/main.py"]
    route = "@app.post('/predict')\ndef predict(x: dict):\n    return sorted(x)\n"
    files = {
        "api/main.py": app,
        "api/Dockerfile": serves,
        "inference/main.py": app + route,
        "inference/Dockerfile": serves,
    }
    result = Docker().measure(make_snapshot(files), DockerOptions(), bench)
    assert result.population == "inference/Dockerfile; not graded: api/Dockerfile"


def test_the_target_that_the_repository_builds_is_what_runs(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        "FROM python:3.12-slim AS serve\nCOPY app app\nCMD uvicorn app.main:app\n"
        "FROM python:3.12 AS dev\nCMD bash\n"
    )
    compose = "services:\n  api:\n    build:\n      context: .\n      target: serve\n"
    assert values_of(text, make_snapshot, bench)["starts_server"] == 0
    values = values_of(text, make_snapshot, bench, {"compose.yaml": compose})
    assert values["starts_server"] == values["compose_services"] == 1


@pytest.mark.parametrize(
    ("base", "pinned", "slim"),
    [
        ("python:3.12-slim", 1, 1),
        ("python", 0, 0),
        ("python:latest", 0, 0),
        ("python:slim", 0, 1),
        ("python@sha256:" + "0" * 64, 1, 0),
        ("registry:5000/python", 0, 0),
        ("debian:bookworm-slim", 1, 1),
        ("gcr.io/distroless/python3-debian12:nonroot", 0, 1),
        ("ghcr.io/astral-sh/uv:python3.12-alpine", 1, 1),
        ("$IMAGE", 0, 0),
        ("scratch", 1, 1),
    ],
)
def test_a_base_is_pinned_and_slim_by_its_name(
    base: str, pinned: int, slim: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = values_of(f"FROM {base}\n", make_snapshot, bench)
    assert (values["pinned_base"], values["slim_base"]) == (pinned, slim)


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        ("RUN pip install --no-cache-dir -r r.txt", 1),
        ("RUN pip install -r r.txt", 0),
        ("ENV PIP_NO_CACHE_DIR=1\nRUN pip install -r r.txt", 1),
        ("RUN PIP_NO_CACHE_DIR=1 pip install -r r.txt", 1),
        ("RUN --mount=type=cache,target=/root/.cache/pip pip install -r r.txt", 1),
        ("RUN --mount=type=bind,target=/a pip install -r r.txt", 0),
        ("RUN pip install -r r.txt && pip cache purge", 1),
        ("RUN pip install -r r.txt && rm -rf /root/.cache", 1),
        ("RUN <<EOF\npip install -r r.txt\nrm -rf ~/.cache/pip\nEOF", 1),
        ("RUN uv sync --no-cache", 1),
        ("RUN uv sync", 0),
        ("RUN conda env create -f e.yml && conda clean -afy", 1),
        ("RUN conda env create -f e.yml\nRUN conda clean -afy", 0),
        ("RUN apt-get install -y curl && apt-get clean", 0),
        ("RUN apk add --no-cache curl", 1),
        ("RUN apk add curl", 0),
        ("RUN echo pip install --no-cache-dir a", 0),
    ],
)
def test_what_installs_leaves_a_cache_or_not(
    lines: str, holds: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = values_of(f"FROM python:3.12-slim\n{lines}\n", make_snapshot, bench)
    assert values["no_caches_left"] == holds


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        ("USER app", 1),
        ("ARG UID=1000\nUSER $UID:$UID", 1),
        ("USER root", 0),
        ("USER 0", 0),
        ("USER 0:0", 0),
        ("ARG WHO=root\nUSER $WHO", 0),
        ("USER $NOBODY", 0),
        ("# USER app", 0),
        ("RUN su app", 0),
    ],
)
def test_the_last_user_is_the_one_that_counts(
    lines: str, holds: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = values_of(f"FROM python:3.12-slim\n{lines}\n", make_snapshot, bench)
    assert values["non_root"] == holds


@pytest.mark.parametrize(
    ("lines", "holds", "missing"),
    [
        ("HEALTHCHECK CMD curl -f localhost/health", 1, 1),
        (
            "RUN apt-get install -y curl\nHEALTHCHECK CMD curl -f localhost/health",
            *(1, 0),
        ),
        ('HEALTHCHECK CMD ["python", "check.py"]', 1, 0),
        ("HEALTHCHECK CMD exit 0", 0, 0),
        ('HEALTHCHECK CMD ["true"]', 0, 0),
        ("HEALTHCHECK NONE", 0, 0),
        ("HEALTHCHECK --interval=5s", 0, 0),
    ],
)
def test_a_health_check_asks_the_server(
    lines: str, holds: int, missing: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = values_of(f"FROM python:3.12-slim\n{lines}\n", make_snapshot, bench)
    assert values["healthcheck"] == holds
    assert values["missing_health_programs"] == missing


@pytest.mark.parametrize(
    ("lines", "ignored", "holds"),
    [
        ("COPY app app", "", 1),
        ("COPY .env .", ".env", 0),
        ("COPY .env.example .env", "", 1),
        ("COPY . .", "", 0),
        ("COPY ./ /app", "**/.env", 1),
        ("ADD . .", ".env\n!.env", 0),
        ("COPY app app\nARG API_TOKEN=kestrel41x", "", 0),
        ("COPY app app\nENV API_TOKEN=${API_TOKEN}", "", 1),
        ("COPY --from=build . .", "", 1),
        ("RUN ls", "", 0),
    ],
)
def test_no_secret_gets_into_the_image(
    lines: str, ignored: str, holds: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = f"FROM a:1 AS build\nFROM python:3.12-slim\n{lines}\n"
    values = values_of(text, make_snapshot, bench, {".dockerignore": ignored})
    assert values["no_secrets_copied"] == holds


def test_the_dockerignore_is_that_of_the_folder_that_is_built_from(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {
        **APP,
        "docker/Dockerfile": "FROM python:3.12-slim\nCOPY app app\n",
        "docker/.dockerignore": ".env\n",
    }
    assert measured(make_snapshot(files), bench).values["ignores_env"] == 0
    files["docker/Dockerfile.dockerignore"] = ".env\n"
    assert measured(make_snapshot(files), bench).values["ignores_env"] == 1


def test_the_folders_of_data_are_the_rubrics(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {
        "Dockerfile": "FROM a:1\n",
        ".dockerignore": "tables\n",
        "tables/a.csv": "",
        "data/b.csv": "",
    }
    snapshot = make_snapshot(files)
    assert measured(snapshot, bench).values["ignores_data"] == 0
    options = DockerOptions(data_folders=("tables",))
    assert measured(snapshot, bench, options).values["ignores_data"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00\xff",
        "CMD uvicorn",
        "FROM",
        "FROM a:1\nRUN " + "$(" * 5_000,
        "FROM a:1\nCMD [" + "[" * 5_000,
        "FROM a:1\n" + "RUN pip install a\n" * 3_000,
        "FROM a:1\nRUN <<EOF\n",
        "FROM a:1\nENV " + "A=" * 5_000,
        "FROM ${" + "A:-" * 3_000,
        "FROM a:1\nCMD sh -c \"sh -c 'sh -c sh'\"\n",
    ],
)
def test_a_hostile_file_is_measured_all_the_same(
    text: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = values_of(text, make_snapshot, bench)
    assert values["starts_server"] == 0
    assert {one.name for one in CRITERIA} <= values.keys()


def test_a_credential_in_a_dockerfile_is_named_and_never_shown(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = "FROM a:1\nENV MAPS_API_KEY=kestrel41x\n"
    outcome = measured(make_snapshot({"Dockerfile": text}), bench)
    assert outcome.values["no_secrets_copied"] == 0
    assert "MAPS_API_KEY" in outcome.model_dump_json()
    assert "kestrel41x" not in outcome.model_dump_json()


def test_no_command_of_a_dockerfile_is_shown_with_what_a_credential_may_be(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        "FROM a:1\nRUN pip install -i https://me:kestrel41x@host/simple -r r.txt\n"
        'CMD ["start", "--token", "kestrel41x"]\n'
    )
    outcome = measured(make_snapshot({"Dockerfile": text}), bench)
    assert "kestrel41x" not in outcome.model_dump_json()


def test_the_caches_of_every_folder_count(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {
        "Dockerfile": "FROM a:1\nCOPY . .\n",
        "src/a.py": "",
        "app/b.py": "",
        ".dockerignore": "__pycache__\napp/__pycache__\n",
    }
    assert measured(make_snapshot(files), bench).values["ignores_caches"] == 0
    files[".dockerignore"] += "src/__pycache__\n"
    assert measured(make_snapshot(files), bench).values["ignores_caches"] == 1
