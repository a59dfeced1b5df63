"""Readings of what is written with digits: dates, times, money, measures, telephone numbers.

Each rule is a pattern and a reader; a reader may look at the text around the match and return
None to let the next rule try. Patterns are tried in the order of `RULES`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.text.numbers import PHONE_DIGITS, cardinal, decimal, digit_by_digit

Reader = Callable[[re.Match[str]], str | None]

NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
TO = r"\s?[-–—~～]{1,2}\s?"
_TIME = r"(\d{1,2})[:：]([0-5]\d)(?:[:：]([0-5]\d))?"

UNITS = {
    "km": "公里", "m": "米", "dm": "分米", "cm": "厘米", "mm": "毫米", "μm": "微米", "um": "微米",
    "nm": "纳米", "㎞": "公里", "㎝": "厘米", "㎜": "毫米",
    "kg": "千克", "Kg": "千克", "KG": "千克", "g": "克", "mg": "毫克", "μg": "微克", "t": "吨",
    "㎏": "千克", "㎎": "毫克",
    "L": "升", "ml": "毫升", "mL": "毫升", "ML": "毫升", "dL": "分升", "㎖": "毫升",
    "m²": "平方米", "m2": "平方米", "㎡": "平方米", "km²": "平方公里", "km2": "平方公里",
    "cm²": "平方厘米", "cm2": "平方厘米", "mm²": "平方毫米", "hm²": "公顷", "ha": "公顷",
    "m³": "立方米", "m3": "立方米", "㎥": "立方米", "cm³": "立方厘米", "cm3": "立方厘米",
    "km/h": "公里每小时", "m/s": "米每秒", "m/s²": "米每二次方秒", "kg/m³": "千克每立方米",
    "g/cm³": "克每立方厘米",
    "mg/m³": "毫克每立方米", "μg/m³": "微克每立方米",
    "g/L": "克每升", "mg/L": "毫克每升", "mmol/L": "毫摩尔每升",
    "℃": "摄氏度", "°C": "摄氏度", "℉": "华氏度", "°F": "华氏度", "°": "度", "º": "度",
    "ms": "毫秒", "s": "秒", "min": "分钟", "h": "小时",
    "Hz": "赫兹", "kHz": "千赫", "KHz": "千赫", "MHz": "兆赫", "GHz": "吉赫",
    "W": "瓦", "kW": "千瓦", "KW": "千瓦", "MW": "兆瓦", "kWh": "千瓦时", "V": "伏", "kV": "千伏",
    "mA": "毫安", "mAh": "毫安时", "Ω": "欧", "kΩ": "千欧",
    "dB": "分贝", "Pa": "帕", "kPa": "千帕", "MPa": "兆帕", "hPa": "百帕", "mmHg": "毫米汞柱",
    "N": "牛", "J": "焦", "kJ": "千焦", "cal": "卡", "kcal": "千卡", "rpm": "转每分钟",
    "px": "像素", "dpi": "点每英寸", "fps": "帧每秒", "bps": "比特每秒", "kbps": "千比特每秒",
    "Mbps": "兆比特每秒", "Gbps": "吉比特每秒", "mol": "摩尔", "w": "万",
}  # fmt: skip

CURRENCIES = {
    "US$": "美元", "HK$": "港元", "NT$": "新台币", "A$": "澳元", "C$": "加元", "S$": "新加坡元",
    "$": "美元", "CN¥": "元", "JP¥": "日元", "¥": "元", "￥": "元", "€": "欧元", "£": "英镑",
    "₩": "韩元", "₽": "卢布", "₹": "卢比", "฿": "泰铢", "₫": "越南盾", "₿": "比特币",
    "RMB": "元", "CNY": "元", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "JPY": "日元",
    "HKD": "港元", "KRW": "韩元", "AUD": "澳元", "CAD": "加元",
}  # fmt: skip
_MULTIPLIERS = {"K": "千", "k": "千", "M": "百万", "B": "十亿"}

# 2 is 两 before these; 二 before the rest (二月, 二楼, 二号, 二级).
_MEASURES = frozenset(
    "个位只条张本件次天年人周分秒元块角毛米公千厘斤克吨升种家名台辆架部座栋间套双对杯瓶碗盘顿场"
    "届轮项篇首句段倍成岁口头匹棵朵片把支枝根颗粒滴份批群队组类样点万亿辈道节门国省市县村所小"
    "星礼里亩平立晚夜遍趟回下番伙具副幅封幢艘列排串束桶箱包袋盒罐壶勺手脚眼声边侧端旁岸者"
)

_SCORE = re.compile(r"(比分|以|[胜败负平]|领先|落后|大胜|击败)[^,，。!！?？;；]{0,6}$")
_SCORE_AFTER = re.compile(r"\s?(战?[胜平]|大?[胜败负]|击败|不敌|领先|落后|逆转|完胜|险胜)")
_CALL = re.compile(r"(电话|热线|拨打|致电|手机|报警|客服|急救|来电|呼叫)[^\d。，,]{0,4}$")
_SERIAL = re.compile(
    r"(号码|编号|证号|账号|帐号|卡号|单号|学号|工号|密码|验证码|口令|邮编|QQ|尾号|代码|车牌|房号|序列号"
    r"|ID|微信)[^\d。，,]{0,3}$"
)
_BELOW_ZERO = re.compile(r"\s?(℃|°C|摄氏度|度|℉|°F)")


def before(match: re.Match[str]) -> str:
    """The character in front of the match, or nothing."""
    return match.string[match.start() - 1 : match.start()]


def after(match: re.Match[str], length: int = 1) -> str:
    """The characters behind the match."""
    return match.string[match.end() : match.end() + length]


def number(written: str, following: str) -> str:
    """A plain number, knowing what follows it: 2个 is 两个."""
    if written == "2" and following[:1] in _MEASURES and following[:1]:
        return "两"
    whole = written.replace(",", "").partition(".")[0]
    if len(whole) > 1 and whole.startswith("0") and "." not in written:
        return digit_by_digit(written)
    return decimal(written.replace(",", ""))


def _money(written: str) -> str:
    plain = written.replace(",", "")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return plain


def _date(match: re.Match[str]) -> str | None:
    year, month, day = match[1], int(match[2]), int(match[3])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{digit_by_digit(year)}年{cardinal(str(month))}月{cardinal(str(day))}日"


def _month(match: re.Match[str]) -> str:
    return f"{digit_by_digit(match[1])}年{cardinal(str(int(match[2])))}月"


def _year_range(match: re.Match[str]) -> str:
    return f"{digit_by_digit(match[1])}到{digit_by_digit(match[2])}"


def _year(match: re.Match[str]) -> str | None:
    if match[1].endswith("000") and match[1] != "2000":
        return None  # 1000年: a span, not a date
    return digit_by_digit(match[1])


def _short_year(match: re.Match[str]) -> str | None:
    year = match[1]
    span = re.match(r"[前后来间内里以之]|历史|时间|的", match.string[match.end() + 1 :])
    if year.startswith("0") or (int(year) >= 60 and year[1] != "0" and not span):
        return digit_by_digit(year)
    return None


def _clock(hour: str, minute: str, second: str | None) -> str | None:
    if int(hour) > 24:
        return None
    said = "两" if int(hour) == 2 else cardinal(hour)
    text = f"{said}点"
    if int(minute) or second:
        text += ("零" if 0 < int(minute) < 10 else "") + cardinal(minute) + "分"
    if second:
        text += ("零" if 0 < int(second) < 10 else "") + cardinal(second) + "秒"
    return text


def _is_score(match: re.Match[str]) -> bool:
    start = max(0, match.start() - 12)
    return bool(
        _SCORE.search(match.string[start : match.start()])
        or _SCORE_AFTER.match(match.string, match.end())
    )


def _time(match: re.Match[str]) -> str | None:
    if match[3] is None and _is_score(match):
        return None
    return _clock(match[1], match[2], match[3])


def _time_range(match: re.Match[str]) -> str | None:
    first, last = _clock(*match.group(1, 2, 3)), _clock(*match.group(4, 5, 6))
    return f"{first}到{last}" if first and last else None


def _ratio(match: re.Match[str]) -> str:
    return "比".join(decimal(part.replace(",", "")) for part in match.group(1, 2))


def _percent(match: re.Match[str]) -> str:
    sign = "负" if match[1] else ""
    base = "百分之" if match[4] in "%％" else "千分之"
    values = [sign + base + decimal(match[2].replace(",", ""))]
    if match[3]:
        values.append(base + decimal(match[3].replace(",", "")))
    return "到".join(values)


def _currency(match: re.Match[str]) -> str:
    amounts = [_money(amount) for amount in match.group(2, 3) if amount]
    multiplier = _MULTIPLIERS.get(match[4], match[4]) or ""
    following = multiplier or CURRENCIES[match[1]]
    return "到".join(number(a, following) for a in amounts) + multiplier + CURRENCIES[match[1]]


def _currency_behind(match: re.Match[str]) -> str:
    following = match[2] or CURRENCIES[match[3]]
    return number(_money(match[1]), following) + match[2] + CURRENCIES[match[3]]


def _measured(match: re.Match[str]) -> str:
    sign, first, last, unit = match.groups()
    name = UNITS[unit]
    lead = ("零下" if name.endswith(("摄氏度", "华氏度")) else "负") if sign else ""
    spoken = "两" if first == "2" else number(first, name)
    if not last:
        return lead + spoken + name
    return f"{lead}{spoken}到{'两' if last == '2' else number(last, name)}{name}"


def _telephone(match: re.Match[str]) -> str:
    spoken = re.sub(r"[-\s()]+", "，", match[0].replace("+", "加")).strip("，")
    return digit_by_digit(spoken, PHONE_DIGITS)


def _serial(match: re.Match[str]) -> str | None:
    """Digits that name something: after a word that says so, or too long for a quantity."""
    in_front = match.string[max(0, match.start() - 14) : match.start()]
    if _CALL.search(in_front) and len(match[0]) >= 3:
        return digit_by_digit(match[0], PHONE_DIGITS)
    if (_SERIAL.search(in_front) and len(match[0]) >= 3) or len(match[0]) >= 12:
        return digit_by_digit(match[0])
    return None


def _dashed(match: re.Match[str]) -> str:
    return "杠".join(digit_by_digit(group) for group in match[0].split("-"))


def _range(match: re.Match[str]) -> str | None:
    first, last = match[1], match[2]
    if any(len(part) > 1 and part[0] == "0" and "." not in part for part in (first, last)):
        return None
    if _is_score(match):
        return f"{decimal(first)}比{decimal(last)}"
    following = after(match, 2)
    return f"{number(first, '')}到{number(last, following)}"


def _fraction(match: re.Match[str]) -> str:
    whole = f"{cardinal(match[1])}又" if match[1] else ""
    return f"{whole}{cardinal(match[3])}分之{cardinal(match[2])}"


def _model_number(match: re.Match[str]) -> str:
    """Digits behind Latin letters: A4, GPT-4, H7N9, A380, v1.2.3."""
    return _version_groups(match[1])


def _version_groups(written: str) -> str:
    groups = written.split(".")
    if len(groups) == 2 and len(groups[0]) <= 2:
        return decimal(written)
    return "点".join(
        cardinal(group) if len(group) <= 2 and not group.startswith("0") else digit_by_digit(group)
        for group in groups
    )


def _version(match: re.Match[str]) -> str:
    return _version_groups(match[0])


def _negative(match: re.Match[str]) -> str | None:
    previous = before(match)
    if previous.isascii() and previous.isalnum():
        return None
    if "\u4e00" <= previous <= "\u9fff" and previous not in "是为到至约达于在等得值温度低降":
        return None
    spoken = decimal(match[1].replace(",", ""))
    return ("零下" if _BELOW_ZERO.match(match.string, match.end()) else "负") + spoken


def _plain(match: re.Match[str]) -> str:
    if before(match) == "第":
        return decimal(match[0].replace(",", ""))
    return number(match[0], after(match, 2))


def _longest_first(names: dict[str, str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


_UNIT = rf"(?:{_longest_first(UNITS)})"
_CURRENCY = rf"(?:{_longest_first(CURRENCIES)})"
_BIG = r"[百千]?[万亿]{0,2}"

RULES: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        # telephone numbers and other names made of digits
        (r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)", _telephone),
        (r"(?:\(0\d{2,3}\)\s?|0\d{2,3}[- ])(?:\d{7,8}|\d{3,4}[- ]\d{4})(?:-\d{1,5})?(?!\d)",
         _telephone),
        (r"[48]00[- ]?\d{3}[- ]\d{4}(?!\d)|[48]00-\d{7}(?!\d)", _telephone),
        (r"\d{17}[\dXx](?![\dA-Za-z])", lambda match: digit_by_digit(match[0])),
        # dates and times
        (r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?![\d.])日?", _date),
        (r"([12]\d{3})-(0[1-9]|1[0-2])(?![-\d年])", _month),
        (rf"([12]\d{{3}}){TO}([12]\d{{3}})(?=[年届级款]|学年|赛季|财年)", _year_range),
        (r"([12]\d{3})(?=年(?!历史|的历史|之久|前的))", _year),
        (r"((?:19|20)\d{2})(?=[届级款版春夏秋冬]|学年|赛季|财年|奥运|世界杯|亚运|欧洲杯|新年)",
         _year),
        (r"(?<!\d)(\d{2})(?=年(?!代))", _short_year),
        (r"(00|[5-9][05])(?=后(?![^，。的们一]?[年天]))", lambda match: digit_by_digit(match[1])),
        (rf"{_TIME}{TO}{_TIME}(?![\d:：])", _time_range),
        (rf"{_TIME}(?![\d:：])", _time),
        (rf"({NUMBER})\s?[:：]\s?({NUMBER})(?![:：]\d)", _ratio),
        # quantities
        (rf"(-)?({NUMBER})[%％]?(?:{TO}({NUMBER}))?([%％‰])", _percent),
        (rf"({_CURRENCY})\s?({NUMBER})(?:{TO}{_CURRENCY}?({NUMBER}))?([KMBk](?![A-Za-z])|{_BIG})元?",
         _currency),
        (rf"({NUMBER})\s?({_BIG})\s?({_CURRENCY})(?![\dA-Za-z])", _currency_behind),
        (rf"(?<![A-Za-z\d])(-)?({NUMBER})(?:{TO}({NUMBER}))?\s?({_UNIT})(?![A-Za-z\d])", _measured),
        (r"(?:(\d+)\s)?(\d{1,4})/([1-9]\d{0,3})(?![\d/])", _fraction),
        (r"(?:N[Oo]\.|№)\s?(\d+)", lambda match: f"第{cardinal(match[1])}"),
        (r"(\d+)(?:st|nd|rd|th)(?![A-Za-z])", lambda match: f"第{cardinal(match[1])}"),
        (rf"(?<![A-Za-z\d])({NUMBER})\s?[xX×*✕]\s?(\d+)(?![A-Za-z\d])",
         lambda match: "乘".join(decimal(n.replace(",", "")) for n in match.group(1, 2))),
        # names with digits in them
        (r"(?<=[A-Za-z])-?(\d+(?:\.\d+)*)", _model_number),
        (r"(\d{1,2})·(\d{1,2})(?!\d)", lambda match: digit_by_digit(match[1] + match[2])),
        (r"\d+(?:\.\d+){2,}", _version),
        (r"(\d{3,4})(?=室|号房|房间|次列车|次航班|航班|号楼|路公交|路车|[pP](?![A-Za-z]))",
         lambda match: digit_by_digit(match[1])),
        (r"\d+(?:-\d+){2,}", _dashed),
        (r"\d{3,}(?![\d.,])", _serial),
        # plain numbers
        (rf"(?<!\d)({NUMBER}){TO}({NUMBER})(?![-\d])", _range),
        (rf"-({NUMBER})", _negative),
        (r"(?<!\d)\.\d+", lambda match: decimal("0" + match[0])),
        (NUMBER, _plain),
    )
)  # fmt: skip
