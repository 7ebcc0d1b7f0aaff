"""The checker of deployments: which files count, what they start, where it listens."""

import json
from collections.abc import Mapping

import pytest

from grader.checkers._base import Bench
from grader.checkers.deployment import CRITERIA, DeploymentFiles, DeploymentOptions
from grader.errors import CannotMeasure
from grader.model.measurement import Measured
from tests.conftest import MakeSnapshot

APP = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}
"""
FILES = {"app/main.py": APP, "Dockerfile": "FROM python:3.12\nCMD python serve.py\n"}
SERVES = (
    'FROM python:3.12-slim\nCMD ["sh", "-c", "uvicorn app.main:app --port $PORT"]\n'
)
FIXED = "FROM python:3.12-slim\nCMD uvicorn app.main:app --port 8000\n"


def measured(
    files: Mapping[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> Measured:
    snapshot = make_snapshot(files)
    outcome = DeploymentFiles().measure(snapshot, DeploymentOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    return outcome


def lines(
    files: Mapping[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> tuple[int, ...]:
    """described, web_service, starts_app, honours_port, health_path, no_secrets."""
    values = measured({**FILES, **files}, make_snapshot, bench).values
    return tuple(int(values[one.name]) for one in CRITERIA)


def render(*rows: str) -> str:
    return "services:\n  - type: web\n" + "".join(f"    {row}\n" for row in rows)


START = "startCommand: uvicorn app.main:app --port $PORT"
MANIFEST = """\
# the model
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    metadata:
      labels: {app: api}
    spec:
      containers:
        - image: houses:1
          ports: [{containerPort: 8000}]
          readinessProbe: {httpGet: {path: /health, port: 8000}}
"""
LEADS = """\
---
apiVersion: v1
kind: Service
spec:
  selector: {app: api}
  ports: [{port: 80, targetPort: 8000}]
