"""The prefix of a command: the client's policy, the attacks on it, and what holds for any text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.filters.decline import Decline
from proxy.filters.shell.command_prefix import INJECTION, NONE, command_prefix
from proxy.filters.shell.known_commands import BARE, BARE_WITH_ASSIGNMENTS, PREFIXES
from tests.cases import every
from tests.policy import POLICY

# Further commands that are answered, each by the policy's rules.
ORDINARY = [
    ("ls", "ls"),
    ("pwd", "pwd"),
    ("git diff", "git diff"),
    ("git log", "git log"),
    ("ls -la src/*.py", "ls"),
    ("rm -rf node_modules", "rm"),
    ("git add src/a.py 'b c.py'", "git add"),
    ('git commit -m "Fix the parser\n\nIt read; too & much | of <it>."', "git commit"),
    ("git push -u origin feature/x", "git push"),
    ("git checkout -b feature/x", "git checkout"),
    ("git rebase -i HEAD~3", "git rebase"),
    ("git grep -n foo", "git grep"),
    ("gh pr view 12", "gh pr view"),
    ("pnpm run build --watch", "pnpm run build"),
    ("yarn run build:prod", NONE),
    ("npm install --save-dev @types/node", "npm install"),
    ("cargo test -- --nocapture", "cargo test"),
    ("docker logs -f web", "docker logs"),
    ("kubectl get pods -o yaml", "kubectl get"),
    ("pip install -r requirements.txt", "pip install"),
    ("node server.js --port 80", "node"),
    ("python tools/run.py -c x", "python"),
    ("ruff check .", "ruff check"),
    ("mypy --strict src", "mypy"),
    ("pytest -xvs tests/test_a.py::test_b", "pytest"),
    ("find . -type f -executable", "find"),
    ("rg -n 'a|b' src", "rg"),
    ("sort -k2,2n data.txt", "sort"),
    ("cat $FILE", "cat"),
    ("cd ~/work", "cd"),
    ("echo 'a; b'", "echo"),
    ("pytest tests 2>&1", "pytest"),
    ("cargo test --all >/dev/null 2>&1", "cargo test"),
    ("grep -rn x src --include=*.py", "grep"),
    ("sed -n '1,5p' a.txt", "sed"),
    ("sed -nE '/a|b/,$p;s/x/y/gp' a b", "sed"),
    ("make", NONE),
    ("make lint", NONE),
    ("python3 -m pytest -x tests", "python3 -m pytest"),
    ("python -m pip install -e .", "python -m pip install"),
    ("git clone https://example.com/a.git", "git clone"),
    ("mvn test -q", "mvn test"),
    ("pytest -k 'a and b' --tb=short -n4 --cov=src --maxfail 1 tests", "pytest"),
    ("ruff check --fix src", "ruff check"),
    ("tsc --noEmit -p tsconfig.json", "tsc"),
    ("LC_ALL=C sort a.txt", "LC_ALL=C sort"),
    ("TZ=Europe/Berlin CI=1 date +%F", "TZ=Europe/Berlin CI=1 date"),
    ("PYTHONPATH=. pytest tests", "PYTHONPATH=. pytest"),
]

ATTACKS = [
    # Substitutions in every position and quoting.
    *[f"git log {hidden}" for hidden in ("$(id)", "`id`", "<(id)", ">(id)", "a$(id)", "a`id`b", "--x=$(id)")],
    *[f'cat "{hidden}"' for hidden in ("$(id)", "`id`", "a$(id)b", "\\\\$(id)", "\\\\`id`", "'$(id)'", "'`id`'")],
    *[f"cat '{hidden}'" for hidden in ("$(id)", "`id`", "x'$(id)'", "x'`id`'", "x'\"$(id)\"'")],
    *[
        f"cat {hidden}"
        for hidden in ("${x:-$(id)}", "${x:-`id`}", "${x@P}", "${!x}", "$((a[$(id)]))", "$[1]", "$x[$y]")
    ],
    *[
        f"cat {hidden}"
        for hidden in ("$'\\x60id\\x60'", '$"$(id)"', "${ id; }", "${|id}", "=(id)", "*(e:id:)", "{a,b}")
    ],
    'cat "${x}"',
    'cat "$x[1]"',
    "$(id) x",
    "`id` x",
    "git $(id)",
    "git sta`id`tus",
    "X=$(id) ls -la",
    "X=`id` ls -la",
    'X="$(id)" ls -la',
    "$X foo",
    "git $X foo",
    # Second commands.
    *[
        f"git status{joint}id"
        for joint in (";", "; ", "&&", " && ", "||", " || ", "|", " | ", "&", " & ", "|&", " ;; ")
    ],
    *[
        f"git status{joint}id"
        for joint in ("\n", "\n\n", " \n ", "\r", "\r\n", "\n\r", "\v", "\f", "\x00", "\x1b", "\x08")
    ],
    *[
        f"git log a{joint}id"
        for joint in ("\u2028", "\u2029", "\u0085", "\u00a0", "\u3000", "\u200b", "\u202e", "\ufeff")
    ],
    *[
        f"cat 'a{joint}id'"
        for joint in ("\u2028", "\u2029", "\u0085", "\u200d", "\u2066", "\u00ad", "\r", "\x00", "\ud800")
    ],
    "id;",
    "git status;",
    "git status &",
    "git status # x",
    "git status # $(id)",
    "# x\ngit status",
    "#`id`\ngit status",
    "git status# x",
    "\ngit status",
    " git status",
    "git status ",
    "git status\n\n",
    "git status\\\n-v",
    "git log a\\\nid",
    "git log a\\;id",
    "git\\ status -s",
    # Redirections and documents.
    "git log >x",
    "git log>x",
    "git log 2>x",
    "git log 2>/dev/null",
    "git log <x",
    "git log <>x",
    "cat <<EOF\n$(id)\nEOF",
    "cat <<EOF\nid\nEOF",
    "cat <<'EOF'\nx\nEOF\nid",
    "cat <<<x",
    "cat <<<$(id)",
    "echo x >>~/.bashrc",
    "echo x >&2",
    "echo x >|y",
    "git status\nid >x",
    # Structures.
    *[
        "(id)",
        "{ id; }",
        "if id; then ls; fi",
        "while id; do ls; done",
        "for a in b; do id; done",
        "case a in a) id;; esac",
    ],
    *[
        "f() { id; }",
        "function f { id; }",
        "! id",
        "[[ -f a ]]",
        "((1))",
        "[ -f a ]",
        "test -f a",
        "let a=1",
        "a=(1 2)",
    ],
    *["export A=b", "declare A=b", "alias ls=id", "unset A", "A=b", "A=(b) ls -la", "A+=b ls -la", "A[0]=b ls -la"],
    # Unterminated.
    *[
        "git log '",
        'git log "',
        "git log `",
        "git log $(",
        "git log ${",
        "git log 'a\"",
        "git log \\",
        "git log \"a'",
        "(",
    ],
    'git log "\\"; id',
    "git log '\\'; id'",
    # Wrappers and unknown commands.
    *[
        "env ls -la",
        "sudo ls -la",
        "time ls -la",
        "timeout 5 ls -la",
        "nohup ls -la",
        "nice ls -la",
        "xargs ls",
        "watch ls",
    ],
    *[
        "command ls -la",
        "builtin cd x",
        "exec ls -la",
        "eval 'ls -la'",
        "source x",
        ". x",
        "bash -c id",
        "sh x",
        "zsh -c id",
    ],
    *[
        "parallel ls",
        "doas ls",
        "setsid ls",
        "strace ls",
        "npx eslint x",
        "pnpm dlx x",
        "yarn dlx x",
        "coproc ls -la",
        "ssh h id",
    ],
    *[
        "npm exec x",
        "sed -i s/a/b/ x",
        "awk 1 x",
        "awk 'BEGIN{system(\"id\")}'",
        "perl x.pl",
        "tar xf x",
        "make x y",
        "make -f x",
        "make -C x",
        "make SHELL=x",
        "make test SHELL=x",
        "make --eval=x",
        "make -j4 test",
        "make $X",
        "A=b make test",
        "python -m x y",
        "python -m timeit id",
        "python -m pip install --config-settings=a x",
        "python -m pip install --python id x",
        "python -m pip config set a b",
        "python -m pytest -p x",
        "python -m pytest @x",
        "python -W x -m pytest y",
        "python -mx y",
        "uv run id",
        "uv tool run x",
        "uv sync --python id",
        "uv add --config-file x y",
        "poetry run id",
        "poetry -C x install",
        "poetry install -C x",
        "bun x y",
        "bun run a --b",
        "bun test --preload x",
        "curl x -o y",
        "docker compose run x id",
        "docker compose exec x id",
        "docker compose -f x up",
        "terraform plan -out=x",
        "terraform apply -auto-approve",
        "brew install ./x.rb",
        "apt list -o Dir::Bin=x",
        "apt install x",
        "systemctl -H x status y",
        "systemctl status -H x",
        "systemctl restart x",
        "journalctl --vacuum-time=1s",
        "journalctl --vac=1s",
        "lsof -Dbx",
        "dotnet test -p:A=b",
        "dotnet test /p:A=b",
        "dotnet test --logger x",
        "dotnet test @x",
        "A=b dotnet test x",
        "TF_CLI_CONFIG_FILE=x terraform plan y",
        "COMPOSE_FILE=x docker compose up -d",
        "gradle test -I x",
        "gradle test --init-script=x",
        "gradle test -Pa=b",
        "mvn test -Dmaven.ext.class.path=x",
        "mvn test -s x",
        "mvn test exec:exec",
        "jest --config=x",
        "jest -c x",
        "jest --runner id",
        "vitest run --config x",
        "prettier --plugin=x y",
        "prettier --config x y",
        "rspec -r x y",
        "pnpm install --pnpmfile=x",
        "yarn add --cwd x y",
        "curl x",
        "unknown x",
        "uniq a b",
        "tee x",
    ],
    *[
        "/bin/ls -la",
        "./ls -la",
        "~/ls -la",
        "'ls' -la",
        '"ls" -la',
        "l''s -la",
        "l\\s -la",
        "LS -la",
        "ls* -la",
        "printf x y",
    ],
    # Options that run something else, plain, quoted, joined, clustered and shortened.
    *[
        f"find . {option} id +"
        for option in ("-exec", "-execdir", "-ok", "-okdir", "'-exec'", '"-exec"', "-ex''ec", "$X")
    ],
    *[
        "find . -delete",
        "find . -fprint x",
        "find . -fprint0 x",
        "find . -fprintf x y",
        "find . -fls x",
        "find *",
        "find $X",
    ],
    *[
        "find . -exec id {} +",
        "find . -exec id \\;",
        "find . -exec id ';'",
        "find . '-del'ete",
        "find . -name x -o -delete",
    ],
    *["rg --pre id x", "rg --pre=id x", "rg '--pre' id x", "rg --hostname-bin=id x", "rg -z x", "rg $X"],
    *[
        "sort --compress-program=id x",
        "sort --compress-p id x",
        "sort --comp=id x",
        "sort -o x y",
        "sort -no x y",
        "sort -ox y",
    ],
    *[
        "git -c alias.x=!id x",
        "git -c core.pager=id log -n 5",
        "git --config-env=a=b log x",
        "git --exec-path=/x log x",
    ],
    *[
        "git -C x log x",
        "git --git-dir=x log x",
        "git --paginate log x",
        "git -p log x",
        "git '-c' a=b log x",
        "git alias x",
    ],
    *[
        "git fetch --upload-pack=id x",
        "git pull --upload-p id x",
        "git push --receive-pack=id x",
        "git push --exec=id x",
    ],
    *[
        "git fetch ext::id",
        "git push 'ext::sh -c id' a",
        "git pull --repo=ext::id",
        "git push --ex=id x",
        "git fetch $X",
    ],
    *[
        "git rebase -x id HEAD~2",
        "git rebase --exec id HEAD~2",
        "git rebase --exec=id HEAD~2",
        "git rebase -ix id HEAD~2",
    ],
    *[
        "git grep -O id",
        "git grep -Oid x",
        "git grep -nOid x",
        "git grep --open-files-in-pager=id x",
        "git grep --op=id x",
    ],
    *[
        "git diff --ext-diff x",
        "git log --ext-d x",
        "git diff --output=x",
        "git diff '--output' x",
        "git show --outp=x a",
    ],
    *[
        "git merge -s id x",
        "git merge --strategy=id x",
        "git config alias.x '!id'",
        "git bisect run id",
        "git submodule foreach id",
    ],
    *[
        "git diff/x y",
        "git 'diff' x",
        "git d*ff x",
        "git ./diff x",
        "git --help",
        "git clone ext::id",
        "git filter-branch x",
        "git clone -c core.fsmonitor=id x",
        "git clone --config=a=b x",
        "git clone -u id x",
        "git clone --template=x y",
        "git clone --upload-pack=id x",
        "git config --get-urlmatch a b",
        "git config user.name x",
        "git config --get --global -e",
        "git remote add x ext::id",
        "git remote -v add x ext::id",
        "git reflog expire --all",
        "git stash list --output=x",
        "git worktree list --output x",
        "git --no-pager log x",
    ],
    *[
        "go test -exec id ./...",
        "go test -exec=id .",
        "go vet -vettool=id .",
        "go build -toolexec id .",
        "go build --toolexec=id .",
    ],
    *[
        "go test '-exec' id .",
        "go test $X",
        "go build -ldflags=-extld=id",
        "go generate ./...",
        "go tool x",
        "go env -w A=b",
    ],
    *[
        "python -c 'id'",
        "python3 -c id",
        "python3 -m x",
        "python3 -",
        "python3 -i x.py",
        "python3 $X",
        "python3 *.py",
        "python3 x",
    ],
    *[
        "node -e id",
        "node -p id",
        "node -r x y.js",
        "node --eval=id",
        "node --require x y.js",
        "node -",
        "node inspect x.js",
    ],
    *[
        "npm test --script-shell=id",
        "npm test --script-sh id",
        "npm test -script-shell=id",
        "npm run lint --node-options=x",
    ],
    *[
        "npm test --prefix x",
        "npm test -C x",
        "npm run -C x lint",
        "npm --prefix x test -- y",
        "pnpm run a --config.b=c",
        "npm run",
    ],
    *[
        "cargo test --config x",
        "cargo +nightly test x",
        "cargo test -Zx",
        "pytest -p x",
        "pytest -c x y",
        "pytest @x",
        "pytest $X",
    ],
    *[
        "mypy --python-executable id x",
        "mypy --python-e=id x",
        "mypy @x",
        "eslint --rulesdir x y",
        "eslint -c x y",
        "tsc @x",
    ],
    *[
        "diff -l a b",
        "diff --pag a b",
        "tree -o x y",
        "date -s x",
        "file -C x",
        "grep --filter=id x",
        "grep ---x y",
        "file -z x",
    ],
    *[
        "kubectl get x --kubeconfig=y",
        "kubectl exec x id",
        "docker run x id",
        "docker exec x id",
        "docker --config x ps -a",
    ],
    *[
        "gh alias set x y",
        "gh pr create --editor",
        "gh api x",
        "gh pr $X y",
        "pip install --python id x",
        "pip --python id install x",
    ],
    # Options that delete or write a file that the name of the command does not promise.
    *[
        f"{runner} {option} x"
        for runner in ("pytest", "python -m pytest")
        for option in (
            *(
                "--basetemp=/home",
                "--basetemp /home",
                "--baset=/home",
                "--junitxml=/x",
                "--junit-xml=x",
                "--log-file=/x",
            ),
            *(
                "--debug=/x",
                "--debug",
                "--html=x",
                "--report-log=x",
                "--cov-report=html:x",
                "--cov-config=x",
                "-qp",
                "-xcy",
            ),
            *("--alluredir=x", "'--basetemp=/home'", "--import-mode=x", "--trace-config"),
        )
    ],
    *[
        "ruff check --output-file x",
        "ruff check -o x",
        "ruff check -qo x",
        "ruff check --config x",
        "ruff format --config x",
    ],
    *["python -m ruff check --output-file=x", "python3 -m ruff check --cache-dir=x y", "tree -R -L 1", "tree -aR x"],
    *[
        "tsc --outFile x",
        "tsc --OUTFILE x",
        "tsc -outdir x",
        "tsc --declarationDir x",
        "tsc --generateTrace x",
        "tsc /x",
    ],
    *[
        "mypy --html-report x y",
        "mypy --html x y",
        "mypy --junit-xml=x y",
        "mypy --cache-dir=x y",
        "mypy --txt-report x y",
    ],
    *["eslint --cache-file x", "eslint --cache-location=x y", "prettier --cache-location x y"],
    *["go build -o /x .", "go test -coverprofile=x .", "go test --cpuprofile x .", "go test -test.cpuprofile=x ."],
    *["cargo build --target-dir x", "cargo test --manifest-path x", "docker build --iidfile x ."],
    *["pip install --target=x y", "pip install -t x y", "pip install --targ x y", "uv pip install --target x y"],
    *[
        "kubectl get --cache-dir=x pods",
        "npm install --cache x y",
        "pnpm install --store-dir x",
        "yarn add --modules-folder x",
    ],
    # Scripts of sed that do more than print, and options that its operands may turn out to be.
    *[
        f"sed -n '{script}' f"
        for script in (
            *("1e id", "e", "w /etc/passwd", "1w x", "1,5W x", "r x", "R x", "s/a/id/e", "s/a/b/w x", "s/a/b/ge;p"),
            *("s|a|id|e", "s#a#b#w x", "p;e id", "p\n1e id", "1{p;e id}", "{e id}", "/a/e id", "/[/]/e id", "1!e id"),
            *(
                "/a\\/p;e id",
                "s/a/b\\/p;e",
                "\\cacp",
                "sxaxbxe",
                "y/a/b/",
                "1,5",
                "F",
                "p # x",
                "p}",
                "s|e|p",
                "e|p",
            ),
        )
    ],
    *[
        f"sed {words}"
        for words in ("-i 1p f", "-n -i 1p f", "-ni 1p f", "-n 1p -i f", "-n 1p f -i", "-n 1p *", "s/a/b/ f")
    ],
    *[f"sed {words}" for words in ("-n 1p $X", "-n $X f", "-n -f x f", "-nf x", "-n --file=x f", "-n 1p f --in-place")],
    *[f"sed {words}" for words in ("-n", "-n -e 1p -e 'w x' f", "-n -e", "-n --expression=e f", "-n 1p -- -i", "p f")],
    # Redirections that write, or that come before the command's own words.
    *[
        f"git log a {redirection}"
        for redirection in ("> x", "2> x", ">> ~/.bashrc", "< x", ">&2", "2>&1 > x", "> /dev/nulls")
    ],
    *[
        f"pytest a {redirection}"
        for redirection in ("> /dev/null/x", "&> /dev/null", "2>&1 | sh", "2>&1; id", "2>&1 &")
    ],
    "2>/dev/null git log a",
    "git 2>/dev/null log a",
    "npm test 2>&1",
    "rg --pr*=id x",
    "rg --pre=* x",
    "rg -*=x y",
    "grep '--f'*=id x",
    # Variables that change what runs.
    *[
        f"{name}=x ls -la"
        for name in (
            *(
                "PATH",
                "LD_PRELOAD",
                "LD_LIBRARY_PATH",
                "IFS",
                "BASH_ENV",
                "ENV",
                "SHELLOPTS",
                "BASHOPTS",
                "PS4",
                "HOME",
            ),
            *(
                "PROMPT_COMMAND",
                "GIT_SSH_COMMAND",
                "GIT_PAGER",
                "GIT_EXTERNAL_DIFF",
                "PAGER",
                "EDITOR",
                "VISUAL",
                "GOFLAGS",
            ),
            *(
                "LESSOPEN",
                "DYLD_INSERT_LIBRARIES",
                "PERL5OPT",
                "NODE_OPTIONS",
                "PYTHONSTARTUP",
                "PYTHONHOME",
                "CDPATH",
                "CC",
            ),
            *(
                "RUSTC_WRAPPER",
                "npm_config_script_shell",
                "NPM_CONFIG_PREFIX",
                "RIPGREP_CONFIG_PATH",
                "XDG_CONFIG_HOME",
            ),
            *(
                "path",
                "fpath",
                "ZDOTDIR",
                "STTY",
                "PYTEST_ADDOPTS",
                "CARGO_HOME",
                "JAVA_TOOL_OPTIONS",
                "MAKEFLAGS",
                "UID",
            ),
            *(
                "GH_PAGER",
                "MANPAGER",
                "BROWSER",
                "KUBECONFIG",
                "TAR_OPTIONS",
                "SSH_ASKPASS",
                "NULLCMD",
                "PYTHONBREAKPOINT",
            ),
        )
    ],
    # Where version managers and toolchains look for programs; a list of them would never be complete.
    *[f"{name}=/x git log -1" for name in ("DEVELOPER_DIR", "SDKROOT", "LC_ALL", "LANG", "TERM", "PYTHONPATH", "A")],
    *[f"{name}=/x go test ./..." for name in ("FC", "AR", "GOROOT", "PKG_CONFIG", "COMPILER_PATH", "PYTHONPATH")],
    *[f"{name}=/x python3 a.py" for name in ("PYENV_ROOT", "PYENV_VERSION", "ASDF_DIR", "MISE_DATA_DIR", "PYTHONHOME")],
    *[f"{name}=/x node a.js" for name in ("VOLTA_HOME", "NVM_DIR", "ASDF_DATA_DIR", "NODE_PATH")],
    *[
        "COREPACK_HOME=/x yarn run a b",
        "RUSTUP_HOME=/x cargo test a",
        "GEM_HOME=/x rspec a",
        "PYTHONPATH=x poetry show a",
    ],
    "FOO=bar PATH=x ls -la",
    "FOO=bar git status",
    "FOO=bar git push",
    "FOO=bar ls",
    "FOO=$X ls -la",
    "FOO='a b' ls -la",
    "FOO=~ ls -la",
    "FOO==ls ls -la",
    "FOO=bar  ls -la",
    # Blanks and bare commands that the policy does not settle.
    *[
        "git  status",
        "git\tstatus",
        "git  log x",
        "npm run  lint",
        "npm  run lint",
        "gh pr  view 1",
        "cat",
        "cd",
        "pytest",
    ],
    # Size.
    "cat " + "a" * 100_000,
    "cat " + "$(" * 50_000,
    "cat " + "'" * 99_999,
    "cat " + '"' * 99_999,
    "a|" * 50_000,
    "{" * 100_000,
    "cat '" + "\\" * 100_000,
]


def answer(command: str) -> str | None:
    try:
        return command_prefix(command)
    except Decline:
        return None


@every(("command", "expected"), POLICY + ORDINARY)
def test_answers_by_the_policy_with_or_without_a_newline_at_the_end(command: str, expected: str) -> None:
    assert (command_prefix(command), command_prefix(command + "\n")) == (expected, expected)


def test_no_attack_gets_a_prefix() -> None:
    found = {ascii(command)[:60]: answer(command) for command in ATTACKS}
    assert {command: prefix for command, prefix in found.items() if prefix not in (None, INJECTION)} == {}


@every("wrapper", ["env", "sudo", "bash", "xargs", ".", "npx"])
def test_wrapper_declines_as_such(wrapper: str) -> None:
    with pytest.raises(Decline, match=r"^wrapper$"):
        command_prefix(f"{wrapper} ls -la")


@every("command", ["a; b", "a && b", "a | b", "a || b", "a &&\nb"])
def test_visible_list_declines_and_is_no_injection(command: str) -> None:
    with pytest.raises(Decline, match=r"^several commands$"):
        command_prefix(command)


def test_hardly_a_known_command_is_the_beginning_of_another() -> None:
    """The shorter prefix is the wider one; python's own takes a script only, and `make` has none."""
    keys = {*PREFIXES, *BARE, *BARE_WITH_ASSIGNMENTS}
    assert {key for key in keys for other in keys if key != other and other[: len(key)] == key} == {
        ("make",),
        ("python",),
        ("python3",),
    }


