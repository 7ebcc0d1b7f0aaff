"""Each person's part in the commits of a repository: for whoever grades, in no report."""

from grader.model.measurement import Stored


class Contributor(Stored):
    """One person, by the names and addresses that their commits have, the usual one first.

    `commits` are those they are the author of and `co_authored` those that credit them,
    merges aside, which `merges` counts. `share` is their part in all commits of people, 0..1:
    one by several in equal parts. `first` and `last` are the days (UTC) that their commits
    claim; None where no claim can be believed.
    """

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    commits: int
    co_authored: int
    merges: int
    share: float
    first: str | None = None
    last: str | None = None
