"""Passing over quiet lines: detect-secrets finds the same, on lines of every kind."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from detect_secrets.__version__ import VERSION
from detect_secrets.core import scan
from detect_secrets.plugins.keyword import DENYLIST
from detect_secrets.settings import default_settings, get_plugins
from hypothesis import given
from hypothesis import strategies as st

from grader.sandbox import quiet_lines
from grader.sandbox.quiet_lines import looks_of, secrets_in

# Untouched, whatever is installed later in this process.
_THEIRS = scan._process_line_based_plugins

# In two pieces each, so that none of them is a finding in our own code.
_SECRETS = (
    "AKIA" + "Q3EGRZ5KW2MLOPS7",
    "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx",
    "xoxb-" + "34532454-e039d02840a0b9379c",
    "https://jane:" + "Tr0ub4dor3@example.org/x",
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9."
    + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "sk_live_" + "1a2b3c4d5e6f7g8h9i0j1k2l",
    "93.184." + "216.34",
    "110201543:" + "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "0123456789abcdef0123" + "456789abcdef9f3c1d2e",
    "c2VjcmV0IG1lc3NhZ2UgZm9y" + "IHlvdSBhbmQgbWUhIQ==",
)
_WORDS = (
    *(*DENYLIST, *_SECRETS, *(name.replace("_?", "_").upper() for name in DENYLIST)),
    *("import os", "x", "1.5", "", "é", "# pragma: allowlist secret", "get(", ")"),
    *(
        "// pragma: allowlist nextline secret",
        "ſecret",
        "api_\u212aey",
        "correct-horse",
    ),
)
_JOINTS = (
    "",
    " ",
    "=",
    " = ",
    ": ",
    '"',
    "'",
    ' = "',
    "':'",
    '" == ',
    "; ",
    " => ",
    ",",
)
_NAMES = (
    "a.py",
    "a.yaml",
    "a.yml",
    "a.go",
    "a.c",
    "a.cpp",
    "a.ini",
    "a.md",
    "a",
    "a.js",
)

_lines = st.lists(
    st.lists(
        st.tuples(st.sampled_from(_WORDS), st.sampled_from(_JOINTS)), max_size=6
    ).map(lambda parts: "".join(word + joint for word, joint in parts)),
    max_size=12,
)


@pytest.fixture(autouse=True, scope="module")
def _settings() -> Iterator[None]:
    with default_settings():
        yield


def _found(way: Any, lines: Sequence[str], name: str) -> list[tuple[object, ...]]:
    numbered = list(enumerate((f"{line}\n" for line in lines), start=1))
    return [
        (one.type, one.secret_value, one.filename, one.line_number)
        for one in way(numbered, name)
    ]


@given(lines=_lines, name=st.sampled_from(_NAMES))
def test_what_is_found_is_the_same_in_the_same_order(
    lines: list[str], name: str
) -> None:
    assert _found(secrets_in, lines, name) == _found(_THEIRS, lines, name)


@pytest.mark.parametrize("line", ["x = '{}'", "password: {}", "{}", '  "{}", "\u212a"'])
@pytest.mark.parametrize("name", _NAMES)
def test_every_kind_of_secret_is_found_as_ever(line: str, name: str) -> None:
    lines = [text for one in _SECRETS for text in ("import os", line.format(one))]
    found = _found(secrets_in, lines, name)
    assert found == _found(_THEIRS, lines, name)
    assert len({kind for kind, *_ in found}) >= 6


def test_every_plugin_of_this_version_goes_by_its_patterns() -> None:
    assert quiet_lines._KNOWN_VERSION == VERSION
    assert get_plugins()
    for plugin in get_plugins():
        assert looks_of(plugin, "a.py") is not None, plugin


def test_a_plugin_that_is_not_known_is_called_on_every_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plugin = get_plugins()[0]
    kind = type(plugin)
    monkeypatch.setattr(
        kind, "analyze_string", lambda self, string: iter(("anything-at-all",))
    )
    assert looks_of(plugin, "a.py") is None
    lines = ["import os", "x = 1"]
    found = _found(secrets_in, lines, "a.py")
    assert [line for *_, line in found] == [1, 2]
    assert found == _found(_THEIRS, lines, "a.py")


def test_another_version_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_process_line_based_plugins", _THEIRS)
    monkeypatch.setattr(quiet_lines, "VERSION", "1.6.0")
    quiet_lines.install()
    assert scan._process_line_based_plugins is _THEIRS
    monkeypatch.setattr(quiet_lines, "VERSION", VERSION)
    quiet_lines.install()
    assert scan._process_line_based_plugins is secrets_in
