"""The checker `git-workflow`: people, times, merges, messages and tags of a history."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from grader.checkers._base import Bench
from grader.checkers._git_workflow_merges import merged_by
from grader.checkers._git_workflow_messages import (
    is_conventional,
    is_imperative,
    says_what,
)
from grader.checkers._git_workflow_options import GitWorkflowOptions
from grader.checkers.git_workflow import GitWorkflow
from grader.errors import CannotMeasure
from grader.model.history import Commit, History, Tag, Time
from grader.model.measurement import Measured
from tests.checkers.conftest import told
from tests.conftest import MakeSnapshot
from tests.histories import history

STEPS = """\
2026-03-02 10:00 Ana Costa <ana@uni.edu>: Read the raw data
2026-03-03 10:00 Ben Ode <ben@uni.edu>: Validate ranges of ages
2026-03-04 10:00 Ana Costa <ana@uni.edu>: Train a baseline
"""


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> "Measure":
    return Measure(make_snapshot, bench)


class Measure:
    """Measures a history, given as it is or as text."""

    def __init__(self, make_snapshot: MakeSnapshot, bench: Bench) -> None:
        self._snapshot = make_snapshot({"README.md": ""})
        self._bench = bench

    def __call__(
        self, given: str | History | None, options: GitWorkflowOptions | None = None
    ) -> Measured:
        found = history(given) if isinstance(given, str) else given
        snapshot = replace(self._snapshot, history=found)
        result = GitWorkflow().measure(
            snapshot, options or GitWorkflowOptions(), self._bench
        )
        assert isinstance(result.outcome, Measured)
        return result.outcome


def test_a_folder_without_a_history_is_not_graded_rather_than_marked_down(
    measured: Measure,
) -> None:
    with pytest.raises(CannotMeasure, match="no git history"):
        measured(None)


def test_a_history_that_was_cut_off_is_not_graded_and_says_how_to_mend_it(
    measured: Measure,
) -> None:
    with pytest.raises(CannotMeasure, match="git fetch --unshallow"):
        measured(history(STEPS, is_truncated=True))


def test_no_answer_and_no_finding_names_a_person_or_quotes_a_message(
    measured: Measure,
) -> None:
    outcome = measured("""\
2026-03-02 10:00 Ana Costa <ana@uni.edu>: For Ana Costa: read the raw data
2026-03-03 10:00 Ben Ode <ben@uni.edu>: update
    Co-authored-by: Zoe Quist <zoe@uni.edu>
2026-03-03 11:00 Ben Ode <ben@uni.edu> merges: Merge branch 'quist-and-costa'
tag v1.0.0-zoe.quist
2026-03-03 12:00 Ben Ode <ben@uni.edu>: update
""")
    said = outcome.model_dump_json().casefold()
    for word in ("ana", "costa", "ben", "ode", "zoe", "quist", "uni.edu"):
        assert f" {word}" not in said and f"{word}@" not in said, word
    assert "quist" not in said


def test_a_deadline_ends_the_last_hours_and_without_one_the_newest_commit_does(
    measured: Measure,
) -> None:
    assert measured(STEPS).values["last_day_share"] == pytest.approx(1 / 3)
    later = datetime(2026, 3, 10, tzinfo=UTC)
    assert measured(history(STEPS, deadline=later)).values["last_day_share"] == 0


def test_an_annotated_tag_that_claims_to_be_of_after_the_deadline_earns_nothing(
    measured: Measure,
) -> None:
    deadline = datetime(2026, 3, 5, tzinfo=UTC)
    before = history(STEPS, deadline=deadline)
    newest = before.commits[0].hash
    for day, holds in ((4, 1), (6, 0)):
        made = Time(datetime(2026, 3, day, tzinfo=UTC), "")
        tagged = replace(before, tags=(Tag("v1.0.0", newest, made),))
        assert measured(tagged).values["version_tag"] == holds
    elsewhere = replace(before, tags=(Tag("v1.0.0", "f" * 40),))
    assert measured(elsewhere).values["version_tag"] == 0


def test_tags_are_named_whole_where_nobodys_words_are_in_them(
    measured: Measure,
) -> None:
    names = ("v1.0.0-209f5bf", "v1.0.0-a01b2c3", "v1.0.0-rc1", "v1.0.0-zoe", "v1.0.0")
    before = history(STEPS)
    newest = before.commits[0].hash
    tagged = replace(before, tags=tuple(Tag(name, newest) for name in names))
    outcome = measured(tagged)
    assert outcome.values["version_tags"] == 5
    said = told(outcome, "version_tag")
    assert said == "Tagged: v1.0.0-209f5bf, v1.0.0-a01b2c3, v1.0.0-rc1, v1.0.0."


def test_the_instructor_sets_from_where_on_a_line_holds(measured: Measure) -> None:
    options = GitWorkflowOptions(authors=2, commits_each=1, commits=3, days=3)
    values = measured(STEPS, options).values
    held = ("several_authors", "small_steps", "over_time")
    assert [values[name] for name in held] == [1, 1, 1]
    assert [measured(STEPS).values[name] for name in held] == [0, 0, 0]


def test_what_the_course_gave_the_group_to_begin_with_is_in_no_number(
    measured: Measure,
) -> None:
    options = GitWorkflowOptions(since="2026-03-04")
    values = measured(f"{STEPS}tag v1.0.0", options).values
    assert (values["commits"], values["authors"], values["version_tags"]) == (1, 1, 1)


def test_commits_that_git_did_not_write_count_for_nobody(measured: Measure) -> None:
    nothing = Time(None, "yesterday")
    odd = Commit("a" * 40, "", "", nothing, nothing, 0, "")
    outcome = measured(History(commits=(odd,) * 50, is_truncated=False))
    values = outcome.values
    assert (values["commits"], values["authors"], values["days"]) == (0, 0, 0)
    assert "50 commits that nobody signed" in outcome.model_dump_json()


def test_work_by_several_is_shared_and_merges_add_nothing(measured: Measure) -> None:
    outcome = measured("""\
