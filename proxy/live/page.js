// Brings it together: the stream of events, the charts, and what a person can press.

const requests = new Requests(byId("requests-table"));
const charts = CHARTS.map((spec) => new Chart(spec));
const MINUTE = 60000;
const PATIENCE = MINUTE / 4; // without a sign of life, of which there is one every few seconds

const page = { source: null, retry: 0, span: "hour", state: "connecting", heard: 0, unseen: 0, stale: true };

/** Says how the connection is; aloud only when that has changed. */
function tell(state, text) {
  byId("connection").dataset.state = state;
  say(byId("connection-text"), text);
  if (page.state !== state) say(byId("announcement"), text);
  page.state = state;
}

function live() {
  if (!requests.paused) return tell("live", "Live");
  const waiting = page.unseen ? `, ${count(page.unseen)} new` : "";
  return tell("paused", `Paused${waiting}`);
}

function connect() {
  clearTimeout(page.timer);
  page.source?.close();
  const source = (page.source = new EventSource("/-/events"));
  page.heard = Date.now();
  const on = (name, act) => source.addEventListener(name, (event) => {
    page.heard = Date.now();
    act(JSON.parse(event.data));
  });
  on("state", ({ now, rows, sections }) => {
    skew = now - Date.now() / 1000;
    page.retry = 0;
    requests.reset(rows);
    for (const [name, data] of Object.entries(sections)) SECTIONS[name](data);
    live();
    chart();
  });
  on("rows", (rows) => {
    requests.add(rows);
    page.stale = true;
    if (requests.paused) page.unseen += rows.length;
    live();
  });
  on("beat", () => live());
  for (const [name, show] of Object.entries(SECTIONS)) on(name, show);
  // The browser's own way of coming back gives up on some errors; this one does not.
  source.addEventListener("error", () => {
    source.close();
    tell("lost", "Not connected. Trying again…");
    page.timer = setTimeout(connect, Math.min(5000, 250 * 2 ** page.retry++));
  });
}

async function chart() {
  const span = page.span;
  page.stale = false;
  page.charted = Date.now();
  try {
    const reply = await fetch(`/-/timeline?span=${span}`);
    if (!reply.ok || span !== page.span) return;
    const data = await reply.json();
    const notes = { journal: "", process: "Of what this process has seen: the journal is off.", none: "The journal is off: there is no week to show." };
    say(byId("charts-note"), notes[data.source]);
    say(byId("charts-heading"), `In the last ${span}`);
    for (const each of charts) each.show(data);
  } catch {
    page.stale = true; // the stream of events says that the connection is gone, and brings the charts back with it
  }
}

/** Every second: the clocks; every so often, and only where something has happened, the charts. */
function everySecond() {
  if (document.hidden) return;
  tick();
  const silent = Date.now() - page.heard;
  if (page.state !== "lost" && silent > PATIENCE) tell("lost", "No sign of life: Sidestep may hang");
  const patience = page.span === "hour" ? MINUTE / 6 : 5 * MINUTE;
  const passed = Date.now() - (page.charted ?? 0);
  if ((page.stale && passed > patience) || passed > 5 * MINUTE) chart();
}

byId("pause").addEventListener("click", () => {
  requests.paused = !requests.paused;
  page.unseen = 0;
  byId("pause").setAttribute("aria-pressed", String(requests.paused));
  requests.plan();
  live();
});

byId("group").addEventListener("click", () => requests.group(!requests.grouped));

byId("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(byId("line").textContent);
    say(byId("copy"), "Copied");
  } catch { // no leave, or a page that came over plain http from another machine: it is marked, for Ctrl-C
    document.getSelection().selectAllChildren(byId("line"));
  }
});

for (const button of document.querySelectorAll("[data-span]")) {
  button.addEventListener("click", () => {
    page.span = button.dataset.span;
    for (const each of document.querySelectorAll("[data-span]")) each.setAttribute("aria-pressed", String(each === button));
    chart();
  });
}

// Nobody looks at a hidden page: after a while it lets go, and begins anew when it is looked at again.
document.addEventListener("visibilitychange", () => {
  clearTimeout(page.hiding);
  if (document.hidden) page.hiding = setTimeout(() => { page.source?.close(); page.source = null; }, MINUTE / 2);
  else if (!page.source) connect();
});

setInterval(everySecond, 1000);
connect();
