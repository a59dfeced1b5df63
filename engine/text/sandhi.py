"""How tones and syllables change in connected speech.

The rules of Putonghua textbooks (e.g. Duanmu, The Phonology of Standard Chinese, 2007, chapters
11 and 12; Chao, A Grammar of Spoken Chinese, 1968): a third tone before a third tone becomes a
second, 不 and 一 follow the tone behind them, unstressed endings are neutral, 儿 merges into
the syllable before it. Input is one clause, without punctuation inside; tones outside it have
no say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from engine.text.pinyin import NEUTRAL, Pinyin
from engine.text.pronounce import Word, is_word

# A phrase of up to this many syllables shares third-tone sandhi across its words.
FOOT = 3

_DIGITS = frozenset("零一二三四五六七八九幺")
_UNITS = frozenset("十百千万亿")

# Final syllable neutral: words of everyday speech, from the neutral-tone list of the Putonghua
# proficiency test.
_NEUTRAL_WORDS = frozenset(
    "爱人 巴掌 爸爸 白净 帮手 包袱 包涵 本事 鼻子 比方 扁担 别扭 玻璃 簸箕 部分 财主 裁缝 苍蝇 柴火 称呼 "
    "畜生 窗户 刺猬 凑合 耷拉 答应 打扮 打点 打发 打量 打算 打听 大方 大爷 大夫 耽搁 耽误 道士 灯笼 提防 地方 "
    "弟弟 弟兄 点心 东家 东西 动静 动弹 豆腐 嘟囔 队伍 对付 对头 多么 耳朵 废物 风筝 福气 甘蔗 干事 高粱 膏药 告诉 "
    "疙瘩 哥哥 胳膊 跟头 工夫 功夫 公公 姑姑 姑娘 骨头 故事 寡妇 怪物 关系 官司 棺材 罐头 规矩 闺女 蛤蟆 行当 合同 "
    "和尚 核桃 红火 后头 厚道 狐狸 胡琴 胡萝卜 葫芦 糊涂 皇上 护士 火候 伙计 机灵 脊梁 记号 记性 家伙 架势 嫁妆 见识 "
    "将就 交情 叫唤 结实 街坊 姐夫 姐姐 戒指 舅舅 咳嗽 客气 口袋 窟窿 快活 困难 阔气 喇叭 喇嘛 懒得 老婆 老实 "
    "老爷 姥姥 累赘 篱笆 里头 力气 厉害 利落 利索 痢疾 连累 凉快 粮食 溜达 萝卜 骆驼 妈妈 麻烦 麻利 马虎 码头 买卖 "
    "馒头 忙活 冒失 眉毛 媒人 妹妹 门道 眯缝 迷糊 苗条 苗头 名堂 名字 明白 蘑菇 模糊 木匠 木头 那么 奶奶 难为 脑袋 "
    "能耐 你们 念叨 念头 娘家 奴才 女婿 暖和 疟疾 牌楼 盘算 朋友 脾气 屁股 便宜 漂亮 婆家 婆婆 铺盖 欺负 前头 亲戚 "
    "勤快 清楚 亲家 拳头 热闹 人家 认识 扫帚 商量 上司 上头 烧饼 少爷 舌头 舍不得 什么 生意 牲口 师父 师傅 石匠 "
    "石榴 石头 时候 拾掇 使唤 世故 似的 事情 收成 收拾 首饰 叔叔 舒服 舒坦 疏忽 爽快 思量 算计 岁数 他们 它们 她们 "
    "太太 特务 挑剔 跳蚤 铁匠 头发 妥当 唾沫 挖苦 娃娃 晚上 尾巴 委屈 位置 位子 稳当 我们 稀罕 媳妇 喜欢 下巴 吓唬 "
    "先生 乡下 相声 消息 小气 笑话 谢谢 心思 星星 猩猩 行李 兄弟 休息 秀才 秀气 学生 学问 丫头 衙门 哑巴 胭脂 烟筒 "
    "眼睛 砚台 秧歌 养活 吆喝 妖精 钥匙 爷爷 衣服 衣裳 意思 应酬 冤枉 月饼 月亮 云彩 运气 在乎 咱们 早上 怎么 扎实 "
    "眨巴 栅栏 张罗 丈夫 丈人 帐篷 招呼 招牌 折腾 这个 那个 这么 枕头 芝麻 知识 指甲 指头 主意 转悠 庄稼 壮实 状元 字号 "
    "自在 祖宗 嘴巴 琢磨 作坊 葡萄 太阳 哪里 知道 觉得 记得 值得 显得 晓得 省得 免得 起来 上来 下来 进来 出来 "
    "回来 过来 上去 下去 进去 出去 回去 外头 甜头 锄头 势头 浪头 小姐".split()
)
# Whose 子, 头 or doubled syllable keeps its tone.
_FULL_TONE_WORDS = frozenset(
    "男子 女子 分子 原子 电子 量子 粒子 质子 中子 离子 莲子 石子 瓜子 学子 弟子 游子 才子 君子 孔子 孟子 老子 庄子 天子 "
    "王子 太子 公子 父子 母子 独生子 赤子 浪子 亲子 孝子 童子 夫子 因子 种子选手 卵子 精子 棋子 鱼子 妻子儿女 常常 "
    "刚刚 渐渐 仅仅 往往 天天 人人 家家 年年 处处 时时 事事 偏偏 默默 悄悄 轻轻 慢慢 深深 纷纷 频频 茫茫 匆匆 滔滔 "
    "滚滚 哈哈 呵呵 嘻嘻 恰恰 稍稍 隐隐 步步 件件 种种 代代 层层 重重 节节 条条 点点 缓缓 紧紧 好好 早早 远远 高高 "
    "大大 小小 长长 短短 厚厚 满满 静静 狠狠 久久 区区 芸芸 熊熊 彬彬 津津 欣欣 冉冉 袅袅 堂堂 孜孜 谦谦 冷冷 暗暗 "
    "多多 细细 牢牢 死死 空空 白白 红红 绿绿 蓝蓝 黑黑 苦苦 屡屡 统统 通通 万万 断断 整整 足足 明明 每每 生生 活活".split()
)
# Doubled syllables that are nouns of kinship or verbs are neutral; a closed list for the nouns.
_DOUBLED = frozenset(
    "爸爸 妈妈 爷爷 奶奶 哥哥 弟弟 姐姐 妹妹 叔叔 伯伯 姑姑 舅舅 婶婶 公公 婆婆 姥姥 太太 娃娃 宝宝 星星 猩猩 "
    "看看 听听 说说 想想 走走 试试 谈谈 问问 等等 坐坐 玩玩 尝尝 写写 读读 用用 找找 聊聊 歇歇 转转 逛逛 瞧瞧 "
    "动动 笑笑 谢谢 学学 练练 见见 管管 算算 讲讲 猜猜 帮帮 摸摸 闻闻 数数 查查 翻翻 蛐蛐 饽饽 蝈蝈 乖乖".split()
)
# Third tone before a third tone turned neutral still changes in doubled verbs (想想 xiang2
# xiang5) and in these words, not in names of kinship (姐姐 jie3 jie5).
_RAISED_BEFORE_NEUTRAL = frozenset("想想 走走 讲讲 等等 找找 写写 管管 哪里 小姐".split())

# 儿 that is a syllable of its own.
_OWN_ER = frozenset(
    "女儿 男儿 婴儿 幼儿 孤儿 少儿 健儿 宠儿 妻儿 胎儿 生儿 患儿 育儿 托儿 弃儿 孩儿 侄儿 孙儿 产儿 乞儿 聋儿 病儿 "
    "骄儿 小儿 混血儿 弄潮儿 幸运儿 畸形儿 连体儿 脑瘫儿 流浪儿 体弱儿".split()
)

# 一 keeps its first tone as an ordinal.
_ORDINAL_ONE = (
    "一月", "一号", "一楼", "一级", "一等", "一流", "一班", "一年级", "一季度", "一审", "一期", "一把手",
)  # fmt: skip


def connected(words: list[Word]) -> list[Word]:
    """One clause as spoken: words grouped as they are said, tones changed, erhua merged.

    Args:
        words: with the dictionary's pinyin. Fixed words keep theirs and only lend context.
    """
    words = _group(words)
    spoken = [word if word.fixed else _with_lexical_tones(word) for word in words]
    spoken = [word if word.fixed else _neutral(word) for word in spoken]
    spoken = _before_next(spoken, _bu_and_yi)
    spoken = [word if word.fixed else _third_tones(word) for word in spoken]
    spoken = _third_tones_across(spoken)
    return [word if word.fixed else _erhua(word) for word in spoken]


def _group(words: list[Word]) -> list[Word]:
    """Join what is one word to the ear: 不+对, 一+个, 看+一+看, 想+想, 花+儿."""
    grouped: list[Word] = []
    for word in words:
        last = grouped[-1] if grouped else None
        if last is None or last.fixed or word.fixed:
            grouped.append(word)
        elif _is_one_word(last.text, word.text):
            grouped[-1] = _join(last, word)
        else:
            grouped.append(word)
    return grouped


def _is_one_word(first: str, second: str) -> bool:
    if first in ("不", "一"):
        return True
    if second == "儿" or (second == first and len(first) == 1):
        return True
    return second == first[:1] and len(first) == 2 and first[1] in "一不"


def _join(first: Word, second: Word) -> Word:
    return Word(first.text + second.text, first.pinyin + second.pinyin)


def _with_lexical_tones(word: Word) -> Word:
    """Undo the sandhi that the phrase dictionary wrote into some phrases with 一 and 不."""
    own = {"一": 1, "不": 4}
    tones = [
        syllable.toned(own[character]) if syllable and character in own else syllable
        for character, syllable in zip(word.text, word.pinyin, strict=True)
    ]
    return replace(word, pinyin=tuple(tones))


def _set_tone(word: Word, index: int, tone: int) -> Word:
    syllable = word.pinyin[index]
    if syllable is None:
        return word
    index %= len(word.pinyin)
    changed = (*word.pinyin[:index], syllable.toned(tone), *word.pinyin[index + 1 :])
    return replace(word, pinyin=changed)


def _neutral(word: Word) -> Word:
    text = word.text
    if text in _FULL_TONE_WORDS:
        return word
    stem = text[:-1]
    if text[-1] in "们的了着" and len(text) > 1 and (stem in _NEUTRAL_WORDS or text[-1] == "们"):
        word = _set_tone(word, -1, NEUTRAL)
        text = stem
    if text in _DOUBLED or text in _NEUTRAL_WORDS or text[-2:] in _NEUTRAL_WORDS:
        if text in _RAISED_BEFORE_NEUTRAL and tone(word.pinyin[0]) == 3:
            word = _set_tone(word, 0, 2)
        word = _set_tone(word, len(text) - 1, NEUTRAL)
    if len(text) == 3 and text[0] == text[2] and text[1] in "一不":
        word = _set_tone(word, 1, NEUTRAL)  # 看一看, 好不好
    elif len(text) == 3 and text[1] == "不":
        word = _set_tone(word, 1, NEUTRAL)  # 听不懂
    if text.endswith("个") and len(text) > 1:
        word = _set_tone(word, len(text) - 1, NEUTRAL)
    return word


def tone(syllable: Pinyin | None) -> int:
    """A syllable's tone; 0 where its reading is unknown."""
    return syllable.tone if syllable else 0


