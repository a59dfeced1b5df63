"""Numerals as they are said in Mandarin. Pure functions of digit strings."""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
PHONE_DIGITS = "零幺二三四五六七八九"  # 一 and 七 sound alike over a telephone

# Longer integers are said digit by digit: nobody says ten quadrillion.
LONGEST_CARDINAL = 16  # digits

_THOUSANDS = ("千", "百", "十", "")


def cardinal(digits: str) -> str:
    """`12` -> 十二, `2005` -> 两千零五, `10200` -> 一万零二百. Commas are ignored.

    二 becomes 两 before 千, 万 and 亿, as is said; 二百 and 二十 stay.
    """
    plain = digits.replace(",", "").lstrip("0") or "0"
    if len(plain) > LONGEST_CARDINAL:
        return digit_by_digit(plain)
    spoken = _below_ten_thousand_squared(int(plain))
    return spoken.removeprefix("一") if spoken.startswith("一十") else spoken


def decimal(number: str) -> str:
    """`3.50` -> 三点五零, `-2` -> 负二; integers as `cardinal`."""
    sign = "负" if number.startswith("-") else ""
    whole, _, fraction = number.lstrip("+-").partition(".")
    point = f"点{digit_by_digit(fraction)}" if fraction else ""
    return sign + cardinal(whole or "0") + point


def digit_by_digit(digits: str, names: str = DIGITS) -> str:
    """`2024` -> 二零二四; anything that is not a digit is kept."""
    return "".join(names[int(digit)] if digit in "0123456789" else digit for digit in digits)


def _below_ten_thousand_squared(number: int) -> str:
    """Any number, split at 亿 and 万; a gap of zeros is said once, as 零."""
    for unit, name in ((10**8, "亿"), (10**4, "万")):
        if number >= unit:
            high, low = divmod(number, unit)
            head = "两" if high == 2 else _below_ten_thousand_squared(high)
            if not low:
                return head + name
            gap = "零" if low < unit // 10 else ""
            return head + name + gap + _below_ten_thousand_squared(low)
    return _below_ten_thousand(number)


def _below_ten_thousand(number: int) -> str:
    if number == 0:
        return DIGITS[0]
    spoken, gap = "", False
    for digit, unit in zip(f"{number:04d}", _THOUSANDS, strict=True):
        if digit == "0":
            gap = bool(spoken)
            continue
        name = "两" if digit == "2" and unit == "千" else DIGITS[int(digit)]
        spoken += ("零" if gap else "") + name + unit
        gap = False
    return spoken
