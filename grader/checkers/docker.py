"""The container: a Dockerfile that serves, how it is built, and what it leaves out."""

import re

from pydantic import Field

from grader.checkers._base import Bench, Checker, Options, Result
from grader.checkers._checklist import Checklist, quantities_of
from grader.checkers._docker_criteria import CRITERIA
from grader.checkers._docker_image import Image
from grader.codebase.builds import builds_of, composes_of
from grader.codebase.dockerfiles import Dockerfile, dockerfiles_of
from grader.codebase.predicting import predicting_of
from grader.codebase.routes import served_of
from grader.model.measurement import Quantity, Sight
from grader.model.snapshot import Snapshot

_SERVES = re.compile(r"api|serv|predict|inference|app|backend")


class DockerOptions(Options):
    """`data_folders`: folders of data at the top, of which those that are there count."""

    data_folders: tuple[str, ...] = Field(
        default=("data", "datasets", "dataset", "raw_data"), min_length=1
    )


class Docker(Checker[DockerOptions]):
    """The container that serves the model.

    Why it matters
        The image is what runs in the end. One that is pinned, small and without secrets
        can be built again next year and shown to others; one that does not start the
        server serves nobody.

    How it is measured
        Dockerfiles are read instruction by instruction, with arguments put in and stages
        followed; the last stage is what runs, or the target that the repository builds.
        Of several files that is graded which starts an API, else pages; then which the
        repository builds, whose application predicts, and which is the uppermost.
        What CMD and ENTRYPOINT start is followed through shells, scripts of the
        repository and Python modules to the server. `.dockerignore` is applied by
        Docker's own rules to `.env`, `.git`, the data and `__pycache__`, from the folder
        that is built from.

    What it does not see
        Whether the image builds and the container answers. What is in the base image,
        but for curl and wget in the slim ones. Secrets under names that do not say so.

    How to fix
        Begin with python:3.x-slim, install from the lock file before the code is copied,
        add USER, EXPOSE and HEALTHCHECK, and start uvicorn through `sh -c` with $PORT.
    """

    id = "docker"
    source = "https://docs.docker.com/build/building/best-practices/"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("dockerfiles", "files", "Dockerfiles"),
        Quantity("stages", "stages", "stages of the one that is graded"),
        Quantity(
            "missing_health_programs",
            "programs",
            "programs that the health check calls and the image does not have",
            better="lower",
            ideal=0,
        ),
        Quantity("compose_services", "services", "services in compose files"),
    )

    def measure(
        self, snapshot: Snapshot, options: DockerOptions, bench: Bench
    ) -> Result:
        """Choose the Dockerfile that serves and answer each line for it."""
        files = dockerfiles_of(snapshot)
        readable = [one for one in files if not one.problem]
        checklist = Checklist(CRITERIA)
        values = {
            "dockerfiles": len(files),
            "stages": 0,
            "missing_health_programs": 0,
            "compose_services": sum(len(one.services) for one in composes_of(snapshot)),
        }
        if not readable:
            told, sights = "There is no Dockerfile.", []
            for one in files[:1]:
                told = f"{one.path} can't be built: {one.problem}."
                sights = [Sight(path=one.path, line=one.problem_line)]
            for criterion in CRITERIA:
                checklist.no(criterion.name, told, *sights)
            return Result(checklist.measured(values), population="no Dockerfile")
        image = _chosen(snapshot, readable)
        findings = list(image.answer(checklist, options.data_folders))
        values["stages"] = len(image.file.stages)
        values["missing_health_programs"] = len(findings)
        others = [one.path for one in files if one.path != image.file.path]
        also = f"; not graded: {', '.join(others[:8])}" if others else ""
        return Result(
            checklist.measured(values, findings), population=f"{image.file.path}{also}"
        )


def _chosen(snapshot: Snapshot, files: list[Dockerfile]) -> Image:
    """The image that serves: an API before pages, what the repository builds first."""
    built = {one.dockerfile for one in builds_of(snapshot)}
    predicts = _predicting(snapshot) if len(files) > 1 else frozenset()

    def likely(image: Image) -> tuple[int, bool, bool, bool, int]:
        path = image.file.path
        is_named = bool(_SERVES.search(path.lower()))
        is_first = path in built, path in predicts, is_named
        return image.serving.rank, *is_first, -path.count("/")

    return max([Image(snapshot, one) for one in files], key=likely)


def _predicting(snapshot: Snapshot) -> frozenset[str]:
    """The files that start an application which predicts."""
    calls = {route.call for route in predicting_of(snapshot).routes}
    return frozenset(
        server.sight.path
        for app in served_of(snapshot).apps
        if any(route.call in calls for route in app.routes)
        for server in app.servers
    )
