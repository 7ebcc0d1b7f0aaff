"""requirements.txt: pip's lines, what is refused, files that name files, encodings."""

import pytest

from grader.environment._requirements import group_of_file, logical_lines
from grader.environment.manifests import read_manifests
from tests.environment.repository import Repository, lines, said


def test_pips_own_syntax_is_read(repository: Repository) -> None:
    text = (
        "# a comment\n"
        "numpy==1.26.4  # pinned\n"
        "uvicorn[standard] >= 0.30 ; python_version >= '3.9'\n"
        "pandas==2.2.3 \\\n"
        "    --hash=sha256:aa \\\n"
        "    --hash=sha256:bb\n"
        "\n"
        "PyYAML\n"
    )
    project = repository({"requirements.txt": text})
    assert [(d.requirement, d.line, d.is_pinned) for d in project.requirements] == [
        ("numpy==1.26.4", 2, True),
        ('uvicorn[standard]>=0.30; python_version >= "3.9"', 3, False),
        ("pandas==2.2.3", 4, True),
        ("PyYAML", 8, False),
    ]
    assert [d.name for d in project.requirements][-1] == "pyyaml"
    assert project.findings == ()
    assert project.pinned_share == 0.5


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-e git+https://example.org/x.git#egg=x", "comes from a URL"),
        ("git+https://example.org/x.git", "comes from a URL"),
        ("x @ git+https://example.org/x.git", "comes from a URL"),
        ("https://example.org/x-1.0-py3-none-any.whl", "comes from a URL"),
        ("--extra-index-url https://example.org/simple", "another package index"),
        ("-i https://example.org/simple", "another package index"),
        ("--index-url=https://example.org/simple", "another package index"),
        ("--trusted-host example.org", "certificate"),
        ("--find-links ./wheels", "another place"),
        ("./local", "is a path"),
        ("-e ../outside", "is a path"),
        ("/etc/passwd", "is a path"),
        ("C:\\wheels\\x.whl", "is a path"),
        ("wheels/x-1.0-py3-none-any.whl", "is a file"),
        ("x==${VERSION}", "from the environment"),
        ("--no-binary :all:", "is an option of pip"),
        ("-r ../../etc/passwd", "outside the repository"),
        ("-r /etc/passwd", "only files of the repository"),
        ("-r https://example.org/r.txt", "only files of the repository"),
        ("-r missing.txt", "no such file"),
    ],
)
def test_a_line_that_leads_elsewhere_is_refused_with_its_reason(
    line: str, reason: str, repository: Repository
) -> None:
    project = repository({"requirements.txt": f"numpy\n{line}\n"})
    assert lines(project) == ["numpy"]
    assert [(r.line, reason in r.reason) for r in project.manifests[0].refused] == [
        (2, True)
    ]


def test_an_index_on_a_packages_line_costs_the_index_only(
    repository: Repository,
) -> None:
    line = "torch==2.6.0+cpu --index-url https://download.pytorch.org/whl/cpu\n"
    project = repository({"requirements.txt": line})
    assert lines(project) == ["torch==2.6.0"]
    assert "on a package's line" in said(project)


def test_the_project_itself_is_not_installed_and_that_is_known(
    repository: Repository,
) -> None:
    project = repository({"requirements.txt": "-e .[dev]\nnumpy\n"})
    assert project.installs_project
    assert lines(project) == ["numpy"]


def test_a_path_of_the_authors_computer_keeps_the_package(
    repository: Repository,
) -> None:
    text = "numpy @ file:///croot/numpy_1690/work\n"
    project = repository({"requirements.txt": text})
    assert lines(project) == ["numpy"]
    assert "in any version" in said(project)


def test_files_that_name_files_are_read_once_and_a_loop_is_named(
    repository: Repository,
) -> None:
    project = repository(
        {
            "requirements.txt": "-r requirements/base.txt\n-c pins.txt\n",
            "requirements/base.txt": "numpy\n-r ../requirements.txt\n",
            "pins.txt": "numpy==1.26.4\nscipy==1.15.2\n",
        }
    )
    assert lines(project) == ["numpy"]
    assert [d.requirement for d in project.constraints] == [
        "numpy==1.26.4",
        "scipy==1.15.2",
    ]
    loop = "requirements.txt → requirements/base.txt → requirements.txt"
    assert loop in said(project)


