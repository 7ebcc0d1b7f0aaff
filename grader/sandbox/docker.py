"""Docker or Podman: a container with the same allow-list, for where it is asked for.

The container's image is empty: programs and libraries are the machine's own, mounted
read-only as in the other boxes, so that nothing is fetched and the project's environment
works inside. That needs an engine on Linux itself, not in a virtual machine.

The engine keeps its own filter of system calls, a list of what is allowed; ours, a list of
what is not, is put on top of it inside.

Source: https://docs.docker.com/reference/cli/docker/container/run/
"""

import csv
import io
import os
import resource
import shutil
import sys
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from grader.errors import CannotMeasure
from grader.sandbox.access import Access, prefixes_of
from grader.sandbox.account import USER, account_files
from grader.sandbox.box import (
    LAUNCHER,
    Confined,
    Program,
    Tier,
    Wrapped,
    free_user,
    give,
    kernel_limits,
    specified,
)
from grader.sandbox.container import INSIDE, SOCKET, Container
from grader.sandbox.landlock import SYSTEM
from grader.sandbox.limits import Limits
from grader.sandbox.run import ToolOutput, run
from grader.sandbox.seccomp import Rules
from grader.sandbox.seccomp import is_supported as has_filter
from grader.sandbox.seccomp import program as filter_program

# Nothing of ours is in it, so that it never gets old.
IMAGE = "localhost/mlops-grade-empty:1"

# What an engine's command needs of the user's environment to find the engine and its store.
_ENGINES_OWN = (
    *("HOME", "USER", "LOGNAME", "PATH", "TZ", "TMPDIR", "DBUS_SESSION_BUS_ADDRESS"),
    *("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"),
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH"),
    *("DOCKER_TLS_VERIFY", "CONTAINER_HOST", "CONTAINERS_CONF"),
    *("CONTAINERS_STORAGE_CONF", "CONTAINERS_REGISTRIES_CONF"),
)
_ENGINE_LIMITS = Limits(seconds=60)

# Ours ends the whole run and says why, the engine's only one process: it comes second.
_MEMORY_ROOM = 1.25
# For the keeper, and the engine's own threads.
_PROCESS_ROOM = 32

_VIRTUAL = (
    "it runs containers in a virtual machine here, where this machine's programs and the "
    "project's environment can't run"
)


@dataclass(frozen=True)
class Engine:
    """A container engine: its command, which of the two it is, and its version.

    A rootless one runs containers as the user who asks, without rights of its own.
    """

    path: str
    name: str
    version: str = ""
    is_rootless: bool = False

    def run(self, *arguments: str) -> ToolOutput:
        """Run one command of the engine. Raises `CannotMeasure` when it can't be started."""
        with tempfile.TemporaryDirectory(prefix="mlops-grade-engine-") as folder:
            place = Path(folder)
            return run(
                [self.path, *arguments],
                cwd=place,
                home=place,
                limits=_ENGINE_LIMITS,
                environment=_engine_environment(),
            )


@cache
def find_engine() -> Engine | str:
    """The engine to use, or why there is none; asked once in a process."""
    if sys.platform != "linux":
        return _VIRTUAL
    if not has_filter():
        return "there is no seccomp filter for this processor"
    troubles = []
    for name in ("docker", "podman"):
        path = shutil.which(name)
        found = "not installed" if path is None else ask_engine(path)
        if isinstance(found, Engine):
            return found
        troubles.append(f"{name}: {found}")
    return "; ".join(troubles)


def ask_engine(path: str) -> Engine | str:
    """What a command says of its engine, which has our image then; or what is wrong."""
    try:
        # `docker` may be another name for podman.
        is_podman = "podman" in Engine(path, "").run("--version").stdout.lower()
        found = _podman(path) if is_podman else _docker(path)
        trouble = "" if isinstance(found, str) else _import_image(found)
    except CannotMeasure as error:
        return error.reason
    return trouble or found


def _docker(path: str) -> Engine | str:
    wanted = "{{.ServerVersion}}\t{{.OperatingSystem}}\t{{.SecurityOptions}}"
    output = Engine(path, "docker").run("info", "--format", wanted)
    version, _, about = output.stdout.strip().partition("\t")
    if output.exit_status != 0 or not version:
        return _said(output)
    system, _, security = about.partition("\t")
    if "Docker Desktop" in system:
        return _VIRTUAL
    return Engine(path, "docker", version, is_rootless="name=rootless" in security)


