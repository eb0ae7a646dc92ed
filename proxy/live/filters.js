// Which requests are shown: by outcome, rule, session and text. A choice that is not made is "".

const OUTCOMES = { answered: "answered", forwarded: "forwarded", erring: "upstream error", failed: "failed", refused: "refused" };

/** The outcome as people tell it: an error that the upstream replied with is no mere forward. */
const outcome = (row) => (row.outcome === "forwarded" && row.fault ? "erring" : row.outcome);

class Filters {
  constructor(form, changed) {
    this.form = form;
    this.fields = form.elements;
    this.options("outcome", "All", Object.entries(OUTCOMES));
    form.addEventListener("input", () => this.changed(changed));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => {
      this.fields.outcome.focus(); // the button that was pressed goes
      this.changed(changed);
    }));
  }

  changed(told) {
    byId("clear").hidden = !this.any;
    told();
  }

  get any() {
    return ["outcome", "rule", "session", "text"].some((name) => this.fields[name].value.trim());
  }

  choose(name, value) {
    this.fields[name].value = value;
    this.form.dispatchEvent(new Event("input"));
  }

  /** What can be chosen of a kind; left alone while somebody chooses, and what is chosen stays. */
  options(name, all, pairs) {
    const field = this.fields[name];
    const wanted = [["", all], ...pairs];
    const told = JSON.stringify(wanted);
    if (field.dataset.told === told || field === document.activeElement) return;
    const chosen = field.value;
    if (!wanted.some(([value]) => value === chosen)) wanted.push([chosen, "no longer in the list"]);
    field.dataset.told = told;
    field.replaceChildren(...wanted.map(([value, text]) => element("option", { value, text })));
    field.value = chosen;
  }

  /** Offers the rules and sessions that occur. */
  offer(rows, sessions) {
    const rules = [...new Set(rows.map((row) => row.rule).filter(Boolean))].sort();
    this.options("rule", "All", rules.map((rule) => [rule, rule]));
    this.options("session", "All", sessions.map(({ key, name }) => [key, name]));
  }

  matches() {
    const { outcome: kind, rule, session, text } = this.fields;
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    return (row) => (!kind.value || outcome(row) === kind.value) && (!rule.value || row.rule === rule.value)
      && (!session.value || row.session === session.value) && hasWords(row, words);
  }
}

function hasWords(row, words) {
  if (!words.length) return true;
  const text = [...Object.values(row).filter((value) => typeof value !== "object"), OUTCOMES[outcome(row)]].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}
