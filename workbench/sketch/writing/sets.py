"""Furniture for empty sets: for each kind of place a base description and lasting details, in Chinese and English.

Chinese texts are sized so that base + light + air lands in 60–120 characters; a test holds them to it.
"""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[str, str]


@dataclass(frozen=True)
class Set:
    """One kind of place. `kind` is its type, `base` what one sees first, `things` what every shot must keep."""

    kind: Pair
    base: Pair
    things: tuple[Pair, ...]
    inside: bool = True


@dataclass(frozen=True)
class Light:
    kind: Pair
    direction: Pair
    colour: Pair
    intensity: Pair
    time: Pair
    sentence: Pair


# fmt: off
# One place a line: its words belong together.
SETS: dict[str, Set] = {
    "study": Set(("室内·书房", "interior, study"), ("临窗一张旧木案，案后书架直抵梁下，卷册高低错落，地面磨得发亮，窗边垂着半卷竹帘。", "An old wooden desk stands by the window; shelves climb to the beams behind it, full of uneven volumes, and a half-rolled blind hangs beside them."), (("临窗的旧木案，右角缺了一小块", "an old desk by the window, its right corner chipped"), ("直抵梁下的书架，第三层空着一格", "shelves up to the beams, one gap on the third row"), ("半卷的竹帘", "a half-rolled bamboo blind"), ("磨得发亮的木地板", "floorboards worn to a shine"), ("案上一方墨迹未净的石砚", "a stone inkwell with traces of ink on the desk"), ("靠墙的一只矮柜，铜扣发暗", "a low cabinet against the wall with a tarnished clasp"))),
    "bedroom": Set(("室内·卧房", "interior, bedroom"), ("靠里墙一张床榻，帐子半垂，床头小几上放着一盏灯，墙角立着衣架，窗纸微微泛黄。", "A bed stands along the inner wall with its curtain half drawn; a small table holds a lamp, a clothes rack fills the corner, and the window has yellowed."), (("半垂的素色床帐", "a plain bed curtain, half drawn"), ("床头小几上的一盏灯", "a lamp on the small bedside table"), ("墙角的木衣架", "a wooden clothes rack in the corner"), ("泛黄的窗面", "a yellowed window pane"), ("叠在床尾的旧被", "an old quilt folded at the foot of the bed"), ("床前一块磨薄的踏垫", "a mat worn thin beside the bed"))),
    "kitchen": Set(("室内·厨房", "interior, kitchen"), ("炉灶占去半面墙，锅盖斜搭着，案板上留着刀痕，梁下挂着成串的干货，墙面被烟熏得发暗。", "The stove takes up half a wall, its pan lid tilted; the board is scarred by knives, dried goods hang from a beam, and smoke has darkened the plaster."), (("占去半面墙的炉灶", "a stove that takes up half the wall"), ("斜搭着的锅盖", "a pan lid resting at an angle"), ("满是刀痕的案板", "a chopping board scarred by knives"), ("梁下成串的干货", "dried goods strung below a beam"), ("烟熏发暗的墙面", "plaster darkened by smoke"), ("门边一只半满的水桶", "a half-full bucket by the door"))),
    "home": Set(("室内·起居间", "interior, living room"), ("不大的房间收拾得整齐，一张方桌两把椅子，靠墙一只旧柜，镜面起了斑，窗台上摆着一盆细叶的绿植。", "A small room kept tidy: a square table with two chairs, an old cupboard, a mirror gone spotty, and a thin-leaved plant on the sill."), (("一张方桌和两把椅子", "one square table and two chairs"), ("靠墙的旧柜，漆面起翘", "an old cupboard against the wall, its varnish lifting"), ("起了斑的镜子", "a mirror gone spotty with age"), ("窗台上的细叶绿植", "a thin-leaved plant on the sill"), ("褪色的窗帘", "faded window curtains"), ("门后的一排挂钩", "a row of hooks behind the door"))),
    "courtyard": Set(("室外·院落", "exterior, yard"), ("四面围墙的小院，青砖缝里长着苔，墙根码着柴，一棵老树斜过屋檐，井沿被绳子磨出浅槽。", "A small walled yard: moss between the bricks, firewood stacked along the wall, an old tree leaning past the eaves, and a well rim grooved by ropes."), (("斜过屋檐的老树", "an old tree leaning past the eaves"), ("磨出浅槽的井沿", "a well rim grooved by ropes"), ("墙根码齐的柴垛", "a neat stack of firewood along the wall"), ("砖缝里的青苔", "moss between the bricks"), ("一扇虚掩的木门", "a wooden door left ajar"), ("晾衣的细绳横过院子", "a thin clothes line across the yard")), False),
    "village": Set(("室外·村落", "exterior, village"), ("土墙矮屋沿坡错落，村道被车辙压出两道深痕，路口一棵歪脖老树，树下石磨半埋在土里。", "Low earthen houses step up the slope; two deep ruts mark the lane, and at its mouth a crooked old tree shades a half-buried millstone."), (("路口的歪脖老树", "a crooked old tree where the lane begins"), ("半埋在土里的石磨", "a half-buried millstone"), ("两道深深的车辙", "two deep cart ruts"), ("沿坡错落的土墙矮屋", "low earthen houses stepping up the slope"), ("一截倒塌的篱笆", "a collapsed stretch of fence"), ("屋檐下成串的干玉米", "strings of dried maize below the eaves")), False),
    "market": Set(("室外·集市", "exterior, market"), ("长街两侧搭满布棚，摊上堆着蔬果与杂货，竹竿挑着布幌，地上散着菜叶和水渍，远处露出一角屋脊。", "Cloth awnings line both sides of a long street; stalls are heaped with produce and sundries, banners hang from poles, and wet leaves litter the ground."), (("连成一片的布棚", "cloth awnings joined in one long row"), ("竹竿挑起的布幌", "shop banners on bamboo poles"), ("堆满蔬果的木摊", "wooden stalls heaped with produce"), ("地上的菜叶和水渍", "leaves and puddles on the ground"), ("一杆磨亮的老秤", "an old scale polished by use"), ("远处露出的一角屋脊", "the corner of a roof ridge in the distance")), False),
    "street": Set(("室外·街道", "exterior, street"), ("一条窄街向前弯去，两旁门面高低不齐，石板路中间略陷，积着浅水，转角处立着一根灯柱。", "A narrow street bends away between uneven fronts; the paving sags in the middle and holds shallow water, and a lamp post marks the corner."), (("转角处的灯柱", "a lamp post at the corner"), ("中间略陷的石板路", "paving that sags in the middle"), ("高低不齐的门面", "shop fronts of uneven height"), ("墙上半褪色的招牌", "a half-faded sign on the wall"), ("积在路心的浅水", "shallow water along the centre of the road"), ("一排紧闭的木窗", "a row of closed wooden shutters")), False),
    "shop": Set(("室内·店铺", "interior, shop"), ("临街一间窄铺，木柜台横在当中，身后货架分成许多小格，玻璃罩下摆着几样贵重物，门楣挂着铜铃。", "A narrow shop on the street: a wooden counter across the middle, shelves in many small squares, valuables under glass, a brass bell over the door."), (("横在当中的木柜台", "a wooden counter across the middle"), ("分成小格的货架", "shelves divided into small squares"), ("玻璃罩下的贵重物", "valuables under a glass cover"), ("门楣上的铜铃", "a brass bell over the door"), ("柜台上的一本厚账册", "a thick ledger on the counter"), ("擦得发亮的黄铜秤盘", "polished brass scale pans"))),
    "tavern": Set(("室内·酒肆", "interior, tavern"), ("几张方桌挤在低矮的屋梁下，桌面油亮，墙上木牌写着菜名，靠门一只大炉，楼梯在暗处转上去。", "Square tables crowd below low beams, their tops shiny with use; a big stove warms the door side and a staircase turns up into shadow."), (("低矮的黑色屋梁", "low black beams"), ("油亮的方桌", "square tables shiny with use"), ("墙上一排木牌", "a row of wooden boards on the wall"), ("靠门的大炉", "a big stove near the door"), ("暗处转上去的楼梯", "a staircase turning up into shadow"), ("柜上成排的陶罐", "a row of clay jars on the bar"))),
    "temple": Set(("室内·殿堂", "interior, hall of worship"), ("高敞的殿堂里立着粗柱，地面石砖冰凉，长明灯在深处亮着，帷幔垂到地上，空气里浮着细烟。", "Thick pillars rise in a tall hall above cold flagstones; a constant lamp glows in its depth, hangings reach the floor, and thin smoke floats."), (("两排漆色剥落的粗柱", "two rows of thick pillars with peeling paint"), ("深处的一盏长明灯", "a constant lamp in the depth of the hall"), ("垂到地面的帷幔", "hangings that reach the floor"), ("冰凉的石砖地", "a floor of cold flagstones"), ("磨得光滑的石阶", "steps worn smooth"), ("悬在梁下的大钟", "a great bell below the beams"))),
    "mountain": Set(("室外·山坡", "exterior, mountainside"), ("陡坡上裸露着灰褐岩层，碎石顺着沟壑滑落，一条踩出来的小径贴着崖壁向上，坡脚堆着挖下的土石。", "Grey-brown strata lie bare on a steep slope; rubble has slid down the gullies, and a trodden path hugs the cliff above heaps of dug earth."), (("裸露的灰褐色岩层", "bare grey-brown strata"), ("贴着崖壁的小径", "a path that hugs the cliff"), ("坡脚堆起的土石", "heaps of earth and stone at the foot"), ("一块鹰嘴状的巨岩", "a great rock shaped like a beak"), ("崖缝里的一棵小松", "a small pine in a crack of the cliff"), ("顺沟滑落的碎石带", "a strip of rubble down the gully")), False),
    "river": Set(("室外·水岸", "exterior, waterside"), ("缓水贴着泥岸流过，芦苇齐腰，岸边一只旧船半搁在浅滩，木桩上系着磨毛的缆绳，对岸隐在薄雾里。", "Slow water slides past a muddy bank with waist-high reeds; an old boat lies half aground by a post with a frayed rope, and mist hides the far shore."), (("半搁在浅滩的旧船", "an old boat half aground"), ("系着磨毛缆绳的木桩", "a post with a frayed rope"), ("齐腰的芦苇", "waist-high reeds"), ("薄雾里的对岸", "a far shore in mist"), ("伸进水里的一截木栈", "a short jetty reaching into the water"), ("岸边一排湿石", "a line of wet stones along the bank")), False),
    "forest": Set(("室外·林间", "exterior, forest"), ("树干密密立着，树冠把天光切碎，地上积着厚叶，一根倒木横在小径上，树根从土里拱起来。", "Trunks stand close and their crowns break up the sky; leaves lie deep, a fallen log crosses the path, and roots arch out of the soil."), (("横在小径上的倒木", "a fallen log across the path"), ("拱出地面的树根", "roots arching out of the soil"), ("厚厚的落叶", "a deep layer of leaves"), ("切碎的天光", "broken daylight between crowns"), ("树干上的一道旧刻痕", "an old notch cut in a trunk"), ("一丛暗绿的蕨", "a clump of dark fern")), False),
    "field": Set(("室外·原野", "exterior, open land"), ("平阔的土地一直铺到天边，草浪起伏，一条细路从近处伸向远处，孤树立在路旁，田埂把地面分成长条。", "Level land runs to the edge of the sky; grass moves in waves, a thin track leads away past a single tree, and banks divide the ground into strips."), (("路旁的一棵孤树", "a single tree beside the track"), ("伸向远处的细路", "a thin track leading away"), ("一直铺到天边的地平线", "a horizon that is open all the way"), ("把地分成长条的田埂", "low banks dividing the land into strips"), ("起伏的草浪", "grass moving in waves"), ("一截歪斜的木桩", "a leaning wooden stake")), False),
    "desert": Set(("室外·沙漠", "exterior, desert"), ("沙丘一道接着一道，风在沙面刻下细纹，半截枯木露在外面，远处有一段被掩埋的矮墙，天空空阔。", "Dune follows dune with fine lines cut by wind; half a dead trunk shows above the sand, and far off a buried wall breaks the empty sky."), (("半截枯木", "half a dead trunk"), ("刻着细纹的沙面", "sand marked with fine lines"), ("被掩埋的矮墙", "a low buried wall"), ("刀脊一样的沙丘线", "a dune crest like a blade"), ("一串将被抹平的浅坑", "a line of shallow hollows about to vanish"), ("散落的黑石", "scattered black stones")), False),
    "sea": Set(("室外·海岸", "exterior, shore"), ("灰蓝的海面一层层推来，湿沙映着天，礁石上附着贝壳，一只翻扣的小船晾在高处，风里有盐的气味。", "Grey-blue water comes in layer by layer; wet sand mirrors the sky, shells crust the rocks, and an upturned boat dries above the tide line."), (("翻扣在高处的小船", "an upturned boat above the tide line"), ("附着贝壳的礁石", "rocks crusted with shells"), ("映着天光的湿沙", "wet sand mirroring the sky"), ("一道断续的浪线", "a broken line of surf"), ("半埋的旧缆绳", "an old rope half buried"), ("远处的一点灯标", "a small beacon far off")), False),
    "road": Set(("室外·道路", "exterior, road"), ("土路穿过低缓的坡地，路边野草沾着露水，一块旧路碑歪在沟旁，前方分出一条岔路，远山叠成两层。", "A dirt road crosses gentle slopes; dew hangs on the verge, an old milestone leans by the ditch, a fork opens ahead, and the hills lie in two layers."), (("歪在沟旁的旧路碑", "an old milestone leaning by the ditch"), ("前方的岔路", "a fork in the road ahead"), ("叠成两层的远山", "distant hills in two layers"), ("沾露的路边野草", "dewy grass along the verge"), ("干裂的车辙", "dry, cracked wheel ruts"), ("一棵被风吹斜的树", "a tree bent by wind")), False),
    "school": Set(("室内·教室", "interior, classroom"), ("一排排课桌朝着黑板，桌面刻满划痕，窗子占去整面墙，讲台上留着半截粉笔，墙报的一角卷了起来。", "Rows of scratched desks face a blackboard; windows fill one wall, half a stick of chalk lies on the lectern, and a poster curls at its corner."), (("布满划痕的课桌", "desks covered in scratches"), ("没有擦净的黑板", "a blackboard not quite wiped clean"), ("讲台上的半截粉笔", "half a stick of chalk on the lectern"), ("卷角的墙报", "a poster curling at its corner"), ("占去整面墙的窗", "windows filling one whole wall"), ("后排一把摇晃的椅子", "an unsteady chair in the back row"))),
    "hospital": Set(("室内·病房", "interior, ward"), ("白墙病房里床铺成列，隔帘半拉，床头柜上放着水杯，走廊的灯从门缝透进来，地面泛着冷光。", "Beds stand in a row between white walls with a screen half pulled; a glass of water waits on the locker, and corridor light comes under the door."), (("半拉的隔帘", "a screen half pulled"), ("床头柜上的水杯", "a glass of water on the locker"), ("门缝透进的走廊灯", "corridor light under the door"), ("泛着冷光的地面", "a floor with a cold sheen"), ("床尾挂着的记录板", "a chart board at the foot of the bed"), ("窗边的一只空输液架", "an empty stand by the window"))),
    "office": Set(("室内·办公室", "interior, office"), ("长条办公区被隔板分成小间，文件堆到齐肩，百叶帘切出横线，角落的绿植落了灰，时钟走得很响。", "Partitions divide a long office; papers stand shoulder-high, blinds cut the light into lines, a plant gathers dust, and a clock is loud."), (("切出横线的百叶帘", "blinds that cut the light into lines"), ("堆到齐肩的文件", "papers stacked shoulder-high"), ("落灰的绿植", "a plant gathering dust"), ("墙上走得很响的时钟", "a loud clock on the wall"), ("磨亮扶手的转椅", "a swivel chair with worn arms"), ("玻璃隔板上的指印", "finger marks on a glass partition"))),
    "lab": Set(("室内·实验室", "interior, laboratory"), ("长台上排着仪器，细管与线缆交错，指示灯明灭不定，白板写满又被擦去一半，通风口发出低鸣。", "Instruments line a long bench among crossing tubes and cables; indicator lights come and go beside a whiteboard wiped half clean."), (("排满仪器的长台", "a long bench lined with instruments"), ("交错的细管与线缆", "crossing tubes and cables"), ("明灭不定的指示灯", "indicator lights coming and going"), ("擦去一半的白板", "a whiteboard wiped half clean"), ("带锁的冷藏柜", "a locked cold cabinet"), ("发出低鸣的通风口", "a humming air vent"))),
    "ship": Set(("室内·舱室", "interior, cabin"), ("舱壁布满管线与铆钉，圆窗外一片深色，操作台的刻度泛着微光，狭长通道向后没入黑暗。", "Pipes and rivets cover the walls of the cabin; darkness fills a round window, dials glow faintly, and a narrow passage runs back into the dark."), (("布满铆钉的舱壁", "walls covered in rivets"), ("一扇圆窗", "one round window"), ("泛着微光的刻度盘", "faintly glowing dials"), ("没入黑暗的狭长通道", "a narrow passage into the dark"), ("头顶交错的管线", "pipes crossing overhead"), ("一道厚重的隔离门", "a heavy sealed door"))),
    "station": Set(("室内·候车处", "interior, station"), ("高顶下排着长椅，站牌的字有些模糊，铁轨在尽头收成一点，钟悬在正中，地上是拖曳过的痕迹。", "Benches stand below a high roof; the signs are slightly blurred, rails draw together at the end, and a clock hangs in the middle."), (("悬在正中的钟", "a clock hanging in the middle"), ("一排磨旧的长椅", "a row of worn benches"), ("字迹模糊的站牌", "signs with blurred lettering"), ("在尽头收成一点的铁轨", "rails drawing together to a point"), ("地上的拖痕", "drag marks on the floor"), ("紧闭的售票窗", "a closed ticket window"))),
    "palace": Set(("室内·大殿", "interior, great hall"), ("长阶通向高台，殿柱盘着暗金纹样，地面光可鉴影，两侧垂着重帘，穹顶深得看不见边。", "Long steps lead to a dais between pillars wound with dull gold; the floor is a mirror, heavy curtains hang at the sides, and the vault is lost in dark."), (("通向高台的长阶", "long steps leading to a dais"), ("盘着暗金纹样的殿柱", "pillars wound with dull gold"), ("光可鉴影的地面", "a floor polished like a mirror"), ("两侧的重帘", "heavy curtains on both sides"), ("高台上空着的座椅", "an empty seat on the dais"), ("深不见边的穹顶", "a vault lost in darkness"))),
    "prison": Set(("室内·牢房", "interior, cell"), ("石墙渗着水，高处一方小窗，铁栏投下细长的影，墙上刻满竖线，草垫堆在角落，门上有一道窄口。", "Damp stone walls, one small window high up, bars throwing long thin shadows, tally marks on every side, straw in a corner and a slot in the door."), (("高处的一方小窗", "one small window high up"), ("细长的铁栏影", "long thin shadows of bars"), ("刻满竖线的墙", "a wall full of tally marks"), ("角落的草垫", "a straw pallet in the corner"), ("门上的窄口", "a narrow slot in the door"), ("渗水的石墙", "stone walls sweating with damp"))),
    "gate": Set(("室外·门前", "exterior, doorway"), ("两扇旧木门半掩着，门环磨得发亮，石阶三级，缝里长草，门楣上的木匾褪了色，檐下悬着一盏灯。", "Two old wooden doors stand half shut, their ring worn bright; grass grows between three stone steps, the board above has faded, and a lamp hangs there."), (("半掩的两扇旧木门", "two old wooden doors half shut"), ("磨得发亮的门环", "a door ring worn bright"), ("三级石阶", "three stone steps"), ("门楣上褪色的木匾", "a faded wooden board over the door"), ("檐下的一盏灯", "one lamp below the eaves"), ("门边的一对旧石墩", "a pair of old stone blocks beside the door")), False),
    "bridge": Set(("室外·桥头", "exterior, bridge"), ("一座旧桥跨过暗色的水，栏板缺了两块，桥面中央高起，桥洞里回着水声，岸边垂着长枝。", "An old bridge crosses dark water; two panels of its parapet are missing, the deck rises in the middle, and long branches hang from the bank."), (("缺了两块的栏板", "a parapet with two panels missing"), ("中央高起的桥面", "a deck that rises in the middle"), ("桥下暗色的水", "dark water below the bridge"), ("岸边垂下的长枝", "long branches hanging from the bank"), ("桥头的一块旧石碑", "an old stone tablet at the bridge head"), ("被磨圆的石阶边", "step edges worn round")), False),
    "roof": Set(("室外·屋顶", "exterior, rooftop"), ("屋脊连着屋脊向远处铺开，瓦片缺了几处，一根晾杆横在中间，烟囱冒着细烟，边缘没有围栏。", "Ridge follows ridge into the distance; several tiles are gone, a drying pole crosses the middle, a chimney smokes thinly, and the edge has no rail."), (("连绵的屋脊", "ridge after ridge"), ("缺了几处的瓦片", "several missing tiles"), ("横在中间的晾杆", "a drying pole across the middle"), ("冒着细烟的烟囱", "a chimney with thin smoke"), ("没有围栏的边缘", "an edge without a rail"), ("一把靠墙的旧梯", "an old ladder against the wall")), False),
    "cave": Set(("室内·洞穴", "interior, cavern"), ("洞口只容一人，里面渐渐开阔，水从石笋尖滴下，岩壁有烟熏的旧痕，深处回声很久才散。", "The mouth is narrow and the inside slowly opens; water drips from stone points, old soot marks the rock, and echoes take long to fade."), (("只容一人的窄洞口", "a mouth just wide enough for one"), ("滴水的石笋", "dripping stone points"), ("岩壁上烟熏的旧痕", "old soot marks on the rock"), ("一汪静止的浅水", "a still, shallow pool"), ("塌下的石块堆", "a pile of fallen blocks"), ("顶上漏下的一线天光", "a thread of daylight from above"))),
    "stage": Set(("室内·剧场", "interior, theatre"), ("深红大幕合着，台前一排脚灯，空座椅在暗处成行，侧幕堆着道具箱，绳索从高处垂下来。", "A deep red curtain is closed above a row of footlights; empty seats run into the dark, prop boxes wait in the wings, and ropes hang from above."), (("合着的深红大幕", "a closed deep red curtain"), ("台前的一排脚灯", "a row of footlights"), ("成行的空座椅", "rows of empty seats"), ("侧幕边的道具箱", "prop boxes in the wings"), ("从高处垂下的绳索", "ropes hanging from above"), ("台板上的粉笔记号", "chalk marks on the boards"))),
}

