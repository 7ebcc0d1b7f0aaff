"""Calls that save something, what they save, and where.

What is saved is told by the call itself (`log_model`, `savefig`), else by the words of the
variable and of the file, then of the function and of the folder. A helper of the project
that saves whatever it is given is one save for each of its callers.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.checkers._artifacts_calls import (
    arguments,
    opened_with,
    parameters,
    scope_of,
)
from grader.checkers._artifacts_kinds import (
    IMAGES,
    MODEL_FILES,
    MODELS,
    Form,
    Kind,
    kind_of,
)
from grader.checkers._artifacts_paths import UNKNOWN, Argument, Given, Paths
from grader.codebase.code import Code, CodeFile, Function
from grader.codebase.reach import Reach
from grader.codebase.stages import words_of
from grader.model.measurement import Sight

_DUMPS = frozenset(
    "joblib.dump pickle.dump dill.dump cloudpickle.dump torch.save skops.io.dump "
    "pandas.to_pickle compress_pickle.dump sklearn.externals.joblib.dump".split()
)
_MODEL_CALLS = frozenset(
    "onnx.save onnx.save_model torch.jit.save torch.onnx.export tensorflow.saved_model.save "
    "tf.saved_model.save wandb.log_model keras.saving.save_model "
    "tensorflow.keras.models.save_model keras.models.save_model bentoml.sklearn.save_model "
    "safetensors.torch.save_file".split()
)
_MODEL_METHODS = frozenset("save_weights save_checkpoint".split())
_CHECKPOINTS = frozenset({"ModelCheckpoint"})
_TABLE_METHODS = frozenset(
    "to_csv to_parquet to_pickle to_feather to_excel to_hdf write_csv write_parquet "
    "write_excel sink_csv sink_parquet saveAsTable write_ndjson to_json".split()
)
_TABLE_CALLS = frozenset(
    "numpy.save numpy.savez numpy.savez_compressed numpy.savetxt scipy.sparse.save_npz "
    "sklearn.datasets.dump_svmlight_file".split()
)
_TEXT_CALLS = frozenset(
    "json.dump yaml.dump yaml.safe_dump toml.dump tomli_w.dump simplejson.dump "
    "mlflow.log_dict mlflow.log_text mlflow.log_table wandb.Table".split()
)
_FIGURE_METHODS = frozenset("savefig write_image imsave".split())
_FIGURE_CALLS = frozenset(
    "mlflow.log_figure mlflow.log_image wandb.Image plotly.io.write_html "
    "plotly.io.write_image plotly.offline.plot bokeh.plotting.save".split()
)
_REPORT_METHODS = frozenset("save_html show_html to_file to_html to_markdown".split())
_ARTIFACTS = frozenset({"mlflow.log_artifact", "mlflow.log_artifacts"})

# Far above what people write.
_MAX_SAVES = 3_000
_TEMPORARY = frozenset({"tmp", "temp", "tempdir", "tmpdir"})


@dataclass(frozen=True)
class Save:
    """One thing that is saved: what, where in the code, in which folders, and if that runs.

    `folders` are those that are known, without `*`; none where a tracking tool keeps it.
    """

    kind: Kind
    sight: Sight
    folders: tuple[str, ...]
    runs: bool


@dataclass(frozen=True)
class _Call:
    """A call that saves, with the expressions of what is saved and of the place.

    `is_folder`: a place without an ending is a folder that the call fills.
    """

    file: CodeFile
    call: ast.Call
    form: Form
    value: ast.expr | None
    place: ast.expr | None
    is_folder: bool = False


def saves_of(code: Code, reach: Reach, paths: Paths) -> list[Save]:
    """Everything that the code outside tests saves, what runs first."""
    found: list[Save] = []
    for file in code.files.values():
        if file.is_test:
            continue
        for node in file.names.nodes:
            if isinstance(node, ast.Call):
                one = _saving(code, paths, file, node)
                if one is not None and len(found) < _MAX_SAVES:
                    found += _expanded(one, reach, paths)
    return sorted(found, key=lambda one: not one.runs)


def _saving(code: Code, paths: Paths, file: CodeFile, call: ast.Call) -> _Call | None:
    name = code.symbol(file, call.func) or ""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if code.defined(file, call.func) is not None:
        # The project's own: what it does inside is looked at there.
        return None

    def made(
        form: Form,
        value: ast.expr | None,
        place: ast.expr | None,
        *,
        is_folder: bool = False,
    ) -> _Call:
        return _Call(file, call, form, value, place, is_folder)

    first, second = _argument(call, 0), _argument(call, 1)
    if name in _DUMPS:
        given = first if first is not None else _keyword(call, "value", "obj")
        where = (
            second
            if second is not None
            else _keyword(call, "filename", "f", "file", "path")
        )
        return made("object", given, where)
    if name.startswith("mlflow.") and method == "autolog":
        # It logs what fit() gives, unless it is told not to.
        given = _keyword(call, "log_models")
        is_off = isinstance(given, ast.Constant) and not given.value
        return None if is_off else made("model", None, None)
    if name.startswith("mlflow.") and method == "log_model":
        return made("model", first, None)
    if name.startswith("mlflow.") and method == "save_model":
        place = _keyword(call, "path")
        if place is None:
            place = first if name == "mlflow.pyfunc.save_model" else second
        return made("model", first, place, is_folder=True)
    if name in _MODEL_CALLS:
        return made("model", first, second)
    if method in ("save_model", "save_pretrained"):
        return made("model", receiver, first, is_folder=True)
    if method in _MODEL_METHODS:
        return made("model", receiver, first)
    if name.rpartition(".")[2] in _CHECKPOINTS:
        # Lightning's takes a folder, the one of Keras a file.
        folder = _keyword(call, "dirpath")
        if folder is None and "lightning" in name:
            folder = first
        if folder is not None:
            return made("model", None, folder, is_folder=True)
        where = _keyword(call, "filepath")
        return made("model", None, where if where is not None else first)
    if name in _FIGURE_CALLS or name.startswith("wandb.plot."):
        return made("figure", first, None)
    if method in _FIGURE_METHODS:
        place = first if first is not None else _keyword(call, "fname", "file")
        return made("figure", receiver, place) if place is not None else None
    if method == "write_html" and first is not None:
        return made("figure", receiver, first)
    if method in _TABLE_METHODS:
        keys = ("path_or_buf", "path", "excel_writer", "file", "fname")
        place = first if first is not None else _keyword(call, *keys)
        # Without a place it gives a text back.
        form: Form = "text" if method == "to_json" else "table"
        return made(form, receiver, place) if place is not None else None
    if name in _TABLE_CALLS:
        return made("table", second, first)
    if name in _TEXT_CALLS:
        if name in ("mlflow.log_dict", "mlflow.log_text", "mlflow.log_table"):
            return made("text", first, second)
        if name == "wandb.Table":
            given = first if first is not None else _keyword(call, "dataframe", "data")
            return made("text", given, None)
        is_file = second is not None or _keyword(call, "stream", "fp") is not None
        place = second if second is not None else _keyword(call, "stream", "fp")
        return made("text", first, place) if is_file else None
    if method in _REPORT_METHODS and first is not None:
        return made("report", receiver, first)
    if method == "write_text" and receiver is not None:
        return made("text", first, receiver)
    if method == "write" and receiver is not None and first is not None:
        return _written(code, file, call, receiver, first)
    if name == "print" and (handle := _keyword(call, "file")) is not None:
        return _written(code, file, call, handle, first) if first is not None else None
    if name in _ARTIFACTS and first is not None:
        return made("text", None, first)
    if method == "save" and receiver is not None and first is not None:
        return _saved(paths, made("model", receiver, first))
    return None


def _written(
    code: Code, file: CodeFile, call: ast.Call, receiver: ast.expr, first: ast.expr
) -> _Call | None:
    """`handle.write(…)`, where the handle is an opened file."""
    opened = code.symbol(file, receiver) or ""
    if not opened.endswith(("open()", "open().open()")):
        return None
    is_object = isinstance(first, ast.Call) and (
        (code.symbol(file, first.func) or "").endswith(
            ("pickle.dumps", ".SerializeToString")
        )
    )
    return _Call(file, call, "object" if is_object else "text", first, receiver)


def _saved(paths: Paths, one: _Call) -> _Call | None:
    """`x.save(path)`: of a model or an image, by the file's ending or the object's name."""
    texts = paths.texts(one.file, one.place)
    suffixes = {PurePosixPath(text).suffix.lower() for text in texts}
    if suffixes & IMAGES or ".html" in suffixes:
        return _Call(one.file, one.call, "figure", one.value, one.place)
    if suffixes & MODEL_FILES or not MODELS.isdisjoint(_names_in(one.value)):
        return one
    return None


def _expanded(one: _Call, reach: Reach, paths: Paths) -> Iterator[Save]:
    """A save for each caller where what is saved, or the place, is a parameter."""
    scope = scope_of(one.file, one.call)
    runs = reach.runs(one.call)
    if isinstance(scope, Function):
        used = _identifiers(one.value) | _identifiers(one.place)
        if one.place is not None:
            used |= _identifiers(_opened(one))
        sites = paths.sites.get(scope, ())
        if not used.isdisjoint(parameters(scope)) and sites:
            for home, call in sites[:40]:
                given = {
                    name: Argument(home, value)
                    for name, value in arguments(scope, call).items()
                }
                is_run = runs and reach.runs(call)
                yield from _save(one, paths, given, is_run, _caller(home, call), call)
            return
    yield from _save(one, paths, {}, runs, (), None)


def _opened(one: _Call) -> ast.expr | None:
    """What a handle was opened with."""
    return opened_with(one.file, one.place) if isinstance(one.place, ast.Name) else None


def _caller(home: CodeFile, call: ast.Call) -> tuple[str, ...]:
    scope = scope_of(home, call)
    return words_of(scope.name) if isinstance(scope, Function) else ()


def _save(
    one: _Call,
    paths: Paths,
    given: Given,
    runs: bool,
    caller: tuple[str, ...],
    site: ast.Call | None,
) -> Iterator[Save]:
    texts = [text for text in paths.texts(one.file, one.place, given) if text]
    known = [text for text in texts if text.strip("*/. ")]
    scope = scope_of(one.file, one.call)
    function = words_of(scope.name) if isinstance(scope, Function) else ()
    value = _words(one.value, given)
    places = _words(one.place, given)
    if isinstance(one.place, ast.Name) and not known:
        places += _words(_opened(one), given)
    stems = [PurePosixPath(text).stem for text in known]
    files = tuple(word for stem in stems for word in words_of(stem))
    fold = _filled if one.is_folder else _folder
    folders = [fold(text) for text in known]
    above = tuple(word for folder in folders for word in words_of(folder))
    endings = {PurePosixPath(text).suffix.lower() for text in known}
    near = (value, files or places)
    far = ((*function, *caller), above)
    kind = kind_of(one.form, near, far, endings)
    if kind is None and one.form == "object":
        # A model with its encoder, in one file.
        parts = (
            kind_of("object", (_words(part, given), ()), ((), ()), set())
            for part in _parts(one.value)
        )
        kind = next((part for part in parts if part == "model"), None)
    if kind is None:
        return
    home, node = one.file, one.call
    if site is not None:
        first = next(iter(given.values()), None)
        if first is not None:
            home, node = first.file, site
    what = _last(node.func)
    yield Save(
        kind=kind,
        sight=Sight(path=home.path, line=node.lineno, what=f"{what}()"),
        folders=tuple(dict.fromkeys(one for one in folders if one is not UNKNOWN)),
        runs=runs,
    )


def _parts(value: ast.expr | None) -> list[ast.expr]:
    """What a tuple, list or dictionary holds."""
    match value:
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return elements[:20]
        case ast.Dict(values=elements):
            return elements[:20]
        case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
            return [one.value for one in keywords[:20]]
    return []


def _folder(text: str) -> str:
    """The known end of a path's folder: `*/models/*` is `models`; `` for the top."""
    parts = PurePosixPath(text).parent.parts
    kept: list[str] = []
    for part in reversed(parts):
        if UNKNOWN in part or part in ("/", ".."):
            break
        kept.append(part)
    if kept:
        return "/".join(reversed(kept))
    # Nothing before the file name at all is the top; something unknown is unknown.
    return UNKNOWN if parts else ""


