"""Whether images are given `.env`: by what Dockerfiles copy, and what .dockerignore leaves out."""

import posixpath
from collections.abc import Iterator

from grader.checkers._checklist import Checklist
from grader.codebase.builds import context_of
from grader.codebase.dockerfiles import Dockerfile, dockerfiles_of
from grader.codebase.dockerignore import DockerIgnore
from grader.codebase.documents import text_of
from grader.codebase.secret_files import secret_file
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_BYTES = 64 * 1024
_ENV = ".env"


def answer_image(checklist: Checklist, snapshot: Snapshot) -> None:
    """Every Dockerfile has to leave .env out: by .dockerignore, or by what it copies."""
    files = [one for one in dockerfiles_of(snapshot) if not one.problem]
    if not files:
        told = "There is no Dockerfile that could leave .env out of an image."
        checklist.no("env_docker_ignored", told)
        return
    kept: list[Sight] = []
    told = "No Dockerfile copies its whole context."
    if not any(map(_copies_any, files)):
        checklist.no("env_docker_ignored", "No Dockerfile copies anything.")
        return
    for file in files:
        copies = list(_copies(file))
        if named := [one for one, is_whole in copies if not is_whole]:
            what = f"{file.path[:120]} copies a file that is made for secrets."
            checklist.no("env_docker_ignored", what, *named)
            return
        context = context_of(snapshot, file)
        ignore = _ignore(snapshot, file, context)
        for sight, _ in copies:
            excluded, line = ignore.excludes(_ENV) if ignore else (False, None)
            if not excluded or ignore is None:
                where = "no .dockerignore leaves"
                if ignore:
                    where = f"{ignore.path[:120]} does not leave"
                what = f"Everything is copied, and {where} .env out."
                checklist.no("env_docker_ignored", what, sight)
                return
            kept.append(Sight(path=ignore.path, line=line))
            told = f"{ignore.path[:120]} leaves .env out of the build."
    sights = list({(one.path, one.line): one for one in kept}.values())
    if not sights:
        sights = [Sight(path=file.path, line=file.stages[0].line) for file in files]
    checklist.yes("env_docker_ignored", told, *sights)


def _copies_any(file: Dockerfile) -> bool:
    """Whether an image is given anything out of the repository."""
    return any(
        one.keyword in ("COPY", "ADD") and one.flag("from") is None and not one.body
        for stage in file.stages
        for one in stage.instructions
    )


def _copies(file: Dockerfile) -> Iterator[tuple[Sight, bool]]:
    """What copies the whole context, or by name a file that is made for secrets."""
    for stage in file.stages:
        for one in stage.instructions:
            if one.keyword not in ("COPY", "ADD") or one.flag("from") is not None:
                continue
            if one.body:
                continue
            for word in one.words[:-1]:
                path = posixpath.normpath(word.lstrip("/") or ".")
                is_whole = path in (".", "*", ".*", "**")
                kind = secret_file(path)
                if is_whole or kind is not None and kind.has_variables:
                    sight = Sight(path=file.path, line=one.line, what=one.keyword)
                    yield sight, is_whole


def _ignore(snapshot: Snapshot, file: Dockerfile, context: str) -> DockerIgnore | None:
    top = posixpath.join(context, ".dockerignore")
    for path in (f"{file.path}.dockerignore", top):
        if path in snapshot.files:
            return DockerIgnore(path, text_of(snapshot, path, _BYTES) or "")
    return None
