"""pyproject.toml, Poetry, Pipfile, setup.cfg, setup.py and TOML lock files."""

import pytest

from grader.environment._poetry import caret_specifiers
from tests.environment.repository import Repository, lines, said


@pytest.mark.parametrize(
    ("version", "specifiers"),
    [
        ("^1.2.3", ">=1.2.3,<2.0.0"),
        ("^1.2", ">=1.2,<2.0"),
        ("^0.2.3", ">=0.2.3,<0.3.0"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^0", ">=0,<1"),
        ("^0.0", ">=0.0,<0.1"),
        ("~1.2.3", ">=1.2.3,<1.3.0"),
        ("~1.2", ">=1.2,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.2", "~=1.2"),
        ("1.2.*", "==1.2.*"),
        ("1.2.3", "==1.2.3"),
        (">=1.0, <2.0", ">=1.0,<2.0"),
        (">=1.0 <2.0", ">=1.0,<2.0"),
        ("*", ""),
        ("^1.0 || ^2.0", None),
        ("^one", None),
    ],
)
def test_poetrys_versions_become_pep_440(version: str, specifiers: str | None) -> None:
    assert caret_specifiers(version) == specifiers


def test_a_pyproject_gives_its_packages_and_the_groups_for_tests(
    repository: Repository,
) -> None:
    text = """
[project]
requires-python = ">=3.11"
dependencies = ["numpy>=1.26", "torch==2.6.0"]
[project.optional-dependencies]
test = ["pytest"]
docs = ["mkdocs"]
all = ["everything"]
[dependency-groups]
dev = ["httpx", {include-group = "lint"}]
lint = ["ruff"]
loop = [{include-group = "loop"}]
[tool.uv.sources]
torch = {index = "pytorch-cpu"}
httpx = {git = "https://example.org/httpx"}
"""
    project = repository({"pyproject.toml": text})
    assert lines(project) == ["numpy>=1.26", "torch==2.6.0", "pytest", "ruff"]
    assert project.python_requested == ">=3.11"
    assert project.requirements[0].line == 4
    assert "comes from elsewhere than PyPI" in said(project)


def test_a_poetry_project_is_read(repository: Repository) -> None:
    text = """
[tool.poetry.dependencies]
python = "^3.10"
pandas = "^2.1"
uvicorn = {version = "~0.30", extras = ["standard"]}
mine = {path = "../mine"}
odd = "^1 || ^2"
tomli = {version = "*", python = "<3.11"}
extra = {version = "1.0", optional = true}
[tool.poetry.group.dev.dependencies]
pytest = "*"
[tool.poetry.group.docs.dependencies]
mkdocs = "*"
"""
    project = repository({"pyproject.toml": text})
    assert lines(project) == [
        "pandas<3.0,>=2.1",
        "uvicorn[standard]<0.31,>=0.30",
        "odd",
        'tomli; python_version < "3.11"',
        "pytest",
    ]
    assert project.python_requested == ">=3.10,<4.0"
    assert "comes from a path" in said(project)
    assert 'odd: "^1 || ^2"' in said(project)


def test_a_pyproject_may_keep_its_list_in_requirements_txt(
    repository: Repository,
) -> None:
    project = repository(
        {
            "pyproject.toml": (
                "[tool.setuptools.dynamic]\n"
                'dependencies = {file = ["requirements.txt"]}\n'
            ),
            "requirements.txt": "numpy\n",
        }
    )
    assert lines(project) == ["numpy"]
    assert project.disagreements == ()


def test_a_uv_lock_pins_and_what_is_not_from_pypi_is_refused(
    repository: Repository,
) -> None:
    lock = """
version = 1
[[package]]
name = "torch"
version = "2.6.0+cu124"
source = { registry = "https://download.pytorch.org/whl/cu124" }
resolution-markers = ["sys_platform == 'linux'", "sys_platform == 'win32'"]
[[package]]
name = "mine"
version = "0.1"
source = { virtual = "." }
[[package]]
name = "other"
version = "0.1"
source = { git = "https://example.org/other" }
"""
    project = repository(
        {
            "pyproject.toml": '[project]\ndependencies = ["torch"]\n',
            "uv.lock": lock,
        }
    )
    assert [d.requirement for d in project.constraints] == [
        'torch==2.6.0; sys_platform == "linux" or sys_platform == "win32"'
    ]
    assert project.pinned_share == 1.0
    lock_manifest = project.manifest("uv.lock")
    assert lock_manifest is not None and lock_manifest.is_lock
    assert [r.text for r in lock_manifest.refused] == ["other 0.1"]


def test_a_lock_for_something_else_is_not_used(repository: Repository) -> None:
    lock = '[[package]]\nname = "{}"\nversion = "{}"\n'
    project = repository(
        {
            "pyproject.toml": '[project]\ndependencies = ["pydantic>=2", "six"]\n',
            "uv.lock": lock.format("pydantic", "1.10.26") + lock.format("six", "1.17"),
        }
    )
    assert project.constraints == ()
    assert "The lock file is not used" in said(project)
    assert project.pinned_share == 0.0


def test_a_pipfile_and_its_lock_are_read(repository: Repository) -> None:
    pipfile = """
[[source]]
url = "https://example.org/simple"
[packages]
pandas = "*"
bokeh = "!=3.0.*,>=2.4.2"
prefect = {extras = ["server"]}
mine = {path = ".", editable = true}
[dev-packages]
pytest = "*"
[requires]
python_version = "3.10"
"""
    lock = (
        '{"default": {"pandas": {"version": "==2.2.3"}, "x": {"git": "g"}},'
        ' "develop": {"pytest": {"version": "==8.0.0", "markers": "os_name==\'nt\'"}}}'
    )
    project = repository({"Pipfile": pipfile, "Pipfile.lock": lock})
    assert lines(project) == [
        "pandas",
        "bokeh!=3.0.*,>=2.4.2",
        "prefect[server]",
        "pytest",
    ]
    assert project.python_requested == "==3.10.*"
    assert project.installs_project
    assert [d.requirement for d in project.constraints] == [
        "pandas==2.2.3",
        'pytest==8.0.0; os_name == "nt"',
    ]
    assert "another package index" in said(project)


def test_setup_cfg_is_read(repository: Repository) -> None:
    text = """
[options]
python_requires = >=3.9
install_requires =
    numpy>=1.26
    pandas; python_version >= "3.9"
[options.extras_require]
test = pytest
docs = sphinx
"""
    project = repository({"setup.cfg": text})
    assert lines(project) == [
        "numpy>=1.26",
        'pandas; python_version >= "3.9"',
        "pytest",
    ]
    assert project.python_requested == ">=3.9"


def test_setup_py_is_read_and_never_run(repository: Repository) -> None:
    trap = repository.root / "ran"
    text = f"""
import setuptools
open({str(trap)!r}, "w")
BASE = ["numpy>=1.26"]
TEST = BASE + ["pytest"]
setuptools.setup(
    install_requires=[*BASE, "pandas"],
    extras_require={{"test": TEST, "docs": ["sphinx"]}},
    python_requires=">=3.9",
)
"""
    project = repository({"setup.py": text})
    assert lines(project) == ["numpy>=1.26", "pandas", "pytest"]
    assert project.python_requested == ">=3.9"
    assert not trap.exists()


@pytest.mark.parametrize(
    "value",
    [
        'open("requirements.txt").read().splitlines()',
        "read()",
        'BASE if x else ["numpy"]',
        "[p for p in BASE]",
    ],
)
def test_a_computed_list_is_said_to_be_unreadable(
    value: str, repository: Repository
) -> None:
    text = (
        "from setuptools import setup\nBASE = ['a']\n"
        f"setup(install_requires={value})\n"
    )
    project = repository({"setup.py": text, "requirements.txt": "scipy\n"})
    assert lines(project) == ["scipy"]
    assert "install_requires is not readable without executing" in said(project)


def test_a_name_given_twice_is_not_taken_for_its_first_value(
    repository: Repository,
) -> None:
    text = "A = ['x']\nA = load()\nsetup(install_requires=A)\n"
    project = repository({"setup.py": text})
    assert not project.has_manifest
    assert "not readable without executing" in said(project)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project\n"),
        ("pyproject.toml", "x = " + "[" * 5_000),
        ("Pipfile", "=\n"),
        ("uv.lock", "[[package]\n"),
        ("Pipfile.lock", "{"),
        ("Pipfile.lock", "[" * 100_000),
        ("conda-lock.yml", "a: ["),
        ("setup.cfg", "numpy\n"),
        ("setup.py", "setup(\n"),
        ("setup.py", "x = " + "(" * 5_000),
        (".python-version", "mlops-env\n"),
    ],
)
def test_a_broken_file_is_a_problem_in_words(
    path: str, text: str, repository: Repository
) -> None:
    project = repository({path: text})
    assert not project.has_manifest
    assert [f.rule for f in project.findings] == ["manifest-unreadable"]
