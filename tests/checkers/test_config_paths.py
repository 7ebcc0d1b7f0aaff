"""Hard-coded paths: what is one, what only looks like one, and what is read instead."""

import ast
import json

import pytest

from grader.checkers._base import Bench
from grader.checkers.config_paths import ConfigPaths, ConfigPathsOptions
from grader.model.measurement import Measured, NotApplicable
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot


def measured(
    snapshot: Snapshot, bench: Bench, options: ConfigPathsOptions | None = None
) -> Measured:
    options = options or ConfigPathsOptions()
    outcome = ConfigPaths().measure(snapshot, options, bench).outcome
    assert isinstance(outcome, Measured)
    return outcome


COUNTED = [
    # Used as a path: any absolute one.
    'open("/labels.csv")',
    'import os\nos.listdir("/models")',
    'import os\nos.path.join("/srv2", "a")',
    'import os\nos.makedirs(name="/out", exist_ok=True)',
    'from os.path import exists as there\nthere("/model.pkl")',
    'from pathlib import Path as P\nP("/models") / "a.pkl"',
    '"/models" / name',
    'import shutil\nshutil.copy(a, "/backup")',
    'import sys\nsys.path.append("/code")',
    'import pandas as pd\npd.read_csv("/train.csv", sep="/")',
    'frame.to_csv("/train.csv")',
    'import joblib\njoblib.dump(model, "/model.joblib")',
    'import numpy as np\nnp.save("/x.npy", x)',
    'import torch\ntorch.load("/model.pth")',
    'import logging\nlogging.FileHandler("/app.log")',
    'from dotenv import load_dotenv\nload_dotenv("/x/.env")',
    'from google.colab import drive\ndrive.mount("/content/drive")',
    "import os\nlogger.info(f\"{os.listdir('/models')}\")",
    # Named as a file or folder.
    'DATA_DIR = "/models"',
    'log_file: str = "/x"',
    'dataFolder = "/srv2/x"',
    'def f(*, output_path="/out"): ...',
    'def f(a, target_dir="/out"): ...',
    'train(output_dir="/out")',
    'config = {"data": {"raw_path": "/x/y"}}',
    'os.environ["MLRUNS_DIR"] = "/mlruns"',
    'path = "/models/model.pkl"',
    # A well-known place, whatever the use.
    'x = "/home/ana/data"',
    'run("/opt/airflow/dags/a.py")',
    'f(["/tmp/a", 1])',
    'x = a or "/mnt/share/"',
    'x = "/tmp/a" if a else b',
    'for x in ("/var/lib/a",): ...',
    'x = "/Users/ana/My long folder of data/x.csv"',
    'import os\nx = os.getenv("DATA", "/opt/data")',
    'settings.get("DATA_DIR", "/models")',
    'parser.add_argument("--data-dir", default="/models", help="the folder")',
    # The constant beginning of a longer string.
    'x = f"/home/{user}/data"',
    'x = "/home/" + user',
    'x = "/home/%s/data" % user',
    'x = "/home/{}/data".format(user)',
    # Forms that can hardly be anything else.
    'x = "C:\\\\Users\\\\ana"',
    'x = r"C:\\Users\\ana\\data.csv"',
    'x = "D:/data/x.csv"',
    'f(f"C:\\\\Users\\\\{name}")',
    'x = r"\\\\server\\share\\x.csv"',
    'x = "~/data/x.csv"',
    'x = "file:///home/ana/mlruns"',
    'mlflow.set_tracking_uri("file:///mlruns")',
]

NOT_COUNTED = [
    # Routes and clients.
    '@app.get("/predict")\ndef f(): ...',
    '@app.route("/data/items", methods=["POST"])\ndef f(): ...',
    '@router.post(path="/data/items")\ndef f(): ...',
    'requests.get("/data/items")',
    'client.post("/app/items", json={})',
    'self.client.get("/data/items", name="/data/items")',
    'app.mount("/media/files", static)',
    'APIRouter(prefix="/data/v1")',
    'FastAPI(root_path="/data/v1")',
    'HEALTH_URL = "/data/health"',
    'predict_route = f"/app/{name}"',
    'log({"path": "/predict"})',
    'scope = {"path": "/api/v1/items"}',
    'from fastapi import Path\nPath("/predict")',
    'handlers = {"/data/items": f}',
    'handlers["/data/items"]',
    'if request.url.path == "/home/index": ...',
    'if request.url.path in ("/data/a", "/data/b"): ...',
    'page = "/home"',
    'x = "https://example.org/home/ana/x.csv"',
    'x = "s3://bucket/data/x.csv"',
    'DATA_DIR = "gs://bucket/data"',
    # Patterns, separators, tests of a string.
    'import re\nre.sub(r"/home/\\w+/", "", x)',
    'from re import compile as c\nc("/home/ana")',
    'PATTERN = r"/home/\\w+/data"',
    'x = r"D:\\d+"',
    'x = r"\\\\n|\\\\t"',
    'x.str.contains("/home/ana")',
    'x.replace("/home/ana/", "")',
    'x.startswith("/tmp/")',
    'x.split("/")',
    '"/".join(["/home/ana", "b"])',
    'sep = "/"',
    'open(f"/{name}")',
    'open(f"{name:/>10}")',
    'tree.xpath("//div/a")',
    'x = "01/02"',
    'x = "application/json"',
    # Not at the beginning.
    'x = f"{folder}/home/x.csv"',
    'x = base + "/data/x.csv"',
    'x += "/data/x.csv"',
    'DATA_DIR = os.path.dirname(__file__) + "/data/raw"',
    'x = f"file://{here}/mlruns"',
    'x = "file:///%s" % here',
    'mlflow.set_tracking_uri("file:./mlruns")',
    # Text for people.
    '"""\nReads /home/ana/data.csv\n"""',
    'def f():\n    "/home/ana/data.csv is read"',
    'parser.add_argument("--data", help="/home/ana/data, for example")',
    'typer.Option(None, help="C:\\\\Users\\\\ana")',
    'print("/home/ana was not found")',
    'logger.info("/home/ana/data is read")',
    'raise ValueError("/home/ana/data is empty")',
    'message = "/home/ana/data is empty"',
    'x = "/tmp/x is not there so the run stops"',
    # Relative, or the same on every machine.
    'open("data/raw.csv")',
    'from pathlib import Path\nPath("~")',
    'open("/dev/null")',
    'open("/proc/cpuinfo")',
    'subprocess.run(x, executable="/bin/bash")',
    '# open("/home/ana/data.csv")\nx = 1',
]


