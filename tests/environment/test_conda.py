"""environment.yml: match specs, names, the nested pip list, what is not YAML."""

import pytest

from grader.environment._conda import MatchSpec, parse_match_spec
from grader.environment.names import (
    NotOnPyPI,
    NotPython,
    OnPyPI,
    conda_names,
    from_conda,
)
from tests.environment.repository import Repository, lines, said


@pytest.mark.parametrize(
    ("written", "specifiers", "is_pinned"),
    [
        ("numpy", "", False),
        ("numpy=1.26", "==1.26.*", False),
        ("numpy=1.26.4", "==1.26.4.*", True),
        ("numpy = 1.26.4", "==1.26.4.*", True),
        ("numpy=2025.2", "==2025.2.*", True),
        ("numpy==1.26", "==1.26", True),
        ("numpy 1.26.4", "==1.26.4", True),
        ("numpy 1.26.*", "==1.26.*", False),
        ("numpy=1.26.*", "==1.26.*", False),
        ("numpy=1.26*", "==1.26.*", False),
        ("numpy=1.26.4=py311_0", "==1.26.4", True),
        ("numpy 1.26.4 py311_0", "==1.26.4", True),
        ("numpy==1.26.4=py311_0", "==1.26.4", True),
        ("numpy>=1.2,<2", ">=1.2,<2", False),
        ("numpy >= 1.2, < 2", ">=1.2,<2", False),
        ("numpy>=1.2.*", ">=1.2", False),
        ("numpy!=1.3.*", "!=1.3.*", False),
        ("numpy~=1.2", "~=1.2", False),
        ("numpy=*", "", False),
        ("numpy=*=py311_0", "", False),
        ("numpy[version='>=1.2,<2']", ">=1.2,<2", False),
        ('numpy[version="1.26.4",build=py311_0]', "==1.26.4", True),
        ("conda-forge::numpy=1.26.4", "==1.26.4.*", True),
        ("conda-forge/linux-64::numpy", "", False),
        ("NumPy  # arrays", "", False),
    ],
)
def test_a_match_spec_becomes_what_pep_440_says(
    written: str, specifiers: str, is_pinned: bool
) -> None:
    assert parse_match_spec(written) == MatchSpec("numpy", specifiers, is_pinned)


@pytest.mark.parametrize("written", ["numpy=1.2|1.3", "numpy=>x", "numpy>=1.2.x"])
def test_a_version_that_pep_440_cannot_say_is_left_out_and_said(
    written: str, repository: Repository
) -> None:
    project = repository({"environment.yml": f"dependencies:\n  - {written}\n"})
    assert lines(project) == ["numpy"]
    assert "taken without a version" in said(project)


def test_a_course_environment_is_read_line_by_line(repository: Repository) -> None:
    project = repository(
        {
            "environment.yml": (
                "name: mlops\n"
                "channels:\n"
                "  - conda-forge\n"
                "dependencies:\n"
                "  - python=3.10\n"
                "  - pandas=2.2.3   # data\n"
                "  - pytorch\n"
                "  - fastapi=0.115.12\n"
                "  - git\n"
                "  - cudatoolkit=11.8\n"
                "  - nb_conda_kernels\n"
                "  - pip\n"
                "  - pip:\n"
                "    - wandb==0.19.11  # tracking\n"
                "    - -r more.txt\n"
                "    - --extra-index-url https://example.org/simple\n"
            ),
            "more.txt": "httpx\n",
        }
    )
    assert lines(project) == [
        "pandas==2.2.3.*",
        "torch",
        "fastapi[standard]==0.115.12.*",
        "pip",
        "wandb==0.19.11",
        "httpx",
    ]
    assert project.python_requested == "==3.10.*"
    manifest = project.manifests[0]
    assert manifest.channels == ("conda-forge",)
    assert [(n.name, n.line) for n in manifest.non_python] == [
        ("git", 9),
        ("cudatoolkit", 10),
    ]
    assert [n.name for n in manifest.unmapped] == ["nb_conda_kernels"]
    assert [(d.path, d.line) for d in project.requirements][-2:] == [
        ("environment.yml", 14),
        ("more.txt", 1),
    ]
    assert [r.line for r in manifest.refused] == [16]


