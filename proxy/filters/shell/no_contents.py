"""Commands that display names, numbers, messages or reports, and never the contents of a file.

The client's prompt: "Commands that do not display the contents of the files should not return any filepaths." Sources:
the manual of each command for the options and subcommands with which it does print a file; those are left out here.
"""

from collections.abc import Mapping, Sequence

from proxy.filters.decline import Decline
from proxy.filters.shell.commands import FREE, Arguments, Key, check_arguments, names, prefix_key, under
from proxy.filters.shell.grammar import Word

_NAMES_AND_NUMBERS = names(
    "basename cd chgrp chmod chown cksum cmp cp date df dirname du echo false file free hostname id kill killall ln "
    "ls lsof md5 md5sum mkdir mkfifo mktemp mv netstat nproc pgrep ping pkill printenv printf ps pwd readlink realpath "
    "rm rmdir seq sha1sum sha256sum sha512sum shasum sleep ss stat touch tree true test uname uptime wc which "
    "whereis whoami zip"
)
_PACKAGES_AND_BUILDS = names(
    "./gradlew ./mvnw apt apt-cache apt-get brew bun cargo composer cypress dotnet gem gradle javac "
    "jest mocha mvn mypy next ninja nox npm playwright pip pip3 pnpm pylint flake8 pyright pytest rspec "
    "rubocop ruff rustc rustup swift terraform tox tsc turbo vite vitest xcodebuild yarn eslint black isort webpack"
)
_SERVICES = names("aws createdb docker docker-compose dropdb journalctl mysql pg_isready podman psql redis-cli ufw")
# Subcommands that may print the contents of files.
_PRINTING_WORDS = r"^(?:cp|debug|dlx|exec|run|x)$"
_SCRIPTS = {"node": r"\.[cm]?[jt]s", "tsx": r"\.[cm]?[jt]sx?", "ruby": r"\.rb", "perl": r"\.pl", "php": r"\.php"}
_SCRIPTS |= dict.fromkeys(("python", "python3"), r"\.py") | dict.fromkeys(("bash", "sh", "zsh"), r"\.sh")
_MODULES = "black build compileall flake8 isort mypy pip pylint pytest ruff unittest venv"
_DIFFS = Arguments(names("--diff"))

_GIT_SHOWS_PATCH = Arguments(names("-v -p -i -e --verbose --patch --interactive --edit"))
_GIT_MESSAGES = Arguments(names("-p -i --patch --interactive"))
_GIT_LOG = Arguments(
    names("-p -u -U -c -m -L -W -G --patch --unified --cc --patch-with-stat --patch-with-raw --word-diff --color-words")
    | names("--function-context --remerge-diff --diff-merges --dd --binary --full-diff --ext-diff --output --textconv")
)
_GIT = {
    **under("git", "add branch checkout commit fetch mv pull push reset rm status switch tag", _GIT_SHOWS_PATCH),
    **under("git", "check-ignore cherry-pick clean clone describe init ls-files ls-remote ls-tree", _GIT_MESSAGES),
    **under("git", "merge merge-base rebase remote restore rev-list rev-parse revert show-ref worktree", _GIT_MESSAGES),
    **under("git", "log reflog shortlog", _GIT_LOG),
    **under("git stash", "list", _GIT_LOG),
    # `show` prints a patch if the configuration says so (git-stash(1), stash.showPatch).
    ("git", "stash"): Arguments(names("-p -i --patch --interactive"), forbidden="^show$"),
    **under("git config", "--get --get-all --list -l user.name user.email"),
    **under("git submodule", "init status update"),
}

