"""The secrets checker: what is found, what is hidden, and that no secret gets out."""

import json
import shlex
import subprocess
import sys
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from grader.checkers._base import Bench
from grader.checkers._detect_secrets import Secret, read_baseline, read_scan
from grader.checkers.secrets import Secrets, SecretsOptions
from grader.errors import CannotMeasure
from grader.model.measurement import Measured, NotApplicable
from tests.conftest import MakeSnapshot, Recorded

# In two pieces, so that this file holds no secret.
KEY = "AKIA" + "IOSFODNN7EXAMPLQ"
HASHED = "cd32de16c90473e475b05e0c5f0281449a69db79"
LEAK = f'KEY = "{KEY}"\n'
MARKED = f'KEY = "{KEY}"  # pragma: allowlist secret\n'
FILES = ["src/keys.py", "src/marked.py"]
FOUND = Secret("src/keys.py", "AWS Access Key", HASHED)
HIDDEN = Secret("src/marked.py", "AWS Access Key", HASHED)


def test_what_detect_secrets_reports_is_read_without_our_sample(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    snapshot = make_snapshot({})
    masked = recorded("detect-secrets/dirty.json", snapshot, exit_status=0)
    assert read_scan(masked, FILES) == {FOUND: 1}
    unmasked = recorded("detect-secrets/unmasked.json", snapshot, exit_status=0)
    assert read_scan(unmasked, FILES) == {FOUND: 1, HIDDEN: 1}
    clean = recorded("detect-secrets/clean.json", snapshot, exit_status=0)
    assert read_scan(clean, ["src/clean.py"]) == {}


def test_a_scan_that_misses_our_sample_has_not_worked(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    output = recorded("detect-secrets/clean.json", make_snapshot({}), exit_status=0)
    report = json.loads(output.stdout)
    silent = json.dumps({**report, "results": {}})
    with pytest.raises(CannotMeasure, match="did not find the sample"):
        read_scan(replace(output, stdout=silent), ["src/clean.py"])


def test_a_report_on_another_file_is_not_understood(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    output = recorded("detect-secrets/dirty.json", make_snapshot({}), exit_status=0)
    with pytest.raises(CannotMeasure, match=r"src/keys\.py, which was not asked"):
        read_scan(output, ["src/other.py"])


def test_the_error_for_unknown_output_does_not_quote_it(
    make_snapshot: MakeSnapshot, recorded: Recorded
) -> None:
    output = recorded(
        "detect-secrets/crash.txt", make_snapshot({}), exit_status=1, stream="stderr"
    )
    for doubtful in (
        replace(output, stderr=f"{output.stderr}ValueError: {KEY}"),
        replace(output, stderr=f"{KEY} {KEY}"),
        replace(output, stderr="opensesame"),
        replace(output, exit_status=0, stdout=LEAK),
        replace(output, exit_status=0, stdout=json.dumps({"results": {"a": KEY}})),
    ):
        with pytest.raises(CannotMeasure) as raised:
            read_scan(doubtful, FILES)
        told = "".join(traceback.format_exception(raised.value))
        assert KEY not in told and "opensesame" not in told


def test_secrets_are_found_in_all_types_of_files_and_never_told(
    make_snapshot: MakeSnapshot, bench: Bench, tmp_path: Path
) -> None:
    baseline = tmp_path / "known.json"
    known = {"type": "AWS Access Key", "filename": "k.py", "hashed_secret": HASHED}
    baseline.write_text(json.dumps({"version": "1.5.0", "results": {"k.py": [known]}}))
    plugin = f"open({str(tmp_path / 'canary')!r}, 'w')"
    snapshot = make_snapshot(
        {
            ".env": f"TOKEN={KEY}\n",
            "-rf.py": LEAK,
            "build/out.json": json.dumps({"key": KEY}),
            "k.py": LEAK,
            "marked.py": MARKED,
            # Neither the repository's baseline nor the plugin that it names is used.
            ".secrets.baseline": json.dumps(
                {
                    "version": "1.5.0",
                    "plugins_used": [{"name": "P", "path": "file://plugin.py"}],
                    "results": {"-rf.py": [known]},
                }
            ),
            "plugin.py": plugin,
            # Not scanned.
            "notebook.ipynb": LEAK,
            "venv/lib.py": LEAK,
            "large.txt": LEAK * 40_000,
            # Not read.
            "windows.env": LEAK.encode("utf-16"),
            "image.bin": b"\xff\x00",
        }
    )
    options = SecretsOptions(baseline=str(baseline))
    result = Secrets().measure(snapshot, options, bench)
    assert isinstance(result.outcome, Measured)
    assert result.outcome.values == {
        "secrets": 3,
        "allowlisted": 1,
        "known": 1,
        "files": 8,
        "files_with_secrets": 4,
        "unread_files": 1,
    }
    assert [(f.rule, f.path, f.line) for f in result.outcome.findings] == [
        ("AWS Access Key", "-rf.py", 1),
        ("AWS Access Key", ".env", 1),
        ("AWS Access Key", "build/out.json", 1),
        ("AWS Access Key", "marked.py", 1),
        ("not-utf-8", "windows.env", None),
        ("not-scanned", None, None),
        ("not-scanned", None, None),
        ("not-scanned", None, None),
        ("own-settings", ".secrets.baseline", None),
    ]
    assert KEY not in repr(result)
    assert not (tmp_path / "canary").exists()
    assert result.command == (
        r"detect-secrets scan --no-verify '--exclude-files=\.ipynb$' "
        r"'--exclude-files=^(\.secrets\.baseline$|large\.txt$|venv/)'"
    )
    # No copy of a secret stays behind.
    left = [path for path in bench.scratch.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in path.read_bytes() for path in left)


@pytest.mark.sandbox
def test_a_file_that_makes_detect_secrets_crash_is_named_and_not_quoted(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    # A date that doesn't exist is an error that its YAML parser doesn't expect.
    snapshot = make_snapshot(
        {"a.py": LEAK, "b.py": "", "config.yml": f"key: {KEY}\nday: 2024-13-45\n"}
    )
    outcome = Secrets().measure(snapshot, SecretsOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    (missing,) = outcome.not_measured
    assert missing.path == "config.yml"
    assert missing.reason == "detect-secrets: ended with exit status 1 (ValueError)."
    assert (outcome.values["secrets"], outcome.values["files"]) == (1, 2)
    assert KEY not in repr(outcome)


def test_only_excluded_files_are_nothing_to_measure(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot({"notebook.ipynb": LEAK})
    outcome = Secrets().measure(snapshot, SecretsOptions(), bench).outcome
    assert isinstance(outcome, NotApplicable)


def test_a_pattern_that_excludes_our_sample_is_no_failure(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    options = SecretsOptions(exclude_files=r"^(?!src/)")
    snapshot = make_snapshot({"src/keys.py": LEAK, "keys.py": LEAK})
    outcome = Secrets().measure(snapshot, options, bench).outcome
    assert isinstance(outcome, Measured)
    assert (outcome.values["secrets"], outcome.values["files"]) == (1, 1)


def test_the_command_as_typed_finds_what_was_found(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    snapshot = make_snapshot(
        {
            "keys.py": LEAK,
            "data/small.csv": LEAK,
            "data/large (1).csv": LEAK + "#" * 2**20,
            "env/pyvenv.cfg": "home = /usr/bin\n",
            "env/lib/keys.txt": LEAK,
            "src/venv/keys.txt": LEAK,
            "src/app.ipynb": LEAK,
            "node_modules/one/two/keys.js": LEAK,
            ".secrets.baseline": '{"results": {}, "hash": "%s"}' % HASHED,
        }
    )
    git = ("git", "-C", str(snapshot.root))
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-f", "."], check=True)
    result = Secrets().measure(snapshot, SecretsOptions(), bench)
    assert result.command is not None
    tool, *arguments = shlex.split(result.command)
    typed = subprocess.run(
        [str(Path(sys.executable).parent / tool), *arguments],
        cwd=snapshot.root,
        capture_output=True,
        check=True,
    )
    assert isinstance(result.outcome, Measured)
    assert result.outcome.values["secrets"] == 2
    found = {f.path for f in result.outcome.findings if f.severity == "error"}
    assert json.loads(typed.stdout)["results"].keys() == found


def test_a_command_names_no_more_than_anybody_would_read(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    plain = r"detect-secrets scan --no-verify '--exclude-files=\.ipynb$'"
    large = {f"large{number}.txt": "#" * 2**20 + "\n" for number in range(20)}
    snapshot = make_snapshot({**large, "venv/keys.py": LEAK, "own.py": ""})
    result = Secrets().measure(snapshot, SecretsOptions(), bench)
    assert result.command == f"{plain} '--exclude-files=^(venv/)'"
    many = {f"{number}/venv/keys.py": LEAK for number in range(21)}
    own = {f"{number}/own.py": "" for number in range(21)}
    result = Secrets().measure(make_snapshot(many | own), SecretsOptions(), bench)
    assert result.command == plain


def test_a_baseline_that_cannot_be_read_is_an_error_without_its_content(
    tmp_path: Path,
) -> None:
    file = tmp_path / "known.json"
    file.write_text(json.dumps({"results": KEY}))
    for path in (file, tmp_path / "missing.json"):
        with pytest.raises(CannotMeasure, match="can't be read") as raised:
            read_baseline(str(path))
        assert KEY not in raised.value.reason


def test_a_pattern_that_is_none_is_refused_with_the_rubric() -> None:
    with pytest.raises(ValidationError, match="not a regular expression"):
        SecretsOptions(exclude_files="(")
