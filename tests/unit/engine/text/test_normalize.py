"""Written text -> spoken text, and that nothing is lost on the way."""

from __future__ import annotations

import random

import pytest

from engine.text import normalize

SPOKEN = [
    # dates and years
    ("2024年5月1日", "二零二四年五月一日"),
    ("2024-05-01", "二零二四年五月一日"),
    ("2024/6/2", "二零二四年六月二日"),
    ("2024.10.31", "二零二四年十月三十一日"),
    ("2024-05发布", "二零二四年五月发布"),
    ("2019-2023年", "二零一九到二零二三年"),
    ("98年的夏天", "九十八年的夏天"),
    ("98年夏天", "九八年夏天"),
    ("08年", "零八年"),
    ("10年", "十年"),
    ("5000年历史", "五千年历史"),
    ("2000多年", "两千多年"),
    ("90后", "九零后"),
    ("2024届毕业生", "二零二四届毕业生"),
    # times, ratios, scores
    ("8:30", "八点三十分"),
    ("8:05", "八点零五分"),
    ("02:00", "两点"),
    ("12:30:45", "十二点三十分四十五秒"),
    ("9:00-18:00", "九点到十八点"),
    ("12：30", "十二点三十分"),
    ("比例是3:1", "比例是三比一"),
    ("以21:15获胜", "以二十一比十五获胜"),
    ("比分3-2", "比分三比二"),
    # percent, fractions, ranges, signs
    ("12.5%", "百分之十二点五"),
    ("10%-20%", "百分之十到百分之二十"),
    ("10~20%", "百分之十到百分之二十"),
    ("-5%", "负百分之五"),
    ("3‰", "千分之三"),
    ("1/2", "二分之一"),
    ("3 1/2", "三又二分之一"),
    ("½", "二分之一"),
    ("3-5天", "三到五天"),
    ("1-2个", "一到两个"),
    ("-5", "负五"),
    ("结果是-3.5", "结果是负三点五"),
    ("3+5=8", "三加五等于八"),
    ("5>3", "五大于三"),
    ("1920x1080", "一千九百二十乘一千零八十"),
    ("x²", "x的平方"),
    # money
    ("¥100", "一百元"),
    ("￥3.5万", "三点五万元"),
    ("$12.50", "十二点五美元"),
    ("US$5M", "五百万美元"),
    ("€20", "二十欧元"),
    ("£1,234.56", "一千二百三十四点五六英镑"),
    ("100USD", "一百美元"),
    ("¥2", "两元"),
    ("20元", "二十元"),
    ("3亿元", "三亿元"),
    # measures
    ("5km", "五公里"),
    ("2kg", "两千克"),
    ("100m²", "一百平方米"),
    ("36.5℃", "三十六点五摄氏度"),
    ("36.5°C", "三十六点五摄氏度"),
    ("-3℃", "零下三摄氏度"),
    ("气温-5度", "气温零下五度"),
    ("220V", "二百二十伏"),
    ("60km/h", "六十公里每小时"),
    ("3-5km", "三到五公里"),
    ("16GB", "十六GB"),
    ("2米", "两米"),
    ("2个", "两个"),
    ("第2个", "第二个"),
    ("2月2日", "二月二日"),
    ("12个", "十二个"),
    ("2.5倍", "二点五倍"),
    # telephone numbers, identifiers
    ("13812345678", "幺三八幺二三四五六七八"),
    ("138-1234-5678", "幺三八，幺二三四，五六七八"),
    ("010-12345678", "零幺零，幺二三四五六七八"),
    ("010-8888 6666", "零幺零，八八八八，六六六六"),
    ("9·11事件", "九一一事件"),
    ("35\u00b5g/m³", "三十五微克每立方米"),
    ("400-800-1234", "四零零，八零零，幺二三四"),
    ("+86 13812345678", "加八六，幺三八幺二三四五六七八"),
    ("拨打110", "拨打幺幺零"),
    ("110米", "一百一十米"),
    ("11010519491231002X", "一一零一零五一九四九一二三一零零二X"),
    ("验证码0086", "验证码零零八六"),
    ("密码1234", "密码一二三四"),
    ("1203室", "一二零三室"),
    ("007", "零零七"),
    ("123456789012", "一二三四五六七八九零一二"),
    # ordinals, versions, models
    ("第3名", "第三名"),
    ("No.1", "第一"),
    ("2nd", "第二"),
    ("v1.2.3", "v一点二点三"),
    ("3.11.7", "三点十一点七"),
    ("iOS 17.2", "iOS 十七点二"),
    ("A4纸", "A四纸"),
    ("GPT-4", "GPT四"),
    ("H7N9", "H七N九"),
    ("A380", "A三八零"),
    ("5G网络", "五G网络"),
    ("1080p", "一零八零p"),
    # Latin words, addresses
    ("T恤", "T恤"),
    ("it’s", "it's"),
    ("Wi-Fi", "Wi Fi"),
    ("U.S.A.", "USA"),
    ("Node.js", "Node点js"),
    ("C++", "C加加"),
    ("A&B", "A and B"),
    ("café", "cafe"),
    ("www.baidu.com", "www 点 baidu 点 com"),
    ("a1@qq.com", "a 一 艾特 qq 点 com"),
    # scripts and forms
    ("說過著名的話，妳聽著", "说过著名的话，你听着"),
    ("臺灣與後來", "台湾与后来"),
    ("瞭望乾隆", "瞭望乾隆"),
    ("１２３ＡＢＣ，５％", "一百二十三ABC，百分之五"),
    ("二〇二四", "二零二四"),
    ("人々", "人人"),
    ("α射线", "阿尔法射线"),
    ("①②", "一二"),
    ("Ⅳ", "四"),
    # punctuation
    ("好吧...", "好吧…"),
    ("真的！！！", "真的！"),
    ("他说,好.", "他说，好。"),
    ("[n]一辆", "（n）一辆"),
    ("「你好」", "“你好”"),
    ("第一行\n第二行", "第一行。第二行"),
    ("第一行。\r\n第二行", "第一行。第二行"),
    ("北京-上海", "北京—上海"),
    ("和/或", "和、或"),
]


