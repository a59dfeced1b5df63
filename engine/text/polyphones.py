"""Characters of several readings, settled by the words and the text around them.

What decides is grammar where there is any (得 behind a verb, 场 of a rain or of a match), and else
what a verb is done to (量 of the blood pressure). Where nothing decides the dictionary's reading
stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

NEAR = 16  # characters: as far as what decides may be

_COUNT = "零一二两三四五六七八九十百千万亿几数半"
_COUNTED = re.compile(rf"[{_COUNT}这那每哪]$")
_SHOW = re.compile(
    r"[^雨雪风]?(赛|比赛|决赛|电影|球|演|戏|表演|考试|讲座|音乐|展|晚会|直播|选拔|马拉松)"
)
_NATURE = re.compile(
    r"[大暴]?([雨雪病梦仗灾]|风(?![采格景])|火(?![爆热拼]))|战争|地震|官司|革命|风波|瘟疫|浩劫|噩梦"
)
_PRONOUNS = frozenset("我你您他她它咱俺") | {"我们", "你们", "他们", "她们", "咱们", "大家"}
_OUGHT = frozenset("还也都总就非可又必") | {
    "今天", "明天", "后天", "现在", "今晚", "明早", "早上", "晚上", "上午", "下午", "周末",
    "一定", "肯定", "恐怕", "估计", "大概", "至少", "起码",
}  # fmt: skip
# 得 behind these is to get, and no particle.
_GETTING = frozenset(
    "获取求赢难心应博夺换骗习购拾所未不须非总只落乐分争挣赚捕摘独揽射砍轰拔占抢录查测讨自两安岂何"
    "贪一既必可竞彼遇觉记值显懒省免晓使舍"
)
_FAR_OR_NEAR = frozenset("听看做办吃买拿找赶够碰摸见闻")  # 听得到: can be heard
# 地 is de behind a manner (慢慢地走) and di4 behind these, or beside a boundary.
_GROUND_BEHIND = frozenset("这那该此各当某外内本两异每哪块片就实产基驻属在")
_GROUND_BEFORE = frozenset("的上里下处中内面盘是有和与及为则区价")
_BELONGING = re.compile(r"(把.{1,8}|眼镜|护照|手机|钥匙|伞|包|行李|身份证|帽子|作业)[都又给全]?$")
_WET = re.compile(r"颜料|油漆|墨|胶水|衣服|头发|井|河|湖|泪|血迹|水泥|汗")
_BEHIND_BACK = re.compile(r"[我你他她它人父母妈爸妻手]|家人|老婆|老师|老板|丈夫|大家")


@dataclass(frozen=True)
class Place:
    """Where a word stands in a run of hanzi.

    Attributes:
        before, word, after: the word and its neighbours, "" beyond the run.
        left, right: up to `NEAR` characters before and behind it.
    """

    before: str
    word: str
    after: str
    left: str
    right: str


Rule = Callable[[Place], str | None]


def places(words: Sequence[str]) -> Iterator[Place]:
    """Where each of the words of a run stands."""
    run, start = "".join(words), 0
    for before, word, after in zip(["", *words[:-1]], words, [*words[1:], ""], strict=True):
        end = start + len(word)
        yield Place(before, word, after, run[max(0, start - NEAR) : start], run[end : end + NEAR])
        start = end


def settled(place: Place) -> tuple[int, str] | None:
    """The reading that its place gives one character of a word.

    Returns:
        The character's index and its pinyin, or None where the dictionary's stands.
    """
    word = place.word
    if len(word) == 1:
        found = _SINGLE[word](place) if word in _SINGLE else None
        return (0, found) if found else None
    for pattern, index, rule in _IN_WORDS:
        if pattern.fullmatch(word) and (found := rule(place)):
            return index % len(word), found
    return None


def _de(place: Place) -> str:
    before, after = place.before, place.after
    if re.match(r"了|到|过|分(?![秒外明不毫])|奖|票|知|失", after):
        return "de2"
    return "dei3" if after and (not before or before in _PRONOUNS | _OUGHT) else "de5"


def _ground(place: Place) -> str:
    return "de5" if _is_manner(place.before, place.after) else "di4"


def _is_manner(before: str, after: str) -> bool:
    if not before or not after:
        return False
    if before == "成片":
        return True
    if before in _GROUND_BEHIND or before[-1] in "宗块片" or after[0] in _GROUND_BEFORE:
        return False
    return len(before) > 1 or before in tuple("猛狠慢快静轻暗恨怒急稳早远")


def _zhe(place: Place) -> str | None:
    if not place.before:
        return None
    if place.before[-1] in "不得" or (place.before == "就" and not place.right):
        return "zhao2"  # 睡不着, 一点就着
    return "zhuo2" if place.right == "地" else "zhe5"


def _field(place: Place) -> str | None:
    """场 of what nature or people do to each other (chang2), or of what one watches (chang3)."""
    counted = place.word[:-1] or place.before
    if not _COUNTED.search(counted):
        return None
    if _SHOW.match(place.after):
        return "chang3"
    if _NATURE.match(place.right) or len(place.word) == 1:
        return "chang2"
    return None


def _back(place: Place) -> str | None:
    """还 as to give back: 明天还, 还我, 还回来的书."""
    if place.after[:1] in tuple("钱款债贷账清书给本"):
        return "huan2"
    is_last = not place.right or place.right in _PRONOUNS
    return "huan2" if place.before and (is_last or place.right.startswith("回来的")) else None


def _long(place: Place) -> str | None:
    if place.after[:1] in tuple("大高出胖满成得了着"):
        return None
    if place.after[:1] in tuple("信假袍裙裤椅凳桥河龙队廊街夜梯绳线"):
        return "chang2"
    before = place.before
    measured = before[-1:] in tuple("米里全总很太不多更最较挺够真么又样")
    return "chang2" if measured or _COUNTED.search(before) else None


def _dry(place: Place) -> str | None:
    if re.match(r"[透燥涸瘪枯]", place.right):
        return "gan1"
    is_state = place.right[:1] in ("", "了", "呢")
    return "gan1" if is_state and _WET.search(place.left) else None


def _turn(place: Place) -> str | None:
    turns = rf"着|个不停|不停|不动|来转去|圈|了?[{_COUNT}好]+[圈周]"
    alone = not place.right and place.before in tuple("能不会在还乱直")
    return "zhuan4" if alone or re.match(turns, place.right) else None


def _tune(place: Place) -> str | None:
    adjusts = re.match(r"[了一]?调|[低高好小大快慢]|一下", place.right)
    return "tiao2" if adjusts or re.search(r"调[一了]$", place.left) else None


def _can_be_sensed(place: Place) -> str | None:
    return "de5" if place.before in _FAR_OR_NEAR else None


def _plant(place: Place) -> str | None:
    if _COUNTED.search(place.before) or place.before[-1:] in tuple("各某此何多有品"):
        return None
    if place.right == "的" and place.before in ("时候", "自己", "亲手", "家里"):
        return "zhong4"
    return "zhong4" if re.match(r"[着下满上了在树菜花地田草粮瓜豆]", place.right) else None


def _sleep(place: Place) -> str | None:
    return "jiao4" if re.search(r"睡.{0,2}$", place.left) else None


def _left_behind(place: Place) -> str | None:
    at_a_place = (place.word[1:] + place.right)[:1] == "在"
    return "la4" if at_a_place and _BELONGING.search(place.left) else None


def _when(
    reading: str, right: str = "", *, left: str = "", unless: str = "", not_behind: str = ""
) -> Rule:
    """A rule on the text around a character: what must begin behind it and end before it.

    Args:
        reading: pinyin, where all of these hold.
        right: a pattern that the text behind begins with.
        left: a pattern that the text before ends with.
        unless: a pattern that the text behind does not begin with.
        not_behind: characters of which none stands right before.
    """

    def rule(place: Place) -> str | None:
        fits = (
            re.match(right, place.right)
            and (not left or re.search(f"(?:{left})$", place.left))
            and not (unless and re.match(unless, place.right))
            and (not place.left or place.left[-1] not in not_behind)
        )
        return reading if fits else None

    return rule


_ASIDE = "跪停坐留躺蹲放趴拿沉静冷慢"  # 跪下来
_FELL = "推摔绊打吹砸压撞病晕累醉滑击扳扑栽跪卧"

_SINGLE: dict[str, Rule] = {
    "得": _de,
    "地": _ground,
    "着": _zhe,
    "场": _field,
    "还": _back,
    "长": _long,
    "干": _dry,
    "转": _turn,
    "种": _plant,
    "觉": _sleep,
    "落": _left_behind,
    "只": lambda place: "zhi1" if _COUNTED.search(place.before) else None,
    "了": lambda place: "liao3" if place.before[-1:] == "不" and len(place.before) > 1 else None,
    "为": _when("wei2", left="[成分作均被称视定设改变认译沦约皆名]"),
    "量": _when("liang2", "[了一]?量|血压|体温|身高|腰围|尺寸|了?一下"),
    "调": _tune,
    "背": _when("bei1", "着|起|不动", unless="着(?:" + _BEHIND_BACK.pattern + ")"),
    "铺": _when("pu1", "[着满开上了在成好床路]"),
    "切": _when("qie1", unless="不可|[莫勿忌记要]"),
    "剥": _when("bao1", unless="[夺削离落]"),
    "刨": _when("bao4", left="木匠.*|木头|木板"),
    "重": _when(
        "chong2", "来(?![历自源说])|[做写拍学读唱走建录考算]", not_behind="很太最更较斤吨克"
    ),
    "教": _when("jiao1", not_behind="佛道信入传主宗督"),
    "尽": _when("jin4", "$|[的了]", left="."),
    "数": _when("shu3", "到|着|了|数|一数|不[清完]|钱|得清"),
    "弹": _when("tan2", unless="[药头壳孔]", not_behind="炸导子中"),
    "中": _when("zhong4", "了", left="[我你他她它们也又都就被没砸打射击猜选抽买摸刺押]"),
    "缝": _when("feng2", "[一了着补好上衣被制得]", not_behind="条道丝个石门裂墙指"),
    "倒": _when("dao3", left=f"[{_FELL}]"),
    "来": _when("lai5", left=f".[进出]|[{_ASIDE}]下"),
    "去": _when("qu5", left=f".[进出]|[{_ASIDE}]下"),
    "哇": lambda place: None if place.left or place.right else "wa1",  # Wow!
    "啊": lambda place: None if place.left or place.right else "a4",
    "哦": lambda place: None if place.left or place.right else "o4",
}

# Words whose reading the phrase dictionary gives character by character: pattern, index, rule.
_IN_WORDS: tuple[tuple[re.Pattern[str], int, Rule], ...] = (
    (re.compile(rf".*[^{''.join(_GETTING)}]得"), -1, _when("de5")),
    (re.compile("怪不得"), -1, _when("de5")),
    (re.compile("得到"), 0, _can_be_sensed),
    (re.compile(".+[不得]着"), -1, _when("zhao2")),
    (re.compile(rf"[{_COUNT}这那每]+场"), -1, _field),
    (re.compile(f"[{_FELL}]倒"), -1, _when("dao3")),
    (re.compile("[吹晒晾烘擦烤风拧熬榨沥阴]干"), -1, _when("gan1")),
    (re.compile(".尽"), -1, _when("jin4")),
    (re.compile("调[低高快慢直亮暗大小好匀]"), 0, _when("tiao2")),
    (re.compile("[不能会]转"), -1, _when("zhuan4", "$|了?$|了[上下里]")),
    (re.compile("切[了着过成开下掉断片好丝块菜肉瓜葱姜蒜面]"), 0, _when("qie1")),
    (re.compile("背着"), 0, _when("bei1", unless=_BEHIND_BACK.pattern)),
    (re.compile("铺[满着开上成好在了]"), 0, _when("pu1")),
    (re.compile(".铺"), -1, _when("pu1", "[着满]")),
    (re.compile("落在"), 0, _left_behind),
    (re.compile("只[^不会能是有要好得怕管顾可因当须此求在].?"), 0, _when("zhi1", left="[这那]")),
)
