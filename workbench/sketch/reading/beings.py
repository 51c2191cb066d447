"""Which kind of being somebody is who is no person: an animal, a machine, a thing that acts; by name and
description."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

Shape = Literal[
    "person",
    "beast",
    "bird",
    "fish",
    "snake",
    "bug",
    "frog",
    "dragon",
    "robot",
    "vehicle",
    "boat",
    "craft",
    "plant",
    "screen",
    "spirit",
    "creature",
    "thing",
]


@dataclass(frozen=True)
class Being:
    """`shape` of the drawing, how high it stands in metres, its usual colour."""

    shape: Shape
    height: float
    colour: str
    #: of a beast: how it differs from a dog
    form: str = ""


PERSON = Being("person", 1.7, "")
#: shapes that live: they look, breathe and may speak, but have no hands
ANIMALS = frozenset({"beast", "bird", "fish", "snake", "bug", "frog", "dragon", "creature"})

_EN: tuple[tuple[str, Being], ...] = (
    ("wolf|wolves|she-wolf", Being("beast", 0.95, "#7C7A78", "wolf")),
    ("fox|vixen|foxes", Being("beast", 0.6, "#C8692F", "fox")),
    (
        "dog|hound|puppy|mutt|terrier|collie|sheepdog|husky|spaniel|poodle|greyhound|retriever|bulldog|"
        "dachshund|beagle|corgi|mongrel",
        Being("beast", 0.7, "#A87B4F", "dog"),
    ),
    ("cat|kitten|tomcat|tabby", Being("beast", 0.45, "#8A8078", "cat")),
    ("tiger|tigress", Being("beast", 1.0, "#D98A36", "cat")),
    ("lion", Being("beast", 1.1, "#D2A055", "lion")),
    ("lioness|cougar|puma", Being("beast", 1.0, "#D2A055", "cat")),
    ("leopard|cheetah|lynx|jaguar", Being("beast", 0.9, "#D8B060", "cat")),
    ("panther", Being("beast", 0.9, "#2E2C30", "cat")),
    ("horse|mare|stallion|foal|colt|pony|racehorse|nag", Being("beast", 1.7, "#8A5A38", "horse")),
    ("zebra", Being("beast", 1.6, "#D8D8D4", "horse")),
    ("donkey|mule|ass", Being("beast", 1.35, "#8E8880", "donkey")),
    ("unicorn", Being("beast", 1.7, "#F1EEE8", "unicorn")),
    ("camel", Being("beast", 2.0, "#C9A26A", "horse")),
    ("llama|alpaca", Being("beast", 1.5, "#E0D2B8", "horse")),
    ("giraffe", Being("beast", 2.8, "#D9A95A", "giraffe")),
    ("bear|grizzly", Being("beast", 1.4, "#6A4630", "bear")),
    ("panda", Being("beast", 1.2, "#E8E6E0", "bear")),
    ("polar bear", Being("beast", 1.5, "#F0EEE6", "bear")),
    ("cow|ox|bull|calf|buffalo|bison|yak", Being("beast", 1.5, "#7A5A48", "cow")),
    ("deer|stag|doe|fawn|reindeer|elk|moose|gazelle|antelope", Being("beast", 1.3, "#A9764A", "deer")),
    ("goat|billy goat", Being("beast", 0.85, "#D8D0C0", "goat")),
    ("sheep|lamb|ram|ewe", Being("beast", 0.85, "#EDE8DC", "sheep")),
    ("pig|piglet|boar|sow|hog", Being("beast", 0.8, "#E0A79A", "pig")),
    ("elephant|mammoth", Being("beast", 2.4, "#8C8C92", "elephant")),
    ("rhino|rhinoceros|hippo|hippopotamus", Being("beast", 1.6, "#8E8A8A", "pig")),
    ("rabbit|hare|bunny", Being("beast", 0.4, "#B8A48C", "rabbit")),
    ("mouse|rat|hamster|vole|shrew|mole|mice", Being("beast", 0.32, "#9A928C", "mouse")),
    (
        "squirrel|chipmunk|ferret|weasel|otter|stoat|mink|marten|beaver|mongoose|meerkat",
        Being("beast", 0.4, "#A9683C", "fox"),
    ),
    ("badger|raccoon|skunk|hedgehog|porcupine|possum|wombat|koala|sloth", Being("beast", 0.45, "#77706A", "bear")),
    ("monkey|ape|gorilla|chimpanzee|chimp|orangutan|baboon", Being("beast", 0.9, "#7A5238", "monkey")),
    ("kangaroo|wallaby", Being("beast", 1.3, "#B08056", "rabbit")),
    ("tortoise|turtle", Being("beast", 0.4, "#6F8A56", "tortoise")),
    ("dinosaur|tyrannosaur|t-rex", Being("dragon", 2.2, "#6F8F5A")),
    ("lizard|gecko|iguana|chameleon|salamander|newt|crocodile|alligator", Being("snake", 0.4, "#6F9A56", "lizard")),
    (
        "bird|sparrow|crow|raven|magpie|swallow|nightingale|robin|pigeon|dove|parrot|finch|wren|lark|"
        "thrush|starling|canary|cuckoo|jay|blackbird|hummingbird|kingfisher|chickadee",
        Being("bird", 0.4, "#4E5A68"),
    ),
    (
        "owl|eagle|hawk|falcon|vulture|gull|seagull|albatross|pelican|phoenix|kite hawk|condor|buzzard",
        Being("bird", 0.7, "#8A6F52"),
    ),
    (
        "swan|goose|duck|duckling|crane|heron|stork|flamingo|peacock|ostrich|penguin|gosling|emu",
        Being("bird", 0.9, "#EFECE4", "tall"),
    ),
    ("hen|rooster|cock|chicken|turkey|chick", Being("bird", 0.5, "#C77B4A")),
    ("bat", Being("bird", 0.4, "#3E3640")),
    (
        "fish|salmon|trout|carp|goldfish|tuna|cod|herring|minnow|eel|seahorse|clownfish|pike|marlin",
        Being("fish", 0.5, "#7FA2B0"),
    ),
    ("whale|orca|narwhal", Being("fish", 1.8, "#4F6678")),
    ("shark", Being("fish", 1.1, "#7C8A94")),
    ("dolphin|porpoise|seal|sea lion|walrus|manatee", Being("fish", 0.9, "#7C8C9C")),
    ("octopus|squid|jellyfish|kraken|cuttlefish", Being("creature", 0.9, "#B0627A", "tentacles")),
    ("crab|lobster|shrimp|crayfish", Being("bug", 0.4, "#C6583C")),
    (
        "snake|serpent|viper|cobra|python|adder|worm|earthworm|caterpillar|snail|slug|centipede",
        Being("snake", 0.4, "#6F8A4A"),
    ),
    (
        "bee|bumblebee|wasp|hornet|fly|firefly|ant|beetle|ladybug|ladybird|butterfly|moth|dragonfly|"
        "cricket|grasshopper|mosquito|cicada|locust|flea",
        Being("bug", 0.34, "#C79A2E", "wings"),
    ),
    ("spider|scorpion|tick|mantis|cockroach", Being("bug", 0.34, "#4A4248")),
    ("frog|toad|tadpole", Being("frog", 0.34, "#6FA04A")),
    ("dragon|wyvern|drake", Being("dragon", 2.2, "#5A7F5C")),
    (
        "robot|android|automaton|cyborg|droid|bot|humanoid|golem|robots|exoskeleton|mech|terminator",
        Being("robot", 1.6, "#9AA6B2"),
    ),
    ("drone|satellite|space probe|probe|space station|rover", Being("craft", 0.8, "#A9B4BE", "drone")),
    (
        "spaceship|starship|rocket|shuttle|ufo|plane|airplane|aeroplane|aircraft|helicopter|airship|jet",
        Being("craft", 1.6, "#B4BCC4"),
    ),
    (
        "car|truck|bus|tram|train|locomotive|steam engine|tractor|van|taxi|excavator|bulldozer|motorcycle|"
        "lorry|streetcar|tank",
        Being("vehicle", 1.5, "#B0503E"),
    ),
    ("ship|boat|ferry|submarine|sailboat|tugboat|steamboat|schooner", Being("boat", 1.6, "#8A5A3C")),
    (
        "tree|oak|pine tree|willow tree|cactus|flower|rose bush|sunflower|mushroom|seedling|sapling|weed|"
        "dandelion|pumpkin|turnip|acorn|seed|fern",
        Being("plant", 1.4, "#5F8F4E"),
    ),
    (
        "ai|a\\.i\\.|artificial intelligence|computer|mainframe|algorithm|program|operating system|"
        "chatbot|voice assistant|hologram|software|supercomputer|virus",
        Being("screen", 1.0, "#7FC4E6"),
    ),
    ("ghost|spirit|wraith|phantom|spectre|specter|poltergeist", Being("person", 1.7, "")),
    (
        "star|sun|moon|comet|cloud|wind|flame|fire|shadow|echo|light|wave|river|storm|raindrop|snowflake|"
        "planet|will-o'-the-wisp|wisp|breeze|fog",
        Being("spirit", 0.9, "#E9DCA8"),
    ),
    (
        "alien|monster|creature|ogre|troll|yeti|beast|slime|blob|demon|kaiju|extraterrestrial|gremlin|"
        "werewolf|griffin|gryphon|chimera|sphinx|centaur|minotaur",
        Being("creature", 1.6, "#7A8F6A"),
    ),
    (
        "teapot|kettle|lamp|clock|doll|toy|teddy bear|puppet|scarecrow|statue|snowman|chair|umbrella|shoe|"
        "book|violin|piano|mirror|stone|rock|pebble|house|broom|pen|pencil|sword|"
        "balloon|kite|lantern|bell|coin|ring|box|bottle|suitcase|typewriter|refrigerator|vending machine|"
        "toaster|elevator|lighthouse|bridge|tower|mountain|island|machine|"
        "streetlamp|street lamp|door|key|button|spoon|cup|plate|marionette|nutcracker|tin soldier|needle|"
        "coat|hat|glove|sock|pillow|candle|windmill|washing machine|vacuum cleaner|printer|camera|phone|"
        "telephone|radio|television",
        Being("thing", 0.9, "#B08A5E"),
    ),
)
_ZH: tuple[tuple[str, Being], ...] = (
    ("北极熊|白熊", Being("beast", 1.5, "#F0EEE6", "bear")),
    ("熊猫", Being("beast", 1.2, "#E8E6E0", "bear")),
    ("河马|犀牛", Being("beast", 1.6, "#8E8A8A", "pig")),
    ("海马", Being("fish", 0.5, "#C9A24A")),
    ("海豚|海豹|海狮", Being("fish", 0.9, "#7C8C9C")),
    ("壁虎|蜥蜴|鳄鱼|蝾螈|变色龙", Being("snake", 0.4, "#6F9A56", "lizard")),
    ("蜗牛|毛毛虫|蚯蚓|蚕", Being("snake", 0.34, "#9AA25E")),
    ("独角兽", Being("beast", 1.7, "#F1EEE8", "unicorn")),
    ("麒麟|神兽|瑞兽", Being("dragon", 1.8, "#B08A4A")),
    ("长颈鹿", Being("beast", 2.8, "#D9A95A", "giraffe")),
    ("袋鼠", Being("beast", 1.3, "#B08056", "rabbit")),
    ("松鼠|黄鼠狼|水獭|貂", Being("beast", 0.4, "#A9683C", "fox")),
    ("刺猬|獾|浣熊|树懒|考拉", Being("beast", 0.45, "#77706A", "bear")),
    ("狼", Being("beast", 0.95, "#7C7A78", "wolf")),
    ("狐狸|狐", Being("beast", 0.6, "#C8692F", "fox")),
    ("狗|犬|狗狗", Being("beast", 0.7, "#A87B4F", "dog")),
    ("猫|猫咪", Being("beast", 0.45, "#8A8078", "cat")),
    ("老虎|虎", Being("beast", 1.0, "#D98A36", "cat")),
    ("狮子|狮", Being("beast", 1.1, "#D2A055", "lion")),
    ("豹子|豹", Being("beast", 0.9, "#D8B060", "cat")),
    ("马|骏马|马驹", Being("beast", 1.7, "#8A5A38", "horse")),
    ("驴|驴子|骡子", Being("beast", 1.35, "#8E8880", "donkey")),
    ("骆驼", Being("beast", 2.0, "#C9A26A", "horse")),
    ("熊", Being("beast", 1.4, "#6A4630", "bear")),
    ("牛|水牛|黄牛|牦牛", Being("beast", 1.5, "#7A5A48", "cow")),
    ("鹿|驯鹿", Being("beast", 1.3, "#A9764A", "deer")),
    ("山羊", Being("beast", 0.85, "#D8D0C0", "goat")),
    ("羊|绵羊|羊羔", Being("beast", 0.85, "#EDE8DC", "sheep")),
    ("猪|野猪", Being("beast", 0.8, "#E0A79A", "pig")),
    ("大象|象|猛犸", Being("beast", 2.4, "#8C8C92", "elephant")),
    ("兔子|兔|玉兔", Being("beast", 0.4, "#B8A48C", "rabbit")),
    ("老鼠|鼠|仓鼠", Being("beast", 0.32, "#9A928C", "mouse")),
    ("猴子|猴|猿|猩猩", Being("beast", 0.9, "#7A5238", "monkey")),
    ("乌龟|龟|海龟", Being("beast", 0.4, "#6F8A56", "tortoise")),
    ("恐龙", Being("dragon", 2.2, "#6F8F5A")),
    ("鸟|麻雀|乌鸦|喜鹊|燕子|夜莺|鸽子|鹦鹉|黄鹂|布谷鸟|翠鸟", Being("bird", 0.4, "#4E5A68")),
    ("猫头鹰|老鹰|鹰|隼|海鸥|凤凰|秃鹫", Being("bird", 0.7, "#8A6F52")),
    ("天鹅|鹅|鸭子|鸭|小鸭|仙鹤|鹤|白鹭|孔雀|企鹅|鸵鸟", Being("bird", 0.9, "#EFECE4", "tall")),
    ("母鸡|公鸡|鸡|小鸡", Being("bird", 0.5, "#C77B4A")),
    ("蝙蝠", Being("bird", 0.4, "#3E3640")),
    ("鲸鱼|鲸|虎鲸", Being("fish", 1.8, "#4F6678")),
    ("鲨鱼|鲨", Being("fish", 1.1, "#7C8A94")),
    ("鱼|鲤鱼|金鱼|锦鲤|三文鱼", Being("fish", 0.5, "#7FA2B0")),
    ("章鱼|乌贼|水母", Being("creature", 0.9, "#B0627A", "tentacles")),
    ("螃蟹|蟹|龙虾|虾", Being("bug", 0.4, "#C6583C")),
    ("蛇|白蛇|青蛇|蟒", Being("snake", 0.4, "#6F8A4A")),
    (
        "蜜蜂|黄蜂|苍蝇|萤火虫|蚂蚁|甲虫|瓢虫|蝴蝶|飞蛾|蜻蜓|蟋蟀|蚱蜢|蝉|蚊子|屎壳郎",
        Being("bug", 0.34, "#C79A2E", "wings"),
    ),
    ("蜘蛛|蝎子|螳螂|蟑螂", Being("bug", 0.34, "#4A4248")),
    ("青蛙|蛤蟆|癞蛤蟆|蝌蚪|蟾蜍", Being("frog", 0.34, "#6FA04A")),
    ("龙|巨龙|蛟", Being("dragon", 2.2, "#5A7F5C")),
    ("机器人|仿生人|机甲|人造人|生化人|机器狗|扫地机", Being("robot", 1.6, "#9AA6B2")),
    ("无人机|卫星|探测器|空间站|月球车", Being("craft", 0.8, "#A9B4BE", "drone")),
    ("飞船|星舰|火箭|飞机|直升机|飞碟", Being("craft", 1.6, "#B4BCC4")),
    ("汽车|卡车|公交车|电车|火车|拖拉机|出租车|挖掘机|坦克|蒸汽机车", Being("vehicle", 1.5, "#B0503E")),
    ("轮船|渡船|帆船|小船|船|潜艇", Being("boat", 1.6, "#8A5A3C")),
    ("树|老树|槐树|柳树|松树|仙人掌|花|向日葵|蘑菇|种子|小草|草|树苗|蒲公英|竹子|南瓜", Being("plant", 1.4, "#5F8F4E")),
    ("人工智能|智能体|电脑|计算机|程序|算法|系统|语音助手|AI|全息影像", Being("screen", 1.0, "#7FC4E6")),
    ("星星|太阳|月亮|彗星|云|云朵|风|火焰|影子|回声|雪花|雨滴|浪花|河流|小溪", Being("spirit", 0.9, "#E9DCA8")),
    ("外星人|怪物|怪兽|巨怪|史莱姆|妖兽|异形|年兽|雪怪", Being("creature", 1.6, "#7A8F6A")),
    (
        "茶壶|台灯|路灯|灯塔|闹钟|钟|布娃娃|玩偶|木偶|稻草人|雕像|石像|雪人|椅子|雨伞|鞋|书|小提琴|钢琴|镜子|石头|房子|扫帚|铅笔|气球|风筝|灯笼|铃铛|硬币|盒子|瓶子|行李箱|打字机|冰箱|"
        "自动售货机|烤面包机|电梯|纽扣|勺子|碗|洗衣机|打印机|相机|收音机|电视机|机器|邮筒|垃圾桶|枕头|蜡烛|风车",
        Being("thing", 0.9, "#B08A5E"),
    ),
)
#: a human word at the end of a phrase makes a person of it, whatever stands before: “horse trader”, “robot maker”
_HUMAN_EN = re.compile(
    r"(?:m[ae]n|wom[ae]n|boys?|girls?|child|children|kid|person|people|human|lady|gentleman|mother|father|"
    r"son|daughter|sister|brother|uncle|aunt|wife|husband|"
    r"king|queen|prince|princess|soldier|sailor|doctor|nurse|teacher|student|widow|widower|\w{2,}(?:er|or|"
    r"ist|ian|smith|wright|herd|maid|hunter|keeper|breeder|tamer))$",
    re.IGNORECASE,
)
_KIN_EN = re.compile(
    r"(?:his|her|its|their|the|[\w-]+['’]s)? ?(?:\w+ )?(?:(?:grand|step|god)?"
    r"(?:mother|father|son|daughter|child)|children|"
    r"sister|brother|uncle|aunt|wife|husband|widow|widower|mate|friend|teacher|queen|king|leader)",
    re.IGNORECASE,
)
#: “Ichabod Crane” is no bird, “Old Wolf” and “Mother Goose” are what they are called
_SURNAMED_EN = re.compile(
    r"(?!(?:The|Old|Young|Little|Big|Great|Grey|Gray|Black|White|Red|Brown|Blue|Golden|Silver|Wild|Brother|Sister|"
    r"Mother|Father|King|Queen|Uncle|Aunt|Baby|Poor|Wise|Lost|Last|Unit|Good|Bad|North|South|East|West)\b)"
    r"[A-Z][a-z]+(?: [A-Z][a-z]+)+"
)
_NOT_ER = frozenset(
    {
        "otter",
        "panther",
        "badger",
        "hamster",
        "lobster",
        "spider",
        "flower",
        "sunflower",
        "tiger",
        "monster",
        "rover",
        "computer",
        "helicopter",
        "tractor",
        "retriever",
        "terrier",
        "kingfisher",
        "adder",
        "viper",
        "rooster",
        "beaver",
        "oyster",
        "creature",
        "mirror",
        "tower",
        "printer",
        "toaster",
        "refrigerator",
        "shooter",
        "water",
        "river",
        "elevator",
        "bulldozer",
        "excavator",
        "chamber",
        "condor",
        "alligator",
        "terminator",
        "ladder",
        "steamer",
        "panda bear",
        "cleaner",
        "sister ship",
        "clever",
        "eager",
        "bitter",
        "tender",
        "younger",
        "older",
        "silver",
        "amber",
        "former",
        "elder",
        "sober",
        "slender",
        "proper",
        "lonelier",
        "ginger",
        "copper",
        "minor",
        "senior",
        "junior",
        "inner",
        "outer",
        "upper",
        "forever",
        "never",
        "summer",
        "winter",
        "drawer",
        "feather",
        "bumper",
        "walker",
        "boxer",
        "pointer",
        "setter",
        "locomotor",
    }
)
_CUT_EN = re.compile(
    r"\b(?:who|whose|that|which|with|without|of|from|in|on|at|by|for|to|like|and|but|than|as|so|named|called|"
    r"made|living|looking|walking|running|riding|carrying|wearing|hunting|raised|born|trained|sent|built|"
    r"lost|found|is|was|has|can|lives)\b.*",
    re.IGNORECASE,
)
_MANNER_EN = re.compile(
    r"^(?:he|she|it|they)\b|^(?:rides?|owns?|keeps?|hunts?|loves?|fears?|breeds?|trains?|hates?|feeds?|"
    r"sells?|fixes|repairs?|drives?)\b",
    re.IGNORECASE,
)
_COUNTED_ZH = re.compile(r"[一这那][只匹头条尾峰棵株朵台架艘辆个座盏把位名](?P<rest>[^，。；、]{1,14})")
_VERBS_ZH = re.compile(
    r"^(?:养|骑|怕|爱|喜欢|讨厌|捕|猎|卖|修|造|驯|放|开|驾|会|像|如|似|有|带|牵|追|与|和|跟|被|把|为|替|属|说|听|看)"
)
_HUMAN_ZH = re.compile(
    r"(?:人|者|师|员|匠|夫|妇|男|女|子弟|孩|童|翁|叟|爷|奶|父|母|兄|弟|姐|妹|妻|儿|生|士|兵|将|王|帝|后|妃|公主|王子|僧|尼|侠|客|民|工|医生|老板|队长|船长|贩|"
    r"少年|青年|中年|老年|先生|小姐|太太|姑娘|精|仙|妖|怪谈|手|迷|专家|主人|骑手|猎户|户)$"
)
_NOT_HUMAN_ZH = re.compile(
    r"(?:机器人|仿生人|外星人|稻草人|雪人|人造人|生化人|狮子|兔子|豹子|猴子|鸭子|鸽子|燕子|驴子|骡子|蚊子|蝎子|叶子|种子|竹子|盒子|瓶子|椅子|房子|影子|镜子|老鼠)$"
)


@cache
def _english() -> tuple[tuple[re.Pattern[str], Being], ...]:
    return tuple((re.compile(rf"(?:^|[\s-])(?:{words})s?$", re.IGNORECASE), being) for words, being in _EN)


@cache
def _chinese() -> tuple[tuple[str, Being], ...]:
    pairs = [(word, being) for words, being in _ZH for word in words.split("|")]
    return tuple(sorted(pairs, key=lambda pair: -len(pair[0])))


def read_being(name: str, description: str) -> Being:
    """What kind of being it is; a person where neither name nor description tells of another."""
    if re.search(r"[一-鿿]", f"{name}{description}"):
        return _read_chinese(name, description) or _read_english(name, description) or PERSON
    return _read_english(name, description) or PERSON


def _read_english(name: str, description: str) -> Being | None:
    described = [_phrase_en(part) for part in re.split(r"[,.;:()\n—–]+", description)]
    # “the duck”, “the grey duckling”: what has no name but its kind is that, whoever's mother
    kind = re.fullmatch(r"(?:the|an?) (?:[a-z'-]+ )*([a-z'-]+)", name.strip())
    own = _being_en(kind.group(1)) if kind else None
    if own is not None and not re.search(r"\b(?:m[ae]n|wom[ae]n|boy|girl|person|human)\b", description, re.IGNORECASE):
        return own
    # a rabbit may be somebody's mother
    kin = _KIN_EN if _being_en(described[0]) else None
    if any(_is_human_en(p, n) for n, p in enumerate(described[:4]) if p and not (n and kin and kin.fullmatch(p))):
        return None
    for number, phrase in enumerate(described[:4]):
        being = _being_en(phrase)
        # “the lamp keeper, …, a lamp”: only what is said first, or as what it is, tells
        if being is not None and (number == 0 or re.match(r"(?:an?|the)\b", phrase, re.IGNORECASE)):
            return being
    words = name.strip()
    if _SURNAMED_EN.fullmatch(words) and not _about_it(description):
        return None
    plain = re.sub(r"^(?:the|an?)\s+", "", words, flags=re.IGNORECASE)
    being = _being_en(re.sub(r"\s+(?:of|from|in|the)\b.*|\s*[\d#][\w-]*$", "", plain))
    if being is None or re.match(
        r"(?:mr|mrs|ms|miss|dr|sir|lord|lady|captain|professor|uncle|aunt|detective|sergeant)\b", words, re.IGNORECASE
    ):
        return None
    alone = len(plain.split()) == 1 and plain[:1].isupper() and plain == words
    # “Rose” and “Robin” are names; “the Robin” and “Old Wolf” are not
    return (
        None
        if alone and being.shape in ("bird", "plant", "spirit", "thing", "beast", "bug") and not _about_it(description)
        else being
    )


def _is_human_en(phrase: str, number: int) -> bool:
    """Whether a part of a description names a person; beyond the first, “wiser” alone does not."""
    if _being_en(phrase) or not _HUMAN_EN.search(phrase):
        return False
    last = phrase.split()[-1].lower()
    if last in _NOT_ER:
        return False
    told = number == 0 or re.match(r"(?:an?|the|his|her|their)\b", phrase, re.IGNORECASE) is not None
    return told or not last.endswith(("er", "or"))


def _about_it(description: str) -> bool:
    return (
        re.search(
            r"\b(?:it|its|itself|paws?|tail|wings?|fur|feathers?|hooves|whiskers|beak|claws?|scales|fins?|"
            r"petals|leaves|battery|circuits|rusty|metal|wooden)\b",
            description,
            re.IGNORECASE,
        )
        is not None
    )


def _phrase_en(part: str) -> str:
    """The noun phrase that a part of a description begins with; empty when it tells what somebody does."""
    text = part.strip()
    if _MANNER_EN.match(text):
        return ""
    return _CUT_EN.sub("", text).strip()


def _being_en(phrase: str) -> Being | None:
    return next((being for pattern, being in _english() if pattern.search(phrase)), None) if phrase else None


def _read_chinese(name: str, description: str) -> Being | None:
    parts = [p for p in re.split(r"[，。；、,.;：:（）()\n\s]+", description) if p]
    for part in parts[:4]:
        counted = _COUNTED_ZH.match(part)
        phrase = (counted.group("rest") if counted else part).rpartition("的")[2]
        # 猴王、猪妖: still what they are
        phrase = re.sub(r"(?<=[猴猪牛狼狮虎熊蜘蛛蝎鼠鸟鹰龟鹿象羊鸡犬])(?:王|大王|妖|怪|精)$", "", phrase)
        if _VERBS_ZH.match(phrase):
            continue
        if _HUMAN_ZH.search(phrase) and not _NOT_HUMAN_ZH.search(phrase):
            return None
        being = _ends_zh(phrase)
        if being is not None and (counted or part is parts[0] or len(phrase) <= 6):
            return being
    plain = re.sub(r"[\dA-Za-z#号·-]+$", "", name.strip()) or name.strip()
    if _HUMAN_ZH.search(plain) and not _NOT_HUMAN_ZH.search(plain):
        return None
    being = _ends_zh(plain)
    if being is None:
        return None
    # 马、龙、熊、牛 are surnames and parts of given names: the whole name, or 小/老/大/白/黑 before it, tells
    bare = re.sub(r"^[小老大白黑红灰黄青金银花胖瘦]", "", plain)
    return (
        being
        if any(bare == word or plain == word for word, b in _chinese() if b is being) or _about_it_zh(description)
        else None
    )


def _about_it_zh(description: str) -> bool:
    return re.search(r"它|尾巴|爪|皮毛|羽毛|翅膀|蹄|鳞|鳍|犄角|触角|电池|金属|铁皮|芯片|程序", description) is not None


def _ends_zh(phrase: str) -> Being | None:
    if re.search(r"(?:狐|蛇|狼|猫|花|树|鼠|兔)(?:狸)?[精妖仙]|属[鼠牛虎兔龙蛇马羊猴鸡狗猪]$", phrase):
        return None
    return next((being for word, being in _chinese() if phrase.endswith(word)), None)
