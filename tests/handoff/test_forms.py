"""Storyboards for a crew, read back with the programs that others would read them with."""

from __future__ import annotations

import csv
import io
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pypdfium2
import pysubs2
import pytest
from docx import Document
from fpdf import FPDF

from workbench.artifacts.panels import PanelCamera
from workbench.handoff.book import Book, Cue, Episode, Group, Line, Panel, Scene, Shot
from workbench.handoff.forms import FORMS, FormName, file_name
from workbench.story import screenplay

FRAMINGS = ("ELS", "LS", "MLS", "MS", "MCU", "CU", "ECU", "LOW", "HIGH")


def make_scene(number: int = 1, at: float = 0.0, **changes: Any) -> Scene:
    shots = tuple(
        Shot(n, f, "eye_level", "35 mm", f"愚公第{n}眼", "对角线", ("愚公",), ("愚公: 抬头",), None)
        for n, f in enumerate(FRAMINGS, start=1)
    )
    fields: dict[str, Any] = {
        "number": number, "title": "一句闲话", "summary": "路过的人说起怪事。", "location": "村口", "cast": ("愚公",),
        "from_s": at, "seconds": 12.0, "shots": shots, "silent": "",
        "lines": (Line("dialogue", "愚公", "不服", (), "笑吧。", at + 2, at + 3.5),),
        "cues": (Cue("ambience", "鸡鸣犬吠", "subtle", at, at + 12),), "script": None,
    }  # fmt: skip
    return Scene(**{**fields, **changes})


def make_book(*scenes: Scene, language: str = "zh", ratio: str = "16:9", title: str = "愚公移山") -> Book:
    return Book(title, language, ratio, (Episode(1, "小禾", scenes or (make_scene(),)),))


def make(book: Book, form: FormName, pictures: dict[str, bytes] | None = None) -> bytes:
    return FORMS[form].make(book, (pictures or {}).get, lambda done, of: None)


def pages_of(data: bytes) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(data)]


def cells_of(data: bytes, number: int = 1) -> list[list[str]]:
    """A sheet, and that nothing in it is a formula or a link."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        texts = ["".join(i.itertext()) for i in ElementTree.fromstring(file.read("xl/sharedStrings.xml"))]
        sheet = ElementTree.fromstring(file.read(f"xl/worksheets/sheet{number}.xml"))
        assert not [name for name in file.namelist() if "externalLink" in name]
    space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    assert sheet.findall(".//x:f", space) == []
    return [
        [texts[int(v)] if c.get("t") == "s" else v for c in row if (v := c.findtext("x:v", "", space)) is not None]
        for row in sheet.iterfind(".//x:row", space)
    ]


@pytest.mark.parametrize(("ratio", "language"), [("16:9", "zh"), ("9:16", "zh"), ("1:1", "en"), ("21:9", "en")])
def test_a_pdf_has_frames_shots_lines_and_sounds_with_its_font(ratio: str, language: str) -> None:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (320, 180), "teal").save(out, format="WEBP")
    scene = make_scene(shots=tuple(Shot(**{**vars(s), "picture": "a"}) for s in make_scene().shots))
    data = make(make_book(scene, language=language, ratio=ratio), "pdf", {"a": out.getvalue()})

    document = pypdfium2.PdfDocument(data)
    pages = pages_of(data)
    assert len(pages) == 3
    assert "愚公移山" in pages[0]
    for order in range(1, 10):
        assert f"愚公第{order}眼" in pages[1]
    assert {"笑吧。", "鸡鸣犬吠", "35 mm"} <= {word for word in ("笑吧。", "鸡鸣犬吠", "35 mm") if word in pages[2]}
    assert ("镜头表" if language == "zh" else "Shot list") in pages[2]
    images = [o for o in document[1].get_objects() if o.type == 3]
    assert len(images) == 9
    # nothing is drawn outside of the page
    width, height = document[1].get_size()
    assert all(b[0] >= 0 and b[2] <= width and b[1] >= 0 and b[3] <= height for b in (o.get_bounds() for o in images))
    # the font is there, and a part of it: the whole one has two megabytes
    assert b"/FontFile3" in data
    assert len(data) < 200_000


def test_signs_that_the_font_lacks_are_spelled_and_no_page_runs_over() -> None:
    long = "A word " * 300
    scene = make_scene(
        title="Łódź ☂️ 𠮷野家 " + "长" * 300, summary=long,
        lines=tuple(Line("dialogue", "Ⅳ", "", (), long[:480], n, n + 1) for n in range(6)),
        cues=tuple(Cue("sfx", "W" * 480, "normal", n, n + 1) for n in range(24)),
    )  # fmt: skip
    document = pypdfium2.PdfDocument(make(make_book(scene), "pdf"))
    assert len(document) > 3
    for page in document:
        width, height = page.get_size()
        for item in page.get_objects():
            left, bottom, right, top = item.get_bounds()
            assert min(left, bottom) >= 0
            assert right <= width + 1
            assert top <= height


def test_a_text_without_a_blank_is_measured_sign_by_sign_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its lines was found by measuring all the rest: half a minute for a scene in Thai."""
    measured: list[str] = []
    measure = FPDF.get_string_width

    def count(pdf: FPDF, text: str, *more: Any, **named: Any) -> Any:
        measured.append(text)
        return measure(pdf, text, *more, **named)

    monkeypatch.setattr(FPDF, "get_string_width", count)
    pages = pages_of(make(make_book(make_scene(summary="x" * 2000)), "pdf"))
    assert any("xxx…" in page for page in pages)
    assert sum(map(len, measured)) < 20_000


