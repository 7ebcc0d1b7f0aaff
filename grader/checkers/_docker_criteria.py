"""The lines of the checklist of the container."""

from grader.checkers._checklist import Criterion

CRITERIA = (
    Criterion(
        "starts_server",
        "CMD or ENTRYPOINT starts the server",
        "End the Dockerfile with a CMD that starts uvicorn or gunicorn on the app.",
    ),
    Criterion(
        "honours_port",
        "the server listens on the port that the host gives in $PORT",
        'Write CMD ["sh", "-c", "uvicorn app.main:app --host 0.0.0.0 --port '
        '${PORT:-8000}"].',
    ),
    Criterion(
        "exposes_port",
        "EXPOSE says which port it is",
        "Add EXPOSE with the port that the server listens on by default.",
    ),
    Criterion(
        "healthcheck",
        "a HEALTHCHECK asks whether it still works",
        "Add a HEALTHCHECK whose command asks the server for /health.",
    ),
    Criterion(
        "pinned_base",
        "every image that it is built on has a version",
        "Write a version or a digest behind FROM: python:3.11-slim.",
    ),
    Criterion(
        "slim_base",
        "the image that runs is built on a slim one",
        "Take python:3.x-slim, or copy the environment from a stage into one.",
    ),
    Criterion(
        "dependencies_first",
        "dependencies are copied and installed before the code",
        "Copy requirements.txt or the lock file, install, and only then copy the code.",
    ),
    Criterion(
        "no_caches_left",
        "installing leaves no caches in the image",
        "Use pip's --no-cache-dir, and clean up in the same RUN: rm -rf "
        "/var/lib/apt/lists/*, conda clean -afy.",
    ),
    Criterion(
        "non_root",
        "it runs as a user other than root",
        "Make a user (RUN useradd app) and add USER app before CMD.",
    ),
    Criterion(
        "no_secrets_copied",
        "no secret gets into the image",
        "Leave .env out in .dockerignore, and give secrets when the container starts.",
    ),
    Criterion(
        "ignores_env",
        ".dockerignore leaves .env out",
        "Add the line .env to .dockerignore, below every line with a !.",
    ),
    Criterion(
        "ignores_git",
        ".dockerignore leaves .git out",
        "Add the line .git to .dockerignore.",
    ),
    Criterion(
        "ignores_data",
        ".dockerignore leaves the data out",
        "Add the line data/ to .dockerignore.",
    ),
    Criterion(
        "ignores_caches",
        ".dockerignore leaves __pycache__ out, in every folder",
        "Add the line **/__pycache__ to .dockerignore: without **/ it is the one at the "
        "top only.",
    ),
)
