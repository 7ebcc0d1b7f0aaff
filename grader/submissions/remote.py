"""Asking a remote repository what it has, and fetching that: hardened, limited, retried.

One address, one host: a redirect is followed within the host that was named, after a look at
where it leads, and never to another one.
"""

import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

from grader.errors import CannotMeasure, GradeError
from grader.sandbox.access import Access
from grader.sandbox.box import PlainBox
from grader.sandbox.limits import MEBIBYTE, Limits
from grader.sandbox.run import ToolOutput, run
from grader.submissions.address import check_url
from grader.submissions.credentials import Credentials, variables_for
from grader.submissions.git import NOT_STARTED, exceeded, hardened, without_git
from grader.submissions.trouble import (
    DELAYS,
    Asked,
    CloneTrouble,
    redirected,
    shown,
    stopped,
    trouble,
)

# What a fetch is not refused for, because we look at it ourselves: names are checked before
# a file is written, times before they are shown; `.gitmodules` and `.gitattributes` are
# never obeyed. A group is not left without a mark for a commit of 2019 with a bad time zone.
_LOOKED_AT_LATER = (
    *("badDate", "badDateOverflow", "badTimezone", "badName", "badEmail"),
    *("missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate"),
    *("missingSpaceBeforeEmail", "multipleAuthors", "zeroPaddedDate"),
    *("nulInCommit", "missingAuthor", "missingCommitter", "badFilemode"),
    *("zeroPaddedFilemode", "emptyName"),
    *("fullPathname", "hasDot", "hasDotdot", "hasDotgit", "largePathname"),
    *("duplicateEntries", "treeNotSorted", "nullSha1", "badTagName"),
    *("missingTaggerEntry", "extraHeaderEntry", "gitmodulesBlob", "gitmodulesLarge"),
    *("gitmodulesMissing", "gitmodulesName", "gitmodulesParse", "gitmodulesPath"),
    *("gitmodulesSymlink", "gitmodulesUpdate", "gitmodulesUrl", "gitignoreSymlink"),
    *("gitattributesSymlink", "gitattributesBlob", "gitattributesLarge"),
    *("gitattributesLineLength", "gitattributesMissing", "mailmapSymlink"),
    *("symlinkTargetBlob", "symlinkTargetLength", "symlinkTargetMissing"),
)
_SETTINGS = {
    # We look where a redirect leads before anything is sent there.
    "http.followRedirects": "false",
    # Servers that are still busy say so every few seconds.
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
    # Packs are checked as `_LOOKED_AT_LATER` says, single objects only as a whole.
    "fetch.unpackLimit": "1",
    **{f"fetch.fsck.{name}": "ignore" for name in _LOOKED_AT_LATER},
}

FETCH_LIMITS = Limits(
    seconds=600,
    output_bytes=4 * MEBIBYTE,
    memory_bytes=2048 * MEBIBYTE,
    disk_bytes=8192 * MEBIBYTE,
    files=1_000_000,
)
# For a list of names; a server that is this slow can be asked again.
_LOOK_LIMITS = Limits(seconds=90, output_bytes=64 * MEBIBYTE)
_MAX_REFERENCES = 100_000
_MAX_REDIRECTS = 3

# How the network is reached is the user's machine's to say.
_PASSED_ON = (
    *("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSH_AUTH_SOCK"),
    *("https_proxy", "all_proxy", "no_proxy"),
)

T = TypeVar("T")

