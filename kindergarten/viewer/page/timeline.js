// The three times on lines that can be dragged along: one line for each episode that is shown.

const WORDS_OF_PHASE = {
  before: ["before"],
  cue: ["cue: it shows", "cue"],
  delay: ["delay: nothing shows, only memory knows", "delay: remember", "delay"],
  after: ["after: it moves", "after"],
};

const SILENT = ["cue: it would show a turn", "no signal", ""];

/** An element with a class and children; text is only ever set as text. */
function make(tag, name = "", ...children) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...children);
  return element;
}

class Timeline {
  constructor(root, onSeek) {
    this.root = root;
    this.track = make("div", "track");
    this.head = make("div", "head");
    Object.assign(this.track, { tabIndex: 0 });
    for (const [key, value] of [["role", "slider"], ["aria-label", "Time"], ["aria-valuemin", 0]]) this.track.setAttribute(key, value);
    root.append(this.track);
    const seek = (event) => {
      const { left, width } = this.track.getBoundingClientRect();
      onSeek(clamp((event.clientX - left) / width, 0, 1) * this.duration);
    };
    this.track.addEventListener("pointerdown", (event) => {
      this.track.setPointerCapture(event.pointerId);
      this.dragging = true;
      seek(event);
    });
    this.track.addEventListener("pointermove", (event) => this.dragging && seek(event));
    for (const end of ["pointerup", "pointercancel"]) this.track.addEventListener(end, () => (this.dragging = false));
    new ResizeObserver(() => this._fit()).observe(this.track);
  }

  /** Lay out the lines of ``episodes``; labels tell what happens if ``reveal``. */
  show(episodes, reveal) {
    this.duration = Math.max(...episodes.map((episode) => episode.duration), 1e-6);
    this.track.replaceChildren(...episodes.flatMap((episode, k) => {
      const rows = this._lines(episode, reveal, episodes.length > 1 ? "AB"[k] : "");
      return k ? [this._pictures(...episodes), ...rows] : rows;
    }), this.head);
    this.track.setAttribute("aria-valuemax", this.duration.toFixed(1));
    this._fit();
  }

  move(time, words) {
    this.head.style.left = this._at(time);
    this.track.setAttribute("aria-valuenow", time.toFixed(1));
    this.track.setAttribute("aria-valuetext", words);
  }

  _at(time) {
    return `${(100 * clamp(time, 0, this.duration)) / this.duration}%`;
  }

  _lines(episode, reveal, letter) {
    const above = make("div", "marks"), below = make("div", "marks below"), rows = [];
    for (let i = 1; i < episode.count; i++) {
      if (i > 1 && !episode.plans[i].some((plan) => plan.signals)) continue;
      const line = make("div", i > 1 ? "line thin" : "line");
      line.title = `Road user ${i}`;
      for (const [from, to, phase, silent] of this._spans(episode, i))
        line.append(this._block(from, to, phase, i > 1 ? [""] : silent && reveal ? SILENT : WORDS_OF_PHASE[phase]));
      rows.push(line);
    }
    if (episode.count > 1) for (const plan of episode.plans[1]) this._times(plan, episode, reveal, above);
    if (!rows.length) rows.push(make("div", "line"));
    if (letter) above.prepend(make("b", "letter", letter));
    below.append(this._mark(episode.handsOn, ["hands on"]));
    if (episode.end !== "running") below.append(this._mark(episode.duration, [episode.end.replaceAll("_", " ")], episode.end));
    return [above, ...rows, below];
  }

  /** t1, t2 and t3 of a plan, as far as the episode got. */
  _times(plan, episode, reveal, marks) {
    const intent = episode.names.intent[plan.intent], shows = plan.signals && intent !== "straight";
    const words = [shows ? "signal on" : "(no signal)", shows ? "signal off" : "", sayIntent(intent)];
    ["t1", "t2", "t3"].forEach((name, k) => {
      if (plan[name] >= 0 && plan[name] <= episode.duration)
        marks.append(this._mark(plan[name], reveal && words[k] ? [`${name} ${words[k]}`, name] : [name]));
    });
  }

  /** The phases of a road user as [from, to, phase, whether it is a cue without a signal]. */
  _spans(episode, i) {
    return episode.plans[i].flatMap((plan, p, plans) => {
      const start = episode.time[plan.from], stop = plans[p + 1] ? episode.time[plans[p + 1].from] : episode.duration;
      const borders = [start, plan.t1, plan.t2, plan.t3, stop].map((time) => clamp(time, start, stop));
      const silent = !plan.signals || episode.names.intent[plan.intent] === "straight";
      const spans = episode.names.phase.map((phase, k) => [borders[k], borders[k + 1], phase, silent && phase === "cue"]);
      return spans.filter(([from, to]) => to > from);
    });
  }

  _block(from, to, name, words) {
    const block = make("span", `block ${name}`);
    block.style.left = this._at(from);
    block.style.width = this._at(to - from);
    block.words = words;
    return block;
  }

  /** A tick with a label, of which the ``words`` are long first and then short. */
  _mark(time, words, name = "") {
    const mark = make("span", `mark ${name}`);
    Object.assign(mark, { time, words });
    const tick = make("i", `tick ${name}`);
    tick.style.left = this._at(time);
    const both = document.createDocumentFragment();
    both.append(tick, mark);
    return both;
  }

  /** Where the two pictures are the same, and where they differ. */
  _pictures(a, b) {
    const line = make("div", "line pictures"), frames = Math.max(a.decisions, b.decisions);
    const times = a.decisions > b.decisions ? a.time : b.time;
    for (let k = 0, from = 0; k < frames; k++) {
      const now = differ(a, b, k), ends = k + 1 === frames || differ(a, b, k + 1) !== now;
      if (!ends) continue;
      const words = now ? ["different pictures", "different"] : ["the same picture", "same"];
      line.append(this._block(times[from], times[k + 1], now ? "different" : "same", words));
      from = k + 1;
    }
    return line;
  }

  /** Put into each block the longest words that fit, and move labels aside where they would cover each other. */
  _fit() {
    for (const block of this.track.querySelectorAll(".block")) {
      block.textContent = "";
      for (const words of block.words) {
        block.textContent = words;
        if (block.scrollWidth <= block.clientWidth) break;
        block.textContent = "";
      }
    }
    const whole = this.track.clientWidth;
    for (const marks of this.track.querySelectorAll(".marks")) {
      let edge = 0;
      const labels = [...marks.querySelectorAll(".mark")];
      const widthsOf = (which) => labels.map((label) => ((label.textContent = label.words.at(which)), label.offsetWidth));
      let widths = widthsOf(0);
      if (widths.reduce((a, b) => a + b, 0) > 0.55 * whole) widths = widthsOf(-1);
      labels.forEach((label, k) => {
        const rest = widths.slice(k).reduce((sum, width) => sum + width + 6, -6);
        const left = Math.max(Math.min((label.time / this.duration) * whole - widths[k] / 2, whole - rest), edge);
        label.style.left = `${left}px`;
        edge = left + widths[k] + 6;
      });
    }
  }
}
