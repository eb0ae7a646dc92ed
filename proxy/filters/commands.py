"""What the commands are whose words may be trusted: the tables, and the test that reads them.

Sources of the tables: the client's own policy for command prefixes, and the manual of each command for the options
that make it run another program, load code or write a file the name does not promise.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from proxy.filters.decline import Decline
from proxy.filters.shell import Word

Answer = Literal["itself", "none"]
Style = Literal["getopt", "long", "either"]
Key = tuple[str, ...]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Arguments:
    """What the words after a prefix may be.

    `denied` holds options as the manual writes them (`-o`, `--output`, or find's `-exec`); `forbidden` is a pattern
    that no word may contain; `first` one that the first word must match as a whole, after which the rest belongs to
    a script and is free. `style` is how the command reads a single dash: `-ab` as `-a -b` (getopt), as the option
    `-ab` and nothing else (long), or as either (npm's nopt).
    """

    denied: frozenset[str] = frozenset()
    forbidden: str = ""
    first: str = ""
    style: Style = "getopt"


def prefix_key(table: Container[Key], words: Sequence[Word]) -> Key | None:
    """Return the key of `table` that the first words spell, each of them bare and as it stands."""
    spelled = tuple(word.value if word.kind == "bare" else "" for word in words[:3])
    for length in range(1, len(spelled) + 1):
        for key in (spelled[:length], (*spelled[: length - 1], SCRIPT_NAME)):
            if key in table and (key[-1] != SCRIPT_NAME or _SCRIPT_NAME.fullmatch(spelled[length - 1])):
                return key
    return None


def check_arguments(arguments: Arguments, words: Sequence[Word]) -> None:
    """Raise Decline when a word is, or may become, something that the command would obey as another command."""
    if arguments.first:
        if words[0].kind not in ("bare", "quoted") or not re.fullmatch(arguments.first, words[0].value):
            raise Decline("not a script")
        return
    for word in words:
        _check_word(arguments, word)


def _check_word(arguments: Arguments, word: Word) -> None:
    if not arguments.denied and not arguments.forbidden:
        return
    # ugrep, which may stand in for grep, reads a file of options by `---name`.
    if word.value.startswith("---"):
        raise Decline("odd option")
    # A file may bear the name of an option, and a variable may hold one.
    if word.kind == "expansion" or (word.kind == "glob" and word.text[0] in "-*?\"'"):
        raise Decline("unknown argument")
    if _is_denied(arguments, word.value) or (arguments.forbidden and re.search(arguments.forbidden, word.value)):
        raise Decline("denied option")


def _is_denied(arguments: Arguments, value: str) -> bool:
    name = value.partition("=")[0]
    bare = name.lstrip("-")
    if not name.startswith("-") or not bare:
        return False
    # Go takes `--exec` for `-exec`.
    if name in arguments.denied or name[1:] in arguments.denied:
        return True
    is_long = name.startswith("--") or (arguments.style == "either" and len(bare) > 1)
    # getopt_long, git, argparse and nopt take any unambiguous beginning of a long option.
    if is_long and any(denied.startswith("--" + bare) for denied in arguments.denied):
        return True
    letters = {denied[1] for denied in arguments.denied if len(denied) == 2}
    return arguments.style != "long" and not name.startswith("--") and not letters.isdisjoint(value)


SCRIPT_NAME = "*"
_SCRIPT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.-]*")

_FREE = Arguments()
_GREP = Arguments(_names("--filter --pager --view --config --save-config --query -Q"))
_PYTHON = Arguments(first=r"(?!-)[A-Za-z0-9_./-]+\.py")
_NODE = Arguments(first=r"(?!-)[A-Za-z0-9_./-]+\.[cm]?[jt]s")
FIND = Arguments(_names("-exec -execdir -ok -okdir -delete -fprint -fprint0 -fprintf -fls"), style="long")

# uniq is missing on purpose: its second operand is a file that it writes.
_PLAIN: Mapping[str, Arguments] = {
    **dict.fromkeys(_names("basename cat cd chmod cp cut df dirname du echo head jq ls mkdir mv nl pwd"), _FREE),
    **dict.fromkeys(_names("black realpath rm rmdir sleep stat tac tail touch wc which"), _FREE),
    **dict.fromkeys(_names("egrep fgrep grep"), _GREP),
    **dict.fromkeys(_names("python python3"), _PYTHON),
    "date": Arguments(_names("-s --set")),
    "diff": Arguments(_names("-l --paginate")),
    "eslint": Arguments(
        _names("-c -f -o --config --rulesdir --parser --plugin --resolve-plugins-relative-to --format --init")
        | _names("--output-file")
    ),
    "file": Arguments(_names("-C -m -z -Z --compile --magic-file --uncompress --uncompress-noreport")),
    "find": FIND,
    "mypy": Arguments(
        _names("--config-file --python-executable --install-types --custom-typing-module"), forbidden="^@"
    ),
    "node": _NODE,
    "pytest": Arguments(
        _names("-p -c -o --override-ini --config-file --pdbcls --rootdir --confcutdir --pastebin"), forbidden="^@"
    ),
    "rg": Arguments(_names("--pre --hostname-bin -z --search-zip")),
    "sort": Arguments(_names("--compress-program -o --output")),
    "tree": Arguments(_names("-o --output")),
    "tsc": Arguments(forbidden="^@"),
}

_GIT_DENIED = _names(
    "--exec --exec-path --ext-diff --upload-pack --receive-pack --output --open-files-in-pager --ext-grep --config "
    "--config-env --template"
)
_GIT = Arguments(_GIT_DENIED)
# `transport::address` runs git-remote-<transport>; `ext::` runs any command (gitremote-helpers(7)).
_GIT_NETWORK = Arguments(_GIT_DENIED, forbidden="::")
# `--strategy x` runs git-merge-x (git-merge(1)).
_GIT_MERGE = Arguments(_GIT_DENIED | _names("--strategy -s -x"), forbidden="::")
_GIT_SUBCOMMANDS: Mapping[str, Arguments] = {
    **dict.fromkeys(_names("add blame branch checkout clean commit describe diff log ls-files mv reset"), _GIT),
    **dict.fromkeys(_names("restore rev-parse rm show status switch tag"), _GIT),
    **dict.fromkeys(_names("fetch push"), _GIT_NETWORK),
    **dict.fromkeys(_names("cherry-pick merge pull rebase revert"), _GIT_MERGE),
    "grep": Arguments(_GIT_DENIED | {"-O"}),
}

_NODE_PACKAGES = Arguments(
    _names("--script-shell --shell --node-options --node-gyp --git --editor --viewer --browser --userconfig --python")
    | _names(
        "--globalconfig --prefix --dir --cwd --init-module --onload-script --call --shell-mode --use-yarnrc -C -c"
    ),
    forbidden=r"^-+config|^-+use-yarnrc",
    style="either",
)
_GO = Arguments(
    _names("-exec -toolexec -vettool -overlay -ldflags -gcflags -asmflags -gccgoflags -modfile -C -compiler -pkgdir"),
    style="long",
)
_CARGO = Arguments(_names("--config -Z -C"))
_DOCKER = Arguments(_names("--config --output -o"))
_KUBECTL = Arguments(_names("--kubeconfig --profile-output"))
_PIP = Arguments(_names("--python --editor --global-option --config-settings -C"), forbidden="::")
_GH = Arguments(_names("-e --editor"))


def _under(head: str, tails: str, arguments: Arguments) -> dict[Key, Arguments]:
    return {(*head.split(), tail): arguments for tail in tails.split()}


PREFIXES: Mapping[Key, Arguments] = {
    **{(name,): arguments for name, arguments in _PLAIN.items()},
    **{("git", name): arguments for name, arguments in _GIT_SUBCOMMANDS.items()},
    **{(manager, "run", SCRIPT_NAME): _NODE_PACKAGES for manager in ("npm", "pnpm", "yarn")},
    **{(manager, "test"): _NODE_PACKAGES for manager in ("npm", "pnpm", "yarn")},
    **_under("npm", "install ls outdated start uninstall view", _NODE_PACKAGES),
    **_under("go", "build fmt get install list run test vet", _GO),
    **_under("cargo", "add bench build check clippy doc fmt run test tree", _CARGO),
    **_under("docker", "build images inspect logs ps pull restart rm rmi start stop", _DOCKER),
    **_under("kubectl", "apply delete describe get logs top", _KUBECTL),
    **_under("gh issue", "close comment create list view", _GH),
    **_under("gh pr", "checks close comment create diff list merge status view", _GH),
    **_under("gh run", "list view", _GH),
    **_under("pip", "check freeze install list show uninstall", _PIP),
    **_under("pip3", "check freeze install list show uninstall", _PIP),
    **_under("ruff", "check format", _FREE),
    **_under("gg", "cat cp", _FREE),
    **_under("pig", "tail", _FREE),
    **_under("potion", "test", _FREE),
}

# A command without a further word: allowing its prefix would allow every other form of it.
BARE: Mapping[Key, Answer] = {
    ("ls",): "itself",
    ("pwd",): "itself",
    ("git", "diff"): "itself",
    ("git", "log"): "itself",
    ("git", "status"): "itself",
    ("git", "push"): "none",
    ("scalac", "build"): "none",
    **{(manager, "run", SCRIPT_NAME): "none" for manager in ("npm", "pnpm", "yarn")},
    **{(manager, word): "none" for manager in ("npm", "pnpm", "yarn") for word in ("start", "test")},
}
BARE_WITH_ASSIGNMENTS: Mapping[Key, Answer] = {
    ("go", "test"): "itself",
    ("npm", "run", SCRIPT_NAME): "itself",
    ("npm", "start"): "none",
}

WRAPPERS = _names(
    "ash bash builtin caffeinate chroot command coproc csh dash doas env eval exec fish flock ionice ksh lua nice "
    "nocorrect noglob nohup npx parallel perl pnpx runuser ruby script setarch setsid sh source ssh stdbuf strace su "
    "sudo taskset time timeout trap unbuffer uvx watch xargs zsh . -"
)

SAFE_VARIABLES = _names(
    "CGO_ENABLED CI FORCE_COLOR GOARCH GOEXPERIMENT GOOS NODE_ENV NO_COLOR PYTHONDONTWRITEBYTECODE PYTHONPATH "
    "PYTHONUNBUFFERED RUST_BACKTRACE RUST_LOG"
)
# Lower case is refused as a whole: zsh ties `path`, `fpath` and others to the real ones; npm reads `npm_config_*`.
RISKY_VARIABLE = re.compile(
    r"(?![A-Z][A-Z0-9_]*$)"
    r"|(?:BASH|BUN|CARGO|CC|CGO|CLANG|CXX|DENO|DOCKER|DYLD|ESLINT|GCC|GCONV|GH|GIT|GLIBC|GO|GREP|HIST|JAVA|JDK|JQ|KUBE)"
    r"|(?:LC_|LD|LESS|LOC|MAKE|MALLOC|MAN|MYPY|NLS|NODE|NPM|OPENSSL|PERL|PIP|PNPM|PROMPT|PS\d|PYTEST|PYTHON|RIPGREP)"
    r"|(?:RUBY|RUFF|RUST|SHELL|SSH|SSL|SUDO|TAR|TERM|TS_|UV_|XDG|YARN|ZDOTDIR|ZSH)"
    r"|(?:ENV|E?[UG]ID|FPATH|HOME|IFS|KEYTIMEOUT|NULLCMD|OPT(?:IND|ARG)|PWD|OLDPWD|RANDOM|READNULLCMD|SECONDS|STTY"
    r"|TIMEFMT|TMOUT|USERNAME|VISUAL|WORDCHARS)$"
    r"|.*(?:BROWSER|CMD|COMMAND|CONFIG|EDITOR|EXEC|FLAGS?|HOOKS?|OPT|OPTIONS|OPTS|PAGER|PATH|PLUGINS?|PRELOAD|PROXY|RC"
    r"|SHELL|STARTUP|TMP|TMPDIR|WRAPPER)$"
)

# Commands that print names, numbers or messages, but never what stands in a file.
_SILENT = _names(
    "basename cd chmod cp date df dirname du echo ls mkdir mv pwd realpath rm rmdir sleep stat touch wc which"
)
_GIT_SHOWS_PATCH = Arguments(_names("-v --verbose -p --patch -i --interactive -e --edit"))
_GIT_LOG_SHOWS_PATCH = Arguments(
    _names(
        "-p -u -U -c -m -L -W -G --patch --unified --cc --patch-with-stat --patch-with-raw --word-diff --color-words"
    )
    | _names("--function-context --remerge-diff --diff-merges --dd --binary --full-diff --ext-diff --output --textconv")
)
SHOWS_NO_CONTENT: Mapping[Key, Arguments] = {
    **{(name,): _FREE for name in _SILENT},
    ("find",): FIND,
    **_under("git", "add branch checkout commit fetch mv pull push reset rm status switch tag", _GIT_SHOWS_PATCH),
    ("git", "log"): _GIT_LOG_SHOWS_PATCH,
    **_under("go", "build test vet", _GO),
    **_under("npm", "install ls", _NODE_PACKAGES),
    **_under("pip", "check freeze install list", _PIP),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """The options of a command that prints its operands: letters without and with a value, and long names of both.

    `counts` says that the values are counts of lines or bytes and that `-5` is an option.
    """

    flags: str
    valued: str = ""
    long_flags: frozenset[str] = frozenset()
    long_valued: frozenset[str] = frozenset()
    counts: bool = False


_CAT_LONG = _names("--show-all --number-nonblank --show-ends --number --squeeze-blank --show-tabs --show-nonprinting")
_HEAD_LONG = _names("--quiet --silent --verbose --zero-terminated")
_HEAD = Reader("qvz", "nc", _HEAD_LONG, _names("--lines --bytes"), counts=True)
SHOWS_CONTENT: Mapping[str, Reader] = {
    "cat": Reader("AbeEnstTuv", long_flags=_CAT_LONG),
    "head": _HEAD,
    "tail": _HEAD,
    "nl": Reader("p", "bdfhilnsvw"),
    "tac": Reader("br", "s"),
}
