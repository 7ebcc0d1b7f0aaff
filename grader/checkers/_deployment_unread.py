"""Deployments that are described in ways this program does not read: for a person to mark."""

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from grader.codebase.documents import Document, documents_of, text_of
from grader.codebase.shell import commands
from grader.codebase.workflows import workflows_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_BYTES = 200 * 1024
_MAX_FILES = 100
# Resources of Terraform that serve; a bucket or a role does not.
_SERVES = re.compile(
    r'^\s*resource\s+"(aws_(lambda_function|ecs_service|apprunner_service|instance'
    r"|elastic_beanstalk_environment|sagemaker_endpoint)|google_cloud_run\w*"
    r"|google_app_engine_\w+|google_compute_instance|google_vertex_ai_endpoint"
    r"|azurerm_(\w*web_app|\w*function_app|container_\w+|app_service|kubernetes_cluster)"
    r'|kubernetes_deployment\w*|helm_release|heroku_app|render_web_service|fly_app)"',
    re.MULTILINE,
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ACTIONS = re.compile(
    r"azure/(webapps-deploy|container-apps-deploy-action|functions-action|aci-deploy)"
    r"|google-github-actions/deploy-(cloudrun|appengine|cloud-functions)"
    r"|aws-actions/(amazon-ecs-deploy-task-definition|aws-lambda-deploy)"
    r"|awslabs/amazon-app-runner-deploy|einaregilsson/beanstalk-deploy"
    r"|akhileshns/heroku-deploy"
)
_CLOUD_BUILD = re.compile(r"cloudbuild[\w.-]*\.ya?ml", re.IGNORECASE)
_WORDS = (
    ("gcloud", "run", "deploy"),
    ("gcloud", "app", "deploy"),
    ("gcloud", "functions", "deploy"),
    ("gcloud", "ai", "endpoints", "deploy-model"),
    ("az", "webapp"),
    ("az", "containerapp"),
    ("aws", "ecs", "update-service"),
    ("aws", "lambda", "update-function-code"),
    ("aws", "apprunner"),
    ("eb", "deploy"),
    ("heroku", "container:release"),
)


def unread(snapshot: Snapshot) -> Iterator[Sight]:
    """The places that describe a deployment, and are not followed any further."""
    looked = 0
    for path in snapshot.files:
        name = PurePosixPath(path).name
        if looked >= _MAX_FILES:
            break
        is_read = name.endswith((".tf", ".bicep")) or _CLOUD_BUILD.fullmatch(name)
        if is_read or name in _DOCUMENTS or _is_chart(path):
            looked += 1
            if not snapshot.foreign(path) and (what := _what(snapshot, path, name)):
                yield Sight(path=path, what=what)
    for workflow in workflows_of(snapshot):
        for job in workflow.jobs:
            for step in job.steps:
                if _ACTIONS.match(step.action.lower()) or _deploys(step.run or ""):
                    yield Sight(path=workflow.path, line=job.sight.line, what="deploys")


def _is_chart(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.parent.name == "templates" and pure.name.startswith("deployment")


def _what(snapshot: Snapshot, path: str, name: str) -> str:
    """What a file deploys, `""` for nothing that serves."""
    if name.endswith(".tf"):
        text = _COMMENT.sub("", text_of(snapshot, path, _BYTES) or "")
        found = _SERVES.search(text)
        return f'resource "{found[1]}"' if found else ""
    if name.endswith(".bicep"):
        text = text_of(snapshot, path, _BYTES) or ""
        return "Microsoft.Web" if re.search(r"'Microsoft\.(Web|App)/", text) else ""
    if _is_chart(path):
        text = text_of(snapshot, path, _BYTES) or ""
        return "a chart" if "{{" in text and "kind: Deployment" in text else ""
    document = documents_of(snapshot).get(path)
    if _CLOUD_BUILD.fullmatch(name):
        return "deploys" if any(map(_deploys, _steps(document))) else ""
    return next(
        (key for key in _DOCUMENTS[name] if document.at(key) is not None and key), ""
    )


def _steps(document: Document) -> Iterator[str]:
    """What the steps of Cloud Build run, as a command line or a script.

    A step without an `entrypoint` runs what its image is called after.
    """
    steps = document.at("steps")
    for step in steps if isinstance(steps, list) else ():
        match step:
            case {"entrypoint": str(program), "args": [*arguments]}:
                pass
            case {"name": str(image), "args": [*arguments]}:
                program = image.rpartition("/")[2].partition(":")[0]
                program = "" if program == "cloud-sdk" else program
            case _:
                continue
        words = [one for one in arguments if isinstance(one, str)]
        if words[:1] == ["-c"]:
            yield "\n".join(words[1:])
        else:
            yield shlex.join([program, *words] if program else words)


# The key that says what such a file is.
_DOCUMENTS = {
    "serverless.yml": ("functions",),
    "serverless.yaml": ("functions",),
    "Dockerrun.aws.json": ("AWSEBDockerrunVersion",),
    "azure.yaml": ("services",),
    "samconfig.toml": ("version",),
    "koyeb.yaml": ("services", "app"),
    "bentofile.yaml": ("service",),
}


def _deploys(text: str) -> bool:
    for command in commands(text) if "deploy" in text or "update" in text else ():
        words = [one for one in command.bare if not one.startswith("-")]
        for wanted in _WORDS:
            if words[:1] == [wanted[0]] and set(wanted) <= set(words[:5]):
                return True
    return False
