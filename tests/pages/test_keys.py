"""What became a key after it was stored."""

from __future__ import annotations

from sqlalchemy import update

from tests.pages.conftest import House
from tests.providers.conftest import KEY
from workbench import samples
from workbench.db.schema import attempt, model_call


def test_what_became_a_key_after_it_was_stored_is_on_no_page(house: House) -> None:
    """Pasted into a brief first, then into its field: what is stored was no key when it was stored."""
    project = house.wb.create_project({**samples.load("gift-of-the-magi.en"), "title": f"Story {KEY}"})
    job = house.run("llm_chat", project, {"messages": [{"role": "user", "content": f"My key is {KEY}, keep it"}]})
    with house.wb.database.write() as conn:
        conn.execute(
            update(model_call).values(
                prompt=[{"role": "user", "content": KEY}], raw_output=f'{{"a": "{KEY}"}}', model=KEY
            )
        )
        conn.execute(update(attempt).values(traceback=f"ValueError: {KEY}"))
    house.wb.profiles.add("mine", "openai", base_url="http://127.0.0.1:9", text_model="m", key=KEY)
    of_project = {"project": project}
    pages: list[tuple[str, dict[str, object]]] = [("job", {"id": job.id})]
    pages += [(name, {}) for name in ("jobs", "debug", "analytics", "projects", "settings", "launch", "gallery")]
    pages += [(name, of_project) for name in ("studio", "cast")]
    for page, query in pages:
        at = house.page(page, **query)
        assert not at.exception
        html = "".join(str(e.proto) for e in at.get("html"))
        assert KEY not in html + str(at.main) + str(at.sidebar), page
