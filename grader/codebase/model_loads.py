"""Which calls load a model, and from where: a file, or a registry by name."""

import re

_FROM_FILE = frozenset(
    "joblib.load pickle.load pickle.loads cloudpickle.load cloudpickle.loads dill.load "
    "sklearn.externals.joblib.load skops.io.load torch.load torch.jit.load "
    "keras.models.load_model keras.saving.load_model tensorflow.keras.models.load_model "
    "tf_keras.models.load_model tensorflow.saved_model.load onnxruntime.InferenceSession "
    "spacy.load safetensors.torch.load_file lightgbm.Booster "
    "tensorflow.lite.Interpreter".split()
)
_METHODS = frozenset({"load_from_checkpoint", "from_pretrained"})
_OF_BOOSTERS = re.compile(r"(xgboost|lightgbm|catboost)\.\w+\(\)\.load_model")
_OF_MLFLOW = re.compile(r"mlflow\.(\w+\.)?load_model")


def is_mlflow_load(symbol: str) -> bool:
    """Whether a call by that name loads a model by MLflow, from wherever its URI says."""
    return _OF_MLFLOW.fullmatch(symbol) is not None


def is_file_load(symbol: str) -> bool:
    """Whether a call by that name reads a model from a file."""
    if symbol in _FROM_FILE:
        return True
    last = symbol.rpartition(".")[2]
    return last in _METHODS or _OF_BOOSTERS.fullmatch(symbol) is not None


def is_model_load(symbol: str) -> bool:
    """Whether a call by that name, as `Code.symbol` writes it, loads a model."""
    return is_file_load(symbol) or is_mlflow_load(symbol)