def test_python_3_10_without_quotes_is_not_3_1(repository: Repository) -> None:
    project = repository({"environment.yml": "dependencies: [python=3.10, numpy]\n"})
    assert project.python_requested == "==3.10.*"


def test_an_import_name_of_the_standard_library_is_not_installed(
    repository: Repository,
) -> None:
    # Seen in a real course repository: the imports of the code, listed as packages.
    text = "dependencies:\n  - __future__\n  - os\n  - typing\n  - pandas\n"
    project = repository({"environment.yml": text})
    assert lines(project) == ["pandas"]
    assert '"os" is a part of Python itself' in said(project)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dependencies: [numpy\n", "not YAML"),
        ("- numpy\n", "not a conda environment"),
        ("", "not a conda environment"),
        ("name: x\n", 'no list "dependencies"'),
        ("a: &a [x]\nb: *c\n", "not YAML"),
        ("dependencies: " + "[" * 100 + "]" * 100, "nested too deeply"),
        ("? [a]\n: b\n", "a key is plain text"),
    ],
)
def test_what_is_not_an_environment_is_a_problem_in_words(
    text: str, reason: str, repository: Repository
) -> None:
    project = repository({"environment.yml": text})
    assert not project.has_manifest
    assert reason in said(project)


def test_a_yaml_bomb_is_refused_before_it_grows(repository: Repository) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join(['*' + a] * 10)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    project = repository({"environment.yml": bomb + "dependencies: *i\n"})
    assert "stands for too many values" in said(project)


def test_a_conda_lock_pins_the_python_packages_of_linux(repository: Repository) -> None:
    entry = (
        "- name: {}\n  version: {}\n  manager: conda\n  platform: {}\n"
        "  dependencies: {}\n"
    )
    lock = "version: 1\npackage:\n" + "".join(
        [
            entry.format("pytorch", "2.3.0", "linux-64", "{python: ''}"),
            entry.format("pytorch", "2.2.0", "osx-64", "{python: ''}"),
            entry.format("openssl", "3.3.0", "linux-64", "{__glibc: ''}"),
            entry.format("python", "3.11.9", "linux-64", "{}"),
        ]
    )
    project = repository(
        {
            "environment.yml": "dependencies: [python>=3.9, pytorch]\n",
            "conda-lock.yml": lock,
        }
    )
    assert [d.requirement for d in project.constraints] == ["torch==2.3.0"]
    assert project.python_requested == "==3.11.9"
    assert project.pinned_share == 1.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pytorch", OnPyPI("torch", "table")),
        ("opencv", OnPyPI("opencv-python-headless", "table")),
        ("msgpack-python", OnPyPI("msgpack", "table")),
        ("ruamel.yaml", OnPyPI("ruamel-yaml", "table")),
        ("scikit-learn", OnPyPI("scikit-learn", "same name")),
        ("typing_extensions", OnPyPI("typing-extensions", "same name")),
        ("librosa", OnPyPI("librosa", "same name")),
        ("graphviz", NotPython("a program of its own")),
        ("python-graphviz", OnPyPI("graphviz", "table")),
        ("tk", NotPython("a system library")),
        ("libblas", NotPython("a system library")),
        ("r-ggplot2", NotPython("R, another language")),
        ("_libgcc_mutex", NotPython("conda's own bookkeeping")),
        ("nb_conda", NotOnPyPI("a part of conda's notebooks")),
    ],
)
def test_a_conda_name_is_looked_up_and_never_respelled(
    name: str, expected: OnPyPI | NotPython | NotOnPyPI
) -> None:
    assert from_conda(name) == expected


def test_the_table_says_where_it_is_from_and_has_each_name_once() -> None:
    table = conda_names()
    assert table.date == "2026-07-12"
    assert any("stdrename.json" in source for source in table.source)
    names = [*table.pypi, *table.not_python, *table.not_on_pypi]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)
