"""How people word a request to a coding assistant, in the languages they use: openers, verbs, and what ends it.

None of this belongs in a title. Lookups are made in all languages at once, since a short message hardly shows its own.
"""

import re

from proxy.filters.titles.tables import phrase_set, word_set

# Here the user asks for something: wherever one of these stands in a message, the task follows.
_ASKING = {
    "en": """please|can you|can u|could you|would you|will you|i want you to|i want to|i'd like to|i'd like you to|
    i would like to|i need to|i need you to|we need to|i need help with|help me|let's""",
    "de": "bitte|kannst du|könntest du|können sie|ich möchte",
    "fr": "peux-tu|pouvez-vous|pourrais-tu|je voudrais|je veux",
    "es": "puedes|podrías|quiero|necesito|por favor",
    "pt": "você pode|você poderia|preciso",
    "it": "puoi|potresti|vorrei",
    "nl": "kun je|kan je|zou je",
    "ru": "пожалуйста|можешь|мне нужно",
    "pl": "czy możesz",
    "sv": "kan du",
}
# With these, too, a message may begin before it comes to its point.
_LEADING = {
    "greetings": """hi|hey|hello|hi there|hey there|hello there|good morning|ok|okay|so|well|now|also|claude|thanks|
    thank you|pls|plz|me|it|just|first|first of all|please note that|you are|your task is to|your job is to""",
    "wishes": """can you help me|can we|could we|could you help me|would you mind|would you be able to|
    are you able to|is it possible to|i want|i'd like|i would like|i would like you to|i need|i need help|we need|
    we want to|we should|you should|i have to|we have to|i wanna|i'm trying to|i am trying to|i'm going to|
    i was trying to|help|help me with|help us|help with|let us|lets|try to|go ahead and|i'm working on|be able to|
    i am working on|we're working on|i'm building""",
    "findings": """quick question|i have a question about|i have a question|i have a problem with|
    i have an issue with|i have a bug in|there is|there are|there's|there seems to be|i have|we have|i've got|i got|
    i get|i'm getting|i am getting|we're getting|i keep getting|i see|i'm seeing|i noticed that|i noticed|i think|
    i think that|it seems that|it looks like|it seems|looks like|for some reason|here is|here's|here is my code|
    this is""",
    "questions": """i don't understand|i wonder|i'm wondering|i was wondering if you could|how do i|how do we|
    how do you|how can i|how can we|how should i|how should we|how to|how would i|how would you|how does|how do|
    how is|how are|how|why|why is|why are|why does|why do|why did|what is|what are|what's|what does|what do|
    what would be|where is|where are|where do|where does|when|which|is there|is there a way to|are there any|
    is there any way to|do you know|do you see|do you see any|do you have|do you have any|tell me|
    what do you think about|what do you think of|what's wrong with|what is wrong with""",
    "searches": "places where|all places where|all the places where|everywhere",
    "de": """hallo|hi zusammen|guten tag|guten morgen|könnten sie|kannst du mir|ich will|ich brauche|ich habe|
    wir müssen|wir brauchen|ich möchte dass du|hilf mir|hilf mir bei|wie kann ich|wie|mir|bitte hilf mir|es gibt|
    ich bekomme|lass uns""",
    "fr": """s'il te plaît|s'il vous plaît|stp|svp|bonjour|salut|pourriez-vous|tu peux|est-ce que tu peux|
    est-ce que|j'aimerais|je souhaite|j'ai besoin de|j'ai besoin d'aide pour|il faut|il faudrait|aide-moi à|
    aidez-moi à|j'ai un problème avec|j'ai|moi|comment|nous devons|on doit|m'aider à|qu'est-ce que|c'est""",
    "es": """hola|buenas|buenos días|puede|podría|me puedes|quiero que|quisiera|me gustaría|necesito que|
    necesitamos|ayúdame a|ayúdame con|tengo un problema con|tengo|hay|cómo|qué es""",
    "pt": """olá|oi|bom dia|pode|poderia|pode me|quero|quero que você|eu quero|gostaria de|eu gostaria de|
    preciso de|preciso de ajuda para|preciso de ajuda com|precisamos|me ajude a|me ajuda a|ajude-me a|
    estou com um problema com|tenho|o que é""",
    "it": """per favore|ciao|buongiorno|puoi aiutarmi a|voglio|ho bisogno di|dobbiamo|aiutami a|aiutami con|
    ho un problema con|ho|come""",
    "nl": """alsjeblieft|alstublieft|hoi|goedemorgen|kunt u|ik wil|ik wil graag|ik zou graag|ik heb|we moeten|
    help me met|hoe kan ik|hoe|graag|me helpen met""",
    "ru": """привет|здравствуйте|добрый день|можете|мог бы ты|не могли бы вы|нам нужно|нужно|надо|хочу|я хочу|
    помоги|помоги мне|помогите|помогите мне|у меня|как|давай|нам надо""",
    "pl": "proszę|cześć|dzień dobry|możesz|chcę|potrzebuję|chciałbym|pomóż mi|jak",
    "tr": "lütfen|merhaba|selam",
    "vi": "vui lòng|hãy|giúp tôi|xin chào|làm ơn|bạn có thể|tôi muốn",
    "sv": "snälla|hej|jag vill|jag behöver|hjälp mig|hjälp mig att",
    "id": "tolong|halo|bisakah kamu|saya ingin",
    "ar": "من فضلك|مرحبا|هل يمكنك|أريد أن|أريد|أحتاج إلى|ساعدني في|كيف|السلام عليكم",
    "he": "בבקשה|שלום|היי|אתה יכול|תוכל|אני רוצה|אני צריך|עזור לי|איך",
    "fa": "لطفا|سلام|می‌خواهم|چرا",
    "hi": "कृपया|नमस्ते|क्या आप|मुझे",
    "el": "παρακαλώ|γεια|γεια σου|μπορείς να|θέλω να|θέλω|πώς",
    "uk": "будь ласка|привіт|чи можеш|мені потрібно|потрібно|допоможи мені|як",
    "ko": "안녕|안녕하세요|혹시|저|제발|왜",
}
ASKING = phrase_set(_ASKING.values())
OPENERS = phrase_set((*_ASKING.values(), *_LEADING.values()))

