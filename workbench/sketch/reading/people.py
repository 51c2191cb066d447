"""Who somebody is by the words about them: sex, age, hair, beard, clothes, build, height; "" for what is not told.

Only their own clause counts. “Her son” is a son whoever she is; “loves his mother” tells of no woman; “no beard”
is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workbench.json_types import JsonObject
from workbench.sketch.reading.beings import PERSON, Being, read_being
from workbench.sketch.reading.words import either

Sex = Literal["", "f", "m"]
Age = Literal["", "child", "young", "adult", "old"]


@dataclass(frozen=True)
class Person:
    """What is told of somebody; None and "" for what is not. Colours are names of `COLOURS`."""

    being: Being = PERSON
    sex: Sex = ""
    age: Age = ""
    hair: Literal["", "short", "bun", "long", "braid", "topknot", "bald", "bob", "wild"] = ""
    hair_colour: str = ""
    beard: bool | None = None
    hat: bool | None = None
    #: what is on the head: a cap, a turban
    brimless: bool = False
    garment: Literal["", "robe", "dress", "coat", "suit"] = ""
    coat_colour: str = ""
    build: Literal["", "stout", "thin"] = ""
    height: Literal["", "tall", "short"] = ""
    barefoot: bool = False
    skin: str = ""


#: colour words in both languages, by what they mean
COLOURS: dict[str, tuple[str, re.Pattern[str]]] = {
    name: (code, either(chinese, english))
    for name, code, chinese, english in (
        ("red", "#B5343C", r"大?红|朱|绯|赤(?!脚|足|膊)", r"red|scarlet|crimson|ruby"),
        ("blue", "#3F5FA8", r"蓝|靛|湛", r"blue|navy|azure|indigo"),
        ("green", "#3E7A4E", r"绿|翠|墨绿", r"green|emerald|olive"),
        ("teal", "#3F7476", r"青", r"teal|turquoise"),
        ("black", "#2B2A30", r"黑|玄|墨色", r"black|ebony|jet"),
        ("white", "#EDEAE2", r"白|素", r"white|ivory|cream"),
        ("moon", "#D5DEE4", r"月白", r"pearl"),
        ("yellow", "#D9B13C", r"黄", r"yellow|mustard"),
        ("grey", "#85878C", r"灰", r"grey|gray|charcoal"),
        ("brown", "#7A5438", r"棕|褐|咖啡色|驼色", r"brown|tan|khaki|beige"),
        ("purple", "#74508F", r"紫", r"purple|violet|lilac|mauve"),
        ("pink", "#D58AA2", r"粉", r"pink|rose-coloured"),
        ("orange", "#D0763C", r"橙|橘", r"orange"),
        ("gold", "#C9A03E", r"金", r"gold|golden"),
        ("silver", "#B4B8BE", r"银", r"silver"),
    )
}
HAIR_COLOURS = {
    "red": "#A2482C",
    "blond": "#D9B468",
    "black": "#231F24",
    "brown": "#5B3B28",
    "grey": "#9A9A9C",
    "white": "#E9E6E0",
    "blue": "#3F5FA8",
    "green": "#3E7A4E",
    "pink": "#D58AA2",
    "purple": "#74508F",
}
SKINS = {"dark": "#7A4F35", "brown": "#A8714B", "pale": "#F6E2D2", "green": "#9DB089", "blue": "#93A9C4"}

_NUMBERS = {
    w: n
    for n, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_NUMBERS |= {
    w: 10 * n
    for n, w in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2)
}
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_WORD_NUMBER = rf"(?:(?:{_TENS})(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|{'|'.join(_NUMBERS)})"
_AGE_EN = (
    re.compile(
        rf"(?<![\w-])(\d{{1,3}}|{_WORD_NUMBER})(?:[- ]years?[- ]old|-year-old| years? of age|\s*yo\b)", re.IGNORECASE
    ),
    re.compile(
        rf"\b(?:aged|age|turned|turning|nearly|almost|about|around|barely|just) (\d{{1,3}}|"
        rf"{_WORD_NUMBER})(?![\w-]| [a-z]+s\b)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^\s*(?:a |the )?(?:man |woman |boy |girl )?(?:nearly |almost |about |barely |over |under |"
        rf"just )?(\d{{1,3}}|{_WORD_NUMBER})(?![\w-])\s*(?:$|or so|and )",
        re.IGNORECASE,
    ),
)
_OF_AGE_EN = re.compile(
    rf"\b(?:man|woman|boy|girl|lad|lass|child|youth|lady|person|gentleman) of (?:about |some |"
    rf"nearly )?(\d{{1,3}}|{_WORD_NUMBER})(?![\w-])",
    re.IGNORECASE,
)
#: “a nurse of fifty-three”, not “a mother of three”
_OF_YEARS_EN = re.compile(
    rf"(?<!mother)(?<!father)(?<!parent)(?<!owner)(?<!captain)(?<!head) of (?:about |some |"
    rf"nearly )?(\d{{2,3}}|{_WORD_NUMBER})"
    r"(?=$|\s+with\b|\s+in\b|\s+and\b|,)",
    re.IGNORECASE,
)
_DECADE_EN = re.compile(
    r"\b(?:early|mid|late|in (?:her|his|their))[\s-]*(?:her|his|their)?\s*(teens|twenties|thirties|"
    r"forties|fifties|sixties|seventies|eighties|nineties|\d0s)\b",
    re.IGNORECASE,
)
_DECADES = {
    "teens": 16,
    "twenties": 25,
    "thirties": 35,
    "forties": 45,
    "fifties": 55,
    "sixties": 65,
    "seventies": 75,
    "eighties": 85,
    "nineties": 95,
}
_DIGITS_ZH = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_AGE_ZH = re.compile(
    r"([零〇一二两三四五六七八九十百千\d]{1,6})[多余来]?(?:岁|周岁)|年[过近约逾](\S{1,3}?)(?:旬|十)|(?:年方|芳龄|年仅|年约)([零一二两三四五六七八九十\d]{1,4})"
)
_CHILD = either(
    r"孩(?!子气|子王|子的(?:父|母|爸|妈))|幼(?!稚|儿园老师|师)|婴儿|童(?!话|年|心|颜)|娃|小学生|小丫头|小家伙",
    r"child|boy|girl|kid|toddler|baby|infant|schoolboy|schoolgirl|little one|urchin|orphan (?:boy|girl)|"
    r"pupil|lad|lass|tot",
)
_YOUNG = either(
    r"少年|少女|年轻|青年|小伙|姑娘|初中生|高中生|大学生|中学生|学徒|豆蔻",
    r"teenager?|teen|adolescent|young|youth|youthful|student|apprentice|young (?:man|woman|lady)",
)
_OLD = either(
    r"老(?:人|翁|妇|汉|头|者|太|奶|爷|婆婆|伯|叟|妪|道|僧|渔|船|船长|猎人|仆|妈妈|工人|匠|先生|兵)|年迈|年老|苍老|古稀|花甲|耄耋|白须|白发苍苍|爷爷|奶奶|外公|外婆|"
    r"祖父|祖母|姥姥|姥爷|老态|[翁叟妪]",
    r"old (?:man|woman|lady|gentleman|fisherman|sailor|keeper|soldier|wizard|witch|monk|king|queen|widow|"
    r"widower|nurse|farmer|priest|captain|master|beggar|servant|couple|teacher|gardener)|"
    r"elderly|grandfather|grandmother|grandpa|grandma|granny|aged|ancient|white-haired|pensioner|retired|"
    r"crone|old and|very old|old, |senior|octogenarian|nonagenarian",
)
#: words of people that may follow a possessive and are then the person, not the owner
_F_EN = (
    r"wom[ae]n|girls?|lady|mother|mum|mom|wife|widow|daughter|sister|aunt|grandmother|grandma|granny|"
    r"queen|princess|duchess|countess|empress|heroine|actress|waitress|nun|witch|"
    r"maid|maiden|bride|niece|goddess|mistress|madame?|girlfriend|mermaid|priestess|seamstress|landlady|"
    r"schoolgirl|stewardess|ballerina|housewife|matriarch|lass|crone|[a-z]+woman|"
    r"mare|vixen|lioness|tigress|hen|ewe|heiress|baroness|governess|sorceress|huntress|abbess|hostess|"
    r"geisha|stepmother|godmother|mrs|miss|ms|mother-in-law|daughter-in-law"
)
_M_EN = (
    r"m[ae]n|boys?|gentleman|father|dad|husband|widower|son|brother|uncle|grandfather|grandpa|king|prince|"
    r"duke|emperor|waiter|monk|wizard|bridegroom|groom|nephew|lord|sir|mr|"
    r"boyfriend|schoolboy|lad|guy|fellow|bloke|patriarch|landlord|butler|stallion|rooster|ram|bull|stag|"
    r"abbot|baron|count|earl|sorcerer|sultan|samurai|stepfather|godfather|"
    r"father-in-law|son-in-law|knight|squire|priest|friar|(?!hu|ger|ro|sha|talis|nor|otto|wo)[a-z]{2,}man"
)
_NOUN_EN = re.compile(rf"(?<![\w'-])(?:(?P<f>{_F_EN})|(?P<m>{_M_EN}))(?![\w-])", re.IGNORECASE)
_RELATION_EN = (
    r"mother|father|parents?|son|daughter|child|children|wife|husband|brother|sister|siblings?|uncle|aunt|"
    r"grandmother|grandfather|grandparents?|grandson|granddaughter|"
    r"friend|lover|fianc[eé]e?|niece|nephew|cousin|family|mum|mom|dad|girlfriend|boyfriend|bride|groom|"
    r"widow|widower|twin|ward|master|mistress|servant|partner|baby|boy|girl|man|woman|king|queen"
)
_OTHERS_EN = re.compile(
    rf"\b(?:of(?! (?:about |some |nearly )?(?:\d|{_WORD_NUMBER}))|for|like|than|to|from|after|against|"
    rf"about|by|whose|raised|adopted|loved|betrayed|married|engaged|mourns?|misses|miss|loves?|hates?|"
    rf"fears?|seeks?|wants?|"
    r"looking for|searching for|remembers?|cares?|raises|raising|protects?|lost|owes|works|lives with|"
    r"grew up with|travels with|who|that|which|if|because|since|until|when|while)\b.*",
    re.IGNORECASE,
)
#: of looks a part of a phrase tells more: “a coat of red wool”, “who wears a beard”
_OTHERS_LOOKS_EN = re.compile(
    r"\b(?:whose (?:mother|father|wife|husband|son|daughter|brother|sister|friend)|like|than|afraid of|"
    r"fears?|hates?|loves?|married to|engaged to|mother of|father of|sister of|brother of|"
    r"daughter of|son of|wife of|husband of|widow of|friend of|looking for|searching for|seeks?|wants?|"
    r"remembers?|misses|dreams of|once had|used to)\b.*",
    re.IGNORECASE,
)
_OWNER_EN = re.compile(
    rf"^\s*(?:and |also |then )?(?:his|her|their|our|my|its|"
    rf"[A-Z][\w'-]*(?: [A-Z][\w'-]*)*['’]s?)\s+(?:(?:own|late|only|younger|older|elder|little|big|twin|"
    rf"adopted|second|first|dead|old|young|beloved|\w+ed|\w+est)\s+)*(?=(?:{_RELATION_EN})\b)",
    re.IGNORECASE,
)
_OTHERS_CLAUSE_EN = re.compile(
    rf"^\s*(?:his|her|their|our|my|its|the)\s+(?:\w+\s+)?(?:{_RELATION_EN})\b\s+\S", re.IGNORECASE
)
_VERB_EN = re.compile(r"\b\w{3,}s\b")
_NO_VERB = re.compile(
    r"\b(?:years|glasses|clothes|princess|hopeless|fearless|ruthless|homeless|always|sometimes|famous|"
    r"serious|nervous|curious|generous|jealous|ambitious|religious|precious|ss)\b",
    re.IGNORECASE,
)

#: what follows one of these is no longer the person
_OBJECT_EN = re.compile(r"\b(?:his|her|their|my|has|had|have|with|no)\b|\w+ing (?:an?|the|his|her) ", re.IGNORECASE)

_NOT_SEX_ZH = re.compile(
    r"父母|夫妻|夫妇|姐弟|兄妹|母子|母女|父女|父子|男女|儿女|子女|公婆|女婿|妹夫|姐夫|姑父|姨父|女儿国|母语|母校|祖母绿|父老|兄弟们|姐妹们|其他|他人|他们|她们|吉他|他乡|利他|"
    r"无他|排他|母鸡|公鸡|处女作|女[娲媧]"
)
_F_ZH_ANY = r"女(?!娲)|少女|姑娘|妇|夫人|太太|小姐|丫鬟|丫头|尼姑|公主|皇后|王后|仙子|娘子|娘娘|妃"
_M_ZH_ANY = (
    r"男|少年|书生|先生|公子|少爷|老头|老汉|汉子|大汉|和尚|道士|太监|小伙|王子|皇帝|国王|太子|壮士|僧|翁|叟|秀才|"
    r"汉$|老爷|方丈|武士|骑士"
)
_F_ZH_END = (
    r"妻子?|妾|母亲?|妈妈?|娘|姐姐?|妹妹?|奶奶|外婆|姥姥|婆婆?|姑姑?|姨|嫂子?|媳妇|孙女|女儿|闺女|寡妇|老婆|女友|"
    r"未婚妻|婶|侄女|祖母|后妈|继母|氏"
)
_M_ZH_END = (
    r"丈夫|夫君|父亲?|爸爸?|爹|哥哥?|弟弟?|爷爷|爷|外公|姥爷|叔叔?|伯伯?|舅舅?|儿子?|孙子|老公|兄长|男友|未婚夫|"
    r"侄子|祖父|继父|公公"
)
_VERBS_ZH = re.compile(
    r"^(?:与|和|跟|同|爱|恨|找|寻|有|被|为了?|替|把|因|失去|照顾|养|嫁|娶|想|思念|等|随|带|背着|继承|陪|救|追|怕|像|如|母亲[^$]|父亲[^$]|送|教|听|看|给|"
    r"对|从|由|照料|挂念|梦见|认识|遇)"
)

_NO_BEARD = either(
    r"(?:没有?|不留|未留|无|剃[光净]?了?|刮[光净]?了?)(?:一?[根点]?)(?:胡[子须茬]|须|髯)|面白无须|光下巴",
    r"(?:no|without (?:a|any)|never (?:a|had a)|shaved off (?:his|the)|not a) (?:beard|moustache|mustache|"
    r"whiskers)|clean[- ]?shaven|beardless|smooth[- ]faced|smooth chin",
)
_BEARD = either(
    r"(?<![必无毋])须(?!要|得|知|臾|弥)|胡子|胡须|胡茬|络腮|髯|山羊胡",
    r"beard|bearded|whiskers|whiskered|moustached?|mustached?|stubble|goatee|sideburns",
)
_NO_HAT = either(
    r"(?:不戴|没戴|未戴|摘下|脱下)(?:斗笠|帽)|光着头|免冠",
    r"(?:no|without (?:a|any)) (?:hat|cap|hood|bonnet)|hatless|bare-?headed|hat in hand",
)
_HAT = either(
    r"斗笠|帽|冠(?!军|心|状)|头巾|兜帽|头盔",
    r"hat|cap|hood|hooded|bonnet|helmet|beret|fedora|turban|headscarf|top hat|bowler",
)
_NO_BRIM = either(
    r"头巾|兜帽|头盔|纶巾|方巾|幞头|毡帽|皮帽|毛线帽|棉帽|便帽|鸭舌帽|[凤皇王桂]冠|道冠|玉冠",
    r"cap|hood|hooded|bonnet|helmet|beret|turban|headscarf|crown",
)
_BAREFOOT = either(
    r"赤着?脚|光着?脚|赤足|跣足|打着?赤脚|不穿鞋|没有?穿鞋",
    r"bare[- ]?foot(?:ed)?|bare feet|no shoes|shoeless|unshod|without shoes",
)
_HAIR_EN: tuple[tuple[str, str], ...] = (
    ("bald", r"bald|bald-headed|shaved head|shaven head|shaven-headed|hairless|no hair|tonsured|bald pate"),
    (
        "wild",
        r"unkempt|wild[- ]hair(?:ed)?|wild (?:\w+ )?hair|tousled|dishevelled|disheveled|tangled|matted|"
        r"shaggy|messy hair|frizzy|afro",
    ),
    ("braid", r"braids?|braided|plaits?|plaited|pigtails?|ponytail|dreadlocks|cornrows"),
    ("bun", r"(?:hair|in a|tight|loose) (?:\w+ )*bun|chignon|updo|hair (?:pinned|put|tied|done) up|topknot bun"),
    (
        "short",
        r"short[- ](?:\w+ )?hair(?:ed)?|cropped|crew ?cut|buzz ?cut|close-cropped|pixie cut|hair (?:is |"
        r"cut |cropped )(?:very )?short|boyish hair",
    ),
    ("bob", r"bob|bobbed|shoulder-length|chin-length"),
    (
        "long",
        r"long[- ](?:\w+[- ])?hair(?:ed)?|hair (?:falls?|flows?|hangs?|down|below|to (?:her|his|"
        r"the) (?:waist|knees?|hips?))|flowing hair|loose hair|waist-length|knee-length hair|"
        r"long (?:\w+ )?(?:curls|locks|tresses)|hair below",
    ),
)
_HAIR_ZH: tuple[tuple[str, str], ...] = (
    ("bald", r"秃|光头|没有?头发|剃度|和尚|僧(?!袍)|尼姑"),
    ("wild", r"蓬头|乱发|披头散发|疯癫|蓬乱|乱蓬蓬|鸡窝头|爆炸头"),
    ("braid", r"辫|马尾"),
    ("bun", r"发髻|挽髻|盘发|云鬓|丸子头|髻"),
    ("short", r"短发|寸头|平头|板寸|利落的短"),
    ("bob", r"齐耳|齐肩|学生头|波波头"),
    ("long", r"长发|披发|散发(?!着|出)|及腰"),
)
_HAIR_COLOUR = (
    (
        "white",
        either(
            r"白发|银发|白头|白发苍苍|须发皆白",
            r"white[- ]hair(?:ed)?|silver[- ]hair(?:ed)?|snow[- ]white hair|hair (?:is |has gone |"
            r"gone )?white|white (?:\w+ )?(?:hair|braids?|curls|bun)|silver (?:\w+ )?(?:hair|braids?|bun)",
        ),
    ),
    (
        "grey",
        either(
            r"灰发|花白|鬓角斑白|两鬓斑白",
            r"gr[ae]y[- ]hair(?:ed)?|greying|graying|salt[- ]and[- ]pepper|gr[ae]y (?:\w+ )?(?:hair|"
            r"braids?|bun|curls)|hair (?:is |gone )?gr[ae]y",
        ),
    ),
    (
        "red",
        either(
            r"红发|红头发|赤发",
            r"red[- ]?head(?:ed)?|red[- ]hair(?:ed)?|ginger|auburn|copper(?:-coloured)? hair|"
            r"red (?:\w+ )?(?:hair|braids?|curls|pigtails|plaits)",
        ),
    ),
    (
        "blond",
        either(
            r"金发|金色(?:的)?(?:长|短|卷)?发",
            r"blond|blonde|fair[- ]hair(?:ed)?|fair (?:\w+ )?(?:hair|braids?|plaits?|pigtails|curls|bun)|"
            r"golden[- ]hair(?:ed)?|golden (?:\w+ )?(?:hair|curls|"
            r"braids?)|flaxen|yellow hair|sandy hair",
        ),
    ),
    (
        "black",
        either(
            r"黑发|乌发|青丝|黑色的?(?:长|短|卷)?发",
            r"black[- ]hair(?:ed)?|dark[- ]hair(?:ed)?|raven[- ]hair(?:ed)?|black (?:\w+ )?(?:hair|"
            r"braids?|curls)|dark (?:\w+ )?(?:hair|curls)|brunette",
        ),
    ),
    (
        "brown",
        either(
            r"棕发|褐发|棕色的?(?:长|短|卷)?发",
            r"brown[- ]hair(?:ed)?|chestnut hair|brown (?:\w+ )?(?:hair|braids?|curls)",
        ),
    ),
    ("blue", either(r"蓝发|蓝色的?(?:长|短)?发", r"blue[- ]hair(?:ed)?|blue (?:\w+ )?hair")),
    ("pink", either(r"粉发|粉色的?(?:长|短)?发", r"pink[- ]hair(?:ed)?|pink (?:\w+ )?hair")),
    ("green", either(r"绿发", r"green[- ]hair(?:ed)?|green (?:\w+ )?hair")),
    ("purple", either(r"紫发", r"purple (?:\w+ )?hair")),
)
_GARMENTS: tuple[tuple[str, str, str], ...] = (
    (
        "robe",
        r"长袍|道袍|长衫|袍子?|袈裟|僧衣|襦裙|汉服|和服|衫子?|布衣|法袍|浴袍",
        r"robes?|kimono|hanfu|cassock|habit|toga|tunic|cloak and robe|gown of a monk|caftan|kaftan|sari|yukata",
    ),
    (
        "dress",
        r"裙|旗袍|礼服裙|连衣裙|嫁衣|婚纱",
        r"dress|gown|skirt|frock|petticoat|pinafore|sundress|qipao|cheongsam|apron dress|kilt",
    ),
    (
        "suit",
        r"西装|西服|制服|军装|校服|燕尾服|工装|衬衫",
        r"suit|uniform|tuxedo|tailcoat|waistcoat|shirt|overalls|dungarees|scrubs|space ?suit|tie|t-shirt|"
        r"sweater|jumper|hoodie|blouse|jeans",
    ),
    (
        "coat",
        r"大衣|外套|风衣|夹克|棉袄|皮袄|斗篷|披风|军大衣|雨衣|羽绒服|毛衣|袄",
        r"coat|overcoat|raincoat|jacket|cloak|parka|cape|anorak|mackintosh|duffel|oilskins?|trench ?coat|"
        r"poncho|shawl|armou?r|furs",
    ),
)
_GARMENT_PATTERNS = tuple((name, either(zh, en)) for name, zh, en in _GARMENTS)
_STOUT = either(
    r"胖|魁梧|壮(?!士|志|观|丽|烈)|膀大腰圆|虎背熊腰|丰满|圆滚滚|发福",
    r"stout|fat|heavy-?set|burly|broad-shouldered|plump|portly|chubby|obese|large|massive|round|muscular|"
    r"stocky|beefy|brawny",
)
_THIN = either(
    r"瘦|纤细|苗条|单薄|骨瘦如柴|清癯",
    r"thin|slim|slender|skinny|gaunt|lean|bony|lanky|wiry|slight|frail|emaciated|willowy",
)
_TALL = either(
    r"高大|高个|身材高|个子高|瘦高|高高|魁伟|身高八尺|巨人",
    r"tall|towering|giant|very tall|six[- ]feet|lanky|looming|huge",
)
_SHORT = either(
    r"矮|小个子|个子小|侏儒|瘦小|娇小|身材小",
    r"short(?! hair|-hair|[- ]\w+ hair|[- ]sighted|[- ]tempered|[- ]sleeved| of| beard| cape| coat| skirt|"
    r" dress| jacket| trousers)|tiny|petite|dwarf|small(?! town| farm| shop| village)|diminutive|"
    r"pint-sized|little (?:man|woman|person)",
)
_SKIN = (
    ("green", either(r"青面|绿皮|绿色皮肤", r"green[- ](?:skinned|faced)|green (?:skin|face)")),
    ("blue", either(r"蓝皮|蓝色皮肤", r"blue[- ]skinned|blue skin")),
    (
        "dark",
        either(
            r"黑脸|皮肤黝黑|黝黑|黑皮肤|肤色黝黑|黑人",
            r"dark[- ]skinned|black[- ]skinned|dark skin|black skin|ebony skin|black (?:man|woman|boy|"
            r"girl|teenager)|african",
        ),
    ),
    (
        "brown",
        either(
            r"古铜色|小麦色|棕色皮肤|晒黑",
            r"brown[- ]skinned|brown skin|olive[- ]skinned|olive skin|tanned|sunburnt|weather-?beaten|swarthy",
        ),
    ),
    (
        "pale",
        either(r"苍白|面色惨白|白皙|肤白|雪肤", r"pale|ashen|fair[- ]skinned|white as chalk|porcelain skin|albino"),
    ),
)


def read_person(
    name: str, description: str, story: str = "", others: Sequence[str] = (), aliases: Sequence[str] = ()
) -> Person:
    """Who this is: by the description, then the name, then by what the story says right beside the name."""
    being = read_being(name, description)
    own = _own_parts(description)
    looks = " , ".join(_own_looks(description))
    sex = _sex_of_parts(own) or _sex_of_name(name) or _sex_of_pronouns(description)
    beside = [] if sex and _age_of_parts(own) else _beside(story, (name, *aliases))
    sex = sex or _sex_of_parts(beside) or _sex_by_story(story, (name, *aliases), others)
    garment, coat = _garment_of(looks)
    if being is not PERSON:
        garment, coat = "", _fur_of(name, description)
    beard = False if _NO_BEARD.search(looks) else True if _BEARD.search(_NO_BEARD.sub(" ", looks)) else None
    return Person(
        being=being,
        sex=sex or ("m" if beard else ""),
        age=_age_of_parts(own) or _age_of_name(name) or _age_of_parts(beside),
        hair=_hair_of(looks),
        hair_colour=_first(_HAIR_COLOUR, looks),
        beard=beard,
        hat=False if _NO_HAT.search(looks) else True if _HAT.search(looks) else None,
        brimless=_NO_BRIM.search(looks) is not None,
        garment=garment,
        coat_colour=coat,
        build="stout" if _STOUT.search(looks) else "thin" if _THIN.search(looks) else "",
        height="short" if _SHORT.search(looks) else "tall" if _TALL.search(looks) else "",
        barefoot=_BAREFOOT.search(looks) is not None or _goes_barefoot(story, (name, *aliases)),
        skin=_first(_SKIN, looks),
    )


def read_people(facts: JsonObject) -> dict[str, Person]:
    """Everybody of a brief's facts by name; the story's own words complete what a description leaves open."""
    characters = [c for c in facts.get("characters") or [] if str(c.get("name") or "").strip()]
    story = f"{facts.get('protagonist') or ''}。{facts.get('summary') or ''}"
    names = [str(c["name"]).strip() for c in characters]
    return {
        name: read_person(
            name,
            " , ".join(str(c.get(k) or "") for k in ("description", "appearance") if c.get(k)),
            story,
            [n for n in names if n != name],
            [str(a) for a in c.get("aliases") or []],
        )
        for name, c in zip(names, characters, strict=True)
    }


def read_cast(facts: JsonObject, whole: JsonObject) -> dict[str, Person]:
    """The people of a scene by name: as the whole story tells them, else by what the scene's own facts say."""
    known = read_people(whole)
    for character in facts.get("cast") or []:
        name = str(character["name"])
        if name not in known:
            known[name] = read_person(name, str(character.get("description") or ""))
    return known


