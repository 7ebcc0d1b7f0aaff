"""What one Dockerfile builds, held against each line of the checklist."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from grader.checkers._checklist import Checklist
from grader.checkers._docker_health import health
from grader.checkers._docker_layers import is_slim, leftovers, order, pins, sources
from grader.codebase.builds import builds_of, context_of
from grader.codebase.credentials import has_known_form, is_credential, masked
from grader.codebase.dockerfiles import Dockerfile, Stage, pairs, substituted
from grader.codebase.dockerignore import DockerIgnore
from grader.codebase.documents import text_of
from grader.codebase.scripts import scripts_of
from grader.codebase.serving import Serving, serving
from grader.model.measurement import Finding, Sight
from grader.model.snapshot import Snapshot

_BYTES = 64 * 1024
# Images that come with a user of their own.
_OWN_USER = re.compile(r"micromamba|nonroot|cgr\.dev/chainguard|jupyter/")
_SECRET_FILE = re.compile(
    r"\.env|\.env\.(?!.*(example|sample|template|dist)).*|.*\.pem|id_(rsa|ed25519|ecdsa)"
    r"|\.netrc|kaggle\.json|credentials(\.json)?|.*service[_-]?account.*\.json|\.pypirc"
    r"|\.git-credentials|secrets?\.(json|ya?ml|toml|env)",
    re.IGNORECASE,
)


class Image:
    """What one Dockerfile builds."""

    def __init__(self, snapshot: Snapshot, file: Dockerfile) -> None:
        self._snapshot, self.file = snapshot, file
        self.context = context_of(snapshot, file)
        self.stage = self._built()
        self.serving: Serving = serving(snapshot, file.path, self.stage, self.context)
        self._ignore = self._ignored()

    def _built(self) -> Stage:
        """The target that the repository builds, else the last stage."""
        builds = [
            one for one in builds_of(self._snapshot) if one.dockerfile == self.file.path
        ]
        if builds and all(one.target for one in builds):
            for one in builds:
                if (stage := self.file.stage(one.target)) is not None:
                    return stage
        return self.file.stages[-1]

    def _ignored(self) -> DockerIgnore | None:
        own = f"{self.file.path}.dockerignore"
        top = f"{self.context}/.dockerignore" if self.context else ".dockerignore"
        for path in (own, top):
            if path in self._snapshot.files:
                text = text_of(self._snapshot, path, _BYTES)
                return DockerIgnore(path, text or "")
        return None

    def _sight(self, line: int, what: str) -> Sight:
        return Sight(path=self.file.path, line=line, what=masked(what)[:120])

    def answer(
        self, checklist: Checklist, data_folders: Sequence[str]
    ) -> Iterator[Finding]:
        """Settle every line; what remains are findings on the health check."""
        self._serves(checklist)
        self._exposes(checklist)
        self._bases(checklist)
        self._layers(checklist)
        self._user(checklist)
        self._secrets(checklist)
        self._ignores(checklist, data_folders)
        holds, told, sight, missing = health(self.file, self.stage)
        checklist.answer("healthcheck", told, [sight] if sight else [], holds=holds)
        for name in missing if sight else ():
            yield Finding(
                rule="missing-health-program",
                message=f"The health check calls {name}, which "
                f"{self.stage.origin.base[:80]} does not have and no RUN installs: it "
                "always fails.",
                path=self.file.path,
                line=sight.line if sight else None,
                fix=f"Install {name}, or ask by python -c with urllib.request.",
            )

    def _serves(self, checklist: Checklist) -> None:
        found = self.serving
        sights = [found.sight] if found.sight else []
        checklist.answer("starts_server", found.told, sights, holds=found.rank > 0)
        if not found.rank:
            checklist.no("honours_port", "It starts no server.", *sights)
        elif found.port:
            checklist.yes("honours_port", f"{found.port}.", *sights)
        else:
            checklist.no("honours_port", found.port_told, *sights)

    def _exposes(self, checklist: Checklist) -> None:
        sights: list[Sight] = []
        unknown: list[Sight] = []
        for one in self.stage.each("EXPOSE"):
            text = substituted(one.text, self.stage.variables)
            is_port = re.match(r"\d{1,5}(-\d+)?(/(tcp|udp))?(\s|$)", text)
            (sights if is_port else unknown).append(
                self._sight(one.line, f"EXPOSE {text}")
            )
        no = "EXPOSE names no port." if unknown else "There is no EXPOSE."
        if sights:
            checklist.yes("exposes_port", f"{sights[0].what}.", *sights)
        else:
            checklist.no("exposes_port", no, *unknown)

    def _bases(self, checklist: Checklist) -> None:
        taken = pins(self.file, self.stage)
        loose = [one for one in taken if one.lacks]
        if loose:
            told = f"{loose[0].image[:80]}: {loose[0].lacks}."
            checklist.no("pinned_base", told, *(one.sight for one in loose))
        else:
            told = (
                ", ".join(one.image[:80] for one in taken) or "It begins with scratch"
            )
            sights = [one.sight for one in taken]
            first = self._sight(self.stage.origin.line, "FROM")
            checklist.yes("pinned_base", f"{told}.", *(sights or [first]))
        base = self.stage.origin.base
        sight = self._sight(self.stage.origin.line, f"FROM {base}")
        if is_slim(base):
            checklist.yes("slim_base", f"It runs on {base[:80]}.", sight)
        else:
            told = f"It runs on {base[:80]}, which is neither slim nor alpine."
            checklist.no("slim_base", told, sight)

    def _layers(self, checklist: Checklist) -> None:
        scripts = scripts_of(self._snapshot)
        found = order(self.file, self.stage, scripts, self.context)
        checklist.answer(
            "dependencies_first", found.told, found.sights, holds=found.holds
        )
        installing, left = leftovers(self.file, self.stage, scripts, self.context)
        copied = [
            self._sight(one.line, "COPY --from")
            for one in self.stage.each("COPY")
            if one.flag("from") is not None
        ]
        if left:
            checklist.no("no_caches_left", f"{left[0].what} in the image.", *left)
        elif installing:
            told = "What installs cleans up in the same RUN, or keeps no cache."
            checklist.yes("no_caches_left", told, *installing)
        elif copied:
            told = "It is given what another stage installed."
            checklist.yes("no_caches_left", told, *copied)
        else:
            checklist.no("no_caches_left", "Nothing is installed in the image.")

    def _user(self, checklist: Checklist) -> None:
        last = self.stage.last("USER")
        base = self.stage.origin.base
        if last is None:
            sight = self._sight(self.stage.origin.line, f"FROM {base}")
            if _OWN_USER.search(base):
                checklist.yes("non_root", f"{base[:80]} has a user of its own.", sight)
            else:
                checklist.no("non_root", "There is no USER, so it runs as root.")
            return
        user = substituted(last.text, self.stage.variables).strip().partition(":")[0]
        sight = self._sight(last.line, f"USER {last.text}")
        if user.lower() == "root" or re.fullmatch(r"0+", user):
            checklist.no("non_root", "The last USER is root.", sight)
        elif "$" in user and not _OWN_USER.search(base):
            checklist.no("non_root", f"Nothing gives {user[:40]} a value.", sight)
        else:
            checklist.yes("non_root", f"It runs as {user[:40]}.", sight)

    def _secrets(self, checklist: Checklist) -> None:
        found = [sight for sight, _ in self._copied_secrets()]
        tolds = [told for _, told in self._copied_secrets()]
        applies = []
        for stage in self.file.stages:
            for one in stage.instructions:
                if one.keyword in ("COPY", "ADD"):
                    applies.append(self._sight(one.line, one.keyword))
                if one.keyword in ("ENV", "ARG"):
                    for key, value in pairs(one.text):
                        if is_credential(key, value):
                            what = f"{one.keyword} {key[:60]} has its value in the file"
                            found.append(self._sight(one.line, what))
                            tolds.append(f"{what}.")
                if one.keyword == "RUN" and has_known_form(one.script):
                    found.append(self._sight(one.line, "RUN with a credential"))
                    tolds.append("A RUN holds a credential.")
        if found:
            checklist.no("no_secrets_copied", tolds[0], *found)
        elif applies:
            told = "No file with secrets is copied, and no credential stands in it."
            checklist.yes("no_secrets_copied", told, *applies)
        else:
            checklist.no("no_secrets_copied", "It copies nothing at all.")

    def _copied_secrets(self) -> Iterator[tuple[Sight, str]]:
        env = self._excludes(".env")[0]
        for one, path in sources(self.stage):
            sight = self._sight(one.line, f"{one.keyword} {one.text}")
            if _SECRET_FILE.fullmatch(PurePosixPath(path).name):
                yield sight, f"{path[:60]} is copied into the image."
            elif path in (".", "*", ".*") and not env:
                where = self._ignore.path if self._ignore else ".dockerignore"
                yield sight, f"Everything is copied, and {where} does not leave .env out."

    def _excludes(self, path: str) -> tuple[bool, int | None]:
        return self._ignore.excludes(path) if self._ignore else (False, None)

    def _ignores(self, checklist: Checklist, data_folders: Sequence[str]) -> None:
        folder = f"{self.context}/" if self.context else ""
        there = [
            one for one in data_folders if self._snapshot.has_folder(f"{folder}{one}")
        ]
        data = there or [data_folders[0]]
        probes = {
            "ignores_env": [".env"],
            "ignores_git": [".git/config"],
            "ignores_data": [f"{one}/raw/rows.csv" for one in data],
            "ignores_caches": self._caches(folder),
        }
        for name, paths in probes.items():
            self._leaves_out(checklist, name, paths)

    def _leaves_out(self, checklist: Checklist, name: str, paths: list[str]) -> None:
        if self._ignore is None:
            top = self.context or "the top"
            checklist.no(name, f"There is no .dockerignore at {top}.")
            return
        where = self._ignore.path
        for path in paths:
            excluded, line = self._excludes(path)
            if not excluded:
                why = "takes it back in" if line else "no line of it matches"
                told = f"{path[:100]} gets into the build: {why}."
                checklist.no(name, told, Sight(path=where, line=line))
                return
        lines = [self._excludes(path)[1] for path in paths]
        sights = [Sight(path=where, line=line) for line in dict.fromkeys(lines)]
        checklist.yes(name, f"{', '.join(paths)[:160]} is left out.", *sights)

    def _caches(self, folder: str) -> list[str]:
        """Where Python would write its caches: at the top, and in a package's folder."""
        below = [
            path.removeprefix(folder)
            for path in self._snapshot.python_files
            if path.startswith(folder) and "/" in path.removeprefix(folder)
        ]
        # A folder that the image is given; the tests' are often left out as a whole.
        kept = [path for path in below if not self._excludes(path)[0]]
        homes = [str(PurePosixPath(path).parent) for path in kept or below]
        short = sorted({home for home in homes if len(home) < 200})
        return [
            f"{home}__pycache__/module.cpython-311.pyc"
            for home in ("", *(f"{one}/" for one in short[:20]))
        ]