2026-03-02 10:00 Ana Costa <ana@uni.edu>: Read the raw data
    Co-authored-by: Ben Ode <ben@uni.edu>
2026-03-02 11:00 Ana Costa <ana@uni.edu>: Train a baseline
2026-03-03 10:00 Ben Ode <ben@uni.edu> merges: Merge branch 'feat'
""")
    values = outcome.values
    assert values["largest_share"] == pytest.approx(0.75)
    assert (values["commits"], values["merge_commits"]) == (2, 1)
    assert values["co_authored_commits"] == 1


def test_a_large_hostile_history_is_measured_quickly_enough_to_end(
    measured: Measure,
) -> None:
    time = Time(datetime(2026, 3, 2, tzinfo=UTC), "")
    words = ("((((" * 50, "feat(" * 40, "Merge branch '" * 14, "a " * 100, "(#1) " * 40)
    commits = tuple(
        Commit(
            *(f"{at:040x}", f"{at} " + "x[bo" * 40, f"{at}+" + "a@" * 80, time, time),
            parents=at % 3,
            subject=words[at % len(words)],
        )
        for at in range(2_000)
    )
    values = measured(History(commits=commits, is_truncated=False)).values
    assert values["authors"] > 500


@pytest.mark.parametrize(
    ("subject", "holds"),
    [
        ("Validate ranges of ages", True),
        ("feat(api)!: serve batches", True),
        ("Initial commit", True),
        ("Fix typo in README", True),
        ("añade validación de edades", True),
        ("数据验证模块完成", True),
        ('Revert "update"', True),
        ("Serve predictions (#12)", True),
        ("update", False),
        ("Update README.md", False),
        ("Create .gitignore", False),
        ("Add files via upload", False),
        ("fix: bug", False),
        ("asdf", False),
        (".", False),
        ("", False),
        ("final final version 2", False),
        ("minor changes", False),
        ("commit Wed 19 Jul 2023 09:23:04 EDT", False),
        ("wip (#3)", False),
        ("....................", False),
        ("\u202e\u200b", False),
    ],
)
def test_a_message_says_what_changed_in_words_that_do_not_fit_any_commit(
    subject: str, holds: bool
) -> None:
    assert says_what(subject) is holds


@pytest.mark.parametrize(
    ("subject", "conventional", "imperative"),
    [
        ("feat: read the raw data", True, False),
        ("fix(api)!: rename the target", True, False),
        ("Docs(readme): how to deploy", True, False),
        ("feat:read the raw data", False, False),
        ("feature/data: read", False, False),
        ("Add a retry", False, True),
        ("add: a retry", False, True),
        ("Added a retry", False, False),
        ("Adding a retry", False, False),
        ("", False, False),
    ],
)
def test_a_form_is_a_type_or_a_verb_as_a_command(
    subject: str, conventional: bool, imperative: bool
) -> None:
    assert is_conventional(subject) is conventional
    assert is_imperative(subject) is imperative


@pytest.mark.parametrize(
    ("subject", "branch"),
    [
        ("Merge branch 'feat/x'", "feat/x"),
        ("Merge branch 'feat/x' into 'main'", "feat/x"),
        ("Merge branch 'feat/x' into develop", "feat/x"),
        ("Merge remote-tracking branch 'origin/feat/x'", "feat/x"),
        ("Merge pull request #7 from team/feat/x", "feat/x"),
        ("Merge pull request #7 from somebody:main", "main"),
        ("Merged in feat/x (pull request #7)", "feat/x"),
        ("Bring the API in (#7)", ""),
        ("Merged PR 7: Bring the API in", ""),
        ("Merge branch 'develop'", "develop"),
        ("Resolve conflicts", None),
        ("Merge branch 'develop' into feat/x", None),
        ("Merge branch 'main' into feat/x", None),
        ("Merge branch 'upstream:main' into main", None),
        ("Merge remote-tracking branch 'refs/remotes/origin/main'", None),
        ("Merge branch 'feat/x' of https://github.com/team/project", None),
        ("Merge branch 'feat/x' of github.com:team/project into feat/x", None),
        ("Merge remote-tracking branch 'origin/main'", None),
        ("Merge remote-tracking branch 'origin/feat/x' into feat/x", None),
        ("Merge pull request #7 from team/renovate/black", None),
    ],
)
def test_the_words_of_a_merge_tell_which_branch_came_in(
    subject: str, branch: str | None
) -> None:
    (merge,) = history(f"2026-03-02 10:00 A <a@uni.edu> merges: {subject}").commits
    assert [one.branch for one in merged_by([merge])] == (
        [] if branch is None else [branch]
    )