_TALES = either(
    r"童话|寓言|动画|儿童|神话",
    r"fables?|fairy[- ]?tales?|children(?:'s)?|animated|animation|cartoon|bedtime|talking animals?",
)
_TALKS = either(
    r"会说话|能言|学舌|话多|说人话",
    r"talk(?:s|ing|ative)?|speak(?:s|ing)?|chatty|repeats everything|tells stories|eloquent",
)
_SAYS_EN = (
    r"says|asks|tells|whispers|answers|praises|sings|questions|calls out|replies|begs|promises|shouts|"
    r"cries out|explains|warns|confesses"
)
_SAYS_ZH = r"说|问|答应|回答|唱|喊|告诉|劝|求|笑道|道："


def can_speak(name: str, person: Person, description: str, whole: JsonObject) -> bool:
    """Whether somebody has words: people and machines do; an animal or a thing where the story gives it any."""
    if person.being.shape in ("person", "robot", "screen"):
        return True
    # a fish or a flower is silent in a tale, too, unless it is given words
    silent = person.being.shape in ("fish", "bug", "plant")
    if (_TALES.search(f"{whole.get('genre') or ''}") and not silent) or _TALKS.search(description):
        return True
    sign = re.escape(name)
    told = rf"\b{sign}\s+(?:\w+ly\s+)?(?:{_SAYS_EN})\b|{sign}[^，。；]{{0,4}}(?:{_SAYS_ZH})"
    return re.search(told, str(whole.get("summary") or ""), re.IGNORECASE) is not None


