"""What the pipeline saves: told by the call, the words around it, and the path."""

from dataclasses import replace

import pytest

from grader.checkers._artifacts_tree import tree_of
from grader.checkers._base import Bench
from grader.checkers.artifacts import Artifacts, ArtifactsOptions
from grader.model.measurement import Answer, Measured
from grader.model.snapshot import LeftOut
from tests.conftest import MakeSnapshot

KINDS = {
    "processed_saved": "processed",
    "model_saved": "model",
    "predictions_saved": "predictions",
    "reports_saved": "report",
    "figures_saved": "figure",
}
HEAD = """\
import json, os, pickle
from pathlib import Path
import joblib as jl
import matplotlib.pyplot as plt
import mlflow.sklearn
import numpy as np
import pandas as pd
import torch
import wandb as wb
"""


def measured(
    files: dict[str, str],
    make_snapshot: MakeSnapshot,
    bench: Bench,
    options: ArtifactsOptions | None = None,
) -> Measured:
    """What is measured of some files."""
    outcome = (
        Artifacts()
        .measure(make_snapshot(files), options or ArtifactsOptions(), bench)
        .outcome
    )
    assert isinstance(outcome, Measured)
    return outcome


def program(body: str, more: str = "") -> dict[str, str]:
    """A runner whose main() has this body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    guard = 'if __name__ == "__main__":\n    main()\n'
    return {"main.py": f"{HEAD}\n{more}\ndef main(model=1, df=2):\n{lines}\n{guard}"}


def kinds(outcome: Measured) -> set[str]:
    """What of the five is saved."""
    return {kind for name, kind in KINDS.items() if outcome.values[name]}


def answer(outcome: Measured, name: str) -> Answer:
    """The answer to one line."""
    return next(one for one in outcome.answers if one.quantity == name)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("jl.dump(model, 'x.joblib')", {"model"}),
        ("jl.dump(value=model, filename='x.joblib')", {"model"}),
        ("with open('a.pkl', 'wb') as f:\n    pickle.dump(model, f)", {"model"}),
        ("pickle.dump(model, open('a.pkl', 'wb'))", {"model"}),
        ("jl.dump(scaler, 'models/scaler.pkl')", set()),
        ("jl.dump((model, encoder), 'all.pkl')", {"model"}),
        ("jl.dump({'model': clf, 'encoder': lb}, 'all.pkl')", {"model"}),
        ("jl.dump((encoder, lb), 'parts.pkl')", set()),
        ("jl.dump(thing, 'models/classifier.pkl')", {"model"}),
        ("jl.dump((X_train, y_train), 'train.pkl')", {"processed"}),
        ("mlflow.sklearn.log_model(x, 'here')", {"model"}),
        ("mlflow.sklearn.autolog()", {"model"}),
        ("mlflow.sklearn.autolog(log_models=False)", set()),
        ("torch.save(net.state_dict(), 'net.pt')", {"model"}),
        ("booster.save_model('m.json')", {"model"}),
        ("network.save('m.keras')", {"model"}),
        ("request.save('m.txt')", set()),
        ("df_clean.to_csv('x.csv')", {"processed"}),
        ("df.to_parquet('data/processed/all.parquet')", {"processed"}),
        ("df.to_csv('data/raw/all.csv')", set()),
        ("df.to_csv('predictions.csv')", {"predictions"}),
        ("text = predictions.to_csv()", set()),
        ("np.savetxt('preds.csv', y)", {"predictions"}),
        ("json.dump(metrics, open('m.json', 'w'))", {"report"}),
        ("Path('report.txt').write_text('x')", {"report"}),
        ("with open('scores.txt', 'w') as f:\n    f.write('1')", {"report"}),
        ("with open('scores.txt', 'w') as f:\n    print(1, file=f)", {"report"}),
        ("print('scores.txt')", set()),
        ("json.dump(schema, open('metrics_schema.json', 'w'))", set()),
        ("plt.savefig('a.png')", {"figure"}),
        ("fig.write_html('a.html')", {"figure"}),
        ("wb.log({'a': wb.plot.roc_curve(1, 2)})", {"figure"}),
        ("wb.log({'accuracy': 1})", set()),
        ("wb.log({'t': wb.Table(dataframe=metrics_df)})", {"report"}),
    ],
)
def test_a_save_is_told_by_its_call_and_its_words(
    body: str, expected: set[str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    assert kinds(measured(program(body), make_snapshot, bench)) == expected


@pytest.mark.parametrize(
    ("place", "more"),
    [
        ("'models/m.pkl'", ""),
        ("os.path.join('models', 'm.pkl')", ""),
        ("Path('models') / 'm.pkl'", ""),
        ("Path(__file__).parent / 'models' / 'm.pkl'", ""),
        ("f'models/{name}.pkl'", ""),
        ("WHERE", "WHERE = Path('models').joinpath('m.pkl')"),
        ("SETTINGS['model_path']", "SETTINGS = {'model_path': 'models/m.pkl'}"),
        ("Config.WHERE", "class Config:\n    WHERE = 'models/m.pkl'\n"),
        ("cfg['paths']['model_file']", "cfg = json.load(open('x'))"),
        ("cfg.get('nothing', 'models/m.pkl')", "cfg = json.load(open('x'))"),
        ("resolve(cfg.paths.model_file)", "def resolve(x):\n    return Path(x)\n"),
        (
            "args.model_out",
            "import argparse\np = argparse.ArgumentParser()\n"
            "p.add_argument('--model-out', default='models/m.pkl')\nargs = p.parse_args()",
        ),
        ("os.getenv('X', 'models/m.pkl')", ""),
        ("'models/' + name + '.pkl'", ""),
    ],
)
def test_a_folder_is_read_through_whatever_makes_the_path(
    place: str, more: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = program(f"jl.dump(model, {place})", more)
    files["config.yaml"] = "paths:\n  model_file: models/m.pkl\n"
    told = answer(measured(files, make_snapshot, bench), "model_saved").told
    assert told == "It is saved in models."


def test_a_helper_is_one_save_for_each_caller(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = program(
        "keep(model, 'models/model.pkl')\nkeep(encoder, 'models/encoder.pkl')",
        "from src.files import keep",
    )
    files["src/files.py"] = (
        "import joblib\nfrom pathlib import Path\n\n"
        "def keep(thing, path):\n    path = Path(path)\n    joblib.dump(thing, path)\n"
    )
    outcome = measured(files, make_snapshot, bench)
    sights = answer(outcome, "model_saved").sights
    assert [(one.path, one.line) for one in sights] == [("main.py", 13)]


def test_what_nothing_calls_is_counted_as_dead(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = program("print(1)", "def later(model):\n    jl.dump(model, 'm.pkl')\n")
    files["models/m.pkl"] = "bytes"
    outcome = measured(files, make_snapshot, bench)
    assert kinds(outcome) == set()
    assert outcome.values["dead_saves"] == 1
    assert outcome.values["model_committed"] == 1
    assert "never comes to" in answer(outcome, "model_saved").told


def test_a_file_is_large_from_the_size_that_the_rubric_says(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = program("jl.dump(model, 'models/m.pkl')")
    files["data/all.csv"] = "1\n" * 1024
    small = measured(files, make_snapshot, bench)
    large = measured(files, make_snapshot, bench, ArtifactsOptions(large_mib=0.001))
    assert (small.values["no_large_files"], small.values["large_files"]) == (1, 0)
    assert (large.values["no_large_files"], large.values["large_files"]) == (0, 1)
    assert large.values["large_mib"] == 2048 / 1024 / 1024


def test_a_file_that_was_too_large_to_be_copied_is_large(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(program("jl.dump(model, 'models/m.pkl')"))
    left_out = (LeftOut("models/big.pt", "too large: over 100 MiB"),)
    outcome = (
        Artifacts()
        .measure(replace(snapshot, left_out=left_out), ArtifactsOptions(), bench)
        .outcome
    )
    assert isinstance(outcome, Measured)
    assert outcome.values["no_large_files"] == 0
    assert answer(outcome, "no_large_files").sights[0].path == "models/big.pt"


@pytest.mark.parametrize(
    ("path", "is_generated"),
    [
        ("mlruns/0/meta.yaml", True),
        ("src/__pycache__/a.cpython-311.pyc", True),
        ("notebooks/.ipynb_checkpoints/a.ipynb", True),
        ("wandb/run-20250622_1356-2zd/files/config.yaml", True),
        ("tools/node_modules/left-pad/index.js", True),
        ("env/pyvenv.cfg", True),
        ("venv/bin/activate", True),
        ("layer/lib/python3.11/site-packages/six.py", True),
        ("venv/README.md", False),
        ("docker/bin/activate", False),
        ("src/wandb/settings.yaml", False),
        ("docs/mlruns.md", False),
        ("models/.gitkeep", False),
    ],
)
def test_what_tools_write_is_known_by_its_folder(
    path: str, is_generated: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {**program("jl.dump(model, 'models/m.pkl')"), path: "x"}
    values = measured(files, make_snapshot, bench).values
    assert values["nothing_generated"] == int(not is_generated)
    assert values["generated_files"] == int(is_generated)


def test_an_environment_is_told_once_and_holds_nothing_of_the_project(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    below = "env/lib/python3.11/site-packages"
    files = {
        **program("jl.dump(model, 'models/m.pkl')"),
        "env/pyvenv.cfg": "home = /usr/bin\n",
        "env/.gitignore": "*\n",
        f"{below}/distutils-precedence.pth": "x",
        f"{below}/numpy/data/raw/a.csv": "a\n" * 1024,
        "mlruns/0/meta.yaml": "x",
    }
    options = ArtifactsOptions(large_mib=0.001)
    outcome = measured(files, make_snapshot, bench, options)
    values = outcome.values
    assert (values["model_committed"], values["data_committed"]) == (0, 0)
    assert values["generated_files"] == 5
    assert values["large_files"] == 1
    generated = answer(outcome, "nothing_generated")
    assert generated.told == "Files in git that tools write: 5, 4 of them in env."
    assert [(one.path, one.what) for one in generated.sights] == [
        ("env/.gitignore", "4 files in env"),
        ("mlruns/0/meta.yaml", ""),
    ]


def test_a_project_inside_its_environment_is_not_written_by_a_tool(
    make_snapshot: MakeSnapshot,
) -> None:
    files = {"pyvenv.cfg": "home = /usr/bin\n", "data/all.csv": "1\n"}
    tree = tree_of(make_snapshot(files), 1024)
    assert (tree.generated, tree.installed) == (("pyvenv.cfg",), {})
    assert list(tree.data) == ["data/all.csv"]


@pytest.mark.parametrize(
    ("path", "models"),
    [
        ("out/checkpoint-3/rng_state.pth", 0),
        ("out/checkpoint-3/rng_state_0.pth", 0),
        ("out/checkpoint-3/optimizer.pt", 0),
        ("out/checkpoint-3/model.pt", 1),
    ],
)
def test_the_state_of_a_training_is_no_model(
    path: str, models: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured({**program("print(1)"), path: "x"}, make_snapshot, bench)
    assert outcome.values["model_committed"] == models


@pytest.mark.parametrize(
    ("body", "folder"),
    [
        ("mlflow.sklearn.save_model(model, path='models')", "models"),
        ("mlflow.sklearn.save_model(model, 'models/churn')", "models/churn"),
        ("mlflow.pyfunc.save_model('models/churn')", "models/churn"),
        ("L.ModelCheckpoint(dirpath='checkpoints')", "checkpoints"),
        ("L.ModelCheckpoint('checkpoints')", "checkpoints"),
        ("L.ModelCheckpoint(dirpath=f'models/{df}')", "models"),
        ("L.ModelCheckpoint(dirpath=f'{df}_best')", ""),
        ("ModelCheckpoint('models/best.keras')", "models"),
        ("ModelCheckpoint('weights')", "the top folder"),
        ("model.save_pretrained('models/final')", "models/final"),
        ("trainer.save_model('checkpoints')", "checkpoints"),
        ("booster.save_model('models/m.json')", "models"),
    ],
)
def test_a_call_that_fills_a_folder_saves_in_that_folder(
    body: str, folder: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    more = (
        "import lightning.pytorch.callbacks as L\n"
        "from keras.callbacks import ModelCheckpoint\n"
    )
    told = answer(measured(program(body, more), make_snapshot, bench), "model_saved")
    assert told.told == f"It is saved{f' in {folder}' if folder else ''}."


def test_a_model_among_the_code_is_in_no_folder_of_its_own(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = program(
        "jl.dump(model, 'src/model.pkl')\ndf_clean.to_csv('data/processed/a.csv')"
    )
    files["src/steps.py"] = "x = 1\n"
    outcome = measured(files, make_snapshot, bench)
    assert answer(outcome, "own_folders").told.startswith("src is among the code")


@pytest.mark.parametrize(
    "body",
    [
        "p = p2\np2 = p\njl.dump(model, p)",
        "p = 'models/'\n" + "p = p + 'x'\n" * 300 + "jl.dump(model, p)",
        "jl.dump(model, " + " + ".join(["'models/'"] * 900) + ")",
        "jl.dump(model, " + "str(" * 60 + "'models/m.pkl'" + ")" * 60 + ")",
        "for n in range(9):\n    jl.dump(globals()[f'model_{n}'], f'{n}' * n)",
        "jl.dump(*many, **more)",
        "jl.dump()\nplt.savefig()\njson.dump()\ndf.to_csv(*a)",
    ],
)
def test_paths_that_never_end_come_to_an_end(
    body: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {**program(body), "config.yaml": "a: [\n", "broken.py": "def (:\n"}
    assert measured(files, make_snapshot, bench).values["placeholders"] == 0


def test_functions_that_call_each_other_with_a_path_come_to_an_end(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    more = "".join(
        f"def f{n}(model, p):\n    f{(n + 1) % 40}(model, p)\n    jl.dump(model, p)\n"
        for n in range(40)
    )
    files = program("f0(model, 'models/m.pkl')", more)
    assert measured(files, make_snapshot, bench).values["model_saved"] == 1
