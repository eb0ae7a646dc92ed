"""Which variables may stand before a command without changing which program runs."""

import re
from collections.abc import Iterable

from proxy.filters.decline import Decline
from proxy.filters.shell.commands import names
from proxy.filters.shell.grammar import Assignment

_SAFE = names(
    "CGO_ENABLED CI FORCE_COLOR GOARCH GOEXPERIMENT GOOS NODE_ENV NO_COLOR PYTHONDONTWRITEBYTECODE PYTHONPATH "
    "PYTHONUNBUFFERED RUST_BACKTRACE RUST_LOG"
)
# Lower case is refused as a whole: zsh ties `path`, `fpath` and others to the real ones; npm reads `npm_config_*`.
_RISKY = re.compile(
    r"(?![A-Z][A-Z0-9_]*$)"
    r"|(?:BASH|BUN|CARGO|CC|CGO|CLANG|CXX|DENO|DOCKER|DYLD|ESLINT|GCC|GCONV|GH|GIT|GLIBC|GO|GREP|HIST|JAVA|JDK|JQ|KUBE)"
    r"|(?:LC_|LD|LESS|LOC|MAKE|MALLOC|MAN|MYPY|NLS|NODE|NPM|OPENSSL|PERL|PIP|PNPM|PROMPT|PS\d|PYTEST|PYTHON|RIPGREP)"
    r"|(?:RUBY|RUFF|RUST|SHELL|SSH|SSL|SUDO|TAR|TERM|TS_|UV_|XDG|YARN|ZDOTDIR|ZSH)"
    r"|(?:ENV|E?[UG]ID|FPATH|HOME|IFS|KEYTIMEOUT|NULLCMD|OPT(?:IND|ARG)|PWD|OLDPWD|RANDOM|READNULLCMD|SECONDS|STTY"
    r"|TIMEFMT|TMOUT|USERNAME|VISUAL|WORDCHARS)$"
    r"|.*(?:BROWSER|CMD|COMMAND|CONFIG|EDITOR|EXEC|FLAGS?|HOOKS?|OPT|OPTIONS|OPTS|PAGER|PATH|PLUGINS?|PRELOAD|PROXY|RC"
    r"|SHELL|STARTUP|TMP|TMPDIR|WRAPPER)$"
)


def check_assignments(assignments: Iterable[Assignment], *, strict: bool = False) -> None:
    """Raise Decline if a variable may change what runs; if `strict`, unless each is known not to."""
    for assignment in assignments:
        if assignment.name not in _SAFE and (strict or _RISKY.match(assignment.name)):
            raise Decline("variable changes what runs")
