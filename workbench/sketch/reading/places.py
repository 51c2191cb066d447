"""Where something happens, by the words of a text: a known kind of set, or only inside or outside, or not told.

A noun is a place where it is said that somebody is there or goes there: “in the court”, 在咖啡馆里. A bar of gold, a
stage of grief or a look at the sea is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from workbench.sketch import books
from workbench.sketch.reading.words import blank_out, either

#: noun → kind: a key of books.sets().kinds; "inside" and "outside" are drawn as no more than that
_EN: dict[str, str] = {
    "study": "study",
    "library": "study",
    "reading room": "study",
    "bedroom": "bedroom",
    "bedchamber": "bedroom",
    "kitchen": "kitchen",
    "scullery": "kitchen",
    "house": "home",
    "flat": "home",
    "apartment": "home",
    "living room": "home",
    "parlour": "home",
    "parlor": "home",
    "sitting room": "home",
    "cottage": "home",
    "front room": "home",
    "yard": "courtyard",
    "backyard": "courtyard",
    "courtyard": "courtyard",
    "village": "village",
    "hamlet": "village",
    "market": "market",
    "marketplace": "market",
    "bazaar": "market",
    "street": "street",
    "alley": "street",
    "alleyway": "street",
    "high street": "street",
    "main street": "street",
    "side street": "street",
    "shop": "shop",
    "bookshop": "shop",
    "store": "shop",
    "pawnshop": "shop",
    "bakery": "shop",
    "grocery": "shop",
    "tavern": "tavern",
    "inn": "tavern",
    "pub": "tavern",
    "saloon": "tavern",
    "alehouse": "tavern",
    "temple": "temple",
    "church": "temple",
    "chapel": "temple",
    "cathedral": "temple",
    "mountain": "mountain",
    "mountains": "mountain",
    "mountainside": "mountain",
    "cliff": "mountain",
    "cliffs": "mountain",
    "peak": "mountain",
    "summit": "mountain",
    "river": "river",
    "riverbank": "river",
    "river bank": "river",
    "lake": "river",
    "lakeside": "river",
    "pond": "river",
    "creek": "river",
    "forest": "forest",
    "woods": "forest",
    "wood": "forest",
    "field": "field",
    "fields": "field",
    "meadow": "field",
    "prairie": "field",
    "desert": "desert",
    "dunes": "desert",
    "beach": "sea",
    "shore": "sea",
    "seashore": "sea",
    **dict.fromkeys(["pier", "dock", "docks", "wharf", "jetty", "quay", "quayside", "harbour wall", "port"], "sea"),
    "coast": "sea",
    "seaside": "sea",
    "harbour": "sea",
    "harbor": "sea",
    "sea": "sea",
    "ocean": "sea",
    "road": "road",
    "country road": "road",
    "path": "road",
    "trail": "road",
    "school": "school",
    "schoolroom": "school",
    "classroom": "school",
    "hospital": "hospital",
    "ward": "hospital",
    "clinic": "hospital",
    "infirmary": "hospital",
    "office": "office",
    "laboratory": "lab",
    "lab": "lab",
    "spaceship": "ship",
    "starship": "ship",
    "space station": "ship",
    "spacecraft": "ship",
    "submarine": "ship",
    "cockpit": "ship",
    "airlock": "ship",
    "control room": "ship",
    "train station": "station",
    "railway station": "station",
    "subway station": "station",
    "metro station": "station",
    "bus station": "station",
    "station": "station",
    "terminal": "station",
    "waiting room": "station",
    "palace": "palace",
    "throne room": "palace",
    "castle": "palace",
    "prison": "prison",
    "jail": "prison",
    "cell": "prison",
    "dungeon": "prison",
    "gate": "gate",
    "gates": "gate",
    "doorstep": "gate",
    "porch": "gate",
    "doorway": "gate",
    "bridge": "bridge",
    "footbridge": "bridge",
    "roof": "roof",
    "rooftop": "roof",
    "rooftops": "roof",
    "cave": "cave",
    "cavern": "cave",
    "grotto": "cave",
    "theatre": "stage",
    "theater": "stage",
    "stage": "stage",
    "opera house": "stage",
    "playhouse": "stage",
    **dict.fromkeys(
        [
            "room",
            "hall",
            "hallway",
            "corridor",
            "attic",
            "loft",
            "cellar",
            "basement",
            "café",
            "cafe",
            "coffee shop",
            "coffeehouse",
            "teahouse",
            "tea house",
            "restaurant",
            "diner",
            "canteen",
            "bar",
            "nightclub",
            "courtroom",
            "court",
            "courthouse",
            "museum",
            "gallery",
            "garage",
            "workshop",
            "factory",
            "warehouse",
            "barn",
            "stable",
            "stables",
            "shed",
            "tent",
            "cabin",
            "hut",
            "lift",
            "elevator",
            "bus",
            "car",
            "taxi",
            "carriage",
            "train",
            "train carriage",
            "compartment",
            "tram",
            "plane",
            "airport",
            "submarine bay",
            "bunker",
            "gym",
            "gymnasium",
            "arena",
            "studio",
            "pharmacy",
            "hotel",
            "motel",
            "lobby",
            "mosque",
            "synagogue",
            "monastery",
            "convent",
            "abbey",
            "shrine",
            "crypt",
            "tomb",
            "sauna",
            "bathroom",
            "toilet",
            "nursery",
            "greenhouse",
            "tower",
            "lighthouse",
            "observatory",
            "mill",
            "windmill",
            "lair",
            "den",
            "burrow",
            "nest",
            "hive",
            "beehive",
            "anthill",
            "mansion",
            "manor",
            "villa",
            "dormitory",
            "barracks",
            "police station",
            "fire station",
            "petrol station",
            "gas station",
            "power station",
            "research station",
            "indoors",
            "post office",
            "town hall",
            "city hall",
            "embassy",
            "casino",
            "cinema",
            "supermarket",
            "mall",
            "shopping mall",
            "laundromat",
            "laundry",
            "salon",
            "barber shop",
            "barbershop",
            "hairdresser's",
            "surgery",
            "morgue",
            "mortuary",
            "funeral home",
            "orphanage",
            "asylum",
            "sanatorium",
            "university",
            "college",
            "lecture hall",
            "ballroom",
            "banquet hall",
            "dining room",
            "dining hall",
            "drawing room",
            "music room",
            "conservatory",
            "archive",
            "vault",
            "tunnel",
            "mine",
            "mineshaft",
            "sewer",
            "sewers",
            "engine room",
            "bilge",
            "bath",
            "dining car",
            "sleeping car",
            "toolshed",
            "chicken coop",
            "pigsty",
            "cowshed",
            "outhouse",
            "summer house",
            "boathouse",
            "guardroom",
            "snack bar",
            "dugout",
            "cargo hold",
            "galley",
            "server room",
            "data centre",
            "data center",
            "treehouse",
            "igloo",
            "yurt",
            "wigwam",
            "log cabin",
            "farmhouse",
            "schoolhouse",
            "smithy",
            "forge",
            "brewery",
            "winery",
            "fortress",
            "citadel",
            "keep",
            "stairwell",
            "staircase",
            "changing room",
            "dressing room",
            "backstage",
            "hangar",
            "depot",
            "storeroom",
            "pantry",
            "chamber",
            "dome",
            "habitat",
            "pod",
            "capsule",
            "interrogation room",
            "operating theatre",
            "operating room",
            "boardroom",
            "newsroom",
            "kiosk",
            "booth",
            "phone box",
            "telephone booth",
            "parsonage",
            "rectory",
            "vicarage",
            "chalet",
            "bungalow",
            "shack",
            "shelter",
            "hostel",
            "guesthouse",
            "boarding house",
            "pension",
            "brothel",
            "den of thieves",
            "hideout",
            "headquarters",
            "base",
            "lunar base",
            "moon base",
            "colony dome",
            "aquarium",
            "swimming pool",
            "bathhouse",
            "spa",
        ],
        "inside",
    ),
    **dict.fromkeys(
        [
            "park",
            "garden",
            "gardens",
            "square",
            "town square",
            "plaza",
            "tennis court",
            "basketball court",
            "schoolyard",
            "churchyard",
            "terrace",
            "balcony",
            "deck",
            "canal",
            "stream",
            "waterfall",
            "swamp",
            "marsh",
            "bog",
            "moor",
            "jungle",
            "rainforest",
            "orchard",
            "vineyard",
            "cemetery",
            "stadium",
            "platform",
            "graveyard",
            "playground",
            "camp",
            "campsite",
            "trench",
            "trenches",
            "battlefield",
            "valley",
            "canyon",
            "gorge",
            "ravine",
            "crater",
            "glacier",
            "ice sheet",
            "tundra",
            "moon",
            "mars",
            "sky",
            "clouds",
            "outer space",
            "space",
            "reef",
            "seabed",
            "sea floor",
            "seafloor",
            "highway",
            "motorway",
            "crossroads",
            "crossing",
            "car park",
            "parking lot",
            "bus stop",
            "hill",
            "hills",
            "hilltop",
            "hillside",
            "slope",
            "island",
            "islands",
            "isle",
            "lagoon",
            "bay",
            "cove",
            "estuary",
            "delta",
            "oasis",
            "savannah",
            "open air",
            "hollow",
            "dell",
            "glen",
            "vale",
            "copse",
            "thicket",
            "track",
            "railway track",
            "drive",
            "driveway",
            "schooner",
            "steamer",
            "lifeboat",
            "pacific",
            "atlantic",
            "taiga",
            "way home",
            "pool",
            "well",
            "steps",
            "veranda",
            "verandah",
            "patio",
            "reeds",
            "water",
            "rock",
            "rocks",
            "ice",
            "sand",
            "ditch",
            "gutter",
            "cornfield",
            "wheat field",
            "riverside",
            "cornfields",
            "scaffolding",
            "bandstand",
            "landing stage",
            "trenches line",
            "breakwater",
            "sandbank",
            "mudflats",
            "heath",
            "dyke",
            "towpath",
            "embankment",
            "fountain",
            "open",
            "savanna",
            "steppe",
            "plain",
            "plains",
            "pasture",
            "farm",
            "farmyard",
            "ranch",
            "paddock",
            "rice paddy",
            "plantation",
            "quarry",
            "town",
            "city",
            "suburb",
            "neighbourhood",
            "neighborhood",
            "fair",
            "fairground",
            "carnival",
            "circus",
            "zoo",
            "racetrack",
            "running track",
            "football pitch",
            "pitch",
            "ramparts",
            "battlements",
            "ruins",
            "wasteland",
            "rubble",
            "clearing",
            "glade",
            "grove",
            "riverboat",
            "boat",
            "ship",
            "raft",
            "canoe",
            "ferry",
            "barge",
            "yacht",
            "lane",
            "avenue",
            "boulevard",
            "pavement",
            "sidewalk",
            "roundabout",
            "tracks",
            "railway line",
            "lawn",
            "hedge maze",
            "volcano",
            "ridge",
            "pass",
            "mountain pass",
            "plateau",
            "coral reef",
            "iceberg",
            "ice floe",
            "planet",
            "asteroid",
            "colony",
            "frontier",
            "border",
            "checkpoint",
            "roadside",
            "wayside",
            "scaffold",
            "gallows",
            "docks area",
            "shipyard",
            "launch pad",
            "runway",
            "airfield",
        ],
        "outside",
    ),
}
_ZH: dict[str, str] = {
    **dict.fromkeys(["书斋", "书房", "图书馆", "藏书阁"], "study"),
    **dict.fromkeys(["卧房", "卧室", "闺房", "寝宫"], "bedroom"),
    **dict.fromkeys(["厨房", "灶间", "灶房", "伙房"], "kitchen"),
    **dict.fromkeys(["客厅", "公寓", "堂屋", "屋里", "家中", "家里", "屋子", "小屋", "住处", "老宅", "家"], "home"),
    **dict.fromkeys(["院子", "庭院", "后院", "前院", "小院", "四合院", "天井", "院"], "courtyard"),
    **dict.fromkeys(["村口", "村子", "村庄", "村落", "山村", "渔村", "村"], "village"),
    **dict.fromkeys(["集市", "市场", "菜市场", "市集", "早市", "夜市"], "market"),
    **dict.fromkeys(
        ["弄堂", "胡同", "里弄", "街头", "街上", "街道", "大街", "长街", "小巷", "巷子", "巷口", "巷", "街"], "street"
    ),
    **dict.fromkeys(["店铺", "铺子", "当铺", "书店", "药铺", "面馆儿", "杂货店", "店里", "店"], "shop"),
    **dict.fromkeys(["酒楼", "客栈", "酒馆", "酒肆", "酒馆里"], "tavern"),
    **dict.fromkeys(["寺庙", "寺院", "庙里", "大殿", "祠堂", "教堂", "道观", "庙", "寺"], "temple"),
    **dict.fromkeys(["山脚", "山顶", "山坡", "山腰", "山路", "悬崖", "崖边", "雪山", "山上", "山"], "mountain"),
    **dict.fromkeys(
        [
            "太平洋",
            "大西洋",
            "印度洋",
            "北冰洋",
            "大洋",
            "远洋",
            "海边",
            "海滩",
            "沙滩",
            "海岸",
            "海上",
            "港口",
            "码头",
            "渔港",
            "海",
        ],
        "sea",
    ),
    **dict.fromkeys(["河边", "河岸", "湖边", "溪边", "江边", "池塘", "湖畔", "江岸", "河", "湖", "溪", "江"], "river"),
    **dict.fromkeys(["树林", "森林", "密林", "竹林", "林中", "林间", "丛林边", "林子", "林"], "forest"),
    **dict.fromkeys(["原野", "草原", "田间", "田野", "麦田", "稻田", "田里", "旷野", "田"], "field"),
    **dict.fromkeys(["沙漠", "戈壁", "大漠", "沙丘"], "desert"),
    **dict.fromkeys(
        ["大路", "路上", "官道", "公路边", "乡间小路", "小路", "土路", "驿道", "途中", "路边", "路"], "road"
    ),
    **dict.fromkeys(["学校", "教室", "课堂", "学堂", "私塾", "校园"], "school"),
    **dict.fromkeys(["医院", "病房", "诊所", "手术室"], "hospital"),
    **dict.fromkeys(["公司", "办公室", "写字楼"], "office"),
    **dict.fromkeys(["实验室", "研究所"], "lab"),
    **dict.fromkeys(["飞船", "空间站", "舰桥", "驾驶舱", "舱内", "太空舱", "潜艇", "舱"], "ship"),
    **dict.fromkeys(
        [
            "车站",
            "火车站",
            "地铁站",
            "候车室",
        ],
        "station",
    ),
    **dict.fromkeys(["皇宫", "宫殿", "宫中", "天庭", "龙宫", "王宫", "后宫", "宫里", "宫"], "palace"),
    **dict.fromkeys(["监狱", "牢房", "大牢", "地牢", "狱中", "牢"], "prison"),
    **dict.fromkeys(["城门", "门前", "门口", "大门外", "台阶前"], "gate"),
    **dict.fromkeys(["桥头", "桥上", "石桥", "木桥", "桥边", "桥下", "桥"], "bridge"),
    **dict.fromkeys(["屋顶", "天台", "楼顶", "房顶", "屋脊"], "roof"),
    **dict.fromkeys(["山洞", "洞穴", "溶洞", "洞中", "洞"], "cave"),
    **dict.fromkeys(["剧院", "戏台", "舞台", "戏院", "剧场", "戏园子"], "stage"),
    **dict.fromkeys(
        [
            "咖啡馆",
            "咖啡店",
            "咖啡厅",
            "茶馆",
            "茶楼",
            "餐馆",
            "餐厅",
            "饭馆",
            "面馆",
            "食堂",
            "酒吧",
            "夜总会",
            "法庭",
            "法院",
            "银行",
            "博物馆",
            "美术馆",
            "画廊",
            "车库",
            "作坊",
            "工坊",
            "工厂",
            "厂房",
            "车间",
            "仓库",
            "谷仓",
            "马厩",
            "马棚",
            "帐篷",
            "帐中",
            "营帐",
            "木屋",
            "草屋",
            "茅屋",
            "电梯",
            "公交车",
            "公交",
            "车里",
            "车上",
            "车厢",
            "马车",
            "火车",
            "高铁",
            "地铁",
            "飞机",
            "机场",
            "机舱",
            "地下室",
            "地窖",
            "防空洞",
            "健身房",
            "体育馆",
            "录音棚",
            "画室",
            "药房",
            "药店",
            "酒店",
            "宾馆",
            "旅馆",
            "大堂",
            "公堂",
            "灵堂",
            "佛堂",
            "清真寺",
            "修道院",
            "墓穴",
            "墓室",
            "澡堂",
            "浴室",
            "厕所",
            "卫生间",
            "育婴室",
            "温室",
            "灯塔",
            "塔楼",
            "塔里",
            "塔",
            "天文台",
            "磨坊",
            "巢穴",
            "窝里",
            "树洞",
            "蜂巢",
            "蚁穴",
            "鼠洞",
            "别墅",
            "宿舍",
            "军营",
            "兵营",
            "派出所",
            "警察局",
            "消防站",
            "加油站",
            "邮局",
            "市政厅",
            "大使馆",
            "赌场",
            "影院",
            "电影院",
            "体育场",
            "超市",
            "商场",
            "便利店",
            "洗衣店",
            "理发店",
            "殡仪馆",
            "孤儿院",
            "疗养院",
            "大学",
            "礼堂",
            "宴会厅",
            "大厅",
            "走廊",
            "楼道",
            "楼梯间",
            "阁楼",
            "档案室",
            "金库",
            "隧道",
            "矿井",
            "矿洞",
            "下水道",
            "机房",
            "控制室",
            "货舱",
            "船舱",
            "树屋",
            "冰屋",
            "毡房",
            "蒙古包",
            "农舍",
            "铁匠铺",
            "酒窖",
            "城堡",
            "要塞",
            "后台",
            "化妆间",
            "机库",
            "储藏室",
            "衣柜",
            "审讯室",
            "会议室",
            "编辑部",
            "报社",
            "电话亭",
            "府里",
            "府中",
            "王府",
            "衙门",
            "衙内",
            "青楼",
            "镖局",
            "道场",
            "武馆",
            "房间",
            "屋内",
            "房里",
            "室内",
            "楼上",
            "楼下",
            "基地",
            "地下城",
            "游泳池",
            "泳池",
            "屋",
            "房",
        ],
        "inside",
    ),
    **dict.fromkeys(
        [
            "公园",
            "室外",
            "花园",
            "广场",
            "球场",
            "操场",
            "阳台",
            "露台",
            "甲板",
            "栈桥",
            "运河",
            "瀑布",
            "沼泽",
            "湿地",
            "荒原",
            "雨林",
            "丛林",
            "果园",
            "葡萄园",
            "茶园",
            "墓地",
            "站台",
            "月台",
            "坟地",
            "坟前",
            "坟场",
            "游乐场",
            "营地",
            "战壕",
            "战场",
            "山谷",
            "峡谷",
            "火山口",
            "冰川",
            "冰原",
            "冰面",
            "雪原",
            "雪地",
            "月球",
            "月面",
            "火星",
            "天上",
            "天空",
            "云端",
            "云上",
            "太空",
            "海底",
            "珊瑚礁",
            "高速公路",
            "十字路口",
            "路口",
            "停车场",
            "公交站",
            "小岛",
            "岛上",
            "孤岛",
            "荒岛",
            "岛",
            "海湾",
            "海峡",
            "绿洲",
            "牧场",
            "农场",
            "牧场上",
            "种植园",
            "采石场",
            "小镇",
            "镇上",
            "古镇",
            "城里",
            "城中",
            "县城",
            "京城",
            "城外",
            "郊外",
            "野外",
            "城市",
            "集镇",
            "庙会",
            "马戏团",
            "动物园",
            "赛场",
            "城墙上",
            "城墙下",
            "城墙",
            "城头",
            "废墟",
            "空地",
            "船上",
            "渡船",
            "小船",
            "渔船",
            "船头",
            "竹筏",
            "渡口",
            "铁轨",
            "草坪",
            "火山",
            "山口",
            "高原",
            "冰山",
            "星球",
            "边境",
            "边关",
            "关口",
            "井边",
            "树下",
            "树上",
            "枝头",
            "屋檐下",
            "檐下",
            "窗台",
            "河滩",
            "江面",
            "海面",
            "湖面",
            "湖心",
            "水面",
            "水底",
            "湖底",
            "船",
            "冰上",
        ],
        "outside",
    ),
}
#: what may follow a place's noun and still be of it: “the kitchen table”, “the church door”
_PARTS_EN = r"doors?|floor|wall|window|table|counter|corner|entrance|steps|roof|bench|edge|gate|stairs"
#: nouns of people and things that make another thing of the place before them: “the library book”, “a school friend”
_COMPOUND_EN = re.compile(
    r"\s+(?:coats?|jackets?|uniforms?|boots?|books?|bags?|keys?|keepers?|owners?|masters?|mistress|boys?|girls?|m[ae]n|wom[ae]n|friends?|"
    r"bells?|clocks?|lights?|lamps?|guards?|guides?|workers?|managers?|clerks?|cat|dog|mouse|mice|trip|"
    r"tour|"
    r"novel|song|story|stories|prices?|uniform|bus|train|board|team|band|fair|day|life|manners|politics|"
    r"job|work|food|chair|bed|knife|life|air|ghost|spirit|god|king|queen|prince|princess|monster|captain|"
    r"crew|party|of (?:cards|grief|life|shame|dreams|mirrors|love|gold|mind))\b",
    re.IGNORECASE,
)
_STATIC = (
    r"in|inside|at|on|within|aboard|atop|beneath|under|outside|behind|beside|among|across from|"
    r"in front of|next to|by|near|around|along|over|above|throughout"
)
_TOWARDS = (
    r"to|into|onto|through|across|enters?|entering|reach(?:es)?|visits?|crosses|returns? to|"
    r"climbs?|up|down|searches|explores|roams|arrives? (?:at|in)"
)
_FROM = r"from|out of|leaves|leaving|past|off|fills|floods|covers"
_FRONT_ZH = re.compile(r"(?:门外|门前|前面|外面|前|外|旁边|旁|后面)(?!人|台|厅|线|天|辈|科|地|语|公|婆|卖|套)")
#: there, but not within
_BESIDE = frozenset({"in front of", "outside", "behind", "beside", "next to", "near", "by", "around"})
#: “looks at the sea” is not at sea
_LOOKS_AT = re.compile(
    r"\b(?:look|stare|gaze|weep|howl|sing|shout|laugh|point|smile|aim|glance|shoot|wave|peer|wonder|marvel|swear|growl|"
    r"bark|wink|scowl|jump|arriv(?:e|ing) too late)(?:s|d|ed|ing)?\s+(?:back\s+|up\s+|down\s+|"
    r"out\s+)?(?:at|over|into|towards?|through|on|to)\s+(?:the|a|an|his|her|their)?\s*(?:(?!from|in|on|at|"
    r"by|to|through)[\w-]+\s+)?(?!from\b|in\b|on\b|at\b|by\b|to\b)[\w-]+|"
    r"\b(?:believes?|interested|confides?|trusts?|depends?|insists?|in (?:the )?(?:end|dark|morning|"
    r"evening|air|way|rain|snow|sun|hope|love|time|middle|face|name|place)|on (?:the )?(?:way|phone|verge|"
    r"spot|run|road to recovery)|"
    r"at (?:first|last|once|least|the (?:end|moment|time|age|same time|stage|top|bottom))|"
    r"under (?:the )?(?:pressure|weight|name)|by (?:the )?(?:hand|time|way|name|sea route)|in (?:this|"
    r"that|the) (?:stage|field of)|(?:bar|bars) of)\b",
    re.IGNORECASE,
)
_DETERMINER = (
    r"(?:(?:the|a|an|his|her|their|its|our|my|this|that|every|each|another|one|some|"
    r"[A-Z][\w-]*(?:\s[A-Z][\w-]*)?['’]s)\s+)"
)
_HOME_EN = re.compile(
    r"\b(?:at home|(?:comes?|goes|went|gets?|returns?|runs?|walks?|drives?|hurries|arrives?|back|"
    r"way) home|home (?:again|alone)|stays? home|indoors at home)\b",
    re.IGNORECASE,
)
_PROPER_EN = re.compile(
    r"\b(?:in|into|across|near|outside|reaches|leaves)\s+((?:[A-Z][\w'-]+)(?:\s+[A-Z][\w'-]+){0,2})"
)
_NO_PROPER = re.compile(
    r"^(?:January|February|March|April|May|June|July|August|September|October|November|December|Monday|"
    r"Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|Christmas|Easter|English|French|German|Chinese|"
    r"Latin|Spanish|God|Heaven|Mr|Mrs|Ms|Miss|Dr|Madame|Sir|Lord|Lady|The|A|An|He|She|It|They|I)\b"
)
#: words of other things that hold the sign of a place
_NOT_PLACES_ZH = re.compile(
    r"大家|国家|作家|家人|家族|家伙|家具|家书|回家的路费|全家|人家|皇家|专家|画家|玩家|东家|亲家|冤家|家长|家常|家乡|上海|海外|海报|海鲜|大海捞针|人海|海藻|江湖|江山|山河|"
    r"山水画|泰山压顶|河山|林立|园林局|树林立|田鼠|井井有条|市井|店员|店主|店小二|房东|房子的钥匙|"
    r"桥段|过桥米线|洞察|空洞|洞房|漏洞|宫女|子宫|宫廷剧|牢骚|牢记|牢固|路人|路费|出路|思路|网路|电路|街坊|街溜子|村长|村民|院长|法院长|医院长|船长|船夫|船员|船票|塔罗|电塔|"
    r"城府|长城砖|岛民|屋漏|房租|房价|班房|楼盘|门路|山歌|山楂|山羊|山药|河马|海马|海豚|海鸥|海豹|湖蓝|江南|江北|河南|河北|山东|山西|湖南|湖北|海南|"
    r"飞船长|车票|车祸|车夫|车主|火车票|机票|田螺|庙祝|寺僧|林黛玉|校长|学校长"
)
_BEFORE_ZH = (
    r"(?:在|到|回|进|入|出|过|往|向|朝|从|于|去|上|下|来到|走进|穿过|闯入|闯进|住|藏|躲|逃出|逃到|赶到|奔向|登上|爬上|坐|站|守|离开|经过|抵达|藏身|困|关|跑|走|飞|"
    r"游|落|掉|沿着?|隔着|满)"
)
_AFTER_ZH = r"(?:里|中|内|上|下|外|前|后|边|旁|口|门口|之中|深处|尽头|附近|角落|顶|底)"


#: “tells him that … was lost in the bog”, “like lichen on a rock”: not here
_ELSEWHERE_EN = re.compile(
    r"\b(?:says|said|tells?|told|claims|hears|heard|reports|writes|learns|remembers|explains|dreams)"
    r"(?: [\w']+){0,3} that .*|"
    r"\blike (?:(?:an?|the) )?[\w-]+(?: [\w-]+)? (?:on|in|at|under|of) (?:an?|the) [\w-]+",
    re.IGNORECASE,
)
_RIDES_HOME_EN = re.compile(r"\b(?:rides?|rode|sails?|gallops?|trudges?|limps?|flies|flew) home\b", re.IGNORECASE)
#: who looks into water is there, and a part of a place is there: “through the window of the library”
_OF_PART = re.compile(
    r"\b(?P<how>looks? (?:down )?into|in|on|at|through|into|onto|under|behind|against|beside|by|to|from) "
    r"(?:the|an?|his|her) (?:[\w-]+ )?"
    r"(?:windows?|doors?|floor|corners?|edge|walls?|back|middle|centre|heart|top|bottom|foot|front|ice|water|"
    r"reeds|shade|shadows?|snow|mud|dust|sand|heat|light|dark(?:ness)?|silence|stairs|bank|shore|smell|noise) "
    r"of (?=(?:the|an?|his|her|their) )",
    re.IGNORECASE,
)


def _name_whole(match: re.Match[str]) -> str:
    how = match.group("how")
    return f"{'at' if how.startswith('look') else how} "


def _bare(noun: str) -> str:
    """“tool-shed” is a shed."""
    plain = noun.casefold()
    return plain if plain in _EN else plain.rpartition("-")[2]


@cache
def _pattern_en() -> re.Pattern[str]:
    nouns = "|".join(re.escape(n) for n in sorted(_EN, key=len, reverse=True))
    return re.compile(
        rf"\b(?P<how>{_STATIC}|{_TOWARDS}|{_FROM})\s+(?P<det>{_DETERMINER})?(?P<words>(?:(?!(?:and|or|but|"
        rf"who|that|which|to|of|for|with|as|in|on|at|into|onto|from|through|by|under|over|behind|beside|near|"
        rf"the|an?|his|her|its|their|my|our|than)\b)[\w'’-]+\s+){{0,3}}?)(?P<noun>(?:[\w’']+-)?(?:{nouns}))(?![\w-])(?:\s+(?P<last>{nouns})(?![\w-]))?(?:\s+(?:{_PARTS_EN})\b)?",
        re.IGNORECASE,
    )


@cache
def _pattern_zh() -> re.Pattern[str]:
    words = sorted(_ZH, key=len, reverse=True)
    long, short = "|".join(w for w in words if len(w) > 1), "|".join(w for w in words if len(w) == 1)
    return re.compile(
        rf"(?P<long>{long})|(?<={_first_of(_BEFORE_ZH)})(?P<at>(?:[一二两三这那此]?[座条间家处片个栋]|"
        rf"[旧新老小大古破荒空深高])?(?:{short}){_AFTER_ZH}?)|(?P<short>(?:{short})){_AFTER_ZH}"
    )


def _first_of(pattern: str) -> str:
    """A look-behind has one length: the last signs of these words."""
    return "[" + "".join(sorted({w[-1] for w in pattern.strip("(?:)").replace("着?", "着|沿").split("|") if w})) + "]"


def find_places(text: str, language: str, names: Sequence[str] = ()) -> list[tuple[str, str]]:
    """(name, kind) of the places a text happens at, the surest first; `names` of people are none."""
    found = _find_zh(_plain(text, names)) if language == "zh" else _find_en(_plain(text, names))
    return _slug_line(text) or [(name, kind) for _, _, name, kind in sorted(found)]


def find_destination(text: str, language: str, names: Sequence[str] = ()) -> tuple[str, str] | None:
    """(name, kind) of the last place that a text goes to: there the story goes on. None where it goes nowhere."""
    plain = _plain(text, names)
    if language == "zh":
        going = [f for f in _find_zh(plain) if re.search(r"[到回进往入](?:[^，。；]{1,6}的)?$", plain[: f[1]])]
    else:
        going = [f for f in _find_en(plain) if f[0] == 1]
    return max(going, key=lambda f: f[1])[2:] if going else None


def _plain(text: str, names: Sequence[str]) -> str:
    """The text without people's names and the parts of them."""
    parts = (p for n in names for p in n.split() if len(p) > 2 and p[:1].isupper())
    return blank_out(text, [*names, *parts])


