"""Make the caption font from Noto Sans CJK SC: the Han of GB 2312 and of Big5's first level, Western letters, no hints.

    python -m venv fonts && fonts/bin/pip install fonttools
    fonts/bin/python tools/subset_font.py /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

The source is Debian's package fonts-noto-cjk. The subset goes by a name of its own, as the OFL asks of changed fonts
whose name is reserved, and keeps the copyright; workbench/drawing/font/OFL.txt is its licence.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection

FAMILY = "Reelwright Caption"
TARGET = Path(__file__).resolve().parents[1] / "workbench" / "drawing" / "font" / "caption.otf"
#: the font of the collection that has mainland shapes
FACE = "Noto Sans CJK SC"
#: Latin with its accents, punctuation, currency, arrows and marks, CJK punctuation, full-width forms
RANGES = ((0x20, 0x7E), (0xA0, 0x17F), (0x2010, 0x2027), (0x2030, 0x203A), (0x20A0, 0x20BF), (0x2103, 0x2103),
          (0x2190, 0x2193), (0x2460, 0x2473), (0x3000, 0x3011), (0x3014, 0x301F), (0xFF01, 0xFF5E),
          (0xFFE5, 0xFFE5))  # fmt: skip
#: what people are called beyond both sets
NAMES = (
    "喆堃玥琰翀彧曌甯瑄炘祎旻晞昇昉淼犇猋骉尛玹珺璟璐瑷琛瑀玘珩珣琤堉垚奕妘婳嫄媖懿昀"
    "昕晗晟晔晢暄暐杺栢桉梓棪楒榞橦歆沄沚浠涵渼湉湜滢漪澍澔濛炜烨焱熠燚爔珈珞琋琬瑢璇"
    "璠璿甪畑皓皞睿硙祐祺禔禕稚竑筱篪粲絜綝罡羿翊翎翙翮聿芃芊芮苡茜茗莜菡萱葳蓁蓥蔚薇"
    "蘅虓蜓袆裎訢謇谌谞赟跣踽軒轶辻逄逯遹邈邴郗鄢鄯釉鋆鎏鑫钊钤铎锜锳镕镛闫闳阗陟隽雎"
    "雯霁霏霖靓韫韬韶頔顗颀颢飏馥骅骐骞髙魃魈鲲鳐鸢鸾麒麾黎黛齮"
)


def wanted() -> set[int]:
    """Kana and Han of GB 2312, Big5's first level, and the above."""
    found = {c for first, last in RANGES for c in range(first, last + 1)} | {ord(c) for c in NAMES}
    rows = [("gb2312", row) for row in (0xA4, 0xA5, *range(0xB0, 0xF8))] + [("big5", row) for row in range(0xA4, 0xC7)]
    for encoding, row in rows:
        for cell in range(0x40, 0xFF):
            try:
                found.add(ord(bytes((row, cell)).decode(encoding)))
            except (UnicodeDecodeError, TypeError):
                continue
    return found


def main(source: str) -> None:
    font = next(f for f in TTCollection(source).fonts if f["name"].getDebugName(4) == FACE)
    options = subset.Options(
        hinting=False, desubroutinize=False, layout_features=["kern", "mark", "ccmp"],
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 7, 13, 14],
        name_languages=[0x409], notdef_outline=True,
        drop_tables=["GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx", "DSIG"],
    )  # fmt: skip
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted())
    cutter.subset(font)
    name = font["name"]
    for record in name.names:
        record.string = {1: FAMILY, 3: FAMILY, 4: FAMILY, 6: FAMILY.replace(" ", "")}.get(record.nameID, str(record))
    compact = font["CFF "].cff
    compact.fontNames = [FAMILY.replace(" ", "")]
    top = compact.topDictIndex[0]
    top.FamilyName = top.FullName = FAMILY
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    font.save(TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e6:.2f} MB, {len(font.getBestCmap())} characters")


if __name__ == "__main__":
    main(sys.argv[1])
