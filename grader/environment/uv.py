"""Runs uv, which resolves and installs: with our cache, and without anybody's configuration.

Here it never builds anything, which would run the code of whoever made the package; that is
done in a box, see `grader.environment.forge`.
"""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uv

from grader.errors import CannotMeasure
from grader.sandbox.limits import Limits
from grader.sandbox.run import ToolOutput, run

# Where packages come from and how to reach it is the user's machine's to say.
_PASSED_ON = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL"),
    *("UV_FIND_LINKS", "UV_INDEX_STRATEGY", "UV_INSECURE_HOST", "UV_NATIVE_TLS"),
    *("UV_SYSTEM_CERTS", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_TORCH_BACKEND"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)

# Words of uv's for "I could not reach it"; what the project asked for is not at fault.
_UNREACHABLE = (
    "error sending request",
    "Failed to fetch",
    "Failed to download",
    "dns error",
    "Could not connect",
    "connection refused",
    "operation timed out",
    "Request failed after",
    "network was disabled",
    "needs to be downloaded from a registry",
)


@dataclass(frozen=True)
class Uv:
    """uv with a cache of ours; `home` is a private scratch folder, `seconds` bounds a call."""

    cache: Path
    home: Path
    is_offline: bool = False
    seconds: float = 1800.0

    def run(self, *arguments: str) -> ToolOutput:
        """Run one uv command in an empty folder. Raises `CannotMeasure` when uv hangs."""
        empty = self.home / "empty"
        empty.mkdir(parents=True, exist_ok=True)
        # In the place of anybody's.
        config = self.home / "uv.toml"
        if not config.exists():
            write_whole(config, _CONFIG)
        always = [
            *("--config-file", str(config)),
            "--no-progress",
            "--color=never",
            "--no-python-downloads",
        ]
        if self.is_offline:
            always.append("--offline")
        output = run(
            [uv.find_uv_bin(), *arguments, *always],
            cwd=empty,
            home=self.home,
            limits=Limits(seconds=self.seconds),
            environment={
                **where_from(),
                "UV_CACHE_DIR": str(self.cache),
                "PATH": os.pathsep.join(
                    [os.environ.get("PATH", os.defpath), *_pyenv()]
                ),
            },
        )
        if output.killed_by is not None:
            raise CannotMeasure(
                f"uv {arguments[0]}: did not finish within {self.seconds:g} s."
            )
        return output


def where_from() -> dict[str, str]:
    """What the user's machine says of where packages come from; it may hold a password."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _pyenv() -> list[str]:
    # pyenv puts one version on the PATH and keeps the others beside it.
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return sorted(str(folder) for folder in root.glob("versions/*/bin"))


def is_unreachable(output: ToolOutput) -> bool:
    """Whether a failure is the network's or the index's, not the requirements'."""
    # "Failed to download and build" is said of a package that could not be built.
    text = output.stderr.replace("Failed to download and build", "")
    return any(sign in text for sign in _UNREACHABLE)


def said(output: ToolOutput) -> str:
    """uv's own explanation, on one line, without its prefixes."""
    words = output.stderr.replace("×", " ").replace("╰─▶", " ").replace("│", " ")
    lines = [line.strip().removeprefix("cause: ") for line in words.splitlines()]
    lines = [
        line for line in lines if line and not line.startswith(("warning", "hint"))
    ]
    text = " ".join(lines).removeprefix("error: ")
    return text.removeprefix("No solution found when resolving dependencies").strip(
        " :"
    )


# A source distribution runs its own code when it is built, so only wheels are taken. Except
# of these, which many courses need (Hydra by way of omegaconf) and of which versions in use
# have no wheels on PyPI. What they need is written down here, so that finding versions builds
# nothing; the wheels are made in a box.
SOURCE_ONLY: Mapping[str, tuple[str, ...]] = {
    "antlr4-python3-runtime": (),
    "lime": (
        *("matplotlib", "numpy", "scipy", "tqdm"),
        *("scikit-learn>=0.18", "scikit-image>=0.12"),
    ),
}

_CONFIG = "".join(
    f"[[dependency-metadata]]\nname = {json.dumps(name)}\n"
    f"requires-dist = {json.dumps(needed)}\n"
    for name, needed in SOURCE_ONLY.items()
)


def resolving_arguments() -> list[str]:
    """What `uv pip compile` may take: wheels, and of the exceptions the source."""
    exceptions = [part for name in SOURCE_ONLY for part in ("--no-binary", name)]
    return ["--only-binary", ":all:", *exceptions]


def installing_arguments(wheels: Path | None) -> list[str]:
    """What `uv pip install` may take: wheels alone, the index's and those in a folder."""
    found = [] if wheels is None else ["--find-links", str(wheels)]
    return ["--only-binary", ":all:", *found]


def write_whole(file: Path, text: str) -> None:
    """Write and rename, so that a reader sees all of it or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Of the thread's own: two may write the same file at once.
    beside = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
