"""The lines of the checklist `secrets-hygiene`."""

from grader.checkers._checklist import Criterion

CRITERIA = (
    Criterion(
        "env_git_ignored",
        "git ignores .env, and none is tracked",
        "Name .env in .gitignore; take a tracked one out: git rm --cached .env",
    ),
    Criterion(
        "env_docker_ignored",
        "no image is given .env: .dockerignore names it, or it is not copied",
        "Name .env in .dockerignore, and give the container its variables when it starts.",
    ),
    Criterion(
        "no_secret_files",
        "no file that is made for secrets is tracked: .env, keys, logins, service accounts",
        "Take it out with git rm --cached, name it in .gitignore, and replace what it held.",
    ),
    Criterion(
        "no_literals",
        "no credential stands in code, configuration, workflows, Dockerfiles or notebooks",
        "Replace it at its service, and read it from an environment variable.",
    ),
    Criterion(
        "secrets_from_environment",
        "secrets come from the environment, from .env or from the workflow's secrets",
        'Read them by os.environ["NAME"], after load_dotenv() for a local .env.',
    ),
    Criterion(
        "nothing_printed",
        "what is read so is neither printed nor logged",
        "Say that the variable is set, not what it is.",
    ),
)
