"""Titles of sessions: what a person must recognise in a list, special inputs, and properties that hold for any text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.filters.decline import Decline
from proxy.filters.titles.session_title import name_of, session_title
from proxy.filters.titles.tables import word_set
from proxy.filters.titles.words import unbracketed

ENGLISH = {
    "please explain how sorting works in src/app.py": "Sorting in app.py",
    "Fix the login button on mobile": "Login button on mobile",
    "Add OAuth authentication to the API client": "OAuth authentication to API client",
    "refactor auth": "Refactor auth",
    "hello there": "Hello there",
    "fix bug": "Fix bug",
    "Can you help me fix the failing test in tests/test_api.py?": "Failing test in test_api.py",
    "What is the difference between let and const in JavaScript?": "Difference between let and const in JavaScript",
    "I'm getting a TypeError when I call getUser in src/api/users.ts, can you look into it?": (
        "TypeError when I call getUser in users.ts"
    ),
    "Rename getUser to fetchUser across the codebase": "getUser rename to fetchUser",
    "Migrate the Express app to TypeScript": "Express app migration to TypeScript",
    "I want you to write unit tests for utils.py": "Unit tests for utils.py",
    "Why is the build so slow on Windows?": "Build so slow on Windows",
    "The tests are failing on CI because of a missing env var, can you look?": "Tests failing on CI",
    "Please investigate issue #123 and propose a solution": "Issue #123",
    "Look into PROJ-42": "Look into PROJ-42",
    "Upgrade React from 17 to 18": "React upgrade from 17 to 18",
    "How does caching work?": "How caching works",
    "Write a script to rename all photos by date": "Script to rename all photos",
    "Null pointer exception when saving a new user profile in UserService.java": (
        "Null pointer exception in UserService.java"
    ),
    "Hey Claude, I have a Django project with a users app. Could you add a password reset flow?": "Password reset flow",
    "When I click save, the page freezes": "Page freezes when I click save",
    "For the API client, add retry logic": "Retry logic for API client",
    "In src/app.py please fix the sorting bug": "Sorting bug in app.py",
    "I have a problem with my Docker container. It keeps restarting": "Docker container keeps restarting",
    "Set up CI for the monorepo with GitHub Actions": "CI setup for monorepo with GitHub Actions",
    "let's add dark mode support to the settings page": "Dark mode support",
    "make sure that users can't submit the form twice": "Users can't submit form twice",
    "FIX THE BROKEN API ENDPOINT FOR USER LOGIN": "Broken API endpoint",
    "What does the useEffect hook do in React?": "useEffect hook in React",
    "Why does the login page return a 500 error after deploy?": "Login page returns 500 error",
    "Deploy the app to Fly.io": "App deployment to Fly.io",
    "npm install fails with ERESOLVE on Node 20": "npm install fails with ERESOLVE",
    "Add a --verbose flag to the CLI": "--verbose flag to CLI",
    "debug the memory leak in the websocket server, then write a regression test": "Memory leak in websocket server",
    "can you check if there are any unused dependencies in package.json": "Unused dependencies in package.json",
    "I need to optimize the SQL query in reports/monthly.sql, it takes 30 seconds": (
        "SQL query optimization in monthly.sql"
    ),
    "Implement pagination for the /api/users endpoint": "Pagination for /api/users endpoint",
    "Bump lodash to 4.17.21": "Lodash to 4.17.21",
    "fix the `parse_config` function so that it handles empty files": "parse_config function",
    "build a CLI tool for resizing images": "CLI tool for resizing images",
    "I'd like to understand how the auth middleware works": "Auth middleware",
    "@src/app.py explain the sorting algorithm": "Sorting algorithm in app.py",
    "What's wrong with my regex?": "What's wrong with my regex",
    "The API returns 404 for /users/:id after upgrading to FastAPI 0.110": "API returns 404 for /users/:id",
    "move the helpers from utils.py into helpers/strings.py": "Helpers move from utils.py into strings.py",
    "Check for memory leaks in the image cache": "Memory leaks in image cache",
    "/home/bob/project/src/app.py crashes with a segfault": "app.py crashes with segfault",
    "The login is broken. The error is in auth.py": "Login broken in auth.py",
    "What do you think about using Redis for the session store?": "Redis for session store",
    "Make the build faster": "Make build faster",
    "Write an email to Bob about the delay": "Email to Bob about delay",
    "Find all places where we use deprecated moment.js calls": "Deprecated moment.js calls",
    "Search for places that call deprecated_api()": "Places that call deprecated_api",
    "issue #4711: parse_config drops the last line": "Issue #4711: parse_config drops last line",
    "PROJ-42: fix the login page": "PROJ-42: login page",
    "Fixes #881. The tooltip should stay open on hover": "#881: tooltip should stay open",
    "bug: cart total is off by one cent (see SHOP-1234)": "SHOP-1234: cart total off",
    "Login button is broken on Safari 17": "Login button broken on Safari 17",
    "Upgrade from Node 16 to Node 20 and fix whatever breaks": "Node 16 upgrade to Node 20",
    "make the tests pass again": "Make tests pass again",
    "RUN[cat notes.txt]": "RUN cat notes.txt",
    "app/[slug] returns a 404": "[slug] returns 404",
    "foo(bar baz) raises ValueError": "foo raises ValueError",
    "Add support for Python 3.13": "Support for Python 3.13",
    "Explain what this repo does": "Explain what this repo does",
    "what does this regex do: ^[a-z]+$": "What this regex does",
    "Make it so that pressing Escape closes the modal": "Pressing Escape closes modal",
    "I think there's a bug in the date picker component": "Bug in date picker component",
    "Please look at the screenshot and fix the alignment of the cards": "Alignment of cards",
    "Please don't change anything yet, just analyze how the sync engine handles conflicts": (
        "Sync engine handles conflicts"
    ),
    "What is the difference between == and === in JS?": "Difference between == and === in JS",
    "Remove the feature flag NEW_CHECKOUT everywhere": "Feature flag NEW_CHECKOUT removal",
}
LANGUAGES = {
    "Kannst du bitte die Anmeldung in src/auth.ts reparieren?": "Anmeldung in auth.ts",
    "Erkläre mir, wie das Sortieren in app.py funktioniert": "Sortieren in app.py",
    "Warum schlägt der Build auf Windows fehl?": "Warum schlägt der Build auf Windows fehl",
    "Bitte schreibe Tests für die Zahlungslogik": "Tests für die Zahlungslogik",
    "Ich bekomme einen Fehler beim Starten des Servers": "Fehler beim Starten des Servers",
    "Füge der Einstellungsseite einen Dunkelmodus hinzu": "Dunkelmodus hinzufügen",
    "Kannst du den Login reparieren?": "Login reparieren",
    "Richte einen Cronjob für Backups ein": "Cronjob für Backups",
    "Peux-tu corriger l'erreur de connexion dans src/login.ts ?": "Erreur de connexion dans login.ts",
    "Ajoute l'authentification OAuth au client API": "Authentification OAuth au client API",
    "Comment fonctionne le tri dans app.py ?": "Tri dans app.py",
    "Est-ce que tu peux m'aider à déployer mon application Django sur Heroku ?": "Application Django sur Heroku",
    "¿Puedes arreglar el botón de inicio de sesión en móviles?": "Botón de inicio de sesión",
    "Explícame cómo funciona la autenticación en este proyecto": "Autenticación en este proyecto",
    "Añade a la página un modo oscuro": "Modo oscuro",
    "Por favor, corrija o erro de login no aplicativo": "Erro de login no aplicativo",
    "Me ajude a criar um teste para o serviço de pagamento": "Teste para o serviço de pagamento",
    "Puoi aggiungere la validazione al modulo di registrazione?": "Validazione al modulo di registrazione",
    "Spiegami come funziona il routing in app.py": "Routing in app.py",
    "Kun je de zoekfunctie in de webshop sneller maken?": "Zoekfunctie in de webshop sneller",
    "Исправь ошибку входа в src/auth.py": "Ошибку входа в auth.py",
    "Можешь объяснить, как работает сортировка в app.py?": "Сортировка в app.py",
    "Помоги мне настроить CI для проекта на GitLab": "CI для проекта на GitLab",
    "src/app.pyのソートの仕組みを説明してください": "app.pyのソートの仕組み",
    "ログイン画面のバグを修正して": "ログイン画面のバグ",
    "ユーザー認証機能を追加したいです": "ユーザー認証機能",
    "请帮我修复登录页面的样式问题": "登录页面的样式问题",
    "解释一下 src/app.py 里的排序是怎么实现的": "app.py 里的排序",
    "为什么我的Docker容器一直重启？": "Docker容器一直重启",
    "請幫我新增深色模式": "深色模式",
    "로그인 버튼을 수정해 주세요": "로그인 버튼",
    "src/app.py에서 정렬이 어떻게 동작하는지 설명해 주세요": "app.py에서 정렬이 어떻게 동작하는지",
    "ช่วยแก้บั๊กในหน้าเข้าสู่ระบบหน่อยครับ": "บั๊กในหน้าเข้าสู่ระบบ",
    "من فضلك أصلح زر تسجيل الدخول في الهاتف": "زر تسجيل الدخول في الهاتف",
    "\u202bكيف يعمل الترتيب في app.py؟\u202c": "الترتيب في app.py",
    "תוכל להוסיף מצב כהה להגדרות?": "מצב כהה להגדרות",
    "कृपया लॉगिन पेज की त्रुटि ठीक करें": "लॉगिन पेज की त्रुटि",
    "Lütfen giriş sayfasındaki hatayı düzelt": "Giriş sayfasındaki hatayı",
    "Czy możesz naprawić błąd logowania w aplikacji mobilnej?": "Błąd logowania w aplikacji mobilnej",
    "Hãy sửa lỗi đăng nhập trên trang chủ": "Lỗi đăng nhập trên trang chủ",
    "Kan du fixa inloggningen på mobilen?": "Inloggningen på mobilen",
    "Παρακαλώ διόρθωσε το σφάλμα σύνδεσης στο app.py": "Σφάλμα σύνδεσης στο app.py",
    "Додай темну тему до налаштувань": "Темну тему до налаштувань",
}
PYTHON_TRACE = """Traceback (most recent call last):
  File "/srv/app/main.py", line 10, in <module>
    run()
  File "/srv/app/session.py", line 42, in load
    return data['user_id']
  File "/usr/lib/python3.11/json/decoder.py", line 3, in decode
    x
