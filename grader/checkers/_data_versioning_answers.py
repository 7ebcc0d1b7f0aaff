"""The answers of `data-versioning`, line by line."""

from collections.abc import Iterator

from grader.checkers._checklist import Checklist
from grader.checkers._data_versioning_commands import fetches
from grader.checkers._data_versioning_kept import Kept, kept_of
from grader.checkers._data_versioning_remote import credentials, default_remote
from grader.checkers._data_versioning_targets import Targets
from grader.codebase.dvc import DvcStage, StageFile
from grader.codebase.dvc_remotes import dvc_configs_of
from grader.codebase.ignores import ignores_of
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

# Of commands whose targets are looked up; those beyond count.
_MAX_FETCHES = 100
_NOTHING = "Nothing is versioned."
_SYSTEMS = {
    "wandb": "W&B",
    "mlflow": "MLflow",
    "lakefs": "lakeFS",
    "lakefs_client": "lakeFS",
    "deltalake": "Delta Lake",
}


class DataAnswers:
    """One repository, and what is said of each line."""

    def __init__(self, snapshot: Snapshot, limit_mib: float) -> None:
        self._snapshot, self._limit = snapshot, limit_mib
        self.kept: Kept = kept_of(snapshot)
        self.configs = dvc_configs_of(snapshot)
        self.credentials = credentials(self.configs)
        self.beside_mib = sum(size for _, size in self.kept.beside)

    @property
    def is_versioned(self) -> bool:
        """Whether a commit names any data's content."""
        return bool(self.kept.named or self.kept.lfs)

    @property
    def systems(self) -> str:
        """The systems that keep data, to be shown."""
        found = ["DVC"] if self.kept.named else []
        found += ["Git LFS"] if self.kept.lfs else []
        found += sorted({_SYSTEMS[_tool(one)] for one in self.kept.others})
        return ", ".join(found) or "no system"

    def answer(self, checklist: Checklist) -> None:
        """Settle every line."""
        self._versioned(checklist)
        self._not_in_git(checklist)
        self._ignored(checklist)
        self._nothing_beside(checklist)
        self._remote(checklist)
        self._fetched(checklist)
        self._stages(checklist)
        self._lock(checklist)

    def _versioned(self, checklist: Checklist) -> None:
        if self.kept.named:
            paths = [one.sight for one in self.kept.named]
            told = f"DVC keeps {_listed([one.path for one in self.kept.named])}."
            checklist.yes("versioned", told, *paths)
            return
        if self.kept.lfs:
            told = f"Git LFS keeps {_listed(self.kept.lfs)}."
            checklist.yes(
                "versioned", told, *(Sight(path=one) for one in self.kept.lfs)
            )
            return
        told, sights = self._why_not()
        checklist.no("versioned", told, *sights)

    def _why_not(self) -> tuple[str, list[Sight]]:
        dvc = self.kept.dvc
        for pointer in dvc.pointers:
            problem = pointer.problem or "it has no hash"
            place = Sight(path=pointer.path, line=pointer.line)
            return f"{pointer.path} points to nothing: {problem}.", [place]
        for file in dvc.files:
            place = Sight(path=file.path, line=file.line)
            if file.problem:
                return f"{file.path} can't be used: {file.problem}.", [place]
            told = f"{file.path} has never run: no dvc.lock names what it made."
            return told, [place]
        if self.kept.others:
            first = self.kept.others[0]
            told = (
                f"{first.what} keeps data elsewhere, and no commit says which: there is "
                "neither a pointer of DVC nor one of Git LFS."
            )
            return told, list(self.kept.others)
        if dvc.homes:
            folder = f"{dvc.homes[0]}/.dvc".removeprefix("./")
            return f"{folder} is there, and no pointer or stage uses it.", []
        return "No *.dvc file, no dvc.yaml with its lock, no data in Git LFS.", []

    def _not_in_git(self, checklist: Checklist) -> None:
        if not self.is_versioned:
            checklist.no("not_in_git", _NOTHING)
            return
        both = self.kept.both
        if both:
            out, path = both[0]
            told = f"{path} is in git as well: {out.sight.path} keeps {out.path}."
            checklist.no("not_in_git", told, *(Sight(path=one) for _, one in both))
            return
        sights = [one.sight for one in self.kept.named]
        sights += [Sight(path=one) for one in self.kept.lfs]
        checklist.yes("not_in_git", "Nothing of what is kept is in git.", *sights)

    def _ignored(self, checklist: Checklist) -> None:
        inside = self.kept.inside
        if not inside:
            told = "DVC keeps nothing in the repository's folders."
            checklist.no("ignored", told)
            return
        ignores = ignores_of(self._snapshot)
        why = {
            one: ignores.why(f"{one.path}/x" if one.is_folder else one.path)
            for one in inside
        }
        open_to_git = [one for one, sight in why.items() if sight is None]
        if open_to_git:
            paths = _listed([one.path for one in open_to_git])
            told = f"No line of a .gitignore keeps {paths} out of git."
            checklist.no("ignored", told, *(one.sight for one in open_to_git))
            return
        found = [sight for sight in why.values() if sight is not None]
        checklist.yes("ignored", "git ignores what DVC keeps.", *found)

    def _nothing_beside(self, checklist: Checklist) -> None:
        if not self.is_versioned:
            checklist.no("nothing_beside", _NOTHING)
            return
        largest = sorted(self.kept.beside, key=lambda one: -one[1])
        if self.beside_mib > self._limit:
            told = (
                f"{self.beside_mib:.1f} MiB of data are in git that nothing keeps, "
                f"{largest[0][0]} the largest."
            )
            sights = [
                Sight(path=path, what=f"{size:.1f} MiB") for path, size in largest
            ]
            checklist.no("nothing_beside", told, *sights)
            return
        told = f"No more than {self._limit:g} MiB of other data are in git."
        kept = [one.sight for one in self.kept.named]
        kept += [Sight(path=one) for one in self.kept.lfs]
        checklist.yes("nothing_beside", told, *kept)

    def _remote(self, checklist: Checklist) -> None:
        remote = default_remote(self.configs)
        sights = [remote.sight] if remote.sight else []
        if remote.problem:
            checklist.no("remote", remote.problem, *sights)
            checklist.no("remote_shared", remote.problem, *sights)
        else:
            checklist.yes("remote", f"The default remote is {remote.shown}.", *sights)
            told = f"{remote.shown} is an address."
            if remote.is_local:
                told = f"{remote.shown} is a path, which only one machine has."
            checklist.answer("remote_shared", told, sights, holds=not remote.is_local)
        if self.credentials:
            first = self.credentials[0]
            told = (
                f"{first.path} has {first.what} in it, for all who read the repository."
            )
            checklist.no("no_credentials", told, *self.credentials)
        elif remote.problem:
            checklist.no("no_credentials", remote.problem, *sights)
        else:
            told = "No option of a remote in git opens it."
            checklist.yes("no_credentials", told, *sights)

    def _fetched(self, checklist: Checklist) -> None:
        all_found = fetches(self._snapshot)
        found = [one.sight for one in all_found]
        stages = [one for one in self.kept.dvc.stages if self._is_home(one)]
        if found and not (self.kept.named or stages):
            told = f"{found[0].what} has nothing to fetch."
            checklist.no("fetched", told, *found)
            return
        kept = Targets(self._snapshot)
        useful = [
            one.sight
            for at, one in enumerate(all_found)
            if not one.targets or at >= _MAX_FETCHES or kept.has_any(one.targets)
        ]
        if found and not useful:
            told = f"{found[0].what} names something which DVC doesn't keep here."
            checklist.no("fetched", told, *found)
            return
        found = useful
        checklist.seen(
            "fetched",
            found,
            yes=f"{found[0].what if found else ''} fetches it.",
            no="No command in a README's block, a workflow, a Dockerfile, a Makefile or a "
            "script is dvc pull or dvc repro, and no code that runs asks dvc.api.",
        )

    def _is_home(self, stage: DvcStage) -> bool:
        return self.kept.dvc.is_initialised(stage.path)

    def _stages(self, checklist: Checklist) -> None:
        dvc = self.kept.dvc
        problem = next((one for one in dvc.files if one.problem), None)
        if not dvc.files:
            checklist.no("stages", "There is no dvc.yaml.")
        elif problem is not None:
            place = Sight(path=problem.path, line=problem.line)
            told = f"{problem.path} can't be used: {problem.problem}."
            checklist.no("stages", told, place)
        elif away := [one for one in dvc.stages if not self._is_home(one)]:
            told = f"No .dvc beside {away[0].path}: `dvc init` is not in git."
            checklist.no("stages", told, away[0].sight)
        elif lost := [one for one in dvc.stages if one.missing]:
            told = f"Stage {lost[0].name} starts {lost[0].missing}, which is not there."
            checklist.no("stages", told, *(one.sight for one in lost))
        elif not any(one.path for stage in dvc.stages for one in stage.targets):
            told = "No stage starts a file of the repository."
            checklist.no("stages", told, *(one.sight for one in dvc.stages))
        elif not (
            any(one.deps for one in dvc.stages) and any(one.outs for one in dvc.stages)
        ):
            told = "No stage says what it needs and what it makes: deps and outs."
            checklist.no("stages", told, *(one.sight for one in dvc.stages))
        else:
            names = _listed([one.name for one in dvc.stages])
            told = f"What the stages start is there: {names}."
            checklist.yes("stages", told, *(one.sight for one in dvc.stages))

    def _lock(self, checklist: Checklist) -> None:
        files = [one for one in self.kept.dvc.files if one.stages]
        if not files:
            checklist.no("lock_agrees", "There is no dvc.yaml with stages.")
            return
        for file in files:
            if file.lock is None:
                why = file.lock_problem or "it is not in git"
                told = f"No dvc.lock beside {file.path} can be read: {why}."
                checklist.no("lock_agrees", told, Sight(path=file.path))
                return
        found = [one for file in files for one in _differences(file)]
        if found:
            stage, told = found[0]
            checklist.no("lock_agrees", told, *(one.sight for one, _ in found))
            return
        places = [stage.sight for file in files for stage in file.stages]
        told = "dvc.lock has every stage, with the same command and paths."
        checklist.yes("lock_agrees", told, *places)