def test_a_text_may_hold_what_looks_like_a_field() -> None:
    told = "".join(pages_of(make(make_book(make_scene(title="Set {n} of {nb}", summary="{n} \ue0000")), "pdf")))
    assert "Set {n} of {nb}" in told
    assert "1 / 3" in told


def test_a_frame_that_is_missing_or_broken_leaves_its_place() -> None:
    scene = make_scene(shots=tuple(Shot(**{**vars(s), "picture": "gone"}) for s in make_scene().shots))
    assert len(pages_of(make(make_book(scene), "pdf"))) == 3
    assert len(pages_of(make(make_book(scene), "pdf", {"gone": b"RIFF broken"}))) == 3


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1", "@SUM(A1)", "-2+3", "\t=1", "https://example.test"])
def test_tables_hold_text_that_no_spreadsheet_runs(text: str) -> None:
    shot = Shot(1, "ELS", "low", text, text, "a\x00b\x0b", (text,), (text,), None)
    book = make_book(make_scene(title=text, location=text, shots=(shot,)))

    rows = list(csv.reader(io.StringIO(make(book, "csv").decode("utf-8-sig"))))
    assert [len(row) for row in rows] == [16, 16]
    assert not [v for v in rows[1] if v.strip()[:1] in ("=", "+", "@", "-")]
    cells = cells_of(make(book, "xlsx"))
    assert cells[1].count(text) >= 3
    assert "ab" in cells[1]


def test_a_shot_list_has_a_row_a_shot_and_numbers_that_are_numbers() -> None:
    rows = list(csv.reader(io.StringIO(make(make_book(make_scene(), make_scene(2, 12.0)), "csv").decode("utf-8-sig"))))
    assert rows[0][:5] == ["剧集", "场景", "镜号", "画面", "景别"]
    assert [row[1:4] for row in rows[1:]] == [[str(s), str(n), f"KF{n - 1}"] for s in (1, 2) for n in range(1, 10)]
    assert [row[12] for row in rows[1:10]] == ["愚公: 笑吧。", *[""] * 8]
    assert cells_of(make(make_book(), "xlsx"))[1][:4] == ["1", "1", "1", "KF0"]


#: what the sentence of a panel says beside its number, in each camera mode
CAMERAS = {
    "A": (None, "[MS, low] ", ("", "", "", "")),
    "B": (PanelCamera(size="OTS", angle="birds_eye", lens="macro", motion="push_in"), "",
          ("Over the shoulder", "Bird's eye", "Macro", "Push in")),
}  # fmt: skip


