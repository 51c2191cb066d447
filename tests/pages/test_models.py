"""The Models page: services as people set them up and try them."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from tests.pages.conftest import House, said
from tests.providers.conftest import KEY
from tests.scripted_provider import ScriptedProvider
from workbench.cli import profiles
from workbench.providers import registry


@pytest.fixture
def server() -> object:
    with ScriptedProvider() as made:
        yield made


@pytest.mark.parametrize(("lang", "told"), [("en", "Add the first one"), ("zh", "添加第一个")])
def test_without_a_service_it_says_what_they_are_for(house: House, lang: str, told: str) -> None:
    at = house.page("models", lang)
    assert not at.exception
    assert told in [b.label for b in at.button]


def test_a_service_is_added_from_a_template_and_its_key_is_never_shown(house: House) -> None:
    at = house.page("models", profile="new")
    at.button(key="svc_template_deepseek").click().run()
    assert at.text_input(key="new.base_url").value == "https://api.deepseek.com"
    assert at.text_input(key="new.text_model").value == "deepseek-chat"
    at.text_input(key="new.secret").set_value(KEY)
    at.number_input(key="new.rpm").set_value(60)
    at.button(key="new_save").click().run()
    assert not at.exception
    [row] = house.wb.profiles.list()
    assert (row.name, row.text_model, row.rpm, row.has_key) == ("deepseek", "deepseek-chat", 60, True)
    again = house.page("models", profile=row.id)
    assert KEY not in str(again.main)
    assert again.text_input(key=f"svc{row.id}.secret").value == ""
    assert row.key_tail in again.text_input(key=f"svc{row.id}.secret").placeholder


def test_every_field_that_is_wrong_is_told_at_once(house: House) -> None:
    at = house.page("models", profile="new")
    at.button(key="svc_template_other").click().run()
    at.button(key="new_save").click().run()
    assert sum("This is needed." in m.value for m in at.markdown) == 3
    at.text_input(key="new.name").set_value("n" * 81)
    at.text_input(key="new.base_url").set_value("htp:/example.com")
    at.text_input(key="new.text_model").set_value("m")
    at.number_input(key="new.rpm").set_value(-1)
    at.button(key="new_save").click().run()
    for sentence in ("has 1 to 80 characters", "This is not a web address", "is a whole number from 1 to 1000000"):
        assert sentence in said(at)
    assert house.wb.profiles.list() == []


def test_what_has_a_field_of_its_own_is_not_taken_from_the_json_beside_it(house: House) -> None:
    row = house.wb.profiles.add("mine", "openai", base_url="http://127.0.0.1:9", text_model="m")
    at = house.page("models", "zh", profile=row.id)
    typed = '{"prices": {"m": {"currency": "CNY", "input": 1, "output": 2}}, "trust_env": true}'
    at.text_area(key=f"svc{row.id}.rest").set_value(typed)
    at.button(key=f"svc{row.id}_save").click().run()
    assert "prices 在上方有单独的字段" in said(at)
    assert at.text_area(key=f"svc{row.id}.rest").value == typed
    assert house.wb.profiles.list()[0].params in (None, {})


def test_a_service_that_draws_for_a_storys_own_is_used_by_it(house: House) -> None:
    painter = house.wb.profiles.add("painter", "openai", base_url="http://127.0.0.1:9", image_model="p")
    house.wb.profiles.add("writer", "openai", base_url="http://127.0.0.1:9", text_model="m", image_profile="painter")
    house.wb.projects.set_profile(house.sample(), "writer")
    assert "Used by" in said(house.page("models", profile=painter.id))


def test_a_provider_without_a_template_is_offered_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line in the registry, or a package of its own, is all that a provider needs."""
    monkeypatch.setattr(registry, "_factories", dict(registry._factories))
    registry.register("house", "house_models:make")
    at = house.page("models", profile="new")
    at.button(key="svc_provider_house").click().run()
    at.text_input(key="new.base_url").set_value("http://models.internal")
    at.text_input(key="new.text_model").set_value("big")
    at.button(key="new_save").click().run()
    assert not at.exception
    [row] = house.wb.profiles.list()
    assert (row.name, row.provider, row.text_model) == ("house", "house", "big")
    assert not house.page("models", profile=row.id).exception