# Where a fetched HEAD is kept, whatever branch it is.
HEAD = "refs/mlops-grade/head"
_WANTED = ("refs/heads/*", "refs/tags/*")
_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LOCATION = re.compile(r"<= Recv header: location: (\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class Transport:
    """What git may speak, and further settings of it. Only tests have another."""

    protocols: tuple[str, ...] = ("https", "ssh")
    settings: Mapping[str, str] = field(default_factory=dict)


def _untold(sentence: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Advertised:
    """What a repository says it has: branches and tags by full name, with their hashes.

    `head` is `ref: NAME` or a hash, empty where there is none. `url` is where it was asked,
    after redirects.
    """

    url: str
    head: str
    references: Mapping[str, str]


@dataclass(frozen=True)
class Remote:
    """A repository at a checked address; `home` is a private folder for git's own files.

    `tell` is given a sentence before each wait, `sleep` waits so many seconds.
    """

    url: str
    home: Path
    credentials: Credentials = field(default_factory=Credentials)
    tell: Callable[[str], None] = _untold
    sleep: Callable[[float], None] = time.sleep
    transport: Transport = Transport()

    def retried(self, attempt: Callable[[], T]) -> T:
        """What an attempt gives, tried again a few times where the trouble may pass."""
        tries = 0
        while True:
            tries += 1
            try:
                return attempt()
            except CloneTrouble as error:
                delays = DELAYS.get(error.cause, ())
                if tries > len(delays) or error.is_final:
                    raise error.after(tries) from error
                delay = delays[tries - 1]
                self.tell(f"{self.url}: {error.reason}; again in {delay:g} s")
                self.sleep(delay)

    def look(self) -> Advertised:
        """Ask for the branches and tags. Raises `CloneTrouble`."""
        asked = self
        for _ in range(_MAX_REDIRECTS):
            try:
                return asked._look()
            except CloneTrouble as error:
                if error.cause != "redirected":
                    raise
                asked = asked._sent_on(error)
        return asked._look()

    def fetch(
        self, wanted: Advertised, directory: Path, limits: Limits = FETCH_LIMITS
    ) -> None:
        """Bring a bare repository up to date: every branch and tag, and `HEAD` as such.

        What the remote no longer has is pruned. Raises `CloneTrouble`.
        """
        there = replace(self, url=wanted.url)
        heads = [f"+HEAD:{HEAD}"] if wanted.head else []
        output = there._run(
            [
                *(f"--git-dir={directory}", "fetch", "--quiet", "--prune", "--no-tags"),
                *("--force", "--no-write-fetch-head", "--no-recurse-submodules"),
                *("--no-auto-maintenance", "--no-show-forced-updates", "--refmap="),
                *("--", there.url, *(f"+{one}:{one}" for one in _WANTED), *heads),
            ],
            limits,
            writable=(directory,),
        )
        if output.exit_status != 0:
            raise there._trouble(output)

    def _look(self) -> Advertised:
        arguments = ["ls-remote", "--symref", "--", self.url, "HEAD", *_WANTED]
        output = self._run(arguments, _LOOK_LIMITS)
        if output.exit_status != 0:
            raise self._trouble(output)
        head, references = "", {}
        for line in output.stdout.split("\n"):
            value, _, name = line.partition("\t")
            if name == "HEAD" and (value.startswith("ref: ") or not head):
                head = value
            elif name.startswith(("refs/heads/", "refs/tags/")):
                if _OBJECT_ID.fullmatch(value) and not name.endswith("^{}"):
                    references[name] = value
        if len(references) > _MAX_REFERENCES:
            why = f"it has more than {_MAX_REFERENCES:,} branches and tags"
            raise stopped(self._asked(), "too-large", why)
        if not head and not references:
            self._make_sure_it_is_empty(arguments)
        return Advertised(self.url, head, references)

    def _make_sure_it_is_empty(self, arguments: Sequence[str]) -> None:
        """Tell a repository without a commit from a page that git found nothing in.

        To git's oldest way over HTTP any short page is a list of no branches.
        """
        traced = self._run(arguments, _LOOK_LIMITS, trace="GIT_TRACE_PACKET")
        if traced.exit_status != 0 or not re.search(r"packet: +\S+< ", traced.stderr):
            why = "what is there is not a git repository"
            raise stopped(self._asked(), "not-a-repository", why)

    def _sent_on(self, error: CloneTrouble) -> "Remote":
        """The same, at the address that the host sends on to. Raises for another host."""
        arguments = ["ls-remote", "--", self.url, "HEAD"]
        # Kept in memory only: what was sent is in it too.
        traced = self._run(arguments, _LOOK_LIMITS, trace="GIT_TRACE_CURL")
        found = _LOCATION.findall(traced.stderr)
        if not found:
            raise error
        where = urljoin(f"{self.url.rstrip('/')}/", found[-1])
        # As git does: the address is what stands before what git itself asked for.
        where = where.partition("?")[0].removesuffix("/info/refs")
        try:
            check_url(where)
        except GradeError:
            raise redirected(self._asked(), self._masked(where)) from error
        if urlsplit(where).netloc.lower() != urlsplit(self.url).netloc.lower():
            raise redirected(self._asked(), self._masked(where)) from error
        return replace(self, url=where)

    def _run(
        self,
        arguments: Sequence[str],
        limits: Limits,
        *,
        writable: tuple[Path, ...] = (),
        trace: str | None = None,
    ) -> ToolOutput:
        self.home.mkdir(parents=True, exist_ok=True)
        token = self.credentials.token(self.url)
        settings = _SETTINGS | dict(token.settings if token else {})
        if authority := os.environ.get("SSL_CERT_FILE"):
            settings["http.sslCAInfo"] = authority
        settings |= self.transport.settings
        environment = {
            **hardened(
                self.home, protocols=self.transport.protocols, settings=settings
            ),
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            **(token.environment if token else {}),
        }
        if trace is not None:
            environment |= {trace: "1", "GIT_TRACE_CURL_NO_DATA": "1"}
        try:
            output = run(
                ["git", *arguments],
                cwd=self.home,
                home=self.home,
                limits=limits,
                environment=environment,
                # Not for its walls but for its limits: what comes is nobody's promise.
                box=PlainBox(),
                access=Access(writable=writable),
            )
        except CannotMeasure as error:
            raise without_git(error.reason) from error
        if output.killed_by is not None:
            raise self._stopped(output, limits)
        if output.exit_status in NOT_STARTED:
            raise without_git(shown(self._masked(output.stderr)))
        return output

    def _stopped(self, output: ToolOutput, limits: Limits) -> CloneTrouble:
        why = exceeded(output, limits)
        if output.killed_by != "time":
            return stopped(self._asked(), "too-large", why)
        # What came in all that time would come again.
        is_final = limits.seconds >= FETCH_LIMITS.seconds
        return stopped(self._asked(), "timed-out", why, is_final=is_final)

    def _trouble(self, output: ToolOutput) -> CloneTrouble:
        return trouble(self._asked(), self._masked(output.stderr))

    def _masked(self, text: str) -> str:
        return self.credentials.masked(text)

    def _asked(self) -> Asked:
        token = self.credentials.token(self.url)
        return Asked(
            url=self.url,
            host=host_of(self.url),
            variables=variables_for(self.url),
            used=token.variable if token else None,
        )


def host_of(url: str) -> str:
    """The host of a checked address."""
    host = urlsplit(url).hostname
    return host or url.partition(":")[0].rpartition("@")[2]