def _before_next(words: list[Word], rule: Callable[[Word, Word | None], Word]) -> list[Word]:
    following = [*words[1:], None]
    return [
        word if word.fixed else rule(word, after)
        for word, after in zip(words, following, strict=True)
    ]


def _bu_and_yi(word: Word, after: Word | None) -> Word:
    for index, character in enumerate(word.text):
        if character not in "不一" or tone(word.pinyin[index]) == NEUTRAL:
            continue
        if index + 1 < len(word.pinyin):
            following = word.pinyin[index + 1]
        else:
            following = after.pinyin[0] if after and character == "不" else None
        if character == "不" and tone(following) == 4:
            word = _set_tone(word, index, 2)
        elif character == "一" and following and not _is_numeral_one(word.text, index):
            # 一个: 个 is neutral now, but its own fourth tone decides
            word = _set_tone(word, index, 2 if following.tone in (4, NEUTRAL) else 4)
    return word


def _is_numeral_one(text: str, index: int) -> bool:
    """一 as a digit or an ordinal, which keeps its tone: 二零一五, 第一次, 二十一, 一月."""
    before, after = text[index - 1 : index], text[index + 1 : index + 2]
    if before in ("第", "初", "点") or text.startswith(_ORDINAL_ONE, index):
        return True
    if before and before in _DIGITS | _UNITS:
        return after not in _UNITS - {"十"}  # 三百一十 as is; 三万一千 follows the rule
    return after in _DIGITS or after == "十"