VERBS = phrase_set(
    (
        """fix|fix up|fixes|closes|resolves|add|add in|explain|describe|investigate|look into|look at|
        take a look at|have a look at|implement|check|check out|double check|debug|refactor|update|write|write up|
        create|make me|make a|make an|make sure|make sure that|make new|make it so that|make it so|
        make it possible to|show|show me|give me|find|find out|find out why|figure out|fetch|get|set up|setup|
        configure|install|resolve|solve|handle|improve|optimize|optimise|review|go through|walk me through|analyze|
        analyse|examine|inspect|trace|identify|diagnose|troubleshoot|verify|ensure|validate|generate|develop|draft|
        produce|provide|summarize|summarise|read|work on|continue with|start|help|understand|learn|learn about|know|
        know how|teach me|remove|delete|drop|get rid of|clean up|cleanup|simplify|rewrite|rework|replace|rename|
        move|migrate|convert|port|upgrade|bump|translate|document|integrate|enable|support|deploy|tell me about|
        compare|put together|come up with|address|deal with|change|modify|adjust|tweak|edit|extend|introduce|
        tidy up|speed up|run|want to know|test|build|design|plan|log|search|search for|search the|filter|format|
        list|report|query|cache|release|sort|use|see|audit|research|brainstorm|prepare|propose|suggest|recommend|
        discuss|outline|tell|tell me how""",
    )
)
# Nouns as often as verbs: read as a verb only before an article or behind a request ("test the login").
NOUN_OR_VERB = word_set(
    """test build design plan log search filter format list report query cache release sort document support port
    start drop address help run audit research change move trace get read see"""
)
# Other languages' request verbs by their stems, whatever the ending.
_STEMS = {
    "de": """beheb reparier füge ergänze erklär beschreib untersuch überprüf prüf implement erstell schreib zeig
    aktualisier refaktor änder verbesser analys optimi entfern lösch übersetz behebst richte baue benenne""",
    "fr": """corrig déploy déplie install configur répar ajout expli décri vérifi crée cré écri montre refactori mets
    trouve améliore améliorer supprim fais faire tradu""",
    "es": """corrij explíc ayúd arregl añad agreg escrib revis muestr muéstr depur actualiz haz hacer busca encuentr
    mejor comprueb investig elimin""",
    "pt": """conserte conserta adicion crie cria criar crea crear escrev mostr refator atualiz faça fazer melhor otimi
    verifi remov""",
    "it": "corregg sistemare aggiun spieg scriv controll aggiorn trova miglior analizz rifattor ottimi",
    "nl": "repareer voeg leg maak schrijf controleer bekijk verbeter onderzoek",
    "ru": """исправ почин добав объясн реализ созда напиш написа провер покаж найд обнов сдела разобра посмотр
    отрефактор улучш настро оптимиз расскаж""",
    "pl": "napraw dodaj doda wyjaśn stwórz napisz sprawd popraw zaimplement",
    "vi": "sửa thêm giải viết tạo",
    "sv": "fixa lägg förklar skapa skriv åtgärd",
    "id": "perbaik tambah jelask buat",
    "ar": "أصلح إصلاح أضف إضافة اشرح شرح أنشئ اكتب كتابة",
    "he": "תקן לתקן תוסיפ תוסיף הוסף להוסיף תסביר הסבר להסביר כתוב תכתוב",
    "el": "διόρθω διορθώ πρόσθε προσθέ εξήγ εξηγή",
    "uk": "виправ дода поясни поясн створ напиши",
}
VERB_FORM = re.compile(rf"(?:{'|'.join(' '.join(_STEMS.values()).split())})\w{{0,4}}")

