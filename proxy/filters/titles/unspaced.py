"""A title from prose in a script without spaces between words: Chinese, Japanese, Thai and their kin.

No word can be looked up here, so a request is peeled off the two ends of a sentence sign by sign.
"""

import re

from proxy.filters.titles.names import OPENING_MARKS, named
from proxy.filters.titles.words import ASCII_RUN, UNSPACED_SIGN, bare, unbracketed

# Widths are counted in halves of a wide sign: a Latin letter is one, a Chinese character two.
_WIDTH, _WIDTH_OF_TOPIC = 40, 24
_MOST_SIGNS = 80
_LOOKED_AT = 400
_SHORTEST = 4

_OPENER = re.compile(
    r"[\s,.!?]+|(?:你好|您好|嗨|请问|請問|请|請|麻烦|麻煩|帮我|幫我|帮忙|幫忙|你能不能|能不能|你能|可以|可不可以|我想要?|我需要|我们需要|需要"
    r"|给我|給我|一下|为什么|為什麼|为何|如何|怎么|怎麼|怎样|我的|这个|這個"
    r"|お世話に(?:なります|なっております)|お疲れ様です|いつもありがとうございます|こんにちは|すみません(?:が)?|お願いします|お手数ですが|この|私の|なぜ|どうして"
    r"|กรุณา|โปรด|ช่วย|สวัสดี(?:ครับ|ค่ะ)?|ทำไม|อยาก|ต้องการ)"
)
_VERB = re.compile(
    r"(?:修复|修復|修正|修改|解决|解決|添加|新增|增加|加上|解释|解釋|说明|說明|实现|實現|实作|實作|检查|檢查|查看|看看|看|调试|調試|重构|重構|更新"
    r"|写|寫|创建|創建|建立|做|优化|優化|分析|调查|調查|告诉我|告訴我|删除|刪除|แก้ไข|แก้|เพิ่ม|อธิบาย|สร้าง|เขียน|ตรวจสอบ)"
    r"(?:一下|一个|一個|了)?\s*"
)
_TAIL = re.compile(
    r"(?:[\s,.!?]+|ください|下さい|(?:を|の)?お願いします|お願い|ほしいです|ほしい|もらえますか|くれますか|いただけますか|くれ|たいです|たい|教えて|見せて"
    r"|を?(?:修正|追加|説明|実装|確認|調査|作成|更新|変更|削除|改善|リファクタリング|デバッグ|レビュー|最適化)(?:して|し|する)?"
    r"|を?(?:直して|作って|書いて|作り|書き|調べて)|(?:について|を)"
    r"|是怎么(?:实现|工作|运行)的|是如何(?:实现|工作|运行)的|怎么(?:办|工作)|好吗|可以吗|好嗎|嗎|吗|吧|呢|谢谢|謝謝"
    r"|หน่อย|ครับ|ค่ะ|คะ|ด้วย|ให้)$"
)
# Behind a comma or a particle, before an "and".
_PAUSE = re.compile(r"[,、\s]|(?<=[はがにでを])|(?=[和与並并且])")
_LOOSE_END = " ,、はがにでをのと和与的"


def is_unspaced(text: str) -> bool:
    """Whether the text is in a script that puts no spaces between words."""
    seen = text[:300]
    found = len(UNSPACED_SIGN.findall(seen))
    return found >= 3 and found * 7 >= sum(sign.isalpha() for sign in seen)


def unspaced_title(prose: str, most: int, is_topic: bool = False) -> str:
    """The first sentence that says something, without its request, cut to about twenty wide signs; "" if none."""
    sentences = [_readable(part[:_LOOKED_AT]) for part in re.split(r"[.!?;]\s|\n", prose)]
    bodies = [_without_request(sentence) for sentence in sentences]
    telling = (body for body in bodies if len(body) >= _SHORTEST)
    body = next(telling, "") or max([*bodies, *sentences], key=len)
    title = _cut(" ".join(body.split()[:most]), _WIDTH_OF_TOPIC if is_topic else _WIDTH)
    title = " ".join(unbracketed(title).split()[:most])
    return title if len(title) > 1 else ""


def _readable(sentence: str) -> str:
    """The sentence, its URLs and paths shortened and its secrets and decoration left out."""
    return bare(ASCII_RUN.sub(lambda run: " ".join(named(run[0].strip(OPENING_MARKS))), sentence)).strip()


def _without_request(sentence: str) -> str:
    while opener := _OPENER.match(sentence):
        sentence = sentence[opener.end() :]
    verb = _VERB.match(sentence)
    body = sentence[verb.end() :] if verb else sentence
    while tail := _TAIL.search(body):
        body = body[: tail.start()]
    body = body.strip()
    return body if len(body) >= _SHORTEST else sentence.strip(" ,.!?")


def _cut(body: str, width: int) -> str:
    """The body up to a width: if it is longer, at its last pause, or at least not inside of a Latin word."""
    end = _signs_within(body, width)
    if end >= len(body):
        return body
    pauses = [pause.start() for pause in _PAUSE.finditer(body[:end])]
    end = next((pause for pause in reversed(pauses) if pause * 2 >= end), end)
    while end > 1 and _is_latin(body[end]) and _is_latin(body[end - 1]):
        end -= 1
    return body[:end].strip(_LOOSE_END)


def _signs_within(body: str, width: int) -> int:
    end = 0
    while end < min(len(body), _MOST_SIGNS) and width >= 0:
        width -= 1 if body[end] < "\u0e00" or "\u0e00" <= body[end] < "\u1100" else 2
        end += 1
    return end


def _is_latin(sign: str) -> bool:
    return sign < "\u0e00" and not sign.isspace()
