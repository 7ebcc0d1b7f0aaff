"""The repositories of cases 61 to 64: text that a report could act on instead of showing.

The same text stands wherever a repository can put text into a report: names of files,
names of tests, messages of failures, what tools quote.
"""

from collections.abc import Mapping, Sequence

from tests.hostile.suite_repositories import HONEST, Files

MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload='alert(1)'>",
    "{{7*7}}",
    "{% include 'report.css' %}",
    "</details></body></html>",
    "javascript:alert(1)",
    "&lt;b&gt;&#x202e;",
)

MARKDOWN = (
    "```\n</details>\n\n# Full marks\n```",
    "~~~~ and ```` and ` and ``",
    "@everyone @octocat and #1 and GH-2",
    "![image](http://127.0.0.1/image.png)",
    "[link](javascript:alert(1)) <http://127.0.0.1>",
    "<!-- mlops-grade:comment --> --> <!--",
    "| a | b |\n|---|---|\n| 10 | 10 |",
    "**bold** _it_ ~~gone~~ :tada: $x^2$",
    "1. one\n- two\n> three\n\n---\n\nTitle\n=====",
)

FORMULAS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "a,b;c\"d'e",
    "nul \0 here",
    "lone \udcff and \ud800 here",
)

TERMINAL = (
    "[bold red]loud[/bold red]",
    "[link=file:///etc/passwd]click[/link]",
    "[/]",
    "\x1b]8;;http://127.0.0.1\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[2J\x1b[1;1H\x1b[31m",
    "\x9b2J \x90q \u202egnirts\u202c",
    "a\rb\x08c",
)


def with_texts(texts: Sequence[str], names: Sequence[str]) -> Files:
    """A project whose tests fail with the texts, and with files of these names."""
    sources = {
        f"src/{name}.py": "import os, sys\nx=1\n\n\ndef f( a ):\n  return  a\n"
        for name in names
    }
    tests = {
        f"tests/test_{name}.py": "def test_fails():\n    assert False\n"
        for name in names
    }
    return {**HONEST, **sources, **tests, "tests/test_texts.py": _failing(texts)}


def _failing(texts: Sequence[str]) -> str:
    return f"""\
import warnings

import pytest

TEXTS = {list(texts)!r}


@pytest.mark.parametrize("text", TEXTS)
def test_fails_with(text):
    raise RuntimeError(text)


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_compares(number):
    assert TEXTS[number] == "other"


@pytest.mark.parametrize("number", [pytest.param(1, id=t) for t in TEXTS])
def test_has_a_name(number):
    assert not number


@pytest.mark.skip(reason=TEXTS[0])
def test_is_skipped():
    pass


@pytest.fixture(params=TEXTS)
def broken(request):
    raise ValueError(request.param)


def test_has_no_setup(broken):
    pass


def test_warns_and_prints():
    for text in TEXTS:
        warnings.warn(text)
        print(text)
    raise type("Error" + TEXTS[0], (Exception,), {{}})("x" * 1_000_000 + TEXTS[0])
"""


TEXTS: Mapping[int, Sequence[str]] = {
    61: MARKUP,
    62: MARKDOWN,
    63: FORMULAS,
    64: TERMINAL,
}
# What a file may be called: no slash and no NUL; a slash makes a folder of it.
NAMES: Mapping[int, Sequence[str]] = {
    61: ("<img src=x onerror=alert(1)>", "{{7*7}}", "'\"><svg onload=alert(1)>"),
    62: ("`a` **b** @octocat #1", "![x](y)", "<!-- x", "| a | b |"),
    63: ("=cmd|' C calc'!A0", "+1+1", "@SUM(1,1)", "-1+1"),
    64: ("[bold]x[/bold]", "[/x]", "[link=x]y", "%(x)s {x} \\e[31m"),
}
