"""Where a list says that a group's service is deployed."""

from pathlib import Path

import pytest

from grader.submissions.sources import SubmissionList, parse_submissions

REPOSITORY = "https://github.com/mlops/team-1"


def read(text: str, name: str = "groups.csv") -> SubmissionList:
    return parse_submissions(text.encode(), name, Path("/nowhere"))


@pytest.mark.parametrize(
    "column", ["probe", "Probe URL", "service_url", "Deployment URL", "live url"]
)
def test_a_column_names_the_service(column: str) -> None:
    listed = read(f"group,url,{column}\nA,{REPOSITORY},https://a.example.org/\n")
    assert [one.probe for one in listed.submissions] == ["https://a.example.org"]
    assert listed.notes == ()


def test_the_repositorys_address_is_never_taken_for_the_service() -> None:
    listed = read(f"group,url\nA,{REPOSITORY}\n")
    assert [one.probe for one in listed.submissions] == [None]


def test_an_empty_cell_is_no_service() -> None:
    listed = read(f"group,url,probe\nA,{REPOSITORY},\nB,{REPOSITORY}2,http://b.org\n")
    assert [one.probe for one in listed.submissions] == [None, "http://b.org"]


def test_yaml_has_it_too() -> None:
    text = f"- group: A\n  url: {REPOSITORY}\n  probe: https://a.example.org:8443/api\n"
    listed = read(text, "groups.yaml")
    assert listed.submissions[0].probe == "https://a.example.org:8443/api"


def test_an_export_may_have_it_as_a_further_column() -> None:
    text = (
        "assignment_name,student_repository_name,student_repository_url,probe\n"
        f"final,team-1,{REPOSITORY},https://a.example.org\n"
    )
    assert read(text).submissions[0].probe == "https://a.example.org"


@pytest.mark.parametrize(
    "written", ["a.example.org", "ftp://a.example.org", "https://me:hunter2@a.org"]
)
def test_a_row_with_no_address_of_a_service_is_refused(written: str) -> None:
    listed = read(f"group,url,probe\nA,{REPOSITORY},{written}\n")
    assert listed.submissions == ()
    (refused,) = listed.rejected
    assert 'group "A": ' in refused.reason and "service" in refused.reason
    assert "hunter2" not in refused.reason + refused.text + refused.hint


def test_rows_of_one_group_that_differ_leave_it_without_a_service() -> None:
    rows = (f"A,{REPOSITORY},https://{name}.org\n" for name in ("x", "y"))
    listed = read("group,url,probe\n" + "".join(rows))
    assert [one.probe for one in listed.submissions] == [None]
    assert any("none is probed" in note for note in listed.notes)


def test_one_row_of_a_group_is_enough() -> None:
    rows = f"A,{REPOSITORY},\nA,{REPOSITORY},https://x.org\n"
    listed = read("group,url,probe\n" + rows)
    assert [one.probe for one in listed.submissions] == ["https://x.org"]