def test_files_that_name_each_other_widely_end(repository: Repository) -> None:
    names = [f"r{i}.txt" for i in range(60)]
    every = "".join(f"-r {name}\n" for name in names)
    files: dict[str, str | bytes] = {name: every for name in names}
    project = repository({**files, "requirements.txt": f"numpy\n{every}"})
    assert lines(project) == ["numpy"]
    assert "over 50 files are named" in said(project)


def test_a_symbolic_link_is_not_followed(repository: Repository) -> None:
    (repository.root / "real.txt").write_text("evil\n")
    (repository.root / "requirements.txt").symlink_to("real.txt")
    project = read_manifests(repository.root, ("real.txt", "requirements.txt"))
    assert not project.has_manifest
    assert "symbolic link" in said(project)


@pytest.mark.parametrize(
    "raw",
    [
        "numpy==1.26.4\r\n".encode("utf-16"),
        "numpy==1.26.4\n".encode("utf-16-le"),
        b"\xef\xbb\xbfnumpy==1.26.4\n",
        "numpy==1.26.4  # f\xfcr Felder\n".encode("latin-1"),
    ],
)
def test_other_encodings_are_read(raw: bytes, repository: Repository) -> None:
    assert lines(repository({"requirements.txt": raw})) == ["numpy==1.26.4"]


def test_utf_16_is_said_to_be_that(repository: Repository) -> None:
    project = repository({"requirements.txt": "numpy\n".encode("utf-16")})
    assert "UTF-16" in said(project)
    assert [f.severity for f in project.findings] == ["info"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"numpy\0\0\0\x01\x02", "is not text"),
        (b"#" * (1024 * 1024 + 1), "over 1 MiB"),
        (b"a\n" * 5_002, "over 5,000 lines"),
    ],
)
def test_what_is_too_large_or_not_text_is_not_read(
    raw: bytes, reason: str, repository: Repository
) -> None:
    project = repository({"requirements.txt": raw})
    assert not project.has_manifest
    assert reason in said(project)


@pytest.mark.parametrize(
    "line",
    [
        "num py",
        "numpy=>1.0",
        "!pip install numpy",
        "numpy==" + "9" * 5_000,
        "numpy; " + "(" * 900 + "python_version > '3'" + ")" * 900,
    ],
)
def test_what_is_no_requirement_is_a_problem_in_words(
    line: str, repository: Repository
) -> None:
    project = repository({"requirements.txt": f"{line}\nscipy\n"})
    assert lines(project) == ["scipy"]
    assert "is not a requirement" in said(project)


def test_condas_own_list_is_read_as_that(repository: Repository) -> None:
    text = (
        "# This file may be used to create an environment using:\n"
        "# $ conda create --name <env> --file <this file>\n"
        "numpy=1.26.4=py311_0\n"
        "openssl=3.3.0=h4ab18f5_3\n"
    )
    project = repository({"requirements.txt": text})
    assert lines(project) == ["numpy==1.26.4"]


def test_a_single_equals_sign_is_taken_as_conda_means_it(
    repository: Repository,
) -> None:
    project = repository({"requirements.txt": "numpy=1.26.4\n"})
    assert lines(project) == ["numpy==1.26.4.*"]
    assert "conda's spelling" in said(project)


def test_python_among_the_packages_is_the_python_asked_for(
    repository: Repository,
) -> None:
    project = repository({"requirements.txt": "python==3.10\nnumpy\n"})
    assert project.python_requested == "==3.10"
    assert lines(project) == ["numpy"]


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("requirements.txt", "runtime"),
        ("requirements-dev.txt", "dev"),
        ("requirements_test.txt", "test"),
        ("dev-requirements.txt", "dev"),
        ("test_requirements.txt", "test"),
        ("requirements-prod.txt", "runtime"),
        ("requirements_frontend.txt", "frontend"),
        ("requirements.in", "runtime"),
        ("Requirements.txt", "runtime"),
        ("constraints.txt", None),
        ("my_requirements_doc.md", None),
    ],
)
def test_a_files_name_says_its_group(name: str, group: str | None) -> None:
    assert group_of_file(name) == group


def test_a_fragment_is_no_comment() -> None:
    assert logical_lines("git+https://x#egg=y # z\n") == [("git+https://x#egg=y", 1)]
