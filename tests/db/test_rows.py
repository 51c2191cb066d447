"""Rows are typed records: each has its table's columns, prints as JSON and can be read like a mapping."""

import dataclasses
import pickle

import pandas
import pytest

from workbench.db import schema
from workbench.db.rows import budgets, drafts, jobs, media, profiles, story, webhooks
from workbench.db.rows.record import Record

SEALED = {"url_ciphertext", "secret_ciphertext", "key_id"}

#: what a prompt was filled in with is asked for by itself (`wb.prompts`); the rest is for sums alone
TEMPLATE = {"prompt_name", "template", "imported_at", "node_id", "created_by"}


UNREAD = {"params_hash", "exclusive_key", "title_i18n", "ahead_ms", "reused_from", "stop_at", "filed", "overrides"}


@pytest.mark.parametrize(
    ("record", "table", "hidden", "more"),
    [
        (
            jobs.Job,
            schema.job,
            {"params_hash", "exclusive_key", "title_i18n", "ahead_ms", "reused_from", "stop_at", "filed", "overrides"},
            set(),
        ),
        (jobs.Attempt, schema.attempt, set(), set()),
        (jobs.Step, schema.step, {"child_item"}, set()),
        (jobs.Event, schema.job_event, set(), set()),
        (jobs.ModelCall, schema.model_call, TEMPLATE, set()),
        (jobs.CallSummary, schema.model_call, {"prompt", "raw_output", *TEMPLATE}, set()),
        (jobs.Worker, schema.worker, set(), {"age_ms"}),
        (jobs.Gate, schema.gate, set(), set()),
        (story.Node, schema.node, set(), set()),
        (story.Artifact, schema.artifact, set(), set()),
        (story.VersionEntry, schema.artifact, {"content"}, {"is_head", "pinned"}),
        (media.Media, schema.media, set(), set()),
        (profiles.SavedProfile, schema.profile, {"key_ciphertext"}, {"has_key"}),
        (profiles.SealedProfile, schema.profile, set(), set()),
        (budgets.Budget, schema.budget, set(), set()),
        (drafts.FormDraft, schema.form_draft, {"open"}, set()),
        (webhooks.Webhook, schema.webhook, SEALED, set()),
        (webhooks.SealedWebhook, schema.webhook, set(), set()),
        (webhooks.Delivery, schema.webhook_delivery, set(), set()),
    ],
)
def test_a_record_has_the_columns_of_its_table(record, table, hidden, more):
    assert {f.name for f in dataclasses.fields(record)} == {c.name for c in table.c} - hidden | more


def test_json_has_the_columns_in_the_tables_order():
    shown = [c.name for c in schema.model_call.c if c.name not in TEMPLATE]
    call = jobs.ModelCall(*range(len(shown)))
    assert list(call.as_json()) == shown
    node = story.Node(1, "scene", 1, None, 2, "T", None, None, None, 0)
    assert list(node.as_json()) == [c.name for c in schema.node.c]


def test_records_in_a_record_become_objects():
    tree = story.Tree(
        1, "T", [story.TreeNode(1, "project", "T", 0, None, False, [story.TreeArtifact("brief", 2, "h", True)])]
    )
    assert tree.as_json()["nodes"][0]["artifacts"] == [
        {"kind": "brief", "version": 2, "content_hash": "h", "stale": True, "complete": True}
    ]


def test_a_record_can_be_read_like_a_mapping():
    gate = jobs.Gate("queue:text", True, None)
    assert gate["key"] == gate.key == "queue:text"
    assert gate.get("paused") is True
    assert gate.get("nothing", 3) == 3
    assert dict(gate) == {**gate} == gate.as_json()
    assert gate.as_json() == {
        "key": "queue:text", "paused": True, "max_running": None, "paused_by": None, "paused_at": None,
    }  # fmt: skip
    assert list(zip(gate.keys(), gate.values(), strict=True)) == gate.items()
    assert "key" in gate
    with pytest.raises(KeyError):
        gate["as_json"]


def test_pandas_makes_a_table_of_records():
    table = pandas.DataFrame([jobs.Gate("queue:text", True, None), jobs.Gate("project:1", False, 3)])
    assert list(table.columns) == ["key", "paused", "max_running", "paused_by", "paused_at"]
    assert list(table["key"]) == ["queue:text", "project:1"]


def test_a_record_survives_pickling():
    gate = jobs.Gate("queue:text", True, None)
    assert pickle.loads(pickle.dumps(gate)) == gate


def test_a_record_cannot_be_changed():
    gate = jobs.Gate("queue:text", True, None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        gate.paused = False
    with pytest.raises(TypeError):
        gate["paused"] = False
    assert isinstance(gate, Record)
