// What stands beside the requests: a function a section, each given the section's data.

let skew = 0; // seconds by which the proxy's clock is ahead of the browser's
const nowThere = () => Date.now() / 1000 + skew;

const SECTIONS = { running: showRunning, counts: showCounts, rules: showRules, upstream: showUpstream, setup: showSetup, drift: showDrift };

function showCounts({ outcomes, errors, overhead, tokens, saved }) {
  const { answered = 0, forwarded = 0, failed = 0, refused = 0 } = outcomes;
  const all = answered + forwarded + failed + refused;
  say(byId("answered"), count(answered));
  say(byId("answered-share"), all ? `${percent(answered, all)} of ${count(all)}` : "");
  say(byId("saved"), saved.requests ? (saved.tokens ? count(saved.tokens) : bytes(saved.bytes)) : "–");
  const cached = saved.cached ? ` (${percent(saved.cached, saved.tokens)} cached)` : "";
  const time = saved.time ? `, ${duration(saved.time)} of model time` : "";
  const more = saved.tokens ? `tokens in${cached}${time}` : `of requests not sent${time}`;
  say(byId("saved-more"), saved.requests ? more : "nothing yet");
  say(byId("forwarded"), count(forwarded));
  const erring = Object.values(errors).reduce((sum, times) => sum + times, 0);
  say(byId("errors"), count(erring));
  byId("errors").classList.toggle("some", erring > 0);
  say(byId("error-kinds"), kinds(errors));
  say(byId("failed"), count(failed));
  byId("failed").classList.toggle("some", failed > 0);
  say(byId("refused"), refused ? `and ${count(refused)} refused` : "");
  say(byId("overhead"), duration(overhead));
  const input = tokensIn(tokens);
  say(byId("tokens-in"), count(input));
  say(byId("tokens-more"), input ? `${percent(tokens.cache_read, input)} from the cache` : "");
  say(byId("tokens-out"), count(tokens.output));
}

/** `12 × 529, 3 × 429`, the most frequent first. */
const kinds = (counts) => Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([kind, times]) => `${count(times)}\u00a0×\u00a0${kind}`).join(", ");

function percent(part, all) {
  const share = (100 * part) / all;
  return share > 0 && share < 1 ? "below 1 %" : share > 99 && share < 100 ? "above 99 %" : `${Math.round(share)} %`;
}

function showRunning(items) {
  byId("running-scroll").hidden = !items.length;
  say(byId("running-note"), items.length ? "" : "Nothing just now.");
  say(byId("running-count"), items.length ? `${items.length} running` : "");
  const make = (item) => element("tr", {}, element("th", { scope: "row", class: "since", "data-at": item.at }),
    element("td", { class: "model", text: item.model || item.path }), element("td", { class: "client", text: item.client.replace("/", " ") || "–" }),
    element("td", { class: "number" }), element("td", { class: "number sent" }));
  keepRows(byId("running"), items, (item) => item.id, make, (row, item) => {
    say(row.children[1], item.model || item.path);
    say(row.children[3], item.first === null ? "not yet" : duration(item.first));
    say(row.children[4], bytes(item.out));
  });
  tick();
}

/** What changes with time alone. */
function tick() {
  for (const cell of byId("running").querySelectorAll(".since")) say(cell, elapsed(nowThere() - Number(cell.dataset.at)));
  for (const node of document.querySelectorAll("[data-since]")) say(node, `${elapsed(nowThere() - Number(node.dataset.since))}${node.dataset.behind}`);
}

function showRules(rules) {
  // The roles are told, since a narrow page lays these rows out in another way, and browsers then forget them.
  const cell = (name, label) => element("td", { role: "cell", class: name, "data-label": label });
  const make = (rule) => element("tr", { role: "row" }, element("th", { scope: "row", role: "rowheader" }, rule.name, element("span", { text: rule.about })),
    cell("state"), cell("number times", "answered"), cell("number median", "in"), cell("agreed", "Agrees with the model"), cell("why", "Left to the model"));
  keepRows(byId("rules"), rules, (rule) => rule.name, make, (row, rule) => {
    const [, state, answered, median, agreement, left] = row.children;
    const kind = rule.guard && rule.state === "on" ? "guard" : rule.state;
    if (state.textContent !== kind) state.replaceChildren(badge(kind));
    say(answered, rule.guard ? "–" : count(rule.answered));
    say(median, duration(rule.median));
    say(agreement, [agreed(rule.agreement), rule.audits && `${rule.audits[0]} of ${count(rule.audits[1])} audits`].filter(Boolean).join("; ") || "–");
    const set = Object.entries(rule.overridden).map(([key, value]) => `the settings say ${key} = ${value}`);
    say(left, [...set, kinds(rule.reasons)].filter(Boolean).join(", "));
    for (const one of [answered, median, agreement, left]) one.classList.toggle("none", ["", "–"].includes(one.textContent));
  });
}

