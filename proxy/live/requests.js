// The requests: the newest first, so many and no more, and what each opens to.

const MOST_ROWS = 200;

class Requests {
  constructor(body) {
    this.body = body;
    this.rows = new Map();
    this.waiting = [];
    this.frame = 0;
    this.paused = false;
    body.addEventListener("click", (event) => this.clicked(event));
  }

  /** All there is: rows that are no longer among them go, those that stay are left as they are. */
  reset(rows) {
    this.waiting = [];
    const ids = new Set(rows.map((row) => row.id));
    for (const id of [...this.rows.keys()]) if (!ids.has(id)) this.remove(id);
    this.add(rows, false);
  }

  /** Further rows, the oldest first. They are shown before the next frame, unless the page is paused. */
  add(rows, fresh = true) {
    this.waiting.push(...rows.filter((row) => !this.rows.has(row.id)));
    if (this.waiting.length > MOST_ROWS) this.waiting.splice(0, this.waiting.length - MOST_ROWS);
    this.fresh = fresh;
    this.plan();
  }

  plan() {
    if (!this.paused && !this.frame) this.frame = requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.frame = 0;
    const rows = this.waiting.splice(0).filter((row) => !this.rows.has(row.id));
    if (!rows.length) return;
    const fragment = document.createDocumentFragment();
    // Few are marked as new: at hundreds a second everything is.
    const mark = this.fresh && rows.length < 10;
    for (const row of rows.reverse()) {
      const line = this.line(row);
      if (mark) line.classList.add("fresh");
      fragment.append(line);
    }
    this.body.prepend(fragment);
    for (const row of rows.reverse()) this.rows.set(row.id, row);
    for (const id of [...this.rows.keys()].slice(0, Math.max(0, this.rows.size - MOST_ROWS))) this.remove(id);
    say(byId("requests-note"), `The last ${this.rows.size}, the newest first. A row opens to how it was decided.`);
  }

  remove(id) {
    this.rows.delete(id);
    byId(`detail-${id}`)?.remove();
    byId(`row-${id}`)?.remove();
  }

  line(row) {
    const time = timeOfDay.format(date(row.at));
    const button = element("button", { type: "button", class: "open", "aria-expanded": "false", text: time });
    button.append(element("span", { class: "unseen", text: ` ${row.outcome}: how it was decided` }));
    const number = (kind, text) => element("td", { class: `number ${kind}`, text });
    return element("tr", { id: `row-${row.id}`, class: "request" },
      element("th", { scope: "row" }, button),
      element("td", {}, badge(row.fault && row.outcome === "forwarded" ? "erring" : row.outcome, row.outcome)),
      element("td", { class: "why" }, ...why(row)),
      element("td", { class: "model", text: row.model ?? "–", title: row.model }),
      element("td", { class: "client", text: (row.client ?? "–").replace("/", " ") }),
      number("status", String(row.status)),
      number("first", duration(row.first)),
      number("whole", duration(row.duration)),
      number("own", duration(row.own)),
      number("tokens", row.usage ? `${count(tokensIn(row.usage))}, ${count(row.usage.output)}` : "–"),
    );
  }

  clicked(event) {
    const line = event.target.closest("tr.request");
    if (!line || String(document.getSelection())) return;
    this.toggle(line);
  }

  toggle(line) {
    const id = line.id.slice("row-".length);
    const button = line.querySelector("button");
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    line.classList.toggle("opened", open);
    if (!open) {
      byId(`detail-${id}`)?.remove();
      button.removeAttribute("aria-controls");
      return;
    }
    const detail = this.detail(this.rows.get(id));
    line.after(detail);
    button.setAttribute("aria-controls", detail.id);
  }

  detail(row) {
    const facts = element("dl", { class: "facts" });
    for (const [term, value] of known(row)) {
      facts.append(element("div", {}, element("dt", { text: term }), element("dd", { text: value })));
    }
    const steps = element("div");
    if (row.earlier) steps.append(element("p", { class: "note", text: "It ended before this start: how it was decided is no longer in memory." }));
    else if (row.decided) unfold(row.id, steps);
    else steps.append(element("p", { class: "note", text: `No rule was asked: ${row.reason ?? row.error ?? "nothing to decide"}.` }));
    const cell = element("td", { colspan: "10" }, facts, element("h3", { text: "How it was decided" }), steps);
    return element("tr", { id: `detail-${row.id}`, class: "detail" }, cell);
  }
}

const VERDICTS = { same: "the model said the same", different: "the model said something else", "not compared": "not compared" };

/** The rule, and the reason or the error, in the order in which a person asks. */
function why(row) {
  const parts = [];
  if (row.rule) parts.push(element("b", { text: row.rule }));
  if (row.fault && row.outcome === "forwarded") parts.push(element("b", { class: "erring", text: row.fault }));
  const said = [row.reason, row.error, VERDICTS[row.verdict]];
  const text = said.filter(Boolean).join("; ");
  if (text) parts.push(element("span", { class: "soft", text }));
  return parts;
}

function known(row) {
  const usage = row.usage;
  const pairs = [
    ["Request", `${row.method} ${row.path}`],
    ["Status", String(row.status)],
    ["Model", row.model],
    ["Client", row.client],
    ["Session", row.session && `${row.session} (hashed)`],
    ["Came", dayAndTime.format(date(row.at))],
    ["First byte after", duration(row.first)],
    ["Complete after", duration(row.duration)],
    ["Spent here", duration(row.own)],
    ["Bytes in, out", `${bytes(row.in)}, ${bytes(row.out)}`],
    ["Tokens in", usage && `${whole.format(tokensIn(usage))} (${whole.format(usage.cache_read)} from the cache)`],
    ["Tokens out", usage && whole.format(usage.output)],
    ["Id", !row.earlier && row.id],
  ];
  return pairs.filter(([, value]) => value);
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