def _parts(text: str) -> list[str]:
    return [p.strip() for p in re.split(r"[,.;:()\n!?—–，。；：（）、！？]+", text) if p.strip()]


def _own_parts(description: str) -> list[str]:
    """The parts of a description that say who somebody is, each without what belongs to others."""
    own: list[str] = []
    for part in _parts(description):
        if re.search(r"[一-鿿]", part):
            tail = (
                re.split(r"[的之]", _NOT_SEX_ZH.sub("", part))[-1]
                if re.search(rf"[的之](?:{_F_ZH_END}|{_M_ZH_END})$", part)
                else _NOT_SEX_ZH.sub("", part)
            )
            if not _VERBS_ZH.match(tail):
                own.append(tail)
            continue
        text, owned = _OWNER_EN.subn("", part)
        if not owned and _OTHERS_CLAUSE_EN.match(part):
            continue
        own.append(
            _OTHERS_EN.sub(
                "", re.sub(r"^.*?['’]s\s+(?=(?:" + _RELATION_EN + r")\b)", "", text, flags=re.IGNORECASE)
            ).strip()
        )
    return [p for p in own if p]


def _own_looks(description: str) -> list[str]:
    parts: list[str] = []
    for part in _parts(description):
        if _OTHERS_CLAUSE_EN.match(part) or re.match(
            r"(?:他|她)?的?(?:母亲|父亲|妻子|丈夫|哥哥|弟弟|姐姐|妹妹|儿子|女儿)(?=\S)", part
        ):
            continue
        parts.append(_OTHERS_LOOKS_EN.sub("", part))
    return parts