def _differences(file: StageFile) -> Iterator[tuple[DvcStage, str]]:
    """The stages that dvc.lock doesn't have as dvc.yaml does, and how they differ."""
    lock = file.lock or {}
    for stage in file.stages:
        if stage.is_many:
            if not any(name.startswith(f"{stage.name}@") for name in lock):
                yield stage, f"dvc.lock doesn't have stage {stage.name}."
            continue
        locked = lock.get(stage.name)
        if locked is None:
            yield stage, f"dvc.lock doesn't have stage {stage.name}."
            continue
        if stage.is_open:
            continue
        outs = {one.path for one in stage.outs}
        if locked.command.split() != stage.command.split():
            yield stage, f"Stage {stage.name} has another command in dvc.lock."
        elif differing := set(stage.deps) ^ locked.deps:
            yield stage, (
                f"Stage {stage.name} and dvc.lock differ in {sorted(differing)[0]}."
            )
        elif differing := outs ^ {one.path for one in locked.outs}:
            yield stage, (
                f"Stage {stage.name} and dvc.lock differ in {sorted(differing)[0]}."
            )


def _listed(paths: list[str] | tuple[str, ...]) -> str:
    """The first few of some paths, and how many more there are."""
    shown = ", ".join(path[:120] for path in paths[:3])
    more = len(paths) - 3
    return f"{shown} and {more} more" if more > 0 else shown


def _tool(sight: Sight) -> str:
    return sight.what.partition(".")[0]
