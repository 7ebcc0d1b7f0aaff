"""`github init`: what it writes into a repository, and what it refuses."""

import subprocess
from importlib import metadata
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from grader.cli.app import run
from grader.cli.github_init import init, main_branch, own_address
from grader.errors import GradeError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ACTION = f"course/mlops-grade@{COMMIT}"
FOLDER = ".github/workflows"
BOTH = {"mlops-grade.yml", "mlops-grade-comment.yml"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    return folder


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


def ask(*arguments: str) -> Result:
    """Runs the command; an error of the user's is raised."""
    app = typer.Typer()
    app.command()(init)
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def refusal(*arguments: str) -> str:
    with pytest.raises(GradeError) as refused:
        ask(*arguments)
    return f"{refused.value.message} {refused.value.hint}"


def written(root: Path) -> dict[str, str]:
    files = (root / FOLDER).glob("*") if (root / FOLDER).exists() else ()
    return {file.name: file.read_text("utf-8") for file in files}


def test_two_workflows_are_written_and_what_to_do_next_is_said(root: Path) -> None:
    said = ask(str(root), "--action", ACTION)
    files = written(root)
    assert set(files) == BOTH
    assert all("OWNER" not in text and "@REF" not in text for text in files.values())
    assert f"uses: {ACTION}" in files["mlops-grade.yml"]
    assert f"Wrote {FOLDER}/mlops-grade.yml" in said.stdout
    assert f"git -C {root} add {FOLDER}" in said.stdout
    assert "open a pull request" in said.stdout
    assert said.stderr == ""


def test_one_workflow_is_written_where_one_is_asked_for(root: Path) -> None:
    ask(str(root), "--action", ACTION, "--single")
    assert set(written(root)) == {"mlops-grade.yml"}
    assert "comment: auto" in written(root)["mlops-grade.yml"]


def test_the_second_of_two_workflows_is_named_when_one_replaces_them(
    root: Path,
) -> None:
    ask(str(root), "--action", ACTION)
    said = ask(str(root), "--action", ACTION, "--single", "--force")
    assert f"Remove {FOLDER}/mlops-grade-comment.yml" in said.stdout


def test_nothing_is_replaced_silently(root: Path) -> None:
    ask(str(root), "--action", ACTION)
    (root / FOLDER / "mlops-grade-comment.yml").write_text("mine", "utf-8")
    (root / FOLDER / "mlops-grade.yml").unlink()
    refused = refusal(str(root), "--action", ACTION)
    assert f'"{FOLDER}/mlops-grade-comment.yml" exists already and differs' in refused
    assert "--force" in refused
    assert written(root) == {"mlops-grade-comment.yml": "mine"}
    ask(str(root), "--action", ACTION, "--force")
    assert "mine" not in written(root).values()
    assert set(written(root)) == BOTH


def test_a_second_time_changes_nothing(root: Path) -> None:
    ask(str(root), "--action", ACTION)
    before = written(root)
    said = ask(str(root), "--action", ACTION)
    assert said.stdout.count("Unchanged:") == 2
    assert written(root) == before


@pytest.mark.parametrize("option", ["--dry-run", "--print"])
def test_a_dry_run_prints_the_files_and_writes_none(root: Path, option: str) -> None:
    said = ask(str(root), "--action", ACTION, option)
    assert all(f"# {FOLDER}/{name}\n" in said.stdout for name in BOTH)
    assert written(root) == {}


def test_a_link_is_not_written_through(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / ".github").symlink_to(tmp_path / "elsewhere")
    assert '".github" is a symbolic link' in refusal(str(root), "--action", ACTION)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_folder_inside_a_repository_is_refused(root: Path) -> None:
    (root / "src").mkdir()
    refused = refusal(str(root / "src"), "--action", ACTION)
    assert "is not the top folder of a git repository" in refused


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("mlops-grade@v1", "is not OWNER/REPOSITORY@REF"),
        ("course/mlops-grade", "is not OWNER/REPOSITORY@REF"),
        ("https://github.com/course/mlops-grade@v1", "without https://"),
        ("course/mlops-grade@v1\n    evil: true", "is not OWNER/REPOSITORY@REF"),
        ("course/mlops-grade@v1\n", "is not OWNER/REPOSITORY@REF"),
        ("course/mlops-grade@0123abc", "is a shortened commit"),
    ],
)
def test_an_address_that_can_not_be_used_is_refused(
    root: Path, action: str, words: str
) -> None:
    assert words in refusal(str(root), "--action", action)
    assert written(root) == {}