def _sex_of_parts(parts: Sequence[str]) -> Sex:
    for part in parts:
        if re.search(r"[一-鿿]", part):
            if found := _sex_zh(part):
                return found
            continue
        for match in _NOUN_EN.finditer(part):
            before = part[: match.start()]
            told = _NO_VERB.sub("", before)
            if _VERB_EN.search(told) or _OBJECT_EN.search(told):
                break
            return "f" if match.group("f") else "m"
    return ""


def _sex_zh(part: str) -> Sex:
    end = re.search(rf"(?:(?P<f>{_F_ZH_END})|(?P<m>{_M_ZH_END}))$", part)
    if end:
        return "f" if end.group("f") else "m"
    match = re.search(rf"(?P<f>{_F_ZH_ANY})|(?P<m>{_M_ZH_ANY})", part)
    return "" if match is None else "f" if match.group("f") else "m"


def _sex_of_name(name: str) -> Sex:
    if re.search(r"[一-鿿]", name):
        bare = _NOT_SEX_ZH.sub("", name.strip())
        end = re.search(
            rf"(?:(?P<f>{_F_ZH_END}|夫人|姑娘|小姐|公主|女子|女人|女孩|少女|仙子|皇后|王后)|(?P<m>{_M_ZH_END}|公|翁|叟|先生|男子|男人|男孩|"
            rf"少年|书生|道士|和尚|王子|国王|皇帝|公子|少爷|老汉|老头|(?<![医学考新先后])生))$",
            bare,
        )
        return "" if end is None or len(bare) < 2 else "f" if end.group("f") else "m"
    plain = re.sub(r"^(?:the|an?|old|young|little)\s+", "", name.strip(), flags=re.IGNORECASE)
    # “the Mayor's Wife”, “Madame Sofronie”, “Uncle Tom”; “King” as a surname stands last behind another name
    tail = re.split(r"['’]s\s+", plain)[-1]
    words = re.sub(r"\b(?:of|from|in|with)\b.*", "", tail).replace(".", " ").split()
    for word in (
        [words[0], words[-1]]
        if words
        and (len(words) == 1 or name[:1].islower() or re.match(r"(?:the|an?|old|young|little)\b", name, re.IGNORECASE))
        else words[:1]
    ):
        match = _NOUN_EN.fullmatch(word)
        if match:
            return "f" if match.group("f") else "m"
    return ""