@pytest.mark.parametrize(("written", "spoken"), SPOKEN)
def test_reads_as_a_person_would(written: str, spoken: str) -> None:
    normalized = normalize(written)
    assert normalized.text == spoken
    assert normalized.notes == ()


@pytest.mark.parametrize(
    ("written", "spoken", "dropped"),
    [
        ("你好😀世界", "你好 世界", ["😀"]),
        ("一家👨‍👩‍👧人", "一家 人", ["👨‍👩‍👧"]),
        ("一边_一边", "一边 一边", ["_"]),
        ("#话题#", "话题", ["#", "#"]),
        ("\ufeff你好", "你好", ["\ufeff"]),
        ("你\u200b好", "你好", ["\u200b"]),
        ("こんにちは世界", "世界", ["こんにちは"]),
        ("https://a.cn", "a 点 cn", ["https://"]),
        ("好呀~", "好呀", ["~"]),
        ("★★★推荐", "推荐", ["★★★"]),
    ],
)
def test_what_has_no_sound_is_noted(written: str, spoken: str, dropped: list[str]) -> None:
    normalized = normalize(written)
    assert normalized.text == spoken
    assert [note.text for note in normalized.notes] == dropped
    for note in normalized.notes:
        assert note.kind == "dropped"
        assert note.reason
        assert note.start is not None
        assert written[note.start : note.start + len(note.text)] == note.text


_ALPHABET = "一不我你好北京0123456789.-:/%$¥℃ABCxyz ,。！“”（）😀★_~\n@#&+×½ⅣКあ한\u200d\ufe0f々〇"


def test_any_text_ends_in_speakable_characters_only() -> None:
    """Random text: what comes out is hanzi, letters and the known marks, digits never."""
    random_source = random.Random(7)
    allowed = set("，、。！？：；…—“”（）《》·\" '")
    for _ in range(2000):
        text = "".join(random_source.choices(_ALPHABET, k=random_source.randint(0, 24)))
        normalized = normalize(text)
        for character in normalized.text:
            hanzi = "\u4e00" <= character <= "\u9fff"
            latin = character.isascii() and character.isalpha()
            assert hanzi or latin or character in allowed or character == "々", (text, normalized)


def test_every_hanzi_and_letter_is_spoken_or_noted() -> None:
    """Random text of words and signs: each hanzi survives, each letter too."""
    random_source = random.Random(11)
    for _ in range(1000):
        text = "".join(random_source.choices("天地人和好山水abc😀★，。 ", k=20))
        normalized = normalize(text)
        dropped = "".join(note.text for note in normalized.notes)
        for character in set(text):
            if character.isalpha():
                assert normalized.text.count(character) == text.count(character)
            elif character in "😀★":
                assert dropped.count(character) == text.count(character)
