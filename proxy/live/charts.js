// Charts: drawn in the size that they have, with their figures as a table beside them.

const PLOT = { left: 44, right: 4, top: 8, bottom: 18 };

const CHARTS = [
  {
    figure: "chart-requests",
    title: "Requests",
    series: [
      { name: "answered", fill: "answered-fill", of: (bucket) => bucket.outcomes.answered ?? 0 },
      { name: "forwarded", fill: "forwarded-fill", of: (bucket) => (bucket.outcomes.forwarded ?? 0) - bucket.errors },
      { name: "upstream errors", fill: "erring-fill", of: (bucket) => bucket.errors },
      { name: "refused", fill: "refused-fill", of: (bucket) => bucket.outcomes.refused ?? 0 },
      { name: "failed", fill: "failed-fill", of: (bucket) => bucket.outcomes.failed ?? 0 },
    ],
    shown: count,
    counted: true,
    least: 4,
  },
  {
    figure: "chart-overhead",
    title: "Time added to a forward",
    line: true,
    series: [{ name: "median before the first byte", fill: "forwarded-fill", of: (bucket) => bucket.overhead }],
    shown: (value) => (value === null ? "–" : duration(value)),
    tick: (value) => `${+value.toPrecision(2)} ms`,
    least: 1,
  },
  {
    figure: "chart-tokens",
    title: "Tokens",
    series: [
      { name: "in", fill: "forwarded-fill", of: (bucket) => bucket.usage.input + bucket.usage.cache_creation },
      { name: "in, from the cache", fill: "cached-fill", of: (bucket) => bucket.usage.cache_read },
      { name: "out", fill: "answered-fill", of: (bucket) => bucket.usage.output },
    ],
    shown: count,
    counted: true,
    least: 100,
  },
];

const PERIODS = { hour: "minute", week: "2 hours" };

const NOTHING = { outcomes: {}, errors: 0, overhead: null, usage: { input: 0, output: 0, cache_read: 0, cache_creation: 0 } };

class Chart {
  constructor(spec) {
    this.spec = spec;
    this.figure = byId(spec.figure);
    this.data = null;
    const titleId = `${spec.figure}-title`;
    this.readout = element("span", { class: "readout" });
    this.unit = element("span", { class: "soft" });
    this.plot = drawing("svg", { class: "plot", role: "img", "aria-labelledby": titleId, "aria-describedby": `${titleId}-text` });
    this.text = element("p", { id: `${titleId}-text`, class: "unseen" });
    const legend = element("ul", { class: "legend" });
    for (const { name, fill: kind } of spec.series) {
      legend.append(element("li", {}, element("i", { class: kind, "aria-hidden": "true" }), name));
    }
    this.details = element("details", {}, element("summary", { text: "Table" }));
    this.details.addEventListener("toggle", () => this.tabulate());
    this.figure.append(
      element("figcaption", {}, element("strong", { id: titleId, text: spec.title }), this.unit, this.readout),
      this.plot, this.text, element("div", { class: "below" }, legend, this.details),
    );
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.point(null));
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  /** `data` is what /-/timeline says; buckets in which nothing ended may be missing. */
  show(data) {
    const known = new Map(data.buckets.map((bucket) => [Math.round((bucket.start - data.since) / data.step), bucket]));
    const total = Math.round((data.until - data.since) / data.step);
    this.data = data;
    if (this.spec.counted) say(this.unit, `per ${PERIODS[data.span]}`);
    this.buckets = Array.from({ length: total }, (_, index) => ({ ...NOTHING, ...known.get(index), start: data.since + index * data.step }));
    this.draw();
    this.tabulate();
  }

  values(bucket) {
    return this.spec.series.map(({ of }) => of(bucket));
  }

  summed(bucket) {
    return this.values(bucket).reduce((sum, value) => sum + (value ?? 0), 0);
  }

  draw() {
    const { width, height } = this.plot.getBoundingClientRect();
    if (!this.data || width < 50) return;
    const top = ceiling(Math.max(this.spec.least, ...this.buckets.map((bucket) => this.summed(bucket))));
    const inner = { width: width - PLOT.left - PLOT.right, height: height - PLOT.top - PLOT.bottom };
    this.x = (index) => PLOT.left + (index * inner.width) / this.buckets.length;
    const y = (value) => PLOT.top + inner.height * (1 - value / top);
    this.plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.cursor = drawing("rect", { class: "cursor", y: PLOT.top, height: inner.height, width: 0 });
    this.plot.replaceChildren(...this.grid(top, y, width, height), ...(this.spec.line ? this.line(y) : this.bars(y)), this.cursor);
    say(this.text, this.summary());
    this.point(null);
  }

