"""The commands that have a known prefix.

Sources: the client's own policy for command prefixes, and the manual of each command for the options that make it run
another program, load code or write a file the name does not promise.
"""

from collections.abc import Mapping
from typing import Literal

from proxy.filters.shell.commands import FREE, SCRIPT_NAME, Arguments, Key, names, under
from proxy.filters.shell.known_git import GIT

BarePrefix = Literal["itself", "none"]

_GREP = Arguments(names("--filter --pager --view --config --save-config --query -Q"))
_PYTHON = Arguments(first=r"(?!-)[A-Za-z0-9_./-]+\.py")
_NODE = Arguments(first=r"(?!-)[A-Za-z0-9_./-]+\.[cm]?[jt]s")
FIND = Arguments(names("-exec -execdir -ok -okdir -delete -fprint -fprint0 -fprintf -fls"), style="long")
# Reports and caches are written where an option says; --shadow-file replaces a source.
_MYPY = Arguments(
    names("--config-file --python-executable --install-types --custom-typing-module --custom-typeshed-dir --junit-xml")
    | names("--any-exprs-report --cobertura-xml-report --html-report --linecount-report --linecoverage-report")
    | names("--lineprecision-report --txt-report --xml-report --xslt-html-report --xslt-txt-report --cache-dir")
    | names("--cache-map --shadow-file --timing-stats --line-checking-stats"),
    forbidden="^@",
)
# Every plugin has options that write files, and --basetemp deletes a directory; so only these few.
_PYTEST = Arguments(
    allowed=r"(?![-@]).*|-[xvqsl]*(?:[kmnr].*)?|--(?:capture|color|deselect|dist|durations|durations-min|ignore)(?:=.*)?"
    r"|--(?:ignore-glob|maxfail|reruns|tb|timeout|cov)(?:=.*)?|--(?:collect-only|co|disable-warnings|exitfirst|ff|lf)"
    r"|--(?:failed-first|last-failed|new-first|nf|no-cov|no-header|no-summary|quiet|runxfail|setup-show|showlocals)"
    r"|--(?:stepwise|sw|strict-config|strict-markers|verbose|fixtures|markers|version)"
)
_RUFF = Arguments(names("-o --output-file --config --cache-dir"))
# Paths and names only: of such tools nearly every option may name code that is loaded.
_PATH = r"[A-Za-z0-9_.][A-Za-z0-9_./:, *-]*"
# tsc takes its options in any case, and many say where it writes; so only these few.
_TSC = Arguments(
    allowed=rf"{_PATH}|-[bpvw]|--(?:build|project|watch|noEmit|pretty|strict|skipLibCheck|incremental|version|jsx|lib)"
    r"|--(?:esModuleInterop|listFiles|module|moduleResolution|noUnusedLocals|noUnusedParameters|target)"
)

# uniq is missing on purpose: its second operand is a file that it writes. So is curl: -o and -K, and ~/.curlrc.
_PLAIN: Mapping[str, Arguments] = {
    **dict.fromkeys(names("basename cat cd chmod cp cut df dirname du echo head jq ls mkdir mv nl pwd"), FREE),
    **dict.fromkeys(names("black realpath rm rmdir sleep stat tac tail touch wc which"), FREE),
    **dict.fromkeys(names("chown cksum cmp free kill ln md5 md5sum pgrep pkill ps readlink sha1sum sha256sum"), FREE),
    **dict.fromkeys(names("hexdump od shasum strings tr type uname uptime whereis"), FREE),
    **dict.fromkeys(names("egrep fgrep grep"), _GREP),
    **dict.fromkeys(names("python python3"), _PYTHON),
    "date": Arguments(names("-s --set")),
    "diff": Arguments(names("-l --paginate")),
    "eslint": Arguments(
        names("-c -f -o --config --rulesdir --parser --plugin --resolve-plugins-relative-to --format --init")
        | names("--output-file --cache-file --cache-location --suppressions-location")
    ),
    "file": Arguments(names("-C -m -z -Z --compile --magic-file --uncompress --uncompress-noreport")),
    "find": FIND,
    # --vacuum-size and its like delete the journal, and --cursor-file writes a file.
    "journalctl": Arguments(
        names("-M --machine --cursor-file --flush --image --relinquish-var --root --rotate --setup-keys")
        | names("--smart-relinquish-var --sync --update-catalog --vacuum-files --vacuum-size --vacuum-time")
    ),
    # lsof -D builds a file of devices.
    "lsof": Arguments(names("-D")),
    "mypy": _MYPY,
    "node": _NODE,
    "jest": Arguments(
        allowed=rf"{_PATH}|-[it]|--(?:coverage|runInBand|silent|verbose|bail|testNamePattern|watchAll=false)"
    ),
    # A configuration or a plugin is code.
    "prettier": Arguments(names("--config --plugin --plugin-search-dir --cache-location"), style="either"),
    "pytest": _PYTEST,
    "rg": Arguments(names("--pre --hostname-bin -z --search-zip")),
    "rspec": Arguments(allowed=_PATH),
    "sort": Arguments(names("--compress-program -o --output")),
    # tree -R writes a file into each directory.
    "tree": Arguments(names("-o --output -R")),
    "tsc": _TSC,
}

