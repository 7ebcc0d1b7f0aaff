"""What is said of each line of the checklist of pull requests."""

from collections.abc import Sequence

from grader.checkers._checklist import Checklist
from grader.checkers._pull_requests_counted import Counted
from grader.checkers._pull_requests_criteria import PullRequestsOptions
from grader.model.hosted import Hosted

# Of one sentence.
_NAMED = 10
# Lines of which nothing can hold where nothing was merged.
_OF_MERGED = (
    *("several_authors", "mostly_approved", "several_reviewers"),
    *("reviews_say_something", "no_self_merges", "mostly_checked"),
)


class Answers:
    """What is said of each line: numbers of pull requests, and no person's name."""

    def __init__(
        self, hosted: Hosted, counted: Counted, options: PullRequestsOptions
    ) -> None:
        self._counted, self._options = counted, options
        moment = hosted.until
        self._by = f" by {moment.isoformat(' ', 'minutes')}" if moment else ""
        self._where = f"{hosted.repository}{self._by}"
        self._has_more = hosted.has_more_commits

    def give(self, checklist: Checklist) -> None:
        """Answer every line."""
        self._of_commits(checklist)
        self._of_releases(checklist)
        counted, options = self._counted, self._options
        merged = len(counted.merged)
        bots = f", {counted.of_bots} by bots aside" if counted.of_bots else ""
        checklist.answer(
            "used",
            f"{merged} of {counted_as(len(counted.opened), 'pull request')} of {self._where} "
            f"were merged{bots}; {options.merged} are asked for.",
            (),
            holds=merged >= options.merged,
        )
        if not merged:
            for name in _OF_MERGED:
                checklist.no(
                    name, f"No pull request of {self._where} was merged{bots}."
                )
            return
        checklist.answer(
            "several_authors",
            f"The merged pull requests are of {counted_as(counted.authors, 'person')}; "
            f"{options.authors} are asked for.",
            (),
            holds=counted.authors >= options.authors,
        )
        self._share(
            checklist,
            "mostly_approved",
            "had been approved by somebody else",
            counted.approved,
            options.approved_share,
        )
        checklist.answer(
            "several_reviewers",
            f"{counted_as(counted.reviewers, 'person')} reviewed what others had written, "
            f"before it was merged; {options.reviewers} are asked for.",
            (),
            holds=counted.reviewers >= options.reviewers,
        )
        checklist.answer(
            "reviews_say_something",
            f"{counted_as(counted.written, 'review')} of others' work with at least "
            f"{counted_as(options.review_words, 'word')}, or comments on lines; "
            f"{options.written_reviews} are asked for.",
            (),
            holds=counted.written >= options.written_reviews,
        )
        alone = counted.self_merged
        checklist.answer(
            "no_self_merges",
            f"{len(alone)} of {counted_as(merged, 'merged pull request')} were merged by "
            f"their authors without anybody's approval{':' * bool(alone)}{_listed(alone)}.",
            (),
            holds=len(alone) <= options.self_merged,
        )
        self._share(
            checklist,
            "mostly_checked",
            "had checks that all passed",
            counted.green,
            options.checked_share,
        )

    def _share(
        self,
        checklist: Checklist,
        name: str,
        said: str,
        those: Sequence[int],
        asked: float,
    ) -> None:
        merged = self._counted.merged
        others = [number for number in merged if number not in set(those)]
        without = f"; not{_listed(others)}" if others else ""
        checklist.answer(
            name,
            f"{len(those)} of {counted_as(len(merged), 'merged pull request')} {said}{without}. "
            f"{_percent(asked)} are asked for.",
            (),
            holds=_is_share(len(those), len(merged), asked),
        )

    def _of_commits(self, checklist: Checklist) -> None:
        commits, asked = self._counted.commits, self._options.by_pull_request_share
        every = commits.brought + len(commits.direct)
        if not every:
            checklist.no(
                "few_direct_commits",
                f"The main branch of {self._where} has no commit beside its first and "
                "those of bots.",
            )
            return
        newest = "newest " if self._has_more else ""
        bots = f" ({commits.of_bots} of bots left aside)" if commits.of_bots else ""
        hashes = ", ".join(one[:7] for one in commits.direct[:_NAMED])
        more = ", …" if len(commits.direct) > _NAMED else ""
        without = f"; not {hashes}{more}" if hashes else ""
        checklist.answer(
            "few_direct_commits",
            f"{commits.brought} of the {counted_as(every, f'{newest}commit')} of the main "
            f"branch{self._by} came by a pull request{bots}{without}. "
            f"{_percent(asked)} are asked for.",
            (),
            holds=_is_share(commits.brought, every, asked),
        )

    def _of_releases(self, checklist: Checklist) -> None:
        found, asked = self._counted.releases, self._options.releases
        beside = [counted_as(found.early, "pre-release")] if found.early else []
        beside += [f"{found.beside} of no commit on it"] if found.beside else []
        but = f", {' and '.join(beside)} aside" if beside else ""
        checklist.answer(
            "released",
            f"{self._where} has {counted_as(found.final, 'published release')} of its main "
            f"branch{but}; "
            f"{asked} {'is' if asked == 1 else 'are'} asked for.",
            (),
            holds=found.final >= asked,
        )


def _is_share(count: int, every: int, asked: float) -> bool:
    # 0.7 * 10 is more than 7 to a computer.
    return count >= asked * every - 1e-9


def counted_as(count: int, noun: str) -> str:
    """Such as `1 review`, `2 people`."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} people" if noun == "person" else f"{count} {noun}s"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _listed(numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    more = ", …" if len(numbers) > _NAMED else ""
    return f" {', '.join(f'#{one}' for one in numbers[:_NAMED])}{more}"
