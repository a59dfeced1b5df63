"""Text -> phonemes: readings, sandhi, English, breaks, spans."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from engine.text import Frontend, Lexicon, Phonemes, TextError
from workspace.prompts import paired, read_set


@pytest.fixture(scope="module")
def frontend() -> Frontend:
    return Frontend()


def spoken(phonemes: Phonemes) -> str:
    return " ".join(syllable.pinyin or str(syllable.hanzi) for syllable in phonemes.syllables)


def assert_spans(phonemes: Phonemes) -> None:
    end = 0
    for syllable in phonemes.syllables:
        tokens = phonemes.symbols[syllable.start : syllable.end]
        assert end <= syllable.start < syllable.end
        assert not set(tokens) & set("/ ,.!?;:“”()")
        end = syllable.end
    assert len(phonemes.ids) == len(phonemes.symbols)
    assert end <= len(phonemes.ids)


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        # third tone
        ("你好", "ni2 hao3"),
        ("我很好", "wo2 hen2 hao3"),
        ("展览馆", "zhan2 lan2 guan3"),
        ("纸老虎", "zhi3 lao2 hu3"),
        ("很喜欢", "hen2 xi3 huan5"),
        ("可以", "ke2 yi3"),
        ("想想", "xiang2 xiang5"),
        ("姐姐", "jie3 jie5"),
        ("哪里", "na2 li5"),
        ("你好，我好", "ni2 hao3 wo2 hao3"),
        ("九五五", "jiu3 wu3 wu3"),
        # 一
        ("一个", "yi2 ge5"),
        ("一天", "yi4 tian1"),
        ("一年", "yi4 nian2"),
        ("一起", "yi4 qi3"),
        ("一定", "yi2 ding4"),
        ("第一次", "di4 yi1 ci4"),
        ("统一", "tong3 yi1"),
        ("看一看", "kan4 yi5 kan4"),
        ("一九九八年", "yi1 jiu3 jiu3 ba1 nian2"),
        ("二十一天", "er4 shi2 yi1 tian1"),
        ("一百一十一个", "yi4 bai3 yi1 shi2 yi1 ge5"),
        ("一月一号", "yi1 yue4 yi1 hao4"),
        ("这一事件", "zhe4 yi2 shi4 jian4"),
        ("统一标准", "tong3 yi1 biao1 zhun3"),
        # 不
        ("不对", "bu2 dui4"),
        ("不好", "bu4 hao3"),
        ("不是", "bu2 shi4"),
        ("听不懂", "ting1 bu5 dong3"),
        ("好不好", "hao3 bu5 hao3"),
        # neutral tone
        ("我们的朋友们", "wo3 men5 de5 peng2 you5 men5"),
        ("妈妈喜欢东西", "ma1 ma5 xi3 huan5 dong1 xi5"),
        ("什么时候", "shen2 me5 shi2 hou5"),
        ("男子", "nan2 zi3"),
        ("孩子", "hai2 zi5"),
        # readings
        ("银行行长", "yin2 hang2 hang2 zhang3"),
        ("长大", "zhang3 da4"),
        ("头发不长", "tou2 fa5 bu4 chang2"),
        ("长得很长", "zhang3 de5 hen3 chang2"),
        ("长江", "chang2 jiang1"),
        ("音乐快乐", "yin1 yue4 kuai4 le4"),
        ("重庆重要", "chong2 qing4 zhong4 yao4"),
        ("还钱还有", "huan2 qian2 hai2 you3"),
        ("一只猫只有", "yi4 zhi1 mao1 zhi2 you3"),
        ("两只鸟", "liang3 zhi1 niao3"),
        ("首都都是", "shou3 du1 dou1 shi4"),
        ("得到得意", "de2 dao4 de2 yi4"),
        ("没收没有", "mo4 shou1 mei2 you3"),
        ("睡觉觉得", "shui4 jiao4 jue2 de5"),
        ("一行人，各行各业", "yi4 xing2 ren2 ge4 hang2 ge4 ye4"),
        ("种树种子", "zhong4 shu4 zhong3 zi5"),
        ("一场大雨", "yi4 chang2 da4 yu3"),
        ("一场比赛", "yi4 chang3 bi3 sai4"),
        ("慢慢地走", "man4 man4 de5 zou3"),
        ("冷冷地看着", "leng2 leng3 de5 kan4 zhe5"),
        ("笼统地说", "long2 tong3 de5 shuo1"),
        ("更多地了解", "geng4 duo1 de5 liao2 jie3"),
        ("在地上", "zai4 di4 shang4"),
        ("全国各地", "quan2 guo2 ge4 di4"),
        ("跑得快", "pao3 de5 kuai4"),
        ("取得成功", "qu3 de2 cheng2 gong1"),
        ("我得走了", "wo2 dei2 zou3 le5"),
        ("受不了", "shou4 bu5 liao3"),
        ("获得了奖", "huo4 de2 le5 jiang3"),
        ("着急地说着", "zhao2 ji2 de5 shuo1 zhe5"),
        ("违规行为", "wei2 gui1 xing2 wei2"),
        ("因为所以", "yin1 wei4 suo2 yi3"),
        ("项目的目的", "xiang4 mu4 de5 mu4 di4"),
        ("谁的", "shei2 de5"),
        ("女生绿了", "nv3 sheng1 lv4 le5"),
        ("风大得吓人", "feng1 da4 de5 xia4 ren2"),
        ("天气变得很冷", "tian1 qi4 bian4 de5 hen2 leng3"),
        ("走得分秒不差", "zou3 de5 fen1 miao3 bu2 cha4"),
        ("主队赢得比赛", "zhu3 dui4 ying2 de2 bi3 sai4"),
        ("明天得早起", "ming2 tian1 dei3 zao2 qi3"),
        ("他睡不着", "ta1 shui4 bu5 zhao2"),
        ("一点就着", "yi4 dian3 jiu4 zhao2"),
        ("看着地上", "kan4 zhe5 di4 shang4"),
        ("转了三圈", "zhuan4 le5 san1 quan1"),
        ("转给他", "zhuan2 gei3 ta1"),
        ("又窄又长", "you4 zhai3 you4 chang2"),
        ("一封长信", "yi4 feng1 chang2 xin4"),
        ("没有空座位", "mei2 you3 kong4 zuo4 wei4"),
        ("教我写字", "jiao1 wo2 xie3 zi4"),
        ("把音调调低", "ba3 yin1 diao4 tiao2 di1"),
        ("正在进行中了", "zheng4 zai4 jin4 xing2 zhong1 le5"),
        ("寻找得到答案", "xun2 zhao3 de2 dao4 da2 an4"),
        ("又长大了", "you4 zhang3 da4 le5"),
        ("那场大火", "na4 chang2 da4 huo3"),
        ("这场球赛", "zhe4 chang3 qiu2 sai4"),
        ("衣服晒干了", "yi1 fu5 shai4 gan1 le5"),
        ("他干了一天", "ta1 gan4 le5 yi4 tian1"),
        ("背着书包", "bei1 zhe5 shu1 bao1"),
        ("背着他说", "bei4 zhe5 ta1 shuo1"),
        ("种着三种花", "zhong4 zhe5 san1 zhong3 hua1"),
        ("慢慢切开", "man4 man4 qie1 kai1"),
        ("明天还", "ming2 tian1 huan2"),
        ("他还来", "ta1 hai2 lai2"),
        ("只听得到声音", "zhi3 ting1 de5 dao4 sheng1 yin1"),
        ("这只表慢了", "zhe4 zhi1 biao3 man4 le5"),
        ("这只是开始", "zhe4 zhi3 shi4 kai1 shi3"),
        ("一行说不出来的字", "yi4 xing2 shuo1 bu4 chu1 lai2 de5 zi4"),
        ("上个月整个城市", "shang4 ge5 yue4 zheng3 ge4 cheng2 shi4"),
        ("玻璃杯", "bo1 li5 bei1"),
        ("妻子和孙子", "qi1 zi5 he2 sun1 zi5"),
        # erhua
        ("这儿", "zher4"),
        ("玩儿", "wanr2"),
        ("一会儿", "yi2 huir4"),
        ("花儿", "huar1"),
        ("女儿", "nv3 er2"),
        ("幼儿园", "you4 er2 yuan2"),
        ("儿童", "er2 tong2"),
        ("今儿个", "jinr1 ge5"),
        ("鞋带儿松了", "xie2 dair4 song1 le5"),
        ("馅儿饼", "xianr4 bing3"),
        ("女孩儿", "nv3 hair2"),
        ("一点儿一点儿", "yi4 dianr3 yi4 dianr3"),
        ("婴儿车", "ying1 er2 che1"),
        # traditional
        ("你說過嗎", "ni3 shuo1 guo4 ma5"),
        # numbers spoken
        ("2个", "liang3 ge5"),
        ("50%", "bai3 fen1 zhi1 wu3 shi2"),
    ],
)
def test_reading(frontend: Frontend, text: str, pinyin: str) -> None:
    phonemes = frontend.phonemize(text)
    assert spoken(phonemes) == pinyin
    assert_spans(phonemes)


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        # as the public front end of Kokoro v1.1-zh writes them
        ("我们去公园散步。", "我3ㄇㄣ5/ㄑㄩ4/ㄍ中1元2/ㄙㄢ4ㄅㄨ4."),
        ("知识 是 力量", "ㄓ十1ㄕ十5 ㄕ十4 ㄌㄧ4ㄌ阳4"),
        ("一个人不是一种", "ㄧ2ㄍㄜ5/ㄖㄣ2/ㄅㄨ2ㄕ十4/ㄧ4ㄓ中3"),
        ("看一看，听不懂，不对", "ㄎㄢ4ㄧ5ㄎㄢ4, ㄊ应1ㄅㄨ5ㄉ中3, ㄅㄨ2ㄉ为4"),
        ("绿女略军雄穷翁", "ㄌㄩ4ㄋㄩ3ㄌ月4/ㄐ云1ㄒ用2/ㄑ用2瓮1"),
        ("这儿有花儿，歌儿。", "ㄓㄦ4/又3/ㄏ穵R1, ㄍㄦ1."),
        # numerals grouped as they are said
        ("三百零五万四千", "ㄙㄢ1ㄅㄞ3/ㄌ应2ㄨ3万4/ㄙㄭ4ㄑ言1"),
        ("二零二四年", "ㄦ4ㄌ应2ㄦ4ㄙㄭ4/ㄋ言2"),
        ("13344445555", "要1ㄙㄢ1ㄙㄢ1/ㄙㄭ4ㄙㄭ4ㄙㄭ4ㄙㄭ4/ㄨ3ㄨ3ㄨ3ㄨ3"),
        # and our own where it loses something or leaves stray spaces
        ("他说：“好的！”", "ㄊㄚ1/ㄕ我1: “ㄏㄠ3/ㄉㄜ5!”"),
        ("《红楼梦》（第一回）", "“ㄏ中2ㄌㄡ2ㄇㄥ4” (ㄉㄧ4ㄧ1ㄏ为2)"),
        ("约翰·史密斯", "月1ㄏㄢ4/ㄕ十3ㄇㄧ4ㄙㄭ1"),
        ("我很好,你呢", "我2/ㄏㄣ2/ㄏㄠ3, ㄋㄧ3/ㄋㄜ5"),
        ("喜欢apple电脑，好", "ㄒㄧ3ㄏ万5 ˈæpᵊl ㄉ言4ㄋㄠ3, ㄏㄠ3"),
    ],
)
def test_symbols(frontend: Frontend, text: str, symbols: str) -> None:
    assert "".join(frontend.phonemize(text).symbols) == symbols


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("我们去公园散步。", "wo↓mən ʨʰy↘ kʊ→ŋɥɛ↗n sa↘npu↘."),
        ("我很好", "wo↓ xə↓n xau↓"),
        ("知识", "ꭧɨ→ʂɨ↗"),
        ("歌儿", "kɤ→ɚ↗"),
    ],
)
def test_v1_0_keeps_the_tones_of_the_dictionary(text: str, symbols: str) -> None:
    assert "".join(Frontend("v1.0").phonemize(text).symbols) == symbols


def test_syllables_name_their_tokens(frontend: Frontend) -> None:
    phonemes = frontend.phonemize("玩儿GPU吧")
    described = [
        (s.hanzi, s.pinyin, "".join(phonemes.symbols[s.start : s.end])) for s in phonemes.syllables
    ]
    assert described == [
        ("玩儿", "wanr2", "万R2"),
        ("GPU", "", "ʤˌipˌijˈu"),
        ("吧", "ba5", "ㄅㄚ5"),
    ]
    assert [(note.kind, note.text) for note in phonemes.notes] == [("spelled", "GPU")]


@pytest.mark.parametrize(
    ("word", "ipa"),
    [
        ("hello", "həlˈO"),
        ("world", "wˈɜɹld"),
        ("water", "wˈɔTəɹ"),
        ("China", "ʧˈInə"),
        ("boy", "bˈY"),
        ("now", "nˈW"),
        ("make", "mˈAk"),
        ("the", "ðə"),
        ("NASA", "nˈæsə"),
        ("it's", "ˈɪts"),
        ("OpenAI", "ˈOpənˌAˈI"),
        ("tweeted", "twˈiTɪd"),
        ("T", "tˈi"),
        ("W", "dˈʌbᵊlju"),
        ("XML", "ˌɛksˌɛmˈɛl"),
    ],
)
def test_english(frontend: Frontend, word: str, ipa: str) -> None:
    assert "".join(frontend.phonemize(word).symbols) == ipa


def test_capitals_are_words_in_a_line_of_capitals(frontend: Frontend) -> None:
    assert not frontend.phonemize("HAPPY NEW YEAR").notes
    assert frontend.phonemize("NEW").notes[0].kind == "spelled"


@pytest.mark.parametrize("word", ["bilibili", "Shenmezhi", "blorptang", "Kokoro"])
def test_unknown_english_is_guessed_and_said_so(frontend: Frontend, word: str) -> None:
    phonemes = frontend.phonemize(word)
    assert [note.kind for note in phonemes.notes] == ["guessed"]
    assert len(phonemes.symbols) > 4


def test_unknown_hanzi_is_noted(frontend: Frontend) -> None:
    phonemes = frontend.phonemize("你好\U00020bb7")
    assert spoken(phonemes) == "ni2 hao3"
    assert [(note.kind, note.text) for note in phonemes.notes] == [("dropped", "\U00020bb7")]


@pytest.mark.parametrize("text", ["", "   ", "😀", "。！？", "…—", "\u200b"])
def test_nothing_to_say_is_an_error(frontend: Frontend, text: str) -> None:
    with pytest.raises(TextError, match="can be spoken"):
        frontend.phonemize(text)


def test_unknown_vocabulary_names_the_known() -> None:
    with pytest.raises(TextError, match=r"v1\.1-zh, v1\.0"):
        Frontend("v2")


def test_pinyin_of_a_corpus_is_taken_as_spoken(frontend: Frontend) -> None:
    phonemes = frontend.phonemes_from_pinyin([("广", "guang3"), ("州", "zhou1"), ("好", "hao3")])
    assert "".join(phonemes.symbols) == "ㄍ王3ㄓㄡ1/ㄏㄠ3"
    assert phonemes.text == "广州好"
    assert_spans(phonemes)


@pytest.mark.parametrize(
    ("pairs", "symbols"),
    [
        ([(None, "zi4")], "ㄗㄭ4"),
        ([(None, "ni3"), (None, "hao3")], "ㄋㄧ3ㄏㄠ3"),
        ([("花", "huar1"), ("儿", "")], "ㄏ穵R1"),
        ([("好", "hao3"), ("，", ""), ("好", "hao3")], "ㄏㄠ3, ㄏㄠ3"),
        ([("ｔ", "ｔ"), ("恤", "xu4")], "tˈi ㄒㄩ4"),
        ([("我", "wo3"), ("的", "de")], "我3/ㄉㄜ5"),
        ([("不", "bu2"), ("对", "dui4")], "ㄅㄨ2ㄉ为4"),
        ([("it's", "it's"), ("·", ""), ("好", "hao3")], "ˈɪts ㄏㄠ3"),
        ([("我", "wo3"), ("…", ""), ("…", ""), ("！", ""), ("！", "")], "我3…!"),
    ],
)
def test_pairs(frontend: Frontend, pairs: list[tuple[str | None, str]], symbols: str) -> None:
    phonemes = frontend.phonemes_from_pinyin(pairs)
    assert "".join(phonemes.symbols) == symbols
    assert_spans(phonemes)


def test_pairs_with_given_word_breaks_and_sandhi(frontend: Frontend) -> None:
    pairs = [("你", "ni3"), ("好", "hao3"), ("吗", "ma")]
    broken = frontend.phonemes_from_pinyin(pairs, word_breaks={0, 1, 2})
    assert "".join(broken.symbols) == "ㄋㄧ3/ㄏㄠ3/ㄇㄚ5"
    connected = frontend.phonemes_from_pinyin(pairs, sandhi=True)
    assert spoken(connected) == "ni2 hao3 ma5"


@pytest.mark.parametrize(
    ("text", "pinyin", "said"),
    [
        ("一点儿好。", "yi1 dianr3 hao3", "yi4 dianr3 hao3"),
        ("玩儿命地跑", "wanr2 ming4 de5 pao3", "wanr2 ming4 de5 pao3"),
        ("女儿不是花儿", "nv3 er2 bu4 shi4 huar1", "nv3 er2 bu2 shi4 huar1"),
        ("OK，好不好？也很好", "OK hao3 bu4 hao3 ye3 hen3 hao3", "OK hao3 bu5 hao3 ye2 hen2 hao3"),
        ("听不懂", "ting1 bu4 dong3", "ting1 bu5 dong3"),
        ("想想", "xiang3 xiang5", "xiang2 xiang5"),
        ("孙子兵法", "sun1 zi3 bing1 fa3", "sun1 zi3 bing1 fa3"),  # the text alone says zi5
    ],
)  # fmt: skip
def test_citation_pinyin_is_spoken(frontend: Frontend, text: str, pinyin: str, said: str) -> None:
    phonemes = frontend.phonemes_from_pinyin(paired(text, pinyin), sandhi=True)
    assert spoken(phonemes) == said
    assert_spans(phonemes)


def test_citation_pinyin_without_hanzi_stays_as_it_is(frontend: Frontend) -> None:
    phonemes = frontend.phonemes_from_pinyin([(None, "ni3"), (None, "hao3")], sandhi=True)
    assert spoken(phonemes) == "ni3 hao3"


@pytest.mark.parametrize("vocabulary", ["v1.1-zh", "v1.0"])
@pytest.mark.parametrize("sandhi", [True, False])
def test_pinyin_of_all_prompts(vocabulary: str, sandhi: bool) -> None:
    """What is to be read aloud: every piece of a text keeps its own sound, erhua too."""
    frontend = Frontend(vocabulary)
    changed = 0
    for prompt in read_set("mandarin-1000"):
        pairs = paired(prompt.text, prompt.pinyin)
        phonemes = frontend.phonemes_from_pinyin(pairs, sandhi=sandhi)
        assert_spans(phonemes)
        given = [(piece, "" if piece.isascii() else sound) for piece, sound in pairs if sound]
        said = [(s.hanzi, s.pinyin) for s in phonemes.syllables]
        assert [(piece, sound[:-1]) for piece, sound in said] == [
            (piece, sound[:-1]) for piece, sound in given
        ]
        changed += said != given
    assert (changed > 500) == (sandhi and vocabulary == "v1.1-zh")


def test_pairs_with_wrong_pinyin(frontend: Frontend) -> None:
    with pytest.raises(TextError, match="'xyz' is not a syllable"):
        frontend.phonemes_from_pinyin([("好", "xyz")])
    with pytest.raises(TextError, match="no pinyin"):
        frontend.phonemes_from_pinyin([])


def test_lexicon_wins() -> None:
    lexicon = Lexicon.parse("行长\txing2 zhang3\nYinfang\tyin1 fang1\n你好\tni3 hao3\n")
    frontend = Frontend(lexicon=lexicon)
    assert spoken(frontend.phonemize("行长，Yinfang，你好")) == "xing2 zhang3 yin1 fang1 ni3 hao3"
    assert frontend.phonemize("YINFANG").notes == ()
    assert_spans(frontend.phonemize("在Yinfang里"))


def test_lexicon_file(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text("\ufeff# ours\n\n重樓\tchong2 lóu\n", encoding="utf-8")
    lexicon = Lexicon.load(path)
    assert {word: " ".join(map(str, p)) for word, p in lexicon.hanzi.items()} == {
        "重楼": "chong2 lou2"
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("好\thao3\n坏 huai4\n", r"lexicon\.tsv:2: no tab"),
        ("好\t\n", r"lexicon\.tsv:1: '好' has no pinyin"),
        ("好人\thao3\n", r"lexicon\.tsv:1: 好人 has 2 characters but 1 syllables"),
        ("好\thaoo3\n", r"lexicon\.tsv:1: 'haoo3' is not a syllable"),
        ("好\thao3\n好\thao4\n", r"lexicon\.tsv:2: 好 comes twice"),
        ("1号\tyi1 hao4\n", r"lexicon\.tsv:1: '1号' is neither"),
    ],
)
def test_lexicon_errors_name_the_line(content: str, message: str) -> None:
    with pytest.raises(TextError, match=message):
        Lexicon.parse(content)


def test_lexicon_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TextError, match="cannot read the lexicon"):
        Lexicon.load(tmp_path / "none.tsv")
    gbk = tmp_path / "gbk.tsv"
    gbk.write_bytes("好\thao3".encode("gbk"))
    with pytest.raises(TextError, match="UTF-8"):
        Lexicon.load(gbk)


def test_any_text_is_spoken_or_refused(frontend: Frontend) -> None:
    """Random text: symbols of the vocabulary, good spans, or a TextError; never another error."""
    source = random.Random(3)
    alphabet = "一不子儿了得地的三五好你我想大上个看北京AbcXYZ0123.:%-￥，。“”（）《》· 😀\n'々〇"
    spoken_texts = 0
    for _ in range(1500):
        text = "".join(source.choices(alphabet, k=source.randint(0, 30)))
        try:
            phonemes = frontend.phonemize(text)
        except TextError:
            assert not any(c.isalnum() and c != "々" for c in text)
            continue
        spoken_texts += 1
        assert_spans(phonemes)
        assert all(0 < i < 178 for i in phonemes.ids)
        hanzi = sum("\u4e00" <= c <= "\u9fff" for c in phonemes.normalized)
        said = sum(len(s.hanzi or "") for s in phonemes.syllables if s.pinyin)
        assert said == hanzi
    assert spoken_texts > 1000


@pytest.mark.shared
def test_sentences_of_the_corpora(frontend: Frontend, shared_dir: Path) -> None:
    """Every twentieth sentence: all is spoken, and the dictionary's syllables agree."""
    lines = (shared_dir / "data" / "sentences.tsv").read_text(encoding="utf-8").splitlines()[1::20]
    same = total = 0
    for line in lines:
        _, hanzi, pinyin = line.split("\t")
        phonemes = frontend.phonemize(hanzi)
        assert_spans(phonemes)
        assert not [note for note in phonemes.notes if note.kind == "dropped"]
        ours = [s.pinyin[:-1] for s in phonemes.syllables]
        theirs = [syllable.rstrip("1234") for syllable in pinyin.split()]
        if len(ours) == len(theirs):
            same += sum(a == b for a, b in zip(ours, theirs, strict=True))
            total += len(ours)
    assert total > 12_000
    assert same / total > 0.995


