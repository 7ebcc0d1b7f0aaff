"""The numbers of the check: how a run gives each one of `QUANTITIES`."""

import math
from collections.abc import Mapping

from grader.checkers._suite.exceeded import FLAGS, Ending
from grader.checkers._suite.lines import SourceLines
from grader.checkers._suite.quantities import POOR
from grader.checkers._suite.results import Results


def values(
    results: Results, ending: Ending | None, lines: SourceLines
) -> Mapping[str, int | float]:
    """Every quantity of the check, from the tests' results and the sources' lines.

    No ratio of nothing: without tests, and where the run broke off, no test counts as
    passed; without statements nothing is covered.
    """
    if ending is not None:
        results = results.without_passes()
    functions = results.functions
    statements = lines.total("statements")
    covered = lines.total("covered_statements")
    branches = lines.total("branches")
    covered_branches = lines.total("covered_branches")
    line_coverage = covered / statements if statements else 0.0
    import_errors = sum(result.is_import_error for result in results.told)
    return {
        "pass_rate": _mean(functions),
        "coverage": line_coverage,
        "branch_coverage": covered_branches / branches if branches else line_coverage,
        "test_functions": len(functions),
        "passed_functions": sum(share == 1 for share in functions.values()),
        "collected": len(results),
        "passed": results.count("passed"),
        "failed": results.count("failed"),
        "errors": results.count("error"),
        "collection_errors": results.count("collection-error"),
        "skipped": results.count("skipped"),
        "xfailed": results.count("xfailed"),
        "xpassed": results.count("xpassed"),
        "deselected": sum(results.deselected.values()),
        "import_errors": import_errors + bool(ending and ending.is_import_error),
        **{flag: int(ending is not None and ending.flag == flag) for flag in FLAGS},
        "files": len(lines.files) + len(lines.unparsable),
        "unparsable": len(lines.unparsable),
        "poorly_covered_files": sum(file.share < POOR for file in lines.files),
        "statements": statements,
        "covered_statements": covered,
        "branches": branches,
        "covered_branches": covered_branches,
        "excluded": lines.total("excluded"),
    }


def _mean(functions: Mapping[str, float]) -> float:
    # Exactly summed: all that passed is exactly 1.
    return math.fsum(functions.values()) / len(functions) if functions else 0.0
