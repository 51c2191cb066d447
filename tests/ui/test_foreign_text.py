"""The check that no text of a brief, a model, a service or a person reaches a page as markup."""

from __future__ import annotations

import pytest

from tools import foreign_text
from tools.foreign_text import Check

HEAD = """
import streamlit as st
from workbench.ui import shell
from workbench.ui.language import t
from workbench.ui.markup import code, in_chart, paragraphs, plain, safe
"""


def found(source: str, **more: str) -> list[str]:
    files = {"pages/one.py": HEAD + source, **{f"workbench/ui/{name}.py": HEAD + text for name, text in more.items()}}
    return [f.value for f in Check(files).find()]


def test_our_pages_show_no_foreign_text_as_markup() -> None:
    files = foreign_text.sources()
    assert "pages/studio.py" in files
    assert Check(files).find() == []


@pytest.mark.parametrize(
    "place",
    [
        "st.markdown(job.error)",
        "st.title(job.title)",
        "st.caption(f'by {job.who}')",
        "st.error('**failed** ' + job.error)",
        "st.button(job.name)",
        "st.button('Go', help=job.name)",
        "st.metric('Cost', job.note)",
        "st.metric('Cost', '1', job.note)",
        "st.expander(label=job.name)",
        "st.tabs([job.name, 'two'])",
        "st.page_link('pages/job.py', label=job.name)",
        "st.image('x.png', caption=job.name)",
        "st.progress(0.5, text=job.message)",
        "st.toast(job.error)",
        "st.write('a', job.error)",
        "st.table(job.rows)",
        "st.radio('Pick', [job.name])",
        "st.pills('Pick', list(job.names), format_func=str)",
        "st.segmented_control('Pick', ['a'], format_func=lambda o: job.names[o])",
        "st.sidebar.markdown(job.error)",
        "column.markdown(job.error)",
        "st.markdown(t('Made by {who}', who=job.who))",
        "st.markdown(t(job.error))",
        "st.markdown(' · '.join(n.name for n in nodes))",
        "st.markdown('x' if job.ok else job.error)",
        "st.markdown(job.error or '—')",
        "st.markdown('%s' % job.error)",
        "st.markdown('{}'.format(job.error))",
        "st.markdown(str(job.error).strip()[:20])",
        "st.html(f'<p>{job.error}</p>')",
        "st.html(plain(job.error))",
        "st.markdown(safe(job.error))",
        "chart.add_bar(x=[1], y=[2], name=job.model)",
        "chart.update_yaxes(ticktext=[s.name for s in job.steps])",
        "text = job.error\nst.markdown(text)",
        "text = '**'\ntext += job.error\nst.markdown(text)",
        "rows = []\nrows.append(job.error)\nst.markdown(' '.join(rows))",
        "for node in nodes:\n    st.markdown(node.name)",
        "for a, b in ((1, job.error), (2, 'x')):\n    st.markdown(b)",
        "if (text := job.error):\n    st.markdown(text)",
    ],
)
def test_a_text_nobody_vouches_for_is_named(place: str) -> None:
    assert found(
        f"def page(job, nodes, column):\n    {place.replace(chr(10), chr(10) + '    ')}\n\npage(load(), [], st)"
    )


@pytest.mark.parametrize(
    "place",
    [
        "st.markdown('**ours**')",
        "st.markdown(plain(job.error))",
        "st.markdown(f':red[{plain(job.error)}] {code(job.name)} {job.id} {job.share:.0f} %')",
        "st.markdown(paragraphs(job.answer))",
        "st.markdown(t('Made by {who}', who=plain(job.who)))",
        "st.markdown(t('{n} jobs', n=len(job.names)))",
        "st.markdown(' · '.join(plain(n.name) for n in nodes))",
        "st.html(f'<p>{safe(job.error)}</p>')",
        "chart.add_bar(name=in_chart(job.model))",
        "st.code(job.error)\nst.text(job.error)\nst.selectbox('Pick', [job.name])",
        "text = plain(job.error)\nst.markdown(text)",
        "for n, node in enumerate(nodes):\n    st.markdown(f'{n} {plain(node.name)}')",
        "for word in ('a', 'b'):\n    st.markdown(word)",
    ],
)
def test_what_is_ours_or_escaped_is_let_through(place: str) -> None:
    assert found(f"def page(job, nodes):\n    {place.replace(chr(10), chr(10) + '    ')}") == []


def test_a_function_that_shows_what_it_is_given_hands_the_question_to_its_callers() -> None:
    card = "def card(title, note=''):\n    st.markdown(f'**{title}** {note}')\n"
    assert found("from workbench.ui import box\nbox.card('Ours', plain(job.note))", box=card) == []
    assert found("from workbench.ui import box\nbox.card('Ours', job.note)", box=card) == ["job.note"]
    assert found("from workbench.ui.box import card\ncard(title=job.name)", box=card) == ["job.name"]
    inner = "from workbench.ui import box\ndef row(who):\n    box.card(who)\n"
    assert found("from workbench.ui import rows\nrows.row(job.who)", box=card, rows=inner) == ["job.who"]


def test_a_function_answers_for_what_it_returns() -> None:
    names = (
        "def raw(job):\n    return job.name\ndef clean(job):\n    return plain(job.name)\ndef same(x):\n    return x\n"
    )
    assert found("from workbench.ui import names\nst.markdown(names.clean(job))", names=names) == []
    assert found("from workbench.ui import names\nst.markdown(names.raw(job))", names=names) == ["job.name"]
    assert found("from workbench.ui import names\nst.markdown(names.same(job.name))", names=names) == ["job.name"]
    assert found("from workbench.ui import names\nst.markdown(names.same('ours'))", names=names) == []
