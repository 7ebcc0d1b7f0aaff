"""The deployment as its files describe it: a web service that a host can start."""

import posixpath
from pathlib import PurePosixPath

from grader.checkers._base import Bench, Checker, Options, Result
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._deployment_answers import ServiceLook
from grader.checkers._deployment_clusters import clusters, is_manifest
from grader.checkers._deployment_hosts import READERS, space
from grader.checkers._deployment_model import Deployment
from grader.checkers._deployment_unread import unread
from grader.codebase.builds import composes_of
from grader.errors import CannotMeasure
from grader.model.measurement import Quantity, Sight
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "described",
        "a file says how the service is deployed, and the host can read it",
        "Commit render.yaml, a Procfile, or the file of the host that you use.",
    ),
    Criterion(
        "web_service",
        "the file has a web service, and not only a worker or a static site",
        "Give the file a service of type web.",
    ),
    Criterion(
        "starts_app",
        "what the service starts is in the repository, and it is a server",
        "Let it start uvicorn on the app, as in uvicorn app.main:app, or the image that does.",
    ),
    Criterion(
        "honours_port",
        "the server listens where the host sends requests to",
        "Start the server with --host 0.0.0.0 --port $PORT.",
    ),
    Criterion(
        "health_path",
        "the host asks a path of health that the app answers",
        "Add a GET route /health, and name it in the file: healthCheckPath: /health.",
    ),
    Criterion(
        "no_secrets",
        "no secret stands in the files",
        "Write sync: false, or a reference to the host's secrets, and set the value there.",
    ),
)
_SERVICE_LINES = tuple(one.name for one in CRITERIA if one.name != "described")
# Where files lie that nobody deploys.
_ASIDE = frozenset(
    "doc docs documentation example examples archive archived old backup template templates "
    "test tests notes notebooks".split()
)
_BUILT_FROM = (
    "requirements",
    "Dockerfile",
    "pyproject.toml",
    "environment.y",
    "Pipfile",
)
_MAX_SERVICES = 30


class DeploymentOptions(Options):
    """The checker has no options."""


class DeploymentFiles(Checker[DeploymentOptions]):
    """How the service is deployed, by the repository's files.

    Why it matters
        What is clicked together on a host's page is gone with the account, and nobody can
        review it. A file in the repository deploys the same service again.

    How it is measured
        Read are render.yaml, Procfile, heroku.yml, fly.toml, railway.json and railway.toml,
        app.yaml of App Engine, apprunner.yaml, vercel.json, the head of a README that is a
        Space, and manifests of Kubernetes (a workload with a Service that leads to it) and
        Cloud Run. They count at the top and in a folder that has code, not in docs. What
        the service starts is followed through commands, scripts and Dockerfiles to the
        server and its module; the path of health is looked for among the routes of the
        app. Where a host asks no path, as Heroku, the app needs a route of health. Of
        several services the best is graded; secrets are looked for among the variables
        of all that these files describe, a database too. Compose files run a project on
        one's own machine, and count in the container's check. When it deploys is the CI's.

    What it does not see
        Whether it is deployed, which is the live check's. Terraform, charts of Helm,
        serverless.yml and deployments that only a workflow describes are not read: where
        such a one is all there is, the item is not graded.

    How to fix
        Commit render.yaml with a service of type web, the Dockerfile or the startCommand
        with $PORT, healthCheckPath: /health, and sync: false for every key.
    """

    id = "deployment"
    source = "https://render.com/docs/blueprint-spec"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("deployment_files", "files", "files that describe a deployment"),
        Quantity("web_services", "services", "web services in them"),
    )

    def measure(
        self, snapshot: Snapshot, options: DeploymentOptions, bench: Bench
    ) -> Result:
        """Read the files and answer each line for the best service."""
        found = deployments_of(snapshot)
        looks = [
            ServiceLook(snapshot, one, service, found)
            for one in found
            if not one.problem
            for service in one.services
        ][:_MAX_SERVICES]
        checklist = Checklist(CRITERIA)
        values = {
            "deployment_files": len({one.path for one in found}),
            "web_services": sum(len(one.services) for one in found),
        }
        if looks:
            best = max(looks, key=lambda one: one.worth)
            best.answer(checklist)
            path = best.deployment.path
            told = f"{path} is of {best.deployment.kind}."
            checklist.yes("described", told, Sight(path=path, line=1))
            others = [one.path for one in found if one.path != path]
            also = f"; not graded: {', '.join(dict.fromkeys(others))}"[:200]
            return Result(
                checklist.measured(values), population=path + (also if others else "")
            )
        _refuse_unread(snapshot)
        _answer_without_service(snapshot, checklist, found)
        return Result(checklist.measured(values), population="no web service")