_KNOWN: Mapping[Key, Arguments] = {
    **{(name,): FREE for name in _NAMES_AND_NUMBERS | _PACKAGES_AND_BUILDS},
    **{(name,): Arguments(forbidden=_PRINTING_WORDS) for name in _SERVICES},
    **{(name,): Arguments(forbidden="^(?:exec|x|dlx)$") for name in ("composer", "npm", "pnpm", "yarn", "bun")},
    **{(name,): Arguments(first=rf"(?!-)[A-Za-z0-9_./-]+{ending}") for name, ending in _SCRIPTS.items()},
    **{(name, "-m"): Arguments(first="|".join(_MODULES.split())) for name in ("python", "python3")},
    **{(name, option): FREE for name in ("python", "python3", "node", "go", "java") for option in ("--version", "-V")},
    **{(name,): _DIFFS for name in ("black", "isort", "ruff")},
    # The shell's `type` prints functions; cargo, go, helm and pip know subcommands that print source or templates.
    ("cargo",): Arguments(forbidden="^(?:expand|read-manifest)$"),
    **under("go", "build clean env fmt generate get install list run test version vet", Arguments(names("-d"))),
    ("go", "mod"): FREE,
    **under("uv", "add build cache lock pip python remove sync tree venv"),
    **under("poetry", "add build check env install lock remove show update"),
    **under("helm", "install list status uninstall upgrade history rollback", Arguments(names("--dry-run --debug"))),
    ("kubectl",): Arguments(forbidden=r"^(?:attach|config|cp|debug|diff|edit|exec|kustomize|run)$"),
    ("gh",): Arguments(forbidden=r"^(?:diff|gist|extension|alias)$|contents"),
    ("curl",): Arguments(forbidden=r"(?i)file:"),
    ("wget",): Arguments(forbidden=r"(?i)file:"),
    ("systemctl",): Arguments(forbidden=r"^(?:cat|edit)$"),
    ("terraform",): Arguments(names("-diff"), forbidden="^console$", style="long"),
    **{(name,): Arguments(names("-E -M"), forbidden="^-o-|^-$") for name in ("gcc", "g++", "clang", "clang++")},
    # Without these they print what they have formatted.
    **{("prettier", option): FREE for option in ("--check", "--write", "-c", "-w", "-l", "--list-different")},
    **{("gofmt", option): Arguments(names("-d")) for option in ("-l", "-w")},
    ("tar",): Arguments(names("-O --to-stdout --to-command"), forbidden=r"^[A-Za-z]*O[A-Za-z]*$"),
    ("unzip",): Arguments(names("-p -c")),
    **{(name,): Arguments(names("-c --stdout --to-stdout")) for name in ("gzip", "gunzip")},
    ("systemd-analyze",): Arguments(forbidden="^cat-config$"),
    ("service",): FREE,
    ("cmake",): Arguments(names("-E -P")),
    # These print the makefile.
    ("make",): Arguments(names("-n -p --just-print --dry-run --recon --print-data-base")),
    ("brew",): Arguments(forbidden="^(?:cat|edit)$"),
    **under("grep", "-c -il -l -li -lr -q -rl"),
    **_GIT,
}

_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_ENVIRONMENT = r"(?!-)[A-Za-z0-9_./~-]*bin/activate"
# Commands that run the rest of their words as a command, with their options without a value.
_RUNNERS: Mapping[Key, frozenset[str]] = {
    ("bundle", "exec"): frozenset(),
    ("bunx",): frozenset(),
    ("nohup",): frozenset(),
    ("npx",): frozenset({"-y", "--yes", "--no-install"}),
    ("pipenv", "run"): frozenset(),
    ("pnpm", "exec"): frozenset(),
    ("poetry", "run"): frozenset(),
    ("sudo",): frozenset(),
    ("time",): frozenset({"-p"}),
    ("timeout",): frozenset(),
    ("uv", "run"): frozenset(),
    ("xargs",): frozenset({"-0", "-r", "-I", "-n1", "-P4"}),
}
_MOST_RUNNERS = 3


def check_shows_no_contents(words: Sequence[Word]) -> None:
    """Raise Decline unless the command of these words is known to display no line of a file."""
    words = _within(words)
    name = words[0].value if words else ""
    if name == "find":
        _check_find(words[1:])
    elif name in ("source", ".") and len(words) > 1:
        check_arguments(Arguments(first=_ENVIRONMENT), words[1:])
    else:
        key = prefix_key(_KNOWN, words)
        if key is None:
            raise Decline("unknown command")
        check_arguments(_KNOWN[key], words[len(key) :])


def _within(words: Sequence[Word]) -> Sequence[Word]:
    """Return the words of the command that a wrapper runs."""
    for _ in range(_MOST_RUNNERS):
        key = prefix_key(_RUNNERS, words)
        if key is None:
            break
        words = words[len(key) :]
        while words and words[0].value in _RUNNERS[key]:
            words = words[2 if words[0].value == "-I" else 1 :]
        if key == ("timeout",) and words and words[0].value.rstrip("smh").isdecimal():
            words = words[1:]
    return words


def _check_find(words: Sequence[Word]) -> None:
    """Allow find, and what it runs if that is known to display no content either."""
    for place, word in enumerate(words):
        if word.kind == "expansion" or (word.kind == "glob" and word.text[0] in "-*?"):
            raise Decline("unknown argument")
        if word.value in _FIND_RUNS:
            inner = words[place + 1 :]
            ends = [index for index, end in enumerate(inner) if end.value in (";", "+")]
            if not ends or _FIND_RUNS & {later.value for later in inner}:
                raise Decline("unknown argument")
            check_shows_no_contents(inner[: ends[0]])
