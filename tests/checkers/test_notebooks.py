"""The checker of notebooks: what draws, what is copied, what is said of what can't be read."""

import json
from collections.abc import Sequence

import pytest

from grader.checkers._base import Bench
from grader.checkers._notebook_answers import CRITERIA
from grader.checkers._notebook_code import (
    copied,
    functions_of_modules,
    project_imports,
    repeated_views,
)
from grader.checkers._notebook_look import NotebooksOptions
from grader.checkers._notebook_plots import plots
from grader.checkers.notebooks import Notebooks
from grader.codebase.modules import Modules
from grader.codebase.notebooks import Cell, Notebook
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot

SECRET = "AKI" + "AQ3EGRZ5KW2MLOPS7"
IMPORTS = (
    "import matplotlib.pyplot as plt\nimport seaborn as sns\nimport plotly.express as px\n"
    "import pandas as pd\ndf = pd.read_csv('a.csv')\nfig, ax = plt.subplots()\n"
)
LABELS = "plt.title('a'); plt.xlabel('b'); plt.ylabel('c')\n"


def notebook(*codes: str, path: str = "notebooks/a.ipynb") -> Notebook:
    return Notebook(
        path, tuple(Cell(n, "code", text, n) for n, text in enumerate(codes, 1))
    )


def stored(codes: Sequence[str]) -> str:
    cells = [
        {"cell_type": "code", "execution_count": n, "outputs": [], "source": text}
        for n, text in enumerate(codes, 1)
    ]
    return json.dumps({"nbformat": 4, "cells": cells})


def measured(
    snapshot: Snapshot, bench: Bench, options: NotebooksOptions | None = None
) -> Measured:
    options = options or NotebooksOptions()
    outcome = Notebooks().measure(snapshot, options, bench).outcome
    assert isinstance(outcome, Measured)
    return outcome


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("code", "lacks"),
    [
        ("plt.plot(x)", ["title", "x", "y"]),
        (f"plt.plot(x)\n{LABELS}", []),
        ("plt.hist(x); plt.title('t'); plt.xlabel('x')", ["y"]),
        ("plt.plot(x); plt.title(''); plt.xlabel('x'); plt.ylabel('y')", ["title"]),
        ("ax.plot(x); ax.set_title('t'); ax.set_xlabel('x'); ax.set_ylabel('y')", []),
        ("ax.scatter(x, y); ax.set(title='t', xlabel='x', ylabel='y')", []),
        ("ax.set(title='t', xlabel='x'); ax.scatter(x, y)", ["y"]),
        ("sns.scatterplot(data=df, x='a', y='b')", ["title"]),
        ("sns.histplot(df['a']).set_title('t')", []),
        ("sns.heatmap(m); plt.title('t')", []),
        ("plt.pie(x); plt.title('t')", []),
        ("plt.bar(a, b); plt.title('t'); plt.ylabel('y')", []),
        ("plt.barh(a, b); plt.title('t'); plt.xlabel('x')", []),
        ("df.plot(title='t', xlabel='x', ylabel='y')", []),
        ("df.plot(kind='bar', title='t')", ["y"]),
        ("df.plot.scatter('a', 'b', title='t')", ["x", "y"]),
        ("df['a'].hist()", ["title", "x", "y"]),
        ("df.hist()", []),
        ("px.line(df, title='t')", []),
        ("px.line(df)", ["title"]),
        ("f = px.line(df); f.update_layout(title='t')", []),
        (
            "from sklearn.metrics import RocCurveDisplay as R\nR.from_predictions(a, b)",
            ["title"],
        ),
        # Nothing of this draws.
        ("import numpy as np\nnp.histogram(x)", None),
        ("plot = 1\nprint('plt.plot(x)')  # plt.plot(x)", None),
        ("model.fit(x); df.describe(); line.step()", None),
    ],
)
def test_each_plot_wants_a_title_and_names_on_its_axes(
    code: str, lacks: list[str] | None
) -> None:
    found = list(plots(notebook(IMPORTS, code)))
    if lacks is None:
        assert found == []
    else:
        words = {
            "title": "a title",
            "x": "a name on the x axis",
            "y": "a name on the y axis",
        }
        assert [one.lacks for one in found] == [tuple(words[name] for name in lacks)]
        assert found[0].cell.number == 2


