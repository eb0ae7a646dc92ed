"""Whether a message begins a new topic and what it is called, from that message alone."""

from proxy.filters.decline import Decline
from proxy.filters.titles.prose import read
from proxy.filters.titles.session_title import name_of
from proxy.filters.titles.tables import matched, phrase_set, word_set
from proxy.filters.titles.unspaced import is_unspaced
from proxy.filters.titles.words import bare, words_of

MOST_WORDS = 3
_LONGEST_CONTINUATION = 8
_LONGEST_LINE = 200

# Messages made of nothing but these carry on with what was being done.
_CONTINUATIONS = """yes|yep|yeah|yup|sure|ok|okay|k|y|n|no|nope|nah|continue|go|go on|go ahead|keep going|carry on|
proceed|next|more|done|thanks|thank you|thx|ty|great|good|nice|perfect|cool|awesome|excellent|right|correct|wrong|
exactly|agreed|fine|lgtm|looks good|sounds good|good job|well done|do it|do that|do this|do so|do both|both|
all of them|try again|again|retry|once more|try it|try that|redo|undo|undo that|revert|revert that|the other one|
the first one|the second one|the last one|the first|the second|the latter|the former|this one|that one|option|number|
stop|wait|hold on|never mind|nevermind|cancel|a|b|c|d|e|i agree|i see|got it|makes sense|why|why not|how so|what|
really|and|then|now|it|that|this|please|just|but|so|also|well|hmm|oh|ah|hi|hello|yes please|no thanks|not yet|
not that|not that one|still|still broken|still failing|still not working|same error|same|same problem|it works|works|
that works|it worked|it doesn't work|doesn't work|didn't work|that didn't work|commit|commit it|commit this|
commit that|push|push it|fix it|fix that|fix this|fix them|run it|run it again|ship it|show me|explain|finish|
finish it|ja|nein|nee|doch|weiter|mach weiter|bitte|danke|danke schön|genau|gut|okay danke|nochmal|noch einmal|
versuch es nochmal|mach das|das andere|der andere|die andere|passt|fertig|super|klar|und|dann|oui|non|
continue s'il te plaît|vas-y|allez-y|merci|d'accord|encore|réessaie|essaie encore|fais-le|l'autre|parfait|exact|et|
bien|très bien|poursuis|ok merci|sí|si|continúa|continua|sigue|adelante|gracias|vale|de acuerdo|otra vez|
inténtalo de nuevo|de nuevo|hazlo|el otro|la otra|perfecto|por favor|dale|sim|não|prossiga|obrigado|obrigada|de novo|
tente novamente|tente de novo|faça isso|o outro|a outra|perfeito|pode continuar|isso|tá|certo|beleza|sì|prosegui|vai|
vai avanti|grazie|va bene|ancora|riprova|fallo|l'altro|l'altra|perfetto|esatto|doorgaan|ga door|ga verder|dank je|
bedankt|nog een keer|probeer opnieuw|doe het|de andere|goed|prima|да|нет|ага|продолжай|продолжи|продолжить|дальше|
далее|давай|спасибо|хорошо|ладно|ещё раз|еще раз|попробуй ещё раз|попробуй снова|сделай это|другой|другое|понятно|
отлично|верно|не работает|tak|nie|kontynuuj|dalej|dzięki|dziękuję|dobrze|jeszcze raz|spróbuj ponownie|evet|hayır|
devam|devam et|teşekkürler|tamam|tekrar|tekrar dene|nej|fortsätt|tack|igen|försök igen|tiếp tục|vâng|không|cảm ơn|ya|
tidak|lanjut|lanjutkan|terima kasih|نعم|لا|استمر|أكمل|شكرا|تمام|حسنا|כן|לא|תמשיך|המשך|תודה|हाँ|नहीं|जारी रखें|
धन्यवाद|ठीक है|ναι|όχι|συνέχισε|ευχαριστώ|так|ні|продовжуй|дякую|네|예|응|아니|아니요|계속|계속해|계속해줘|
계속해 주세요|감사합니다|고마워|다시|다시 해줘|좋아|좋아요|그래"""
_PHRASES = phrase_set((_CONTINUATIONS,))
_WHOLE = word_set(
    """继续 繼續 好 好的 是 是的 对 對 不 不是 不对 可以 行 谢谢 謝謝 再试一次 再試一次 重试 下一步 没问题 嗯
    请继续 請繼續 続けて 続けてください はい いいえ お願いします ありがとう ありがとうございます もう一度 了解 次
    ok进行 つづけて どうぞ ใช่ ไม่ ต่อ ทำต่อ ต่อเลย ขอบคุณ ขอบคุณครับ ขอบคุณค่ะ ตกลง โอเค ลองใหม่"""
)


def topic(text: str) -> dict[str, object]:
    """`{"isNewTopic": bool, "title": str | None}` of one user message, as old clients ask after every message.

    The title is two or three words. The prompt: "if this message indicates a new conversation topic; if it does,
    extract a 2-3 word title". A message that only carries on has `False` and no title.

    Raises `Decline("too little text")` if no title can be made of a message that is no continuation.
    """
    prose = read(text).prose
    if _carries_on(prose):
        return {"isNewTopic": False, "title": None}
    title = name_of(text, most=MOST_WORDS)
    if " " not in title and not is_unspaced(prose):
        raise Decline("too little text")
    return {"isNewTopic": True, "title": title}


def _carries_on(prose: str) -> bool:
    if is_unspaced(prose) or len(prose) < 3:
        return _is_made_of_answers(prose)
    if len(prose) > _LONGEST_LINE:
        return False
    keys = [word.key for word in words_of(prose)]
    return 0 < len(keys) <= _LONGEST_CONTINUATION and _is_made_of_phrases(keys)


def _is_made_of_answers(prose: str) -> bool:
    """Whether a message of few signs, or in a script without spaces, has only answers between its punctuation."""
    signs = "".join(sign for sign in bare(prose) if sign.isalnum() or sign.isspace() or sign >= "\u0e00")
    parts = signs.casefold().replace("、", " ").split()
    return bool(parts) and all(part in _WHOLE or part.isdecimal() or matched([part], 0, _PHRASES) for part in parts)


def _is_made_of_phrases(keys: list[str]) -> bool:
    at = 0
    while at < len(keys):
        found = matched(keys, at, _PHRASES) or int(_is_choice(keys[at]))
        if not found:
            return False
        at += found
    return True


def _is_choice(key: str) -> bool:
    return key.lstrip("#").isdecimal() and len(key) <= 3