_NODE_PACKAGES = Arguments(
    names("--script-shell --shell --node-options --node-gyp --git --editor --viewer --browser --userconfig --python")
    | names(
        "--pnpmfile --global-pnpmfile --globalconfig --prefix --dir --cwd --init-module "
        "--onload-script --call --shell-mode --use-yarnrc --cache --logs-dir --store-dir --modules-dir "
        "--virtual-store-dir --lockfile-dir --modules-folder --cache-folder --global-folder --link-folder"
    )
    | names("-C -c"),
    forbidden=r"^-+config|^-+use-yarnrc",
    style="either",
)
_GO = Arguments(
    names("-exec -toolexec -vettool -overlay -ldflags -gcflags -asmflags -gccgoflags -modfile -C -compiler -pkgdir -o")
    | names("-coverprofile -cpuprofile -memprofile -blockprofile -mutexprofile -trace -outputdir"),
    forbidden=r"^--?test\.",
    style="long",
)
_CARGO = Arguments(names("--config -Z -C --target-dir --artifact-dir --out-dir --lockfile-path --manifest-path"))
_DOCKER = Arguments(names("--config --output -o --iidfile --metadata-file"))
_KUBECTL = Arguments(names("--kubeconfig --kuberc --profile-output --cache-dir --log-file --log-dir"))
_PIP = Arguments(
    names("--python --editor --global-option --config-settings --build-option --install-option --log --report")
    | names("-t --target --root --prefix --src --cache-dir")
    | names("--keyring-provider --use-deprecated -C"),
    forbidden="::|^--config",
)
# `--python x` runs x; a file of settings may name an index or an interpreter; `--directory` reads that one's settings.
_UV = Arguments(
    names("-p -C --python --config-file --config-setting --config-settings --config-settings-package --directory")
    | names("--project --keyring-provider --env-file --allow-insecure-host --output-file -o")
    | names("-t --target --prefix --cache-dir"),
    forbidden="::",
)
_POETRY = Arguments(names("-C -P --directory --project"))
_GH = Arguments(names("-e --editor"))
_APT = Arguments(names("-o -c --option --config-file"))
# ssh runs on behalf of -H.
_SYSTEMCTL = Arguments(names("-H -M --host --machine --root --image"))
# A formula is a program; those of the known collections have plain names.
_BREW = Arguments(names("-d -i --debug --interactive"), forbidden=r"\.rb|:")
_BUN = Arguments(allowed=r"(?!-)[A-Za-z0-9_./:@^~ *-]+|-[dDE]|--(?:dev|exact|global)")
# MSBuild, Gradle and Maven take properties that load code; so only plain goals, names and these few.
_DOTNET = Arguments(
    allowed=r"[A-Za-z0-9_.][A-Za-z0-9_./-]*|(?:Category|FullyQualifiedName|Name)[=~][A-Za-z0-9_.]+|-c"
    r"|--(?:configuration|filter|framework|no-build|no-restore|verbosity)"
)
_GRADLE = Arguments(allowed=rf"{_PATH}|--(?:tests|info|stacktrace|quiet|offline)")
_MAVEN = Arguments(allowed=r"-q|-B|-o|-am|-DskipTests|-Dtest=[A-Za-z0-9_#*.]+|clean|compile|test|verify|package")

_MODULES: Mapping[Key, Arguments] = {
    ("pytest",): _PYTEST,
    ("unittest",): FREE,
    ("mypy",): _MYPY,
    ("black",): FREE,
    **under("ruff", "check format", _RUFF),
    **under("pip", "check freeze install list show uninstall", _PIP),
}

