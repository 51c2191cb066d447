"""What a structured test came to, on the page of its job."""

from __future__ import annotations

from tests.pages.conftest import House
from tests.scripted_provider import ScriptedProvider


def test_the_report_shows_time_and_tokens(house: House) -> None:
    with ScriptedProvider() as provider:
        house.wb.profiles.add("scripted", "openai", base_url=provider.url, text_model="one", key="sk-canary0123456789")
        provider.script(default={"text": "{}", "usage": {"prompt_tokens": 120, "completion_tokens": 30}})
        job = house.run("llm_structured_test", None, {"messages": [{"content": "An object."}]}, profile="scripted")
    at = house.page("job", id=job.id)
    assert not at.exception
    shown = {m.label: m.value for m in at.metric}
    assert (shown["Input tokens"], shown["Output tokens"]) == ("120", "30")
