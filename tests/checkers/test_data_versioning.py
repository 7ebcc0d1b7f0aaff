"""Data versioning: pointers, stages, remotes, and what git has beside them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.checkers._base import Bench
from grader.checkers.data_versioning import DataVersioning, DataVersioningOptions
from grader.model.measurement import Measured
from tests.checkers.conftest import Measure, told
from tests.conftest import MakeSnapshot

HASH = "145de00f6e6053d3f7044628f9a5b5ff"
POINTER = f"outs:\n- md5: {HASH}\n  size: 3\n  path: raw.csv\n"
CONFIG = "[core]\n    remote = a\n['remote \"a\"']\n    url = s3://bucket/folder\n"
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n"
STAGES = """\
stages:
  clean:
    cmd: python src/clean.py
    deps: [data/raw.csv]
    outs: [data/clean.csv]
  train:
    cmd: python src/train.py
    deps: [data/clean.csv]
    outs:
      - models/model.joblib
    metrics:
      - metrics.json:
          cache: false
"""
LOCK = f"""\
schema: '2.0'
stages:
  clean:
    cmd: python src/clean.py
    deps: [{{path: data/raw.csv, md5: {HASH}}}]
    outs: [{{path: data/clean.csv, md5: {HASH}}}]
  train:
    cmd: python src/train.py
    deps: [{{path: data/clean.csv, md5: {HASH}}}]
    outs:
    - {{path: models/model.joblib, md5: {HASH}}}
    - {{path: metrics.json, md5: {HASH}}}
"""
PIPELINE: Mapping[str, str] = {
    ".dvc/config": "",
    "src/clean.py": "print(1)\n",
    "src/train.py": "print(2)\n",
    "dvc.yaml": STAGES,
    "dvc.lock": LOCK,
}


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> Measure:
    return Measure("data-versioning", make_snapshot, bench)


@pytest.mark.parametrize(
    ("pointer", "versioned"),
    [
        (POINTER, 1),
        (f"wdir: ..\nouts:\n- md5: {HASH}.dir\n  path: raw\n", 1),
        ("outs:\n- etag: 4d7a\n  path: raw.csv\n", 1),
        ("deps:\n- path: a\n  repo: {url: u, rev_lock: 4d7a}\nouts:\n- path: raw.csv\n", 1),
        ("outs:\n- path: raw.csv\n", 0),
        ("outs:\n- md5: null\n  path: raw.csv\n", 0),
        (f"outs:\n- md5: {HASH}\n", 0),
        (f"# outs:\n# - md5: {HASH}\n#   path: raw.csv\n", 0),
        ("outs: raw.csv\n", 0),
        ("<<<<<<< HEAD\nouts:\n- md5: a\n=======\n", 0),
        ("", 0),
    ],
)  # fmt: skip
def test_a_pointer_names_data_by_a_hash(
    pointer: str, versioned: int, measured: Measure
) -> None:
    found = measured({"data/raw.csv.dvc": pointer})
    assert found.values["versioned"] == versioned, told(found, "versioned")
    assert found.values["nothing_beside"] == versioned


@pytest.mark.parametrize(
    ("out", "ignored"),
    [
        (f"md5: {HASH}.dir", 1),
        (f"md5: {HASH}\n  nfiles: 2", 1),
        (f"files: [{{relpath: a.csv, md5: {HASH}, cloud: {{s3: {{etag: a}}}}}}]", 1),
        (f"md5: {HASH}", 0),
        ("cloud: {s3: {etag: a}}", 0),
    ],
)
def test_a_rule_for_folders_ignores_an_out_that_is_one(
    out: str, ignored: int, measured: Measure
) -> None:
    pointer = f"outs:\n- {out}\n  path: raw\n"
    found = measured({"data/raw.dvc": pointer, ".gitignore": "data/raw/\n"})
    assert found.values["ignored"] == ignored, told(found, "ignored")


def test_a_stage_that_has_run_versions_what_it_made(measured: Measure) -> None:
    found = measured(PIPELINE)
    assert found.values["versioned"] == found.values["stages"] == 1
    assert found.values["lock_agrees"] == 1, told(found, "lock_agrees")
    found = measured({**PIPELINE, "dvc.lock": "stages: ["})
    assert found.values["versioned"] == found.values["lock_agrees"] == 0
    found = measured({key: PIPELINE[key] for key in PIPELINE if key != "dvc.lock"})
    assert "never run" in told(found, "versioned")


def test_what_a_stage_leaves_to_git_may_be_in_git(measured: Measure) -> None:
    found = measured({**PIPELINE, "metrics.json": "{}", "data/.gitkeep": ""})
    assert found.values["not_in_git"] == 1, told(found, "not_in_git")
    found = measured({**PIPELINE, "models/model.joblib": "m"})
    assert "models/model.joblib" in told(found, "not_in_git")


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("cmd: python src/train.py", "cmd: python src/tune.py", "stages"),
        ("cmd: python src/train.py", "cmd: echo python src/train.py", "lock_agrees"),
        ("deps: [data/clean.csv]", "deps: [data/other.csv]", "lock_agrees"),
        ("models/model.joblib", "models/other.joblib", "lock_agrees"),
        ("  train:", "  tune:", "lock_agrees"),
        ("stages:", "stage:", "stages"),
        ("  clean:", "\tclean:", "stages"),
    ],
)
def test_stages_that_can_not_run_or_have_changed_are_told(
    before: str, after: str, line: str, measured: Measure
) -> None:
    assert before in STAGES
    found = measured({**PIPELINE, "dvc.yaml": STAGES.replace(before, after)})
    assert found.values[line] == 0, told(found, line)


def test_what_a_stage_of_old_made_is_not_kept_any_more(measured: Measure) -> None:
    old = f"  plot:\n    cmd: x\n    outs: [{{path: plots/a.csv, md5: {HASH}}}]\n"
    files = {**PIPELINE, "dvc.lock": LOCK + old, "plots/a.csv": "1\n"}
    assert measured(files).values["not_in_git"] == 1


def test_stages_are_none_where_dvc_was_never_initialised(measured: Measure) -> None:
    files = {key: text for key, text in PIPELINE.items() if key != ".dvc/config"}
    assert "dvc init" in told(measured(files), "stages")


def test_templates_folders_and_loops_are_followed_as_dvc_does(
    measured: Measure,
) -> None:
    text = """\