  grid(top, y, width, height) {
    const tick = this.spec.tick ?? count;
    const parts = [0, top / 2, top].flatMap((value) => [
      drawing("line", { class: "grid", x1: PLOT.left, x2: width - PLOT.right, y1: Math.round(y(value)), y2: Math.round(y(value)) }),
      drawing("text", { x: PLOT.left - 6, y: y(value) + 4, "text-anchor": "end", text: tick(value) }),
    ]);
    const labelled = this.data.span === "hour" ? 15 : 12;
    this.buckets.forEach((bucket, index) => {
      const first = this.data.span === "hour" ? Math.round(bucket.start / 60) % labelled === 0 : date(bucket.start).getHours() < 2;
      if (!first || this.x(index) > width - 30) return;
      const text = this.data.span === "hour" ? hourAndMinute.format(date(bucket.start)) : weekday.format(date(bucket.start));
      parts.push(drawing("text", { x: this.x(index), y: height - 4, text }));
    });
    return parts;
  }

  bars(y) {
    const wide = this.x(1) - this.x(0);
    const gap = wide > 4 ? 1 : 0;
    return this.buckets.flatMap((bucket, index) => {
      let below = 0;
      return this.values(bucket).flatMap((value, series) => {
        if (!value) return [];
        below += value;
        const place = { x: this.x(index), y: y(below), width: wide - gap, height: y(below - value) - y(below) };
        return [drawing("rect", { class: this.spec.series[series].fill, ...place })];
      });
    });
  }

  /** A line through neighbours; a lone point is a dot. Where nothing was forwarded, there is no line. */
  line(y) {
    const half = (this.x(1) - this.x(0)) / 2;
    const points = this.buckets.map(({ overhead }, index) => (overhead === null ? null : [this.x(index) + half, y(overhead)]));
    const path = points.map((point, index) => (point ? `${points[index - 1] ? "L" : "M"}${point.map((part) => part.toFixed(1)).join(" ")}` : "")).join("");
    const lone = points.filter((point, index) => point && !points[index - 1] && !points[index + 1]);
    return [
      drawing("path", { class: "mark-line", d: path || "M0 0" }),
      ...lone.map(([cx, cy]) => drawing("circle", { class: "dot-mark", cx, cy, r: 2.5 })),
    ];
  }

  /** What stands under the pointer, or all of it in few words. */
  point(event) {
    if (!this.data || !this.x) return;
    const wide = this.x(1) - this.x(0);
    const left = this.plot.getBoundingClientRect().left + PLOT.left;
    const index = event ? Math.floor((event.clientX - left) / wide) : -1;
    const bucket = this.buckets[index];
    this.cursor.setAttribute("width", bucket ? wide : 0);
    if (bucket) this.cursor.setAttribute("x", this.x(index));
    say(this.readout, bucket ? `${this.when(bucket)}: ${this.told(bucket)}` : "");
  }

  when(bucket) {
    return (this.data.span === "hour" ? hourAndMinute : dayAndTime).format(date(bucket.start));
  }

  told(bucket) {
    const named = this.spec.series.map(({ name, of }) => [name, of(bucket)]).filter(([, value]) => value);
    if (this.spec.line) return this.spec.shown(bucket.overhead);
    return named.map(([name, value]) => `${this.spec.shown(value)} ${name}`).join(", ") || "none";
  }

  summary() {
    const span = this.data.span === "hour" ? "the last hour" : "the last week";
    if (this.spec.line) {
      const known = this.buckets.map((bucket) => bucket.overhead).filter((value) => value !== null);
      if (!known.length) return `Nothing was forwarded in ${span}.`;
      return `In ${span}, between ${duration(Math.min(...known))} and ${duration(Math.max(...known))}.`;
    }
    const totals = this.spec.series.map(({ name, of }) => `${count(this.buckets.reduce((sum, bucket) => sum + of(bucket), 0))} ${name}`);
    return `In ${span}: ${totals.join(", ")}.`;
  }

  /** The same in figures, once somebody wants them. */
  tabulate() {
    if (!this.details.open || !this.data) return;
    const heads = ["From", ...this.spec.series.map(({ name }) => name)];
    const rows = this.buckets.filter((bucket) => this.summed(bucket)).reverse().map((bucket) =>
      element("tr", {}, element("th", { scope: "row", text: this.when(bucket) }),
        ...this.values(bucket).map((value) => element("td", { class: "number", text: this.spec.shown(value) }))));
    const head = element("tr", {}, ...heads.map((text, index) => element("th", { scope: "col", class: index ? "number" : "", text })));
    const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
    this.details.querySelector("div")?.remove();
    const attributes = { class: "figures-table", tabindex: "0", role: "group", "aria-label": `${this.spec.title}, in figures` };
    this.details.append(element("div", attributes, table));
  }
}

/** The next of 1, 2, 4, 5, 10, 20 …: what an axis can be halved at. */
function ceiling(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((step) => step >= value) ?? 10 * power;
}