@pytest.mark.parametrize(
    "piece",
    ["'a' ", '"a" ', "a ", "a|", "a;", "$a ", "\\a", "\\\n", '"\\"', "$(", "`", "{", "<<a\n", "\n", "'\"", "a\t"],
)
def test_long_commands_are_no_burden(piece: str) -> None:
    """Work that grew faster than the text would stall the suite here; far too long ones are declined unread."""
    check_answer("cat " + (piece * 8_000)[:8_000])
    assert answer("cat " + (piece * 100_000)[:100_000]) in (None, INJECTION)


def check_answer(command: str) -> None:
    prefix = answer(command)
    if prefix not in (None, NONE, INJECTION):
        assert prefix
        assert command.startswith(prefix)
        assert command[len(prefix) :][:1] in ("", " ", "\t", "\n")


ROWS = st.sampled_from([command for command, _ in POLICY + ORDINARY])
HIDING = [
    "$(id)",
    "`id`",
    "\nid",
    "\n id",
    "\r\nid\n",
    ";id",
    "; id;",
    "|id",
    "&&id",
    "&id",
    "||id",
    ">x",
    "<x",
    "<(id)",
]
EVEN_IN_DOUBLE_QUOTES = HIDING[:2]
NOISE = st.text(max_size=30) | st.text(alphabet="ab \t\n'\"\\$`(){}<>|&;#!~*?=-\u200b\u2028", max_size=30)


@given(NOISE)
@example("\ud800")
@example("git status\x00")
def test_any_text_gets_a_literal_prefix_or_none(command: str) -> None:
    check_answer(command)


@given(ROWS, NOISE, st.integers(0, 80))
def test_any_change_to_a_known_command_gets_a_literal_prefix_or_none(command: str, noise: str, place: int) -> None:
    check_answer(command[:place] + noise + command[place:])


def quoting(command: str, place: int) -> str:
    """Tell the quote that is open at a place, of commands that hold no backslash."""
    quote = ""
    for character in command[:place]:
        if character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
    return quote


@pytest.mark.parametrize("fragment", HIDING)
def test_hidden_command_at_any_place_gets_no_prefix(fragment: str) -> None:
    answered = {
        whole: found
        for command, _ in POLICY + ORDINARY
        for place in range(len(command) + 1)
        if (quote := quoting(command, place)) == "" or (quote == '"' and fragment in EVEN_IN_DOUBLE_QUOTES)
        if (found := answer(whole := command[:place] + fragment + command[place:])) not in (None, INJECTION)
    }
    assert answered == {}