#: what a period leaves in any place
ERAS: dict[str, tuple[Pair, ...]] = {
    "east": (("一盏蒙着薄灰的纸灯笼", "a paper lantern under thin dust"), ("一只缺口的青瓷碗", "a chipped celadon bowl"), ("一把收拢的油纸伞", "a folded oil-paper umbrella")),
    "west": (("一盏黄铜煤油灯", "a brass oil lamp"), ("一只带铜箍的旧皮箱", "an old leather trunk with brass bands"), ("一根挂着旧披肩的手杖", "a walking stick with an old shawl on it")),
    "future": (("一条半熄的蓝色灯带", "a strip of blue light, half dark"), ("一块布满裂纹的显示屏", "a display panel full of cracks"), ("一只磨损的合金箱", "a scuffed alloy case")),
    "modern": (("一只接满充电线的插座", "a socket crowded with charging leads"), ("一只印着旧标志的纸箱", "a cardboard box with an old logo"), ("一把倚墙的长柄伞", "a long umbrella leaning on the wall")),
}

LIGHTS: dict[str, tuple[Light, ...]] = {
    "opening": (
        Light(("自然光", "natural light"), ("自左前方斜入", "slanting in from front left"), ("淡金", "pale gold"), ("柔和", "soft"), ("清晨", "early morning"), ("清晨的淡金色光斜斜铺开，影子还很长。", "Pale gold morning light slants across it and shadows are still long.")),
        Light(("散射光", "diffuse light"), ("自上方均匀落下", "even, from above"), ("乳白", "milky white"), ("中等", "medium"), ("上午", "forenoon"), ("上午的天光均匀落下，各处看得分明。", "Even forenoon light makes every corner plain.")),
    ),
    "development": (
        Light(("直射光", "direct light"), ("自右侧高处照下", "from high on the right"), ("暖白", "warm white"), ("明亮", "bright"), ("午后", "afternoon"), ("午后的光从右侧照下，明暗切得很清楚。", "Afternoon light falls from the right and cuts bright from dark.")),
        Light(("混合光", "mixed light"), ("自两侧交汇", "meeting from both sides"), ("灰白里带一点暖", "grey-white with some warmth"), ("中等偏暗", "rather low"), ("阴天的午后", "overcast afternoon"), ("云层压低了光线，颜色都退后半步。", "Cloud holds the light down and every colour steps back.")),
    ),
    "turn": (
        Light(("点光", "a single source"), ("自下方一侧映出", "from low on one side"), ("昏黄", "dim amber"), ("微弱", "faint"), ("深夜", "deep night"), ("只有一点昏黄的光，四周沉进浓重的暗里。", "One dim amber source burns, and all around it sinks into dark.")),
        Light(("冷月光", "cold moonlight"), ("自高处窄窄落下", "narrow, from above"), ("青灰", "blue-grey"), ("低", "low"), ("夜半", "midnight"), ("青灰的月色窄窄落下，轮廓都带着冷意。", "Narrow blue-grey moonlight gives each outline a chill.")),
    ),
    "resolution": (
        Light(("逆光", "backlight"), ("自正后方低处升起", "rising from low behind"), ("橙红", "orange-red"), ("渐强", "growing"), ("黎明", "dawn"), ("黎明的逆光从后方升起，边缘镶着橙红。", "Dawn rises behind it and edges all things in orange-red.")),
        Light(("斜射余光", "low evening light"), ("自右后方贴地而来", "along the ground from rear right"), ("暖橙", "warm orange"), ("柔弱", "gentle"), ("傍晚", "dusk"), ("傍晚的余光贴着地面，颜色慢慢沉下去。", "Evening light lies along the ground and the colours slowly settle.")),
    ),
}