# Behind one of these the request may go on: "fix and then explain to me".
LINKS = word_set("and but to then me us i we you if that und mir et y e en и mij all both")
AND = word_set("and then und et y e en och oraz ve")
# Questions for a reason keep their word order, so in these languages they are kept whole.
WHY = word_set(
    """warum wieso weshalb pourquoi perché waarom почему dlaczego neden varför mengapa لماذا למה क्यों γιατί чому
    porquê"""
)
# "How does X work?" is about X.
HOW = word_set("كيف how wie comment cómo como come hoe как hur jak як πώς")
WORKS = word_set(
    """يعمل work works working funktioniert fonctionne fonctionnent funciona funcionan funziona funzionano werkt
    работает fungerar działa працює λειτουργεί"""
)
# Verbs at the end of a request, as German, Dutch, Turkish and Hindi put them.
TAILS = word_set(
    """first instead thanks please pls bitte reparieren beheben hinzufügen erklären überprüfen prüfen erstellen
    schreiben implementieren refaktorieren aktualisieren ändern verbessern einbauen zeigen behebst hinzufügst
    optimieren umbenennen reparierst erklärst toevoegen fixen uitleggen repareren maken oplossen schrijven bekijken
    düzelt ekle açıkla oluştur yaz düzeltir ekler misin mısın करें कीजिए दें दीजिए जोड़ें समझाएं karo do ठीक चाहता हूँ
    till"""
)
# The first half of a verb at the end of its sentence: "füge … hinzu" is "hinzufügen", "voeg … toe" is "toevoegen".
GERMAN_PARTICLES = word_set("hinzu ein um auf aus ab an frei")
DUTCH_PARTICLES = word_set("toe uit")
KOREAN_TAIL = re.compile(
    r"\w{0,12}(?:주세요|줘|줘요|줄래|주실래요|주시겠어요|있나요|있을까요|있어요|싶어요|싶습니다|바랍니다|드립니다|부탁해요?)|수|주실"
    r"|(?:수정|추가|설명|구현|작성|확인|검토|변경|삭제|개선|디버깅|리팩토링|분석|생성)(?:해|하고|을|를|하는|할|좀)?"
    r"|고쳐|만들어|만들고|알려|도와|좀|방법을"
)

# What the work is called once its verb is gone: "rename getUser to fetchUser" is a "getUser rename to fetchUser".
WORK_NOUNS = {
    "migrate": "migration",
    "convert": "conversion",
    "rename": "rename",
    "upgrade": "upgrade",
    "move": "move",
    "replace": "replacement",
    "remove": "removal",
    "delete": "removal",
    "refactor": "refactoring",
    "set up": "setup",
    "setup": "setup",
    "configure": "configuration",
    "integrate": "integration",
    "deploy": "deployment",
    "install": "installation",
    "translate": "translation",
    "review": "review",
    "optimize": "optimization",
    "optimise": "optimization",
    "rewrite": "rewrite",
}