def long_scene(mode: str = "B", translated: bool = True, groups: int = 9, **changes: Any) -> Scene:
    camera, prefix, _ = CAMERAS[mode]
    made = tuple(
        Group(f"KF{g}", f"Goal of {g}", tuple(
            Panel(n, f"{prefix}Panel {n} shows it.", f"第 {n} 格。" if translated else "", camera, ("愚公",))
            for n in range(g * 9 + 1, g * 9 + 10)
        ))
        for g in range(groups)
    )  # fmt: skip
    return make_scene(groups=made, **changes)


@pytest.mark.parametrize("mode", ["A", "B"])
@pytest.mark.parametrize("translated", [True, False])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_panels_stand_in_tables_and_pages(mode: str, translated: bool, language: str) -> None:
    book = make_book(long_scene(mode, translated), make_scene(2, 12.0), language=language)
    prefix, words = CAMERAS[mode][1:]

    rows = list(csv.DictReader(io.StringIO(make(book, "csv").decode("utf-8-sig"))))
    names = {"zh": ("画格", "英文", "中文", "景别", "场景"), "en": ("Panel", "English", "Chinese", "Size", "Scene")}
    panel, en, zh, size, scene = names[language]
    assert [row[scene] for row in rows] == ["1"] * 90 + ["2"] * 9
    found = [row for row in rows if row[panel]]
    assert [row[panel] for row in found] == [str(n) for n in range(1, 82)]
    assert [row[en] for row in found] == [f"{prefix}Panel {n} shows it." for n in range(1, 82)]
    assert [row[zh] for row in found] == [f"第 {n} 格。" if translated else "" for n in range(1, 82)]
    if language == "en":
        assert [found[80][c] for c in (size, "Angle", "Lens", "Camera motion")] == list(words)

    data = make(book, "xlsx")
    assert len(cells_of(data)) == 19
    table = cells_of(data, 2)
    assert table[1][:4] == ["1", "1", "KF0", "1"]
    assert table[81][:4] == ["1", "1", "KF8", "81"]
    assert f"{prefix}Panel 81 shows it." in table[81]

    told = "".join("".join(page.split()) for page in pages_of(make(book, "pdf")))
    for n in range(1, 82):
        assert f"Panel{n}showsit." in told
        assert (f"第{n}格。" in told) is translated
    assert "KF8·73–81·Goalof8" in told


@pytest.mark.parametrize("changes", [{"shots": ()}, {"lines": (), "cues": ()}, {"groups_written": 1}])
def test_panels_stand_without_shots_lines_or_the_other_groups(changes: dict[str, Any]) -> None:
    groups = changes.pop("groups_written", 9)
    book = make_book(long_scene(groups=groups, **changes))
    assert csv_panels(book) == 9 * groups
    assert len(cells_of(make(book, "xlsx"), 2)) == 1 + 9 * groups
    assert f"Panel{9 * groups}showsit." in "".join("".join(p.split()) for p in pages_of(make(book, "pdf")))


def csv_panels(book: Book) -> int:
    return sum(bool(row["画格"]) for row in csv.DictReader(io.StringIO(make(book, "csv").decode("utf-8-sig"))))


def test_long_panels_run_over_no_page_and_no_spreadsheet_runs_them() -> None:
    camera = PanelCamera(size="EST", angle="eye_level", lens="ultra_wide", motion="pedestal_down")
    panels = tuple(Panel(n, "=1+1 " + "W" * 790, "长" * 500, camera, ("甲" * 60,) * 8) for n in (1, 2))
    book = make_book(make_scene(groups=(Group("KF0", "目" * 600, panels),)))
    for page in pypdfium2.PdfDocument(make(book, "pdf")):
        width, height = page.get_size()
        for item in page.get_objects():
            left, bottom, right, top = item.get_bounds()
            assert min(left, bottom) >= 0
            assert right <= width + 1
            assert top <= height
    assert not [
        v for row in csv.reader(io.StringIO(make(book, "csv").decode("utf-8-sig"))) for v in row if v[:1] == "="
    ]
    assert cells_of(make(book, "xlsx"), 2)[1][-2].startswith("=1+1")


