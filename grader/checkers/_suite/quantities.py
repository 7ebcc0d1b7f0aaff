"""The numbers that a run of the project's tests gives, and what each one means."""

from grader.model.measurement import Quantity

# Below this share of its statements a file is named.
POOR = 0.5

QUANTITIES = (
    Quantity(
        "pass_rate",
        "share",
        "as reported by the project's own suite: the mean over test_functions of the "
        "share of each one's cases that passed; 0 without any, and 0 when the run did "
        "not come to its end",
        better="higher",
        ideal=1,
        maximum=1,
    ),
    Quantity(
        "coverage",
        "share",
        "covered_statements / statements; 0 where there are no statements",
        better="higher",
        ideal=1,
        maximum=1,
    ),
    Quantity(
        "branch_coverage",
        "share",
        "covered_branches / branches; where there are no branches, the same as "
        "`coverage`",
        better="higher",
        ideal=1,
        maximum=1,
    ),
    Quantity(
        "test_functions",
        "functions",
        "test functions with a case that passed, failed or erred, however many sets of "
        "parameters they have; a file that can't be collected counts as one",
        better="higher",
    ),
    Quantity(
        "passed_functions",
        "functions",
        "test functions all of whose cases passed, skipped ones and those marked with "
        "xfail aside",
        better="higher",
        ideal="test_functions",
    ),
    Quantity(
        "collected",
        "tests",
        "tests that pytest reported on; a file that can't be collected counts as "
        "one, and each set of parameters is a test of its own",
        better="higher",
    ),
    Quantity(
        "passed",
        "tests",
        "tests that passed; none where the run did not come to its end",
        better="higher",
    ),
    Quantity("failed", "tests", "tests that failed", better="lower", ideal=0),
    Quantity(
        "errors",
        "tests",
        "tests whose setup or teardown failed",
        better="lower",
        ideal=0,
    ),
    Quantity(
        "collection_errors",
        "files",
        "test files that could not be imported or collected",
        better="lower",
        ideal=0,
    ),
    Quantity("skipped", "tests", "tests, or whole test files, that were skipped"),
    Quantity("xfailed", "tests", "tests that failed as marked with xfail"),
    Quantity(
        "xpassed",
        "tests",
        "tests that passed although marked with xfail; they count neither as passed nor "
        "as failed, and with `strict` they are failed tests",
        better="lower",
        ideal=0,
    ),
    Quantity(
        "deselected",
        "tests",
        "tests that the project's own options or hooks left out; they are not in "
        "`collected`",
    ),
    Quantity(
        "import_errors",
        "count",
        "of failed, errors, collection_errors and configuration_errors: those for "
        "an import that failed",
        better="lower",
        ideal=0,
    ),
    Quantity(
        "configuration_errors",
        "count",
        "1 when pytest can't start with the repository's settings or conftest.py",
        better="lower",
        ideal=0,
        maximum=1,
    ),
    Quantity(
        "timed_out",
        "count",
        "1 when the tests did not finish within the time limit",
        better="lower",
        ideal=0,
        maximum=1,
    ),
    Quantity(
        "incomplete",
        "count",
        "1 when the tests or the code ended the run before its end",
        better="lower",
        ideal=0,
        maximum=1,
    ),
    Quantity(
        "output_exceeded",
        "count",
        "1 when the tests printed or reported more than the limit on output",
        better="lower",
        ideal=0,
        maximum=1,
    ),
    Quantity(
        "memory_exceeded",
        "count",
        "1 when the tests took more memory than the limit",
        better="lower",
        ideal=0,
        maximum=1,
    ),
    Quantity(
        "processes_exceeded",
        "count",
        "1 when the tests had more processes and threads at once than the limit",
        better="lower",
        ideal=0,
        maximum=1,
    ),
    Quantity(
        "disk_exceeded",
        "count",
        "1 when the tests wrote more than the limit on disk space or files",
        better="lower",
        ideal=0,
        maximum=1,
    ),
    Quantity("files", "files", "source files that count for the coverage"),
    Quantity(
        "unparsable",
        "files",
        "source files that can't be parsed; their statements are not known",
        better="lower",
        ideal=0,
    ),
    Quantity(
        "poorly_covered_files",
        "files",
        f"source files of which less than {POOR:.0%} of the statements ran",
        better="lower",
        ideal=0,
    ),
    Quantity("statements", "statements", "statements in the source files"),
    Quantity(
        "covered_statements",
        "statements",
        "statements in the source files that ran",
        better="higher",
        ideal="statements",
    ),
    Quantity("branches", "branches", "ways that a condition or loop can take"),
    Quantity(
        "covered_branches",
        "branches",
        "ways that were taken",
        better="higher",
        ideal="branches",
    ),
    Quantity(
        "excluded",
        "lines",
        "lines that coverage leaves out: `pragma: no cover` and its own defaults",
    ),
)
