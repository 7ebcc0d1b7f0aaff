"""What ran is told by the tests; what there is to run, the files say as handed in."""

import json
import sys
from pathlib import Path

from coverage import Coverage
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.checkers._suite.lines import read_lines
from grader.model.snapshot import Snapshot
from tests.checkers.suite.recordings import CALC
from tests.conftest import MakeSnapshot

PATH = "src/calc.py"


def test_lines_that_are_no_statements_do_not_count(make_snapshot: MakeSnapshot) -> None:
    snapshot = make_snapshot({PATH: CALC})
    every_line = frozenset((a, b) for a in range(1, 60) for b in range(1, 60) if a != b)
    (file,) = read_lines({PATH: every_line}, [PATH], snapshot).files
    assert (file.statements, file.covered_statements) == (6, 6)
    assert (file.branches, file.covered_branches) == (2, 2)
    assert file.covered == {1, 2, 3, 4, 7, 8}
    assert file.beyond_end > 0


def test_what_is_told_of_other_files_changes_nothing(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({PATH: CALC, "src/broken.py": "def f(:\n"})
    arcs = {"src/broken.py": frozenset({(1, 2)}), "no.py": frozenset({(1, 2)})}
    lines = read_lines(arcs, [PATH, "src/broken.py"], snapshot)
    assert lines.unparsable == ("src/broken.py",)
    assert lines.total("covered_statements") == 0
    assert read_lines(None, [PATH, "src/broken.py"], snapshot) == lines


@settings(max_examples=25)
@given(st.sets(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), max_size=30))
def test_no_more_can_run_than_there_is(arcs: set[tuple[int, int]]) -> None:
    root = Path(__file__).parent
    snapshot = Snapshot(root=root, name="here", files=("conclusions.py",))
    told = {"conclusions.py": frozenset(arcs)}
    (file,) = read_lines(told, ["conclusions.py"], snapshot).files
    (nothing,) = read_lines(None, ["conclusions.py"], snapshot).files
    assert file.statements == nothing.statements
    assert file.branches == nothing.branches
    assert 0 <= file.covered_statements <= file.statements
    assert 0 <= file.covered_branches <= file.branches


def test_the_numbers_are_those_of_coverages_own_report(
    make_snapshot: MakeSnapshot,
) -> None:
    text = (
        "import json\n\n\nclass A:\n    '''Text.'''\n\n    def f(self, x):\n"
        "        for y in x:\n            if y: break\n        else:\n"
        "            return 1\n        with open(__file__) as file:\n"
        "            return [z for z in file if z]\n\n\n"
        "def g():  # pragma: no cover\n    pass\n\n\nA().f([0, 1])\n"
    )
    snapshot = make_snapshot({PATH: text})
    file = str(snapshot.root / PATH)
    measuring = Coverage(data_file=None, branch=True, config_file=False, include=[file])
    tracing = sys.gettrace()
    measuring.start()
    exec(compile(text, file, "exec"), {"__file__": file})
    measuring.stop()
    sys.settrace(tracing)
    arcs = frozenset(measuring.get_data().arcs(file) or ())
    (ours,) = read_lines({PATH: arcs}, [PATH], snapshot).files
    report = snapshot.root / "report.json"
    measuring.json_report([file], outfile=str(report))
    theirs = json.loads(report.read_text())["totals"]
    assert theirs["covered_branches"] > 0
    assert {
        "num_statements": ours.statements,
        "covered_lines": ours.covered_statements,
        "num_branches": ours.branches,
        "covered_branches": ours.covered_branches,
        "excluded_lines": ours.excluded,
    }.items() <= theirs.items()
