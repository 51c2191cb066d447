"""How somebody looks by the words about them: colours, hair, beard, hat, clothes, build; “no beard” is none."""

from __future__ import annotations

import re
from typing import Any

from workbench.sketch.reading.sexes import split_parts
from workbench.sketch.reading.words import either

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


NO_BEARD = either(
    r"(?:没有?|不留|未留|无|剃[光净]?了?|刮[光净]?了?)(?:一?[根点]?)(?:胡[子须茬]|须|髯)|面白无须|光下巴",
    r"(?:no|without (?:a|any)|never (?:a|had a)|shaved off (?:his|the)|not a) (?:beard|moustache|mustache|"
    r"whiskers)|clean[- ]?shaven|beardless|smooth[- ]faced|smooth chin",
)


BEARD = either(
    r"(?<![必无毋])须(?!要|得|知|臾|弥)|胡子|胡须|胡茬|络腮|髯|山羊胡",
    r"beard|bearded|whiskers|whiskered|moustached?|mustached?|stubble|goatee|sideburns",
)


NO_HAT = either(
    r"(?:不戴|没戴|未戴|摘下|脱下)(?:斗笠|帽)|光着头|免冠",
    r"(?:no|without (?:a|any)) (?:hat|cap|hood|bonnet)|hatless|bare-?headed|hat in hand",
)


HAT = either(
    r"斗笠|帽|冠(?!军|心|状)|头巾|兜帽|头盔",
    r"hat|cap|hood|hooded|bonnet|helmet|beret|fedora|turban|headscarf|top hat|bowler",
)


NO_BRIM = either(
    r"头巾|兜帽|头盔|纶巾|方巾|幞头|毡帽|皮帽|毛线帽|棉帽|便帽|鸭舌帽|[凤皇王桂]冠|道冠|玉冠",
    r"cap|hood|hooded|bonnet|helmet|beret|turban|headscarf|crown",
)


BAREFOOT = either(
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


HAIR_COLOUR = (
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


STOUT = either(
    r"胖|魁梧|壮(?!士|志|观|丽|烈)|膀大腰圆|虎背熊腰|丰满|圆滚滚|发福",
    r"stout|fat|heavy-?set|burly|broad-shouldered|plump|portly|chubby|obese|large|massive|round|muscular|"
    r"stocky|beefy|brawny",
)


THIN = either(
    r"瘦|纤细|苗条|单薄|骨瘦如柴|清癯",
    r"thin|slim|slender|skinny|gaunt|lean|bony|lanky|wiry|slight|frail|emaciated|willowy",
)


TALL = either(
    r"高大|高个|身材高|个子高|瘦高|高高|魁伟|身高八尺|巨人",
    r"tall|towering|giant|very tall|six[- ]feet|lanky|looming|huge",
)


SHORT = either(
    r"矮|小个子|个子小|侏儒|瘦小|娇小|身材小",
    r"short(?! hair|-hair|[- ]\w+ hair|[- ]sighted|[- ]tempered|[- ]sleeved| of| beard| cape| coat| skirt|"
    r" dress| jacket| trousers)|tiny|petite|dwarf|small(?! town| farm| shop| village)|diminutive|"
    r"pint-sized|little (?:man|woman|person)",
)


SKIN = (
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


def hair_of(looks: str) -> Any:
    for styles, whole in ((_HAIR_ZH, False), (_HAIR_EN, True)):
        for style, words in styles:
            if re.search(rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])" if whole else words, looks, re.IGNORECASE):
                return style
    return ""


def garment_of(looks: str) -> tuple[Any, str]:
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


def fur_of(name: str, description: str) -> str:
    """The colour of what is no person: the first that its name or its description's first part tells."""
    for part in (*split_parts(description)[:2], name):
        colours = [
            (m.start(), -len(m.group()), colour) for colour, (_, words) in COLOURS.items() if (m := words.search(part))
        ]
        if colours:
            return min(colours)[2]
    return ""


def first(choices: Any, text: str) -> str:
    return next((name for name, words in choices if words.search(text)), "")