@pytest.mark.parametrize("code", COUNTED)
def test_a_path_written_in_code_is_counted(
    code: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    ast.parse(code)
    outcome = measured(make_snapshot({"main.py": code}), bench)
    assert outcome.values["hardcoded_paths"] == 1


@pytest.mark.parametrize("code", NOT_COUNTED)
def test_what_only_looks_like_a_path_is_not_counted(
    code: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    ast.parse(code)
    outcome = measured(make_snapshot({"main.py": code}), bench)
    assert outcome.values["hardcoded_paths"] == 0
    assert outcome.findings == ()


def test_each_place_is_a_finding_and_the_same_path_twice_is_two(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            "src/a.py": 'x = 1\nopen("/tmp/a.csv")\nopen("/tmp/a.csv")\n',
            "src/b.py": "x = 1\n",
            "src/c.py": "x = (\n",
        }
    )
    outcome = measured(snapshot, bench)
    assert outcome.values == {
        "files": 3,
        "parsable_files": 2,
        "unparsable": 1,
        "hardcoded_paths": 2,
        "files_with_hardcoded_paths": 1,
        "env_reads": 0,
        "config_reads": 0,
    }
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [
        ("unparsable", "src/c.py", 1),
        ("hardcoded-path", "src/a.py", 2),
        ("hardcoded-path", "src/a.py", 3),
    ]
    assert outcome.findings[1].message == '"/tmp/a.csv" is an absolute path.'
    assert outcome.findings[1].fix


def test_reads_of_the_environment_and_of_configuration_files_are_counted(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    code = """
import json, os
import yaml as y
from os import environ as e
import hydra
from omegaconf import OmegaConf
from pydantic_settings import BaseSettings
from dotenv import load_dotenv

load_dotenv()
os.environ["A"]
e.get("B")
os.getenv("C", "x")
class Settings(BaseSettings): ...

y.safe_load(text)
OmegaConf.load("conf.yaml")
@hydra.main(config_name="config")
def main(cfg): ...
with open("config.json") as f:
    x = json.load(f)
settings = json.load(g)

os.environ["D"] = "1"
metrics = json.load(open("metrics.json"))
with open(config["report"]) as f:
    report = json.load(f)
def other(e):
    return e.get("F"), self.getenv("G")
"""
    values = measured(make_snapshot({"main.py": code}), bench).values
    assert values["env_reads"] == 5
    assert values["config_reads"] == 5


def test_the_scope_decides_whether_tests_are_read(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {"src/a.py": "x = 1\n", "tests/test_a.py": 'open("/tmp/a")\n'}
    )
    everything = ConfigPathsOptions(scope="all")
    assert measured(snapshot, bench).values["hardcoded_paths"] == 0
    assert measured(snapshot, bench, everything).values["hardcoded_paths"] == 1


def test_a_long_literal_is_shortened_and_what_no_report_can_hold_is_replaced(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    code = f'open("/tmp/\\ud800\\x1b[31m{"a" * 200}")\n'
    outcome = measured(make_snapshot({"main.py": code}), bench)
    shown = outcome.findings[0].message.split('"')[1]
    assert shown.startswith(
        "/tmp/\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m"
    )
    assert len(shown) == 80
    assert json.loads(outcome.model_dump_json())["values"]["hardcoded_paths"] == 1


@pytest.mark.parametrize("files", [{}, {"tests/test_a.py": "x = 1\n"}, {"a.py": " \n"}])
def test_without_code_of_the_projects_own_there_is_nothing_to_measure(
    files: dict[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(files)
    outcome = ConfigPaths().measure(snapshot, ConfigPathsOptions(), bench).outcome
    assert isinstance(outcome, NotApplicable)


def test_a_long_sum_and_a_long_list_of_strings_are_measured(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    plus = " +\n".join(['"/tmp/a"'] * 900)
    commas = ",\n".join(['"/tmp/a"'] * 5000)
    key = hex(16**6000)
    code = f"x = ({plus})\ny = [{commas}] + z\nw = {{{key}: '/tmp/a'}}\n"
    outcome = measured(make_snapshot({"main.py": code}), bench)
    # Of a sum only the first string starts the path.
    assert outcome.values["hardcoded_paths"] == 1 + 5000 + 1