"""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"render.yaml": render("runtime: python", START)}, "111101", id="render"
        ),
        pytest.param(
            {
                "render.yaml": render("env: docker", "healthCheckPath: /health"),
                "Dockerfile": SERVES,
            },
            "111111",
            id="render with an image",
        ),
        pytest.param(
            {
                "render.yaml": render(
                    "runtime: docker", "envVars: [{key: PORT, value: 8000}]"
                ),
                "Dockerfile": FIXED,
            },
            "111101",
            id="render with PORT set to where it listens",
        ),
        pytest.param(
            {"render.yaml": render("runtime: docker"), "Dockerfile": FIXED},
            "111001",
            id="render with a port of its own",
        ),
        pytest.param(
            {
                "render.yaml": render(
                    "runtime: docker", "dockerfilePath: api/Dockerfile"
                )
            },
            "110001",
            id="render with an image that is not there",
        ),
        pytest.param(
            {"render.yaml": render("runtime: python")},
            "110001",
            id="render, no command",
        ),
        pytest.param({"render.yaml": "services: []\n"}, "000000", id="render, empty"),
        pytest.param({"render.yaml": "- a\n- [\n"}, "000000", id="render, broken"),
        pytest.param({"render.yaml": ""}, "000000", id="render, nothing in it"),
        pytest.param(
            {"Procfile": "web: uvicorn app.main:app --port=${PORT:-5000}\n"},
            "111111",
            id="procfile",
        ),
        pytest.param(
            {"Procfile": "web: gunicorn app.main:app\n"},
            "111111",
            id="procfile, gunicorn",
        ),
        pytest.param(
            {"Procfile": "worker: python train.py\n# web: uvicorn app.main:app\n"},
            "100000",
            id="procfile with a worker",
        ),
        pytest.param({"Procfile": "Deploy me.\n"}, "000000", id="procfile of prose"),
        pytest.param(
            {"docs/Procfile": "web: uvicorn app.main:app --port $PORT\n"},
            "000000",
            id="procfile in docs",
        ),
        pytest.param(
            {"notes.md": "web: uvicorn app.main:app\n", "infra/Procfile": "web: a\n"},
            "000000",
            id="procfile beside no code",
        ),
        pytest.param(
            {
                "heroku.yml": "build:\n  docker:\n    web: Dockerfile\n",
                "Dockerfile": SERVES,
            },
            "111111",
            id="heroku.yml",
        ),
        pytest.param(
            {
                "fly.toml": 'app = "a"\n[http_service]\ninternal_port = 8000\n'
                '[[http_service.checks]]\npath = "/health"\n',
                "Dockerfile": FIXED,
            },
            "111111",
            id="fly",
        ),
        pytest.param(
            {
                "fly.toml": '[env]\nPORT = "8080"\n[http_service]\ninternal_port = 8080\n',
                "Dockerfile": SERVES,
            },
            "111101",
            id="fly that sets PORT",
        ),
        pytest.param({"fly.toml": 'app = "a"\n'}, "100000", id="fly without a service"),
        pytest.param(
            {
                "railway.json": json.dumps(
                    {
                        "build": {"builder": "NIXPACKS"},
                        "deploy": {
                            "startCommand": "uvicorn app.main:app --port $PORT",
                            "healthcheckPath": "/health/",
                        },
                    }
                )
            },
            "111111",
            id="railway",
        ),
        pytest.param(
            {
                "railway.toml": '[deploy]\nrestartPolicy = "ALWAYS"\n',
                "Dockerfile": SERVES,
            },
            "111101",
            id="railway with an image",
        ),
        pytest.param(
            {
                "app.yaml": "runtime: python312\n",
                "main.py": "from app.main import app\n",
            },
            "111111",
            id="app engine",
        ),
        pytest.param({"app.yaml": "title: mine\n"}, "000000", id="another app.yaml"),
        pytest.param(
            {
                "apprunner.yaml": "version: 1.0\nruntime: python311\nrun:\n"
                "  command: uvicorn app.main:app --port 8000\n"
                "  network:\n    port: 8000\n"
            },
            "111111",
            id="app runner",
        ),
        pytest.param(
            {
                "vercel.json": '{"builds": [{"src": "app/main.py", "use": "@vercel/python"}]}'
            },
            "111111",
            id="vercel",
        ),
        pytest.param(
            {
                "vercel.json": '{"builds": [{"src": "index.html", "use": "@vercel/static"}]}'
            },
            "100000",
            id="vercel with a page",
        ),
        pytest.param(
            {
                "README.md": "---\ntitle: a\nsdk: docker\napp_port: 8000\n---\n",
                "Dockerfile": FIXED,
            },
            "111111",
            id="space",
        ),
        pytest.param(
            {"README.md": "# Space\n\n---\nsdk: docker\n---\n"}, "000000", id="no space"
        ),
        pytest.param(
            {"k8s/api.yaml": MANIFEST + LEADS, "Dockerfile": FIXED},
            "111111",
            id="kubernetes",
        ),
        pytest.param(
            {"k8s/api.yaml": MANIFEST, "k8s/to.yaml": LEADS, "Dockerfile": FIXED},
            "111111",
            id="kubernetes in two files",
        ),
        pytest.param(
            {
                "k8s/api.yaml": MANIFEST.replace(
                    "ports: [{containerPort: 8000}]", "name: api"
                )
                + LEADS.replace("port: 80, targetPort: 8000", "port: 8000"),
                "Dockerfile": FIXED,
            },
            "111111",
            id="kubernetes with the port of the service",
        ),
        pytest.param(
            {"k8s/api.yaml": MANIFEST, "Dockerfile": FIXED},
            "100000",
            id="kubernetes without a service",
        ),
        pytest.param(
            {
                "k8s/api.yaml": MANIFEST.replace("houses:1", "postgres:16") + LEADS,
                "Dockerfile": FIXED,
            },
            "100000",
            id="kubernetes with an image of others",
        ),
        pytest.param(
            {
                "service.yaml": "apiVersion: serving.knative.dev/v1\nkind: Service\nspec:\n"
                "  template:\n    spec:\n      containers:\n        - image: gcr.io/a/b\n"
                "          env: [{name: API_KEY, value: 8f7e6d5c4b3a2918}]\n",
                "Dockerfile": SERVES,
            },
            "111100",
            id="cloud run with a key",
        ),
        pytest.param(
            {
                "docker-compose.yml": "services:\n  api:\n    build: .\n",
                "Dockerfile": SERVES,
            },
            "000000",
            id="compose",
        ),
    ],
)
def test_a_file_describes_a_deployment(
    files: Mapping[str, str], expected: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    found = lines(files, make_snapshot, bench)
    assert "".join(map(str, found)) == expected


def test_a_module_without_the_app_is_not_served(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {"Procfile": "web: uvicorn app.main:application --port $PORT\n"}
    assert lines(files, make_snapshot, bench)[2] == 0


def test_the_best_of_several_services_is_graded(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    two = render("runtime: python", "startCommand: streamlit run ui.py")
    two += f"  - type: web\n    runtime: python\n    {START}\n"
    snapshot = make_snapshot({**FILES, "ui.py": "", "render.yaml": two, "Procfile": ""})
    result = DeploymentFiles().measure(snapshot, DeploymentOptions(), bench)
    assert isinstance(result.outcome, Measured)
    assert result.outcome.values["web_services"] == 2
    assert result.outcome.values["honours_port"] == 1
    assert result.population == "render.yaml; not graded: Procfile"


DATABASE = """\
---
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
        - image: postgres:16
          env: [{name: POSTGRES_PASSWORD, value: q8w7e6r5}]
