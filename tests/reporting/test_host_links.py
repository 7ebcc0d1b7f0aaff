"""Links to a line at the repository's host: the four forms, and when there is none."""

import pytest

from grader.model.report import RepositoryFacts
from grader.reporting.host_links import commit_link, line_link
from tests.reporting import sample

COMMIT = "3f2a91c04d8e7b6a5f4e3d2c1b0a99887766554f"


def facts(**changed: object) -> RepositoryFacts:
    return sample.linked().repository.model_copy(update=changed)


@pytest.mark.parametrize(
    ("page", "line", "commit"),
    [
        (
            "https://github.com/o/r",
            f"https://github.com/o/r/blob/{COMMIT}/src/a.py#L12",
            f"https://github.com/o/r/commit/{COMMIT}",
        ),
        (
            "https://gitlab.com/o/deep/er/r",
            f"https://gitlab.com/o/deep/er/r/-/blob/{COMMIT}/src/a.py#L12",
            f"https://gitlab.com/o/deep/er/r/-/commit/{COMMIT}",
        ),
        (
            "https://gitlab.ie.edu/o/r",
            f"https://gitlab.ie.edu/o/r/-/blob/{COMMIT}/src/a.py#L12",
            f"https://gitlab.ie.edu/o/r/-/commit/{COMMIT}",
        ),
        (
            "https://bitbucket.org/o/r",
            f"https://bitbucket.org/o/r/src/{COMMIT}/src/a.py#lines-12",
            f"https://bitbucket.org/o/r/commits/{COMMIT}",
        ),
        (
            "https://codeberg.org/o/r",
            f"https://codeberg.org/o/r/src/commit/{COMMIT}/src/a.py#L12",
            f"https://codeberg.org/o/r/commit/{COMMIT}",
        ),
    ],
)
def test_each_host_has_its_form(page: str, line: str, commit: str) -> None:
    assert line_link(facts(web=page), "src/a.py", 12) == line
    assert line_link(facts(web=page), "src/a.py") == line.partition("#")[0]
    assert commit_link(facts(web=page)) == commit


@pytest.mark.parametrize(
    "page",
    [
        None,
        "",
        "https://example.org/o/r",
        "https://notgithub.com/o/r",
        "https://github.com.evil.example/o/r",
        "https://gitlab/o/r",
        "http://github.com/o/r",
        "javascript:alert(1)//github.com/o/r",
        "https://user:password@github.com/o/r",
        "https://github.com:444/o/r",
        "https://github.com/o",
        "https://github.com/o/r/tree",
        "https://github.com/o/..",
        "https://github.com/o/r?x=1",
        "https://github.com/o/r#x",
        'https://github.com/o/r"onclick',
        "https://github.com/o/r\n",
        "https://gitlab.com/o/r/-/tree",
    ],
)
def test_no_other_address_is_linked_to(page: str | None) -> None:
    assert line_link(facts(web=page), "src/a.py", 12) is None
    assert commit_link(facts(web=page)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"uncommitted": True},
        {"commit": None},
        {"commit": "3f2a91c"},
        {"commit": f"{COMMIT}/../../x"},
    ],
)
def test_a_line_is_linked_to_only_where_that_commit_was_graded(
    changed: dict[str, object],
) -> None:
    assert line_link(facts(**changed), "src/a.py", 12) is None


@pytest.mark.parametrize(
    "path", [None, "", "../a.py", "/etc/passwd", "a//b.py", "a/./b.py", "a\\x1b.py"]
)
def test_what_is_no_path_of_the_repository_has_no_page(path: str | None) -> None:
    assert line_link(facts(), path, 12) is None


def test_odd_names_are_encoded() -> None:
    link = line_link(facts(), 'src/a b#c?d%"<é>.py', 1)
    assert link is not None
    assert link.endswith("/src/a%20b%23c%3Fd%25%22%3C%C3%A9%3E.py#L1")