def deployments_of(snapshot: Snapshot) -> tuple[Deployment, ...]:
    """The files that describe a deployment, the uppermost first."""
    found: list[Deployment | None] = []
    paths = sorted(snapshot.files, key=lambda path: (path.count("/"), path))
    own = [path for path in paths if not (_is_aside(path) or snapshot.foreign(path))]
    for path in own:
        reader = READERS.get(PurePosixPath(path).name)
        if reader is not None and _is_deployed(snapshot, path):
            found.append(reader(snapshot, path))
    if "README.md" in snapshot.files:
        found.append(space(snapshot, "README.md"))
    known = {one.path for one in found if one is not None}
    manifests = [path for path in own if is_manifest(path) and path not in known]
    found += clusters(snapshot, manifests)
    return tuple(one for one in found if one is not None)


def _is_aside(path: str) -> bool:
    return any(part.lower() in _ASIDE for part in path.split("/")[:-1])


def _is_deployed(snapshot: Snapshot, path: str) -> bool:
    """Whether a host is led to a file: at the top, or in a folder that can be deployed."""
    folder = posixpath.dirname(path)
    if not folder or PurePosixPath(path).name.startswith("render."):
        return True
    beside = [one for one in snapshot.files if posixpath.dirname(one) == folder]
    names = (posixpath.basename(one) for one in beside)
    return any(name.startswith(_BUILT_FROM) or name.endswith(".py") for name in names)


def _refuse_unread(snapshot: Snapshot) -> None:
    place = next(unread(snapshot), None)
    if place is not None:
        raise CannotMeasure(
            f"the deployment is described in {place.path} ({place.what}), which this check "
            "does not read: a person has to mark it."
        )


def _answer_without_service(
    snapshot: Snapshot, checklist: Checklist, found: tuple[Deployment, ...]
) -> None:
    """What is there where no file has a web service."""
    valid = [one for one in found if not one.problem]
    told, sights = _nothing(snapshot), tuple[Sight, ...]()
    if valid:
        places = tuple(Sight(path=one.path, line=1) for one in valid)
        checklist.yes("described", f"{valid[0].path} is of {valid[0].kind}.", *places)
        sights = tuple(other for one in valid for other in one.others)
        has = (
            ", ".join(dict.fromkeys(one.what for one in sights)) or "nothing that runs"
        )
        told = f"{valid[0].path} has no web service: {has[:120]}."
    elif found:
        told = f"{found[0].path}: {found[0].problem}."
        sights = (Sight(path=found[0].path, line=found[0].line),)
        checklist.no("described", told, *sights)
    else:
        checklist.no("described", told)
        told = "No file describes a deployment."
    for name in _SERVICE_LINES:
        checklist.no(name, told, *sights)


def _nothing(snapshot: Snapshot) -> str:
    told = (
        "There is no render.yaml, Procfile, fly.toml, railway.json, app.yaml, vercel.json "
        "or manifest of Kubernetes at the top or beside code."
    )
    if composes := composes_of(snapshot):
        return f"{told} {composes[0].path} runs it on one's own machine."
    return told