def test_subtitles_stand_where_they_are_said() -> None:
    told = Line("narration", "", "", (), "First\n\n2\nSecond --> <i>x</i> {b}", 1, 2)
    book = Book("A", "en", "16:9", (
        Episode(1, "One", (make_scene(), make_scene(2, 12.0))),
        Episode(2, "Two", (make_scene(lines=(told,)),)),
    ))  # fmt: skip
    lines = pysubs2.SSAFile.from_string(make(book, "srt").decode("utf-8-sig"))
    assert [(e.start, e.end) for e in lines] == [(2000, 3500), (14000, 15500), (25000, 26000)]
    assert lines[0].plaintext == "愚公: 笑吧。"
    assert lines[2].plaintext == "First 2 Second --› ‹i›x‹/i› (b)"
    cues = pysubs2.SSAFile.from_string(make(book, "cues").decode("utf-8-sig"))
    assert [e.plaintext for e in cues] == ["[Ambience] 鸡鸣犬吠"] * 3
    path = make_scene(lines=(Line("dialogue", "Jim", "", (), r"It is in C:\New\hall, \n\n I think.", 1, 2),))
    told = make(make_book(path), "srt").decode("utf-8-sig").replace("\u200b", "")
    assert r"Jim：It is in C:\New\hall, \n\n I think." in told
    silent = make_book(make_scene(lines=(), cues=()))
    assert make(silent, "srt").decode("utf-8-sig").strip() == ""


SCRIPT: dict[str, Any] = {
    "order": 1, "summary": "S", "transition": "dissolve", "seconds": 10,
    "heading": {"setting": "int_ext", "place": "渡口 *一*", "time": "夜"},
    "elements": [
        {"type": kind, "speaker": who, "extension": heard, "parenthetical": how, "text": text}
        for kind, who, heard, how, text in (
            ("action", "", "none", "", "雨停了。\n\n= 他抬头。"), ("sound", "", "none", "", "# 雷"),
            ("dialogue", "王生", "off_screen", "低声", "（走）\n快"),
            ("dialogue", "Jim", "none", "", "[[Not a note]] _yes_"),
        )
    ],
}  # fmt: skip


@pytest.fixture
def written() -> Book:
    return make_book(make_scene(script=SCRIPT))


def test_fountain_is_read_back_as_the_same_screenplay(written: Book) -> None:
    text = make(written, "fountain").decode()
    for line in (
        ".内外景 渡口 \\*一\\* 夜", "!雨停了。", "!= 他抬头。", "!# 雷", "@王生 (画外)", "(低声)", "> 叠化至", "@JIM",
        "# 第 1 集 · 小禾",
    ):  # fmt: skip
        assert line in text.splitlines(), text
    assert "[[" not in text
    read = screenplay.read(text)
    assert read is not None
    assert "王生" in read.people


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("低声", "(低声)"),
        ("（低声）", "(低声)"),
        ("((low))", "(low)"),
        ("（低声)", "(低声)"),
        ('counts ("x","y")', '(counts ("x","y"))'),
        ("(to Jim) low", "((to Jim) low)"),
        ("(to Jim) low (again)", "((to Jim) low (again))"),
        ("（对Jim）低声（又一次）", "(（对Jim）低声（又一次）)"),
        ("low)", "(low))"),
        ("()", None),
        (" ", None),
    ],
)
def test_a_parenthetical_has_one_pair_of_brackets_around_it_and_keeps_its_own(given: str, printed: str | None) -> None:
    said = {"type": "dialogue", "speaker": "Jim", "extension": "none", "parenthetical": given, "text": "Yes."}
    book = make_book(make_scene(script={**SCRIPT, "elements": [said]}))
    spoken = [line for line in ("@JIM", printed, "Yes.") if line is not None]
    assert make(book, "fountain").decode().splitlines()[-len(spoken) - 2 : -2] == spoken
    document = Document(io.BytesIO(make(book, "docx")))
    paragraphs = [p.text for p in document.paragraphs]
    assert paragraphs[-len(spoken) - 1 : -1] == [line.removeprefix("@") for line in spoken]


def test_a_word_document_has_a_style_for_each_part_of_a_screenplay(written: Book) -> None:
    document = Document(io.BytesIO(make(written, "docx")))
    told = {(p.style.name, p.text) for p in document.paragraphs if p.style is not None}
    assert {
        ("场景标题", "内外景 渡口 *一* 夜"),
        ("动作", "雨停了。"),
        ("说话人", "王生 (画外)"),
        ("转场", "叠化至"),
    } <= told
    assert document.core_properties.title == "愚公移山"