vars:
  - conf/paths.yaml
  - model: models
stages:
  train:
    wdir: src
    cmd: python train.py ${data.clean} ${unknown}
    deps:
      - ../${data.clean}
    outs:
      - ../${model}/a.joblib
  each:
    foreach: [a, b]
    do:
      cmd: python src/clean.py ${item}
      outs:
        - data/${item}.csv
"""
    lock = f"""\
stages:
  train:
    cmd: python train.py data/clean.csv x
    outs: [{{path: ../models/a.joblib, md5: {HASH}}}]
  each@a:
    cmd: python src/clean.py a
"""
    paths = "data: {clean: data/clean.csv}\n"
    files = {
        **PIPELINE,
        "dvc.yaml": text,
        "dvc.lock": lock,
        "conf/paths.yaml": paths,
        ".gitignore": "/models/\n",
    }
    found = measured(files)
    assert found.values["stages"] == found.values["lock_agrees"] == 1
    assert "models/a.joblib" in told(found, "versioned")
    both = measured({**files, "models/a.joblib": "m"})
    assert "models/a.joblib" in told(both, "not_in_git")


@pytest.mark.parametrize(
    ("config", "line", "words"),
    [
        (CONFIG, "remote", "s3://bucket/folder"),
        ("[core]\nremote=a\n[remote \"a\"]\nurl=s3://bucket # ours\n", "remote", "s3://bucket"),
        (CONFIG.replace("remote = a", ""), "remote", "none of them is the default"),
        (CONFIG.replace("remote = a", "remote = b"), "remote", "is not in"),
        (CONFIG.replace("    url = s3://bucket/folder", ""), "remote", "no url"),
        ("", "remote", "no remote"),
        ("<<<<<<< HEAD\n", "remote", ".dvc/config: "),
        (CONFIG.replace("s3://bucket/folder", "remote://b/x")
         + "['remote \"b\"']\n    url = ssh://host/y\n", "remote_shared", "ssh://host/y/x"),
        (CONFIG.replace("s3://bucket/folder", "remote://a/x"), "remote", "is remote://a"),
        (CONFIG.replace("s3://bucket/folder", "/mnt/share"), "remote_shared", "one machine"),
        (CONFIG.replace("s3://bucket/folder", "C:\\\\share"), "remote_shared", "one machine"),
        (CONFIG.replace("s3://bucket/folder", "file:///mnt"), "remote_shared", "one machine"),
    ],
)  # fmt: skip
def test_which_remote_a_configuration_has(
    config: str, line: str, words: str, measured: Measure
) -> None:
    assert words in told(measured({".dvc/config": config}), line)


@pytest.mark.parametrize(
    ("option", "is_open"),
    [
        ("secret_access_key = 9d8f7e6c5b4a39281706f5e4d3c2b1a0f9e8d7c6", True),
        ("password = 8f1c2e7d9a3b4c5d", True),
        ("connection_string = DefaultEndpointsProtocol=https;AccountKey=4d7a9c", True),
        ("url = https://me:8f1c2e7d@dagshub.com/a.dvc", True),
        ("access_key_id = AKIAIOSFODNN7EXAMPLE", True),
        ("ask_password = true", False),
        ("profile = group", False),
        ("keyfile = ~/.ssh/id_ed25519", False),
        ("password = <your password>", False),
    ],
)
def test_what_opens_a_remote_is_told_and_not_shown(
    option: str, is_open: bool, measured: Measure
) -> None:
    found = measured({".dvc/config": f"{CONFIG}    {option}\n"})
    assert found.values["no_credentials"] == int(not is_open)
    assert found.values["credentials"] == int(is_open)
    shown = " ".join(
        (*(one.told for one in found.answers), *(one.message for one in found.findings))
    )
    if is_open:
        secret = option.partition(" = ")[2]
        assert secret not in shown and "8f1c2e7d" not in shown


def test_credentials_in_a_local_configuration_that_is_in_git_are_found(
    measured: Measure,
) -> None:
    local = "['remote \"a\"']\n    password = 8f1c2e7d9a3b4c5d\n"
    found = measured({".dvc/config": CONFIG, ".dvc/config.local": local})
    assert ".dvc/config.local" in told(found, "no_credentials")
    alone = measured({".dvc/config.local": CONFIG})
    assert alone.values["remote"] == 0


def test_data_in_git_beside_what_is_kept_is_weighed(measured: Measure) -> None:
    files = {
        "data/raw.csv.dvc": POINTER,
        "data/other.csv": "1,2\n" * 20_000,
        "tests/big.csv": "1,2\n" * 20_000,
        "data/README.md": "words " * 20_000,
    }
    found = measured(files, data_mib=0.05)
    assert "data/other.csv" in told(found, "nothing_beside")
    assert found.values["beside_mib"] == pytest.approx(80_000 / 1024**2, abs=0.001)
    assert measured(files, data_mib=0.1).values["nothing_beside"] == 1


@pytest.mark.parametrize(
    ("attributes", "path", "versioned"),
    [
        ("*.csv filter=lfs diff=lfs merge=lfs -text\n", "data/raw.csv", 1),
        ("data/** filter=lfs\n", "data/raw.parquet", 1),
        ("*.pkl filter=lfs\n", "models/model.pkl", 0),
        ("# *.csv filter=lfs\n", "data/raw.csv", 0),
        ("*.csv text\n", "data/raw.csv", 0),
        ("*.tsv filter=lfs\n", "data/raw.csv", 0),
    ],
)
def test_git_lfs_versions_data_that_it_has_taken(
    attributes: str, path: str, versioned: int, measured: Measure
) -> None:
    found = measured({".gitattributes": attributes, path: LFS})
    assert found.values["versioned"] == found.values["lfs_pointers"] == versioned
    untouched = measured({".gitattributes": attributes, path: "a,b\n1,2\n"})
    assert untouched.values["versioned"] == 0


@pytest.mark.parametrize(
    ("files", "fetched"),
    [
        ({"README.md": "```sh\npip install dvc\ndvc pull\n```\n"}, 1),
        ({"README.md": "Run `dvc pull` first.\n"}, 0),
        ({"README.md": "```sh\ndvc add data\ndvc push\n```\n"}, 0),
        ({"Dockerfile": "FROM python:3.11\nRUN pip install dvc && dvc pull\n"}, 1),
        ({"Makefile": "data:\n\t@dvc pull -r a\n"}, 1),
        ({"main.py": "import dvc.api as d\nwith d.open('data/raw.csv') as f:\n    f.read()\n"
          "if __name__ == '__main__':\n    print(1)\n"}, 1),
        ({"main.py": "import dvc.api\ndef f():\n    dvc.api.read('a')\n"}, 0),
        ({"main.py": "import subprocess\nsubprocess.run(['dvc', 'pull'], check=True)\n"}, 1),
    ],
)  # fmt: skip
def test_what_fetches_the_data(
    files: Mapping[str, str], fetched: int, measured: Measure
) -> None:
    found = measured({"data/raw.csv.dvc": POINTER, **files})
    assert found.values["fetched"] == fetched, told(found, "fetched")
    assert measured(files).values["fetched"] == 0


@pytest.mark.parametrize(
    ("command", "fetched"),
    [
        ("dvc pull data/raw.csv.dvc", 1),
        ("dvc pull ./data/raw.csv", 1),
        ("dvc pull /app/data/raw.csv.dvc", 1),
        ("cd data && dvc pull raw.csv", 1),
        ("cd src && dvc pull ../data/raw.csv", 1),
        ("dvc pull -R data", 1),
        ("dvc pull data/", 1),
        ("dvc pull models/old data/raw.csv", 1),
        ("dvc pull -r raw --jobs 4", 1),
        ("dvc pull 'data/*.dvc'", 1),
        ("dvc pull $DATA", 1),
        ("dvc pull clean", 1),
        ("dvc fetch dvc.yaml:train", 1),
        ("dvc pull models/model.joblib", 1),
        ("dvc pull models/model.joblib/part", 1),
        ("dvc --no-scm pull train_data", 0),
        ("dvc pull other/raw.csv", 0),
        ("dvc pull data/raw", 0),
        ("dvc checkout data/raw.dvc", 0),
        ("dvc pull -r storage models/old", 0),
    ],
)
def test_a_command_for_what_dvc_does_not_keep_fetches_nothing(
    command: str, fetched: int, measured: Measure
) -> None:
    files = {
        **PIPELINE,
        "data/raw.csv.dvc": POINTER,
        "entry.sh": f"{command}\n",
    }
    found = measured(files)
    assert found.values["fetched"] == fetched, told(found, "fetched")
    assert fetched or told(found, "fetched").endswith("which DVC doesn't keep here.")


@pytest.mark.parametrize(
    "more",
    [
        {"data/old.dvc": "outs: [\n"},
        {"Dockerfile": "FROM a\nCOPY data/raw.csv.dvc ./moved/\n"},
        {"dvc.yaml": "stages:\n  a: {cmd: a, outs: ['${what.is.that}']}\n"},
    ],
)
def test_a_target_may_be_something_that_can_not_be_known(
    more: Mapping[str, str], measured: Measure
) -> None:
    files = {"data/raw.csv.dvc": POINTER, "entry.sh": "dvc pull moved/raw.csv\n"}
    assert measured(files).values["fetched"] == 0
    assert measured({**files, **more}).values["fetched"] == 1


def test_a_target_in_code_may_be_put_together(measured: Measure) -> None:
    text = "import subprocess\nsubprocess.run(['dvc', 'pull', 'other', name])\n"
    files = {"data/raw.csv.dvc": POINTER, "main.py": text}
    assert measured(files).values["fetched"] == 1


def test_other_systems_are_named_and_earn_nothing(measured: Measure) -> None:
    text = (
        "import wandb\nrun = wandb.init()\n"
        "run.log_artifact(wandb.Artifact('raw', type='dataset'))\n"
        "if __name__ == '__main__':\n    print(1)\n"
    )
    found = measured({"main.py": text})
    assert found.values["versioned"] == 0
    assert "wandb.Artifact" in told(found, "versioned")


def test_hostile_files_are_bounded_and_said(
    make_snapshot: MakeSnapshot, bench: Bench, tmp_path: Path
) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join(['*' + above] * 9)}]\n"
        for above, name in zip("abcdefgh", "bcdefghi")
    )
    many = "".join(f"- {{md5: {HASH}, path: f{at}}}\n" for at in range(3_000))
    snapshot = make_snapshot(
        {
            "a.dvc": bomb,
            "b.dvc": "[" * 500,
            "c.dvc": f"outs:\n{many}",
            "dvc.yaml": "stages:\n  a:\n    cmd: python ${a} " + "${b} " * 3_000 + "\n",
            "params.yaml": f"a: {'x' * 5_000}\nb: {'y' * 5_000}\n",
            ".dvc/config": "[core]\n" + "a = 1\n" * 3_000,
            ".gitattributes": "*a*b*c*d*e filter=lfs\n[z-a] filter=lfs\n",
        }
    )
    (snapshot.root / "outside.dvc").symlink_to(tmp_path / "nowhere")
    outcome = DataVersioning().measure(snapshot, DataVersioningOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    assert all(len(one.told) < 1_000 for one in outcome.answers)
