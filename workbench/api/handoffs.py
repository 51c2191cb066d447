"""`wb.handoffs`: a storyboard as files for a crew."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.api.jobs import Jobs
from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import Job
from workbench.db.schema import TERMINAL
from workbench.errors import NotAllowed, NotFound
from workbench.handoff import book as books
from workbench.handoff.book import Progress
from workbench.handoff.forms import FORMS, FormName, file_name
from workbench.i18n import N_, Text
from workbench.media import MediaStore
from workbench.story.facts import NodeView

KIND = "make_handoff"
#: jobs that are looked through for the newest of each form
_RECENT = 50


@dataclass(frozen=True)
class HandoffFile:
    """A file as it is handed over. `name`: what it may be called."""

    name: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class HandoffJob:
    """The newest job that makes or has made a form. `kept`: its file is there."""

    form: FormName
    job: Job
    kept: bool


@check_arguments
class Handoffs:
    """Makes storyboards, shot lists, screenplays and subtitles of a project, an episode or a scene: at once, or as a
    job that is watched, cancelled and outlives who asked for it."""

    def __init__(self, database: Database, store: MediaStore, jobs: Jobs) -> None:
        self._database = database
        self._store = store
        self._jobs = jobs

    def make(self, node_id: int, form: FormName, progress: Progress | None = None) -> HandoffFile:
        """Make one now; a PDF of hundreds of frames takes some seconds.

        `progress`: told how many of how many scenes are on their pages. Raises NotFound, and NotAllowed while there is
        no scene.
        """
        book = books.read_book(NodeView.load(self._database, node_id))
        chosen = FORMS[form]
        data = chosen.make(book, self._read, progress or _tell_nobody)
        return HandoffFile(file_name(book, chosen), chosen.mime, data)

    def start(self, node_id: int, form: FormName, *, user: str = "local") -> Job:
        """Have a worker make one. An equal job that is at work already is returned instead. Raises NotFound,
        GuardUnmet while there is no scene."""
        for found in self.list_jobs(node_id):
            if found.form == form and found.job.state not in TERMINAL:
                return found.job
        return self._jobs.submit(KIND, node_id, {"form": form}, user=user)

    def read(self, job_id: int) -> HandoffFile:
        """The file that a job has made. Raises NotFound when it is no longer kept, which it is for a day at least, and
        NotAllowed while there is none."""
        job = self._jobs.get(job_id)
        made = _file_of(job)
        if made is None:
            raise NotAllowed(Text(N_("Job {id} has made no file for a crew."), id=job_id))
        form = FORMS[made["form"]]
        return HandoffFile(made["name"], form.mime, self._store.read_file(made["sha256"], form.suffix))

    def list_jobs(self, node_id: int) -> list[HandoffJob]:
        """The newest job of each form on a node, newest first."""
        with self._database.read() as conn:
            jobs = reads.list_of_node(conn, node_id, KIND, _RECENT)
        newest: dict[str, Job] = {}
        for job in jobs:
            newest.setdefault(str(job.params["form"]), job)
        return [HandoffJob(FORMS[form].name, job, self._is_kept(job)) for form, job in newest.items() if form in FORMS]

    def _is_kept(self, job: Job) -> bool:
        made = _file_of(job)
        return made is not None and self._store.has_file(made["sha256"], FORMS[made["form"]].suffix)

    def _read(self, sha: str) -> bytes | None:
        try:
            return self._store.read(sha)
        except NotFound:
            return None


def _file_of(job: Job) -> dict[str, str] | None:
    made = (job.result or {}).get("file") if job.kind == KIND and job.state == "succeeded" else None
    return made if isinstance(made, dict) and made.get("form") in FORMS else None


def _tell_nobody(done: int, of: int) -> None:
    """For who does not ask how far it is."""
