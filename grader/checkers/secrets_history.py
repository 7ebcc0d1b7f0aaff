"""Secrets in earlier commits: files that hold them, and lines that commits brought."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.checkers._base import Bench, Checker, Options, Result
from grader.checkers._detect_secrets import BASELINE
from grader.checkers._secrets_brought import brought
from grader.checkers._secrets_judged import is_data
from grader.checkers._secrets_lines import hits
from grader.codebase.secret_files import SecretFile, secret_file
from grader.errors import CannotMeasure
from grader.model.measurement import (
    YES_OR_NO,
    Finding,
    Measured,
    NotApplicable,
    Quantity,
)
from grader.model.past import Past, PastFile, PastTexts
from grader.model.snapshot import MAX_FILE_BYTES, Snapshot

_NOTEBOOK_BYTES = 4 * MAX_FILE_BYTES
_SHOWN = 100
_FIX = (
    "Replace it at the service that issued it: it stays in the history of every clone. "
    "git filter-repo takes it out of this one."
)


class SecretsHistoryOptions(Options):
    """There is nothing to choose."""


@dataclass(frozen=True)
class _Found:
    """One thing that was found: what, where, and the commit that brought it."""

    kind: str
    path: str
    commit: str
    is_file: bool

    @property
    def message(self) -> str:
        """What is told of it; never what it says."""
        path, commit = _shown(self.path), self.commit[:10]
        if self.is_file:
            return f"Commit {commit} has {path}: {self.kind}."
        return f"Commit {commit} brought what looks like a secret into {path}: {self.kind}."


class SecretsHistory(Checker[SecretsHistoryOptions]):
    """No secret in any commit of the history.

    Why it matters
        What was committed once is in every clone, also after it was deleted. A key that
        has been pushed is known, and only a new one helps.

    How it is measured
        Every version of every file in the commits that led to the graded one, merges
        included. Names: `.env`, private keys, service accounts, the files in which tools
        keep logins; one that holds only blanks and placeholders doesn't count.
        Contents: each line once, with the commit that brought it, by
        `detect-secrets scan --no-verify`, allowlist comments or not, the cells of
        notebooks too. What only looks random, or is only called a password, counts where
        the line gives it to a name that says so. What a file of such a name holds
        counts with the file. Of a secret only its kind, file and commit are told. The
        item `secrets-hygiene` asks the same of the graded files: what stands in these
        now is in the last commit as well, and counts in both.

    What it does not see
        Branches that don't lead to the graded commit; files over 1 MiB (notebooks: 4);
        data, pictures, archives, lock files; lines over 5,000 characters; what notebooks
        printed; messages of commits. More than 5,000 commits, 100,000 files, 32 MiB of
        text or 300,000 different lines aren't looked at, nor what a shallow or partial
        clone lacks: then nothing is said but what was found, and without a find the item
        is not graded.

    How to fix
        Replace the secret at its service. Then keep it in `.env`, which `.gitignore`
        names, and take it out of the history with git filter-repo, if all agree to it.
    """

    id = "secrets-history"
    source = "https://docs.github.com/en/code-security/secret-scanning"
    tools = ("detect-secrets",)
    mending = "work"
    reads_history = True
    finds_secrets = True
    quantities = (
        Quantity(
            "leaks",
            "secrets",
            "secret_files and secrets together",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "secret_files",
            "files",
            "files that hold secrets by their names, in any commit",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "secrets",
            "secrets",
            "different secrets in other files, in any commit",
            better="lower",
            ideal=0,
        ),
        Quantity("commits", "commits", "commits that were looked at"),
        Quantity(
            "whole",
            YES_OR_NO,
            "all of the history could be looked at; absent where it could not",
            maximum=1,
            optional=True,
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: SecretsHistoryOptions, bench: Bench
    ) -> Result:
        """Look through the commits.

        Raises `CannotMeasure` where nothing is found and not all could be looked at.
        """
        if snapshot.past is None:
            raise CannotMeasure("there is no git history here that could be looked at.")
        look = _Look(snapshot, snapshot.past, bench)
        found = [*look.files(), *look.lines()]
        if not (found or look.gaps or look.has_code):
            told = "No commit has any code that could need a secret."
            return Result(NotApplicable(reason=told), settled=False)
        if look.gaps and not found:
            raise CannotMeasure(
                f"not all of the history could be looked at: {'; '.join(look.gaps)}. In what "
                "could, nothing was found."
            )
        files = sum(one.is_file for one in found)
        values: dict[str, int | float] = {
            "commits": look.commits,
            "leaks": len(found),
            "secret_files": files,
            "secrets": len(found) - files,
        }
        if not look.gaps:
            values["whole"] = 1
        return Result(
            Measured(values=values, findings=tuple(_findings(found, look))),
            population=f"{look.commits} commits, {look.looked_into} versions of files",
            settled=not look.gaps,
        )


class _Look:
    """One look through a history; `gaps` are why there may be more than was found."""

    def __init__(self, snapshot: Snapshot, past: Past, bench: Bench) -> None:
        self._bench = bench
        self._home = bench.scratch / "past"
        self._home.mkdir()
        found = past.files(self._home)
        self.commits = found.commits
        own = list(_own(found.files, snapshot))
        self.has_code = any(one.path.endswith((".py", ".ipynb")) for one in own)
        self._named = [
            (one, kind) for one in own if (kind := secret_file(one.path)) is not None
        ]
        named = {one for one, _ in self._named}
        self._others = [one for one in own if one not in named and _is_text(one)]
        # Those that are most likely to hold one come first where there is not room for all.
        self._of_named = past.texts([*named], self._home, _most)
        self._texts = past.texts(self._others, self._home, _most)
        self.gaps = list(
            dict.fromkeys([*found.gaps, *self._of_named.gaps, *self._texts.gaps])
        )

    @property
    def looked_into(self) -> int:
        """How many different contents of files."""
        return len({*self._of_named.texts, *self._texts.texts})

    @property
    def notes(self) -> Iterator[str]:
        """What was passed over, that nobody might take it for clean."""
        for some in (self._of_named, self._texts):
            for reason, count in (some.passed_over or {}).items():
                if count:
                    yield f"{count:,} versions of files were passed over: {reason}."

    def files(self) -> Iterator[_Found]:
        """The files that hold secrets by their names, each path once."""
        seen: set[str] = set()
        for one, kind in self._named:
            if one.path not in seen and _holds(kind, one, self._of_named):
                seen.add(one.path)
                yield _Found(kind.kind, one.path, one.commit, is_file=True)

    def lines(self) -> list[_Found]:
        """The secrets in other files, each once, by detect-secrets."""
        some = brought(self._others, self._texts.texts, self._home)
        if not some.is_whole:
            self.gaps.append("it has more lines than are looked at")
        found = {one.hashed: one for one in hits(some.files, self._bench)}
        return [
            _Found(one.kind, one.path, one.place, is_file=False)
            for one in found.values()
        ]


def _holds(kind: SecretFile, file: PastFile, texts: PastTexts) -> bool:
    content = texts.texts.get(file.object_id)
    return kind.holds(None if content is None else content.decode("utf-8", "replace"))


def _own(files: Sequence[PastFile], snapshot: Snapshot) -> Iterator[PastFile]:
    """Those in no environment, and no copy of somebody else's project."""
    foreign: dict[str, bool] = {}
    for one in files:
        folder = one.path.rpartition("/")[0]
        if folder not in foreign:
            why = snapshot.foreign(f"{folder}/file") if folder else None
            foreign[folder] = why is not None and why != "build output"
        if not foreign[folder]:
            yield one


def _is_text(file: PastFile) -> bool:
    return not is_data(file.path) and not file.path.endswith(BASELINE)


def _most(path: str) -> int:
    return _NOTEBOOK_BYTES if path.lower().endswith(".ipynb") else MAX_FILE_BYTES


def _findings(found: Sequence[_Found], look: _Look) -> Iterator[Finding]:
    for one in found[:_SHOWN]:
        rule = "secret-file" if one.is_file else "secret"
        yield Finding(rule=rule, message=one.message, severity="error", fix=_FIX)
    if len(found) > _SHOWN:
        yield Finding(
            rule="secret",
            message=f"{len(found) - _SHOWN} more are not listed.",
            severity="error",
        )
    for gap in look.gaps:
        told = f"Not all of the history was looked at: {gap}; there may be more."
        yield Finding(rule="not-looked-at", message=told, severity="info")
    for note in look.notes:
        yield Finding(rule="passed-over", message=note, severity="info")


def _shown(path: str) -> str:
    """A path of any bytes as plain text."""
    raw = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(one if one.isprintable() else "\ufffd" for one in raw)[-200:]