def is_slugged(text: str) -> bool:
    """Whether a text has a screenplay's slugline, which tells its place and its hour."""
    return bool(_slug_line(text))


def _slug_line(text: str) -> list[tuple[str, str]]:
    """The place of a screenplay's line: “INT. DINER - DAY”, 内景 船舱 夜."""
    match = re.search(r"\b(INT|EXT)\.?\s+([A-Z][A-Z0-9' ]+?)(?=\s*[-–—.\n]|$)", text)
    if match:
        name = f"the {match.group(2).strip().lower()}"
        return [(name, kind_of_name(name, "en") or ("inside" if match.group(1) == "INT" else "outside"))]
    match = re.search(r"([内外])景[\s：:·.-]*([^\s，。：:·-]{1,12})", text)
    if match:
        side = "inside" if match.group(1) == "内" else "outside"
        return [(match.group(2), kind_of_name(match.group(2), "zh") or side)]
    return []


#: words of the open air and of rooms, where no place is named
_OPEN_AIR = either(
    r"(?:雨|雪|风雪|雨幕)[中里](?!的)|(?:烈日|骄阳|星空|太阳底?)下|冒着?[大风]?雨|淋着?雨|顶着风雪|冒着?[风大]?雪|共[撑打]一把伞|撑着伞走|露天|扬帆|划船|树后|草丛|枯草里|骑马|骑着[^，。]{0,4}马",
    r"under the (?:\w+ )?(?:sun|stars|sky|open sky)|(?:out )?into the (?:snow|rain|storm|cold|open air|fog|sunshine)|"
    r"in (?:the |an? )?(?:\w+ )?(?:rain|snow|sleet|hail|hailstorm|storm|blizzard|fog|mist|open air)|"
    r"shares? (?:an|one|the same) umbrella|"
    r"(?:sails?|rows?|gallops?|rides?) (?:for|to|off|out|away|across|towards?)\b|outdoors|out of doors|in the open",
)
_ROOM = either(
    r"(?:在|躺|睡|坐|倒|死)(?:在|到)?[^，。]{0,3}(?:床|炕|榻|沙发|椅子?)上|床[前边头]|[书饭餐]桌[前边旁]|灶[前边台]|楼梯|推门进|壁炉",
    r"at (?:dinner|breakfast|supper|lunch|her desk|his desk|the piano)|(?:in|to|into|out of|on) (?:his |"
    r"her |the |their )?bed(?! of)|on the (?:sofa|couch|carpet|mantelpiece|sideboard)|"
    r"(?:the|up|down|on the) stairs|upstairs|downstairs|by the (?:fireplace|hearth|stove)|"
    r"(?:in|into|from) the (?:stove|"
    r"cupboard|wardrobe|drawer)|at the front door|indoors",
)
#: things of rooms that may stand in a garden as well: they tell where nothing else has
_ROOMLIKE = either(
    r"桌上|窗台|柜台|架子上|火炉边", r"on the (?:table|rug|shelf|windowsill|counter)|at (?:the )?table|by the fire"
)
#: what a place is called of which no more is told than that it is in or out of doors
PLAIN = {("zh", True): "室内", ("zh", False): "室外", ("en", True): "a room", ("en", False): "the open air"}


