"""The page of a repository, from whatever address git knows it by; never a secret of it."""

import pytest

from grader.submissions.web import web_page


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/Octo/R.x",
        "https://github.com/Octo/R.x.git",
        "https://github.com/Octo/R.x/",
        "https://GitHub.com:443/Octo/R.x.git",
        "https://www.github.com/Octo/R.x",
        "https://ghp_secret@github.com/Octo/R.x.git",
        "https://name:secret@github.com/Octo/R.x.git",
        "git@github.com:Octo/R.x.git",
        "ssh://git@github.com/Octo/R.x.git",
        "ssh://git@github.com:22/Octo/R.x.git",
    ],
)
def test_every_way_to_write_it_is_the_same_page(address: str) -> None:
    assert web_page(address) == "https://github.com/Octo/R.x"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/home/me/repository",
        "../other",
        "file:///home/me/r",
        "http://github.com/o/r",
        "https://github.com/o",
        "https://github.com/o/r/../../x",
        "https://github.com/o/r?token=secret",
        "https://github.com@evil.example/o/r",
        "https://git.example.org/o/r",
        "git@github-work:o/r.git",
        "ext::sh -c whoami",
        "git@github.com:o/r\nx",
    ],
)
def test_another_address_has_none_that_is_known(address: str) -> None:
    assert web_page(address) is None


def test_groups_within_groups_are_gitlabs_alone() -> None:
    deep = "git@gitlab.university.edu:course/2026/group-7/r.git"
    assert web_page(deep) == "https://gitlab.university.edu/course/2026/group-7/r"
    assert web_page("git@github.com:course/2026/r.git") is None