def _third_tones(word: Word) -> Word:
    """Inside a word: first within each foot, then where two feet still meet in third tones."""
    feet = _feet(word.text)
    for start, end in feet:
        for index in range(start, end - 1):
            if tone(word.pinyin[index]) == 3 == tone(word.pinyin[index + 1]):
                word = _set_tone(word, index, 2)
    for _, end in feet[:-1]:
        if tone(word.pinyin[end - 1]) == 3 == tone(word.pinyin[end]):
            word = _set_tone(word, end - 1, 2)
    return word


def _feet(text: str) -> list[tuple[int, int]]:
    """Divide a word for third-tone sandhi: [start, end) of each foot."""
    length = len(text)
    if length == FOOT:
        # 展览馆 is 2 + 1 and raises both; 纸老虎 is 1 + 2 and keeps its first a half-third
        return [(0, 3)] if _divides_after_two(text) else [(0, 1), (1, 3)]
    return [(start, min(start + 2, length)) for start in range(0, length, 2)]


def _divides_after_two(text: str) -> bool:
    return is_word(text[:2]) or not is_word(text[1:])


def _third_tones_across(words: list[Word]) -> list[Word]:
    """Across two words that make one foot: 我|很|好, 很|想; what is longer pauses and keeps."""
    spoken = list(words)
    for index, (word, after) in enumerate(pairwise(words)):
        meets = tone(word.pinyin[-1]) == 3 == tone(after.pinyin[0])
        if meets and not word.fixed and len(word.pinyin) + len(after.pinyin) <= FOOT:
            spoken[index] = _set_tone(word, -1, 2)
    return spoken


def _erhua(word: Word) -> Word:
    """这儿: 儿 becomes the colour of the vowel before it. The text keeps both characters."""
    if not word.text.endswith("儿") or len(word.pinyin) < 2:
        return word
    if word.text[-3:] in _OWN_ER or word.text[-2:] in _OWN_ER:
        return word
    *others, before, er = word.pinyin
    if before is None or er is None or before.erhua or before.final == "er":
        return word
    return replace(word, pinyin=(*others, before.retroflexed()))
