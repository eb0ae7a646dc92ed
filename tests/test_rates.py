"""How often the shell filters answer what real sessions ask: two corpora, and of every answer that it is right.

The titles have a corpus of their own, in `tests/titles`.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from proxy.filters import FILTERS
from proxy.filters.decline import Decline
from proxy.filters.shell.command_prefix import INJECTION, NONE

COMMIT = "commit 0123456789abcdef0123456789abcdef01234567\nAuthor: A <a@example.com>\n\n    Fix it\n\n"


def patch(*paths: str) -> str:
    return "".join(
        f"diff --git a/{path} b/{path}\nindex 12..89 100644\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-old\n+new\n"
        for path in paths
    )


# A command, a sketch of its output, and the files that it shows; None where a decline is right, as nothing proves them.
DISPLAYS: list[tuple[str, str, list[str] | None]] = [
    # Reading files.
    ("cat package.json", '{\n  "name": "web"\n}', ["package.json"]),
    ("cat src/index.ts src/app.ts", "import a\nexport b", ["src/index.ts", "src/app.ts"]),
    ("cat /etc/os-release", "ID=debian", ["/etc/os-release"]),
    ("cat -n src/main.rs", "     1\tfn main() {}", ["src/main.rs"]),
    ("head -50 README.md", "# Web", ["README.md"]),
    ("head -n 20 src/models/user.py", "import os", ["src/models/user.py"]),
    ("tail -100 logs/app.log", "12:00 ready", ["logs/app.log"]),
    ("tail -n +40 docs/guide.md", "## Usage", ["docs/guide.md"]),
    ("nl -ba src/lib.c", "     1\tint a;", ["src/lib.c"]),
    ("sed -n '120,180p' src/server.py", "    def run(self):", ["src/server.py"]),
    ("sed -n '1,80p' /repo/src/a.go", "package a", ["/repo/src/a.go"]),
    ("sed -n '/class Foo/,/def bar/p' foo.py", "class Foo:\n    def bar", ["foo.py"]),
    ("sed -n '10,20p;20q' foo.py", "x = 1", ["foo.py"]),
    ("awk 'NR>=10 && NR<=20' foo.py", "x = 1", ["foo.py"]),
    ("awk -F: '{print $1}' /etc/passwd", "root\ndaemon", ["/etc/passwd"]),
    ("cat src/a.py | head -40", "import os", ["src/a.py"]),
    ("cat data.csv | sort | uniq -c | head", "   3 a", ["data.csv"]),
    ("cat app.log | grep ERROR | tail -20", "12:01 ERROR x", ["app.log"]),
    ("cat package.json | jq .scripts", '{"test": "jest"}', ["package.json"]),
    ("jq '.dependencies' package.json", '{"react": "^18"}', ["package.json"]),
    ("cut -d, -f1 data.csv", "name\nbob", ["data.csv"]),
    ("sort requirements.txt", "aiohttp", ["requirements.txt"]),
    ("cat tsconfig.json && cat vite.config.ts", "{}\nexport", ["tsconfig.json", "vite.config.ts"]),
    ("cat .env.example; cat docker-compose.yml", "A=1\nservices:", [".env.example", "docker-compose.yml"]),
    ('echo "=== a ===" && cat a.txt', "=== a ===\nalpha", ["a.txt"]),
    ("cat .nvmrc 2>/dev/null", "20", [".nvmrc"]),
    ('cat .prettierrc 2>/dev/null || echo "no prettierrc"', "{}", [".prettierrc"]),
    ('cat .prettierrc 2>/dev/null || echo "no prettierrc"', "no prettierrc", []),
    ("less CHANGELOG.md", "# 1.2", ["CHANGELOG.md"]),
    ("cat *.md", "# A", None),
    ("cd packages/web && cat package.json", '{"name": "web"}', None),
    ("cat missing.txt", "cat: missing.txt: No such file or directory", None),
    ("cat src/*.py | wc -l", "120", None),
    # Searching.
    ('grep -n "TODO" src/app.ts', "12:// TODO", ["src/app.ts"]),
    ("grep -A 5 'def main' cli.py", "def main():\n    pass", ["cli.py"]),
    ('grep -rn "useState" src', "src/a.tsx:3:import\nsrc/b/c.tsx:7:const", ["src/a.tsx", "src/b/c.tsx"]),
    ("grep -rn foo . --include=*.py", "./a.py:1:foo\n./b/c.py:22:foo", ["./a.py", "./b/c.py"]),
    (
        "grep -rn 'import x' src tests | head -20",
        "src/a.py:1:import x\ntests/b.py:2:import x",
        ["src/a.py", "tests/b.py"],
    ),
    ("grep foo a.txt b.txt", "b.txt:foo bar", ["b.txt"]),
    ("rg -n 'fn main' src", "src/main.rs:1:fn main() {", ["src/main.rs"]),
    ("rg -n createServer", "lib/http.js:10:createServer()", ["lib/http.js"]),
    ("rg TODO README.md", "TODO: write", ["README.md"]),
    ("rg -l useEffect src", "src/a.tsx\nsrc/b.tsx", []),
    ("grep -rl foo src", "src/a.py", []),
    ("grep -c error app.log", "17", []),
    ("grep -rn foo src | wc -l", "31", []),
    ("git grep -n parse_config", "src/config.py:3:def parse_config", ["src/config.py"]),
    ("ps aux | grep node", "me 12 node", []),
    # Git.
    ("git status", "On branch main", []),
    ("git diff", patch("src/a.py", "b.md"), ["src/a.py", "b.md"]),
    ("git diff HEAD~1 -- src/a.py", patch("src/a.py"), ["src/a.py"]),
    ("git diff --cached", patch("x.c"), ["x.c"]),
    ("git diff --stat", " a.py | 2 +-", []),
    ("git diff --name-only main", "a.py", []),
    ("git diff main...HEAD | head -200", patch("a.py"), ["a.py"]),
    ("git --no-pager diff src/b.py", patch("src/b.py"), ["src/b.py"]),
    ("git add -A && git diff --cached", patch("n.py"), ["n.py"]),
    ("git show HEAD", COMMIT + patch("a"), ["a"]),
    ("git show --stat HEAD", COMMIT + " a.py | 2 +-", []),
    ("git log --oneline -10", "abc1234 Fix", []),
    ("git log -p -1", COMMIT + patch("a"), ["a"]),
    ("git blame src/a.py", "^abc1234 (A 2024-01-01 1) import os", ["src/a.py"]),
    ("git branch -a", "* main", []),
    ('git add . && git commit -m "Add parser"', "[main abc1234] Add parser", []),
    ("git stash list", "stash@{0}: WIP", []),
    ("git show HEAD:src/a.py", "import os", None),
    # Names and numbers.
    ("ls -la", "total 8", []),
    ("ls -la src/ && ls tests", "a.py\nb.py", []),
    ("pwd && ls", "/repo\nsrc", []),
    ('find . -name "*.py" -not -path "./venv/*" | head -50', "./a.py", []),
    ("find . -type f -exec ls -la {} + | sort -k5 -nr | head -5", "-rw-r--r-- 1 me me 5 a", []),
    ("wc -l src/*.py", "120 src/a.py", []),
    ("tree -L 2 -I node_modules", ".\n└── src", []),
    ("du -sh node_modules", "300M node_modules", []),
    ("mkdir -p src/components && touch src/components/A.tsx", "", []),
    ("rm -rf dist && npm run build", "> vite build", []),
    ("cp .env.example .env", "", []),
    ("chmod +x scripts/run.sh", "", []),
    ('echo "export A=1" >> setup.sh', "", []),
    ("cat a.txt b.txt > c.txt", "", []),
    ("sed -i 's/foo/bar/g' src/a.py", "", []),
    ("which node && node --version", "/usr/bin/node\nv20", []),
    ("cd /repo && npm install", "added 3 packages", []),
    # Tools with reports of their own.
    ("npm test 2>&1 | tail -30", "Tests: 3 passed", []),
    ("npx tsc --noEmit", "src/a.ts(3,1): error TS1", []),
    ("npx jest src/a.test.ts", "PASS src/a.test.ts", []),
    ("python -m pytest tests/ -x -q", "3 passed", []),
    ("source venv/bin/activate && pytest -q", "3 passed", []),
    ("uv run pytest tests/test_a.py", "1 passed", []),
    ("cargo build 2>&1 | grep error", "error[E0308]", []),
    ("go test ./... && go vet ./...", "ok a 0.1s", []),
    ("make build", "cc -o a a.c", []),
    ("docker compose ps", "web running", []),
    ("kubectl get pods -n web", "web-1 Running", []),
    ("curl -s http://localhost:3000/health | python3 -m json.tool", '{"ok": true}', []),
    ("NODE_ENV=test node scripts/seed.js", "seeded", []),
    ("python3 -c 'print(open(\"a.txt\").read())'", "alpha", None),
    ("gh pr view 12", "title: Fix", []),
    ("diff old.txt new.txt", "1c1\n< a\n---\n> b", ["old.txt", "new.txt"]),
    ("./scripts/deploy.sh staging", "done", None),
]

# A command and its prefix; None where a decline is right: nearly all are compound, and each part is asked for.
PREFIXES: list[tuple[str, str | None]] = [
    ("ls -la", "ls"),
    ("git status", "git status"),
    ("git diff", "git diff"),
    ("git diff HEAD~1 -- src/app.ts", "git diff"),
    ("git log --oneline -20", "git log"),
    ("git add -A", "git add"),
    ('git commit -m "Fix login redirect"', "git commit"),
    ("git push", NONE),
    ("git push -u origin feature/login", "git push"),
    ("git checkout -b feature/login", "git checkout"),
    ("git stash list", "git stash list"),
    ("git remote -v", "git remote"),
    ("git config --get user.email", "git config --get"),
    ("git worktree list", "git worktree list"),
    ("git pull", NONE),
    ("git show HEAD --stat", "git show"),
    ("npm test", NONE),
    ("npm run build", NONE),
    ("npm run test -- --watch=false", "npm run test"),
    ("npm install", NONE),
    ("npm install --save-dev vitest", "npm install"),
    ("yarn add lodash", "yarn add"),
    ("pnpm install --frozen-lockfile", "pnpm install"),
    ("pytest tests/test_api.py -v", "pytest"),
    ("python -m pytest tests/", "python -m pytest"),
    ("python -m pytest tests/ -x 2>&1", "python -m pytest"),
    ("python -m pip install -r requirements.txt", "python -m pip install"),
    ("python manage.py migrate", "python"),
    ("pip install requests", "pip install"),
    ("uv pip install httpx", "uv pip install"),
    ("uv add httpx", "uv add"),
    ("poetry add httpx", "poetry add"),
    ("cargo build", NONE),
    ("cargo test parser::", "cargo test"),
    ("cargo clippy --all-targets 2>&1", "cargo clippy"),
    ("go test ./...", "go test"),
    ("make", NONE),
    ("make test", NONE),
    ("tsc --noEmit", "tsc"),
    ("docker compose ps", None),
    ("docker compose logs --tail=50 web", "docker compose logs"),
    ("docker ps -a", "docker ps"),
    ("kubectl get pods -n web", "kubectl get"),
    ("terraform plan -var-file=dev.tfvars", "terraform plan"),
    ("systemctl status nginx", "systemctl status"),
    ("journalctl -u nginx -n 50", "journalctl"),
    ("brew list --versions", "brew list"),
    ("apt list --installed", "apt list"),
    ("gh pr view 12", "gh pr view"),
    ("gh run list --limit 5", "gh run list"),
    ('find . -name "*.test.ts" -not -path "*/node_modules/*"', "find"),
    ('grep -rn "useState" src --include=*.tsx', "grep"),
    ("rg -n 'fn main' src 2>/dev/null", "rg"),
    ("cat package.json", "cat"),
    ("sed -n '1,120p' src/app.ts", "sed"),
    ("jq .scripts package.json", "jq"),
    ("mkdir -p src/components", "mkdir"),
    ("ps aux", "ps"),
    ("wc -l src/app.ts", "wc"),
    ("ruff check src", "ruff check"),
    ("black --check src", "black"),
    ("dotnet test --no-build", "dotnet test"),
    ("rm -rf dist", "rm"),
    ("curl -s http://localhost:3000/health", None),
    ("npx jest src/a.test.ts", None),
    ("git status $(rm -rf x)", INJECTION),
    *[
        (compound, None)
        for compound in (
            "cd src && ls -la",
            "npm run build && npm test",
            "git add -A && git commit -m 'x'",
            "git add . && git commit -m 'x' && git push",
            "ls -la | head -20",
            "cat a.log | grep ERROR | tail -5",
            "npm test 2>&1 | tail -30",
            "pytest -q | tee out.txt",
            "cd /repo && pytest -q",
            "mkdir -p a && touch a/b",
            "git stash && git pull",
            "git fetch && git rebase origin/main",
            "ps aux | grep node",
            "find . -name '*.py' | xargs wc -l",
            "find . -name '*.pyc' -delete",
            "echo x > a.txt",
            "echo 'A=1' >> .env",
            "cat a > b",
            "source venv/bin/activate && python app.py",
            "cd web && npm ci",
            "docker compose down && docker compose up -d",
            "which node || echo none",
            "cat .nvmrc 2>/dev/null || echo none",
            "rm -rf dist; npm run build",
            "lsof -i :3000 | head",
            "kill -9 123; sleep 1",
            "python app.py &",
            "git log --oneline | wc -l",
            "curl -s localhost | jq .",
            "cargo build 2>&1 | grep error",
            "go build ./... && go test ./...",
            "tail -f app.log | grep x",
            "sort a.txt | uniq -c",
            "sed -i 's/a/b/' a.txt",
        )
    ],
]


def reply(paths: list[str]) -> str:
    listed = "".join(f"{path}\n" for path in paths)
    shown = "true" if paths else "false"
    return f"<is_displaying_contents>\n{shown}\n</is_displaying_contents>\n\n<filepaths>\n{listed}</filepaths>"


def answer(name: str, *question: str) -> str | None:
    try:
        return str(FILTERS[name](*question))
    except Decline:
        return None


def declined(answers: Mapping[Any, str | None]) -> list[Any]:
    return [question for question, found in answers.items() if found is None]


@pytest.mark.parametrize("corpus", [DISPLAYS, PREFIXES], ids=["displays", "prefixes"])
def test_each_corpus_has_a_hundred_entries_and_none_twice(corpus: list[object]) -> None:
    assert len(corpus) == 100
    assert len({repr(entry) for entry in corpus}) == 100


def test_displays_are_answered_nine_times_of_ten_and_rightly() -> None:
    answers = {(command, output): answer("file_paths", command, output) for command, output, _ in DISPLAYS}
    wanted = {(command, output): None if paths is None else reply(paths) for command, output, paths in DISPLAYS}
    assert {entry: found for entry, found in answers.items() if found not in (None, wanted[entry])} == {}
    assert len([found for found in answers.values() if found is not None]) >= 90, declined(answers)


def test_prefixes_are_answered_six_times_of_ten_and_rightly() -> None:
    answers = {command: answer("command_prefix", command) for command, _ in PREFIXES}
    wanted = dict(PREFIXES)
    assert {command: found for command, found in answers.items() if found not in (None, wanted[command])} == {}
    assert len([found for found in answers.values() if found is not None]) >= 60, declined(answers)
