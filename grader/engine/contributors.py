"""What a history says of each person, kept apart from everything that students get."""

from grader.codebase.claimed_times import made_at
from grader.codebase.contributors import Contributions, Someone
from grader.model.contributors import Contributor
from grader.model.history import History

# A group has ten; a fork of something large would have hundreds.
MOST_PEOPLE = 100
MOST_SIGNATURES = 5


def contributors_of(history: History | None) -> tuple[Contributor, ...]:
    """Everybody with a part in the commits, the greatest first; nobody outside git."""
    if history is None:
        return ()
    people = Contributions(history).people[:MOST_PEOPLE]
    return tuple(_figures(one, history) for one in people)


def _figures(someone: Someone, history: History) -> Contributor:
    every = (*someone.authored, *someone.co_authored, *someone.merges)
    times = [time for one in every if (time := made_at(one, history)) is not None]
    return Contributor(
        names=someone.names[:MOST_SIGNATURES],
        addresses=someone.addresses[:MOST_SIGNATURES],
        commits=len(someone.authored),
        co_authored=len(someone.co_authored),
        merges=len(someone.merges),
        share=min(1.0, someone.share),
        first=min(times).date().isoformat() if times else None,
        last=max(times).date().isoformat() if times else None,
    )