"""
SIDECAR = """\
---
apiVersion: batch/v1
kind: Job
metadata: {name: other}
---
apiVersion: v1
kind: Pod
spec:
  initContainers:
    - image: houses:1
      env: [{name: API_KEY, value: q8w7e6r5}]
  containers: [{image: houses:1}]
"""


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"k8s/api.yaml": MANIFEST + LEADS + DATABASE}, ("k8s/api.yaml", 27)),
        (
            {"k8s/api.yaml": MANIFEST + LEADS, "k8s/db.yaml": DATABASE},
            ("k8s/db.yaml", 9),
        ),
        (
            {"k8s/api.yaml": MANIFEST + LEADS, "k8s/pod.yaml": SIDECAR},
            ("k8s/pod.yaml", 11),
        ),
        (
            {
                "render.yaml": render("runtime: docker")
                + "  - type: worker\n    envVars: [{key: API_KEY, value: q8w7e6r5}]\n"
            },
            ("render.yaml", 5),
        ),
        (
            {
                "render.yaml": render("runtime: docker")
                + "envVarGroups:\n  - name: all\n    envVars:\n"
                "      - {key: API_KEY, value: q8w7e6r5}\n"
            },
            ("render.yaml", 7),
        ),
        (
            {
                "service.yaml": "apiVersion: serving.knative.dev/v1\nkind: Service\n"
                "spec:\n  template:\n    spec:\n      containers:\n"
                "        - image: gcr.io/a/b\n        - image: gcr.io/a/proxy\n"
                "          env: [{name: API_KEY, value: q8w7e6r5}]\n"
            },
            ("service.yaml", 9),
        ),
    ],
)
def test_a_secret_counts_whatever_workload_has_it(
    files: Mapping[str, str],
    place: tuple[str, int],
    make_snapshot: MakeSnapshot,
    bench: Bench,
) -> None:
    outcome = measured({**FILES, "Dockerfile": SERVES, **files}, make_snapshot, bench)
    found = [one for one in outcome.findings if one.rule == "no_secrets"]
    assert [(one.path, one.line) for one in found] == [place]
    assert outcome.values["web_service"] == 1


def test_values_of_every_workload_are_looked_at_and_files_are_counted(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = MANIFEST + LEADS + DATABASE.replace("value: q8w7e6r5", "valueFrom: {}")
    text += DATABASE.replace("POSTGRES_PASSWORD", "POSTGRES_DB")
    outcome = measured({**FILES, "k8s/api.yaml": text}, make_snapshot, bench)
    assert outcome.values["no_secrets"] == outcome.values["deployment_files"] == 1
    told = next(one.told for one in outcome.answers if one.quantity == "no_secrets")
    assert told == "No secret is among the values in k8s/api.yaml (1)."


def test_a_broken_file_says_what_is_wrong_and_where(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = 'services:\n  - type: web\n    name: "api\n'
    outcome = measured({"render.yaml": text}, make_snapshot, bench)
    finding = next(one for one in outcome.findings if one.rule == "described")
    assert finding.path == "render.yaml" and finding.line
    assert "can't be read" in finding.message


@pytest.mark.parametrize(
    "files",
    [
        {"infra/main.tf": 'resource "google_cloud_run_service" "api" {\n}\n'},
        {"serverless.yml": "functions:\n  predict:\n    handler: app.handler\n"},
        {
            ".github/workflows/cd.yml": "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
            "      - run: gcloud run deploy api --source .\n"
        },
        {
            "cloudbuild.yaml": "steps:\n  - name: gcr.io/cloud-builders/gcloud\n"
            "    args: [run, deploy, api, --image=x]\n"
        },
        {
            "ci/cloudbuild_api.yml": "steps:\n  - name: x/cloud-sdk:slim\n"
            "    entrypoint: gcloud\n    args: ['run', 'deploy', 'api']\n"
        },
        {
            "cloudbuild.yaml": "steps:\n  - name: x/cloud-sdk\n    entrypoint: bash\n"
            "    args:\n      - -c\n      - |\n        set -e\n"
            "        gcloud ai endpoints deploy-model $_ID --model=x\n"
        },
    ],
)
def test_what_is_described_otherwise_is_left_to_a_person(
    files: Mapping[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    with pytest.raises(CannotMeasure, match="does not read: a person has to mark it"):
        measured({**FILES, **files}, make_snapshot, bench)


def test_a_bucket_is_no_deployment(make_snapshot: MakeSnapshot, bench: Bench) -> None:
    text = (
        '# resource "aws_lambda_function" "a" {}\nresource "aws_s3_bucket" "a" {\n}\n'
    )
    assert sum(lines({"infra/main.tf": text}, make_snapshot, bench)) == 0
    built = "steps:\n  - name: gcr.io/cloud-builders/docker\n    args: [push, deploy]\n"
    assert sum(lines({"cloudbuild.yaml": built}, make_snapshot, bench)) == 0


@pytest.mark.parametrize(
    "files",
    [
        {"render.yaml": "services: " + "[" * 5_000},
        {"render.yaml": "services: &a [*a]\n"},
        {"render.yaml": "services: {web: 1}\n"},
        {"render.yaml": "services:\n  - web\n  - [type]\n"},
        {"fly.toml": "http_service = 3\nservices = 'x'\nprocesses = []\n[build]\n"},
        {"railway.json": "[" * 100_000},
        {"vercel.json": '{"builds": {"src": 1}, "functions": ["a.py"]}'},
        {"Procfile": "web: " + "sh -c " * 20_000},
        {"Procfile": "web: x\n" * 50_000},
        {"k.yaml": "apiVersion: apps/v1\nkind: Deployment\nspec: [1]\n---\n" * 2_000},
        {"k.yaml": "apiVersion: v1\nkind: Pod\nspec: {containers: {a: 1}}\n"},
        {"README.md": "---\nsdk: [docker]\n---\n"},
        {"README.md": "---\nsdk: {\n---\n"},
    ],
)
def test_hostile_files_are_read_and_earn_nothing_they_should_not(
    files: Mapping[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    assert lines(files, make_snapshot, bench)[2] == 0
