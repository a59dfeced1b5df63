"""Word lists behind the rules of `sandhi.py`: what only a dictionary can know."""

from __future__ import annotations


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Last syllable neutral: words of everyday speech, as in the list of the Putonghua proficiency test.
NEUTRAL_WORDS = _words(
    """
    爱人 巴掌 爸爸 白净 帮手 包袱 包涵 本事 鼻子 比方 扁担 别扭 玻璃 簸箕 部分 财主 裁缝 苍蝇
    柴火 称呼 畜生 窗户 刺猬 凑合 耷拉 答应 打扮 打点 打发 打量 打算 打听 大方 大爷 大夫 耽搁
    耽误 道士 灯笼 提防 地方 弟弟 弟兄 点心 东家 东西 动静 动弹 豆腐 嘟囔 队伍 对付 对头 多么
    耳朵 废物 风筝 福气 甘蔗 干事 高粱 膏药 告诉 疙瘩 哥哥 胳膊 跟头 工夫 功夫 公公 姑姑 姑娘
    骨头 故事 寡妇 怪物 关系 官司 棺材 罐头 规矩 闺女 蛤蟆 行当 合同 和尚 核桃 红火 后头 厚道
    狐狸 胡琴 胡萝卜 葫芦 糊涂 皇上 护士 火候 伙计 机灵 脊梁 记号 记性 家伙 架势 嫁妆 见识 将就
    交情 叫唤 结实 街坊 姐夫 姐姐 戒指 舅舅 咳嗽 客气 口袋 窟窿 快活 困难 阔气 喇叭 喇嘛 懒得
    老婆 老实 老爷 姥姥 累赘 篱笆 里头 力气 厉害 利落 利索 痢疾 连累 凉快 粮食 溜达 萝卜 骆驼
    妈妈 麻烦 麻利 马虎 码头 买卖 馒头 忙活 冒失 眉毛 媒人 妹妹 门道 眯缝 迷糊 苗条 苗头 名堂
    名字 明白 蘑菇 模糊 木匠 木头 那么 奶奶 难为 脑袋 能耐 你们 念叨 念头 娘家 奴才 女婿 暖和
    疟疾 牌楼 盘算 朋友 脾气 屁股 便宜 漂亮 婆家 婆婆 铺盖 欺负 前头 亲戚 勤快 清楚 亲家 拳头
    热闹 人家 认识 扫帚 商量 上司 上头 烧饼 少爷 舌头 舍不得 什么 生意 牲口 师父 师傅 石匠 石榴
    石头 时候 拾掇 使唤 世故 似的 事情 收成 收拾 首饰 叔叔 舒服 舒坦 疏忽 爽快 思量 算计 岁数
    他们 它们 她们 太太 特务 挑剔 跳蚤 铁匠 头发 妥当 唾沫 挖苦 娃娃 晚上 尾巴 委屈 位置 位子
    稳当 我们 稀罕 媳妇 喜欢 下巴 吓唬 先生 乡下 相声 消息 小气 笑话 谢谢 心思 星星 猩猩 行李
    兄弟 休息 秀才 秀气 学生 学问 丫头 衙门 哑巴 胭脂 烟筒 眼睛 砚台 秧歌 养活 吆喝 妖精 钥匙
    爷爷 衣服 衣裳 意思 应酬 冤枉 月饼 月亮 云彩 运气 在乎 咱们 早上 怎么 扎实 眨巴 栅栏 张罗
    丈夫 丈人 帐篷 招呼 招牌 折腾 这个 那个 这么 枕头 芝麻 知识 指甲 指头 主意 转悠 庄稼 壮实
    状元 字号 自在 祖宗 嘴巴 琢磨 作坊 葡萄 太阳 哪里 知道 觉得 记得 值得 显得 晓得 省得 免得
    起来 上来 下来 进来 出来 回来 过来 上去 下去 进去 出去 回去 外头 甜头 锄头 势头 浪头 小姐
    父亲 母亲 薄荷 干净 呼噜 吆喝 哈欠 露水 炮仗 砖头 估摸 教教 量量 铺盖
    """
)

# Whose second syllable is neutral in longer words too: 玻璃杯, 豆腐脑儿.
NEUTRAL_STEMS = _words("玻璃 葡萄 豆腐 粮食 萝卜 核桃 石榴 骆驼 蘑菇 芝麻 铺盖 谢谢 码头 吆喝")

# Whose 子 is no suffix and keeps its third tone.
FULL_TONE_WORDS = _words(
    """
    男子 女子 分子 原子 电子 量子 粒子 质子 中子 离子 莲子 石子 瓜子 学子 弟子 游子 才子 君子
    孔子 孟子 老子 庄子 天子 王子 太子 公子 父子 母子 独生子 赤子 浪子 亲子 孝子 童子 夫子 因子
    卵子 精子 棋子 鱼子
    """
)

# Doubled syllables whose second is neutral: kinship and verbs.
DOUBLED_WORDS = _words(
    """
    爸爸 妈妈 爷爷 奶奶 哥哥 弟弟 姐姐 妹妹 叔叔 伯伯 姑姑 舅舅 婶婶 公公 婆婆 姥姥 太太 娃娃
    宝宝 星星 猩猩 看看 听听 说说 想想 走走 试试 谈谈 问问 等等 坐坐 玩玩 尝尝 写写 读读 用用
    找找 聊聊 歇歇 转转 逛逛 瞧瞧 动动 笑笑 谢谢 学学 练练 见见 管管 算算 讲讲 猜猜 帮帮 摸摸
    闻闻 数数 查查 翻翻 蛐蛐 饽饽 蝈蝈 乖乖
    """
)

# A third tone before a third tone turned neutral still rises in doubled verbs (想想 xiang2 xiang5)
# and in these words, not in names of kinship (姐姐 jie3 jie5).
RAISED_BEFORE_NEUTRAL = _words(
    """
    想想 走走 讲讲 等等 找找 写写 管管 哪里 小姐
    """
)

# 儿 that is a syllable of its own.
OWN_ER = _words(
    """
    女儿 男儿 婴儿 幼儿 孤儿 少儿 健儿 宠儿 妻儿 胎儿 生儿 患儿 育儿 托儿 弃儿 孩儿 侄儿 孙儿
    产儿 乞儿 聋儿 病儿 骄儿 小儿 混血儿 弄潮儿 幸运儿 畸形儿 连体儿 脑瘫儿 流浪儿 体弱儿
    """
)

MERGED_ER = _words("女孩儿 男孩儿 小孩儿")  # though 孩儿 alone is two syllables

# 一 keeps its first tone as an ordinal.
ORDINAL_ONE = tuple(
    sorted(_words("一月 一号 一楼 一级 一等 一流 一班 一年级 一季度 一审 一期 一把手"))
)
