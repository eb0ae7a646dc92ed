"""Sidestep: a local streaming reverse proxy between Claude Code and its model.

It answers the client's small questions of its own (a quota probe, a title, the prefix of a command) and forwards
everything else unchanged. A request goes one way:

    listen -> record( guard( shortcut( forward ) ) )        downstream, middleware, relay, upstream

Five nouns are the project's own:

    exchange    one request and its reply on their way through the chain, and what each stage learned of them
    desk        where a request is decided, and what that remembers: who asked again, headers to repeat, drift
    guard       a rule that says what must be the model's own word; as a stage of the chain, who is let in at all
    shadow      of a rule: its answer is computed and held against the model's, and the model's is sent
    record      what is left of an exchange when it has ended: a row of journal and page, a line of the log

Where to look for what:

    the chain           `middleware`: its four stages; `app` puts them together, `exchange` has what they hand on
    HTTP in             `downstream`: connections, who may come in, bodies and replies; `bodies` holds what has come
    HTTP out            `upstream`: connections, retries, faults in words; `wire` is HTTP/1.1 without a socket
    both sides          `relay` streams one into the other; `headers` says which headers are dropped on the way
    what is asked       `messages` reads a body as far as rules look: `turns`, over `inspection`, over an `outline`
    the decision        `decision` asks `rules`, whose texts `filters` compute, which decline when they are not certain
    permission          `rules/permission` knows by its form what may decide about it; no rule answers that
    the answer          `synthesis` makes events or one message, `sse` writes events; `respond` is for other requests
    what is kept        `telemetry` counts, `usage` reads tokens from the copy of a reply (`coding` unpacks it),
                        `journal` keeps rows, `capture` whole requests, `logs` writes lines; `names` says what is told
                        of what clients name
    pages               `live` for people, `local` for programs
    settings            `config`, `toml` and `setting_values`; `places` has the files, `disk` reads them, `reload` anew
    the program         `__main__`, `program`, `commandline`, `commands`, `service`; `banner`, `terminal`, `printable`
                        for who reads it; `notify` speaks to systemd, `client_settings` reads Claude Code's settings
    aids                `ids`, `preload` (what is imported first, and why), `surroundings` (what of the environment does
                        not count), `scripted` (a stand-in for the model: demo, tests)

Where to begin: `middleware` for the flow, `rules/ruleset` for the decision, `relay/handler` for the way out and back,
`filters/shell/grammar` for what is trusted of a shell command.
"""

__version__ = "0.2.0"

PROGRAM = "sidestep"
"""By which its command knows this package from others of the same name."""
