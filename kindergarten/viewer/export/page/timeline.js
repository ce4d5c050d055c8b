// The three times on lines that can be dragged along: one line for each episode that is shown.

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
      if (event.button) return;
      this.track.setPointerCapture(event.pointerId);
      this.dragging = true;
      seek(event);
    });
    this.track.addEventListener("pointermove", (event) => this.dragging && seek(event));
    for (const end of ["pointerup", "pointercancel"]) this.track.addEventListener(end, () => (this.dragging = false));
    new ResizeObserver(() => this._fit()).observe(this.track);
  }

  /** Lay out the lines of ``episodes``; labels tell what happens if ``reveal``. Of two, at which decisions their pictures turn from same to different and back. */
  show(episodes, reveal, turns) {
    this.duration = Math.max(...episodes.map((episode) => episode.duration), 1e-6);
    this.track.replaceChildren(...episodes.flatMap((episode, k) => {
      const rows = this._lines(episode, reveal, episodes.length > 1 ? "AB"[k] : "");
      return k ? [this._pictures(...episodes, turns), ...rows] : rows;
    }), this.head);
    this.track.setAttribute("aria-valuemax", this.duration.toFixed(1));
    this._fit();
  }

  move(time, words) {
    this.head.style.left = this._at(time);
    const at = (time / this.duration) * this.track.clientWidth;
    for (const block of this.track.querySelectorAll(".line:not(.thin) .block")) this._write(block, at);
    this.track.setAttribute("aria-valuenow", time.toFixed(1));
    this.track.setAttribute("aria-valuetext", words);
  }

  _at(time) {
    return `${(100 * clamp(time, 0, this.duration)) / this.duration}%`;
  }

  _lines(episode, reveal, letter) {
    const above = make("div", "marks"), below = make("div", "marks below"), rows = [];
    const main = make("div", "line");
    for (const { from, to, plan } of episode.signallers) {
      const start = episode.time[from], stop = episode.time[to];
      for (const [a, b, phase] of this._spans(episode, plan, start, stop))
        main.append(this._block(a, b, phase, [...plan.bands[Number(reveal)][episode.names.phase.indexOf(phase)], ""]));
      this._times(plan, episode, start, stop, reveal, above);
    }
    for (let i = 1; i < episode.count; i++)
      if (!episode.signallers.some(({ user }) => user === i) && episode.plans[i].some((plan) => plan.matters)) rows.push(this._thin(episode, i));
    rows.unshift(main);
    if (letter) above.prepend(make("b", "letter", letter));
    for (const time of new Set(episode.columns.hands_on)) if (time <= episode.duration) below.append(this._mark(time, ["hands on"]));
    if (episode.end !== "running") below.append(this._mark(episode.duration, [episode.ended, episode.end.replaceAll("_", " ")], episode.end));
    return [above, ...rows, below];
  }

  /** The line of somebody who is not the one to watch. */
  _thin(episode, i) {
    const line = make("div", "line thin"), plans = episode.plans[i];
    line.title = `Road user ${i}`;
    plans.forEach((plan, p) => {
      const stop = plans[p + 1] ? episode.time[plans[p + 1].from] : episode.duration;
      for (const [from, to, phase] of this._spans(episode, plan, episode.time[plan.from], stop)) line.append(this._block(from, to, phase, [""]));
    });
    return line;
  }

  /** t1, t2 and t3 of a plan that lie between two times. */
  _times(plan, episode, start, stop, reveal, marks) {
    ["t1", "t2", "t3"].forEach((name, k) => {
      if (plan[name] >= start && plan[name] <= stop)
        marks.append(this._mark(plan[name], reveal && plan.labels[1][k] ? [`${name} ${plan.labels[1][k]}`, name] : [name]));
    });
  }

  /** The phases of a plan between two times as [from, to, phase]. */
  _spans(episode, plan, start, stop) {
    const borders = [start, plan.t1, plan.t2, plan.t3, stop].map((time) => clamp(time, start, stop));
    return episode.names.phase.map((phase, k) => [borders[k], borders[k + 1], phase]).filter(([from, to]) => to > from);
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
  _pictures(a, b, turns) {
    const line = make("div", "line pictures"), times = a.decisions > b.decisions ? a.time : b.time;
    [0, ...turns].forEach((from, k, all) => {
      const to = all[k + 1] ?? times.length - 1, words = k % 2 ? ["different pictures", "different"] : ["the same picture", "same"];
      if (to > from) line.append(this._block(times[from], times[to], k % 2 ? "different" : "same", words));
    });
    return line;
  }

  /** The longest words that fit into a block, on the wider side of the play head at ``head`` [px]. */
  _write(block, head) {
    if (!block.span) return;
    const [left, width] = block.span, on = clamp(head - left, -8, width + 8), inside = on > -8 && on < width + 8;
    const right = inside && on > width / 2, room = (inside ? Math.max(on, width - on) - 6 : width) - 6;
    const words = block.words.find((_, k) => block.wide[k] <= room) ?? "";
    if (block.textContent !== words) block.textContent = words;
    block.style.padding = inside ? (right ? `0 ${width - on + 6}px 0 0` : `0 0 0 ${on + 6}px`) : "";
  }

  /** Measure words, and move labels aside where they would cover each other. */
  _fit() {
    for (const block of this.track.querySelectorAll(".block")) {
      block.wide = block.words.map((words) => ((block.textContent = words), words ? textWidth(block) : 0));
      block.span = [block.offsetLeft, block.offsetWidth];
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

/** How wide [px] the text of an element is. */
function textWidth(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  return range.getBoundingClientRect().width;
}
