"""What can be heard where: air by kind of place, weather, grounds, things that happen, what bodies do, music by period. Chinese, English."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.artifacts.storyboard import CueType
from workbench.sketch.writing.sets import Pair


@dataclass(frozen=True)
class Noise:
    """A sound and the words of a scene that it belongs to."""

    words: re.Pattern[str]
    type: CueType
    said: Pair


def _when(words: str, kind: CueType, zh: str, en: str) -> Noise:
    return Noise(re.compile(words, re.IGNORECASE), kind, (zh, en))


# fmt: off
#: the air of each kind of place by day; every key of `sets.SETS`
AIRS: dict[str, Pair] = {
    "study": ("书房的静，纸页偶尔掀动", "the hush of a study, a page lifting now and then"), "bedroom": ("帐幔轻擦床沿，屋里的低低底噪", "curtains against a bedstead, a low room tone"),
    "kitchen": ("炉上水汽咕嘟作响", "a pot simmering on the stove"), "home": ("小屋里的底噪，木头偶尔一响", "the tone of a small room, wood ticking now and then"),
    "courtyard": ("院里的麻雀和远处的井绳声", "sparrows in the yard, a well rope far off"), "village": ("鸡鸣犬吠，远处有人吆喝", "hens and dogs, somebody calling far away"),
    "market": ("集市的人声、叫卖和车轮", "market voices, hawkers and wheels"), "street": ("街上隔着几户的人声与车轮", "voices and wheels a few houses down the street"),
    "shop": ("铺子里的静，街声隔着一层门板", "a quiet shop, the street muffled behind its door"), "tavern": ("碗筷与低声的谈笑", "bowls, cutlery and low talk"),
    "temple": ("大殿里空旷的回响，香火轻燃", "the wide echo of a hall, incense burning"), "mountain": ("山谷空旷的回响，碎石偶尔滚落", "an open valley echo, a pebble rolling now and then"),
    "river": ("流水贴着岸，缓慢而均匀", "water along the bank, slow and even"), "forest": ("林间的鸟声，枝叶互相摩擦", "birds among the trees, branches rubbing"),
    "field": ("草浪起伏，虫声铺得很远", "grass in waves, insects as far as one hears"), "desert": ("沙粒擦过地面的细响", "sand hissing over the ground"),
    "sea": ("海浪一层层推来，海鸟远远叫着", "surf coming in layer by layer, gulls far out"), "road": ("空旷的路上，草叶与远处的鸟", "an open road, grass and a bird far away"),
    "school": ("走廊的脚步和隔壁的读书声", "corridor steps, reciting from next door"), "hospital": ("仪器的滴答与走廊的推车", "monitors ticking, a trolley in the corridor"),
    "office": ("空调的低鸣与远处的键盘", "air conditioning and keyboards at a distance"), "lab": ("通风口的低鸣，仪器间或一声提示", "a vent humming, an instrument chirping now and then"),
    "ship": ("舱体的低频震动", "the low throb of a hull"), "station": ("高顶下的广播与脚步", "announcements and steps under a high roof"),
    "palace": ("大殿深处的回声，帷帘轻动", "echoes deep in a hall, a curtain stirring"), "prison": ("石墙渗水，一滴一滴", "water dripping from stone, drop by drop"),
    "gate": ("门环轻晃，檐下的风铃", "a door ring stirring, a chime under the eaves"), "bridge": ("桥洞里回荡的水声", "water echoing under the arch"),
    "roof": ("高处的风，街声在下面很远", "air up high, the street far below"), "cave": ("水滴落进深处，回声很长", "drops falling far inside, long echoes"),
    "stage": ("空座椅间的静，绳索吱呀", "the quiet of empty seats, a rope creaking"),
}
AT_NIGHT: dict[bool, Pair] = {
    True: ("夜里屋子的静，墙外几声虫鸣", "a house at night, a few insects beyond the wall"),
    False: ("夜里的虫声，远处一声犬吠", "night insects, one dog far off"),
}
NIGHT = re.compile(r"夜|midnight|night", re.IGNORECASE)
#: weather that is heard: indoors, outdoors
WEATHER: tuple[tuple[re.Pattern[str], Pair, Pair], ...] = (
    (re.compile(r"急雨|暴雨|大雨|雨夜|雨落|下雨|冲进雨里|hard rain|rainstorm|downpour|storm", re.I), ("雨点密密打在屋顶上", "rain beating on the roof"), ("急雨砸在地面上，水声盖过人声", "hard rain on the ground, louder than voices")),
    (re.compile(r"雪|\bsnow", re.I), ("窗外落雪的闷静", "the muffled hush of snow outside the window"), ("雪地的闷静，靴底咯吱作响", "the hush of snow, boots creaking in it")),
    (re.compile(r"大风|狂风|strong wind|gale", re.I), ("风从门缝里挤进来，一阵紧一阵", "wind squeezing through the door in gusts"), ("大风一阵紧过一阵", "strong wind, gust upon gust")),
    (re.compile(r"薄雾|大雾|\bfog|\bmist", re.I), ("隔着雾气，外面的声音都发闷", "everything outside dulled by mist"), ("雾里的声音分不清远近", "mist, in which near and far sound alike")),
)
#: what one walks on, by kind of place; wood where none is named
GROUNDS: dict[str, Pair] = {
    "road": ("土路", "a dirt road"), "village": ("土路", "a dirt lane"), "mountain": ("碎石", "loose stones"), "field": ("草地", "grass"), "forest": ("落叶", "fallen leaves"), "desert": ("沙地", "sand"),
    "sea": ("湿沙", "wet sand"), "river": ("湿泥", "wet mud"), "street": ("石板", "paving stones"), "market": ("石板", "paving stones"), "courtyard": ("青砖", "old bricks"), "temple": ("石砖", "flagstones"),
    "palace": ("石地", "polished stone"), "prison": ("石地", "stone"), "gate": ("石阶", "stone steps"), "bridge": ("桥面石板", "the stones of a bridge"), "roof": ("瓦片", "roof tiles"), "cave": ("湿石", "wet rock"),
    "hospital": ("地砖", "floor tiles"), "office": ("地毯", "carpet"), "lab": ("地砖", "floor tiles"), "ship": ("金属舱板", "metal plates"), "station": ("水泥地", "concrete"),
}
WOOD: Pair = ("木地板", "floorboards")
#: things that happen and are heard; earlier ones are the more telling
EFFECTS = (
    _when("人皮|描画|彩笔", "sfx", "笔尖在皮上拖过，细而湿", "a brush dragging over skin, thin and wet"),
    _when("鬼|妖|邪气|ghost|demon|monster", "sfx", "墙里一声低低的抓挠", "a low scratching inside the wall"),
    _when("塌方|埋住|collapse|landslide", "sfx", "山石轰然滚落，尾音很长", "rocks thundering down, a long tail"),
    _when("雷|thunder", "sfx", "一声闷雷贴着屋脊滚过", "thunder rolling low over the ridge"),
    _when("折断|\\bbreaks?\\b|snapping|snaps", "sfx", "一声脆裂", "something snaps"),
    _when("铁镐|挖|dig", "sfx", "铁镐一下一下凿在石头上", "a pick striking stone, again and again"),
    _when("土石|一筐|最后一筐|haul|rubble", "sfx", "筐里的土石倒下，沙沙一阵", "a basket of earth tipped out"),
    _when("跳动的心|胸膛|heartbeat|心跳", "sfx", "心跳，一下比一下清楚", "a heartbeat, clearer with every stroke"),
    _when("敲门|敲响|knock|raps|taps on a door", "sfx", "三下敲门声", "three knocks"),
    _when("闯入|冲进|推门|\\bcomes in\\b|enters|bursts", "sfx", "门被推开，门轴一声长响", "a door pushed open, its hinge groaning"),
    _when("门闩|门框|挂在门上|latch|\\bbolt\\b|door(?:way)?\\b", "sfx", "门板轻轻一响", "a door shifting in its frame"),
    _when("卖|买|钱|银|sells|sold|buys|coins?|cents|dollars?|savings|counts", "sfx", "硬币一枚枚落在木头上", "coins set down on wood, one by one"),
    _when("sells the hair|sold the hair|cuts? .{0,12}hair|curls|剪|落发", "sfx", "剪刀合拢，一缕落地", "scissors closing, a lock falling"),
    _when("\\bwatch\\b(?! (?:over|out))|clock|怀表|钟", "sfx", "表针走动，近得像贴在耳边", "a watch ticking, close to the ear"),
    _when("竹简|账|书信|一封|的信|letter|ledger|writing|\\bbook", "sfx", "纸页翻动", "a leaf being turned"),
    _when("拂尘", "sfx", "拂尘扫过门楣", "a horsetail whisk brushing the lintel"),
    _when("痰|吞|粥|茶|水|\\btea\\b|porridge|\\bwater\\b", "sfx", "碗沿轻碰，水声一荡", "a bowl touched, water swaying"),
    _when("chops|supper|stove|灶|饭", "sfx", "油在锅里轻响", "fat hissing in a pan"),
    _when("火把|torch", "sfx", "火把噼啪燃着", "torches crackling"),
    _when("灯|lamp|candle|wick|flame", "sfx", "灯芯轻轻一爆", "a wick sputtering"),
    _when("笑|laugh|joke", "sfx", "远处一阵笑声，很快散了", "laughter far off, soon gone"),
    _when("市井|集市|围观|众人|crowd|market|onlookers", "sfx", "人群里一阵低语", "a murmur through a crowd"),
    _when("行装|行囊|收起|pack|rolls", "sfx", "布包系紧，带子一勒", "a bundle tied, its strap pulled tight"),
    _when("醒来|梦|dream|wakes", "sfx", "一口长长的吸气", "one long breath drawn in"),
    _when("风|wind|draught", "sfx", "一阵风掠过", "a gust passing"),
)
#: small sounds that any place has, for a scene whose words tell none: indoors, outdoors
ANYWHERE: dict[bool, tuple[Pair, ...]] = {
    True: (("木头轻轻一响", "a tick in the wood"), ("远处有门合上", "a door closing somewhere"), ("杯底碰到桌面", "a cup meeting the table")),
    False: (("一只鸟忽然飞起", "a bird going up all at once"), ("远处钟声一下", "one stroke of a far bell"), ("一颗石子滚了几步", "a pebble rolling a little way")),
}
#: what bodies are heard to do, by the words of a shot; {ground} underfoot
FOLEY = (
    _when("跑|奔|疾行|\\brun|sprint|hurries", "foley", "急促的脚步踩在{ground}上", "quick steps on {ground}"),
    _when("走|迈|一步|半步|\\bwalk|mid-step|\\bstep", "foley", "脚步踩在{ground}上，停住", "steps on {ground}, then a halt"),
    _when("跪|蹲|kneel|crouch", "foley", "膝盖落地，衣料一沉", "a knee meeting the ground, cloth settling"),
    _when("坐|\\bsit|seated", "foley", "身子坐下，木头轻轻一响", "somebody sitting down, wood giving a little"),
    _when("攥|托|捏|手里的|\\bgrips|holds|hand around", "foley", "手指收紧，衣袖擦过", "fingers closing, a sleeve brushing"),
    _when("倚|靠|\\blean", "foley", "肩背抵住，衣料窸窣", "a shoulder coming to rest, cloth rustling"),
    _when("立|站|转|\\bstand|turn", "foley", "衣角轻动，一口压低的呼吸", "a sleeve stirring, one breath held low"),
)
STIR: Pair = ("衣料窸窣，一口轻轻的呼吸", "cloth rustling, one light breath")
#: what plays the music, by period
INSTRUMENTS: dict[str, tuple[Pair, ...]] = {
    "east": (("古琴", "guqin"), ("洞箫", "xiao flute"), ("琵琶", "pipa"), ("埙", "xun")), "west": (("小提琴", "violin"), ("旧钢琴", "old piano"), ("大提琴", "cello"), ("竖琴", "harp")),
    "modern": (("钢琴", "piano"), ("木吉他", "acoustic guitar"), ("大提琴", "cello"), ("颤音琴", "vibraphone")), "future": (("合成器", "synthesiser"), ("玻璃琴采样", "sampled glass harmonica"), ("电大提琴", "electric cello"), ("低频脉冲", "low pulse")),
}
MUSIC: dict[str, Pair] = {
    "opening": ("{i}独奏，疏落的动机，留出说话的空隙", "solo {i}, a sparse motif that leaves room for words"), "development": ("{i}的低音持续，节奏渐密", "a drone on the {i}, the pulse closing up"),
    "turn": ("{i}压得很低，半音下行", "the {i} held low, falling by half tones"), "resolution": ("{i}的长音，暖意散开", "long notes of the {i}, warmth spreading"),
}
MOODS: dict[str, Pair] = {
    "opening": ("平静里带着期待", "calm, with expectation"), "development": ("收紧", "tightening"), "turn": ("悬着，不安", "suspended, uneasy"), "resolution": ("松开，回暖", "released, warm again"),
}
STILL: tuple[Pair, ...] = (("一切静下来，只剩呼吸", "everything stops but the breath"), ("声音抽空，余下一线耳鸣", "all sound drawn out, a thread of ringing left"), ("静默，等下一句话", "silence, waiting for the next word"))
NARRATOR: Pair = ("旁白：{text}", "narrator: {text}")
INNER: Pair = ("{name}的心声：{text}", "{name}, in thought: {text}")
# fmt: on
