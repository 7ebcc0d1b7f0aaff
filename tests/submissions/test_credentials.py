"""Tokens: which variable is for which host, and where they must not turn up."""

import sys
from pathlib import Path

import pytest

from grader.errors import GradeError
from grader.sandbox.limits import Limits
from grader.sandbox.run import run
from grader.submissions.credentials import credentials_in, variables_for

SECRET = "ghp-0123456789" + "abcdef"


@pytest.mark.parametrize(
    ("url", "variables"),
    [
        (
            "https://github.com/a/b",
            ("MLOPS_GRADE_TOKEN_GITHUB_COM", "GITHUB_TOKEN", "GH_TOKEN"),
        ),
        (
            "https://GitHub.com:8443/a/b",
            ("MLOPS_GRADE_TOKEN_GITHUB_COM", "GITHUB_TOKEN", "GH_TOKEN"),
        ),
        ("https://gitlab.com/a/b", ("MLOPS_GRADE_TOKEN_GITLAB_COM", "GITLAB_TOKEN")),
        ("https://git.uni-x.edu/a", ("MLOPS_GRADE_TOKEN_GIT_UNI__X_EDU",)),
        ("https://github.com.evil.org/a", ("MLOPS_GRADE_TOKEN_GITHUB_COM_EVIL_ORG",)),
        ("https://api.github.com/a", ("MLOPS_GRADE_TOKEN_API_GITHUB_COM",)),
        # Nobody can tell what these would be for.
        *[
            (f"https://{host}/a", ())
            for host in ("a.-b.org", "a-.b.org", "github.com.")
        ],
        ("ssh://git@github.com/a/b", ()),
        ("git@github.com:a/b", ()),
    ],
)
def test_a_host_has_variables_of_its_own(url: str, variables: tuple[str, ...]) -> None:
    assert variables_for(url) == variables


@pytest.mark.parametrize(
    "url",
    [
        *("https://gitlab.com/a/b", "https://github.com.evil.org/a/b"),
        *("https://evil.org/github.com/a", "git@github.com:a/b"),
        *("ssh://git@github.com/a", "https://githubXcom/a"),
    ],
)
def test_a_token_is_for_no_other_host(url: str) -> None:
    assert credentials_in({"GITHUB_TOKEN": SECRET}).token(url) is None


def test_hosts_that_differ_in_a_hyphen_have_different_variables() -> None:
    """Anybody can register the one with the hyphen."""
    (real,) = variables_for("https://git.example.org/a")
    assert credentials_in({real: SECRET}).token("https://git-example.org/a") is None


def test_the_variable_for_one_host_comes_before_the_common_one() -> None:
    credentials = credentials_in(
        {"GITHUB_TOKEN": "of-the-workflow", "MLOPS_GRADE_TOKEN_GITHUB_COM": SECRET}
    )
    token = credentials.token("https://github.com/a/b")
    assert token is not None
    assert token.variable == "MLOPS_GRADE_TOKEN_GITHUB_COM"


def test_an_empty_variable_is_none_and_a_line_end_is_no_part_of_a_token() -> None:
    assert credentials_in({"GITHUB_TOKEN": " "}).token("https://github.com/a") is None
    token = credentials_in({"GITHUB_TOKEN": f"{SECRET}\n"}).token(
        "https://github.com/a"
    )
    assert token is not None and set(token.environment.values()) == {SECRET}


@pytest.mark.parametrize("value", ["two words", "a\nhost=evil.org", "a\0b", "tök"])
def test_what_git_would_read_as_more_than_a_token_is_refused(value: str) -> None:
    with pytest.raises(GradeError, match="GITHUB_TOKEN holds") as caught:
        credentials_in({"GITHUB_TOKEN": value}).token("https://github.com/a")
    assert value not in caught.value.message + caught.value.hint


def test_the_helper_is_git_s_for_the_one_host_and_without_the_secret() -> None:
    token = credentials_in({"GITHUB_TOKEN": SECRET}).token("https://github.com/a/b")
    assert token is not None
    ((key, helper),) = token.settings.items()
    assert key == "credential.https://github.com.helper"
    assert SECRET not in helper
    assert SECRET not in repr(token) + repr(credentials_in({"GITHUB_TOKEN": SECRET}))


def test_a_secret_is_masked_however_it_is_spelt() -> None:
    import base64

    value = "to/k+en=1234"
    credentials = credentials_in({"GITHUB_TOKEN": value, "HOME": "/root"})
    encoded = base64.b64encode(f"x-access-token:{value}".encode()).decode()
    for form in (value, "to%2Fk%2Ben%3D1234", encoded):
        assert credentials.masked(f"said {form} /root") == "said [GITHUB_TOKEN] /root"


def test_the_variables_reach_no_program_that_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "MLOPS_GRADE_TOKEN_X_ORG")
    for name in names:
        monkeypatch.setenv(name, SECRET)
    output = run(
        [sys.executable, "-c", "import os; print(dict(os.environ))"],
        cwd=tmp_path,
        home=tmp_path / "home",
        limits=Limits(seconds=60),
    )
    assert output.exit_status == 0
    assert SECRET not in output.stdout
    assert not any(name in output.stdout for name in names)
