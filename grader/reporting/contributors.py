"""Each person's part in the commits, as CSV: for whoever grades, in nothing that is handed out."""

from collections.abc import Iterable, Iterator, Sequence

from grader.model.contributors import Contributor
from grader.reporting.class_rows import Scaled, Value
from grader.reporting.csv import table

_COLUMNS = (
    *("group", "name", "other_names", "addresses"),
    *("commits", "co_authored", "merges", "share", "first", "last"),
)


def contributors_csv(groups: Iterable[tuple[str, Sequence[Contributor]]]) -> str:
    """A row for each group and person, the greatest part first.

    `share` is 0..1, of the commits of people without merges. Names, addresses and days are
    what commits claim.
    """
    return table(_COLUMNS, _rows(groups))


def _rows(
    groups: Iterable[tuple[str, Sequence[Contributor]]],
) -> Iterator[Sequence[Value]]:
    for group, people in groups:
        for one in people:
            yield (
                group,
                one.names[0] if one.names else "",
                "; ".join(one.names[1:]),
                "; ".join(one.addresses),
                one.commits,
                one.co_authored,
                one.merges,
                Scaled(one.share, 1),
                one.first or "",
                one.last or "",
            )
