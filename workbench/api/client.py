"""The workbench as a client: one resource a subject, as in the SDKs of model services.

from workbench import Workbench
wb = Workbench.open()
project_id = wb.create_project({"title": "…", "summary": "…", "style": {"preset": "anime"}})
job = wb.submit("plan_episodes", project_id)
print(wb.wait(job.id).state)
"""

from __future__ import annotations

from typing import Any, Self, overload

from workbench.api.artifacts import Artifacts
from workbench.api.budgets import Budgets
from workbench.api.jobs import Jobs
from workbench.api.media import Media
from workbench.api.plans import Plans
from workbench.api.profiles import ModelProfiles
from workbench.api.projects import Projects
from workbench.api.queues import Queues
from workbench.api.settings import InstallationSettings
from workbench.api.usage import Usage
from workbench.api.workflows import Workflows
from workbench.db.connection import Database
from workbench.db.rows.jobs import Job, SubmittedJob
from workbench.db.rows.story import ArtifactVersion
from workbench.jobs.dispatch import Dispatcher
from workbench.json_types import JsonObject
from workbench.media import MediaStore
from workbench.profiles.profiles import Profiles
from workbench.settings import Settings
from workbench.webhooks.registry import Webhooks
from workbench.workflows.registry import Registry


class Workbench:
    """Everything a person or a program may do with stories and jobs. Thread-safe; close it when done."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        registry: Registry,
        dispatcher: Dispatcher,
        profiles: Profiles,
        webhooks: Webhooks,
    ) -> None:
        self.database = database
        store = MediaStore.open(settings, database)
        self.settings = InstallationSettings(database, settings)
        self.queues = Queues(database, dispatcher)
        self.profiles = ModelProfiles(database, settings, profiles, webhooks, store, self.queues)
        self.projects = Projects(database, profiles)
        self.artifacts = Artifacts(database)
        self.workflows = Workflows(database, registry)
        self.jobs = Jobs(database, registry, dispatcher, profiles)
        self.plans = Plans(database, registry, profiles, self.jobs)
        self.budgets = Budgets(database)
        self.usage = Usage(database)
        self.media = Media(database, store)
        self.webhooks = webhooks

    @classmethod
    def open(cls, settings: Settings | None = None) -> Workbench:
        """A workbench on the database and Redis of the settings; by default those of the environment.

        Raises Unavailable, InvalidInput.
        """
        from workbench.bootstrap import open_workbench

        return open_workbench(settings)

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # short cuts for notebooks

    def create_project(self, brief: JsonObject, *, profile: str | None = None, user: str = "local") -> int:
        """Short for `projects.create`."""
        return self.projects.create(brief, profile=profile, user=user)

    def submit(
        self, kind: str, node_id: int | None = None, params: JsonObject | None = None, **options: Any
    ) -> SubmittedJob:
        """Short for `jobs.submit`."""
        return self.jobs.submit(kind, node_id, params, **options)

    @overload
    def wait(self, job_id: int, timeout: float | None = None) -> Job: ...
    @overload
    def wait(self, job_id: list[int], timeout: float | None = None) -> list[Job]: ...
    def wait(self, job_id: int | list[int], timeout: float | None = None) -> Job | list[Job]:
        """Short for `jobs.wait`."""
        return self.jobs.wait(job_id, timeout)

    def artifact(self, node_id: int, kind: str, version: int | None = None) -> ArtifactVersion | None:
        """Short for `artifacts.get`."""
        return self.artifacts.get(node_id, kind, version)