def test_a_ref_that_can_be_moved_is_told_about(root: Path) -> None:
    said = ask(str(root), "--action", "course/mlops-grade@v1.2.0")
    assert '"v1.2.0" can be moved by whoever owns course/mlops-grade' in said.stderr
    assert "uses: course/mlops-grade@v1.2.0" in written(root)["mlops-grade.yml"]


@pytest.mark.parametrize("branch", ["release/2", "v1.0", "main"])
def test_the_main_branch_can_be_chosen(root: Path, branch: str) -> None:
    ask(str(root), "--action", ACTION, "--branch", branch)
    for text in written(root).values():
        parsed = yaml.load(text, yaml.BaseLoader)
        if push := parsed["on"].get("push"):
            assert push["branches"] == [branch]


@pytest.mark.parametrize("branch", ["**", '"]', "!main", "a b", "-x"])
def test_a_branch_that_would_be_a_pattern_is_refused(root: Path, branch: str) -> None:
    refused = refusal(str(root), "--action", ACTION, f"--branch={branch}")
    assert "takes for a pattern" in refused


def test_the_main_branch_is_what_the_origin_calls_so(root: Path) -> None:
    git(root, "commit", "-q", "--allow-empty", "-m", "a")
    git(root, "update-ref", "refs/remotes/origin/trunk", "HEAD")
    git(
        root,
        "symbolic-ref",
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/trunk",
    )
    assert main_branch(root) == "trunk"


def test_the_main_branch_is_main_also_while_another_is_checked_out(root: Path) -> None:
    git(root, "commit", "-q", "--allow-empty", "-m", "a")
    git(root, "switch", "-q", "-c", "feature")
    assert main_branch(root) == "main"
    git(root, "pack-refs", "--all")
    assert main_branch(root) == "main"
    git(root, "branch", "-q", "-D", "main")
    assert main_branch(root) == "feature"


def test_a_branch_name_that_means_something_in_yaml_is_not_taken_over(
    root: Path,
) -> None:
    (root / ".git/HEAD").write_text('ref: refs/heads/"]}#\n', "utf-8")
    assert main_branch(root) == "main"


def installation(
    folder: Path, origin: str = "", project_urls: tuple[str, ...] = ()
) -> metadata.Distribution:
    """An installation of version 1.2.0 that says where it came from."""
    info = folder / "mlops_grade-1.2.0.dist-info"
    info.mkdir()
    urls = "".join(f"Project-URL: {url}\n" for url in project_urls)
    head = f"Metadata-Version: 2.1\nName: mlops-grade\nVersion: 1.2.0\n{urls}"
    (info / "METADATA").write_text(head, "utf-8")
    if origin:
        (info / "direct_url.json").write_text(origin, "utf-8")
    return metadata.PathDistribution(info)


def from_git(url: str) -> str:
    info = f'{{"vcs": "git", "commit_id": "{COMMIT}"}}'
    return f'{{"url": "{url}", "vcs_info": {info}}}'


def test_what_was_installed_from_github_knows_its_address(tmp_path: Path) -> None:
    origin = from_git("https://github.com/course/mlops-grade.git")
    assert own_address(installation(tmp_path, origin)) == ACTION


def test_a_package_that_names_its_repository_gives_the_tag_of_its_version(
    tmp_path: Path,
) -> None:
    urls = (
        "Docs, https://example.org",
        "Source, https://github.com/course/mlops-grade",
    )
    found = own_address(installation(tmp_path, project_urls=urls))
    assert found == "course/mlops-grade@v1.2.0"


@pytest.mark.parametrize(
    "origin",
    [
        "",
        '{"url": "file:///home/a/mlops-grade", "dir_info": {"editable": true}}',
        from_git("https://gitlab.com/course/mlops-grade"),
    ],
)
def test_no_address_is_made_up(
    root: Path, tmp_path: Path, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = installation(tmp_path, origin)
    monkeypatch.setattr(metadata, "distribution", lambda name: installed)
    refused = refusal(str(root))
    assert "there is no address to take mlops-grade from" in refused
    assert "--action OWNER/mlops-grade@COMMIT" in refused
    assert written(root) == {}


def test_it_is_a_command_of_the_program(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["github", "init", str(root), "--action", "course/mlops-grade"]) == 2
    assert "is not OWNER/REPOSITORY@REF" in capsys.readouterr().err
    assert run(["github", "init", str(root), "--action", ACTION]) == 0
    assert set(written(root)) == BOTH
