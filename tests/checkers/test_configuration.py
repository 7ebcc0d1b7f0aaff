"""Configuration: which files are read, which keys used, what stands in code instead."""

import pytest

from grader.checkers._base import Bench
from grader.model.measurement import Measured
from tests.checkers.conftest import Measure, answer
from tests.conftest import MakeSnapshot

CONFIG = {"config.yaml": "data: {path: raw.csv}\nmodel: {depth: 4, kind: tree}\n"}


def measured(
    files: dict[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> Measured:
    """The facts of a repository."""
    return Measure("configuration", make_snapshot, bench)(files)


@pytest.mark.parametrize(
    "text",
    [
        "import yaml\nc = yaml.safe_load(open('config.yaml'))\n",
        "from yaml import safe_load as read\nwith open('config.yaml') as f:\n    c = read(f)\n",
        "from omegaconf import OmegaConf as O\nc = O.load('config.yaml')\n",
        "import yaml\nfrom pathlib import Path\nROOT = Path(__file__).parent\n"
        "def load(path):\n    with path.open() as f:\n        return yaml.safe_load(f)\n"
        "load(ROOT / 'config.yaml')\n",
        "import yaml\nfrom src.paths import CONFIG\nyaml.safe_load(CONFIG.read_text())\n",
        "import argparse, yaml\np = argparse.ArgumentParser()\n"
        "p.add_argument('-c', '--config-file', default='config.yaml')\n"
        "args = p.parse_args()\nyaml.safe_load(open(args.config_file))\n",
        "import sys, yaml\nconfig_path = sys.argv[1]\nyaml.safe_load(open(config_path))\n",
        "import yaml\nclass Reader:\n    def __init__(self, path):\n        self.path = path\n"
        "    def load(self):\n        return yaml.safe_load(open(self.path))\n"
        "Reader('config.yaml').load()\n",
        "import hydra\n@hydra.main(config_path='.', config_name='config')\n"
        "def main(cfg):\n    print(cfg)\nif __name__ == '__main__':\n    main()\n",
        "from hydra import compose, initialize\nwith initialize(config_path='.'):\n"
        "    cfg = compose(config_name='config')\n",
    ],
)
def test_the_file_that_is_read_is_found(
    text: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    paths = "from pathlib import Path\nCONFIG = Path('.') / 'config.yaml'\n"
    files = {"main.py": text, "src/paths.py": paths, **CONFIG}
    outcome = measured(files, make_snapshot, bench)
    assert answer(outcome, "read").told == "It reads config.yaml."
    assert outcome.values["safe_load"] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yaml.load(f)", 1),
        ("yaml.load(f, Loader=yaml.Loader)", 1),
        ("yaml.load(f, yaml.SafeLoader)", 0),
        ("yaml.load(f, Loader=yaml.CSafeLoader)", 0),
        ("yaml.unsafe_load(f)", 1),
        ("text = 'yaml.load(f)'  # yaml.load(f)", 0),
    ],
)
def test_a_load_is_safe_by_its_loader(
    text: str, expected: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {"main.py": f"import yaml\nf = open('config.yaml')\n{text}\n", **CONFIG}
    assert measured(files, make_snapshot, bench).values["unsafe_loads"] == expected


@pytest.mark.parametrize(
    ("use", "used"),
    [
        ("c['data']['path']", {"data.path"}),
        ("c.get('data', {}).get('path')", {"data.path"}),
        ("O.select(c, 'model.depth')", {"model.depth"}),
        ("c.model.kind", {"model.kind"}),
        # The key without its section.
        ("c['path']", set()),
        # The whole section is handed on.
        ("Tree(**c['model'])", {"model.depth", "model.kind"}),
        ("m = c['model']\nd = dict(m)\nTree(**d)", {"model.depth", "model.kind"}),
        ("fit(c['model'])", {"model.depth", "model.kind"}),
        # One of its keys is named, so that the others would have to be.
        ("m = c['model']\nfit(m['depth'])", {"model.depth"}),
        ("# c['data']['path']\ndef unused():\n    return c['data']['path']", set()),
        ("import yaml.path\nprint(yaml.path.data)", set()),
    ],
)
def test_a_key_is_used_where_running_code_names_it(
    use: str, used: set[str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    head = "import yaml\nfrom omegaconf import OmegaConf as O\n"
    main = f"{head}c = yaml.safe_load(open('config.yaml'))\n{use}\n"
    outcome = measured({"main.py": main, **CONFIG}, make_snapshot, bench)
    unused = {one.message for one in outcome.findings if one.rule == "unused-key"}
    keys = {"data.path", "model.depth", "model.kind"}
    assert {key for key in keys if not any(key in one for one in unused)} == used
    assert outcome.values["key_share"] == pytest.approx(len(used) / 3)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (
            "from sklearn.ensemble import RandomForestClassifier as R\nR(n_estimators=5)",
            1,
        ),
        ("from sklearn.svm import SVC\nSVC(C=0.5, kernel='rbf', verbose=True)", 2),
        (
            "from sklearn import model_selection as ms\n"
            "ms.train_test_split(1, test_size=0.2, random_state=42, shuffle=True)",
            2,
        ),
        ("import torch\ntorch.optim.Adam(net.parameters(), 1e-3)", 1),
        ("from torch import nn\nnn.Dropout(0.5)\nnn.Dropout2d(0.1, True)", 2),
        ("from torch import nn\nnn.Dropout(p=0.5)\nnn.Dropout()", 1),
        ("from torch import nn\ndef f(p=0.5):\n    return nn.Dropout(p)", 0),
        ("from tensorflow.keras import layers\nlayers.Dropout(0.3)", 1),
        ("from keras.optimizers import Adam\nAdam(0.001)", 1),
        ("from torch.utils.data import DataLoader as D\nD(data, 32)", 1),
        ("from torch.optim.lr_scheduler import StepLR\nStepLR(adam, 30)", 1),
        ("from sklearn.model_selection import KFold\nKFold(5)", 1),
        ("from sklearn.decomposition import PCA\nPCA(2)\nPCA(n_components=2)", 2),
        ("from sklearn.ensemble import RandomForestClassifier as R\nR(100)", 1),
        ("from sklearn.svm import SVC\nSVC(data)", 0),
        ("from torch.utils.data import DataLoader as D\nD(data, c.size)", 0),
        ("import xgboost as xgb\nxgb.train({'eta': 0.1, 'seed': 1}, data)", 2),
        (
            "P = {'max_depth': 3}\nfrom xgboost import XGBClassifier\nXGBClassifier(**P)",
            1,
        ),
        ("SIZE = 0.2\nfrom sklearn.svm import SVC\nSVC(C=SIZE)", 1),
        (
            "from sklearn.svm import SVC\ndef f(c):\n    return SVC(C=c['C'], gamma=c.gamma)",
            0,
        ),
        ("from sklearn.svm import SVC\ndef f(size=0.2):\n    return SVC(C=size)", 0),
        ("from sklearn.svm import SVC\nSVC(C=c.get('C', 1.0))", 0),
        ("from sklearn.metrics import f1_score\nf1_score(a, b, beta=2)", 0),
        (
            "from sklearn.calibration import calibration_curve as c\nc(a, b, n_bins=8)",
            0,
        ),
        ("from mine import SVC\nSVC(C=1.0)", 0),
        (
            "from sklearn.preprocessing import OneHotEncoder as O\nO(handle_unknown='ignore')",
            0,
        ),
        ("# SVC(C=1.0)\ntext = 'SVC(C=1.0)'", 0),
    ],
)
def test_a_hyperparameter_is_known_by_the_library_that_takes_it(
    text: str, count: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured({"src/train.py": f"{text}\n"}, make_snapshot, bench)
    assert outcome.values["hardcoded"] == count


def test_code_that_makes_no_model_is_not_said_to_have_nothing_written_in_it(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    made = "from sklearn.svm import SVC\ndef f(c):\n    return SVC(C=c)\n"
    for text, holds in ((made, 1), ("x = 1  # SVC(C=c)\n", 0)):
        values = measured({"src/train.py": text}, make_snapshot, bench).values
        assert (values["no_hardcoded"], values["hardcoded"]) == (holds, 0)


def test_the_files_of_a_defaults_list_are_read_with_it(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    main = (
        "import hydra\n@hydra.main(config_path='../conf', config_name='main.yaml')\n"
        "def run(cfg):\n    return cfg.model.depth, cfg.seed\n"
        "if __name__ == '__main__':\n    run()\n"
    )
    files = {
        "src/main.py": main,
        "conf/main.yaml": "defaults:\n  - _self_\n  - model: tree\n"
        "  - override hydra/launcher: joblib\n  - optional local: mine\nseed: 1\n",
        "conf/model/tree.yaml": "depth: 3\n",
    }
    outcome = measured(files, make_snapshot, bench)
    assert outcome.values["hydra_groups"] == outcome.values["keys_used"] == 1
    assert outcome.values["keys"] == 2


@pytest.mark.parametrize(
    ("ignored", "more", "expected"),
    [
        (".env\n", {}, 1),
        ("*.env\n", {}, 1),
        (".env.*\n", {}, 0),
        ("# .env\n", {}, 0),
        (".env\n!.env\n", {}, 0),
        (".env\n", {".env": "KEY=1\n"}, 0),
        (".env\n", {"deploy/.env.production": "KEY=1\n"}, 0),
        (".env\n", {".env.example": "KEY=\n"}, 1),
        ("", {"src/.gitignore": ".env\n"}, 0),
    ],
)
def test_an_env_file_stays_out_of_git(
    ignored: str,
    more: dict[str, str],
    expected: int,
    make_snapshot: MakeSnapshot,
    bench: Bench,
) -> None:
    files = {"main.py": "x = 1\n", ".gitignore": ignored, **more}
    outcome = measured(files, make_snapshot, bench)
    assert outcome.values["env_ignored"] == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("import os\nos.environ['A'], os.getenv('B'), os.environ.get('C')", 3),
        ("from os import environ as e\nif 'A' in e:\n    pass", 1),
        ("import os\nos.environ['A'] = 'b'", 0),
        (
            "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n"
            "    key: str\ns = S()",
            1,
        ),
        ("def f():\n    import os\n    return os.getenv('A')", 0),
    ],
)
def test_reads_of_the_environment_count_where_they_run(
    text: str, count: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured({"main.py": f"{text}\n"}, make_snapshot, bench)
    assert outcome.values["environment_reads"] == count


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.yaml", "a: [1\n"),
        ("config.yaml", "just words\n"),
        ("config.yaml", "a: &x [*x, *x]\n"),
        ("config.yaml", "[" * 5_000),
        ("config.json", "{"),
        ("config.toml", "a = \n"),
        ("config.ini", "no section\n"),
        ("conf/empty.yaml", ""),
    ],
)
def test_a_file_that_says_nothing_is_no_configuration_but_said(
    name: str, text: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured({"main.py": "x = 1\n", name: text}, make_snapshot, bench)
    assert outcome.values["config_file"] == 1
    assert outcome.values["valid"] == 0
    assert name in answer(outcome, "valid").told


@pytest.mark.sandbox
def test_large_and_circular_configurations_are_bounded(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    many = "".join(f"k{n}: {{a{n}: {n}}}\n" for n in range(4_000))
    circle = "defaults:\n  - config\n  - ../config\n  - [[a]]\n  - {b: {c: d}}\n"
    main = (
        "import yaml, hydra\nc = yaml.safe_load(open('params.yaml'))\n"
        "@hydra.main(config_name='config')\ndef f(c):\n    return c\nf()\n"
        + "".join(f"x{n} = c[x{n - 1}]\n" for n in range(1, 300))
        + "g(**x299)\n"
    )
    files = {"main.py": main, "params.yaml": many, "config.yaml": circle}
    assert measured(files, make_snapshot, bench).values["keys"] == 4_000