def test_names_of_another_cell_do_not_name_this_cells_plot() -> None:
    found = list(plots(notebook(IMPORTS, "plt.plot(x)", LABELS)))
    assert len(found) == 1 and len(found[0].lacks) == 3


def test_a_function_of_the_notebook_may_name_the_parts() -> None:
    named = "def name_it():\n    plt.title('a'); plt.xlabel('b'); plt.ylabel('c')\n"
    (found,) = plots(notebook(IMPORTS, named, "plt.plot(x)\nname_it()"))
    assert found.lacks == ()


def test_looks_at_the_same_data_are_counted_by_cell() -> None:
    found = notebook(
        "df.head()\ndf.head(3)",
        "print(df.head())",
        "train = df.head(100)",
        "logger.info('a')",
        "logger.info('a')",
        "logger.info('a')",
        "other.head()",
        "display(df.head())",
    )
    assert [(v.name, len(v.cells)) for v in repeated_views(found, 2)] == [
        ("df.head", 3)
    ]
    assert not list(repeated_views(found, 3))


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        ("from src.data import load\nload()", ["src.data"]),
        ("from src import data as d\nd.load()", ["src"]),
        ("import src.data\nsrc.data.load()", ["src.data"]),
        ("from data import load\nload()", ["data"]),
        ("from src.data import *", ["src.data"]),
        ("from src.data import load", []),
        ("from src.other import load\nload()", ["src.other"]),
        ("import pandas\npandas.read_csv('x')", []),
        ("'from src.data import load'\nload()", []),
    ],
)
def test_imports_count_that_lead_into_the_project_and_are_used(
    code: str, modules: list[str]
) -> None:
    known = Modules(["src/__init__.py", "src/data.py"])
    assert [name for name, _ in project_imports(notebook(code), known)] == modules


@pytest.mark.parametrize(
    ("code", "is_copy"),
    [
        ("def scale(v):\n    low = min(v)\n    return [x - low for x in v]", True),
        (
            "def scale(v):\n    '''Other.'''\n    low=min(v) # a\n    return [x-low for x in v]",
            True,
        ),
        ("def scale(v):\n    return sorted(v)", False),
        ("def other(v):\n    low = min(v)\n    return [x - low for x in v]", False),
        ("from src.features import scale", False),
    ],
)
def test_a_function_is_copied_that_a_module_has_with_nearly_the_same_body(
    code: str, is_copy: bool, make_snapshot: MakeSnapshot
) -> None:
    module = "def scale(v):\n    '''Scale.'''\n    low = min(v)\n    return [x - low for x in v]\n"
    snapshot = make_snapshot({"src/features.py": module, "tests/test_a.py": module})
    known = functions_of_modules(snapshot)
    found = list(copied(notebook(code), known))
    assert bool(found) is is_copy
    assert all((one.path, one.line) == ("src/features.py", 1) for one in found)


def test_without_a_notebook_there_is_nothing_to_measure(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"README.md": "", "a.py": ""})
    outcome = Notebooks().measure(snapshot, NotebooksOptions(), bench).outcome
    assert isinstance(outcome, NotApplicable)


def test_where_no_notebook_can_be_read_no_line_holds(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({"a.ipynb": "<<<", "b.ipynb": ""}), bench)
    assert not any(outcome.values[criterion.name] for criterion in CRITERIA)
    assert outcome.values["notebooks"] == 2 and outcome.values["readable"] == 0
    told = [one.message for one in outcome.findings if one.rule == "unreadable"]
    assert told[0].startswith("Not read: it is not JSON")


