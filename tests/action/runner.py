"""Runs the steps of action.yml as GitHub's runner does, without GitHub.

After actions/runner: ScriptHandler.cs (how a script is started, and what comes into its
environment after `env:`), FileCommandManager.cs (the files of outputs),
ActionCommandManager.cs (commands in what is printed) and CompositeActionHandler.cs (which
step runs). Actions of others are not run: what they are given is kept.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from tests.action.expressions import Value, condition, filled
from tests.reporting.test_annotations import Command, commands

ROOT = Path(__file__).resolve().parents[2]
# What the job has and no script but the one that comments may see.
TOKEN = "ghs_canary0123456789"
IDENTITY = "identity-canary0123456789"


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Written):
    """One step as it is written."""

    name: str
    id: str = ""
    condition: str | None = Field(None, alias="if")
    uses: str = ""
    given: dict[str, str | bool] = Field(default_factory=dict, alias="with")
    run: str = ""
    shell: str = ""
    env: dict[str, str] = Field(default_factory=dict)
    continue_on_error: str | bool = Field(False, alias="continue-on-error")


class Input(_Written):
    """An input as it is written."""

    description: str
    default: str


class Output(_Written):
    """An output as it is written."""

    description: str
    value: str


class _Runs(_Written):
    using: Literal["composite"]
    steps: list[Step]


class Action(_Written):
    """action.yml as it is written."""

    name: str
    description: str
    author: str
    branding: dict[str, str]
    inputs: dict[str, Input]
    outputs: dict[str, Output]
    runs: _Runs


@cache
def action() -> Action:
    """The project's own action."""
    text = (ROOT / "action.yml").read_text("utf-8")
    return Action.model_validate(yaml.safe_load(text))


@dataclass(frozen=True)
class Done:
    """What became of a step; of an action of somebody else's, what it was `given`."""

    outcome: Literal["success", "failure", "skipped"]
    log: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    status: int = 0

    @property
    def commands(self) -> list[Command]:
        """What its log makes the runner do."""
        return commands(self.log)


@dataclass
class Job:
    """A job that uses the action in a folder that was checked out.

    `event` is what happened, `system` and `environment` what kind of runner it is, `path` where
    programs are looked for, `instead` the scripts that other ones take the place of, by name
    of the step. `steps` are what became of each, by name.
    """

    workspace: Path
    temp: Path
    event_name: str
    event: Mapping[str, Value]
    event_file: Path
    api: str = "http://127.0.0.1:9"
    python: str = ""
    system: str = "Linux"
    environment: str = "self-hosted"
    path: str = field(default_factory=lambda: os.environ["PATH"])
    instead: Mapping[str, str] = field(default_factory=dict)
    steps: dict[str, Done] = field(default_factory=dict)

    def run(self, **inputs: str) -> "Job":
        """Every step, with these inputs: `_` stands for the hyphen in their names."""
        made = action()
        given = {name: one.default for name, one in made.inputs.items()}
        for name, value in inputs.items():
            assert name.replace("_", "-") in given
            given[name.replace("_", "-")] = value
        for step in made.runs.steps:
            self.steps[step.name] = self._done(step, given)
        return self

    @property
    def failed(self) -> bool:
        """Whether a step failed."""
        return any(one.outcome == "failure" for one in self.steps.values())

    @property
    def outputs(self) -> dict[str, str]:
        """What the workflow gets."""
        contexts = self._contexts({})
        return {k: filled(v.value, contexts) for k, v in action().outputs.items()}

    @property
    def log(self) -> str:
        """All that was printed."""
        return "".join(one.log for one in self.steps.values())

    def _contexts(self, inputs: Mapping[str, str]) -> dict[str, Value]:
        ids = {one.name: one.id for one in action().runs.steps}
        return {
            "inputs": dict(inputs),
            "steps": {
                ids[name]: {"outputs": dict(one.outputs), "outcome": one.outcome}
                for name, one in self.steps.items()
                if ids[name]
            },
            "github": {
                "event_name": self.event_name,
                "event": self.event,
                "token": TOKEN,
                "repository": "octo/prices",
                "server_url": "https://github.com",
                "run_id": "77",
                "ref": "refs/pull/3/merge",
                "sha": "f" * 40,
            },
            "runner": {"environment": self.environment, "temp": str(self.temp)},
        }

    def _done(self, step: Step, inputs: Mapping[str, str]) -> Done:
        contexts = self._contexts(inputs)
        if not condition(step.condition, contexts, failed=self.failed):
            return Done("skipped")
        if step.uses:
            given = {
                key: filled(str(value), contexts) for key, value in step.given.items()
            }
            outputs = {}
            if step.uses.startswith("actions/setup-python@"):
                outputs["python-path"] = self.python
            return Done("success", outputs=outputs, given=given)
        env = {key: filled(value, contexts) for key, value in step.env.items()}
        return self._script(step, env)

    def _script(self, step: Step, env: Mapping[str, str]) -> Done:
        assert step.shell == "bash"
        number = len(self.steps)
        files = {
            name: self.temp / f"{name.lower()}_{number}"
            for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE")
        }
        files["GITHUB_STEP_SUMMARY"] = self.temp / f"summary_{number}"
        for file in files.values():
            file.touch()
        script = self.temp / f"script_{number}.sh"
        script.write_text(self.instead.get(step.name, step.run))
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.workspace,
            env={
                **_machine(),
                "PATH": self.path,
                # The job's own environment, as a careless workflow has it.
                "GITHUB_TOKEN": TOKEN,
                "GH_TOKEN": TOKEN,
                **env,
                "GITHUB_ACTIONS": "true",
                "CI": "true",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_API_URL": self.api,
                "GITHUB_EVENT_NAME": self.event_name,
                "GITHUB_EVENT_PATH": str(self.event_file),
                "GITHUB_REPOSITORY": "octo/prices",
                "GITHUB_WORKSPACE": str(self.workspace),
                "RUNNER_OS": self.system,
                "RUNNER_TEMP": str(self.temp),
                **{name: str(file) for name, file in files.items()},
                # After `env:`, where the job may ask for an identity.
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": IDENTITY,
                "ACTIONS_ID_TOKEN_REQUEST_URL": f"https://example.org/{IDENTITY}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1200,
        )
        # The action gives nothing to the steps that come after it in the job.
        for name in ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"):
            assert files[name].read_text() == ""
        return Done(
            "failure" if ran.returncode else "success",
            log=ran.stdout,
            outputs=outputs_of(files["GITHUB_OUTPUT"].read_text()),
            summary=files["GITHUB_STEP_SUMMARY"].read_text(),
            status=ran.returncode,
        )


def _machine() -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PIP_", "UV_", "SSL_", "MLOPS_")
    return {k: v for k, v in os.environ.items() if k.startswith(kept)}


def outputs_of(text: str) -> dict[str, str]:
    """The names and values of a file of outputs, as the runner reads it.

    Raises `ValueError` where the runner would fail the step.
    """
    found: dict[str, str] = {}
    lines = iter(text.split("\n")[:-1] if text.endswith("\n") else text.split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, value = line.partition("=")
        elif heredoc >= 0:
            name, _, end = line.partition("<<")
            if not name or not end:
                raise ValueError(f"no name or no end: {line!r}")
            value_lines = []
            for inner in lines:
                if inner == end:
                    break
                value_lines.append(inner)
            else:
                raise ValueError(f"{name} does not end")
            value = "\n".join(value_lines)
        else:
            raise ValueError(f"not understood: {line!r}")
        found[name] = value
    return found