def _podman(path: str) -> Engine | str:
    wanted = (
        "{{.Version.Version}}\t{{.Host.ServiceIsRemote}}\t{{.Host.Security.Rootless}}"
    )
    output = Engine(path, "podman").run("info", "--format", wanted)
    answers = output.stdout.strip().split("\t")
    if output.exit_status != 0 or len(answers) != 3:
        return _said(output)
    version, remote, rootless = answers
    if remote == "true":
        return _VIRTUAL
    return Engine(path, "podman", version, is_rootless=rootless == "true")


def _import_image(engine: Engine) -> str:
    """Make the empty image, unless it is there; what is wrong, if it can't be made."""
    if engine.run("image", "inspect", IMAGE).exit_status == 0:
        return ""
    with tempfile.TemporaryDirectory(prefix="mlops-grade-image-") as folder:
        archive = Path(folder) / "empty.tar"
        # Imported late: few machines come to use this tier.
        import tarfile

        tarfile.open(archive, "w").close()
        output = engine.run("import", str(archive), IMAGE)
    if output.exit_status == 0:
        return ""
    return f"the empty image could not be made: {_said(output)}"


def _said(output: ToolOutput) -> str:
    lines = [line.strip() for line in output.stderr.splitlines() if line.strip()]
    if output.killed_by is not None:
        return f"it did not answer within {_ENGINE_LIMITS.seconds:g} s"
    return (lines or [f"exit status {output.exit_status}"])[-1][:300]


def _engine_environment() -> dict[str, str]:
    given = {name: os.environ[name] for name in _ENGINES_OWN if name in os.environ}
    home = given.setdefault("HOME", str(Path.home()))
    # Its defaults, where `run` has scratch folders of ours: podman remembers them.
    return {
        "TMPDIR": tempfile.gettempdir(),
        "XDG_CONFIG_HOME": f"{home}/.config",
        "XDG_CACHE_HOME": f"{home}/.cache",
        **given,
    }


@dataclass(frozen=True)
class Docker:
    """The box."""

    engine: Engine

    tier: ClassVar[Tier] = "docker"

    @property
    def description(self) -> str:
        """What a report says of it."""
        engine = f"{self.engine.name} {self.engine.version}".strip()
        return f"a container of {engine} with seccomp, without network"

    def wrap(self, program: Program, access: Access) -> Wrapped:
        """The engine's command that starts the launcher, and the program's own end of it."""
        uid = free_user()
        user, group = _user(self.engine, uid)
        name = f"mlops-grade-{uuid.uuid4().hex}"
        limits = kernel_limits(program.limits, uid)
        # The keeper and the threads of the engine's command may be the same user's.
        limits["NPROC"] += _PROCESS_ROOM
        told = specified(
            program,
            Confined(
                limits,
                seccomp=filter_program(Rules(has_unix=not access.has_network)),
            ),
            is_keeper=True,
            environment={**program.environment, "USER": USER, "LOGNAME": USER},
        )
        container = Container(
            told,
            program.stdin,
            program.descriptors,
            remove=lambda: self._remove(name),
        )
        try:
            home = program.environment["HOME"]
            files = _files(container.folder, user, group, home, access)
            temporary = Path(program.environment["TMPDIR"])
            mounts = _mounts(access, temporary, files, container.folder)
            _make_places(mounts, temporary)
            if uid is not None:
                give((*access.writable, container.folder), uid)
            python = os.path.realpath(sys.executable)
            argv = [
                *(self.engine.path, "run", "--rm", "--name", name, "--pull", "never"),
                *("--user", f"{user}:{group}", "--hostname", "box", "--workdir", "/"),
                *("--network", "host" if access.has_network else "none"),
                *("--ipc", "private", "--read-only", "--cap-drop", "ALL"),
                *("--security-opt", "no-new-privileges"),
                # SELinux would refuse what is mounted; who may see what is settled here.
                *("--security-opt", "label=disable"),
                *("--log-driver", "none", "--no-healthcheck"),
                *_engines_limits(program.limits, limits),
                *(_PODMANS_OWN if self.engine.name == "podman" else ()),
                *(
                    ("--userns", "keep-id")
                    if self.engine.name == "podman" and self.engine.is_rootless
                    else ()
                ),
                *(word for mount in mounts.values() for word in mount.words()),
                IMAGE,
                *(python, "-I", "-S", str(LAUNCHER), f"{INSIDE}/{SOCKET}"),
            ]
        except BaseException:
            container.close()
            raise
        return Wrapped(tuple(argv), _engine_environment(), remote=container)

    def _remove(self, name: str) -> None:
        try:
            self.engine.run("rm", "--force", name)
        except CannotMeasure:
            # Then it can't have started a container either.
            return