def _sex_of_pronouns(description: str) -> Sex:
    """By pronouns of somebody's own description, where only one sex is spoken of; “her son” is whoever's."""
    text = " , ".join(_OWNER_EN.sub("", part) for part in _parts(description))
    female = re.search(r"\b(?:she|herself|hers|her)\b|她", text, re.IGNORECASE)
    male = re.search(r"\b(?:he|himself|his|him)\b|他", text, re.IGNORECASE)
    return "f" if female and not male else "m" if male and not female else ""


def _beside(story: str, names: Sequence[str]) -> list[str]:
    """What stands right before or after a name: “her husband Jim”, “Mei, a girl of ten,”, 妻子陈氏."""
    found: list[str] = []
    for name in (n for n in names if n.strip()):
        sign = re.escape(name)
        if re.search(r"[一-鿿]", name):
            for match in re.finditer(
                rf"([一-鿿]{{0,8}}?(?:{_F_ZH_END}|{_M_ZH_END}|女孩|男孩|少女|少年|姑娘|书生|男子|女子|老人|老妇|老翁)){sign}",
                story,
            ):
                found.append(match.group(1))
            for match in re.finditer(
                rf"{sign}(?:是|，)(?:一[位个名])?([^，。；]{{0,14}}?(?:{_F_ZH_END}|{_M_ZH_END}|女孩|男孩|少女|少年|姑娘|书生|"
                rf"男子|女子|老人|老妇|老翁))(?=[，。；])",
                story,
            ):
                found.append(match.group(1))
            continue
        for match in re.finditer(
            rf"((?:\b(?:his|her|their|the|an?|my)\b|['’]s)\s+(?:[\w-]+\s+){{1,4}}){sign}\b", story, re.IGNORECASE
        ):
            found.append(re.sub(r"^['’]s\s+", "", match.group(1)))
        for match in re.finditer(
            rf"\b{sign},\s+((?:an?|the|his|her|their)\s[^,.;]{{2,40}}|(?:\d{{1,3}}|{_WORD_NUMBER}))(?=[,.;])", story
        ):
            found.append(match.group(1))
        for match in re.finditer(
            rf"\b{sign}\s+(?:is|was)\s+((?:an?|the|his|her|their)\s[^,.;]{{2,40}}|(?:\d{{1,3}}|{_WORD_NUMBER})\b)",
            story,
        ):
            found.append(match.group(1))
        found += [m.group(1) for m in re.finditer(rf"\b((?:[Oo]ld|[Yy]oung|[Ll]ittle))\s+{sign}\b", story)]
        found += [
            m.group(1) for m in re.finditer(rf"(?:^|[.,;]\s+)((?:[Aa]n?|[Tt]he)\s[\w\s-]{{2,30}}),\s+{sign}\b", story)
        ]
    return [p for f in found for p in _own_parts(f)]