@pytest.mark.parametrize(("lang", "told"), [("en", "is refused by OpenAI reasoning models"), ("zh", "模型不接受")])
def test_what_a_model_is_known_to_refuse_stands_beside_its_field_and_forbids_nothing(
    house: House, lang: str, told: str
) -> None:
    at = house.page("models", lang, profile="new")
    at.button(key="svc_template_openai").click().run()
    at.text_input(key="new.text_model").set_value("o4-mini")
    at.text_input(key="new.secret").set_value(KEY)
    at.number_input(key="new.param.temperature").set_value(0.7)
    at.button(key="new_save").click().run()
    [row] = house.wb.profiles.list()
    assert (row.text_model, row.params) == ("o4-mini", {"temperature": 0.7})
    at = house.page("models", lang, profile=row.id)
    assert any(told in m.value for m in at.markdown)
    # the same model elsewhere may take it
    elsewhere = house.wb.profiles.add(
        "elsewhere", "openai", base_url="https://models.example.com/v1", text_model="o4-mini", params=row.params
    )
    assert not any(told in m.value for m in house.page("models", lang, profile=elsewhere.id).markdown)


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(house: House) -> None:
    at = house.page("models", profile="new")
    at.button(key="svc_template_openai").click().run()
    at.text_input(key="new.text_model").set_value("o4-mini")
    at.text_input(key="new.secret").set_value(KEY)
    at.number_input(key="new.param.temperature").set_value(9.0)
    at.button(key="new_save").click().run()
    assert house.wb.profiles.list() == []
    assert any("from" in m.value and ":red[" in m.value for m in at.markdown)
    assert at.text_input(key="new.text_model").value == "o4-mini"
    assert at.text_input(key="new.secret").value == KEY
    at.number_input(key="new.param.temperature").set_value(None)
    at.button(key="new_save").click().run()
    assert [p.text_model for p in house.wb.profiles.list()] == ["o4-mini"]


def test_limits_out_of_range_are_said_beside_their_field(house: House) -> None:
    row = house.wb.profiles.add("mine", "openai", text_model="m", rpm=7)
    key = f"svc{row.id}"
    at = house.page("models", profile=row.id)
    at.number_input(key=f"{key}.rpm").set_value(-1)
    at.number_input(key=f"{key}.param.temperature").set_value(9.0)
    at.button(key=f"{key}_save").click().run()
    assert not at.exception
    assert sum("from" in m.value and ":red[" in m.value for m in at.markdown) == 2
    assert house.wb.profiles.list()[0].rpm == 7


def test_a_service_of_ones_own_needs_its_address(house: House) -> None:
    at = house.page("models", profile="new")
    at.button(key="svc_template_other").click().run()
    assert "OpenAI" not in " ".join(c.value for c in at.caption)  # where others make their keys
    at.text_input(key="new.name").set_value("mine")
    at.text_input(key="new.text_model").set_value("m")
    at.text_input(key="new.secret").set_value(KEY)
    at.button(key="new_save").click().run()
    assert any("This is needed" in m.value for m in at.markdown)
    assert house.wb.profiles.list() == []  # without an address the key would have gone to OpenAI
    at.button(key="leave_new").click().run()
    assert "add_first" in [b.key for b in at.button]


def test_an_archived_service_stays_chosen_where_it_is_bound(house: House) -> None:
    house.wb.profiles.add("draws", "openai", image_model="i")
    row = house.wb.profiles.add("mine", "openai", text_model="m", image_profile="draws")
    house.wb.profiles.archive("draws")
    key = f"svc{row.id}"
    at = house.page("models", profile=row.id)
    assert at.selectbox(key=f"{key}.image_profile").value == "draws"
    at.number_input(key=f"{key}.rpm").set_value(9)
    at.button(key=f"{key}_save").click().run()
    [saved] = house.wb.profiles.list()
    assert (saved.rpm, saved.image_profile_id) == (9, row.image_profile_id)


