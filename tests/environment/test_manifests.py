"""Several manifests: which count, in which order, where they disagree; hostile ones."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.environment.manifests import Chosen, read_manifests
from tests.environment.repository import Repository, lines, said

CONDA = "dependencies: [python=3.10, numpy=1.26.4, pip: [httpx==0.28.1]]\n"


def test_nothing_declared_is_no_share(repository: Repository) -> None:
    project = repository({"main.py": "import numpy\n"})
    assert not project.has_manifest
    assert (project.declared, project.pinned_share) == (0, None)
    assert project.python_requested is None


def test_the_order_is_the_stated_one(repository: Repository) -> None:
    project = repository(
        {
            "setup.py": "setup(install_requires=['f'])\n",
            "setup.cfg": "[options]\ninstall_requires = e\n",
            "Pipfile": '[packages]\nd = "*"\n',
            "pyproject.toml": '[project]\ndependencies = ["c"]\n',
            "requirements.txt": "b\n",
            "conda.yml": "dependencies: [a]\n",
            "environment.yml": CONDA,
            "requirements-dev.txt": "pytest\n",
        }
    )
    assert project.chosen == (
        Chosen("environment.yml", "first"),
        Chosen("requirements-dev.txt", "tests"),
        Chosen("conda.yml", "addition"),
        Chosen("requirements.txt", "addition"),
        Chosen("pyproject.toml", "addition"),
        Chosen("Pipfile", "addition"),
        Chosen("setup.cfg", "addition"),
        Chosen("setup.py", "addition"),
    )
    assert lines(project) == ["numpy==1.26.4.*", "httpx==0.28.1", "pytest"]
    assert [d.requirement for d in project.additions] == list("abcdef")


def test_a_locked_pyproject_goes_before_requirements_txt(
    repository: Repository,
) -> None:
    files: dict[str, str | bytes] = {
        "pyproject.toml": '[project]\ndependencies = ["numpy"]\n',
        "requirements.txt": "pandas\n",
    }
    assert lines(repository(files)) == ["pandas"]
    files["uv.lock"] = '[[package]]\nname = "numpy"\nversion = "1.26.4"\n'
    project = repository(files)
    assert lines(project) == ["numpy"]
    assert [d.requirement for d in project.constraints] == ["numpy==1.26.4"]


def test_an_environment_of_python_and_pip_only_gives_its_python(
    repository: Repository,
) -> None:
    project = repository(
        {
            "environment.yml": "dependencies: [python=3.10, pip]\n",
            "requirements.txt": "numpy\n",
        }
    )
    assert project.chosen[0] == Chosen("requirements.txt", "first")
    assert lines(project) == ["numpy"]
    assert project.python_requested == "==3.10.*"


def test_two_versions_of_one_package_are_a_finding_and_the_first_is_used(
    repository: Repository,
) -> None:
    project = repository(
        {
            "environment.yml": CONDA,
            "requirements-dev.txt": "pytest\nhttpx==0.27.0\n",
        }
    )
    assert lines(project) == ["numpy==1.26.4.*", "httpx==0.28.1", "pytest"]
    (finding,) = project.disagreements
    assert (finding.path, finding.line) == ("requirements-dev.txt", 2)
    assert "httpx==0.28.1" in finding.message and "httpx==0.27.0" in finding.message


@pytest.mark.parametrize(
    "line", ["numpy==1.26.4", "numpy", "numpy>=1.20", "numpy==1.26.*"]
)
def test_versions_that_can_be_the_same_do_not_disagree(
    line: str, repository: Repository
) -> None:
    project = repository({"environment.yml": CONDA, "requirements.txt": f"{line}\n"})
    assert project.disagreements == ()


def test_extras_of_a_later_file_are_added_in_any_version(
    repository: Repository,
) -> None:
    project = repository(
        {
            "requirements.txt": "uvicorn==0.34.3\n",
            "requirements-dev.txt": "uvicorn[standard]==0.34.3\n",
        }
    )
    assert lines(project) == ["uvicorn==0.34.3", "uvicorn[standard]"]


def test_what_runs_and_environments_wrote_is_not_the_projects(
    repository: Repository,
) -> None:
    foreign: dict[str, str | bytes] = {
        path: "evil\n"
        for path in (
            "mlruns/0/abc/artifacts/model/requirements.txt",
            "src/models/m/requirements.txt",
            "wandb/run-1/files/requirements.txt",
            "artifacts/requirements.txt",
            ".venv/lib/requirements.txt",
            "env/requirements.txt",
            "third_party/x/requirements.txt",
            "docs/requirements.txt",
            "{{cookiecutter.name}}/requirements.txt",
        )
    }
    marker: dict[str, str | bytes] = {"env/pyvenv.cfg": "home = /usr\n"}
    project = repository({**foreign, **marker})
    assert not project.has_manifest
    assert {item.path for item in project.left_out} == set(foreign)


def test_the_steps_of_an_mlproject_are_not_the_project(repository: Repository) -> None:
    step: dict[str, str | bytes] = {
        "src/train/MLproject": "name: train\n",
        "src/train/conda.yml": "dependencies: [scipy]\n",
    }
    project = repository({"conda.yml": "dependencies: [mlflow]\n", **step})
    assert lines(project) == ["mlflow"]
    assert [item.path for item in project.left_out] == ["src/train/conda.yml"]
    deeper: dict[str, str | bytes] = {"a/b/c/requirements.txt": "numpy\n", **step}
    (repository.root / "conda.yml").unlink()
    assert lines(repository(deeper)) == ["numpy"]


def test_without_a_manifest_at_the_top_equal_folders_add_up(
    repository: Repository,
) -> None:
    project = repository(
        {
            "a/requirements.txt": "numpy==1\n",
            "a/tests/requirements.txt": "pytest\n",
            "b/requirements.txt": "numpy==2\nscipy\n",
            "b/c/requirements.txt": "deeper\n",
        }
    )
    assert lines(project) == ["numpy==1", "pytest"]
    assert [d.requirement for d in project.additions] == ["scipy"]
    assert [item.path for item in project.left_out] == ["b/c/requirements.txt"]


def test_a_file_for_something_else_is_read_and_not_chosen(
    repository: Repository,
) -> None:
    project = repository(
        {"requirements.txt": "numpy\n", "requirements_frontend.txt": "streamlit\n"}
    )
    assert lines(project) == ["numpy"]
    (left,) = project.left_out
    assert 'it is for "frontend"' in left.reason
    assert project.manifest("requirements_frontend.txt") is not None


@pytest.mark.parametrize(
    ("asked", "file", "python"),
    [
        (">=3.12", "3.12\n", "==3.12.*"),
        (">=3.12", "3.13.1\n", "==3.13.1.*"),
        (">=3.12.5", "3.12\n", "==3.12.*"),
        (">=3.12", "3.9\n", ">=3.12"),
        ("==3.11.*", "3.12\n", "==3.11.*"),
    ],
)
def test_a_python_version_file_decides_inside_the_range(
    asked: str, file: str, python: str, repository: Repository
) -> None:
    text = f'[project]\nrequires-python = "{asked}"\ndependencies = ["numpy"]\n'
    project = repository({"pyproject.toml": text, ".python-version": file})
    assert project.python_requested == python


def test_two_pythons_are_a_finding(repository: Repository) -> None:
    project = repository(
        {
            "environment.yml": "dependencies: [python=3.9, numpy]\n",
            "conda.yml": "dependencies: [python=3.10, mlflow]\n",
        }
    )
    assert project.python_requested == "==3.9.*"
    assert "environment.yml asks for python=3.9" in said(project)


def test_a_broken_environment_leaves_the_other_files_to_be_used(
    repository: Repository,
) -> None:
    project = repository({"environment.yml": "a: [", "requirements.txt": "numpy\n"})
    assert lines(project) == ["numpy"]
    assert "environment.yml:2: this is not YAML" in said(project)


def test_a_lock_alone_is_installed_as_it_is(repository: Repository) -> None:
    lock = '[[package]]\nname = "numpy"\nversion = "1.26.4"\n'
    project = repository({"poetry.lock": lock})
    assert lines(project) == ["numpy==1.26.4"]
    assert project.constraints == ()


def test_a_thousand_manifests_are_not_all_read(repository: Repository) -> None:
    files: dict[str, str | bytes] = {
        f"d{i:04}/requirements.txt": "numpy\n" for i in range(300)
    }
    project = repository(files)
    assert len(project.manifests) == 200
    assert "more than 200 manifests" in {item.reason for item in project.left_out}


NAMES = [
    "environment.yml",
    "conda-lock.yml",
    "requirements.txt",
    "pyproject.toml",
    "setup.cfg",
    "setup.py",
    "Pipfile",
    "Pipfile.lock",
    "uv.lock",
    ".python-version",
]
PIECES = st.sampled_from(
    [
        "dependencies",
        ":",
        "[",
        "]",
        "{",
        "}",
        "-",
        " ",
        "\n",
        "\n  - ",
        "pip:",
        "=",
        "==",
        "^",
        "~",
        "*",
        "&a ",
        "*a",
        "'",
        '"',
        "numpy",
        "1.2.3",
        "+x",
        "@",
        "file:///x",
        "-r requirements.txt",
        "[project]\ndependencies = ",
        "[tool.poetry.dependencies]\n",
        "[packages]\n",
        "[options]\ninstall_requires = ",
        "setup(install_requires=",
        ")",
        "[[package]]\nname = ",
        "version = ",
        "#",
        "\\\n",
        "\0",
        "٣",
        "|",
        ",",
        ";",
        "python_version<'3'",
    ]
)


@settings(max_examples=150)
@given(
    name=st.sampled_from(NAMES),
    content=st.one_of(
        st.binary(max_size=200),
        st.lists(PIECES, max_size=25).map(lambda p: "".join(p).encode()),
    ),
)
@example(name="uv.lock", content=b'package = [{name="a b", version="1", source=1}]')
@example(name="pyproject.toml", content=b"[tool.poetry.group]\ndev = 3\n")
@example(name="pyproject.toml", content=b'[project]\nrequires-python = "nonsense"\n')
@example(name="pyproject.toml", content=b"[dependency-groups]\na = 1\n")
@example(name="Pipfile", content=b"[packages]\nx = 3\ny = [1]\nz = {version = 2}\n")
@example(name="Pipfile", content=b"[packages]\nx = {version = '*', markers = 'bad'}\n")
@example(name="Pipfile.lock", content=b'{"default": {"x": 3}}')
@example(name="setup.py", content=b"setup(extras_require={**x, 1: 2})")
@example(name=".python-version", content=b"9" * 4_000)
def test_no_content_raises(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(content)
        project = read_manifests(Path(folder), (name,))
    assert project.pinned_share is None or 0 <= project.pinned_share <= 1
    assert all(d.parsed for d in (*project.requirements, *project.constraints))
    assert project.findings == project.findings