@pytest.mark.shared
def test_untidy_transcripts_are_spoken(frontend: Frontend, shared_dir: Path) -> None:
    """AISHELL-1's own: brackets, Latin letters, a digit, byte-order marks."""
    texts = [
        path.read_text(encoding="utf-8")
        for path in sorted((shared_dir / "data" / "aishell1").glob("*/*.txt"))
    ]
    untidy = [text for text in texts if any(c.isascii() and not c.isspace() for c in text)]
    assert len(untidy) >= 40
    for text in untidy:
        assert_spans(frontend.phonemize(text))


@pytest.mark.shared
def test_pinyin_of_aishell3(frontend: Frontend, shared_dir: Path) -> None:
    """Its transcripts as they are: every character keeps its own syllable."""
    content = shared_dir / "data" / "aishell3" / "train" / "content.txt"
    lines = content.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 20
    for line in lines:
        parts = line.split("\t")[1].split()
        pairs: list[tuple[str | None, str]] = list(zip(parts[::2], parts[1::2], strict=True))
        phonemes = frontend.phonemes_from_pinyin(pairs)
        assert_spans(phonemes)
        assert [(s.hanzi, s.pinyin) for s in phonemes.syllables] == pairs
        assert "/" in phonemes.symbols


@pytest.mark.shared
def test_names_of_recorded_words(frontend: Frontend, shared_dir: Path) -> None:
    """Word recordings named by their hanzi; `_` is an open slot and noted."""
    names = [path.stem for path in (shared_dir / "data" / "audio-cmn" / "hsk").glob("*.mp3")]
    assert len(names) > 2700
    slots = 0
    for name in names:
        word = name.removeprefix("cmn-")
        phonemes = frontend.phonemize(word)
        assert_spans(phonemes)
        slots += any(note.text == "_" for note in phonemes.notes)
    assert slots == 22


def test_import_is_light() -> None:
    """No torch, no dictionary before the first sentence."""
    code = (
        "import sys, engine.text; engine.text.Frontend();"
        "print([m for m in ('torch', 'jieba', 'pypinyin', 'opencc', 'numpy') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
