"""Hyperparameters that are written in the code, where a model or a split is made.

Known by the library: what is called is an estimator of scikit-learn, XGBoost, LightGBM or
CatBoost, a splitter or search, an optimizer or loader of PyTorch or Keras, or their fit.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.codebase.code import CodeFile, code_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_TUNABLE = re.compile(
    r"(sklearn|imblearn|cuml)\.(ensemble|linear_model|svm|tree|neighbors|neural_network"
    r"|naive_bayes|discriminant_analysis|gaussian_process|cluster|decomposition|mixture"
    r"|calibration|kernel_ridge|kernel_approximation|preprocessing|feature_selection"
    r"|impute|manifold|isotonic|multiclass|multioutput"
    r"|semi_supervised|over_sampling|under_sampling|combine|feature_extraction\.text"
    r"|experimental)\.[A-Z]\w+|sklearn\.model_selection\.\w+"
    r"|(xgboost|lightgbm|catboost)(\.sklearn)?\.(\w+(Classifier|Regressor|Ranker)"
    r"|train|cv|CatBoost)"
    r"|torch\.optim(\.\w+)*\.[A-Z]\w+|torch\.utils\.data\.(DataLoader|random_split)"
    r"|torch\.nn\.Dropout\w*|(tensorflow\.)?keras\.optimizers(\.\w+)*\.[A-Z]\w+"
    r"|(tensorflow\.)?keras\.layers\.Dropout"
    r"|transformers\.TrainingArguments|(pytorch_lightning|lightning(\.pytorch)?)\.Trainer"
)
_FIT = re.compile(
    r"((sklearn|xgboost|lightgbm|catboost|tensorflow|keras)\.[\w.]+)\(\)\.(fit|compile)"
)
# Numbers that tune nothing.
_NO_TUNING = frozenset(
    "verbose n_jobs num_workers fill_value missing_values unknown_value missing axis "
    "encoded_missing_value cache_size thread_count nthread device copy persistent_workers "
    "prefetch_factor log_every_n_steps logging_steps zero_division verbosity "
    "error_score pre_dispatch gpu_id devices num_threads min_frequency_missing "
    "logging_level verbose_eval".split()
)
# Of texts only what chooses how a model learns.
_TEXTS = frozenset(
    "penalty solver criterion kernel loss optimizer activation max_features booster "
    "objective algorithm weights class_weight tree_method boosting_type loss_function "
    "learning_rate gamma".split()
)
_FIT_KEYWORDS = frozenset(
    "epochs batch_size early_stopping_rounds num_boost_round validation_split "
    "learning_rate".split()
)
Assigned = dict[str, ast.expr | None]
# What the number at a place of the arguments is, where the library's signature says it.
_POSITIONAL = (
    (re.compile(r"torch\.optim(\.(?!lr_scheduler)\w+)*\.[A-Z]\w+"), 1, "lr"),
    (re.compile(r"torch\.optim\.lr_scheduler\.StepLR"), 1, "step_size"),
    (re.compile(r"torch\.optim\.lr_scheduler\.ExponentialLR"), 1, "gamma"),
    (re.compile(r"torch\.optim\.lr_scheduler\.CosineAnnealingLR"), 1, "T_max"),
    (
        re.compile(
            r"sklearn\.model_selection\.((Stratified|Group|StratifiedGroup)?KFold"
            r"|TimeSeriesSplit|(Stratified|Group)?ShuffleSplit)"
        ),
        0,
        "n_splits",
    ),
    (
        re.compile(
            r"sklearn\.decomposition\.(PCA|TruncatedSVD|KernelPCA|IncrementalPCA|NMF|FastICA)"
        ),
        0,
        "n_components",
    ),
    (re.compile(r"sklearn\.cluster\.(MiniBatch)?KMeans"), 0, "n_clusters"),
    (
        re.compile(
            r"sklearn\.ensemble\.(RandomForest|ExtraTrees)(Classifier|Regressor)"
        ),
        0,
        "n_estimators",
    ),
    (re.compile(r"sklearn\.neighbors\.KNeighbors\w+"), 0, "n_neighbors"),
    (re.compile(r"sklearn\.linear_model\.(Ridge|Lasso|ElasticNet)"), 0, "alpha"),
    (re.compile(r"torch\.nn\.Dropout\w*"), 0, "p"),
    (re.compile(r"torch\.utils\.data\.DataLoader"), 1, "batch_size"),
    (re.compile(r"(tensorflow\.)?keras\.layers\.Dropout"), 0, "rate"),
    (
        re.compile(r"(tensorflow\.)?keras\.optimizers(\.\w+)*\.[A-Z]\w+"),
        0,
        "learning_rate",
    ),
)


@dataclass(frozen=True)
class Literals:
    """The places where a hyperparameter is written in the code, and the calls that take any."""

    places: list[Sight]
    calls: list[Sight]


def literals_of(snapshot: Snapshot) -> Literals:
    """The hyperparameters in the code of a repository, its tests aside."""
    code = code_of(snapshot)
    found = Literals([], [])
    for file in code.files.values():
        assigned = {} if file.is_test else _assigned(file)
        for node in () if file.is_test else file.names.nodes:
            if isinstance(node, ast.Call):
                name = code.symbol(file, node.func) or ""
                if _TUNABLE.fullmatch(name):
                    found.calls.append(_sight(file, node, name))
                    found.places.extend(_written(file, assigned, node, name))
                elif _FIT.fullmatch(name):
                    given = _written(file, assigned, node, name)
                    found.places.extend(
                        one
                        for one in given
                        if one.what.partition("=")[0] in _FIT_KEYWORDS
                    )
    return found


def _written(
    file: CodeFile, assigned: Assigned, call: ast.Call, name: str
) -> Iterator[Sight]:
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in ("params", "param"):
            for key, value in _entries(assigned, keyword.value):
                yield from _one(file, assigned, key, value)
        else:
            yield from _one(file, assigned, keyword.arg, keyword.value)
    for called, place, key in _POSITIONAL:
        if called.fullmatch(name):
            for value in call.args[place : place + 1]:
                yield from _one(file, assigned, key, value)
    if name.endswith(("xgboost.train", "lightgbm.train")) and call.args:
        for key, value in _entries(assigned, call.args[0]):
            yield from _one(file, assigned, key, value)


def _one(
    file: CodeFile, assigned: Assigned, key: str, value: ast.expr
) -> Iterator[Sight]:
    literal = _literal(assigned, value)
    if literal is None or key in _NO_TUNING:
        return
    if isinstance(literal, str) and key not in _TEXTS:
        return
    shown = f"{key}={literal!r}"[:80]
    yield Sight(path=file.path, line=value.lineno, what=shown)


def _literal(assigned: Assigned, value: ast.expr) -> int | float | str | None:
    """A number or text that is written here, or that a name of this file stands for."""
    match value:
        case ast.Constant(value=bool() | None):
            return None
        case ast.Constant(value=int() | float() | str() as constant):
            return constant
        case ast.UnaryOp(
            op=ast.USub(), operand=ast.Constant(value=int() | float() as number)
        ):
            return None if isinstance(number, bool) else -number
        case ast.Name(id=name):
            meant = assigned.get(name)
            if meant is not None and not isinstance(meant, ast.Name):
                return _literal(assigned, meant)
    return None


def _entries(assigned: Assigned, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The entries of a dict that is written here, or assigned to a name once in the file."""
    meant = assigned.get(value.id) if isinstance(value, ast.Name) else value
    if isinstance(meant, ast.Dict):
        for key, one in zip(meant.keys, meant.values):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, one


def _assigned(file: CodeFile) -> Assigned:
    """What the names of a file are assigned, of those that are bound once."""
    found: Assigned = {}
    for node in file.names.nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = None if name in found else value
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                found[name] = None if name in found else value
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                known = file.names.parents[node]
                if not isinstance(known, ast.Assign | ast.AnnAssign):
                    found[name] = None
    return found


def _sight(file: CodeFile, call: ast.Call, name: str) -> Sight:
    return Sight(path=file.path, line=call.lineno, what=name.rpartition(".")[2])