def find_side(text: str, language: str, *, known: bool = False) -> tuple[str, str] | None:
    """(name, kind) of a plain room or of the open air where a text tells one of them; None where it tells neither.
    `known`: where it goes on from is."""
    inside, outside = _ROOM.search(text), _OPEN_AIR.search(text)
    if not known and inside is None and outside is None:
        inside = _ROOMLIKE.search(text)
    if (inside is None) == (outside is None):
        return None
    return PLAIN[language, inside is not None], "inside" if inside else "outside"


def kind_of_name(name: str, language: str) -> str | None:
    """What kind of place a name alone speaks of: its last noun tells; None where that is no place (a watch)."""
    text = name.strip()
    if re.match(rf"(?:{'|'.join(_BESIDE)})\s", text, re.IGNORECASE):
        return "outside"
    if text.casefold() == "home":
        return "home"
    if re.search(r"[一-鿿]", text):
        bare = _NOT_PLACES_ZH.sub("", text)
        if re.search(rf"{_FRONT_ZH.pattern}$", bare) and bare not in _ZH:
            return "outside"
        if bare != text and len(bare) <= 1:
            return None
        own = (w for w in _words_of_length(bare) if len(w) > 1 or len(bare) > 1 or w == bare)
        return next((_ZH[w] for w in own), None) or (_HEADS_ZH.get(bare[-1:]) if len(bare) > 1 else None)
    head = re.split(
        r"\s+(?:of|in|on|at|by|near|from|under|beyond|above|with)\s+",
        re.sub(r"^(?:the|an?)\s+", "", text, flags=re.IGNORECASE),
    )[0].casefold()
    words = head.replace("’", "'").replace("-", " ").split()
    for length in (3, 2, 1):
        if len(words) >= length and (kind := _EN.get(" ".join(words[-length:]))):
            return kind
    return None


