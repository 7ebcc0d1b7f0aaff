"""Who made the commits of a history: persons told apart, bots and assistants set aside."""

import pytest

from grader.codebase.contributors import Contributions, kind_of
from grader.model.history import Person
from tests.histories import history

GITHUB = "users.noreply.github.com"


def people(*signatures: str) -> list[set[str]]:
    """The signatures by person, each with one commit."""
    lines = (
        f"2026-03-02 10:{at:02} {one}: Commit {at}" for at, one in enumerate(signatures)
    )
    found = Contributions(history("\n".join(lines))).people
    return [{*one.names, *one.addresses} for one in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana <ana.costa@uni.edu>", "A. Costa <ANA.COSTA@UNI.EDU>"),
        ("Ana Costa <ana@uni.edu>", "ana costa <ana@home.net>"),
        ("José Núñez <jn@uni.edu>", "Jose Nunez <pepe@home.net>"),
        ("Ana <a@uni.edu>", f"Ana <12345+acosta@{GITHUB}>"),
        (f"Ana <12345+old-name@{GITHUB}>", f"AC <12345+acosta@{GITHUB}>"),
        (f"Ana <acosta@{GITHUB}>", f"AC <12345+ACosta@{GITHUB}>"),
        ("a-costa <a@uni.edu>", f"Ana <12345+a-costa@{GITHUB}>"),
        ("Ana <anacosta@uni.edu>", f"AC <12345+anacosta@{GITHUB}>"),
        ("Ana <anacosta@uni.edu>", "AC <anacosta@home.net>"),
        ("Ana Costa (aider) <x@uni.edu>", "Ana Costa <y@uni.edu>"),
    ],
)
def test_signatures_of_one_person_are_told(one: str, other: str) -> None:
    assert len(people(one, other)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana Costa <ana@uni.edu>", "Ana Diaz <ana@home.net>"),
        ("root <root@localhost>", "root <root@box.local>"),
        ("Ana <you@example.com>", "Ben <you@example.com>"),
        ("Your Name <a@uni.edu>", "Your Name <b@uni.edu>"),
        (
            "Ana <ubuntu@ip-10-0-0-1.ec2.internal>",
            "Ben <ubuntu@ip-10-0-0-1.ec2.internal>",
        ),
        (f"Ana <12345+acosta@{GITHUB}>", f"Ben <67890+bode@{GITHUB}>"),
    ],
)
def test_different_people_are_not_made_one(one: str, other: str) -> None:
    assert len(people(one, other)) == 2


def test_a_chain_of_signatures_is_one_person_with_the_usual_name_first() -> None:
    (found,) = people(
        "acosta <a@uni.edu>",
        f"Ana Costa <12345+acosta@{GITHUB}>",
        "Ana Costa <ana@home.net>",
    )
    assert {"acosta", "Ana Costa", "ana@home.net", "a@uni.edu"} <= found


@pytest.mark.parametrize(
    ("name", "email", "kind"),
    [
        ("dependabot[bot]", f"49699333+dependabot[bot]@{GITHUB}", "bot"),
        ("github-actions", "github-actions@github.com", "bot"),
        ("GitHub Action", "action@github.com", "bot"),
        ("pre-commit-ci[bot]", "x@uni.edu", "bot"),
        ("semantic-release-bot", "semantic-release-bot@martynus.net", "bot"),
        ("our ci bot", "ci@uni.edu", "bot"),
        ("GitHub", "noreply@github.com", "bot"),
        ("Claude", "noreply@anthropic.com", "assistant"),
        ("Claude Opus 4.5", "noreply@anthropic.com", "assistant"),
        ("Copilot", f"175728472+Copilot@{GITHUB}", "assistant"),
        ("copilot-swe-agent[bot]", f"198982749+Copilot@{GITHUB}", "assistant"),
        ("Cursor Agent", "cursoragent@cursor.com", "assistant"),
        ("google-labs-jules[bot]", f"161369871+jules[bot]@{GITHUB}", "assistant"),
        ("Claude Monet", "claude@uni.edu", "person"),
        ("Devin Abbot", "devin@uni.edu", "person"),
        ("Talbot", "talbot@uni.edu", "person"),
        ("", "ana@uni.edu", "person"),
        ("", "", "nobody"),
    ],
)
def test_bots_and_assistants_are_told_from_people(
    name: str, email: str, kind: str
) -> None:
    assert kind_of(Person(name, email)) == kind


def test_each_of_several_is_credited_once_and_shares_what_they_made() -> None:
    done = Contributions(history("""\
2026-03-02 10:00 Ana Costa <ana@uni.edu>: Read the raw data
    Co-authored-by: Ben Ode <ben@uni.edu>
    Co-authored-by: ana costa <ana@home.net>
    Co-authored-by: Copilot <copilot@users.noreply.github.com>
2026-03-03 10:00 Ben Ode <ben@uni.edu> merges: Merge branch 'data'
2026-03-04 10:00 dependabot[bot] <x@uni.edu>: Bump black
"""))
    ana, ben = done.people
    assert (len(ana.authored), len(ana.co_authored), len(ana.merges)) == (1, 0, 0)
    assert (len(ben.authored), len(ben.co_authored), len(ben.merges)) == (0, 1, 1)
    assert (ana.share, ben.share) == (0.5, 0.5)
    assert (len(done.work), len(done.by_bots), len(done.assisted)) == (1, 1, 1)
    assert len(done.shared) == 1


def test_what_an_agent_commits_for_a_person_is_that_persons() -> None:
    done = Contributions(history("""\
2026-03-02 10:00 copilot-swe-agent[bot] <x@users.noreply.github.com>: Add a retry
    Co-authored-by: Ana Costa <ana@uni.edu>
"""))
    assert [one.names for one in done.people] == [("Ana Costa",)]
    assert len(done.assisted) == len(done.work) == 1
    assert done.by_bots == ()
