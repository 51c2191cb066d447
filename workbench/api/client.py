"""The workbench as a client: one resource a subject, as in the SDKs of model services.

from workbench import Workbench
wb = Workbench.open()
project_id = wb.create_project({"title": "…", "summary": "…", "style": {"preset": "anime"}})
job = wb.submit("plan_episodes", project_id)
print(wb.wait(job.id).state)
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, overload

from workbench import bootstrap
from workbench.settings import Settings

if TYPE_CHECKING:
    from workbench.api.alerts import Alerts
    from workbench.api.artifacts import Artifacts
    from workbench.api.budgets import Budgets
    from workbench.api.candidates import Candidates
    from workbench.api.drafts import FormDrafts
    from workbench.api.handoffs import Handoffs
    from workbench.api.history import History
    from workbench.api.jobs import Jobs
    from workbench.api.likeness import Likeness
    from workbench.api.media import Media
    from workbench.api.plans import Plans
    from workbench.api.profiles import ModelProfiles
    from workbench.api.projects import Projects
    from workbench.api.prompts import Prompts
    from workbench.api.queues import Queues
    from workbench.api.settings import InstallationSettings
    from workbench.api.trials import Trials
    from workbench.api.usage import Usage
    from workbench.api.views import Views
    from workbench.api.workflows import Workflows
    from workbench.db.rows.jobs import Job, SubmittedJob
    from workbench.db.rows.story import ArtifactVersion
    from workbench.json_types import JsonObject
    from workbench.webhooks.registry import Webhooks


class Workbench:
    """Everything a person or a program may do with stories and jobs. Thread-safe; close it when done.

    A resource is built, and its module loaded, on first use: a command that lists jobs loads nothing of pictures.
    """

    def __init__(self, backend: bootstrap.Backend) -> None:
        self._backend = backend
        self.database = backend.database

    @classmethod
    def open(cls, settings: Settings | None = None, *, send: bootstrap.Send | None = None) -> Self:
        """A workbench on the database and Redis of the settings; by default those of the environment.

        `send` replaces the way to Redis. Raises Unavailable, InvalidInput.
        """
        return cls(bootstrap.open_backend(settings or Settings.load(), send=send))

    @classmethod
    def open_reading(cls, settings: Settings | None = None) -> Self:
        """The same, opened in a fraction of the time, for a program that asks once and ends."""
        return cls(bootstrap.open_reading_backend(settings or Settings.load()))

    @cached_property
    def settings(self) -> InstallationSettings:
        from workbench.api.settings import InstallationSettings

        return InstallationSettings(self._backend.database, self._backend.settings)

    @cached_property
    def queues(self) -> Queues:
        from workbench.api.queues import Queues

        return Queues(self._backend.database, self._backend.dispatcher, self._backend.registry)

    @cached_property
    def profiles(self) -> ModelProfiles:
        from workbench.api.profiles import ModelProfiles

        return ModelProfiles(
            self._backend.database,
            self._backend.settings,
            self._backend.profiles,
            self._backend.webhooks,
            self._backend.media,
            self.queues,
        )

    @cached_property
    def projects(self) -> Projects:
        from workbench.api.projects import Projects

        backend = self._backend
        return Projects(
            backend.database, backend.profiles, lambda: backend.media, backend.settings.home, backend.registry
        )

    @cached_property
    def artifacts(self) -> Artifacts:
        from workbench.api.artifacts import Artifacts

        return Artifacts(self._backend.database)

    @cached_property
    def candidates(self) -> Candidates:
        from workbench.api.candidates import Candidates

        return Candidates(self._backend.database)

    @cached_property
    def workflows(self) -> Workflows:
        from workbench.api.workflows import Workflows

        return Workflows(self._backend.database, self._backend.registry)

    @cached_property
    def jobs(self) -> Jobs:
        from workbench.api.jobs import Jobs

        backend = self._backend
        return Jobs(backend.database, backend.registry, backend.dispatcher, backend.profiles, lambda: backend.media)

    @cached_property
    def plans(self) -> Plans:
        from workbench.api.plans import Plans

        return Plans(self._backend.database, self._backend.registry, self._backend.profiles, self.jobs)

    @cached_property
    def history(self) -> History:
        from workbench.api.history import History

        return History(self._backend.database, self.projects, self.profiles)

    @cached_property
    def budgets(self) -> Budgets:
        from workbench.api.budgets import Budgets

        return Budgets(self._backend.database)

    @cached_property
    def alerts(self) -> Alerts:
        from workbench.api.alerts import Alerts

        return Alerts(self._backend.database)

    @cached_property
    def drafts(self) -> FormDrafts:
        from workbench.api.drafts import FormDrafts

        return FormDrafts(self._backend.database)

    @cached_property
    def prompts(self) -> Prompts:
        from workbench.api.prompts import Prompts

        return Prompts(self._backend.database, self._backend.registry)

    @cached_property
    def trials(self) -> Trials:
        from workbench.api.trials import Trials

        return Trials(self._backend.database, self._backend.profiles, self.jobs)

    @cached_property
    def usage(self) -> Usage:
        from workbench.api.usage import Usage

        return Usage(self._backend.database)

    @cached_property
    def media(self) -> Media:
        from workbench.api.media import Media

        return Media(self._backend.database, self._backend.media)

    @cached_property
    def likeness(self) -> Likeness:
        from workbench.api.likeness import Likeness

        return Likeness(self._backend.database, self._backend.media, self._backend.settings)

    @cached_property
    def handoffs(self) -> Handoffs:
        from workbench.api.handoffs import Handoffs

        return Handoffs(self._backend.database, self._backend.media, self.jobs)

    @cached_property
    def views(self) -> Views:
        from workbench.api.views import Views

        return Views(self._backend.database)

    @property
    def webhooks(self) -> Webhooks:
        return self._backend.webhooks

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