function agreed(agreement) {
  if (!agreement) return "";
  const compared = agreement.same + agreement.different;
  const parts = compared ? [`${count(agreement.same)} of ${count(compared)}`] : [];
  if (agreement["not compared"]) parts.push(`${count(agreement["not compared"])} not compared`);
  if (agreement["upstream error"]) parts.push(`${count(agreement["upstream error"])} upstream errors`);
  return parts.length ? `${parts.join(", ")} in shadow` : "";
}

const since = (at, behind = " ago") => element("span", { "data-since": at, "data-behind": behind, text: `${elapsed(nowThere() - at)}${behind}` });

function showUpstream({ state, lately, reply, fault, faults, opened, reused }) {
  const [wrong, seen] = lately;
  const words = { ok: "replies", unsteady: `${wrong} of the last ${seen} went wrong`, failing: "fails", unknown: "nothing forwarded lately" };
  const taken = opened + reused;
  describe(byId("upstream"), [
    ["Health", badge(state, words[state])],
    ["Last reply", reply === null ? "none yet" : since(reply)],
    ["Went wrong last", fault === null ? "nothing" : element("span", {}, `${fault[1]}, `, since(fault[0]))],
    ["No whole reply", kinds(faults)],
    ["Connections", taken ? `${count(opened)} opened, ${percent(reused, taken)} of requests on an open one` : "none yet"],
  ]);
  tick();
}

function showSetup(setup) {
  const reloads = Object.entries(setup.reloads).map(([result, times]) => `${count(times)} ${result}`).join(", ");
  const yes = (on) => (on ? "on" : "off");
  if (byId("summary-note").dataset.started !== String(setup.started)) {
    byId("summary-note").dataset.started = setup.started;
    byId("summary-note").replaceChildren(since(setup.started));
  }
  const token = setup.token ? 'ANTHROPIC_CUSTOM_HEADERS="x-sidestep-token: $TOKEN" ' : "";
  say(byId("line"), `${token}ANTHROPIC_BASE_URL=${location.origin} ENABLE_TOOL_SEARCH=true claude`);
  say(byId("where"), `${location.host} → ${setup.upstream.replace(/^https?:\/\//, "")}`);
  describe(byId("setup"), [
    ["Version", `${setup.version}, on Python ${setup.python}`],
    ["Running for", since(setup.started, "")],
    ["Upstream", setup.upstream],
    ["By way of", setup.proxy],
    ["Rules in force", count(setup.rules)],
    ["Reloads", setup.faults.length ? `the last was refused (${reloads || "at the start"})` : reloads || "none"],
    ["Local token", setup.token ? "wanted" : "none"],
    ["Journal, capture", `${setup.trouble || yes(setup.journal)}, ${yes(setup.capture)}`],
  ]);
  const trouble = byId("trouble");
  trouble.hidden = !setup.faults.length;
  say(trouble, ["Not all rules and settings are in force as they stand in their files:", ...setup.faults].join("\n"));
}

function showDrift(notices) {
  byId("drift-note").hidden = notices.length > 0;
  const key = ({ sign, client, rule, condition, shape, fingerprint }) => [sign, client, rule, condition, shape, fingerprint].join("\n");
  // What another version has written down may be of a kind that this one does not know.
  const words = (notice) => DRIFT[notice.sign]?.(notice) ?? [strong(`Claude Code ${notice.client}: ${notice.sign}.`)];
  const make = (notice) => element("li", {}, ...words(notice), element("span", { class: "soft" }));
  keepRows(byId("drift"), notices.toReversed(), key, make, (item, notice) => say(item.lastChild, often(notice)));
}

const strong = (text) => element("b", { text });
const code = (text) => element("code", { text });

/** A sign of drift in words, by its kind. */
const DRIFT = {
  "unknown question": ({ client, rule, condition, shape }) => [strong(`Claude Code ${client} asks what no rule knows.`),
    ...(rule ? [` The nearest is ${rule}, but for `, code(condition), "."] : []), ` Its form: ${shape}.`],
  "nearly": ({ client, rule, condition, shape }) => [strong(`Claude Code ${client} asks ${rule} in another form.`),
    " What did not hold: ", code(condition), `. Its form: ${shape}.`],
  "untested client version": ({ client, rule }) => [strong(`${rule} answers Claude Code ${client},`), " newer than any that it was tried with."],
  "rule stopped firing": ({ client, rule }) => [strong(`${rule} matches nothing of Claude Code ${client},`), " though it did for the version before."],
};

const often = ({ count: times, first, last }) => (times === 1 ? ` Once, on ${dayAndTime.format(date(first))}.`
  : ` ${count(times)} times since ${dayAndTime.format(date(first))}, last on ${dayAndTime.format(date(last))}.`);
