"""Sidestep: a local streaming reverse proxy between Claude Code and its model.

It answers the client's small side questions (a quota probe, a title, the prefix of a command) and forwards everything
else unchanged. A request goes one way:

    listen -> record( admit( shortcut( forward ) ) )        downstream, middleware, relay, upstream

Five nouns are the project's own:

    exchange    one request and its reply on their way through the chain, with what each stage learned about them
    desk        decides requests, and remembers what that needs: repeated questions, headers to repeat, drift
    guard       a rule for requests that only the model may answer
    shadow      a rule in shadow: its answer is computed and compared with the model's, and the model's is sent
    record      what remains of an exchange that has ended: a row of the journal and the page, a line of the log

Where to look for what:

    the chain           `middleware`: its four stages; `exchange` holds what they pass on, `record` what remains of it
    HTTP in             `downstream`: connections, access, bodies and replies; `bodies` holds what has been received
    HTTP out            `upstream`: connections, retries, faults in words; `wire` is HTTP/1.1 without a socket
    both sides          `relay` streams one into the other; `headers` decides which headers are dropped on the way
    the question        `question` reads a body as far as rules need it
    the decision        `decision` asks `rules`; `filters` compute texts, and decline when they are not certain
    before parsing      `rules/marks`: what one pass over a body's bytes tells of the rules that cannot match
    permission          `rules/permission` recognizes requests that may decide about permission; no rule answers these
    the answer          `synthesis` makes events or one message; `respond` is for other requests; `sse` reads events
    what is kept        `telemetry` counts; `replies` reads tokens and errors from the copy of a reply; `journal` keeps
                        rows, `capture` whole requests, `logs` writes lines; `names` decides which names chosen by
                        clients may be shown, `ids` makes a request's
    pages               `live` for people, `local` for programs
    settings            `settings`: TOML files, checked; where files are; what Claude Code was told
    the program         `__main__` and `program` run one of `commands`; `serving` is the process that serves
    this machine        `machine`: addresses, files, systemd, the terminal
    beside all these    `preload` (what is imported first, and why), `scripted` (a stand-in for the model, for the demo
                        and tests)

Where to begin: `middleware` for the flow, `rules/ruleset` for the decision, `relay/handler` for the way out and back,
`filters/shell/grammar` for what is trusted in a shell command.
"""

__version__ = "0.2.0"

PROGRAM = "sidestep"
"""Its command recognizes this package by it: others are called `proxy` too."""
