"""What a saved thing is, by the form of the call and the words around it."""

from typing import Literal, get_args

Kind = Literal["processed", "model", "predictions", "report", "figure"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Form = Literal["object", "model", "table", "text", "figure", "report"]

IMAGES = frozenset({".png", ".svg", ".jpg", ".jpeg", ".pdf"})
MODEL_FILES = frozenset(
    ".pkl .pickle .joblib .onnx .pt .pth .h5 .hdf5 .keras .skops .ubj .cbm .bst .model "
    ".safetensors .ckpt .sav".split()
)
_PREDICTIONS = frozenset(
    "pred preds predict predicted prediction predictions predictor inference inferences "
    "infer forecast forecasts scored".split()
)
_REPORTS = frozenset(
    "metric metrics report reports score scores result results evaluation evaluations eval "
    "evaluate performance summary importance importances slice slices comparison "
    "classification confusion statistics stats profile drift leaderboard threshold "
    "calibration benchmark bias fairness".split()
)
_PROCESSED = frozenset(
    "processed process clean cleaned cleaning preprocessed preprocess preprocessing "
    "transformed transform engineered feature features featurized train trainval "
    "training test testing val valid validated validation split splits dataset datasets "
    "interim encoded prepared prepare curated gold silver merged data df wrangled "
    "segregated segregate basic sample reference normalized scaled balanced".split()
)
# A look at data, or data for inference: neither processed data nor predictions.
_INPUTS = frozenset("sample samples holdout input inputs".split())
_RAW = frozenset("raw download downloaded fetch ingest ingested original".split())
_PARTS = frozenset(
    "encoder encoders lb binarizer scaler scalers preprocessor vectorizer dv tokenizer "
    "imputer preproc preprocess preprocessing transformer columns lookup mapping label "
    "labels params config schema study".split()
)
MODELS = frozenset(
    "model models classifier clf regressor estimator pipeline pipe lr rf rfc lrc cv xgb "
    "lgbm svc forest network net checkpoint checkpoints state dict booster weights "
    "autoencoder trained gbm learner svm knn logreg logistic regression best sk "
    "calibrated trainer artifact artifacts bundle final".split()
)
# A pipeline may be one of preprocessing alone, if the file's name says so.
_PERHAPS = frozenset("pipeline pipe artifact artifacts bundle final best dict".split())
_SETTINGS = frozenset("config cfg schema settings params hyperparameters".split())

# Of the value and of the file that it goes to; or of the functions and of the folders.
Words = tuple[tuple[str, ...], tuple[str, ...]]


def kind_of(form: Form, near: Words, far: Words, endings: set[str]) -> Kind | None:
    """What is saved: `near` are the words of the value and the file, `far` of the rest."""
    match form:
        case "model" | "figure" | "report":
            return form
        case "object":
            return _object(near, far)
        case "text" if endings & IMAGES:
            return "figure"
        case "text" if endings & MODEL_FILES:
            return _object(near, far)
        case "text":
            words = (*near[0], *near[1])
            is_settings = not _SETTINGS.isdisjoint(words)
            return None if is_settings else _text(words) or _text(far[0])
        case "table" if not _INPUTS.isdisjoint(near[1]) and _is_unnamed(near[1]):
            return None
        case "table":
            for words in ((*near[1], *near[0]), *far):
                if kind := _table(words):
                    return None if kind == "raw" else kind
    return None


def _is_unnamed(words: tuple[str, ...]) -> bool:
    return not any(word.startswith(("pred", "process", "clean")) for word in words)


def _object(near: Words, far: Words) -> Kind | None:
    """What a pickled object is: a model, data; None for a part of a model, and others."""
    for words in near:
        given = set(words)
        if given & _PARTS:
            return None
        if given & (MODELS - _PERHAPS):
            return "model"
        kind = _table(words)
        if kind == "predictions" or kind == "processed":
            return kind
    if not _PERHAPS.isdisjoint((*near[0], *near[1])):
        return "model"
    for words in far:
        if set(words) & {"model", "models", "train", "training", "fit"}:
            return "model"
    return None


def _table(words: tuple[str, ...]) -> Kind | Literal["raw"] | None:
    given = set(words)
    if given & _PREDICTIONS:
        return "predictions"
    if given & _REPORTS:
        return "report"
    if given & _RAW:
        return "raw"
    if given & (_PROCESSED - {"data", "df"}):
        return "processed"
    return None


def _text(words: tuple[str, ...]) -> Kind | None:
    given = set(words)
    if given & _REPORTS:
        return "report"
    if given & _PREDICTIONS:
        return "predictions"
    return None
