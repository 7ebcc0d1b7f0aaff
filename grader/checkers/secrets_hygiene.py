"""Where a project keeps its secrets: out of git, out of the image, out of the log."""

from collections.abc import Iterator, Sequence

from grader.checkers._base import Bench, Checker, Options, Result
from grader.checkers._checklist import Checklist, quantities_of
from grader.checkers._secrets_criteria import CRITERIA
from grader.checkers._secrets_image import answer_image
from grader.checkers._secrets_literals import literals, searched
from grader.checkers._secrets_read import secrets_printed, secrets_read
from grader.checkers._secrets_workflows import secrets_shown, secrets_used
from grader.codebase.documents import text_of
from grader.codebase.ignores import ignores_of
from grader.codebase.secret_files import is_blank, secret_file
from grader.model.measurement import Finding, Quantity, Sight
from grader.model.snapshot import Snapshot

_BYTES = 256 * 1024
_ENV = ".env"


class SecretsHygieneOptions(Options):
    """There is nothing to choose."""


class SecretsHygiene(Checker[SecretsHygieneOptions]):
    """Secrets are kept out of git, of the image and of the log.

    Why it matters
        A key in a repository, an image or a log is everybody's who can read that. Kept in
        the environment it is different on each machine, and can be replaced without a
        commit.

    How it is measured
        `.env` is held against .gitignore and, for every Dockerfile that copies its whole
        context, against .dockerignore, each by its own rules; one that is tracked is not
        ignored, whatever .gitignore says. Tracked files are told by name: `.env`, private
        keys, service accounts, the files in which tools keep logins. A `.env` counts even
        where it holds only placeholders, since the next person fills it in;
        `.env.example` is right. Literals are found by detect-secrets, allowlist comments
        or not, in the cells of notebooks too, and by names such as `api_key` that are
        given a text in code, configuration, workflows and Dockerfiles; what only looks
        random does not count. Secrets come from the environment where code that runs reads a
        variable with such a name, loads `.env`, or has settings with such a field, and
        where a workflow's step is given one of `secrets`. What is read so is followed
        within a function to what prints or logs. Of a secret only kind and place are told.

        Other checks look at a part of it: `secrets` at the literals, for a rubric
        without this one; `ci`, `docker`, `experiment-tracking`, `notebooks` and
        `configuration` each at its own files. Earlier commits are `secrets-history`'s.

    What it does not see
        A secret under a name that does not say so; one that is passed to another function
        before it is printed; files over 1 MiB, data, pictures, archives and lock files; what
        runs on the server. It takes some harmless strings for secrets.

    How to fix
        Name `.env` in .gitignore and .dockerignore, show its variables in `.env.example`,
        read them with os.environ or python-dotenv, and store the runner's as secrets of
        the repository. Replace at its service whatever was committed.
    """

    id = "secrets-hygiene"
    source = "https://12factor.net/config"
    tools = ("detect-secrets",)
    criteria = CRITERIA
    mending = "findings"
    finds_secrets = True
    quantities = (
        *quantities_of(CRITERIA),
        Quantity(
            "secret_files",
            "files",
            "tracked files that are made for secrets, by name",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "literals",
            "places",
            "places in other files where a credential stands",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "printed",
            "places",
            "places that print or log something secret",
            better="lower",
            ideal=0,
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: SecretsHygieneOptions, bench: Bench
    ) -> Result:
        """Answer each line; without any code there is nothing that could be kept out."""
        checklist = Checklist(CRITERIA)
        has_code = bool(snapshot.python_files) or any(
            path.lower().endswith(".ipynb") for path in snapshot.files
        )
        files = list(_tracked(snapshot))
        _git_ignored(checklist, snapshot)
        answer_image(checklist, snapshot)
        found = literals(snapshot, bench)
        if files:
            told = f"{files[0].path[:120]} is tracked: {files[0].what}."
            checklist.no("no_secret_files", told, *files)
        elif has_code:
            checklist.yes("no_secret_files", "No tracked file is made for secrets.")
        else:
            checklist.no("no_secret_files", "There is no code that could need any.")
        if found:
            told = "What looks like a credential stands in the files."
            checklist.no("no_literals", told, *found)
        elif has_code:
            told = "No file and no cell was found to hold a credential."
            checklist.yes("no_literals", told)
        else:
            checklist.no("no_literals", "There is no code that could hold one.")
        read = [*secrets_read(snapshot), *secrets_used(snapshot)]
        checklist.seen(
            "secrets_from_environment",
            read,
            yes=f"{read[0].what if read else ''} comes from outside the code.",
            no="No code that runs reads a secret from the environment, and no workflow "
            "uses one of its secrets.",
        )
        shown = [*secrets_printed(snapshot), *secrets_shown(snapshot)]
        if shown:
            checklist.no("nothing_printed", "Something secret is printed.", *shown)
        elif read:
            told = "What is read from the environment is not printed where it is read."
            checklist.yes("nothing_printed", told, *read)
        else:
            told = "No secret is read that could be printed or kept from it."
            checklist.no("nothing_printed", told)
        values = {
            "secret_files": len(files),
            "literals": len(found),
            "printed": len(shown),
        }
        return Result(
            checklist.measured(
                values,
                (*_more(files, "no_secret_files"), *_more(found, "no_literals")),
            ),
            population=f"{len(searched(snapshot))} tracked files of all types, and the "
            "cells of notebooks",
        )


def _tracked(snapshot: Snapshot) -> Iterator[Sight]:
    """The files that are made for secrets, and what each is."""
    for path in snapshot.files:
        kind = secret_file(path)
        if kind is None or snapshot.foreign(path):
            continue
        text = text_of(snapshot, path, _BYTES)
        if kind.is_environment:
            rest = ", though it holds only blanks and placeholders"
            what = f"{kind.kind}{rest if text is not None and is_blank(text) else ''}"
            yield Sight(path=path, what=what)
        elif kind.holds(text):
            yield Sight(path=path, what=kind.kind)


def _git_ignored(checklist: Checklist, snapshot: Snapshot) -> None:
    tracked = [
        path
        for path in snapshot.files
        if (kind := secret_file(path)) is not None
        and kind.is_environment
        and not snapshot.foreign(path)
    ]
    ignores = ignores_of(snapshot)
    why = ignores.why(_ENV)
    if tracked:
        after = ", which a line of .gitignore does not change" if why else ""
        told = f"{tracked[0][:120]} is tracked{after}."
        checklist.no("env_git_ignored", told, *(Sight(path=one) for one in tracked))
    elif why is not None:
        told = "A line of .gitignore keeps .env out of git."
        checklist.yes("env_git_ignored", told, why)
    else:
        where = "no line of .gitignore" if ignores.files else "no .gitignore"
        told = f"There is {where} that keeps .env out of git."
        checklist.no("env_git_ignored", told)


def _more(sights: Sequence[Sight], rule: str) -> Iterator[Finding]:
    """The places after the first one, which the line's own finding names."""
    for one in sights[1:]:
        yield Finding(
            rule=rule,
            message=f"This too: {one.what}.",
            path=one.path,
            line=one.line,
            severity="error",
        )
