"""Sidestep: a local streaming reverse proxy between Claude Code and its model.

It answers the client's small questions of its own (a quota probe, a title, the prefix of a command) and forwards
everything else unchanged. A request goes one way:

    listen -> record( guard( shortcut( forward ) ) )        downstream, middleware, relay, upstream

The nouns, in `exchange`: a `Head` is a request before its body. `shortcut` turns head and body into a `MessagesRequest`
(`messages`, which reads of a large body what rules ask for: `inspection`, over an `outline`) and takes it to the desk
(`decision`), which asks the `RuleSet` (`rules`) and gives a decision, `Answer`, `Respond` or `Forward`. The text of an
answer is computed by a filter (`filters`), which declines when it is not certain. An `Answer` becomes events or one
message (`synthesis`, `sse`); a `Respond` is for what asks no model (`respond`, `rules/responses`).

What each stage learned is on the `Exchange`; what is left of it in the end is a `Record`. The request log (`telemetry`)
reports it, a moment later: one log line (`logs`), and counts, which the pages of `local` read. With the tokens that
`usage` has read from a copy of the reply it is one row of the `journal`, and of the page that shows what
Sidestep does while it does it (`live`). How a decision came about, `rules/trail` tells.

What is forwarded goes out and comes back in exact bytes: heads and framing without a socket in `wire`, connections in
`upstream`, the client's side in `downstream`. Those two know nothing of each other; `relay` joins them.

What may decide about permission is answered by no rule: `rules/permission` knows it by its form.

The desk remembers: who asked again and is forwarded (`decision/breaker`), which headers to repeat (`ratelimits`), signs
that the client has changed (`drift`, kept in `sightings`), and how rules in `shadow` agree with the model
(`agreements`).

Where to look first: `middleware` for the flow, `rules/ruleset` for the decision, `relay/handler` for the way out and
back, `filters/shell/grammar` for what is trusted of a shell command. `__main__`, `program`, `service` and `commands`
are the program around it.
"""

__version__ = "0.1.0"

PROGRAM = "sidestep"
"""By which its command knows this package from others of the same name."""
