"""`mlops-grade github init`: the workflows that grade a repository's pull requests."""

import json
import re
import shlex
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.output import write
from grader.errors import GradeError

# What the templates say where the action and the main branch belong.
_ACTION = "OWNER/mlops-grade@REF"
_BRANCH = 'branches: ["main"]'

_WORKFLOWS = Path(".github/workflows")
_GRADE = "mlops-grade.yml"
_COMMENT = "mlops-grade-comment.yml"
_SINGLE = "single.yml"

_ADDRESS = re.compile(
    r"(?P<repository>[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100})"
    r"@(?P<ref>[A-Za-z0-9][A-Za-z0-9._/-]{0,199})"
)
_FULL_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT_COMMIT = re.compile(r"(?=.*[a-f])[0-9a-f]{7,39}")
_ON_GITHUB = re.compile(
    r"https://github\.com/([A-Za-z0-9-]+/[A-Za-z0-9._-]+?)(?:\.git)?/?"
)
# Characters by which a workflow would take the name for a pattern are not among them.
_PLAIN_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


def init(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="The folder of the repository.")
    ] = Path("."),
    action: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/mlops-grade@REF",
            help="Where the workflows take mlops-grade from: a repository on GitHub, and a "
            "full commit hash (nobody can move it) or a tag. Can be left out where "
            "mlops-grade was installed from GitHub.",
        ),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(
            help="The main branch, whose pushes are graded too; the repository's own if "
            "left out."
        ),
    ] = None,
    single: Annotated[
        bool,
        typer.Option(
            "--single",
            help="One workflow instead of two, for groups that push branches to their own "
            "repository: pull requests from forks get no comment.",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace workflows that are there already.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", "--print", help="Print the files, write nothing."),
    ] = False,
) -> None:
    """Write the GitHub workflows that grade pull requests and comment on them.

    One runs the pull request's code and can only read. The other, started after
    it, runs none of it and writes the comment, also on a pull request from a fork.
    """
    root = _repository(path)
    address = _checked(action or own_address(metadata.distribution("mlops-grade")))
    main = _checked_branch(branch) if branch else main_branch(root)
    texts = workflows(address, main, single=single)
    if dry_run:
        for name, text in texts.items():
            typer.echo(f"# {_WORKFLOWS / name}\n{text}")
        return
    changed = _changed(root, texts, force=force)
    for name in changed:
        write(texts[name], root / _WORKFLOWS / name)
    _tell(path, root, texts, changed, main=main)
    _advise(address)


def workflows(action: str, branch: str, *, single: bool) -> Mapping[str, str]:
    """The names and the texts of the workflows, for an action and a main branch."""
    from grader.resources import shipped

    templates = {_GRADE: _SINGLE} if single else {_GRADE: _GRADE, _COMMENT: _COMMENT}
    folder = shipped("templates") / "workflows"
    repository = action.partition("@")[0]
    return {
        name: (folder / template)
        .read_text("utf-8")
        .replace(_ACTION, action)
        .replace(_ACTION.partition("@")[0], repository)
        .replace(_BRANCH, f'branches: ["{branch}"]')
        for name, template in templates.items()
    }


def own_address(installed: metadata.Distribution) -> str | None:
    """Where this installation came from, as `OWNER/NAME@REF`; None when it doesn't say.

    The commit that pip installed from GitHub, or else the repository that the package names
    and the tag of its version.
    """
    origin: object = json.loads(installed.read_text("direct_url.json") or "null")
    match origin:
        case {"url": str(url), "vcs_info": {"vcs": "git", "commit_id": str(commit)}}:
            if found := _ON_GITHUB.fullmatch(url):
                return f"{found[1]}@{commit}"
    for line in installed.metadata.get_all("Project-URL") or []:
        label, _, url = str(line).partition(",")
        found = _ON_GITHUB.fullmatch(url.strip())
        if label.strip().lower() in ("repository", "source") and found:
            return f"{found[1]}@v{installed.version}"
    return None


def main_branch(root: Path) -> str:
    """The branch that pull requests are made against, as far as the repository says.

    What its origin calls its main branch, else `main` if there is one, else the branch that
    is checked out.
    """
    from grader.submissions.local import git_folder

    with tempfile.TemporaryDirectory(prefix="mlops-grade-") as home:
        folder = git_folder(root, Path(home))
    if folder is None:
        return "main"
    origin = _named(folder.shared / "refs/remotes/origin/HEAD", "refs/remotes/origin/")
    if origin:
        return origin
    packed = folder.shared / "packed-refs"
    has_main = (folder.shared / "refs/heads/main").is_file() or (
        packed.is_file()
        and " refs/heads/main\n" in packed.read_text("utf-8", errors="replace")
    )
    return "main" if has_main else _named(folder.own / "HEAD", "refs/heads/") or "main"


