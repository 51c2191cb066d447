"""Which of a story's own things a hand can hold. A roof, a war or a curse is in nobody's hand."""

from __future__ import annotations

import re

from workbench.sketch.reading.places import kind_of_name
from workbench.sketch.reading.words import either

_HELD = either(
    r"竹简|拂尘|伞|信|纸|地图|照片|票|画|灯|烛|火把|钥匙|酒|瓶|药|茶|杯|碗|账|书|册|簿|卷|剑|刀|匕|表|花|枝|扇|筐|篓|篮|桶|镐|锄|斧|杖|棍|桨|竿|手机|梳|链|绳|"
    r"笔|玉|佩|簪|戒指|镯|珠|"
    r"帕|荷包|香囊|铃|笛|箫|琴弓|硬币|铜钱|银元|镜|石|种子|苹果|面包|馒头|糖|玩偶|娃娃|木偶|风筝|球|棋子|印|令牌|匣|盒|包袱|帽|手套|围巾|相机|录音笔|芯片|卡|徽章|勋章|"
    r"弓|箭|枪|锤|针|线团|羽毛|贝壳|怀表|罗盘|望远镜|眼镜|剪刀|日记|明信片|磁带|光盘|遥控器",
    r"slips|whisk|umbrella|parasol|letters?|notes?|paper|envelope|cards?|photos?|photograph|picture|map|"
    r"tickets?|lamp|lantern|candle|torch|keys?|bottle|flask|vial|cup|bowl|mug|glass|teacup|book|ledger|"
    r"journal|"
    r"diary|scroll|manuscript|sword|knife|blade|dagger|watch|compass|flower|rose|branch|fan|basket|bucket|"
    r"pick|hoe|axe|shovel|spade|hammer|staff|stick|cane|oar|spear|broom|phone|device|tablet|comb|combs|"
    r"chain|"
    r"necklace|rope|brush|pen|pencil|ring|bracelet|bead|pearl|handkerchief|bell|flute|whistle|harmonica|"
    r"violin|coins?|mirror|stone|pebble|seed|apple|bread|doll|puppet|kite|ball|chess piece|seal|box|"
    r"casket|"
    r"locket|bundle|hat|gloves?|scarf|camera|recorder|chip|badge|medal|bow|arrow|gun|pistol|revolver|"
    r"rifle|needle|feather|shell|telescope|spyglass|glasses|scissors|postcard|cassette|shard|crystal|"
    r"amulet|"
    r"talisman|wand|crown|goblet|toy|bear|music box|notebook|sketchbook|recipe|cake|egg|fiddle|guitar",
)


def can_hold(name: str, language: str) -> bool:
    """Whether the thing of this name is one that a hand holds: its last noun tells."""
    if kind_of_name(name, language) is not None:
        return False
    head = re.split(r"\s+(?:of|from|in|with|for|to|that)\s+", name.strip())[0]
    last = head if re.search(r"[一-鿿]", head) else " ".join(head.split()[-2:])
    return _HELD.search(last) is not None
