"""The first stage: one repository captured and measured, nothing marked.

`gather` is what a worker process runs for one group of a class, and what grading a single
repository begins with.
"""

import hashlib
import platform
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from grader.cache.entries import user_entries
from grader.checkers._base import Checker, Options
from grader.engine.capture import Capture, capture
from grader.engine.conditions import Earlier, Surroundings, Which, generator
from grader.engine.contributors import contributors_of
from grader.engine.declared import may_say_more
from grader.engine.environment import environment_for
from grader.engine.hosted import Question, asking
from grader.engine.items import key
from grader.engine.measure import Unwatched, Watch, Workshop, measure
from grader.engine.probe import probe_of
from grader.engine.quoting import quoted
from grader.engine.reuse import Reuse
from grader.environment.given import Environment
from grader.model.evidence import Evidence
from grader.model.history import Commit, History
from grader.model.measurement import Failed, Measurement
from grader.model.report import (
    DeadlineFacts,
    LaterCommit,
    LeftOutFile,
    RepositoryFacts,
)
from grader.model.snapshot import Snapshot
from grader.rubric.schema import Item
from grader.sandbox.choose import Boxes
from grader.sandbox.remove import private_folder

# As many files that are left out, and commits that came late, as a report names.
LISTED = 1_000
LATER_LISTED = 50


def gather(
    source: str,
    which: Which,
    items: Sequence[Item],
    checkers: Mapping[str, Checker[Options]],
    surroundings: Surroundings,
    boxes: Boxes,
    *,
    group: str = "",
    run: str = "",
    earlier: Earlier | None = None,
    watch: Watch | None = None,
    service: str | None = None,
) -> Evidence:
    """Capture a source and measure what the items ask for.

    Measurements of an `earlier` run that nothing has changed for are taken over; what a
    running `service` answers, at the address that the instructor gave, never is. Raises
    `GradeError` when the source can't be had.
    """
    watch = watch or Unwatched()
    started = time.monotonic()
    probe = probe_of(service, is_offline=surroundings.is_offline)
    with private_folder(within=surroundings.work) as work:
        captured = capture(
            source,
            work,
            ref=which.ref,
            commit=which.commit,
            deadline=which.deadline,
            now=which.now,
            is_cached=which.is_cached,
            is_offline=surroundings.is_offline,
            staged=which.staged,
            tell=watch.told,
        )
        snapshot = captured.snapshot
        content = content_of(snapshot)
        plan = surroundings.digest(boxes.description())
        kept = still_holding(earlier, content, plan, checkers)
        if surroundings.caching.reruns_tests:
            kept = _without_tests(kept, checkers)
        reusable = {item.key: found for item in items if (found := kept.get(key(item)))}
        missing = [item for item in items if item.key not in reusable]
        environment = environment_for(
            snapshot,
            surroundings.environment,
            work / "environment",
            boxes=boxes,
            is_offline=surroundings.is_offline,
            from_source=surroundings.from_source,
            tell=watch.told,
        )
        reuse = reuse_of(snapshot, surroundings, environment, boxes.description())
        measured = measure(
            snapshot,
            missing,
            checkers,
            Workshop(
                *(work, surroundings.limits, environment, boxes),
                extra_runs=surroundings.signals,
                jobs=surroundings.jobs,
                starter=surroundings.starter,
                probe=probe,
                hosted=asking(
                    Question(captured.origin, which.deadline, surroundings.is_offline),
                    watch.told,
                ),
                warm=surroundings.warm,
                reuse=reuse,
            ),
            watch,
        )
        everything = quoted(reusable | measured, snapshot, checkers)
        facts = environment.facts() or (reuse.environment if reuse else None)
        if facts is None and earlier and reusable:
            facts = earlier.evidence.environment
        distinct = {key(item): everything[item.key] for item in items}
        return Evidence(
            group=group or snapshot.name,
            run=run,
            generator=generator(),
            measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
            python=platform.python_version(),
            platform=platform.platform(terse=True),
            isolation=boxes.description(),
            content=content,
            plan=plan,
            repository=_repository_facts(captured),
            environment=facts,
            deadline=_deadline_facts(captured, which),
            measurements=tuple(distinct.values()),
            contributors=contributors_of(snapshot.history),
            reused=len({key(item) for item in items if item.key in reusable}),
            is_lasting=_is_lasting(captured),
            duration_s=round(time.monotonic() - started, 3),
        )


