"""What besides marks and findings is another in two reports, and which of it moves marks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from grader.model.comparison import Difference, ItemChange
from grader.model.report import Report
from grader.model.score import ItemResult, ItemScore, mark_of

# As many packages as a sentence names.
_NAMED = 6


@dataclass(frozen=True)
class _Fact:
    """A fact that both reports state, as text; `what` begins the sentence on it."""

    about: str
    what: str
    before: str
    after: str
    is_ruler: bool = True


def differences(
    was: Report, now: Report, items: Sequence[ItemChange]
) -> tuple[Difference, ...]:
    """What else is another in two reports; `items` are theirs, compared."""
    facts = (
        _Fact("repository", "The repository", _whose(was), _whose(now), False),
        _Fact("commit", "The commit", _commit(was), _commit(now), False),
        _Fact("deadline", "The deadline", _deadline(was), _deadline(now), False),
        _Fact("rubric", "The rubric", _rubric(was), _rubric(now)),
        _Fact("grader", "The grader", _grader(was), _grader(now)),
        _Fact("isolation", "The isolation", was.isolation, now.isolation),
        _Fact("python", "The grader's Python", was.python, now.python),
        _Fact("platform", "The platform", was.platform, now.platform),
    )
    found = [
        Difference.model_validate(
            {
                "about": fact.about,
                "statement": f"{fact.what}: {fact.before}, then {fact.after}.",
                "is_ruler": fact.is_ruler,
            }
        )
        for fact in facts
        if fact.before != fact.after
    ]
    found += _tools(was, now)
    found += _classes(items)
    found += _environments(was, now)
    found += _graded(items)
    return tuple(found)


def _whose(report: Report) -> str:
    group = f"{report.submission.group}, " if report.submission else ""
    return f"{group}{report.repository.source}"


def _commit(report: Report) -> str:
    repository = report.repository
    commit = repository.commit[:12] if repository.commit else "not under git"
    return f"{commit} with uncommitted changes" if repository.uncommitted else commit


def _deadline(report: Report) -> str:
    deadline = report.submission.deadline if report.submission else None
    return deadline.until if deadline else "none"


def _rubric(report: Report) -> str:
    rubric = report.rubric
    return f"{rubric.name}, version {rubric.version} (SHA-256 {rubric.digest[:12]})"


def _grader(report: Report) -> str:
    return str(report.generator)


def _tools(was: Report, now: Report) -> list[Difference]:
    """A sentence for each tool whose version is another, with the items it measured."""
    changed: dict[str, list[str]] = defaultdict(list)
    before = {check.id: check.measurement for check in was.checks}
    for check in now.checks:
        pair = (before.get(check.id), check.measurement)
        if pair[0] is None or pair[1] is None or pair[0].checker != pair[1].checker:
            continue
        # What failed says nothing of the tools it would have used.
        if not pair[0].tools or not pair[1].tools:
            continue
        versions = [
            {tool.name: tool.version for tool in one.tools} for one in pair if one
        ]
        for name in sorted({*versions[0], *versions[1]}):
            first, second = (one.get(name, "none") for one in versions)
            if first != second:
                changed[f"{name} {first}, then {second}"].append(check.id)
    return [
        Difference(
            about="tools", statement=f"{text} ({', '.join(keys)}).", is_ruler=True
        )
        for text, keys in changed.items()
    ]


def _classes(items: Sequence[ItemChange]) -> list[Difference]:
    """The items of which the reports show that they were held against another class."""
    found = [
        item.item
        for item in items
        if isinstance(item.before, ItemScore)
        and isinstance(item.after, ItemScore)
        and _is_another_class(item.before, item.after)
    ]
    if not found:
        return []
    statement = f"The class that marks compare with is another for {', '.join(found)}."
    return [Difference(about="class", statement=statement, is_ruler=True)]


def _is_another_class(was: ItemScore, now: ItemScore) -> bool:
    if was.is_alone != now.is_alone:
        return True
    before = {(one.function, one.quantity): one for one in was.trace.compared}
    after = {(one.function, one.quantity): one for one in now.trace.compared}
    return any(
        before[same].groups != after[same].groups
        or before[same].value == after[same].value
        and (before[same].result, before[same].text)
        != (after[same].result, after[same].text)
        for same in before.keys() & after.keys()
    )


def _environments(was: Report, now: Report) -> list[Difference]:
    """What the tests ran in; packages move with the repository's manifests as well."""
    if was.environment is None or now.environment is None:
        return []
    before, after = was.environment, now.environment
    found = []
    if (before.mode, before.python_used) != (after.mode, after.python_used):
        found.append(
            Difference(
                about="environment",
                statement=f"The tests ran in an environment that was {before.mode} with "
                f"Python {before.python_used}, then {after.mode} with Python "
                f"{after.python_used}.",
                is_ruler=before.mode != after.mode,
            )
        )
    packages = sorted({*before.installed} ^ {*after.installed})
    if packages:
        named = ", ".join(
            f"{'+' if one in after.installed else '-'}{one}"
            for one in packages[:_NAMED]
        )
        more = len(packages) - _NAMED
        named += f" and {more} more" if more > 0 else ""
        statement = f"The tests ran with other packages: {named}."
        found.append(
            Difference(about="environment", statement=statement, is_ruler=False)
        )
    return found


def _graded(items: Sequence[ItemChange]) -> list[Difference]:
    """That the totals are over different items, which can move them by itself."""
    graded = [(one.item, _has_mark(one.before), _has_mark(one.after)) for one in items]
    only_old = [key for key, before, after in graded if before and not after]
    only_new = [key for key, before, after in graded if after and not before]
    if not only_old and not only_new:
        return []
    parts = [
        f"{what}: {', '.join(keys)}"
        for what, keys in (
            ("graded before only", only_old),
            ("graded after only", only_new),
        )
        if keys
    ]
    statement = f"The totals are over different items ({'; '.join(parts)})."
    return [Difference(about="graded-share", statement=statement, is_ruler=True)]


def _has_mark(result: ItemResult | None) -> bool:
    return result is not None and mark_of(result) is not None
