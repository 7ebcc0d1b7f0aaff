"""The stages of a pipeline: which functions are which, which run, which are stubs.

A stage is known by the name of a function, else of its module or folder; a name alone is
not one, the function must have a body and the pipeline must come to it.
"""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, get_args

from grader.codebase.bodies import is_stub
from grader.codebase.code import CodeFile, Function, code_of
from grader.codebase.entry import pipeline_of
from grader.codebase.reading import Reading
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

StageName = Literal[
    "loading",
    "cleaning",
    "validation",
    "preprocessing",
    "features",
    "training",
    "evaluation",
    "inference",
]
STAGES: tuple[StageName, ...] = get_args(StageName)

_WORDS: dict[StageName, str] = {
    "loading": "load loads loader loading ingest ingestion fetch download downloader "
    "acquire acquisition read reader extract extraction dataloader dataloaders",
    "cleaning": "clean cleans cleaner cleaning cleanup wrangle wrangling deduplicate",
    "validation": "validate validates validation validator validators",
    "preprocessing": "preprocess preprocessing preprocessor preprocessed prepare "
    "preparation transform transformation transformations encode impute",
    "features": "feature features featurize featurizer featurise engineering",
    "training": "train trains training trainer fit fitting",
    "evaluation": "evaluate evaluates evaluation evaluator evaluators metrics",
    "inference": "infer inference inferencer inferences predict predicts prediction "
    "predictions predictor",
}
_STAGE_OF = {word: stage for stage, words in _WORDS.items() for word in words.split()}
# Phrases of two words that a single word would not tell.
_PHRASES: dict[tuple[str, str], StageName] = {
    ("data", "check"): "validation",
    ("data", "checks"): "validation",
    ("check", "data"): "validation",
    ("check", "schema"): "validation",
    ("validate", "schema"): "validation",
    ("get", "data"): "loading",
    ("make", "dataset"): "loading",
    ("get", "dataset"): "loading",
    ("data", "quality"): "validation",
}
# What is loaded, validated … and is no data: reading a configuration is no stage.
_OTHER_THINGS = frozenset(
    "config configs configuration cfg settings setting model models env environment "
    "yaml json params param parameters args arguments artifact artifacts logger logging "
    "log pipeline preprocessor scaler encoder weights checkpoint request requests "
    "response payload credentials secrets path paths file files schema schemas "
    "dotenv token user url module pickle joblib pkl".split()
)
_DATA = frozenset("data dataset datasets dataframe df csv".split())
# Where another word says what is done: `extract_features` loads nothing.
_WEAK = frozenset("extract extraction".split())
# PyTorch Lightning calls these. What it validates is the model; loaders load data, whatever
# they are for.
_HOOK = re.compile(
    r"(on_)?(?P<of>training|train|fit|validation|test|predict)"
    r"(_step|_(epoch|batch)?_?(start|end))"
)
_HOOK_OF: dict[str, StageName] = {
    **dict.fromkeys(("training", "train", "fit"), "training"),
    **dict.fromkeys(("validation", "test"), "evaluation"),
    "predict": "inference",
}
_LOADERS = frozenset("dataloader dataloaders".split())
# `plot_features`, `display_download`: to show something is no stage.
_SHOWS = frozenset("display draw plot print render show".split())
# What an address of a service does when it is asked, of all that a name may say.
_SERVED: frozenset[StageName] = frozenset({"training", "inference"})
_ROUTES = frozenset("get post put patch delete head options route api_route".split())
_NAMED = frozenset(_STAGE_OF)
_ANY_STAGE = frozenset(
    "fit transform fit_transform predict predict_proba score".split()
)
_NEEDS_DATA: frozenset[StageName] = frozenset({"loading", "validation"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


@dataclass(frozen=True, eq=False)
class StageFunction:
    """One function of a stage, and whether it has a body and is come to.

    `is_named`: its own name says the stage, not only its module's.
    """

    stage: StageName
    file: CodeFile
    name: str
    node: Function
    is_named: bool
    is_stub: bool
    is_reached: bool

    @property
    def sight(self) -> Sight:
        """Where it is defined."""
        return Sight(path=self.file.path, line=self.node.lineno, what=f"{self.name}()")


@dataclass(frozen=True)
class Stages:
    """All functions of stages in a repository, outside tests."""

    functions: tuple[StageFunction, ...]

    def real(self, stage: StageName) -> tuple[StageFunction, ...]:
        """Those with a body that the pipeline comes to, the likeliest first."""
        real = [one for one in self.of(stage) if one.is_reached and not one.is_stub]
        return tuple(sorted(real, key=lambda one: not one.is_named))

    def of(self, stage: StageName) -> tuple[StageFunction, ...]:
        """All of one stage."""
        return tuple(one for one in self.functions if one.stage == stage)


def _stages(snapshot: Snapshot) -> Stages:
    reach = pipeline_of(snapshot).reach
    found = []
    for file in code_of(snapshot).files.values():
        if file.is_test:
            continue
        above = _of_module(file.path)
        for name, node in file.functions.items():
            own = _of_function(name)
            said = own if own is not None else above or _of_method(name)
            if _is_route(node):
                said = tuple(stage for stage in said if stage in _SERVED)
            for stage in said:
                found.append(
                    StageFunction(
                        stage=stage,
                        file=file,
                        name=name,
                        node=node,
                        is_named=own is not None,
                        is_stub=is_stub(file, node),
                        is_reached=reach.reaches(node),
                    )
                )
    return Stages(tuple(found))


def words_of(name: str) -> tuple[str, ...]:
    """The words of an identifier or file name: `DataLoader`, `load_data` -> load, data."""
    return tuple(word.lower() for word in _WORD.findall(name))


def _of_function(name: str) -> tuple[StageName, ...] | None:
    """The stages that a function's own name says, or its class's; None where neither does.

    `fit` and `transform` are what scikit-learn calls the methods of any stage.
    """
    holder, _, own = name.rpartition(".")
    if own.startswith("__"):
        return None
    if holder and (hook := _HOOK.fullmatch(own)):
        return (_HOOK_OF[hook["of"]],)
    said = words_of(own)
    if not _LOADERS.isdisjoint(said):
        return ("loading",)
    if not _SHOWS.isdisjoint(said[:1]):
        return None
    for given in (own, holder):
        words = words_of(given)
        is_method_of_any = bool(holder) and given == own and own in _ANY_STAGE
        if not is_method_of_any and not _NAMED.isdisjoint(words):
            return _of_words(words)
        if _phrases(words):
            return _of_words(words)
    return None


def _of_method(name: str) -> tuple[StageName, ...]:
    """What scikit-learn's name for a method says, in a class and module that say nothing."""
    holder, _, own = name.rpartition(".")
    return _of_words(words_of(own)) if holder and own in _ANY_STAGE else ()


def _of_module(path: str) -> tuple[StageName, ...]:
    pure = PurePosixPath(path)
    for part in (pure.stem, *reversed(pure.parts[:-1])):
        if found := _of_words(words_of(part), is_place=True):
            return found
    return ()


def _of_words(
    words: tuple[str, ...], *, is_place: bool = False
) -> tuple[StageName, ...]:
    """The stages in the words of a name; those of a file or folder need no noun."""
    if "split" in words or "test" in words and "train" in words:
        return ()
    what = words
    if "from" in words and not _DATA.isdisjoint(words[: words.index("from")]):
        # `read_data_from_file`: where it comes from says nothing of what is read.
        what = words[: words.index("from")]
    has_other = not _OTHER_THINGS.isdisjoint(what)
    telling = [word for word in words if word in _STAGE_OF]
    if not _WEAK.issuperset(telling):
        telling = [word for word in telling if word not in _WEAK]
    single = (_STAGE_OF[word] for word in telling)
    kept = [
        stage
        for stage in single
        if is_place or not (stage in _NEEDS_DATA and has_other)
    ]
    return tuple(dict.fromkeys((*kept, *_phrases(words))))


def _is_route(function: Function) -> bool:
    """Whether a web framework calls it, by its decorator: `@app.get("/metrics")`."""
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(
                func=ast.Attribute(attr=name), args=[ast.Constant(value=str(path)), *_]
            ) if name in _ROUTES and path.startswith("/"):
                return True
    return False


def _phrases(words: tuple[str, ...]) -> Iterable[StageName]:
    pairs = zip(words, words[1:], strict=False)
    return [_PHRASES[pair] for pair in pairs if pair in _PHRASES]


stages_of: Reading[Stages] = Reading(_stages)
