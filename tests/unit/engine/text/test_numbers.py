"""Numerals as said."""

from __future__ import annotations

import pytest

from engine.text.numbers import PHONE_DIGITS, cardinal, decimal, digit_by_digit


@pytest.mark.parametrize(
    ("digits", "spoken"),
    [
        ("0", "零"),
        ("7", "七"),
        ("10", "十"),
        ("11", "十一"),
        ("20", "二十"),
        ("100", "一百"),
        ("101", "一百零一"),
        ("110", "一百一十"),
        ("200", "二百"),
        ("1000", "一千"),
        ("1005", "一千零五"),
        ("1050", "一千零五十"),
        ("2000", "两千"),
        ("2222", "两千二百二十二"),
        ("10000", "一万"),
        ("10005", "一万零五"),
        ("10200", "一万零二百"),
        ("12000", "一万两千"),
        ("20000", "两万"),
        ("100000", "十万"),
        ("220000", "二十二万"),
        ("1000500", "一百万零五百"),
        ("100000000", "一亿"),
        ("100005000", "一亿零五千"),
        ("200000000", "两亿"),
        ("1,234,567", "一百二十三万四千五百六十七"),
        ("1000000000000", "一万亿"),
        ("12345678901234567", "一二三四五六七八九零一二三四五六七"),
        ("007", "七"),
    ],
)
def test_cardinal(digits: str, spoken: str) -> None:
    assert cardinal(digits) == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [("3.14", "三点一四"), ("-2", "负二"), ("0.50", "零点五零"), ("12", "十二"), (".5", "零点五")],
)
def test_decimal(written: str, spoken: str) -> None:
    assert decimal(written) == spoken


def test_digit_by_digit_keeps_what_is_no_digit() -> None:
    assert digit_by_digit("12X-7") == "一二X-七"
    assert digit_by_digit("110", PHONE_DIGITS) == "幺幺零"
