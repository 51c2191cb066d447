"""Places: which one a text speaks of, and what kind of set it is. The furniture of each kind is in `sets`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.sketch.writing.sets import SETS


@dataclass(frozen=True)
class Place:
    """`name` as the story calls it, `archetype` a key of `sets.SETS`."""

    name: str
    archetype: str


#: word in the text → (archetype, how the place is called); earlier entries win
_ZH: tuple[tuple[str, str, str], ...] = (
    ("书斋", "study", "书斋"), ("书房", "study", "书房"), ("图书馆", "study", "图书馆"), ("卧房", "bedroom", "卧房"), ("卧室", "bedroom", "卧室"),
    ("榻", "bedroom", "卧房"), ("厨房", "kitchen", "厨房"), ("灶", "kitchen", "灶间"), ("客厅", "home", "客厅"), ("公寓", "home", "公寓"),
    ("院子", "courtyard", "院子"), ("庭院", "courtyard", "庭院"), ("后院", "courtyard", "后院"), ("村口", "village", "村口"), ("村", "village", "村子"),
    ("集市", "market", "集市"), ("市井", "street", "街头"), ("市场", "market", "市场"), ("街", "street", "街头"), ("巷", "street", "巷子"),
    ("店", "shop", "店铺"), ("铺子", "shop", "铺子"), ("当铺", "shop", "当铺"), ("酒楼", "tavern", "酒楼"), ("客栈", "tavern", "客栈"), ("茶馆", "tavern", "茶馆"),
    ("庙", "temple", "庙里的大殿"), ("寺", "temple", "寺院"), ("教堂", "temple", "教堂"), ("祠堂", "temple", "祠堂"), ("山脚", "mountain", "山脚"), ("山顶", "mountain", "山顶"),
    ("塌方", "mountain", "塌方的山坡"), ("铁镐", "mountain", "采石坡"), ("山", "mountain", "山坡"), ("渤海", "sea", "海边"), ("海", "sea", "海边"), ("河", "river", "河岸"),
    ("湖", "river", "湖边"), ("溪", "river", "溪边"), ("林", "forest", "树林"), ("森林", "forest", "森林"), ("地平线", "field", "原野"), ("田", "field", "田间"), ("草原", "field", "草原"),
    ("沙漠", "desert", "沙漠"), ("路上", "road", "大路"), ("赶路", "road", "大路"), ("公路", "road", "公路"), ("学校", "school", "学校"), ("教室", "school", "教室"),
    ("医院", "hospital", "医院"), ("病房", "hospital", "病房"), ("公司", "office", "公司"), ("办公室", "office", "办公室"), ("实验室", "lab", "实验室"), ("飞船", "ship", "飞船"),
    ("太空", "ship", "舰桥"), ("空间站", "ship", "空间站"), ("车站", "station", "车站"), ("火车", "station", "站台"), ("地铁", "station", "地铁站"), ("机场", "station", "机场"),
    ("皇宫", "palace", "宫殿"), ("宫", "palace", "宫殿"), ("天庭", "palace", "天庭"), ("天帝", "palace", "天庭"), ("监狱", "prison", "牢房"), ("牢", "prison", "牢房"),
    ("城墙", "gate", "城墙下"), ("城门", "gate", "城门"), ("桥", "bridge", "桥头"), ("屋顶", "roof", "屋顶"), ("天台", "roof", "天台"), ("洞", "cave", "山洞"), ("废墟", "cave", "废墟"),
    ("剧院", "stage", "剧院"), ("戏台", "stage", "戏台"), ("舞台", "stage", "舞台"), ("窗", "study", "窗前的小屋"), ("门上", "gate", "门前"), ("门口", "gate", "门口"), ("丈夫", "home", "堂屋"), ("家", "home", "家中"), ("屋", "home", "屋里"), ("房", "home", "房间"),
)  # fmt: skip

_EN: tuple[tuple[str, str, str], ...] = (
    ("study", "study", "the study"), ("library", "study", "the library"), ("bedroom", "bedroom", "the bedroom"), ("bed", "bedroom", "the bedroom"),
    ("kitchen", "kitchen", "the kitchen"), ("stove", "kitchen", "the kitchen"), ("chops", "kitchen", "the kitchen"), ("flat", "home", "the flat"), ("apartment", "home", "the apartment"),
    ("house", "home", "the house"), ("home", "home", "the front room"), ("yard", "courtyard", "the yard"), ("garden", "courtyard", "the garden"), ("village", "village", "the village"),
    ("market", "market", "the market"), ("street", "street", "the street"), ("alley", "street", "the alley"), ("town", "street", "the main street"), ("city", "street", "the city street"),
    ("shop", "shop", "the shop"), ("store", "shop", "the store"), ("sells", "shop", "the shop"), ("buys", "shop", "the shop"), ("inn", "tavern", "the inn"), ("tavern", "tavern", "the tavern"),
    ("bar", "tavern", "the bar"), ("restaurant", "tavern", "the restaurant"), ("cafe", "tavern", "the café"), ("temple", "temple", "the temple"), ("church", "temple", "the church"),
    ("mountain", "mountain", "the mountainside"), ("mountains", "mountain", "the mountainside"), ("hill", "mountain", "the hillside"), ("river", "river", "the river bank"), ("lake", "river", "the lake shore"),
    ("forest", "forest", "the forest"), ("woods", "forest", "the woods"), ("field", "field", "the field"), ("farm", "field", "the farm"), ("desert", "desert", "the desert"), ("sea", "sea", "the shore"),
    ("beach", "sea", "the beach"), ("harbour", "sea", "the harbour"), ("harbor", "sea", "the harbor"), ("island", "sea", "the island shore"), ("ocean", "sea", "the shore"), ("snow", "street", "the snowbound street"), ("road", "road", "the road"),
    ("school", "school", "the school"), ("classroom", "school", "the classroom"), ("hospital", "hospital", "the hospital"), ("clinic", "hospital", "the clinic"), ("office", "office", "the office"),
    ("company", "office", "the office"), ("laboratory", "lab", "the laboratory"), ("lab", "lab", "the laboratory"), ("ship", "ship", "the ship"), ("spaceship", "ship", "the spaceship"), ("station", "station", "the station"),
    ("train", "station", "the platform"), ("airport", "station", "the airport"), ("palace", "palace", "the palace"), ("castle", "palace", "the castle"), ("prison", "prison", "the prison"), ("jail", "prison", "the jail"),
    ("gate", "gate", "the gate"), ("wall", "gate", "the wall"), ("bridge", "bridge", "the bridge"), ("roof", "roof", "the rooftop"), ("rooftop", "roof", "the rooftop"), ("cave", "cave", "the cave"),
    ("ruins", "cave", "the ruins"), ("theatre", "stage", "the theatre"), ("theater", "stage", "the theater"), ("stage", "stage", "the stage"), ("door", "home", "the hallway"), ("room", "home", "the room"), ("window", "home", "the window room"),
)  # fmt: skip

#: second and third places near one of a kind, when the episode names no other: zh, en
_NEAR: dict[str, tuple[tuple[str, str, str], ...]] = {
    "inside": (
        ("gate", "门前", "the doorstep"),
        ("courtyard", "后院", "the back yard"),
        ("street", "巷子", "the side street"),
    ),
    "outside": (("home", "屋里", "the front room"), ("road", "大路", "the road")),
}
_DEFAULTS = {"zh": (("home", "屋里"), ("street", "街头"), ("courtyard", "院子")), "en": (("home", "the front room"), ("street", "the street"), ("courtyard", "the yard"))}  # fmt: skip

#: the names that these tables give, some of which hold none of their own words (大路, the doorstep)
_CALLED: dict[str, dict[str, str]] = {
    "zh": {name: kind for _, kind, name in _ZH} | {zh: kind for near in _NEAR.values() for kind, zh, _ in near} | {n: k for k, n in _DEFAULTS["zh"]},
    "en": {name: kind for _, kind, name in _EN} | {en: kind for near in _NEAR.values() for kind, _, en in near} | {n: k for k, n in _DEFAULTS["en"]},
}  # fmt: skip


def archetype_of(name: str, language: str) -> str | None:
    """What kind of set a name speaks of; None when it is no place (a watch, a ledger)."""
    if name.strip() in _CALLED[language]:
        return _CALLED[language][name.strip()]
    found = _lexical(name, language)
    return found.archetype if found is not None else None


def find(text: str, language: str, known: Sequence[Place]) -> Place | None:
    """The place a text happens at: one of the brief's own first, then what its words say; None when they say nothing."""
    for place in known:
        bare = re.sub(r"^(?:the|a|an)\s+", "", place.name, flags=re.IGNORECASE)
        if bare and _has(text, bare):
            return place
    found = _lexical(text, language)
    if found is None:
        return None
    # “the flat” in the brief's world is the home that the text means.
    return next((p for p in known if p.archetype == found.archetype), found)


def default(language: str, choice: int) -> Place:
    """A place for a story that names none."""
    archetype, name = _DEFAULTS[language][choice % 3]
    return Place(name, archetype)


def is_inside(place: Place) -> bool:
    return SETS[place.archetype].inside


def near(place: Place, language: str) -> tuple[Place, ...]:
    """Places next to this one, for the ways there and back."""
    found = _NEAR["inside" if is_inside(place) else "outside"]
    made = [Place(zh if language == "zh" else en, kind) for kind, zh, en in found]
    return tuple(p for p in made if p.archetype != place.archetype)


def _lexical(text: str, language: str) -> Place | None:
    if language == "zh":
        at = [(text.find(word), n) for n, (word, _, _) in enumerate(_ZH) if word in text]
        return Place(_ZH[min(n for _, n in at)][2], _ZH[min(n for _, n in at)][1]) if at else None
    hits = [n for n, (word, _, _) in enumerate(_EN) if _has(text, word)]
    return Place(_EN[hits[0]][2], _EN[hits[0]][1]) if hits else None


def _has(text: str, word: str) -> bool:
    if word.isascii():
        return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
    return word in text