def _filled(text: str) -> str:
    """The folder that a call fills: a path itself, if its last part is a known folder."""
    pure = PurePosixPath(text)
    if pure.suffix:
        return _folder(text)
    if UNKNOWN in pure.name:
        return _folder(text) or UNKNOWN
    return _folder(f"{text}/x")


def is_temporary(folder: str) -> bool:
    """Whether a folder is one for what nobody keeps."""
    return not _TEMPORARY.isdisjoint(PurePosixPath(folder).parts)


def _words(node: ast.expr | None, given: Given) -> tuple[str, ...]:
    """The words of the names and strings in an expression, of parameters as given."""
    if node is None:
        return ()
    found: list[str] = []
    for one, _ in zip(ast.walk(node), range(200), strict=False):
        match one:
            case ast.Name(id=name) if name in given:
                found += _names_in(given[name].value)
            case ast.Name(id=name) | ast.Attribute(attr=name):
                found += words_of(name)
            case ast.Constant(value=str(text)) if len(text) < 100:
                found += words_of(text)
    return tuple(found)


def _names_in(node: ast.expr | None) -> tuple[str, ...]:
    return _words(node, {})


def _identifiers(node: ast.expr | None) -> set[str]:
    if node is None:
        return set()
    walked = zip(ast.walk(node), range(200), strict=False)
    return {one.id for one, _ in walked if isinstance(one, ast.Name)}


def _argument(call: ast.Call, index: int) -> ast.expr | None:
    return call.args[index] if index < len(call.args) else None


def _keyword(call: ast.Call, *names: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg in names:
            return keyword.value
    return None


def _last(called: ast.expr) -> str:
    match called:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return "call"
