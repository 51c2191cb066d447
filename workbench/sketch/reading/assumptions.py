"""What a phrase takes for granted that a brief may not have: an hour, weather, other people, things, a human body."""

from __future__ import annotations

import re

from workbench.sketch.reading.hours import read_hours
from workbench.sketch.reading.words import either

_THINGS = either(
    r"门|窗|桌|椅|热水|端来|口信|被子|灯|烛|茶|杯|碗|粥|饭|屋|檐|墙|巷|井|炉|箱|布|外衣|衣裳|衣角|口袋|扫帚|账本|帐|水面|火苗|火光|炭火|石阶|街角|路口|砖|草|篮|扣子|绳|鞋|影子|天色|"
    r"云|霜|字条|字迹|镜|钟|日影|粮|银|钱|债|笑话|水里|行囊|行装|枯枝|倒影|飞鸟|远山|礼物|证据|气味|风(?!格|度|俗|趣|险|采|景)|袖|敲|推开|光落|眼里的光|一行字|筹码|规矩|差事",
    r"doors?|doorway|windows?|panes?|tables?|chairs?|lamps?|lights?|lamplight|candles?|flames?|wick|tea|"
    r"cups?|mugs?|bowls?|porridge|supper|kitchen|rooms?|eaves|walls?|alleys?|"
    r"stove|trunk|coats?|clothing|pockets?|broom|ledger|fire|ashes|embers|bolt|stairs?|corner|tiles?|"
    r"grass|basket|button|glove|shoes?|footprints|footsteps|shadows?|dust|sky|clouds?|"
    r"frost|note|handwriting|mirror|clocks?|envelope|post|newspaper|luggage|coins?|coin|debts?|joke|map|"
    r"water|twig|reflection|birds|hills?|trees?|road|streets?|town|wood|draught|"
    r"winds?|breeze|sleeves?|meal|cooked|plate|lace|rooftops|blind|gift|proof|letters?|errand|ground|"
    r"keepsake|scrap|backlight|"
    r"cloth|seam|speech|bargain|wedding",
)
_PEOPLE = either(
    r"邻|众人|旁人|孩子|老人|有人|路人|路过的人|生面孔|对方|看热闹|人群|来人|敌人|帮手|不速|陌生|谁家|每个人|所有人|所有的目光|最近的人|大人们|那一位|约好的|一双手|赶路的|最沉默|"
    r"旁观|见证|没有人|谁也|躲开的人|动手的人|最安静的|一直沉默|对头|别人|众说|不许|围观|不相干|每张嘴|笑声",
    r"neighbours?|strangers?|stranger's|somebody|someone|anybody|nobody|everyone|everybody|child|children|"
    r"adults?|guests?|passers-by|crowds?|crowded|onlookers|spectators|witness(?:es)?|"
    r"household|rival|enemy|enemy's|helper|opponent|bystander|people|person|newcomer\S*|inventor|others|"
    r"no one|gossip|voices?|those who|anyone|each witness|the quietest|one mouth|each mouth",
)
_BODY = either(
    r"手(?!段)|指(?!望)|掌|拇|腿|膝|肩|袖|脸|眼(?!下|前)|眉|嘴|喉|脚|头发|拳|呼吸|心跳|怀里|腰|蹲|鞠|点头|摇头|笑|哭|汗|洗了|口气|低头|抬头|步子|耳",
    r"hands?|fingers?|palms?|thumbs?|knuckles?|knees?|kneels?|shoulders?|sleeves?|faces?|eyes?|eyed|brow|"
    r"mouth|throat|feet|foot|breath|breathing|heartbeat|waist|nods?|smiles?|laughs?|"
    r"laughing|laughter|sweat|fist|hem|washes|hums|gasping|arms?|head|heads|shuffles|sobs?|weeps?|tears?|"
    r"lips|jaw|teeth|ears?|skin|shivers?",
)


_SPANS = either(
    r"昨|明天|今晚|次日|多年|几天|一夜|近来|往日|时辰|一天|两个白天|一早|天色|天亮|天黑|期限",
    r"overnight|tonight|tomorrow|yesterday|weeks?|months?|years?|days?|hours?|minutes?|everyday|early|"
    r"late|o'clock|weddings?|weekend",
)


def is_neutral(phrase: str, *, human: bool = True) -> bool:
    """Whether a phrase fits any story and, where it is not said of a human, any being."""
    bare = re.sub(r"\{\w+\}", "▮", phrase)
    return (
        not read_hours(bare)
        and not _SPANS.search(bare)
        and not _THINGS.search(bare)
        and not _PEOPLE.search(bare)
        and (human or not _BODY.search(bare))
    )
