"""The subcommands of git that have a known prefix; the source is the manual page of each."""

from collections.abc import Mapping

from proxy.filters.shell.commands import Arguments, Key, names, under

_DENIED = names(
    "--exec --exec-path --ext-diff --upload-pack --receive-pack --output --open-files-in-pager --ext-grep --config "
    "--config-env --template"
)
_PLAIN = Arguments(_DENIED)
# `transport::address` runs git-remote-<transport>; `ext::` runs any command (gitremote-helpers(7)).
_NETWORK = Arguments(_DENIED, forbidden="::")
# `-c` sets anything in the configuration; `-u` is --upload-pack (git-clone(1)).
_CLONE = Arguments(_DENIED | names("-c -u"), forbidden="::")
# `--strategy x` runs git-merge-x (git-merge(1)).
_MERGE = Arguments(_DENIED | names("--strategy -s -x"), forbidden="::")

GIT: Mapping[Key, Arguments] = {
    **under("git", "add blame branch checkout clean commit describe diff log ls-files mv reset", _PLAIN),
    **under("git", "restore rev-parse rm show status switch tag", _PLAIN),
    **under("git", "cat-file check-ignore ls-tree merge-base rev-list shortlog show-ref", _PLAIN),
    **under("git", "fetch push", _NETWORK),
    **under("git", "cherry-pick merge pull rebase revert", _MERGE),
    ("git", "clone"): _CLONE,
    ("git", "reflog"): Arguments(_DENIED, forbidden="^(?:delete|drop|expire)$"),
    ("git", "grep"): Arguments(_DENIED | {"-O"}),
    **under("git stash", "apply drop list pop push show", _PLAIN),
    **under("git worktree", "add list remove", _PLAIN),
    # `git config` could set aliases, which run anything.
    **under("git config", "--get --get-all --get-regexp", Arguments(allowed=r"(?!-)[A-Za-z0-9_.^*-]+")),
    # Likewise `git remote` could add a remote whose address runs a program.
    ("git", "remote"): Arguments(allowed="-v|--verbose"),
}