# What Docker has as defaults or has not: no writable folders in memory, nothing of the
# user's proxy, no guess that a program is systemd.
_PODMANS_OWN = (
    *("--read-only-tmpfs=false", "--http-proxy=false", "--systemd=false"),
    "--no-hosts",
)


def _user(engine: Engine, uid: int | None) -> tuple[int, int]:
    if uid is not None:
        return uid, uid
    if engine.name == "docker" and engine.is_rootless:
        # There it is the user who asks, without any capability.
        return 0, 0
    return os.getuid(), os.getgid()


def _engines_limits(limits: Limits, kernels: Mapping[str, int]) -> tuple[str, ...]:
    memory = f"{int(limits.memory_bytes * _MEMORY_ROOM)}b"
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = kernels["NOFILE"]
    if most_files != resource.RLIM_INFINITY:
        files = min(files, most_files)
    processes = kernels["NPROC"]
    return (
        *("--memory", memory, "--memory-swap", memory),
        *("--pids-limit", str(limits.processes + _PROCESS_ROOM)),
        # Podman's own are higher than we may be allowed to have.
        *("--ulimit", f"nofile={files}:{files}"),
        *("--ulimit", f"nproc={processes}:{processes}"),
    )


@dataclass(frozen=True)
class _Mount:
    source: Path
    place: str
    is_writable: bool = False

    def words(self) -> tuple[str, str]:
        line = io.StringIO()
        fields = ["type=bind", f"source={self.source}", f"target={self.place}"]
        # A path may have a comma.
        csv.writer(line, lineterminator="").writerow(
            fields if self.is_writable else [*fields, "readonly"]
        )
        return "--mount", line.getvalue()


def _files(
    folder: Path, user: int, group: int, home: str, access: Access
) -> dict[str, Path]:
    """Small files of ours and where they are to be."""
    contents = account_files(user, group, home, has_network=access.has_network)
    if access.has_network:
        names = "passwd: files\ngroup: files\nhosts: files dns\n"
        contents["/etc/nsswitch.conf"] = names
    else:
        contents["/etc/resolv.conf"] = ""
    made = {}
    for place, content in contents.items():
        made[place] = folder / Path(place).name
        made[place].write_text(content, "utf-8")
    return made


def _mounts(
    access: Access, temporary: Path, files: Mapping[str, Path], folder: Path
) -> dict[str, _Mount]:
    """What is mounted, by its place; an engine puts the outer ones first by itself."""
    mounts: dict[str, _Mount] = {}

    def add(source: Path, place: str, *, is_writable: bool = False) -> None:
        if source.exists():
            mounts[place] = _Mount(source, place, is_writable)

    readable = [
        *map(Path, (*SYSTEM, *(("/etc/ssl",) if access.has_network else ()))),
        *(LAUNCHER, *prefixes_of(os.path.realpath(sys.executable))),
        *access.readable,
    ]
    for path in readable:
        add(path.resolve(), str(path))
    # Of a folder that is mounted read-only, what is mounted below it is not by itself.
    for point in _mount_points():
        if any(point != path and point.is_relative_to(path) for path in readable):
            add(point, str(point))
    for place, file in files.items():
        add(file, place)
    add(folder, INSIDE)
    # Shared memory counts as what is written: on the disk, where it is watched.
    for place in ("/tmp", "/dev/shm"):
        add(temporary, place, is_writable=True)
    for path in access.writable:
        add(path, str(path), is_writable=True)
    return mounts


def _mount_points() -> list[Path]:
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    # Spaces and the like are written as octal numbers there.
    places = (line.split()[4] for line in lines)
    return [
        Path(place.encode().decode("unicode_escape") if "\\" in place else place)
        for place in places
    ]


def _make_places(mounts: Mapping[str, _Mount], temporary: Path) -> None:
    """Make what is mounted below /tmp in the folder that becomes /tmp.

    The engine would do it, and as another user: the folder could not be removed.
    """
    for mount in mounts.values():
        place = Path(mount.place)
        if place == Path("/tmp") or not place.is_relative_to("/tmp"):
            continue
        made = temporary / place.relative_to("/tmp")
        if mount.source.is_dir():
            made.mkdir(parents=True, exist_ok=True)
        else:
            made.parent.mkdir(parents=True, exist_ok=True)
            made.touch()