def _goes_barefoot(story: str, names: Sequence[str]) -> bool:
    """A sentence of the story that begins with somebody tells that they wear no shoes."""
    return any(
        re.search(rf"{re.escape(name)}[^。；.!?]{{0,40}}?(?:{_BAREFOOT.pattern})", story, re.IGNORECASE)
        for name in names
        if name.strip()
    )


def _sex_by_story(story: str, names: Sequence[str], others: Sequence[str]) -> Sex:
    """By the pronouns of sentences that name this person and nobody else before them."""
    votes = {"f": 0, "m": 0}
    alone = False
    for sentence in re.split(r"(?<=[.!?])\s+|[。！？\n]", story):
        spots = [sentence.find(n) for n in names if n.strip() and n in sentence]
        strangers = [n for n in others if n.strip() and n in sentence]
        if spots:
            alone = not strangers and _NOUN_EN.search(sentence[: min(spots)]) is None
            told = sentence[min(spots) :] if alone else ""
        else:
            opens = re.match(r"\s*(?:She|He|Her|His|她|他)", sentence)
            alone = alone and not strangers
            told = sentence if alone and opens else ""
        told = re.sub(
            rf"\b(?:an?|the|his|her)\s+(?:\w+\s+){{0,2}}(?:{_F_EN}|{_M_EN})\b.*", "", told, flags=re.IGNORECASE
        )
        told = re.sub(rf"(?:{_F_ZH_ANY}|{_M_ZH_ANY}|[一位名个]人).*", "", _NOT_SEX_ZH.sub("", told))
        votes["f"] += len(re.findall(r"\b(?:she|her|herself)\b|她", told, re.IGNORECASE))
        votes["m"] += len(re.findall(r"\b(?:he|his|him|himself)\b|他", told, re.IGNORECASE))
    return "f" if votes["f"] > votes["m"] else "m" if votes["m"] > votes["f"] else ""