@pytest.mark.parametrize(("lang", "told"), [("en", "Nothing was charged."), ("zh", "密钥被拒绝。")])
def test_a_refused_key_leads_to_its_service(house: House, server: ScriptedProvider, lang: str, told: str) -> None:
    project = house.sample()
    row = house.wb.profiles.add("mine", "openai", base_url=server.url, text_model="m", key=KEY)
    server.script(default={"status": 401})
    assert house.run("plan_episodes", project, {}, profile="mine").error_kind == "auth"
    at = house.page("studio", lang, project=project, node=project)
    [error] = at.error
    assert told in error.value
    assert f"profile={row.id}" in str([link.proto for link in at.get("page_link")])


def test_another_address_asks_for_the_key_again(house: House) -> None:
    row = house.wb.profiles.add("mine", "openai", base_url="https://one.example/v1", text_model="m", key=KEY)
    key = f"svc{row.id}"
    at = house.page("models", profile=row.id)
    at.text_input(key=f"{key}.base_url").set_value("https://two.example/v1")
    at.button(key=f"{key}_save").click().run()
    assert any("Enter the key for it again" in m.value for m in at.markdown)
    assert house.wb.profiles.list()[0].base_url == "https://one.example/v1"


def test_a_service_is_tried_and_says_what_to_do(house: House, server: ScriptedProvider) -> None:
    row = house.wb.profiles.add("mine", "openai", base_url=server.url, text_model="m", key=KEY)
    key = f"svc{row.id}"
    at = house.page("models", profile=row.id)
    at.button(key=f"{key}_try_go").click().run()
    assert sum("check_circle" in m.value for m in at.markdown) == 2
    server.script(default={"status": 401})
    at.button(key=f"{key}_try_go").click().run()
    assert any("Paste the key again" in m.value for m in at.markdown)
    assert KEY not in str(at.main)


def test_a_service_is_copied_and_archived(house: House) -> None:
    row = house.wb.profiles.add("mine", "openai", text_model="m", key=KEY)
    at = house.page("models", profile=row.id)
    at.button(key=f"svc{row.id}_copy").click().run()
    assert {p.name for p in house.wb.profiles.list()} == {"mine", "mine 2"}
    copy = house.wb.profiles.id_of("mine 2")
    at = house.page("models", profile=copy)
    at.button(key=f"svc{copy}_archive").click().run()
    assert {p.name for p in house.wb.profiles.list()} == {"mine"}


@pytest.mark.parametrize(
    ("lang", "models", "told"),
    [
        ("en", {"video_model": "v"}, "It only films"),
        ("zh", {"video_model": "v"}, "它只拍视频"),
        ("en", {"image_model": "p"}, "have it draw a picture, too"),
    ],
)
def test_a_service_that_writes_no_text_says_how_it_is_tried(
    house: House, lang: str, models: dict[str, str], told: str
) -> None:
    row = house.wb.profiles.add("mine", "ark", base_url="http://127.0.0.1:9", **models)
    at = house.page("models", lang, profile=row.id)
    at.button(key=f"svc{row.id}_try_go").click().run()
    assert told in said(at)
    ran = CliRunner().invoke(profiles.command, ["test", "mine"], env={"REELWRIGHT_LANG": lang})
    assert (ran.exit_code, told in ran.output) == (1, True)


def test_what_was_saved_in_another_window_is_not_undone_by_a_form_that_was_opened_before(house: House) -> None:
    row = house.wb.profiles.add("mine", "openai", base_url="http://127.0.0.1:9", text_model="m", rpm=60)
    at = house.page("models", profile=row.id)
    house.wb.profiles.update("mine", rpm=10, params={"temperature": 0.5})
    at.text_input(key=f"svc{row.id}.text_model").set_value("better").run()
    at.button(key=f"svc{row.id}_save").click().run()
    assert "was changed in another window" in "\n".join(e.value for e in at.error)
    [now] = house.wb.profiles.list()
    assert (now.text_model, now.rpm, now.params) == ("m", 10, {"temperature": 0.5})
    assert at.text_input(key=f"svc{row.id}g1.text_model").value == "better"
    assert at.number_input(key=f"svc{row.id}g1.rpm").value == 10
    at.button(key=f"svc{row.id}g1_save").click().run()
    [now] = house.wb.profiles.list()
    assert (now.text_model, now.rpm, now.params) == ("better", 10, {"temperature": 0.5})
    assert house.wb.drafts.list("local") == []