KeyError: 'user_id'"""
NODE_TRACE = """TypeError: Cannot read properties of undefined (reading 'map')
    at renderWithHooks (/home/me/web/node_modules/react-dom/index.js:1:1)
    at UserList (/home/me/web/src/UserList.jsx:12:20)"""
SPECIAL = {
    "Review https://github.com/acme/widgets/pull/42 please": "acme/widgets pull request 42 review",
    "https://github.com/acme/widgets/issues/17": "acme/widgets issue 17",
    "https://gitlab.com/acme/widgets/-/merge_requests/7": "acme/widgets merge request 7",
    "https://github.com/acme/widgets/blob/main/src/app.py#L10": "acme/widgets app.py",
    "Summarize https://docs.python.org/3/library/asyncio-task.html?x=1#frag for me": "docs.python.org asyncio-task",
    "look at https://app.example.com/d/3f2504e0-4f89-11d3-9a0c-0305e82c3301?token=abc": "Look at app.example.com",
    PYTHON_TRACE: "KeyError in session.py",
    "I get this error:\n" + PYTHON_TRACE: "KeyError in session.py",
    NODE_TRACE: "TypeError in UserList.jsx",
    'Exception in thread "main" java.lang.NullPointerException: x\n\tat com.acme.Users.save(Users.java:42)': (
        "NullPointerException in Users.java"
    ),
    "ModuleNotFoundError: No module named 'requests'": "ModuleNotFoundError: No module named requests",
    "src/index.ts(3,5): error TS2322: Type 'string' is not assignable.": "TS2322 in index.ts",
    "2024-05-01 12:00:01 ERROR [db] connection refused to postgres server": "Connection refused to postgres server",
    "What is this?\n```python\ndef parse_config(path):\n    return 1\n```": "parse_config function",
    "```js\nexport function getUser(id) {\n  return db.find(id);\n}\n```": "getUser function",
    "Speed up the image loader\n```py\ndef load():\n    pass\n```": "Image loader",
    "/init": "/init command",
    "/review 123": "/review 123",
    "<command-message>init is running…</command-message><command-name>/init</command-name>": "/init command",
    "<command-name>/review</command-name><command-args>the auth changes</command-args>": "/review auth changes",
    "<system-reminder>be nice</system-reminder>fix the cart total rounding": "Cart total rounding",
    "<ide_opened_file>The user opened /x/y.py</ide_opened_file>rename the settings module": "Settings module rename",
    "[Image #1] why is the header overlapping the logo?": "Header overlapping logo",
    "[Pasted text #1 +20 lines] speed up this SQL query": "SQL query",
    "# Feature request\n\n- **Dark mode** toggle in the settings": "Dark mode toggle in settings",
    "Explain the [caching layer](https://example.com/docs) in **detail**": "Caching layer in detail",
    'add a "Sign in with Google" button to the signup form': "Sign in with Google button",
    "🚀 Launch the new landing page! 🎉": "Launch new landing page",
    "🚀🚀 🔥": "🚀🚀 🔥",
    "Use sk-ant-REDACTED to call the billing API": "Call billing API",
    "password is hunter2! fix the login form": "Login form",
    "My token is eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc, why does the login endpoint reject it?": (
        "Login endpoint rejects"
    ),
    "<bash-input>ls -la src</bash-input>": "ls -la src",
}
EXAMPLES = {**ENGLISH, **LANGUAGES, **SPECIAL}
DANGLING = word_set("a an the of in on at to for from with by and or but that because so der die das und le la de et")


@pytest.mark.parametrize(("text", "title"), EXAMPLES.items())
def test_names_what_the_session_is_about(text: str, title: str) -> None:
    assert session_title(text) == title


def test_a_ticket_does_not_make_a_title_too_long() -> None:
    title = session_title("00000000000:00000000000::00000000000 00000000000:00000000000:00000000000:0000 #00")
    assert title.startswith("#00: ")
    assert len(title) <= 80


@pytest.mark.parametrize("title", [*ENGLISH.values(), *LANGUAGES.values()])
def test_expected_titles_keep_the_form_themselves(title: str) -> None:
    words = title.split(" ")
    assert len(title) <= 80
    assert len(words) <= 7
    assert words[-1].casefold() not in DANGLING
    assert title[-1].isalnum() or not title.isascii()


@pytest.mark.parametrize("text", ["", " \n", "...!!!", "hi", "please", "<system-reminder>a b c</system-reminder>"])
def test_declines_when_there_is_too_little(text: str) -> None:
    with pytest.raises(Decline) as caught:
        session_title(text)
    assert caught.value.reason == "too little text"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-ant-REDACTED",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "d41d8cd98f00b204e9800998ecf8427e",
        "Zk3xQ9vTr7LmPw2YbN8sHd4K",
    ],
)
def test_no_secret_is_ever_shown(secret: str) -> None:
    for text in (
        f"rotate the key {secret} in the vault",
        f"{secret} leaked key",
        f"token={secret} in config file",
        f"密钥{secret}泄露了怎么办",
    ):
        assert secret[:12] not in session_title(text)


IDENTIFIERS = [
    "app.py",
    "src/lib/parse_config.ts",
    "getUser",
    "#123",
    "PROJ-42",
    "--verbose",
    "v1.2.3",
    "TypeError",
    "a_b",
]
WORDS = [
    "fix",
    "the",
    "login",
    "please",
    "because",
    "in",
    "and",
    "für",
    "ошибка",
    "可以",
    "修复登录",
    "ログイン",
    "버튼",
    "زر",
    "🚀",
    "IS",
    "how",
]
MARKS = [
    " ",
    "  ",
    "\n",
    ", ",
    ". ",
    "! ",
    " - ",
    "```\n",
    "\n```",
    " (",
    ") ",
    "`",
    "**",
    "\n# ",
    "\u202e",
    "<b>",
    "'",
]
MESSAGES = st.lists(st.tuples(st.sampled_from([*IDENTIFIERS, *WORDS]), st.sampled_from(MARKS)), max_size=30).map(
    lambda pairs: "".join(word + mark for word, mark in pairs)
)
ANY_TEXT = st.one_of(st.text(max_size=200), MESSAGES, st.text(alphabet="<>/`*#_[]() \n.:abeA1\"'-@=", max_size=200))


def title_or_none(text: str, most: int = 7) -> str | None:
    try:
        return name_of(text, most)
    except Decline:
        return None


@given(ANY_TEXT)
@settings(max_examples=300, deadline=None)
def test_any_text_gives_one_short_line_or_declines(text: str) -> None:
    for most in (7, 3):
        title = title_or_none(text, most)
        if title is None:
            continue
        assert title == title.strip() != ""
        assert len(title.splitlines()) == 1
        assert len(title) <= 80
        assert len(title.split(" ")) <= 7
        assert not set(title) & set('"“”\u202a\u202b\u202d\u202e\u2066\u2067\u200f')
        assert title[-1] not in ".,;:!?"
        assert unbracketed(title) == title
        assert title_or_none(text, most) == title


@given(MESSAGES)
@settings(max_examples=200, deadline=None)
def test_identifiers_come_from_the_message(text: str) -> None:
    title = title_or_none(text) or ""
    for name in re.findall(r"[#-]*[\w.-]*(?:[a-z][A-Z]|[._#\d])[\w.-]*", title, re.ASCII):
        assert name in text.replace("\u202e", "")


@given(MESSAGES)
@settings(max_examples=50, deadline=None)
def test_only_the_beginning_counts(text: str) -> None:
    padded = text + "\n" + "x" * 4000
    assert title_or_none(padded) == title_or_none(padded + " tail" * 20_000)


@pytest.mark.parametrize(
    "unit", ["<system-reminder>", "```", "(", "a", "a/", "[x](", "**", "at ", "\u3042", "{", "_a", '"', "E" * 99, " "]
)
def test_a_megabyte_of_anything_is_answered(unit: str) -> None:
    title_or_none(unit * (1_000_000 // len(unit)))


def test_blocks_of_the_client_do_not_use_up_the_beginning() -> None:
    block = "<system-reminder>" + "long text " * 10_000 + "</system-reminder>"
    assert session_title(block + "fix the cart total rounding") == "Cart total rounding"