#: (mood, weather, sentence) of each part of the arc
AIRS: dict[str, tuple[tuple[Pair, Pair, Pair], ...]] = {
    "opening": ((("平静，略带期待", "calm, faintly expectant"), ("晴，微风", "clear, light wind"), ("空气清凉，一切尚未开始。", "The air is cool and nothing has begun.")), (("寻常里的不安", "unease inside the ordinary"), ("薄雾", "thin mist"), ("薄雾未散，声音显得很近。", "Mist lingers and makes sounds seem near."))),
    "development": ((("渐紧", "tightening"), ("多云", "cloudy"), ("风停了，静里绷着一根弦。", "The wind has dropped and the quiet is taut.")), (("戒备", "guarded"), ("闷热，将雨", "close, rain to come"), ("闷着一场雨，气味沉在低处。", "Rain is held back and smells lie low."))),
    "turn": ((("惊惧", "dread"), ("急雨", "hard rain"), ("雨声盖过一切，缝隙里渗着水。", "Rain drowns every sound and seeps through the gaps.")), (("压抑", "oppressive"), ("大风", "strong wind"), ("风一阵紧过一阵，暗处吱呀作响。", "Gusts come harder and something creaks in the dark."))),
    "resolution": ((("释然", "release"), ("雨后初晴", "clearing after rain"), ("雨后的湿气慢慢散开，远处透亮。", "The damp of the rain is lifting and the distance is clear.")), (("余温", "afterglow"), ("无风", "windless"), ("尘埃落定，留下一点余温。", "Dust has settled and a little warmth remains."))),
}

AVOID: Pair = (
    "人物与人影、动作、镜头运动、文字与水印、与时代不符的物件、同一地点前后不一的陈设",
    "people and silhouettes, action, camera movement, lettering and watermarks, objects out of period, furnishings that change within one place",
)