def _named(reference: Path, prefix: str) -> str:
    """The branch that a symbolic reference names; empty for one we would have to quote."""
    if not reference.is_file():
        return ""
    text = reference.read_text("utf-8", errors="replace").strip()
    name = text.removeprefix(f"ref: {prefix}")
    return name if name != text and _PLAIN_BRANCH.fullmatch(name) else ""


def _repository(path: Path) -> Path:
    root = path.resolve()
    if not (root / ".git").exists():
        raise GradeError(
            f'"{path}" is not the top folder of a git repository.',
            hint="GitHub reads workflows there only. Give that folder, or make it one: "
            "git init",
        )
    return root


def _checked(action: str | None) -> str:
    wanted = "--action OWNER/mlops-grade@COMMIT"
    if action is None:
        raise GradeError(
            "there is no address to take mlops-grade from: this installation does not say "
            "where it came from.",
            hint=f"Give {wanted}: the repository on GitHub that has mlops-grade's "
            "action.yml, and the full hash of the commit to use.",
        )
    address = _ADDRESS.fullmatch(action)
    if address is None:
        raise GradeError(
            f'--action "{action}" is not OWNER/REPOSITORY@REF.',
            hint=f"Write it as in a workflow's uses, without https://: {wanted}",
        )
    if _SHORT_COMMIT.fullmatch(address["ref"]):
        raise GradeError(
            f'"{address["ref"]}" is a shortened commit, which GitHub does not take.',
            hint="Give all 40 characters: git rev-parse " + address["ref"],
        )
    return action


def _checked_branch(branch: str) -> str:
    if not _PLAIN_BRANCH.fullmatch(branch):
        raise GradeError(
            f'--branch "{branch}" has characters that a workflow takes for a pattern.',
            hint="Letters, digits and . _ / - can be written; add any other by hand.",
        )
    return branch


def _changed(root: Path, texts: Mapping[str, str], *, force: bool) -> tuple[str, ...]:
    """The names of the files to write. Raises `GradeError` when that would replace others."""
    for place in (Path(".github"), _WORKFLOWS, *(_WORKFLOWS / name for name in texts)):
        if (root / place).is_symlink():
            raise GradeError(
                f'"{place}" is a symbolic link: what is written there would land elsewhere.'
            )
    changed, others = [], []
    for name, text in texts.items():
        file = root / _WORKFLOWS / name
        if not file.exists():
            changed.append(name)
        elif file.read_bytes() != text.encode():
            changed.append(name)
            others.append(f'"{_WORKFLOWS / name}"')
    if others and not force:
        raise GradeError(
            f"{' and '.join(others)} exist{'s' if len(others) == 1 else ''} already and "
            f"differ{'s' if len(others) == 1 else ''}; nothing was written.",
            hint="See what would be written with --dry-run; replace with --force.",
        )
    return tuple(changed)


def _tell(
    path: Path,
    root: Path,
    texts: Mapping[str, str],
    changed: tuple[str, ...],
    *,
    main: str,
) -> None:
    for name in texts:
        state = "Wrote" if name in changed else "Unchanged:"
        typer.echo(f"{state} {_WORKFLOWS / name}")
    if _COMMENT not in texts and (root / _WORKFLOWS / _COMMENT).exists():
        typer.echo(
            f"Remove {_WORKFLOWS / _COMMENT}: it waits for a result that this one workflow "
            "does not hand over."
        )
    git = "git" if path == Path(".") else f"git -C {shlex.quote(str(path))}"
    typer.echo("\nNext:")
    typer.echo(
        f"  {git} add {_WORKFLOWS} && {git} commit -m 'Grade pull requests' && {git} push"
    )
    typer.echo(
        f"Once it is on {main}, open a pull request: the comment comes when its grading has "
        "ended."
    )


def _advise(action: str) -> None:
    _, _, ref = action.partition("@")
    if not _FULL_COMMIT.fullmatch(ref):
        typer.echo(
            f'"{ref}" can be moved by whoever owns {action.partition("@")[0]}. A full commit '
            "hash can't.",
            err=True,
        )
