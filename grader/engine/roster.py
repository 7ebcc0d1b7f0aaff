"""A list of submissions as the groups of a class."""

from grader.model.classroom import Group, Refused
from grader.submissions.sources import SubmissionList, folder_of


def groups_of(listed: SubmissionList) -> tuple[Group, ...]:
    """The groups, each with the folder that its results are in."""
    return tuple(
        Group(
            name=one.group,
            folder=folder_of(one.group),
            source=one.source,
            branch=one.branch,
            commit=one.commit,
            members=one.members,
            row=one.row,
            probe=one.probe,
        )
        for one in listed.submissions
    )


def refused_of(listed: SubmissionList) -> tuple[Refused, ...]:
    """The rows that are no groups."""
    return tuple(
        Refused(row=one.row, text=one.text, reason=one.reason)
        for one in listed.rejected
    )