def test_files_are_called_by_their_story_and_part() -> None:
    assert file_name(make_book(title="../盐: 灯?"), FORMS["pdf"]) == "盐 灯 1.1.pdf"
    assert file_name(make_book(make_scene(), make_scene(2), title="…"), FORMS["cues"]) == "storyboard 1.cues.srt"


def test_a_story_goes_out_in_every_form(tmp_path: Path, sqlite_template: Path) -> None:
    import shutil

    from tests.archives.conftest import Home
    from workbench.errors import NotAllowed
    from workbench.settings import Settings

    shutil.copyfile(sqlite_template, tmp_path / "reelwright.db")
    home = Home(Settings.load(home=tmp_path))
    empty = home.wb.create_project({"title": "A", "summary": "B"})
    with pytest.raises(NotAllowed, match="no scene"):
        home.wb.handoffs.make(empty, "pdf")
    project = home.make_story()
    episode, scene = home.nodes(project, "episode")[0], home.nodes(project, "scene")[0]

    for node in (project, episode, scene):
        for form in FORMS:
            assert home.wb.handoffs.make(node, form).data
    pages = pages_of(home.wb.handoffs.make(scene, "pdf").data)
    assert len(pages) == 3
    frames = home.wb.artifact(scene, "keyframe_prompt")
    assert frames is not None
    shown = "".join(pages[2].split())
    assert all("".join(s["composition"].split())[:12] in shown for s in frames.content["shots"])
    home.wb.close()


#: what a scene is made of up to its length
TO_DURATION = (
    "generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt", "generate_dialogue",
    "generate_sound_design", "estimate_duration",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path) -> Iterator[Any]:
    """With a story whose scenes have shots; nothing is drawn or said yet."""
    import shutil

    from tests.archives.conftest import Home
    from workbench.settings import Settings

    shutil.copyfile(sqlite_template, tmp_path / "reelwright.db")
    opened = Home(Settings.load(home=tmp_path))
    opened.make_story(drawn=False)
    yield opened
    opened.close()


def read_lines(home: Any, node_id: int) -> pysubs2.SSAFile:
    return pysubs2.SSAFile.from_string(home.wb.handoffs.make(node_id, "srt").data.decode("utf-8-sig"))


def test_while_a_scene_has_no_dialogue_its_script_is_said(home: Any) -> None:
    project = home.wb.projects.list_names()[0].id
    episode = home.nodes(project, "episode")[0]
    assert home.run("generate_scene_script", episode) == "succeeded"
    script = home.wb.artifact(episode, "scene_script").content
    said = [e for scene in script["scenes"] for e in scene["elements"] if e["type"] == "dialogue"]
    assert said
    assert [e.plaintext for e in read_lines(home, episode)] == [f"{e['speaker']}: {e['text']}" for e in said]

    scene = home.nodes(project, "scene")[0]
    for workflow in ("generate_motion_prompt", "generate_dialogue"):
        assert home.run(workflow, scene) == "succeeded"
    lines = home.wb.artifact(scene, "dialogue").content["lines"]
    assert [e.plaintext.rpartition(": ")[2] for e in read_lines(home, scene)] == [line["text"] for line in lines]


def test_a_scene_whose_lines_have_grown_ends_after_them(home: Any) -> None:
    project = home.wb.projects.list_names()[0].id
    episode, scenes = home.nodes(project, "episode")[0], home.nodes(project, "scene")[:2]
    for scene in scenes:
        for workflow in TO_DURATION:
            assert home.run(workflow, scene) == "succeeded"
    dialogue = home.wb.artifact(scenes[0], "dialogue")
    line = {**dialogue.content["lines"][0], "text": "I have to tell you everything that has happened. " * 3}
    home.wb.artifacts.save(scenes[0], "dialogue", {**dialogue.content, "lines": [line] * 5}, dialogue.version)

    told = read_lines(home, episode)
    assert [e.start for e in told] == sorted(e.start for e in told)
    assert all(before.end <= after.start for before, after in itertools.pairwise(told))
