"""Dependencies: imports against manifests, each way; what is held, locked and resolved."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace

import pytest

from grader.checkers._base import Bench
from grader.checkers.dependencies import Dependencies, DependenciesOptions
from grader.environment.given import Blame
from grader.environment.import_names import distributions_of, import_names, purpose_of
from grader.errors import CannotMeasure
from grader.model.environment import EnvironmentFacts, Unresolved
from grader.model.measurement import Finding, Measured
from tests.conftest import MakeSnapshot

PANDAS = "pandas==2.2.3\n"


@pytest.fixture
def measured(make_snapshot: MakeSnapshot, bench: Bench) -> "Measure":
    return Measure(make_snapshot, bench)


class Measure:
    """Measures a repository that is written out in a test."""

    def __init__(self, make_snapshot: MakeSnapshot, bench: Bench) -> None:
        self._make_snapshot = make_snapshot
        self._bench = bench

    def __call__(
        self,
        files: Mapping[str, str | bytes],
        options: DependenciesOptions | None = None,
        bench: Bench | None = None,
    ) -> Measured:
        outcome = (
            Dependencies()
            .measure(
                self._make_snapshot(files),
                options or DependenciesOptions(),
                bench or self._bench,
            )
            .outcome
        )
        assert isinstance(outcome, Measured)
        return outcome


def named(outcome: Measured, rule: str) -> list[Finding]:
    return [finding for finding in outcome.findings if finding.rule == rule]


def undeclared(outcome: Measured) -> set[str]:
    return {
        one.message.rsplit(" ", 1)[1].rstrip(".")
        for one in named(outcome, "undeclared")
    }


def unused(outcome: Measured) -> set[str]:
    return {one.message.split(" ", 1)[0] for one in named(outcome, "unused")}


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        *(("sklearn.svm.SVC", "scikit-learn"), ("cv2", "opencv-python")),
        *(("PIL.Image", "pillow"), ("yaml", "pyyaml"), ("dotenv", "python-dotenv")),
        *(
            ("google.cloud.storage.Client", "google-cloud-storage"),
            ("bs4", "beautifulsoup4"),
        ),
        *(("google.cloud.vision", "google-cloud-vision"), ("hydra", "hydra-core")),
        ("google.cloud.run_v2", "google-cloud-run"),
        ("google.cloud.run_v2.ServicesClient", "google-cloud-run"),
        ("google.cloud.functions_v1", "google-cloud-functions"),
        ("google.cloud.pubsub_v1.PublisherClient", "google-cloud-pubsub"),
        ("google.cloud.secretmanager_v1beta1", "google-cloud-secret-manager"),
        ("google.cloud.aiplatform_v1.types", "google-cloud-aiplatform"),
        ("google.cloud.videointelligence_v1p3beta1", "google-cloud-videointelligence"),
        ("google.cloud.bigquery_storage_v1", "google-cloud-bigquery-storage"),
        ("google.cloud.devtools.cloudbuild_v1", "google-cloud-build"),
        ("google.cloud.exceptions.NotFound", "google-cloud-core"),
        ("some.module_v2", "some"),
        *(
            ("some_module.deep.name", "some-module"),
            ("mpl_toolkits.mplot3d", "matplotlib"),
        ),
    ],
)
def test_a_module_belongs_to_a_distribution(module: str, distribution: str) -> None:
    assert distributions_of(module)[0] == distribution


def test_the_table_holds_canonical_names_and_no_line_that_says_nothing() -> None:
    table = import_names()
    for module, distributions in table.modules.items():
        assert module == module.lower()
        assert distributions
        for name in distributions:
            assert name == name.lower().replace("_", "-")
    assert not table.tools & table.served


@pytest.mark.parametrize(
    ("distribution", "is_tool", "is_started"),
    [
        *(("pytest", True, True), ("pytest-cov", True, True), ("black", True, True)),
        *(("uvicorn", False, True), ("dvc-s3", False, True), ("pip", False, True)),
        *(("ipykernel", True, True), ("pandas", False, False)),
        *(("types-pyyaml", True, True), ("mlflow", False, False)),
    ],
)
def test_tools_are_told_from_what_is_started_and_what_is_imported(
    distribution: str, is_tool: bool, is_started: bool
) -> None:
    purpose = purpose_of(distribution)
    assert (purpose.is_tool, purpose.is_started) == (is_tool, is_started)


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    import torch\nexcept ImportError:\n    torch = None\n",
        "try:\n    import pandas\nexcept ModuleNotFoundError:\n    import torch\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
        "import typing as t\nif t.TYPE_CHECKING:\n    import torch\n",
        "import sys\nif sys.version_info < (3, 9):\n    import torch\n",
        "from contextlib import suppress\nwith suppress(ImportError):\n    import torch\n",
        "import pytest\ntorch = pytest.importorskip('torch')\n",
    ],
)
def test_an_optional_import_need_not_be_declared_and_uses_what_is(
    code: str, measured: Measure
) -> None:
    files = {"a.py": code, "requirements.txt": PANDAS + "pytest==8\n"}
    assert undeclared(measured(files)) == set()
    files["requirements.txt"] += "torch==2.7.0\n"
    assert "torch" not in unused(measured(files))


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    import torch\nexcept KeyError:\n    pass\n",
        "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import torch\n",
        "import importlib\ntorch = importlib.import_module('torch')\n",
        "from importlib import import_module as load\nload('torch.nn')\n",
        "def f():\n    import torch\n",
        "import os, torch.nn as nn\n",
    ],
)
def test_an_import_that_is_needed_must_be_declared(
    code: str, measured: Measure
) -> None:
    outcome = measured({"a.py": code, "requirements.txt": PANDAS})
    assert undeclared(outcome) == {"torch"}
    assert outcome.values["undeclared"] == 1


def test_what_python_and_the_project_bring_is_not_to_be_declared(
    measured: Measure,
) -> None:
    outcome = measured(
        {
            "requirements.txt": PANDAS,
            "main.py": "import distutils\nimport tomllib\nimport helper\nfrom src import x\n"
            "from . import y\nfrom data.load import z\nimport tests.tools\n",
            "helper.py": "import pandas\n",
            "src/data/load.py": "z = 1\n",
            "src/x.py": "from features import build\n",
            "src/features/__init__.py": "",
            "tests/tools.py": "import elsewhere\n",
            "jobs/nightly/elsewhere.py": "",
            "setup.py": "from setuptools import setup\n",
            "api_pb2.py": "",
            "client.py": "import greeter_pb2\n",
        }
    )
    assert undeclared(outcome) == set()


def test_a_folder_does_not_stand_for_a_package_of_its_name(measured: Measure) -> None:
    outcome = measured(
        {
            "requirements.txt": PANDAS,
            "main.py": "import mlflow\nimport wandb\n",
            "deploy/mlflow/serve.py": "",
            "wandb.py": "",
        }
    )
    assert undeclared(outcome) == {"mlflow"}


def test_any_of_several_distributions_declares_a_module(measured: Measure) -> None:
    outcome = measured(
        {
            "requirements.txt": "opencv-python-headless==4.11\nmlflow-skinny==2.22.0\n"
            "Scikit_Learn==1.7.0\n",
            "a.py": "import cv2, mlflow.sklearn\nfrom sklearn import svm\n",
        }
    )
    assert (undeclared(outcome), unused(outcome)) == (set(), set())


def test_a_step_may_rely_on_the_manifest_of_its_own_folder(measured: Measure) -> None:
    files = {
        "requirements.txt": PANDAS,
        "main.py": "import pandas\n",
        "frontend/requirements.txt": "streamlit==1.40\n",
        "frontend/app.py": "import streamlit\n",
    }
    assert undeclared(measured(files)) == set()
    files["main.py"] += "import streamlit\n"
    assert undeclared(measured(files)) == {"streamlit"}


def test_notebooks_import_too_and_a_cell_is_the_place(measured: Measure) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["import wandb"]},
        {"cell_type": "code", "source": ["%pip install x\n", "import seaborn as sns"]},
    ]
    notebook = json.dumps({"cells": cells, "nbformat": 4, "metadata": {}})
    outcome = measured(
        {"requirements.txt": PANDAS, "a.py": "import pandas\n", "n.ipynb": notebook}
    )
    assert undeclared(outcome) == {"seaborn"}
    (answer,) = (a for a in outcome.answers if a.quantity == "imports_declared")
    assert "cell 2" in answer.sights[0].what


def test_what_a_command_starts_is_used(measured: Measure) -> None:
    manifest = (
        "pandas==2\nmlflow==2\nstreamlit==1\nprefect==3\nevidently==1\nkedro==1\n"
    )
    files = {
        "requirements.txt": manifest,
        "a.py": "import pandas\n",
        "MLproject": "name: x\nentry_points:\n  main:\n    command: 'python a.py'\n",
        "Dockerfile": 'FROM python:3.11\nRUN pip install kedro\nCMD ["streamlit", "run", "a.py"]\n',
        ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: |\n"
        "          prefect deploy\n        name: evidently\n",
    }
    assert unused(measured(files)) == {"evidently", "kedro"}


def test_what_another_used_package_loads_is_used(measured: Measure) -> None:
    files = {
        "requirements.txt": "openpyxl==3.1\nhttpx==0.28\n",
        "a.py": "import pandas\n",
    }
    assert unused(measured(files)) == {"httpx"}
    files["a.py"] += "from fastapi.testclient import TestClient\n"
    assert unused(measured(files)) == set()


@pytest.mark.parametrize(
    ("loader", "loaded"),
    [
        ("from pytorch_lightning.loggers import WandbLogger", "wandb"),
        ("from lightning.pytorch.loggers import WandbLogger", "wandb"),
        ("from lightning.pytorch.loggers import MLFlowLogger", "mlflow"),
        ("from transformers import BitsAndBytesConfig", "bitsandbytes"),
        ("from peft import LoraConfig", "bitsandbytes"),
        ("from transformers import pipeline", "torch"),
        ("from evaluate import load", "rouge-score"),
        ("from airflow import DAG", "apache-airflow-providers-postgres"),
    ],
)
def test_an_integration_loads_what_it_is_for(
    loader: str, loaded: str, measured: Measure
) -> None:
    files = {"requirements.txt": f"{loaded}==1\nseaborn==1\n", "a.py": f"{loader}\n"}
    assert unused(measured(files)) == {"seaborn"}


def test_a_client_of_google_satisfies_the_module_of_its_version(
    measured: Measure,
) -> None:
    files = {
        "requirements.txt": "google-cloud-run==0.14\n",
        "a.py": "from google.cloud import run_v2\n",
    }
    outcome = measured(files)
    assert undeclared(outcome) == unused(outcome) == set()


def test_no_more_is_said_of_a_package_than_is_known(measured: Measure) -> None:
    outcome = measured(
        {
            "requirements.txt": "streamlit==1\naltair==5\n",
            "a.py": "import streamlit\nfrom main import main\n",
        }
    )
    said = {one.quantity: one.told for one in outcome.answers}
    assert "nor known to be loaded by a package that is: altair" in said["all_used"]
    assert (
        "neither declared nor a module of the project: main" in said["imports_declared"]
    )
    (finding,) = named(outcome, "undeclared")
    assert "no module of the project is called main" in finding.message


def test_a_frozen_list_is_one_finding_and_every_line_counts(measured: Measure) -> None:
    lines = "".join(f"package-{number}==1.0\n" for number in range(40))
    outcome = measured({"requirements.txt": PANDAS + lines, "a.py": "import pandas\n"})
    assert outcome.values["unused"] == 40
    assert len(named(outcome, "unused")) == 1


def test_what_the_program_needs_does_not_belong_to_the_tests_list_alone(
    measured: Measure,
) -> None:
    files = {
        "requirements.txt": PANDAS,
        "requirements-dev.txt": "fastapi==0.115\npytest==8\ninvoke==2\n",
        "app.py": "import pandas\nfrom fastapi import FastAPI\n",
        "tasks.py": "import invoke\n",
        "tests/test_app.py": "import pytest\n",
    }
    outcome = measured(files)
    assert outcome.values["dev_only"] == 1
    assert outcome.values["dev_apart"] == 0
    files["app.py"] = "import pandas\n"
    files["tests/test_app.py"] += "import fastapi\n"
    assert measured(files).values["dev_apart"] == 1


@pytest.mark.parametrize(
    ("lock", "is_in_step"),
    [
        ("pandas==2.2.3\nnumpy==2.2.6\n", 1),
        ("numpy==2.2.6\n", 0),
        ("pandas==1.5.3\n", 0),
        ("pandas>=2.2\n", 0),
    ],
)
def test_a_compiled_requirements_file_is_a_lock(
    lock: str, is_in_step: int, measured: Measure
) -> None:
    outcome = measured(
        {
            "requirements.in": "pandas>=2\n",
            "requirements.txt": f"# autogenerated by pip-compile\n{lock}",
            "a.py": "import pandas\n",
        }
    )
    assert outcome.values["lock_file"] == is_in_step
    assert outcome.values["pinned"] == is_in_step
    # What the lock adds is not what somebody has asked for.
    assert outcome.values["declared"] == 1
    assert outcome.values["unused"] == 0


def test_what_a_compiled_list_adds_is_not_declared_where_the_environment_takes_it_in(
    measured: Measure,
) -> None:
    outcome = measured(
        {
            "environment.yml": "dependencies:\n  - python=3.11\n  - pip:\n"
            "      - -r requirements.txt\n",
            "requirements.in": "pandas>=2\n",
            "requirements.txt": "# autogenerated by pip-compile\n"
            "numpy==2.2.6\npandas==2.2.3\n",
            "a.py": "import pandas\n",
        }
    )
    values = outcome.values
    assert (values["declared"], values["unused"], values["undeclared"]) == (1, 0, 0)
    assert (values["lock_file"], values["pinned"]) == (1, 1)


def test_what_only_a_compiled_list_has_is_not_declared(measured: Measure) -> None:
    outcome = measured(
        {
            "pyproject.toml": '[project]\nname = "a"\ndependencies = ["pandas"]\n',
            "requirements.txt": "# This file was autogenerated by uv via the following "
            "command:\n#    uv export\nnumpy==2.2.6\npandas==2.2.3\n",
            "a.py": "import numpy\nimport pandas\n",
        }
    )
    assert outcome.values["undeclared"] == 1


def test_a_line_of_ones_own_pins_what_a_compiled_list_has_too(
    measured: Measure,
) -> None:
    outcome = measured(
        {
            "requirements.in": "pandas==2.2.3\n",
            "requirements.txt": "# autogenerated by pip-compile\n"
            "numpy==2.2.6\npandas==2.2.3\n",
            "requirements-dev.txt": "numpy==2.2.6\n",
            "a.py": "import pandas\n",
            "tests/test_a.py": "import numpy\n",
        }
    )
    assert (outcome.values["declared"], outcome.values["pinned_packages"]) == (2, 2)


def test_two_lines_of_one_file_may_contradict_each_other(measured: Measure) -> None:
    outcome = measured({"requirements.txt": "pandas==2.2.3\nnumpy==2\npandas==2.2.2\n"})
    assert (outcome.values["conflicts"], outcome.values["consistent"]) == (1, 0)


def test_broken_manifests_and_files_are_said_and_end_nothing(measured: Measure) -> None:
    outcome = measured(
        {
            "pyproject.toml": "[project\n",
            "environment.yml": "dependencies: [\n",
            "requirements.txt": "pandas==2.2.3\n===\n",
            "a.py": "import pandas\n",
            "b.py": "import (\n",
            "n.ipynb": "{",
            "uv.lock": "\0\0",
            "Dockerfile": b"\xff\xfeRUN x",
        }
    )
    assert outcome.values["declared"] == 1
    assert outcome.values["undeclared"] == 0
    assert {one.path for one in named(outcome, "unparsable")} == {"b.py"}
    assert "pyproject.toml" in {
        one.path for one in named(outcome, "manifest-unreadable")
    }


@pytest.mark.sandbox
def test_hostile_imports_are_read_in_no_time(measured: Measure) -> None:
    deep = "".join(f"{' ' * n}try:\n{' ' * n} import a{n}\n" for n in range(80))
    deep += " " * 80 + "pass\n"
    deep += "".join(f"{' ' * n}except ImportError: pass\n" for n in reversed(range(80)))
    outcome = measured(
        {
            "deep.py": deep,
            "dots.py": f"import {'.'.join(['a'] * 3_000)}\n",
            "names.py": "import importlib\nfor i in range(10 ** 9):\n"
            "    importlib.import_module('p' + str(i))\n    importlib.import_module('a b')\n",
            "many.py": "".join(f"import m{number}\n" for number in range(5_000)),
            "requirements.txt": "".join(f"m{number}==1\n" for number in range(4_000)),
        }
    )
    assert outcome.values["undeclared"] == 1_000 + 1


class Built:
    """An environment whose facts a test writes out."""

    def __init__(
        self, facts: EnvironmentFacts | None, trouble: CannotMeasure | None = None
    ) -> None:
        self._facts = facts
        self._trouble = trouble
        self.asked = 0

    def python(self) -> str:
        self.asked += 1
        if self._trouble:
            raise self._trouble
        return sys.executable

    def blame(self, name: str) -> Blame:
        raise AssertionError(name)

    def has_sources_on_path(self) -> bool:
        return False

    def facts(self) -> EnvironmentFacts | None:
        return self._facts if self.asked else None


def facts(*unresolved: Unresolved, declared: int = 1) -> EnvironmentFacts:
    return EnvironmentFacts(
        mode="built",
        python="python",
        python_used="3.11",
        declared=declared,
        resolved=not unresolved,
        unresolved=unresolved,
    )


def lacking(name: str, *, is_ours: bool) -> Unresolved:
    return Unresolved(
        name=name,
        requirement=f"{name}==99",
        cause="unknown-version",
        reason="there is no such version",
        is_ours=is_ours,
    )


BUILDS = DependenciesOptions(resolve="environment")


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (facts(), (1, 0)),
        (facts(lacking("pandas", is_ours=False)), (0, 1)),
        (facts(lacking("a", is_ours=False), lacking("b", is_ours=True)), (0, 1)),
        (facts(lacking("pandas", is_ours=True)), None),
        (facts(declared=0), (0, 0)),
        (facts().model_copy(update={"mode": "given"}), None),
    ],
)
def test_whether_it_resolves_is_what_the_environment_says(
    known: EnvironmentFacts,
    expected: tuple[int, int] | None,
    measured: Measure,
    bench: Bench,
) -> None:
    there = replace(bench, environment=Built(known))
    values = measured({"requirements.txt": PANDAS}, BUILDS, there).values
    found = (values.get("resolves"), values.get("unresolved"))
    assert found == (expected or (None, None))


def test_an_environment_that_we_could_not_build_says_nothing(
    measured: Measure, bench: Bench
) -> None:
    there = replace(bench, environment=Built(None, CannotMeasure("no network")))
    outcome = measured({"requirements.txt": PANDAS}, BUILDS, there)
    assert "resolves" not in outcome.values
    (told,) = named(outcome, "resolving-not-measured")
    assert "no network" in told.message


def test_without_the_option_no_environment_is_asked_for(
    measured: Measure, bench: Bench
) -> None:
    environment = Built(facts())
    there = replace(bench, environment=environment)
    outcome = measured({"requirements.txt": PANDAS}, None, there)
    assert environment.asked == 0
    assert "resolves" not in outcome.values
