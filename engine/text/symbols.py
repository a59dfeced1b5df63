"""Readings of what is neither hanzi, digit nor Latin word: punctuation, signs, addresses."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from engine.text.numbers import cardinal, digit_by_digit
from engine.text.quantities import Reader, after, before

# The marks of normalised text. What is not among them is rewritten or read.
MARKS = '，、。！？：；…—“”（）《》·"'

_PUNCTUATION = {
    ",": "，", "､": "、", "﹐": "，", ".": "。", "．": "。", "｡": "。", "!": "！", "?": "？",
    ":": "：", ";": "；", "︰": "：",
    "‘": "“", "’": "”", "「": "“", "」": "”", "『": "“", "』": "”", "【": "“", "】": "”",
    "〖": "“", "〗": "”", "«": "《", "»": "》", "〈": "《", "〉": "》",
    "(": "（", ")": "）", "[": "（", "]": "）", "{": "（", "}": "）", "〔": "（", "〕": "）",
    "［": "（", "］": "）", "｛": "（", "｝": "）",
    "'": '"', "＂": '"', "`": '"', "•": "·", "・": "·", "‧": "·", "∙": "·",
    "–": "—", "―": "—", "─": "—", "⋯": "…", "‥": "…",
    "|": "、", "/": "、", "\\": "、", "｜": "、",
}  # fmt: skip

_SIGNS = {
    "+": "加", "＋": "加", "×": "乘", "✕": "乘", "÷": "除以", "=": "等于", "≈": "约等于",
    "≠": "不等于", "<": "小于", ">": "大于", "≤": "小于等于", "≥": "大于等于", "±": "正负",
    "√": "根号", "∞": "无穷大", "%": "百分号", "‰": "千分号", "°": "度", "℃": "摄氏度",
    "℉": "华氏度", "@": "艾特", "&": "和", "¥": "元", "￥": "元", "$": "美元", "€": "欧元",
    "£": "英镑", "№": "编号", "π": "派", "∑": "求和", "∫": "积分", "≡": "恒等于", "∈": "属于",
    "㎡": "平方米", "㎏": "千克", "㎞": "公里", "㎝": "厘米", "㎜": "毫米",
}  # fmt: skip
_GREEK = {
    "α": "阿尔法", "β": "贝塔", "γ": "伽马", "δ": "德尔塔", "ε": "艾普西隆", "ζ": "泽塔",
    "η": "伊塔", "θ": "西塔", "ι": "约塔", "κ": "卡帕", "λ": "兰姆达", "μ": "缪", "ν": "纽",
    "ξ": "克西", "ο": "奥密克戎", "ρ": "柔", "σ": "西格马", "ς": "西格马", "τ": "陶",
    "υ": "宇普西隆", "φ": "斐", "χ": "希", "ψ": "普西", "ω": "欧米伽",
}  # fmt: skip
_ADDRESS_SIGNS = {
    ".": "点", "/": "斜杠", "-": "杠", "_": "下划线", "?": "问号", "&": "和", "=": "等于",
    "@": "艾特", ":": "冒号", "#": "井号", "%": "百分号", "+": "加", "~": "波浪线",
}  # fmt: skip
_ADDRESS_PART = re.compile(r"[A-Za-z]+|\d+|.")
_NOT_OPENING = "，、。！？：；…—（《“"


def _address(match: re.Match[str]) -> str:
    """A web or mail address, sign by sign; letters stay words."""
    parts = []
    for part in _ADDRESS_PART.findall(match[0]):
        if part.isdigit():
            parts.append(digit_by_digit(part))
        else:
            parts.append(_ADDRESS_SIGNS.get(part, part))
    return " ".join(parts)


def _initials(match: re.Match[str]) -> str:
    return match[0].replace(".", "").upper()


def _punctuation(match: re.Match[str]) -> str:
    mark = match[0][0]
    if len(match[0]) > 1 and mark in ".。．":
        return "…"
    return _PUNCTUATION.get(mark, mark)


def _dash(match: re.Match[str]) -> str:
    if len(match[0]) == 1 and before(match).isascii() and after(match).isascii():
        return " "  # Wi-Fi, e-mail
    return "—"


def _sign(match: re.Match[str]) -> str:
    if match[0] == "&" and before(match).strip().isascii() and after(match).strip().isascii():
        return " and "
    return _SIGNS[match[0]]


def _numeric_character(match: re.Match[str]) -> str | None:
    """①, Ⅳ, ㊅, ½: characters that are numbers by themselves."""
    value = unicodedata.numeric(match[0], -1.0)
    if value < 0:
        return None
    fraction = Fraction(value).limit_denominator(100)
    if fraction.denominator == 1:
        return cardinal(str(fraction.numerator))
    return f"{cardinal(str(fraction.denominator))}分之{cardinal(str(fraction.numerator))}"


def _power(match: re.Match[str]) -> str | None:
    if not before(match).isalnum():
        return None
    return {"2": "的平方", "²": "的平方", "3": "的立方", "³": "的立方"}[match[0][-1]]


def _greek(match: re.Match[str]) -> str:
    return _GREEK[match[0].lower()]


def _class(characters: str) -> str:
    return "[" + re.escape(characters) + "]"


_PUNCTUATION_RUN = "|".join(
    f"{re.escape(mark)}+" for mark in dict.fromkeys([*_PUNCTUATION, *MARKS])
)

RULES_BEFORE_NUMBERS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", _address),
        (
            r"(?:www\.|(?<=://))[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::\d+)?"
            r"(?:[/?#][A-Za-z0-9._~/?#&=%+-]*[A-Za-z0-9/])?",
            _address,
        ),
        (
            r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:com|cn|net|org|io|edu|gov|ai|dev)"
            r"(?![A-Za-z0-9])(?:/[A-Za-z0-9._~/?#&=%+-]*[A-Za-z0-9/])?",
            _address,
        ),
        (r"(?<![A-Za-z])(?:[A-Za-z]\.){2,}(?:[A-Za-z](?![A-Za-z]))?", _initials),
    )
)

RULES_AFTER_NUMBERS: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        (r"(?<=[A-Za-z0-9])\.(?=[A-Za-z])", lambda match: "点"),
        (r"(?<=\d)#", lambda match: "号"),
        (r"\^[23](?!\d)|[²³]", _power),
        (r"[-－]+", _dash),
        (_PUNCTUATION_RUN, _punctuation),
        (_class("".join(_SIGNS)), _sign),
        (_class("".join(_GREEK) + "".join(_GREEK).upper()), _greek),
        (r"[^\W\d_a-zA-Z\u3400-\u9fff]|[\u00bc-\u00be\u2150-\u218f\u2460-\u24ff\u3220-\u32ff]",
         _numeric_character),
    )
)  # fmt: skip
