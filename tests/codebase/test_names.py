"""Names resolved through imports, aliases and scopes, from the syntax tree alone."""

import ast

import pytest

from grader.codebase.names import read_names


def qualified(code: str) -> str | None:
    """What the function of the file's last call is called."""
    names = read_names(ast.parse(code))
    calls = [node for node in names.nodes if isinstance(node, ast.Call)]
    last = max(calls, key=lambda call: (call.lineno, -call.col_offset))
    return names.qualified(last.func)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("open('x')", "open"),
        ("import yaml\nyaml.load(f)", "yaml.load"),
        ("import yaml as y\ny.load(f)", "yaml.load"),
        ("import os.path\nos.path.join(a)", "os.path.join"),
        ("import a.b as c\nc.d()", "a.b.d"),
        ("from os import environ as e\ne.get('x')", "os.environ.get"),
        ("from pathlib import Path as P\nP('x')", "pathlib.Path"),
        ("from .errors import Mine\nMine()", ".errors.Mine"),
        ("from . import errors\nerrors.Mine()", ".errors.Mine"),
        ("import os\njoin = os.path.join\njoin(a)", "os.path.join"),
        ("def f():\n    import yaml as y\n    y.load(f)", "yaml.load"),
        (
            "try:\n    import yaml\nexcept E:\n    yaml = None\nyaml.load(f)",
            "yaml.load",
        ),
        ("def open(x): ...\nopen('x')", None),
        ("from os import environ as e\ndef f(e):\n    e.get('x')", None),
        ("import yaml as y\nfor y in rows:\n    pass\ndef f(y): y.load()", None),
        ("from os import environ as e\n[e.get(1) for e in rows]", None),
        ("class A:\n    open = 1\n    def f(self):\n        open('x')", "open"),
        ("f().get('x')", None),
        ("a = b\nb = a\na()", None),
        (
            "def f():\n    global os\n    del os\nimport os\ndef g(): os.remove(a)",
            "os.remove",
        ),
        (
            "def f():\n    import yaml as y\n    g = y.load\n    g(a)\n    del g",
            "yaml.load",
        ),
    ],
)
def test_a_name_stands_for_what_its_scope_binds(
    code: str, expected: str | None
) -> None:
    assert qualified(code) == expected


def test_a_name_that_an_except_clause_takes_is_no_import_inside_that_function() -> None:
    code = "import yaml as e\ndef f():\n    try: g\n    except E as e: e.load()"
    assert qualified(code) is None


def test_a_tree_of_20_000_levels_is_walked() -> None:
    # Newer parsers accept such a sum; older ones refuse it, so it is built here.
    deep: ast.expr = ast.Name("first", ast.Load())
    for _ in range(20_000):
        deep = ast.BinOp(deep, ast.Add(), ast.Constant(1))
    tree = ast.Module(body=[ast.Expr(deep)], type_ignores=[])
    names = read_names(tree)
    assert len(names.nodes) == 40_003
    assert names.qualified(names.nodes[20_002]) == "first"


@pytest.mark.parametrize(
    ("code", "is_kept"),
    [
        ("if __name__ == '__main__':\n    net = net(1)", True),
        ("if '__main__' == __name__:\n    with net() as net: ...", True),
        ("if __name__ == '__main__':\n    for a in b:\n        net = a", True),
        ("if __name__ == '__main__': ...\nelse:\n    net = net(1)", False),
        ("if a:\n    net = net(1)", False),
        ("net = net(1)", False),
        ("def f():\n    if __name__ == '__main__':\n        net = 1", True),
    ],
)
def test_what_only_a_script_binds_hides_no_function_of_the_module(
    code: str, is_kept: bool
) -> None:
    names = read_names(ast.parse(f"def net(a): ...\n{code}\n"))
    assert isinstance(names.at_top("net"), ast.FunctionDef) == is_kept


def test_a_variable_that_a_script_binds_again_could_be_either() -> None:
    code = "net = first()\nif __name__ == '__main__':\n    net = second()\n"
    assert read_names(ast.parse(code)).top_value("net") is None
