"""What one deployed service is held against: what it starts, its port, health and secrets."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from grader.checkers._checklist import Checklist
from grader.checkers._deployment_model import Deployment, Service
from grader.codebase.builds import context_of
from grader.codebase.code import code_of
from grader.codebase.credentials import has_known_form, is_credential, masked
from grader.codebase.dockerfiles import Dockerfile, dockerfiles_of
from grader.codebase.predicting import health_routes
from grader.codebase.routes import OPEN, served_of
from grader.codebase.serving import Serving, serving, serving_by
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

# FastAPI answers these by itself.
_BUILT_IN = frozenset({"/docs", "/redoc", "/openapi.json"})
# Where nobody can write down a path of health.
_ASKS_NONE = frozenset(
    {"Procfile", "Heroku", "Vercel", "Space", "App Runner", "App Engine"}
)
_SERVES = re.compile(r"\bapi\b|predict|inference|model")
_APP_NAMES = ("app", "application", "handler", "demo", "iface", "interface")


@dataclass(frozen=True)
class Line:
    """One line's answer."""

    holds: bool
    told: str
    sights: tuple[Sight, ...] = ()


class ServiceLook:
    """One service of a file, and what of it is in the repository.

    `described` are all files that describe a deployment, its own too.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        deployment: Deployment,
        service: Service,
        described: Sequence[Deployment],
    ) -> None:
        self.deployment = deployment
        self._snapshot = snapshot
        self._service = service
        self._described = described

    @cached_property
    def lines(self) -> dict[str, Line]:
        """The answers that depend on the service."""
        return {
            "web_service": Line(
                True,
                f"{self.deployment.kind} has a web service.",
                (self._service.sight,),
            ),
            "starts_app": self._starts(),
            "honours_port": self._port(),
            "health_path": self._health(),
            "no_secrets": self._secrets(),
        }

    @property
    def worth(self) -> tuple[bool, bool, int]:
        """By what the best of several services is told."""
        held = sum(line.holds for line in self.lines.values())
        name = f"{self.deployment.path} {self._service.sight.what}".lower()
        return self.lines["starts_app"].holds, bool(_SERVES.search(name)), held

    def answer(self, checklist: Checklist) -> None:
        """Settle the lines."""
        for name, line in self.lines.items():
            checklist.answer(name, line.told, line.sights, holds=line.holds)

    @cached_property
    def _started(self) -> tuple[Serving, Dockerfile | None]:
        """What runs, and the Dockerfile that it runs from."""
        service = self._service
        file = self._dockerfile() if service.dockerfile is not None else None
        if service.dockerfile and file is None:
            told = f"It builds {service.dockerfile}, which is not there."
            return Serving(service.sight, told), None
        if service.command:
            sight = _command_sight(service)
            folder = service.folder
            if file is not None:
                folder = context_of(self._snapshot, file)
            return serving_by(self._snapshot, service.command, sight, folder), file
        if service.app_file:
            return self._by_file(service.app_file), None
        if file is None:
            told = "It says no command, and the repository has no Dockerfile to run."
            if service.dockerfile is None:
                told = "It says no command that starts the service."
            return Serving(service.sight, told), None
        found = self._of_image(file)
        return replace(found, told=f"It runs {file.path}: {found.told}"), file

    def _dockerfile(self) -> Dockerfile | None:
        files = [one for one in dockerfiles_of(self._snapshot) if one.stages]
        named = self._service.dockerfile
        if named:
            return next((one for one in files if one.path == named), None)
        return max(files, key=self._fit, default=None)

    def _fit(self, file: Dockerfile) -> tuple[bool, bool, int, int]:
        """How well a Dockerfile fits an image: it lies beside it, serves, is called so."""
        folder = posixpath.dirname(self._service.sight.path)
        image = self._service.image.rpartition("/")[2].partition(":")[0]
        rank = self._of_image(file).rank
        return (
            bool(folder) and posixpath.dirname(file.path) == folder,
            rank > 0,
            len(_words(image) & _words(file.path)),
            rank,
        )

    def _of_image(self, file: Dockerfile) -> Serving:
        context = context_of(self._snapshot, file)
        return serving(self._snapshot, file.path, file.stages[-1], context)

    def _by_file(self, path: str) -> Serving:
        """A Python file that the host starts by itself."""
        sight = self._service.sight
        file = code_of(self._snapshot).files.get(path)
        if file is None:
            told = f"It starts {path}, which is not there, or no Python."
            return Serving(sight, told)
        served = served_of(self._snapshot)
        is_other = any(one.path == path for one in served.others)
        for name in _APP_NAMES:
            if file.names.at_top(name) is not None or file.names.top_value(name):
                return Serving(sight, f"{path} has {name}.", 2)
        if is_other:
            return Serving(sight, f"{path} serves pages.", 1)
        return Serving(sight, f"{path} has no app to serve.")

    def _starts(self) -> Line:
        found, _ = self._started
        sights = [found.sight or self._service.sight]
        return Line(found.rank > 0, found.told, tuple(sights))

    def _port(self) -> Line:
        service = self._service
        found, file = self._started
        sights = (found.sight or service.sight,)
        if not found.rank:
            return Line(False, "Nothing is started that could listen.", sights)
        if service.is_portless:
            return Line(
                True, f"{self.deployment.kind} sees to the port itself.", sights
            )
        given = self._given_port(file)
        if service.port is None:
            if found.port:
                return Line(True, f"{found.port}.", sights)
            if given is not None and given == found.listens:
                return Line(True, f"PORT is set to {given}, where it listens.", sights)
            return Line(False, found.port_told or "It listens elsewhere.", sights)
        listens = found.listens
        if found.port and given is not None:
            listens = given
        if listens == service.port:
            told = f"It listens on {listens}, where requests are sent."
            return Line(True, told, sights)
        if listens is None and found.port:
            return Line(True, f"{found.port}.", sights)
        where = f"listens on {listens}" if listens else "does not say where it listens"
        told = f"Requests are sent to port {service.port}, and it {where}."
        return Line(False, told, sights)

    def _given_port(self, file: Dockerfile | None) -> int | None:
        """What PORT is set to in the file, or in the image."""
        values = [one.value for one in self._service.variables if one.name == "PORT"]
        if file is not None and self._service.port is not None:
            values.append(file.stages[-1].environment.get("PORT", ""))
        for value in values:
            if value.isascii() and value.isdigit() and len(value) < 6:
                return int(value)
        return None

    def _health(self) -> Line:
        service, kind = self._service, self.deployment.kind
        served = served_of(self._snapshot)
        gets = [one for one in served.routes if "GET" in one.methods]
        if not service.health:
            if kind in _ASKS_NONE:
                own = health_routes(served.routes)
                if own:
                    told = f"{kind} asks no path; the app answers {own[0].path}."
                    return Line(True, told, (own[0].sight,))
                told = f"{kind} asks no path, and no GET route of the app is of health."
                return Line(False, told)
            told = "It does not say which path the host asks for health."
            return Line(False, told, (service.sight,))
        path = service.health.partition("?")[0]
        line = service.health_line or service.sight.line
        sight = Sight(path=service.sight.path, line=line, what=path[:80])
        for route in gets:
            if _same(route.path, path):
                return Line(True, f"The app answers {path[:80]}.", (sight, route.sight))
        if served.apps and path.rstrip("/") in _BUILT_IN:
            return Line(True, f"FastAPI answers {path}.", (sight,))
        if not served.apps and served.others:
            what = served.others[0].what
            told = f"The host asks {path[:80]}; routes of {what} are not followed."
            return Line(True, told, (sight, served.others[0]))
        told = f"The host asks {path[:80]}, and the app has no such GET route."
        return Line(False, told, (sight,))

    def _secrets(self) -> Line:
        found = tuple(self._secret_places())
        if found:
            told = f"{found[0].path} holds a secret in so many letters."
            return Line(False, told, found)
        paths = list(dict.fromkeys(one.path for one in self._described))
        where = paths[0] if len(paths) == 1 else f"{len(paths)} files"
        count = sum(len(one.values) for one in self._described)
        told = f"No secret is among the values in {where} ({count})."
        return Line(True, told, (self._service.sight,))

    def _secret_places(self) -> Iterator[Sight]:
        """Whatever has it: a database beside the service, or another service."""
        for deployment in self._described:
            for one in deployment.values:
                if is_credential(one.name, one.value):
                    yield Sight(path=deployment.path, line=one.line, what=one.name[:60])
            for service in deployment.services:
                if has_known_form(service.command):
                    yield _command_sight(service)


def _command_sight(service: Service) -> Sight:
    what = masked(" ".join(service.command.split()))[:120]
    line = service.command_line or service.sight.line
    return Sight(path=service.sight.path, line=line, what=what)


def _words(text: str) -> set[str]:
    return set(re.split(r"[-_./]", text.lower())) - {""}


def _same(route: str, asked: str) -> bool:
    """Whether a route answers a path, as far as the route is known."""
    if OPEN in route:
        return asked.rstrip("/").endswith(route.rpartition(OPEN)[2].rstrip("/"))
    return route.rstrip("/") == f"/{asked.strip('/')}".rstrip("/")