def _words_of_length(name: str) -> Iterator[str]:
    """The words of places that a Chinese name ends on, the longest first."""
    return (w for w in sorted(_ZH, key=len, reverse=True) if name.endswith(w))


#: how surely something is where a text happens (0 is surest), where the text tells it, name and kind
_Spot = tuple[int, int, str, str]


def _is_dark_place(match: re.Match[str]) -> bool:
    """“In the dark hollow” is a place, “in the dark” is none."""
    following = re.match(r"\s+([a-z]+)", match.string[match.end() :])
    return match.group().endswith("dark") and following is not None and following.group(1) in _EN


def _find_en(text: str) -> list[_Spot]:
    plain = _OF_PART.sub(_name_whole, _ELSEWHERE_EN.sub(lambda m: "▮" * len(m.group()), text))
    plain = _LOOKS_AT.sub(lambda m: m.group() if _is_dark_place(m) else "▮" * len(m.group()), plain)
    found: list[tuple[int, int, str, str]] = []
    for match in _pattern_en().finditer(plain):
        after = plain[match.end("last") if match.group("last") else match.end("noun") :]
        if _COMPOUND_EN.match(after):
            continue
        det, words, noun = (match.group(g) or "" for g in ("det", "words", "noun"))
        if last := match.group("last"):
            words, noun = f"{words}{noun} ", last
        how = match.group("how").casefold()
        rank = 0 if re.fullmatch(_STATIC, how) else 1 if re.fullmatch(_TOWARDS, how) else 2
        if (
            not det
            and noun.islower()
            and rank == 0
            and how in ("by", "on")
            and noun not in ("deck", "stage", "platform")
        ):
            continue
        kind = _EN[_bare(noun)]
        front = how if how in _BESIDE and books.sets().kinds[kind].inside else ""
        owner = det.strip() if det.strip()[-2:] in ("'s", "’s") else "the"
        name = " ".join(f"{front} {owner} {words}{noun}".split())
        found.append((rank, match.start(), name, "outside" if front else kind))
    if home := _HOME_EN.search(plain):
        found.append((2, home.start(), "home", "home"))
    if home := _RIDES_HOME_EN.search(plain):
        found.append((2, home.start(), "the way home", "outside"))
    if not found:
        for match in _PROPER_EN.finditer(plain):
            if not _NO_PROPER.match(match.group(1)) and "▮" not in match.group(1):
                side = find_side(text, "en", known=True)
                found.append((3, match.start(), match.group(1), side[1] if side else "outside"))
    return found


