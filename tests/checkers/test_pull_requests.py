"""The checker of pull requests: each line with what earns it, what only looks so, nothing.

A host is what is asked here, so there are no examples of files: these tables stand for them.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from grader.checkers._base import Bench
from grader.checkers._pull_requests_criteria import CRITERIA, PullRequestsOptions
from grader.checkers._registry import installed
from grader.checkers.pull_requests import PullRequests
from grader.engine.declared import refuse_undeclared
from grader.engine.items import catalogue
from grader.errors import CannotMeasure
from grader.model.hosted import (
    Account,
    Hosted,
    HostedCommit,
    PullRequest,
    Release,
    Review,
    Verdict,
)
from grader.model.measurement import Measured
from grader.rubric.formula import parse
from grader.rubric.load import load_rubric
from grader.rubric.named import named
from tests.conftest import MakeSnapshot

BEGIN = datetime(2026, 3, 1, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADA, BEN, EVE = (Account(name, is_bot=False) for name in ("ada", "ben", "eve"))
BOT = Account("helper", is_bot=True)


def review(
    who: Account | None, verdict: Verdict = "approved", hours: int = 1, words: int = 5
) -> Review:
    return Review(who, verdict, BEGIN + hours * HOUR, words)


def pull(
    number: int,
    author: Account | None,
    *reviews: Review,
    by: Account | None = EVE,
    merged: datetime | None = BEGIN + DAY,
) -> PullRequest:
    return PullRequest(
        number, author, BEGIN, merged, by if merged else None, "success", reviews
    )


def commit(number: int, merged: datetime | None = BEGIN + DAY) -> HostedCommit:
    return HostedCommit(f"{number:040x}", BEGIN, merged)


ROOT = replace(commit(0, None), is_root=True)
# What earns every line.
GOOD = Hosted(
    host="github.com",
    repository="octo/prices",
    branch="main",
    pull_requests=(
        pull(1, ADA, review(BEN)),
        pull(2, BEN, review(ADA)),
        pull(3, ADA, review(BEN), by=ADA),
    ),
    commits=(commit(3), commit(2), commit(1), ROOT),
    releases=(Release(BEGIN + DAY, f"{3:040x}"),),
    requests=1,
    left=4_999,
)
NAMES = [criterion.name for criterion in CRITERIA]


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> "Measure":
    return Measure(make_snapshot, bench)


class Measure:
    """Measures what a host says."""

    def __init__(self, make_snapshot: MakeSnapshot, bench: Bench) -> None:
        self._snapshot, self._bench = make_snapshot({"README.md": ""}), bench

    def __call__(self, hosted: Hosted, **options: object) -> Measured:
        bench = replace(self._bench, hosted=lambda: hosted)
        chosen = PullRequestsOptions.model_validate(options)
        outcome = PullRequests().measure(self._snapshot, chosen, bench).outcome
        refuse_undeclared(installed().checkers["pull-requests"], outcome)
        assert isinstance(outcome, Measured)
        return outcome


def pulls(*found: PullRequest) -> Hosted:
    return replace(GOOD, pull_requests=found)


LATE = BEGIN + 9 * DAY
ONE_BY_ONE: Mapping[str, Hosted] = {
    "used: opened and closed, not merged": pulls(
        *(replace(one, merged=None) for one in GOOD.pull_requests)
    ),
    "used: a bot's": pulls(*(pull(n, BOT, review(ADA)) for n in (1, 2, 3))),
    "several_authors: one person's and a bot's": pulls(
        *(pull(n, ADA, review(BEN)) for n in (1, 2, 3)), pull(4, BOT, review(BEN))
    ),
    "several_authors: of somebody who is gone": pulls(
        pull(1, ADA, review(BEN)), pull(2, None, review(BEN)), pull(3, None)
    ),
    "few_direct_commits: pushed to main beside them": replace(
        GOOD, commits=(*GOOD.commits, commit(4, None))
    ),
    "few_direct_commits: nothing but the first commit": replace(GOOD, commits=(ROOT,)),
    "mostly_approved: commented only": pulls(
        *(pull(n, ADA, review(BEN, "commented")) for n in (1, 2, 3))
    ),
    "mostly_approved: by a bot": pulls(*(pull(n, ADA, review(BOT)) for n in (1, 2, 3))),
    "mostly_approved: by the author": pulls(
        *(pull(n, ADA, review(ADA)) for n in (1, 2, 3))
    ),
    "mostly_approved: once it was merged": pulls(
        *(pull(n, ADA, review(BEN, hours=48)) for n in (1, 2, 3))
    ),
    "mostly_approved: taken back": pulls(
        *(pull(n, ADA, review(BEN), review(BEN, "refused", hours=2)) for n in (1, 2, 3))
    ),
    "mostly_approved: dismissed": pulls(
        *(pull(n, ADA, review(BEN, "dismissed")) for n in (1, 2, 3))
    ),
    "mostly_approved: one of three": pulls(
        pull(1, ADA, review(BEN)), pull(2, BEN), pull(3, ADA)
    ),
    "several_reviewers: always the same": pulls(
        *(pull(n, ADA, review(BEN)) for n in (1, 2)), pull(3, EVE, review(BEN))
    ),
    "several_reviewers: authors who answer": pulls(
        pull(1, ADA, review(BEN), review(ADA, "commented")), pull(2, EVE, review(BEN))
    ),
    "several_reviewers: a bot": pulls(
        pull(1, ADA, review(BEN), review(BOT)), pull(2, EVE, review(BEN))
    ),
    "reviews_say_something: nothing, or LGTM": pulls(
        pull(1, ADA, review(BEN, words=0)), pull(2, BEN, review(ADA, words=1))
    ),
    "no_self_merges: merged alone": pulls(*GOOD.pull_requests, pull(4, ADA, by=ADA)),
    "no_self_merges: approved by a bot": pulls(pull(4, ADA, review(BOT), by=ADA)),
    "no_self_merges: nothing merged at all": pulls(),
    "mostly_checked: failed": pulls(
        *(replace(one, checks="failure") for one in GOOD.pull_requests)
    ),
    "mostly_checked: none": pulls(
        *(replace(one, checks="none") for one in GOOD.pull_requests)
    ),
    "released: a draft": replace(
        GOOD, releases=(Release(None, f"{3:040x}", is_draft=True),)
    ),
    "released: a draft again": replace(
        GOOD, releases=(Release(BEGIN, f"{3:040x}", is_draft=True),)
    ),
    "released: a pre-release": replace(
        GOOD, releases=(Release(BEGIN, f"{3:040x}", is_prerelease=True),)
    ),
    "released: of another branch": replace(
        GOOD, releases=(Release(BEGIN, f"{99:040x}"),)
    ),
    "released: a tag that is gone": replace(GOOD, releases=(Release(BEGIN, None),)),
}


def test_work_in_pull_requests_earns_every_line(measured: Measure) -> None:
    outcome = measured(GOOD)
    assert {name: outcome.values[name] for name in NAMES} == dict.fromkeys(NAMES, 1)
    assert outcome.findings == ()


@pytest.mark.parametrize("case", ONE_BY_ONE)
def test_what_only_looks_like_it_does_not_earn_the_line(
    measured: Measure, case: str
) -> None:
    assert measured(ONE_BY_ONE[case]).values[case.partition(":")[0]] == 0


def test_every_line_has_such_a_case() -> None:
    assert {case.partition(":")[0] for case in ONE_BY_ONE} == set(NAMES)


def test_a_repository_where_nobody_did_anything_earns_no_line(
    measured: Measure,
) -> None:
    outcome = measured(Hosted(host="github.com", repository="octo/prices"))
    assert [one.quantity for one in outcome.answers if one.holds] == []
    assert {"approved_share", "checked_share", "by_pull_request_share"}.isdisjoint(
        outcome.values
    )
    assert all(one.message and one.fix for one in outcome.findings)


def test_the_numbers_are_those_of_people(measured: Measure) -> None:
    outcome = measured(
        replace(
            GOOD,
            pull_requests=(
                *GOOD.pull_requests,
                pull(4, BEN, by=BEN),
                pull(5, EVE, merged=None),
                pull(6, BOT, review(ADA)),
            ),
            commits=(*GOOD.commits, commit(4, None)),
            releases=(*GOOD.releases, Release(BEGIN, f"{2:040x}", is_prerelease=True)),
        )
    )
    found = {name: outcome.values[name] for name in outcome.values if name not in NAMES}
    assert found == {
        "pull_requests": 5,
        "merged": 4,
        "authors": 2,
        "reviewers": 2,
        "approved_share": 0.75,
        "self_merged": 1,
        "checked_share": 1,
        "failed_checks": 0,
        "written_reviews": 3,
        "by_pull_request_share": 0.75,
        "direct_commits": 1,
        "releases": 1,
        "prereleases": 1,
    }


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(
            [replace(one, merged=LATE) for one in GOOD.pull_requests], id="merged"
        ),
        pytest.param(
            [replace(one, opened=LATE, merged=LATE) for one in GOOD.pull_requests],
            id="opened",
        ),
    ],
)
def test_what_came_after_the_deadline_counts_for_nothing(
    measured: Measure, late: list[PullRequest]
) -> None:
    there = replace(
        GOOD,
        pull_requests=tuple(late),
        commits=(*(commit(n, LATE) for n in (3, 2, 1)), ROOT),
        releases=(Release(LATE, f"{3:040x}"),),
    )
    assert all(measured(replace(there, until=LATE)).values[name] for name in NAMES)
    values = measured(replace(there, until=LATE - HOUR)).values
    assert [name for name in NAMES if values[name]] == []
    assert values["merged"] == values["releases"] == values["direct_commits"] == 0


def test_a_review_after_the_deadline_is_none_even_before_the_merge(
    measured: Measure,
) -> None:
    """The merge was after it as well, so that neither counts."""
    said = review(BEN, hours=24 * 8)
    there = pulls(*(pull(n, ADA, said, merged=LATE) for n in (1, 2, 3)))
    assert measured(there).values["approved_share"] == 1
    assert measured(replace(there, until=BEGIN + DAY)).values["reviewers"] == 0


def test_an_account_that_is_gone_can_have_approved_and_is_no_person(
    measured: Measure,
) -> None:
    values = measured(pulls(pull(1, None, review(None), by=None))).values
    assert (values["approved_share"], values["authors"], values["reviewers"]) == (
        1,
        0,
        0,
    )
    assert values["self_merged"] == 0


def test_a_comment_after_an_approval_takes_nothing_back(measured: Measure) -> None:
    later = review(BEN, "commented", hours=2)
    values = measured(pulls(pull(1, ADA, review(BEN), later))).values
    assert values["approved_share"] == 1


def test_commits_of_bots_are_left_aside_and_it_is_said(measured: Measure) -> None:
    pushed = replace(commit(4, None), is_by_bot=True)
    outcome = measured(replace(GOOD, commits=(*GOOD.commits, pushed)))
    assert outcome.values["direct_commits"] == 0
    assert outcome.values["by_pull_request_share"] == 1
    told = {one.quantity: one.told for one in outcome.answers}
    assert "1 of bots left aside" in told["few_direct_commits"]


def test_logins_that_the_rubric_calls_bots_are_bots(measured: Measure) -> None:
    values = measured(GOOD, bots=("Ben[bot]",)).values
    assert (values["merged"], values["reviewers"], values["approved_share"]) == (
        2,
        0,
        0,
    )


def test_the_rubric_says_how_much_is_asked_for(measured: Measure) -> None:
    strict = {"merged": 4, "authors": 3, "reviewers": 3, "releases": 2}
    values = measured(GOOD, **strict, written_reviews=9, review_words=6).values
    assert [name for name in NAMES if values[name]] == [
        "few_direct_commits",
        "mostly_approved",
        "no_self_merges",
        "mostly_checked",
    ]


@pytest.mark.parametrize("name", ["merged", "authors", "approved_share", "releases"])
def test_a_line_that_nothing_earns_can_t_be_asked_for(name: str) -> None:
    with pytest.raises(ValidationError):
        PullRequestsOptions.model_validate({name: 0})


@pytest.mark.parametrize(("of", "asked"), [(10, 0.7), (3, 0.1), (100, 0.29)])
def test_a_share_that_is_met_to_the_point_is_met(
    measured: Measure, of: int, asked: float
) -> None:
    met = round(of * asked + 0.4999)
    found = [pull(n, ADA, *([review(BEN)] * (n < met))) for n in range(of)]
    values = measured(pulls(*found), approved_share=asked).values
    assert values["mostly_approved"] == 1
    values = measured(pulls(*found[1:]), approved_share=met / of).values
    assert values["mostly_approved"] == 0


def test_more_reviews_than_were_read_are_no_answer(measured: Measure) -> None:
    full = replace(pull(12, ADA, review(BEN)), has_more_reviews=True)
    assert measured(pulls(full)).values["approved_share"] == 1
    with pytest.raises(CannotMeasure, match="#12 has more reviews"):
        measured(pulls(replace(full, reviews=(review(BEN, "commented"),))))


def test_a_release_of_an_older_commit_than_was_read_is_no_answer(
    measured: Measure,
) -> None:
    cut = replace(GOOD, has_more_commits=True)
    assert measured(cut).values["releases"] == 1
    with pytest.raises(CannotMeasure, match="older ones"):
        measured(replace(cut, releases=(Release(BEGIN, f"{99:040x}"),)))


def test_no_person_is_named_whatever_is_said(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    shy = Account("zaphod", is_bot=False)
    other = Account("trillian", is_bot=False)
    there = pulls(
        *(pull(n, shy, by=shy) for n in range(1, 30)), pull(40, other, review(shy))
    )
    for hosted in (there, GOOD, replace(there, pull_requests=())):
        asked = replace(bench, hosted=lambda hosted=hosted: hosted)  # type: ignore[misc]
        result = PullRequests().measure(make_snapshot({}), PullRequestsOptions(), asked)
        assert "zaphod" not in repr(result) and "trillian" not in repr(result)


def test_pull_requests_are_named_by_number_and_never_too_many(
    measured: Measure,
) -> None:
    there = pulls(*(pull(n, ADA, by=ADA) for n in range(1, 200)))
    told = {one.quantity: one.told for one in measured(there).answers}
    assert "#1, #2" in told["no_self_merges"]
    assert "#11" not in told["no_self_merges"] and "…" in told["no_self_merges"]


def test_what_it_took_is_said(make_snapshot: MakeSnapshot, bench: Bench) -> None:
    asked = replace(bench, hosted=lambda: GOOD)
    result = PullRequests().measure(make_snapshot({}), PullRequestsOptions(), asked)
    assert "read with 1 request; the token is good for 4,999 more" in result.population
    assert result.command is not None
    assert result.command.startswith("gh pr list --repo github.com/octo/prices ")


def test_nobody_is_asked_by_itself(make_snapshot: MakeSnapshot, bench: Bench) -> None:
    with pytest.raises(CannotMeasure):
        PullRequests().measure(make_snapshot({}), PullRequestsOptions(), bench)


UNREVIEWED = pulls(*(pull(n, who, by=who) for n, who in ((1, ADA), (2, BEN), (3, ADA))))
SOME = pulls(pull(1, ADA, review(BEN)), pull(2, BEN), pull(3, ADA), pull(4, BEN))
TIERS: Mapping[str, tuple[float, Hosted]] = {
    "every change reviewed, approved and green": (10, GOOD),
    "one of four without approval": (8, pulls(*GOOD.pull_requests, pull(4, ADA))),
    "one of four changes pushed to main": (
        8,
        replace(GOOD, commits=(*GOOD.commits, commit(4, None))),
    ),
    "one of three with checks that failed": (
        8,
        pulls(
            *GOOD.pull_requests[:2], replace(GOOD.pull_requests[2], checks="failure")
        ),
    ),
    "by both, reviews by some": (6, SOME),
    "half of the changes pushed to main": (
        6,
        replace(GOOD, commits=(*GOOD.commits, *(commit(n, None) for n in (4, 5, 6)))),
    ),
    "by both, reviews by none": (4, UNREVIEWED),
    "by one": (4, pulls(pull(1, ADA, by=ADA))),
    "none that was merged": (0, pulls(pull(1, ADA, merged=None))),
    "none": (0, Hosted(host="github.com", repository="octo/prices")),
}


@pytest.mark.parametrize("case", TIERS)
def test_the_first_assignments_tiers_are_those_of_its_rubric(
    measured: Measure, case: str
) -> None:
    mark, hosted = TIERS[case]
    loaded = load_rubric(named("first-assignment-2026"), catalogue(installed()))
    (item,) = [one for one in loaded.rubric.items if one.checker == "pull-requests"]
    values = measured(hosted, **item.options).values
    assert parse(item.score).evaluate(values).value == mark
