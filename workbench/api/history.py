"""`wb.history`: a made-up history of jobs and calls, for trying the pages with as many as years bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.writes import story as writes
from workbench.errors import InvalidInput, Issue
from workbench.history import seed
from workbench.history.stretch import SERVICES, Places
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.api.profiles import ModelProfiles
    from workbench.api.projects import Projects

_TITLES = (
    "The Lamp on the Quay", "Two Brothers and a Boat", "旧码头的灯", "The Tiger at the Pass", "雪夜里的来客",
    "A Letter Never Sent", "没有寄出的信", "Seven Doors",
)  # fmt: skip
_EPISODES, _SCENES = 3, 4
#: most that ids and a disk hold without a second thought
MOST_JOBS = 10_000_000


def _ignore(phase: seed.Phase, done: int) -> None:
    """For a caller that asks for no reports."""


@check_arguments
class History:
    def __init__(self, database: Database, projects: Projects, profiles: ModelProfiles) -> None:
        self._database = database
        self._projects = projects
        self._profiles = profiles

    def seed(
        self,
        jobs: int,
        *,
        days: int = 180,
        seed_number: int = 1,
        beside_real: bool = False,
        report: seed.Report = _ignore,
    ) -> list[int]:
        """Add so many ended jobs of the last `days` with their attempts, steps, events and calls, in projects and with
        profiles of their own; returns the projects' ids. Nothing is sent to a service.

        `beside_real`: also where jobs are already. `report` hears again and again how far it is: how many jobs are
        written, how many of them can be found by their words, how many calls, jobs and versions are summed up. Others
        can write in between. Raises InvalidInput.
        """
        for name, value, most in (("jobs", jobs, MOST_JOBS), ("days", days, 3650)):
            if not 1 <= value <= most:
                raise _refuse(name, Text(N_("From 1 to {most}."), most=most))
        if not beside_real and seed.count_jobs(self._database):
            raise _refuse(
                "beside_real",
                Text(N_("There are jobs in this home: a made-up history would mix with them. Use an empty home.")),
            )
        places = self._make_places()
        seed.seed(self._database, places, jobs, days, seed_number, report, alone=not beside_real)
        return [project for _, project in places.projects]

    def _make_places(self) -> Places:
        known = {p.name: p.id for p in self._profiles.list(include_archived=True)}
        for service in SERVICES:
            if service.name not in known:
                field = f"{service.capability}_model"
                saved = self._profiles.add(service.name, service.provider, **{field: service.model})  # type: ignore[arg-type]
                known[service.name] = saved.id
        projects, episodes, scenes = [], [], []
        for title in _TITLES:
            brief = {"title": title, "summary": title, "style": {"preset": "cinematic"}}
            project = self._projects.create(brief)
            projects.append((project, project))
            with self._database.write() as conn:
                for e in range(1, _EPISODES + 1):
                    episode = writes.add_node(
                        conn, "episode", f"{title} {e}", parent_id=project, project_id=project, position=e
                    )
                    episodes.append((episode, project))
                    scenes += [
                        (writes.add_node(conn, "scene", f"{e}.{s}", parent_id=episode, project_id=project, position=s),
                         project)
                        for s in range(1, _SCENES + 1)
                    ]  # fmt: skip
        return Places(projects, episodes, scenes, [known[s.name] for s in SERVICES])


def _refuse(name: str, problem: Text) -> InvalidInput:
    return InvalidInput(problem, [Issue(name, problem)])