def _age_of_parts(parts: Sequence[str]) -> Age:
    for part in parts:
        years = _years(part)
        if years is not None:
            return "child" if years < 16 else "young" if years < 20 else "old" if years >= 60 else "adult"
    text = " , ".join(p for p in parts)
    if _OLD.search(text) or any(p.strip().lower() in ("old", "very old") for p in parts):
        return "old"
    if _CHILD.search(
        re.sub(
            r"(?:schoolboy|boyish|girlish|girlfriend|boyfriend|childless|childlike|like a child)",
            " ",
            text,
            flags=re.IGNORECASE,
        )
    ) and not re.search(r"没有孩子|孩子们?的", text):
        return "child"
    return "young" if _YOUNG.search(text) else ""


def _age_of_name(name: str) -> Age:
    text = name.strip()
    if _OLD.search(text) or re.match(r"(?:the )?old\s+\w", text, re.IGNORECASE):
        return "old"
    return "child" if _CHILD.search(text) and not re.search(r"\b[A-Z]\w+ (?:Child|Kidd?|Boyd?)\b", text) else ""


def _years(part: str) -> int | None:
    for pattern in (*_AGE_EN, _OF_AGE_EN, _OF_YEARS_EN):
        if match := pattern.search(part):
            return _number_en(match.group(1))
    if match := _DECADE_EN.search(part):
        word = match.group(1).lower()
        return _DECADES.get(word) or int(re.sub(r"\D", "", word) or 30)
    if match := _AGE_ZH.search(part):
        if match.group(2):
            return _number_zh(match.group(2)) * 10
        return _number_zh(match.group(1) or match.group(3))
    return None


