"""Secrets in earlier commits: what counts, what is said where not all could be looked at."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from grader.checkers._base import Bench, Result
from grader.checkers._secrets_judged import is_secret, may_be_secret
from grader.checkers.secrets_history import SecretsHistory, SecretsHistoryOptions
from grader.codebase.secret_files import is_blank, secret_file
from grader.errors import CannotMeasure
from grader.model.measurement import Measured
from grader.model.past import PastFile, PastFiles, PastTexts
from grader.model.snapshot import Snapshot
from tests.checkers.test_boxes_that_fail import Unusable

# In two pieces, so that it is no finding in our own code.
KEY = "ghp_" + "Zr7Q1xW9vB3nM5kL8jH2gF4dS6aP0oIuYtRe"
PASSWORD = "correct" + "-horse-41"


class Recorded:
    """A history of these versions of files; `gaps` are what it lacks."""

    def __init__(
        self, versions: Sequence[tuple[str, str, bytes]], gaps: tuple[str, ...] = ()
    ) -> None:
        self._files = [
            PastFile(path, f"{number:040x}", commit)
            for number, (commit, path, _) in enumerate(versions)
        ]
        self._contents = [content for _, _, content in versions]
        self._gaps = gaps

    def files(self, scratch: Path) -> PastFiles:
        """All of them."""
        return PastFiles(tuple(self._files), 7, self._gaps)

    def texts(
        self, wanted: Sequence[PastFile], scratch: Path, most: Callable[[str], int]
    ) -> PastTexts:
        """Their content."""
        found = zip(self._files, self._contents, strict=True)
        return PastTexts({one.object_id: raw for one, raw in found if one in wanted})


Measure = Callable[..., Measured]


@pytest.fixture
def measured(tmp_path: Path, bench: Bench) -> Measure:
    def measure(
        versions: Mapping[str, str | bytes], gaps: tuple[str, ...] = ()
    ) -> Measured:
        listed = [
            (
                f"{number:040x}",
                path,
                text if isinstance(text, bytes) else text.encode(),
            )
            for number, (path, text) in enumerate(versions.items(), start=0xC0FFEE)
        ]
        snapshot = Snapshot(
            root=tmp_path, name="group", files=(), past=Recorded(listed, gaps)
        )
        options = SecretsHistoryOptions()
        outcome = SecretsHistory().measure(snapshot, options, bench).outcome
        assert isinstance(outcome, Measured)
        assert KEY not in outcome.model_dump_json()
        assert PASSWORD not in outcome.model_dump_json()
        return outcome

    return measure


def test_a_clean_history_is_clean(measured: Measure) -> None:
    outcome = measured({"a.py": "key = os.environ['API_KEY']\n", ".env.example": "A="})
    assert outcome.values == {
        "commits": 7,
        "whole": 1,
        "leaks": 0,
        "secret_files": 0,
        "secrets": 0,
    }
    assert outcome.findings == ()


def test_files_and_lines_are_found_and_told_by_kind_path_and_commit(
    measured: Measure,
) -> None:
    outcome = measured(
        {
            ".env": f"DB_PASSWORD={PASSWORD}\n",
            "src/a.py": f"token = '{KEY}'\n",
            "config.yaml": f"db_password: {PASSWORD}\n",
        }
    )
    assert outcome.values["secret_files"] == 1
    assert outcome.values["secrets"] == 2
    assert outcome.values["leaks"] == 3
    told = "\n".join(one.message for one in outcome.findings)
    assert "has .env: an environment file" in told
    assert "into src/a.py: GitHub Token" in told
    assert "into config.yaml: Secret Keyword" in told
    # Nothing there could be shown: the file may be another one by now, or gone.
    assert not any(one.path for one in outcome.findings)


def test_a_key_in_a_notebook_counts_and_what_a_cell_printed_does_not(
    measured: Measure,
) -> None:
    printed = {"output_type": "stream", "name": "stdout", "text": f"'{KEY[:-1]}w'"}
    cell = {"cell_type": "code", "source": f"login('{KEY}')", "outputs": [printed]}
    book = {"nbformat": 4, "metadata": {}, "cells": [cell]}
    assert measured({"a.ipynb": json.dumps(book)}).values["secrets"] == 1


def test_a_token_that_looks_like_words_is_told_by_its_name(measured: Measure) -> None:
    text = "upload_token = 'blue" + "-bottle-2041'\npage_token = 'next'\n"
    assert measured({"a.py": text}).values["secrets"] == 1


def test_an_allowlist_comment_hides_nothing(measured: Measure) -> None:
    text = f"token = '{KEY}'  # pragma: allowlist secret\n"
    assert measured({"a.py": text}).values["secrets"] == 1


def test_the_same_secret_in_many_versions_is_one(measured: Measure) -> None:
    line = f"token = '{KEY}'\n"
    outcome = measured({"a.py": line, "b.py": f"x = 1\n{line}", "c/d.py": line})
    assert outcome.values["secrets"] == 1


def test_a_file_of_placeholders_is_no_leak_and_one_with_values_is(
    measured: Measure,
) -> None:
    outcome = measured(
        {
            ".env": "API_KEY=\nTOKEN=<your token>\n",
            "deploy/.env.prod": "PORT=8000\n",
            "ca.pem": "-----BEGIN CERTIFICATE-----\n",
        }
    )
    assert outcome.values["secret_files"] == 1
    assert "deploy/.env.prod" in outcome.findings[0].message


def test_environments_data_and_lock_files_are_not_looked_into(
    measured: Measure,
) -> None:
    outcome = measured(
        {
            "a.py": "x = 1\n",
            "venv/lib/site-packages/a/.env": "A=1",
            "data/rows.csv": f"token={KEY}",
            "poetry.lock": f"token = '{KEY}'",
            "conda-lock.yml": f"token: '{KEY}'",
        }
    )
    assert outcome.values["leaks"] == 0


def test_without_a_find_a_history_with_gaps_is_not_graded_and_says_why(
    measured: Measure,
) -> None:
    with pytest.raises(CannotMeasure, match="the history was cut off"):
        measured({"a.py": "x = 1\n"}, ("the history was cut off",))


def test_a_history_without_code_is_not_taken_for_a_clean_one(
    tmp_path: Path, bench: Bench
) -> None:
    def look(*gaps: str) -> Result:
        past = Recorded([("c0", "README.md", b"# A\n")], gaps)
        snapshot = Snapshot(root=tmp_path, name="group", files=(), past=past)
        place = tmp_path / f"scratch-{len(gaps)}"
        place.mkdir()
        own = replace(bench, scratch=place)
        return SecretsHistory().measure(snapshot, SecretsHistoryOptions(), own)

    assert look().outcome.kind == "not-applicable"
    with pytest.raises(CannotMeasure, match="cut off"):
        look("cut off")


def test_what_was_found_counts_also_where_there_are_gaps(measured: Measure) -> None:
    outcome = measured({".env": "A=1\n"}, ("the history was cut off",))
    assert outcome.values["leaks"] == 1
    assert "there may be more" in outcome.findings[-1].message


def test_a_plain_folder_is_not_taken_for_a_clean_history(
    tmp_path: Path, bench: Bench
) -> None:
    snapshot = Snapshot(root=tmp_path, name="group", files=("a.py",))
    with pytest.raises(CannotMeasure, match="there is no git history"):
        SecretsHistory().measure(snapshot, SecretsHistoryOptions(), bench)


@pytest.mark.parametrize("status", [0, 1, 125])
def test_a_box_that_does_not_start_is_no_clean_history(
    status: int, tmp_path: Path, bench: Bench
) -> None:
    past = Recorded([("c0", "a.py", f"token = '{KEY}'\n".encode())])
    snapshot = Snapshot(root=tmp_path, name="group", files=(), past=past)
    broken = replace(bench, boxes=Unusable(status))
    with pytest.raises(CannotMeasure):
        SecretsHistory().measure(snapshot, SecretsHistoryOptions(), broken)


def test_a_path_of_any_bytes_is_told_as_text(measured: Measure) -> None:
    outcome = measured({"od\udcffd\n/.env": "A=1\n"})
    message = outcome.findings[0].message
    assert message.isprintable()
    message.encode("utf-8")


def test_hostile_contents_are_read_in_passing(measured: Measure) -> None:
    outcome = measured(
        {
            "long.txt": "a-" * 400_000 + "\n",
            "quotes.py": "token='" * 20_000,
            "odd.txt": b"\xff\xfe" * 1_000,
            "deep.ipynb": "[" * 100_000,
            "addresses.txt": "://a:" * 50_000,
            ".env": "A=" + "=" * 100_000,
        }
    )
    assert outcome.values["commits"] == 7


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".env", "an environment file"),
        ("deploy/.env.production", "an environment file"),
        ("prod.env", "a file of variables"),
        (".env.example", None),
        ("env.sample", None),
        ("example.env", None),
        (".env.vault", None),
        ("environment.yml", None),
        ("src/env.py", None),
        (".venv/pyvenv.cfg", None),
        ("id_rsa", "an SSH key"),
        ("id_rsa.pub", None),
        ("certs/server.pem", "a private key"),
        ("kaggle.json", "a login"),
        (".netrc", "a login"),
        (".pypirc", "a login"),
        (".dvc/config.local", "a login"),
        (".dvc/config", None),
        (".aws/credentials", "a login"),
        ("credentials.json", "credentials"),
        ("my-service-account-key.json", "a service account"),
        (".streamlit/secrets.toml", "a file of secrets"),
        (".secrets.baseline", None),
        ("docs/secrets.md", None),
        ("src/secrets.py", None),
    ],
)
def test_which_files_are_made_for_secrets(path: str, kind: str | None) -> None:
    found = secret_file(path)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("", True),
        ("# nothing\nA=\nB=''\n", True),
        ("A=<your key>\nexport B=changeme\nC=your-token-here\n", True),
        ("A=${A}\n", True),
        ("virtualenv", True),
        ('{\n  "key": "",\n  "b": "xxxx"\n}', True),
        ("PORT=8000\n", False),
        ("A=\nB=abc\n", False),
        ("machine example.org login me password them\n", False),
        ('{"username":"a","key":"b"}', False),
    ],
)
def test_what_only_shows_what_to_fill_in(text: str, blank: bool) -> None:
    assert is_blank(text) == blank


@pytest.mark.parametrize(
    ("line", "path", "secret"),
    [
        ('API_KEY = "k9f8e7d6c5"', "a.py", True),
        ('os.environ["API_KEY"] = "k9f8e7d6c5"', "a.py", True),
        ('x = os.getenv("API_KEY", "k9f8e7d6c5")', "a.py", True),
        ("password: hunter-41-x", "a.yaml", True),
        ("- DB_PASSWORD=hunter-41-x", "compose.yml", True),
        ('api_key = os.environ["API_KEY"]', "a.py", False),
        ("client = Api(api_key=settings.api_key)", "a.py", False),
        ("SMTP_PASSWORD: qzkv wjxh btnm plgr", "compose.yml", True),
        ("- SMTP_PASSWORD=qzkv wjxh btnm plgr  # mail", "compose.yml", True),
        ('"mail_password": "qzkv wjxh btnm plgr"', "a.json", True),
        ("SMTP_TOKEN: qzkv wjxh btnm plgr", "compose.yml", False),
        ("SMTP_PASSWORD: qzkv wjxh btnm plgr and more", "compose.yml", False),
        ("SMTP_PASSWORD: qzkv wjxh btnm", "compose.yml", False),
        ("SMTP_PASSWORD: abcd efgh ijkl mnop", "compose.yml", False),
        ("SMTP_PASSWORD: xxxx xxxx xxxx xxxx", "compose.yml", False),
        ("SMTP_PASSWORD: aaaa bbbb cccc dddd", "compose.yml", False),
        ("SMTP_PASSWORD: your mail pass word", "compose.yml", False),
        ("password: ${PASSWORD}", "a.yaml", False),
        ("password: <your password>", "a.yaml", False),
        ("password = getpass()", "a.cfg", False),
        ("sha256: 9f86d081884c7d659a2feaa0c55ad015", "a.yaml", False),
        ('token = "changeme"', "a.py", False),
    ],
)
def test_what_is_called_a_password_has_to_be_one(
    line: str, path: str, secret: bool
) -> None:
    assert is_secret("Secret Keyword", line, path) == secret
    # Nothing that counts is kept from detect-secrets.
    assert may_be_secret(line, path) or not secret


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("postgresql://app:hunter41x@db.example.org/x", True),
        ("postgresql://postgres:postgres@localhost/x", False),
        ("postgresql://app:hunter41x@localhost/x", False),
        ("postgresql://user:password@host.org/x", False),
        ("postgresql://app:${PASSWORD}@db.example.org/x", False),
    ],
)
def test_a_password_in_an_address_counts_where_it_leads_elsewhere(
    line: str, secret: bool
) -> None:
    assert is_secret("Basic Auth Credentials", line, "a.py") == secret


@pytest.mark.parametrize(
    ("line", "path", "secret"),
    [
        ("md5 = '{}'", "a.py", False),
        ("model_key = '{}'", "a.py", False),
        ("wandb.login(key='{}')", "a.py", True),
        ("wandb.login('{}')", "a.ipynb", True),
        ("wandb.login(relogin=True, key='{}')", "a.ipynb", True),
        ("WANDB_KEY = '{}'", "a.py", True),
        ("os.environ['COMET_KEY'] = '{}'", "a.py", True),
        ("wandb_api_key: '{}'", "a.yaml", True),
        ("api_key = '1234567890abcdef{}'", "README.md", False),
    ],
)
def test_what_looks_random_is_a_secret_where_the_line_says_so(
    line: str, path: str, secret: bool
) -> None:
    digest = "9f86d081884c7d659a2feaa0c55ad015"
    told = line.replace("{}", digest + digest[:8])
    assert is_secret("Hex High Entropy String", told, path) == secret
    assert may_be_secret(told, path) or not secret


def test_a_public_address_and_an_example_are_no_secrets() -> None:
    assert not is_secret("Public IP (ipv4)", "host = '93.184.216.34'", "a.py")
    example = "AKIA" + "IOSFODNN7EXAMPLE"
    assert not is_secret("AWS Access Key", f"key = '{example}'", "a.py")
