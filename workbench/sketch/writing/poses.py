"""Words for frozen moments: what bodies, hands and eyes do in a single picture, in Chinese and English.

No phrase tells a course of events: a picture cannot show one.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from workbench.artifacts.storyboard import Expression, Stance

Words = tuple[str, ...]


@dataclass(frozen=True)
class Poses:
    """One language's words. Slots: {prop} held, {other} somebody else, {thing} an anchor of the set, {name}, {action}, {place}."""

    comma: str
    #: the length of a caption that reads at a glance
    caption_chars: int
    lens: str
    camera: str
    direction: str
    axis: str
    intents: tuple[str, str, str]
    avoid: Words
    forbidden: Words
    spots: Words
    props: Words
    actions: dict[Stance, Words]
    holding: Words
    gazes: Words
    gazes_alone: Words
    compositions: Words
    bubbles: Words
    seen: str
    faces: dict[Expression, Words]
    #: who else is there, when one picture of an event is not enough
    together: str
    #: an extreme close-up: of a hand that holds something, of an empty hand, of eyes
    hand: str
    bare: str
    eyes: str
    empty_captions: tuple[str, str, str]


# fmt: off
ZH = Poses(
    comma="，",
    caption_chars=34,
    lens="35mm 标准视角",
    camera="机位在人物视平线，不越轴",
    direction="人物始终从左向右推进",
    axis="轴线连着人物与主要陈设，机位留在近侧",
    intents=("交代人在哪里、要做什么", "看清人物此刻的心思", "把局面推到不能回头的一步"),
    avoid=("多余的人物", "文字与水印", "变形的手", "与锚点不符的陈设"),
    forbidden=("换装", "陈设移位", "光源改变方向"),
    spots=("画面近处", "屋檐与光线相接处", "靠左的暗处", "正中最亮的地方", "靠右的墙边", "远处的阴影里"),
    props=("一封折起的信", "一盏小灯", "一把旧钥匙", "一只布包", "一杯凉透的茶"),
    actions={
        "standing": ("立着不动，肩头绷紧", "侧身站定，下巴微抬", "一手按在胸前", "双手垂在身侧，指节发白", "背挺得笔直", "仰头站着，喉头发紧", "微微躬身站着", "双臂环在身前，立在原地"),
        "walking": ("一步迈出，衣角向后飘", "半步悬在身前", "迎着光走，影子拖在身后", "低头疾行，肩膀前倾", "贴着边走，脚尖点地"),
        "running": ("身子前倾，双臂张开", "一脚离地，发丝向后", "回望身后，脚下不停"),
        "sitting": ("坐着，双手叠在膝上", "坐得很直，手指抠着衣缝", "身子前探，手肘撑在膝头", "靠坐着，头微微侧开", "盘腿坐着，背微微弓起"),
        "kneeling": ("单膝跪地，手掌贴着地面", "跪着，额头低垂"),
        "crouching": ("蹲着，一手撑地", "蹲身贴着暗处，屏着气", "半蹲，伸手去够地上的东西"),
        "leaning": ("斜倚着，一只手插在袖里", "背靠着墙，头仰起", "双臂抱在胸前，斜倚着"),
        "lying": ("侧躺着，手枕在脸下", "仰面躺着，一臂垂落"),
    },
    holding=("攥着{prop}，举在胸前", "掌心托着{prop}", "紧紧护着{prop}", "递出{prop}，手臂伸直", "低头看着手里的{prop}", "背后藏着{prop}", "迎光举着{prop}", "把脸贴近{prop}"),
    gazes=("望着{other}", "避开{other}的眼睛", "落在{thing}上", "越过{other}看向远处"),
    gazes_alone=("落在{thing}上", "看向画外", "望着远处的暗影", "垂向自己的手"),
    compositions=(
        "三分构图，右上是{thing}", "对角线构图，从左下引向{thing}", "{thing}作前景，人物在中景", "左右对称，中轴落在{thing}",
        "大面积留白，边缘是{thing}", "纵深构图，越过{thing}看进去",
    ),
    bubbles=("右上角留空", "左上角留空", "画面上沿留空", "左侧三分之一留空"),
    seen="{name}{action}",
    faces={
        "neutral": ("{name}的脸上看不出波澜", "{name}静静看着", "{name}没有表情"), "happy": ("{name}眼里有了笑意", "{name}忍不住笑了", "{name}眉头舒展"),
        "sad": ("{name}垂下眼，嘴角发苦", "{name}的眼眶红了", "{name}低着头，一言不发"), "angry": ("{name}咬紧了牙", "{name}眉心压得很低", "{name}的眼神冷下来"),
        "afraid": ("{name}睁大了眼，不敢出声", "{name}脸色发白", "{name}屏住了呼吸"), "surprised": ("{name}愣在原地", "{name}瞪圆了眼", "{name}一时说不出话"),
        "determined": ("{name}的目光定住了", "{name}抿紧嘴唇", "{name}抬起头，不再躲闪"), "tender": ("{name}的神色软了下来", "{name}目光温和", "{name}轻轻垂下眼"),
    },
    together="{name}与{other}之间，一句话也没有",
    hand="{name}的手，攥着{prop}",
    bare="{name}的手，指节发白",
    eyes="{name}的眼睛，映着{thing}",
    empty_captions=("{place}空无一人", "光落在{thing}上", "只剩{thing}"),
)
EN = Poses(
    comma=", ",
    caption_chars=72,
    lens="35 mm, natural perspective",
    camera="at the figures' eye level, on one side of the line",
    direction="the figures move from left to right throughout",
    axis="the line runs between the figures and the main furnishing; the camera stays on the near side",
    intents=("tell where they are and what they want", "show what they feel right now", "bring it to the step that cannot be taken back"),
    avoid=("extra people", "lettering and watermarks", "deformed hands", "furnishings that contradict the anchors"),
    forbidden=("a change of clothes", "furnishings that move", "light from another side"),
    spots=("close to the camera", "where the light falls in", "in the dark at the left", "in the brightest spot of the middle", "by the wall at the right", "far back in the shade"),
    props=("a folded letter", "a small lamp", "an old key", "a cloth bundle", "a cold cup of tea"),
    actions={
        "standing": ("stands still, shoulders tight", "stands side-on, chin raised", "holds one hand to the chest", "stands with both hands down, knuckles white", "stands very straight", "stands with the head thrown back", "stands slightly bowed", "stands with both arms wrapped around"),
        "walking": ("is caught mid-step, coat blown back", "has one foot forward in the air", "walks into the light, the shadow long behind", "hurries with lowered head and shoulders forward", "walks along the edge on tiptoe"),
        "running": ("leans forward at a run, arms wide", "is off the ground with one foot, hair streaming", "looks back over a shoulder at a run"),
        "sitting": ("sits with hands folded on the knees", "sits bolt upright, fingers at a seam", "sits bent forward, elbows on the knees", "sits back, the head turned aside", "sits cross-legged, the back bent"),
        "kneeling": ("kneels on one knee, palm to the ground", "kneels with the head bowed"),
        "crouching": ("crouches with one hand on the ground", "crouches in the dark, breath held", "crouches, one hand out to something on the ground"),
        "leaning": ("leans at an angle, one hand in a sleeve", "leans back against the wall, face up", "leans to one side, arms crossed"),
        "lying": ("lies on one side, a hand under the cheek", "lies face up, one arm hanging"),
    },
    holding=("grips {prop} before the chest", "holds {prop} on an open palm", "keeps {prop} pressed to the side", "holds out {prop} at arm's length", "looks down at {prop} in one hand", "hides {prop} behind the back", "raises {prop} to the light", "brings {prop} close to the face"),
    gazes=("at {other}", "away from {other}'s eyes", "on {thing}", "past {other} into the distance"),
    gazes_alone=("on {thing}", "out of the frame", "into the far shadow", "down at the hands"),
    compositions=(
        "rule of thirds, with {thing} at the upper right", "a diagonal from the lower left to {thing}", "{thing} in the foreground, figures behind it",
        "symmetrical around {thing}", "a wide empty space, and {thing} at its edge", "a deep view that leads past {thing}",
    ),
    bubbles=("upper right corner left free", "upper left corner left free", "upper edge left free", "left third left free"),
    seen="{name} {action}",
    faces={
        "neutral": ("{name}'s face gives nothing away", "{name} only watches", "{name} without expression"),
        "happy": ("A smile reaches {name}'s eyes", "{name} cannot help smiling", "{name}, brow clear at last"),
        "sad": ("{name} looks down, mouth drawn", "{name}'s eyes are wet", "{name}, head lowered, says nothing"),
        "angry": ("{name} has set the jaw", "{name}, brows drawn down", "{name}'s look has gone cold"),
        "afraid": ("{name}, wide-eyed, without a sound", "{name} has gone pale", "{name} holds the breath"),
        "surprised": ("{name}, caught off guard", "{name}, eyes wide", "{name}, lost for words"),
        "determined": ("{name}'s eyes are fixed", "{name}, lips pressed together", "{name} looks up and does not look away"),
        "tender": ("{name}'s face has softened", "A gentle look from {name}", "{name}, eyes lowered, at peace"),
    },
    together="Not a word between {name} and {other}",
    hand="{name}'s hand around {prop}",
    bare="{name}'s hand, knuckles white",
    eyes="{name}'s eyes, and {thing} in them",
    empty_captions=("{place}, nobody there", "Light on {thing}", "Only {thing} is left"),
)
#: words of an event that tell what its people feel; the first that is found counts
FEELINGS: tuple[tuple[Expression, re.Pattern[str]], ...] = (
    ("afraid", re.compile(r"鬼|怕|惧|惊恐|逃|屏住|剖|血|发抖|颤|危|死|惨|afraid|fear|terror|trembl|flee|blood|dead|dies|kill|danger|scream|ghost|monster|devour", re.I)),
    ("angry", re.compile(r"怒|恨|骂|吼|争吵|责备|嘲|砸|拒绝|angr|fury|furious|rage|shout|hate|quarrel|strike|mock|blame|slam|refus", re.I)),
    ("sad", re.compile(r"哭|泪|悲|哀|失去|离开|告别|叹|孤|后悔|羞|cry|cries|weep|tears?\b|sad|grief|mourn|lonely|alone|loss|lose|lost|goodbye|regret|ashamed|not enough", re.I)),
    ("surprised", re.compile(r"发现|忽然|突然|竟|愣|看见|遇见|原来|揭|suddenly|discover|finds?\b|reveal|surpris|startl|turns out|meets?\b|stares?\b|stops\b", re.I)),
    ("happy", re.compile(r"笑|喜|乐|欢|庆|心情很好|happ|laugh|smil|joy|cheer|celebrat|delight", re.I)),
    ("tender", re.compile(r"爱|温柔|拥|抱|依偎|原谅|照顾|轻轻|礼物|love|gentl|tender|embrac|kiss|forgiv|gift|together", re.I)),
    ("determined", re.compile(r"决|一定|必须|誓|答应|挖|坚持|不再|条件|decid|determin|vow|swear|must|promis|digs?\b|refuses to|sets out|sells?\b|buys?\b", re.I)),
)
#: the way to a feeling: what the face shows before
APPROACH: dict[Expression, tuple[Expression, Expression]] = {
    "afraid": ("neutral", "surprised"), "angry": ("neutral", "determined"), "sad": ("tender", "neutral"), "surprised": ("neutral", "determined"),
    "happy": ("neutral", "tender"), "tender": ("sad", "neutral"), "determined": ("sad", "neutral"), "neutral": ("tender", "determined"),
}
#: what somebody else's face answers
ANSWERS: dict[Expression, Expression] = {
    "afraid": "determined", "angry": "afraid", "sad": "tender", "surprised": "neutral", "happy": "happy", "tender": "happy", "determined": "surprised", "neutral": "determined",
}
# fmt: on


def feeling(text: str) -> Expression | None:
    """What the people of an event feel; None when its words do not tell."""
    return next((shown for shown, words in FEELINGS if words.search(text)), None)


@functools.cache
def poses_for(language: str) -> Poses:
    return ZH if language == "zh" else EN


def short(text: str) -> str:
    """An anchor without its afterthought: “an old desk by the window, its right corner chipped” → its first clause."""
    first = re.split(r"[，,；;]", text.strip(), maxsplit=1)[0].strip()
    return first[:60] or text.strip()[:60]


def clause(text: str, limit: int) -> str:
    """As many whole clauses of a text as fit, without its end mark."""
    stripped = text.strip().rstrip("。.!！?？ ") or text.strip()
    if len(stripped) <= limit:
        return stripped
    cut = max((stripped.rfind(mark, limit // 3, limit) for mark in ("。", "，", ". ", ", ", "；", "; ")), default=-1)
    if cut <= 0:
        cut = stripped.rfind(" ", limit // 2, limit)
    return stripped[: cut if cut > 0 else limit - 1].rstrip("，,；;。. ") + ("" if cut > 0 else "…")
