"""Git, run so that nothing in a repository or in the user's configuration takes part.

Every call here has our own configuration file instead of the system's and the user's, no
hooks, no prompt, no file-system monitor, and only the protocols that a repository may come
over.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import CannotMeasure, ExitCode, GradeError
from grader.sandbox.limits import Limits
from grader.sandbox.run import ToolOutput, run

# Given as the environment's configuration, which outranks a repository's own .git/config:
# a hostile one names programs under these keys.
_SETTINGS = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.protectNTFS": "true",
    "core.protectHFS": "true",
    "core.autocrlf": "false",
    "core.pager": "cat",
    "transfer.fsckObjects": "true",
    "submodule.recurse": "false",
    "advice.detachedHead": "false",
}
# Only a configuration file reaches the other end of a clone on this machine.
_CONFIGURATION = """\
[safe]
    directory = *
"""

_URL = re.compile(r"^(https|ssh)://[^\s$]+$|^[\w.-]+@[\w.-]+:[^\s$]+$")
_CREDENTIALS = re.compile(r"^https://[^/@]*@|^ssh://[^/@:]*:[^/@]*@")

CLONE_LIMITS = Limits(seconds=600, output_bytes=64 * 1024 * 1024)


def looks_like_url(source: str) -> bool:
    """Whether the user means a remote repository rather than a folder of this machine."""
    return (
        "::" in source
        or "://" in source
        or bool(re.match(r"^[\w.-]+@[\w.-]+:", source))
    )


def check_url(url: str) -> str:
    """The URL, when git may be given it. Raises `GradeError` for any other."""
    if _CREDENTIALS.match(url):
        raise GradeError(
            "the URL carries a user name or a password; it would end up in logs.",
            hint="Clone the repository yourself and grade the folder.",
        )
    if not _URL.match(url) or "::" in url or "//-" in url or "@-" in url:
        raise GradeError(
            f'"{url}" is not a repository address that can be cloned.',
            hint="Give a folder, or an https://, ssh:// or git@host:path address.",
        )
    return url


@dataclass(frozen=True)
class TreeEntry:
    """One entry of a tree or an index: git's mode, object id and the path as bytes decoded."""

    mode: str
    object_id: str
    path: str

    @property
    def is_regular(self) -> bool:
        """A plain file, executable or not."""
        return self.mode.startswith("100")


@dataclass(frozen=True)
class Git:
    """Git commands on one repository folder; `home` is ours and holds its configuration."""

    directory: Path
    home: Path

    def commit(self, ref: str) -> str | None:
        """The full hash of the commit that `ref` names, or None when there is none."""
        if ref.startswith("-"):
            return None
        wanted = ["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"]
        output = self._run(wanted)
        return output.stdout.strip() if output.exit_status == 0 else None

    def index(self) -> tuple[TreeEntry, ...]:
        """What the index holds: the tracked files, staged or committed."""
        output = self._checked(["ls-files", "-z", "--stage"])
        # mode SP object SP stage TAB path; a conflict has the path several times.
        entries = {}
        for line in filter(None, output.stdout.split("\0")):
            head, _, path = line.partition("\t")
            mode, object_id, _ = head.split(" ")
            entries[path] = TreeEntry(mode, object_id, path)
        return tuple(entries.values())

    def tree(self, commit: str) -> tuple[TreeEntry, ...]:
        """What a commit holds, submodules and links included."""
        output = self._checked(["ls-tree", "-r", "-z", "--full-tree", commit])
        entries = []
        for line in filter(None, output.stdout.split("\0")):
            head, _, path = line.partition("\t")
            mode, _, object_id = head.split(" ")
            entries.append(TreeEntry(mode, object_id, path))
        return tuple(entries)

    def has_staged_changes(self) -> bool:
        """Whether the index differs from HEAD; the working tree isn't looked at."""
        output = self._run(["diff-index", "--cached", "--quiet", "HEAD"])
        return output.exit_status == 1

    def extract(self, commit: str, folder: Path) -> None:
        """Write the commit's files below `folder`."""
        index = {"GIT_INDEX_FILE": str(self.home / "extract.index")}
        self._checked(["read-tree", commit], index)
        tree = {**index, "GIT_WORK_TREE": str(folder)}
        self._checked(
            ["checkout-index", "--all", "--force", f"--prefix={folder}/"], tree
        )

    def _checked(
        self, arguments: Sequence[str], environment: dict[str, str] | None = None
    ) -> ToolOutput:
        output = self._run(arguments, environment)
        if output.exit_status != 0 or output.killed_by:
            raise GradeError(
                f"git {arguments[0]} failed: {_said(output)}",
                hint="Check the repository with: git fsck",
                exit_code=ExitCode.ENVIRONMENT,
            )
        return output

    def _run(
        self, arguments: Sequence[str], environment: dict[str, str] | None = None
    ) -> ToolOutput:
        argv = ["git", f"--git-dir={self.directory}", *arguments]
        return run_git(argv, self.home, environment)


def clone(source: str, directory: Path, home: Path) -> Git:
    """A bare clone of a URL or a local repository. Raises `GradeError` in git's own words."""
    argv = ["git", "clone", "--bare", "--quiet", "--no-hardlinks", "--no-local"]
    output = run_git([*argv, "--", source, str(directory)], home)
    if output.killed_by == "time":
        raise GradeError(
            f"cloning {source} did not finish within {CLONE_LIMITS.seconds:g} s.",
            exit_code=ExitCode.ENVIRONMENT,
        )
    if output.exit_status != 0:
        raise GradeError(
            f"cloning {source} failed: {_said(output)}",
            hint="Check the address, and that the repository is public or reachable by ssh.",
            exit_code=ExitCode.ENVIRONMENT,
        )
    return Git(directory, home)


def run_git(
    argv: Sequence[str], home: Path, environment: dict[str, str] | None = None
) -> ToolOutput:
    """Run a git command line under our configuration. Raises `GradeError` without git."""
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "gitconfig"
    configuration.write_text(_CONFIGURATION, encoding="utf-8")
    settings = {
        "GIT_CONFIG_GLOBAL": str(configuration),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_ALLOW_PROTOCOL": "https:ssh:file",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_PAGER": "cat",
        "GIT_CONFIG_COUNT": str(len(_SETTINGS)),
        **{f"GIT_CONFIG_KEY_{i}": key for i, key in enumerate(_SETTINGS)},
        **{
            f"GIT_CONFIG_VALUE_{i}": value for i, value in enumerate(_SETTINGS.values())
        },
        **(environment or {}),
    }
    if "SSH_AUTH_SOCK" in os.environ:
        settings["SSH_AUTH_SOCK"] = os.environ["SSH_AUTH_SOCK"]
    try:
        return run(argv, cwd=home, home=home, limits=CLONE_LIMITS, environment=settings)
    except CannotMeasure as error:
        raise GradeError(
            f"git can't be run: {error.reason}",
            hint="Install git: https://git-scm.com/downloads",
            exit_code=ExitCode.ENVIRONMENT,
        ) from error


def _said(output: ToolOutput) -> str:
    lines = [line.strip() for line in output.stderr.splitlines() if line.strip()]
    said = " ".join(lines[-3:])[:500]
    return said or f"exit status {output.exit_status}, nothing said"
