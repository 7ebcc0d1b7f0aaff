"""Data versioning: what DVC or Git LFS keeps outside git, and whether others can have it."""

from pydantic import Field

from grader.checkers._base import Bench, Checker, Options, Result
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._data_versioning_answers import DataAnswers
from grader.model.measurement import Quantity
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "versioned",
        "a commit names the data's content by its hash, and git doesn't hold it",
        "Run dvc add data/raw, or dvc repro, and commit the *.dvc file or dvc.lock.",
    ),
    Criterion(
        "not_in_git",
        "what is versioned is not in git as well",
        "Take it out of git and leave it on disk: git rm -r --cached data/raw.",
    ),
    Criterion(
        "ignored",
        "git ignores what DVC keeps",
        "Commit the .gitignore that dvc add writes beside the pointer.",
    ),
    Criterion(
        "nothing_beside",
        "no other data of any size is in git",
        "Give it to DVC too: git rm --cached FILE, dvc add FILE.",
    ),
    Criterion(
        "remote",
        "a default remote is configured",
        "Add one: dvc remote add -d storage s3://bucket/folder, and commit .dvc/config.",
    ),
    Criterion(
        "remote_shared",
        "the remote is one that others can reach",
        "Use storage with an address: S3, GCS, Azure, Google Drive, SSH, DagsHub.",
    ),
    Criterion(
        "no_credentials",
        "nothing that opens the remote is in git",
        "Revoke the key, and set the new one with dvc remote modify --local.",
    ),
    Criterion(
        "fetched",
        "a command or code of the project fetches the data",
        "Write dvc pull into the README's block of commands, and run it in the workflow.",
    ),
    Criterion(
        "stages",
        "the stages of dvc.yaml can run: what they start is there, deps and outs are said",
        "Add one: dvc stage add -n train -d src/train.py -o models/model.pkl python …",
    ),
    Criterion(
        "lock_agrees",
        "dvc.lock has the stages as dvc.yaml has them",
        "Run dvc repro and commit dvc.lock with dvc.yaml.",
    ),
)


class DataVersioningOptions(Options):
    """`data_mib`: how many MiB of other data may be in git, for a sample or a test."""

    data_mib: float = Field(default=1, ge=0)


class DataVersioning(Checker[DataVersioningOptions]):
    """Data versioning with DVC.

    Why it matters
        A model can be made again only from the data that it was made of. In git, data
        makes every clone larger for ever; beside git, nobody knows which of two tables a
        commit was trained on. A pointer in git says which, and the data lies elsewhere.

    How it is measured
        Pointers (*.dvc), dvc.yaml, dvc.lock and .dvc/config are read as YAML and INI, with
        templates filled in from params.yaml and `vars`. Data is versioned where a pointer
        or dvc.lock names a path with a hash: a `.dvc` folder, a requirement or a dvc.yaml
        that has never run is no use of DVC. Pointers of Git LFS to data, not to models,
        count for that line too, as a commit says by their hash which content it means;
        the lines of remotes, stages and .gitignore are DVC's. What is versioned is looked
        for in the same tree, and in the .gitignore files by their rules. Other data is
        what lies below a folder of data, and tables elsewhere, tests left out. Commands
        are those in blocks of the README, workflows, Dockerfiles, MLproject, Makefiles
        and scripts; a `dvc pull` that only names what DVC doesn't keep here fetches
        nothing. Artifacts of W&B, inputs of MLflow, lakeFS and Delta Lake are named:
        no commit says which of their versions it was made with, so they earn no line.

    What it does not see
        Whether the remote answers and has the data. Earlier commits. Whether a hash is
        that of the right file. Remotes that somebody has only in .dvc/config.local.

    How to fix
        dvc init, dvc add of the raw data, a remote in the cloud that is the default, and
        dvc push; commit the pointers, the .gitignore and .dvc/config.
    """

    id = "data-versioning"
    source = "https://dvc.org/doc"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("pointers", "files", "pointers of DVC that can be read"),
        Quantity("lfs_pointers", "files", "pointers of Git LFS"),
        Quantity("dvc_stages", "stages", "stages in dvc.yaml"),
        Quantity(
            "beside_mib",
            "MiB",
            "other data in git, 100 MiB for each file that is too large to be read",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "credentials",
            "options",
            "options of remotes in git that open them",
            better="lower",
            ideal=0,
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: DataVersioningOptions, bench: Bench
    ) -> Result:
        """Read what is kept, and what git has beside it."""
        reading, checklist = DataAnswers(snapshot, options.data_mib), Checklist(
            CRITERIA
        )
        reading.answer(checklist)
        kept = reading.kept
        values = {
            "pointers": sum(not one.problem for one in kept.dvc.pointers),
            "lfs_pointers": len(kept.lfs),
            "dvc_stages": len(kept.dvc.stages),
            "beside_mib": round(reading.beside_mib, 3),
            "credentials": len(reading.credentials),
        }
        return Result(checklist.measured(values), population=reading.systems)