def test_a_notebook_without_code_breaks_nothing(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = json.dumps({"cells": [{"cell_type": "markdown", "source": "# Guide"}]})
    outcome = measured(make_snapshot({"a.ipynb": text}), bench)
    holding = [one.quantity for one in outcome.answers if one.holds]
    assert holding == ["all_readable"]


def test_a_secret_is_said_with_its_kind_and_cell_and_never_shown(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    codes = ["x = 1", f"# pragma: allowlist secret\nkey = '{SECRET}'  # nosec", "y = 2"]
    outcome = measured(make_snapshot({"notebooks/ä b.ipynb": stored(codes)}), bench)
    (answer,) = (one for one in outcome.answers if one.quantity == "no_secrets")
    assert not answer.holds
    assert "cell 2 has what looks like: AWS Access Key" in [
        s.what for s in answer.sights
    ]
    assert SECRET not in outcome.model_dump_json()


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ('WANDB_API_KEY = "YOUR_WANDB_API_KEY_HERE"', True),
        ('API_TOKEN_SECRET = "hf_YOUR_TOKEN_HERE"', True),
        ('model = "projects-7-central1-Xk29fLq0PzR8"', True),
        ('db_password = "Xk29fLq0PzR8"', False),
        (f'x = "{SECRET}"', False),
    ],
)
def test_what_stands_in_for_a_key_is_no_secret(
    code: str, holds: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = stored(["a = 1\nb = 2", f"c = 3\n{code}", "d = 4"])
    outcome = measured(make_snapshot({"a.ipynb": text}), bench)
    assert outcome.values["no_secrets"] == int(holds)


def test_a_name_of_code_keeps_its_letters(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    codes = ["import pandas as pd\ndf = pd.read_csv('a.csv')", *["df.head()"] * 3]
    outcome = measured(make_snapshot({"a.ipynb": stored(codes)}), bench)
    told = {one.quantity: one.told for one in outcome.answers}
    assert told["views_not_repeated"] == "3 cells show df.head() (2, 3, 4)."


def test_an_absolute_path_is_said_with_its_cell_and_never_shown(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    codes = [
        "import pandas as pd",
        "pd.read_csv('/home/ana/x.csv')\nopen('data/y.csv')",
    ]
    outcome = measured(make_snapshot({"a.ipynb": stored(codes)}), bench)
    assert outcome.values["absolute_paths"] == 1
    assert "ana" not in outcome.model_dump_json()


def test_the_options_say_what_is_too_much(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {"a.ipynb": stored(["def f(): ...", "df.head()", "df.head()"])}
    )
    strict = NotebooksOptions(max_views=1, max_definitions=0, min_markdown_share=0)
    outcome = measured(snapshot, bench, strict)
    assert outcome.values["views_not_repeated"] == 0
    assert outcome.values["few_definitions"] == 0


def test_counts_out_of_order_name_the_first_cell(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = stored(["a = 1", "b = 2", "c = 3"]).replace(
        '"execution_count": 2', '"execution_count": 5'
    )
    outcome = measured(make_snapshot({"a.ipynb": text}), bench)
    (answer,) = (one for one in outcome.answers if one.quantity == "run_in_order")
    assert answer.sights[0].what == (
        "cell 2 has the execution count 5 where a run of all cells gives 2"
    )


def test_a_notebook_of_50_megabytes_is_said_and_the_others_are_measured(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"big.ipynb": "", "small.ipynb": stored(["x = 1"])})
    with (snapshot.root / "big.ipynb").open("wb") as sparse:
        sparse.truncate(50 * 1024 * 1024)
    outcome = measured(snapshot, bench)
    assert outcome.values["readable"] == 1
    assert outcome.values["outputs_are_short"] == 0
    (finding,) = (one for one in outcome.findings if one.rule == "unreadable")
    assert finding.message == "Not read: it is too large to be read: 50 MiB."


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "\n".join(
                f"globals()['f' + str({n})] = lambda: df.head()" for n in range(500)
            ),
            id="names built in a loop",
        ),
        pytest.param(
            "a = b\nb = a\na.plot()\nplt = plt\nplt.plot(a)", id="names in a ring"
        ),
        pytest.param("x" + ".plot()" * 900, id="a chain of calls"),
        pytest.param("f(" * 80 + ")" * 80, id="calls in calls"),
        pytest.param(
            "def f(): " * 1 + "\n    return f()\nf()", id="a function of itself"
        ),
        pytest.param("\x00\ud83d = 1", id="no text"),
    ],
)
def test_hostile_cells_are_measured_like_any_other(
    code: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({"a.ipynb": stored([code])}), bench)
    assert outcome.values["code_cells"] == 1