PREFIXES: Mapping[Key, Arguments] = {
    **{(name,): arguments for name, arguments in _PLAIN.items()},
    **GIT,
    **{(manager, "run", SCRIPT_NAME): _NODE_PACKAGES for manager in ("npm", "pnpm", "yarn")},
    **{(manager, "test"): _NODE_PACKAGES for manager in ("npm", "pnpm", "yarn")},
    **under("npm", "audit ci install list ls outdated start uninstall update view why", _NODE_PACKAGES),
    **under("pnpm", "add audit install list outdated remove update why", _NODE_PACKAGES),
    **under("yarn", "add audit info install list outdated remove upgrade why", _NODE_PACKAGES),
    **under("bun", "add install remove test", _BUN),
    **under("go", "build fmt get install list run test vet", _GO),
    **under("go mod", "download graph tidy verify why", _GO),
    **under("cargo", "add bench build check clippy doc fmt run test tree", _CARGO),
    **under("docker", "build images inspect logs ps pull restart rm rmi start stats stop top", _DOCKER),
    **under("docker compose", "build down images logs ps pull restart stop top up", _DOCKER),
    **under("kubectl", "apply delete describe get logs top", _KUBECTL),
    **under("kubectl rollout", "history restart status", _KUBECTL),
    **under("gh issue", "close comment create list view", _GH),
    **under("gh pr", "checks close comment create diff list merge status view", _GH),
    **under("gh release", "list view", _GH),
    **under("gh repo", "list view", _GH),
    **under("gh run", "list view watch", _GH),
    **under("gh workflow", "list view", _GH),
    **under("pip", "check freeze install list show uninstall", _PIP),
    **under("pip3", "check freeze install list show uninstall", _PIP),
    **{(python, "-m", *module): rest for python in ("python", "python3") for module, rest in _MODULES.items()},
    **under("uv", "add lock remove sync tree", _UV),
    **under("uv pip", "check freeze install list show uninstall", _UV),
    **under("poetry", "add install lock remove show update", _POETRY),
    **under("terraform", "fmt output plan validate", Arguments(names("-out -generate-config-out -state-out -chdir"))),
    **under("brew", "info install list outdated search uninstall upgrade", _BREW),
    **under("apt", "list search show", _APT),
    **under("apt-cache", "policy search show", _APT),
    **under("systemctl", "is-active is-enabled list-timers list-units status", _SYSTEMCTL),
    **under("dotnet", "build test", _DOTNET),
    **under("gradle", "test", _GRADLE),
    **under("mvn", "test", _MAVEN),
    **under("ruff", "check format", _RUFF),
    **under("vitest", "run", Arguments(allowed=_PATH)),
    **under("gg", "cat cp"),
    **under("pig", "tail"),
    **under("potion", "test"),
}

_FIXED_TASKS = """
    npm ci; npm install; yarn install; pnpm install; bun install; bun test; cargo build; cargo check; cargo clippy;
    cargo fmt; cargo run; cargo test; go mod tidy; dotnet build; dotnet test; gradle test; mvn test; git fetch;
    git pull; git push; make; scalac build; uv sync; poetry install; terraform plan; terraform validate
"""
# Commands without arguments: allowing their prefix would allow every other form of them.
BARE: Mapping[Key, BarePrefix] = {
    ("ls",): "itself",
    ("pwd",): "itself",
    ("git", "diff"): "itself",
    ("git", "log"): "itself",
    ("git", "stash", "list"): "itself",
    ("git", "status"): "itself",
    ("git", "worktree", "list"): "itself",
    **{tuple(task.split()): "none" for task in _FIXED_TASKS.split(";")},
    # A file defines what it does, as for `npm run`; another word could be another file, or a variable.
    ("make", SCRIPT_NAME): "none",
    **{(manager, "run", SCRIPT_NAME): "none" for manager in ("bun", "npm", "pnpm", "yarn")},
    **{(manager, word): "none" for manager in ("npm", "pnpm", "yarn") for word in ("start", "test")},
}
BARE_WITH_ASSIGNMENTS: Mapping[Key, BarePrefix] = {
    ("go", "test"): "itself",
    ("npm", "run", SCRIPT_NAME): "itself",
    ("npm", "start"): "none",
}

WRAPPERS = names(
    "ash bash builtin caffeinate chroot command coproc csh dash doas env eval exec fish flock ionice ksh lua nice "
    "nocorrect noglob nohup npx parallel perl pnpx runuser ruby script setarch setsid sh source ssh stdbuf strace su "
    "sudo taskset time timeout trap unbuffer uvx watch xargs zsh . -"
)