#: the last sign of what a place is called: 冷宫, 文化馆, 白虎岭
_HEADS_ZH = {
    **dict.fromkeys("宫殿", "palace"),
    **dict.fromkeys("寺庙庵", "temple"),
    **dict.fromkeys("馆厅房室阁斋舍库厂楼塔", "inside"),
    **dict.fromkeys("岭峰谷坡冈岗", "mountain"),
    **dict.fromkeys("亭园滩洲湾镇城寨营井", "outside"),
}
_COMPOUND_ZH = re.compile(
    rf"(?:(?<!现)(?<!正)(?<!实)在|[到回进往入]|来到|走进|离开|从)(?:[^，。；▮]{{1,6}}的)?(?P<name>[^，。；▮的了着过在到回进往从把和与]{{1,4}}[{''.join(_HEADS_ZH)}])"
    r"(?![一-鿿]{0,1}(?:人|女|主|子|客|员|长|友|东|租|价|间话))(?![顶梯道群])"
)
#: where a thing is, not who does it: 棒打折在枯树上
_OF_THINGS_ZH = re.compile(r"(?:挂|插|贴|写|刻|砍|折|断|打|钉|拴|系|放|摆|撞)在[^，。；]{0,3}$")


def _find_zh(text: str) -> list[_Spot]:
    plain = _NOT_PLACES_ZH.sub(lambda m: "▮" * len(m.group()), text)
    found = []
    for match in _COMPOUND_ZH.finditer(plain):
        name = match.group("name")
        if name not in _ZH:
            kitchen = re.search(r"[厨膳灶]房$", name)
            found.append((0, match.start("name"), name, "kitchen" if kitchen else _HEADS_ZH[name[-1]]))
    for match in _pattern_zh().finditer(plain):
        word = match.group("long") or match.group("at") or match.group("short")
        if _OF_THINGS_ZH.search(plain[: match.start()]) or any(
            at <= match.start() < at + len(n) for _, at, n, _ in found if len(n) > len(word)
        ):
            continue
        kind = next(_ZH[w] for w in _words_in(word))
        rest = plain[match.end() :]
        later = _pattern_zh().search(plain, match.end())
        # 公寓楼顶的天台: the last of a chain
        if later is not None and re.fullmatch(r"|的[^，。；]{0,4}", plain[match.end() : later.start()]):
            continue
        told = match.group() if not match.group("long") else word
        front = _FRONT_ZH.match(rest) if match.group("long") and books.sets().kinds[kind].inside else None
        if front:
            told, kind = f"{word}{front.group()}", "outside"
        sure = (
            match.group("long") is None
            or re.search(rf"{_BEFORE_ZH}(?:了|着|过)?(?:[^，。；]{{0,6}}的)?$", plain[: match.start()])
            or re.match(_AFTER_ZH, rest)
        )
        # 守灯塔的老人: it tells who, not where
        who = re.match(r"的[^，。；]{0,4}(?:人|女|男|孩|师|员|客|狗|猫|匠|夫|兵)", rest)
        found.append((2 if who else 0 if sure else 1, match.start(), told, kind))
    return found


def _words_in(text: str) -> Iterator[str]:
    return (w for w in sorted(_ZH, key=len, reverse=True) if w in text)
