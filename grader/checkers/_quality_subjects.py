"""What a test of data calls, and a test of the model: functions by their names and modules."""

import ast
from collections.abc import Sequence

from grader.codebase.code import code_of
from grader.codebase.stages import StageName, stages_of, words_of
from grader.model.snapshot import Snapshot

_OF_DATA: tuple[StageName, ...] = (
    *("loading", "cleaning", "validation", "preprocessing", "features"),
)
_OF_MODEL: tuple[StageName, ...] = ("training", "evaluation", "inference")
_DATA_MODULES = frozenset("data dataset datasets schema schemas".split())
_MODEL_MODULES = frozenset("model models network autoencoder classifier".split())
_ON_MODELS = frozenset(
    "validate validation score check test fit build create make calibrate tune".split()
)


def of_data(snapshot: Snapshot) -> frozenset[ast.AST]:
    """The functions and classes that load, check, clean and prepare data."""
    return _functions_of(snapshot, _OF_DATA, _DATA_MODULES)


def of_model(snapshot: Snapshot) -> frozenset[ast.AST]:
    """The functions and classes that train, evaluate and use a model."""
    return _functions_of(snapshot, _OF_MODEL, _MODEL_MODULES)


def _functions_of(
    snapshot: Snapshot, stages: Sequence[StageName], modules: frozenset[str]
) -> frozenset[ast.AST]:
    """The functions of some stages by name; by module where none is named so.

    What stands in a module named after data is of data as well, and so are the classes
    of one named after models.
    """
    found: set[ast.AST] = set()
    for stage in stages:
        of_stage = [one for one in stages_of(snapshot).of(stage) if not one.is_stub]
        named = {one.file.path for one in of_stage if one.is_named}
        for one in of_stage:
            if one.is_named or one.file.path not in named:
                found.add(one.node)
                holder = one.name.rpartition(".")[0]
                if holder and one.is_named:
                    found.add(one.file.classes[holder])
    for file in code_of(snapshot).files.values():
        if file.is_test:
            continue
        module = set(words_of(file.path.rpartition("/")[2].removesuffix(".py")))
        if modules is _MODEL_MODULES:
            # `validate_model`, `create_model`: of no stage by their words.
            found.update(
                node
                for name, node in file.functions.items()
                if "model" in words_of(name)
                and not _ON_MODELS.isdisjoint(words_of(name))
            )
        if modules & module:
            found.update(file.classes.values())
            if modules is _DATA_MODULES:
                # `process_data` in data.py; of model.py a helper says nothing.
                found.update(file.functions.values())
    return frozenset(found)