def content_of(snapshot: Snapshot) -> str:
    """The commit's name, or a hash of the files where they are not just a commit's."""
    if snapshot.commit is not None and not snapshot.uncommitted:
        return f"commit:{snapshot.commit}"
    digest = hashlib.sha256(f"{snapshot.commit}\n".encode())
    for path in snapshot.files:
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0")
        file = snapshot.root / path
        if file.is_symlink():
            digest.update(str(file.readlink()).encode("utf-8", "surrogateescape"))
        elif file.is_file():
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return f"files:{digest.hexdigest()}"


def reuse_of(
    snapshot: Snapshot,
    surroundings: Surroundings,
    environment: Environment,
    isolation: str,
) -> Reuse | None:
    """What the user's cache has of a repository under these conditions."""
    if not surroundings.caching.is_on:
        return None
    return Reuse(
        user_entries(),
        surroundings.caching,
        snapshot,
        environment,
        conditions=(surroundings.limits.model_dump_json(), isolation),
        of_tests=(
            surroundings.environment,
            f"{surroundings.is_offline} {surroundings.from_source}",
            str(surroundings.signals),
            platform.platform(),
        ),
    )


def _without_tests(
    kept: Mapping[str, Measurement], checkers: Mapping[str, Checker[Options]]
) -> dict[str, Measurement]:
    """Those that neither run the project's own code nor ask for its environment."""
    found = {}
    for name, measurement in kept.items():
        checker = checkers[measurement.checker]
        options = checker.options_type().model_validate(measurement.options)
        if not checker.needs_project(options):
            found[name] = measurement
    return found


def still_holding(
    earlier: Earlier | None,
    content: str,
    plan: str,
    checkers: Mapping[str, Checker[Options]],
) -> dict[str, Measurement]:
    """What of an earlier run still holds: same files, same conditions, same tools."""
    if earlier is None:
        return {}
    before = earlier.evidence
    if (before.content, before.plan, before.generator) != (content, plan, generator()):
        return {}
    kept = {}
    for measurement in before.measurements:
        checker = checkers.get(measurement.checker)
        if checker is not None and checker.is_live:
            continue
        if isinstance(measurement.outcome, Failed):
            holds = not earlier.retries
        else:
            holds = (
                checker is not None
                and measurement.tools == checker.tool_versions()
                and not checker.needs_history
                and not may_say_more(checker, measurement.outcome)
            )
        if holds:
            kept[key(measurement)] = measurement
    return kept


def _repository_facts(captured: Capture) -> RepositoryFacts:
    snapshot, history = captured.snapshot, captured.snapshot.history
    left_out = snapshot.all_left_out
    beyond = [f"{len(left_out) - LISTED:,} more files are left out, not listed here."]
    beyond = beyond if len(left_out) > LISTED else []
    return RepositoryFacts(
        name=snapshot.name,
        source=captured.source,
        commit=snapshot.commit,
        uncommitted=snapshot.uncommitted,
        files=len(snapshot.files),
        python_files=len(snapshot.python_files),
        source_files=len(snapshot.source_files),
        lines=snapshot.lines("all"),
        left_out=tuple(
            LeftOutFile(path=one.path, reason=one.reason) for one in left_out[:LISTED]
        ),
        notes=(*captured.notes, *beyond),
        commit_time=_stated(history),
        commit_author=history.commits[0].author_name if history else None,
        commits=len(history.commits) if history else None,
        authors=history.authors if history else None,
        history_is_truncated=history.is_truncated if history else False,
        web=captured.web,
    )


def _is_lasting(captured: Capture) -> bool:
    """Whether every time that is claimed was over: a clock that goes on changes nothing."""
    history = captured.snapshot.history
    if history is None:
        return not captured.later
    commits = (*history.commits, *captured.later)
    claims = [
        *(time for one in commits for time in (one.authored, one.committed)),
        *(tag.made for tag in history.tags if tag.made is not None),
    ]
    read_at = history.read_at
    return read_at is not None and all(
        claim.utc is None or claim.utc <= read_at for claim in claims
    )


def _stated(history: History | None) -> str | None:
    moment = history.commits[0].committed.utc if history else None
    return moment.isoformat(timespec="seconds") if moment else None


def _deadline_facts(captured: Capture, which: Which) -> DeadlineFacts | None:
    if which.deadline is None:
        return None
    return DeadlineFacts(
        until=which.deadline.isoformat(timespec="seconds"),
        claimed=_stated(captured.snapshot.history),
        later=tuple(_later(commit) for commit in captured.later[:LATER_LISTED]),
        later_count=len(captured.later),
        extension=which.extension,
    )


def _later(commit: Commit) -> LaterCommit:
    claimed = commit.committed.utc
    return LaterCommit(
        hash=commit.hash,
        author=commit.author_name,
        claimed=claimed.isoformat(timespec="seconds") if claimed else "not a time",
        subject=commit.subject,
    )
