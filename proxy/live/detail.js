// What a row of the requests opens to: what is known of the request, and how it was decided.

const VERDICTS = { same: "the model said the same", different: "the model said something else", "not compared": "not compared" };

/** The rule, and what went wrong, or else why it was forwarded or refused. */
function why(row) {
  const parts = [];
  if (row.rule) parts.push(element("b", { text: row.rule }));
  if (row.fault && row.outcome === "forwarded") parts.push(element("b", { class: "erring", text: row.fault }));
  const said = [row.error ?? row.reason, VERDICTS[row.verdict]];
  const text = said.filter(Boolean).join("; ");
  if (text) parts.push(element("span", { class: "soft", text }));
  return parts;
}

function known(row) {
  const usage = row.usage;
  const pairs = [
    ["Request", `${row.method} ${row.path}`],
    ["Status", String(row.status)],
    ["Reason", row.reason],
    ["Error", row.error],
    ["Model", row.model],
    ["Client", row.client],
    ["Started", dayAndTime.format(date(row.at))],
    ["First byte after", duration(row.first)],
    ["Complete after", duration(row.duration)],
    ["Spent here", duration(row.overhead)],
    ["Bytes in, out", `${bytes(row.in)}, ${bytes(row.out)}`],
    ["Tokens in", usage && `${whole.format(tokensIn(usage))} (${whole.format(usage.cache_read)} from the cache)`],
    ["Tokens out", usage && whole.format(usage.output)],
    ["Id", !row.earlier && row.id],
  ];
  return pairs.filter(([, value]) => value);
}

/** The row behind a request that is open. */
function detailOf(row, columns) {
  const facts = element("dl", { class: "facts" });
  for (const [term, value] of known(row)) {
    facts.append(element("div", {}, element("dt", { text: term }), element("dd", { text: value })));
  }
  const note = (text) => element("p", { class: "note", text });
  const steps = element("div");
  if (row.earlier) steps.append(note("It ended before this start: how it was decided is no longer in memory."));
  else if (row.decided) unfold(row.id, steps);
  else steps.append(note(`No rule was asked: ${row.reason ?? row.error ?? "nothing to decide"}.`));
  const session = row.session && element("button", { type: "button", class: "only", "data-session": row.session, text: "Only this session" });
  const cell = element("td", { colspan: columns }, facts, ...(session ? [session] : []), element("h3", { text: "How it was decided" }), steps);
  return element("tr", { id: `detail-${row.id}`, class: "detail" }, cell);
}

/** Fetches how a request was decided, and shows it. */
async function unfold(id, place) {
  const note = (text) => place.replaceChildren(element("p", { class: "note", text }));
  note("…");
  try {
    const reply = await fetch(`/-/requests/${encodeURIComponent(id)}`);
    if (reply.status === 404) return note("It is no longer in memory.");
    if (!reply.ok) return note(`It could not be asked for: ${reply.status}.`);
    const { steps } = await reply.json();
    if (!steps.length) return note("No rule was asked: the request's head ruled all of them out.");
    place.replaceChildren(...told(steps));
  } catch {
    note("It could not be asked for: Sidestep cannot be reached.");
  }
}

/** The rule that matched, if any, with its conditions; then those before it, each with the one that did not hold. */
function told(steps) {
  const matched = steps.find((each) => each.matched);
  const others = steps.filter((each) => !each.matched);
  const rules = others.length === 1 ? "The one rule" : `The ${others.length} rules`;
  const parts = [];
  if (matched) {
    const held = element("p", { class: "decisive" }, element("b", { text: matched.rule }), " matched, since all of this held: ");
    held.append(element("code", { text: matched.condition }));
    parts.push(held);
  }
  if (!others.length) return parts;
  parts.push(element("p", { text: `${rules} asked ${matched ? "before it " : ""}did not match, for want of:` }));
  parts.push(element("ol", { class: "steps" }, ...others.map(step)));
  return parts;
}

function step({ rule, condition }) {
  return element("li", {}, element("span", { class: "missed", "aria-hidden": "true", text: "×" }), element("span", { text: rule }), element("code", { text: condition }));
}