def _number_en(word: str) -> int:
    return int(word) if word.isdigit() else sum(_NUMBERS[p] for p in re.split(r"[- ]", word.lower()) if p in _NUMBERS)


def _number_zh(word: str) -> int:
    """二十七 → 27; 十八九 → 18; 一千 → 1000."""
    if word.isdigit():
        return int(word)
    total = digit = 0
    for character in word:
        if character in _DIGITS_ZH:
            # 十八九: the second digit is only “or nine”
            digit = digit if digit and total else _DIGITS_ZH[character]
        elif character in "十百千":
            total, digit = total + (digit or 1) * {"十": 10, "百": 100, "千": 1000}[character], 0
    return total + digit


def _hair_of(looks: str) -> Any:
    for styles, whole in ((_HAIR_ZH, False), (_HAIR_EN, True)):
        for style, words in styles:
            if re.search(rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])" if whole else words, looks, re.IGNORECASE):
                return style
    return ""


def _garment_of(looks: str) -> tuple[Any, str]:
    """What somebody wears and its colour, where both stand in one part: “a long red coat”, 青布长衫."""
    for part in looks.split(" , "):
        for garment, words in _GARMENT_PATTERNS:
            match = words.search(part)
            if match is None:
                continue
            near = part[max(0, match.start() - (5 if re.search(r"[一-鿿]", part) else 28)) : match.start()]
            near = re.split(r"\b(?:and|with|under|over|beneath)\b|和|与", near)[-1]
            colours = [(m.end(), len(m.group()), name) for name, (_, w) in COLOURS.items() for m in w.finditer(near)]
            return garment, max(colours)[2] if colours else ""
    return "", ""


def _fur_of(name: str, description: str) -> str:
    """The colour of what is no person: the first that its name or its description's first part tells."""
    for part in (*_parts(description)[:2], name):
        colours = [
            (m.start(), -len(m.group()), colour) for colour, (_, words) in COLOURS.items() if (m := words.search(part))
        ]
        if colours:
            return min(colours)[2]
    return ""


def _first(choices: Any, text: str) -> str:
    return next((name for name, words in choices if words.search(text)), "")
