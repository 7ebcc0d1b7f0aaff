"""The answers of `orchestration`, line by line."""

import ast
from collections.abc import Iterator, Sequence

from grader.checkers._checklist import Checklist
from grader.checkers._orchestration_hydra import HydraUses
from grader.checkers._orchestration_lists import StepLists
from grader.checkers._orchestration_projects import EntryPoint, Project, projects_of
from grader.checkers._orchestration_runs import Runs, Step
from grader.checkers._orchestration_tools import Chain, chains
from grader.codebase.code import CodeFile, code_of
from grader.codebase.trackers import training_reach
from grader.model.measurement import Sight
from grader.model.snapshot import Snapshot

_NO_PROJECT = "There is no file MLproject."


class OrchestrationAnswers:
    """One repository, and what is said of each line."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        reach = training_reach(snapshot)
        self.projects: tuple[Project, ...] = projects_of(snapshot)
        self.points = tuple(point for one in self.projects for point in one.points)
        self.lists = StepLists(snapshot, reach, self.projects)
        named = (one.names for one in self.lists.choices if one.names)
        runs = Runs(snapshot, self.projects, next(named, ()))
        self.steps = runs.steps(_own(reach.calls()))
        # Where the pipeline runs none: what stands in code that nothing comes to.
        elsewhere = () if self.steps else runs.steps(_own(self._all_calls()))
        self._dead: tuple[Step, ...] = elsewhere
        self.hydra = HydraUses(snapshot, reach)
        self.chains: tuple[Chain, ...] = chains(snapshot)

    @property
    def working(self) -> tuple[Step, ...]:
        """The steps that nothing speaks against."""
        return tuple(one for one in self.steps if not one.fault and not one.is_open)

    @property
    def tools(self) -> str:
        """What orchestrates, to be shown."""
        found = ["MLflow"] if len(self.working) >= 2 else []
        found += [one.tool for one in self.chains]
        return ", ".join(dict.fromkeys(found)) or "no orchestrator"

    def answer(self, checklist: Checklist) -> None:
        """Settle every line."""
        self._chained(checklist)
        self._mlproject(checklist)
        self._entry_points(checklist)
        self._parameters(checklist)
        self._environment(checklist)
        self._steps_run(checklist)
        self._steps_match(checklist)
        self._steps_chosen(checklist)
        self._hydra(checklist)

    def _all_calls(self) -> Iterator[tuple[CodeFile, ast.Call]]:
        for file in code_of(self._snapshot).files.values():
            for node in file.names.nodes:
                if isinstance(node, ast.Call):
                    yield file, node

    def _chained(self, checklist: Checklist) -> None:
        told, sights = [], []
        if len(self.working) >= 2:
            told.append(f"MLflow runs {len(self.working)} steps")
            sights += _places(self.working)
        for one in self.chains:
            told.append(f"{one.tool} runs {one.steps} steps")
            sights += one.sights
        if told:
            checklist.yes("chained", f"{'; '.join(told)}.", *sights)
            return
        checklist.no(
            "chained",
            "No two steps are run by mlflow.run, dvc.yaml, a flow of Prefect, ZenML, Dagster "
            "or Kubeflow, a DAG of Airflow, a Kedro pipeline or a Makefile's target.",
        )

    def _mlproject(self, checklist: Checklist) -> None:
        broken = [one for one in self.projects if one.problem]
        if not self.projects:
            checklist.no("mlproject", _NO_PROJECT)
        elif broken:
            told = f"{broken[0].path} can't be read: {broken[0].problem}."
            checklist.no("mlproject", told, *(one.sight for one in broken))
        elif not self.projects[0].name:
            told = f"{self.projects[0].path} has no name."
            checklist.no("mlproject", told, self.projects[0].sight)
        else:
            told = f"{self.projects[0].path} is called {self.projects[0].name[:80]}."
            checklist.yes("mlproject", told, *(one.sight for one in self.projects))

    def _entry_points(self, checklist: Checklist) -> None:
        if not self.projects:
            checklist.no("entry_points", _NO_PROJECT)
            return
        faulty = [one for one in self.points if one.fault]
        working = [one for one in self.points if one.starts_own]
        if faulty:
            first = faulty[0]
            told = f"{first.path}, entry point {first.name[:80]}: {first.fault}."
            checklist.no("entry_points", told, *(one.sight for one in faulty))
        elif not working:
            told = "No entry point starts a file of the repository."
            checklist.no("entry_points", told, *(one.sight for one in self.projects))
        else:
            told = f"{len(working)} entry points start files that are there."
            checklist.yes("entry_points", told, *(one.sight for one in working))

    def _parameters(self, checklist: Checklist) -> None:
        if not self.projects:
            checklist.no("parameters", _NO_PROJECT)
            return
        open_points = [one for one in self.points if one.undeclared]
        passed = [one for one in self.points if _passes(one)]
        if open_points:
            first = open_points[0]
            told = (
                f"{first.path}, entry point {first.name[:80]}: {{{first.undeclared[0][:80]}}} "
                "is in the command and not declared."
            )
            checklist.no("parameters", told, *(one.sight for one in open_points))
        elif not passed:
            told = "No entry point has a declared parameter in its command."
            checklist.no("parameters", told, *(one.sight for one in self.points))
        else:
            names = ", ".join(
                dict.fromkeys(name for one in passed for name in one.used)
            )
            told = f"Declared, and handed on: {names[:200]}."
            checklist.yes("parameters", told, *(one.sight for one in passed))

    def _environment(self, checklist: Checklist) -> None:
        if not self.projects:
            checklist.no("environment", _NO_PROJECT)
            return
        lost = [one for one in self.projects if one.lost]
        first = self.projects[0]
        if lost:
            told = f"{lost[0].path} names {lost[0].lost}, which is not there."
            checklist.no("environment", told, *(_environment(one) for one in lost))
        elif not first.environment:
            told = f"{first.path} names no python_env, conda_env or docker_env."
            checklist.no("environment", told, first.sight)
        else:
            told = f"{first.path} names {first.environment}."
            checklist.yes("environment", told, _environment(first))

    def _steps_run(self, checklist: Checklist) -> None:
        faulty = [one for one in self.steps if one.fault]
        if faulty:
            told = f"mlflow.run can't run a step: {faulty[0].fault}."
            checklist.no("steps_run", told, *_places(faulty))
        elif self.working:
            names = [one.folder or f"entry point {one.point}" for one in self.working]
            told = f"mlflow.run runs {', '.join(dict.fromkeys(names))[:300]}."
            if any(one.is_elsewhere for one in self.working):
                told += " What lies in another repository is not looked at."
            checklist.yes("steps_run", told, *_places(self.working))
        elif self.steps:
            told = "Which project mlflow.run runs can't be read from the code."
            checklist.no("steps_run", told, *(one.sight for one in self.steps))
        elif self._dead:
            told = f"{self._dead[0].sight.what} stands in code that nothing comes to."
            checklist.no("steps_run", told, *(one.sight for one in self._dead))
        else:
            checklist.no("steps_run", "No code that runs calls mlflow.run.")

    def _steps_match(self, checklist: Checklist) -> None:
        wrong = [one for one in self.lists.lists if one.missing]
        if wrong:
            told = f"{wrong[0].missing[0][:80]} is a step, and nothing is called so."
            checklist.no("steps_match", told, *(one.sight for one in wrong))
        elif self.lists.lists:
            names = ", ".join(self.lists.lists[0].names)
            told = f"What is there: {names[:300]}."
            checklist.yes("steps_match", told, *(one.sight for one in self.lists.lists))
        elif self.lists.unread:
            checklist.no("steps_match", _unread(self.lists), *self.lists.unread)
        else:
            told = "Neither the configuration nor code that runs has a list of steps."
            checklist.no("steps_match", told)

    def _steps_chosen(self, checklist: Checklist) -> None:
        if self.lists.choices:
            first = self.lists.choices[0]
            told = f"{first.said.path} says {first.said.what}, which {first.read.path} reads."
            if first.said == first.read:
                told = f"{first.read.what} is given on the command line."
            places = [one.said for one in self.lists.choices]
            places += [one.read for one in self.lists.choices if one.read != one.said]
            checklist.yes("steps_chosen", told, *places)
        elif self.lists.unread:
            checklist.no("steps_chosen", _unread(self.lists), *self.lists.unread)
        else:
            told = (
                "No code that runs reads steps or stages from a key of the configuration "
                "or from the command line."
            )
            checklist.no("steps_chosen", told)

    def _hydra(self, checklist: Checklist) -> None:
        reached = [one for one in self.hydra.uses if one.is_reached]
        working = [one for one in reached if not one.problem]
        if working:
            told = f"{working[0].sight.path} takes {working[0].config}."
            checklist.yes("hydra", told, *(one.sight for one in working))
        elif reached:
            told = f"{reached[0].sight.path}: {reached[0].problem}."
            checklist.no("hydra", told, *(one.sight for one in reached))
        elif self.hydra.uses:
            first = self.hydra.uses[0].sight
            told = f"{first.what} in {first.path} is never called."
            checklist.no("hydra", told, *(one.sight for one in self.hydra.uses))
        else:
            checklist.no(
                "hydra",
                "No code that runs is started by hydra.main or asks hydra.compose.",
            )


def _own(
    calls: Iterator[tuple[CodeFile, ast.Call]],
) -> Iterator[tuple[CodeFile, ast.Call]]:
    return (one for one in calls if not one[0].is_test)


def _passes(point: EntryPoint) -> bool:
    return bool(point.used) and not point.fault


def _environment(project: Project) -> Sight:
    what = project.environment[:120]
    return Sight(path=project.path, line=project.environment_line, what=what)


def _unread(lists: StepLists) -> str:
    first = lists.unread[0]
    return f"{first.path} has a list of {first.what}, and no code that runs reads it."


def _places(steps: Sequence[Step]) -> list[Sight]:
    """Where they stand; a call in a loop once."""
    return list({(one.sight.path, one.sight.line): one.sight for one in steps}.values())
