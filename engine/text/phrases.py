"""Readings that the phrase dictionary lacks or gives otherwise; they hold inside longer words too.

Where two phrases overlap the later one wins.
"""

from __future__ import annotations

PHRASES = {
    "的士": "di1 shi4", "的哥": "di1 ge1", "打的": "da3 di1", "的确": "di2 que4",
    "目的": "mu4 di4", "目的地": "mu4 di4 di4", "标的": "biao1 di4", "标的物": "biao1 di4 wu4",
    "甚么": "shen2 me5", "流血": "liu2 xue4", "落下": "luo4 xia4",
    "一曝十寒": "yi1 pu4 shi2 han2", "为首": "wei2 shou3", "为准": "wei2 zhun3",
    "为例": "wei2 li4", "为主": "wei2 zhu3",
    "行为": "xing2 wei2", "还钱": "huan2 qian2", "还款": "huan2 kuan3",
    "长得": "zhang3 de5", "很长": "hen3 chang2", "都市": "du1 shi4",
    "还债": "huan2 zhai4", "还贷": "huan2 dai4", "还给": "huan2 gei3", "子公司": "zi3 gong1 si1",
    "投行": "tou2 hang2", "着地": "zhuo2 di4",
    "朝阳区": "chao2 yang2 qu1", "行长": "hang2 zhang3", "重装": "chong2 zhuang1",
    "大夫": "dai4 fu1", "士大夫": "shi4 da4 fu1", "琢磨": "zuo2 mo5", "肚子": "du4 zi5",
    "妻子": "qi1 zi5", "孙子兵法": "sun1 zi3 bing1 fa3", "照看": "zhao4 kan1",
    "照片": "zhao4 pian4", "应声": "ying4 sheng1", "全长": "quan2 chang2", "温差": "wen1 cha1",
    "处在": "chu3 zai4", "刨花": "bao4 hua1", "一觉": "yi1 jiao4", "哒哒": "da1 da1",
    "量尺寸": "liang2 chi3 cun4", "量血压": "liang2 xue4 ya1", "量体温": "liang2 ti3 wen1",
    "量量": "liang2 liang2", "教教": "jiao1 jiao1", "转圈": "zhuan4 quan1", "转着": "zhuan4 zhe5",
    "转不动": "zhuan4 bu4 dong4", "干透": "gan1 tou4", "空座": "kong4 zuo4", "空位": "kong4 wei4",
    "长信": "chang2 xin4",
}  # fmt: skip

# Characters of one reading today, whatever the phrase dictionary has for words with them.
CHARACTERS = {"谁": "shei2", "遛": "liu4", "哒": "da1"}
