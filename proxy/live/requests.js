// The requests: the latest start first, so many and no more; on demand a session's rows together.

const MOST_ROWS = 200; // that are shown
const MOST_KNOWN = 500; // that filters find: as many as the decision can be asked for
const COLUMNS = 11;

class Requests {
  constructor(table) {
    this.table = table;
    this.bodies = new Map();
    this.known = new Map();
    this.lines = new Map();
    this.seen = new Map();
    this.waiting = [];
    this.frame = 0;
    this.paused = false;
    this.grouped = false;
    this.filters = new Filters(byId("filters"), () => this.show(true));
    table.addEventListener("click", (event) => this.clicked(event));
    table.addEventListener("animationend", (event) => event.target.closest("tr")?.classList.remove("fresh"));
  }

  /** All there is: rows that are no longer among them go, those that stay are left as they are. */
  reset(rows) {
    const ids = new Set(rows.map((row) => row.id));
    for (const id of [...this.known.keys()]) if (!ids.has(id)) this.forget(id);
    this.waiting = [];
    this.add(rows, false);
  }

  /** Further rows. They are shown before the next frame, unless the page is paused. */
  add(rows, fresh = true) {
    this.waiting.push(...rows);
    if (this.waiting.length > MOST_KNOWN) this.waiting.splice(0, this.waiting.length - MOST_KNOWN);
    this.fresh = fresh;
    this.plan();
  }

  plan() {
    if (!this.paused && !this.frame) this.frame = requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.frame = 0;
    const rows = this.waiting.splice(0).filter((row) => !this.known.has(row.id));
    // Few are marked as new: at hundreds a second everything is.
    const mark = this.fresh && rows.length < 10;
    for (const row of rows) {
      this.known.set(row.id, row);
      if (mark) this.line(row).classList.add("fresh");
    }
    for (const id of [...this.known.keys()].slice(0, Math.max(0, this.known.size - MOST_KNOWN))) this.forget(id);
    const sessions = new Set([...this.known.values()].map((row) => row.session ?? ""));
    for (const key of [...this.seen.keys()]) if (!sessions.has(key)) this.seen.delete(key);
    this.show();
  }

  forget(id) {
    this.known.delete(id);
    this.lines.delete(id);
  }

  /** Puts the rows that match into the table; `aloud` tells how many these are. */
  show(aloud = false) {
    const all = [...this.known.values()].sort((a, b) => b.at - a.at);
    this.filters.offer(all, this.sessions(all).filter(({ key }) => key));
    const found = all.filter(this.filters.matches());
    const shown = found.slice(0, MOST_ROWS);
    this.lines = new Map(shown.map((row) => [row.id, this.line(row)]));
    const groups = this.grouped ? this.sessions(shown) : [{ key: "all", rows: shown }];
    this.bodies = new Map(groups.map((group) => [group.key, this.body(group)]));
    keepNodes(this.table, [this.table.tHead, ...this.bodies.values()]);
    this.note(all.length, found.length, aloud);
  }

  /** The sessions of rows that come the latest first, in the order of their latest. A session is called by when it began. */
  sessions(rows) {
    const found = new Map();
    for (const row of rows) {
      const key = row.session ?? "";
      if (!found.has(key)) found.set(key, []);
      found.get(key).push(row);
    }
    return [...found].map(([key, group]) => {
      const since = Math.min(group.at(-1).at, this.seen.get(key) ?? Infinity);
      this.seen.set(key, since);
      return { key, rows: group, name: key ? `Session since ${clock(since)}` : "Without a session", told: tally(group) };
    });
  }

  note(all, found, aloud) {
    byId("empty").hidden = all > 0;
    byId("filters").hidden = all === 0;
    byId("requests-scroll").hidden = found === 0;
    byId("none").hidden = all === 0 || found > 0;
    const filtered = this.filters.any;
    const matching = `${count(found)} of the last ${count(all)} match`;
    const which = filtered ? `${matching}.` : `The last ${count(Math.min(all, MOST_ROWS))}, the newest first.`;
    say(byId("requests-note"), all ? `${which} A row opens to how it was decided.` : "None yet. They appear here as they end.");
    if (aloud) say(byId("announcement"), filtered ? matching : "All requests are shown");
  }

  /** The part of the table that holds a group, with its rows, and behind each open one what it opens to. */
  body({ key, name, rows, told }) {
    const body = this.bodies.get(key) ?? element("tbody", { "data-session": key });
    const lines = rows.flatMap((row) => {
      const line = this.line(row);
      return line.detail ? [line, line.detail] : [line];
    });
    if (name) {
      body.head ??= element("tr", { class: "session" }, element("th", { scope: "rowgroup", colspan: COLUMNS }, element("b"), element("span", { class: "soft" })));
      say(body.head.firstChild.firstChild, name);
      say(body.head.firstChild.lastChild, told);
      lines.unshift(body.head);
    }
    keepNodes(body, lines);
    return body;
  }

  line(row) {
    if (!this.lines.has(row.id)) this.lines.set(row.id, lineOf(row));
    return this.lines.get(row.id);
  }

  group(on) {
    this.grouped = on;
    byId("group").setAttribute("aria-pressed", String(on));
    this.show();
  }

  clicked(event) {
    const only = event.target.closest("[data-session].only");
    if (only) {
      this.show();
      return this.filters.choose("session", only.dataset.session);
    }
    const line = event.target.closest("tr.request");
    if (line && !String(document.getSelection())) this.toggle(line);
  }

  toggle(line) {
    const row = this.known.get(line.dataset.id);
    const button = line.querySelector("button");
    line.detail = line.detail ? null : detailOf(row, COLUMNS);
    button.setAttribute("aria-expanded", String(Boolean(line.detail)));
    line.classList.toggle("opened", Boolean(line.detail));
    if (line.detail) button.setAttribute("aria-controls", line.detail.id);
    else button.removeAttribute("aria-controls");
    this.show();
  }
}

function tally(rows) {
  const counts = {};
  for (const row of rows) counts[OUTCOMES[outcome(row)]] = (counts[OUTCOMES[outcome(row)]] ?? 0) + 1;
  return Object.entries(counts).map(([kind, times]) => `${count(times)} ${kind}`).join(", ");
}

function lineOf(row) {
  const kind = outcome(row);
  const button = element("button", { type: "button", class: "open", "aria-expanded": "false", text: clock(row.at) });
  button.append(element("span", { class: "unseen", text: ` ${OUTCOMES[kind]}: how it was decided` }));
  const number = (name, text) => element("td", { class: `number ${name}`, text });
  return element("tr", { class: `request ${kind}`, "data-id": row.id },
    element("th", { scope: "row" }, button),
    element("td", { class: "outcome" }, badge(kind, OUTCOMES[kind])),
    element("td", { class: "why" }, ...why(row)),
    element("td", { class: "model", text: row.model ?? "–", title: row.model }),
    element("td", { class: "client", text: (row.client ?? "–").replace("/", " ") }),
    number("status", String(row.status)),
    number("first", duration(row.first)),
    number("whole", duration(row.duration)),
    number("overhead", duration(row.overhead)),
    number("tokens", row.usage ? count(tokensIn(row.usage)) : "–"),
    number("tokens", row.usage ? count(row.usage.output) : "–"),
  );
}
