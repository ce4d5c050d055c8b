"use strict";
// The replay: numbers unpacked, and any moment of it, smooth between the decisions.

const TYPES = { Uint8: Uint8Array, Int16: Int16Array, Int32: Int32Array };
// What the columns that a road user has in each frame are called.
const PER_USER = ["x", "y", "heading", "speed", "acceleration", "kind", "signal", "seen", "colour", "larger"];

function unpack(column) {
  const bytes = Uint8Array.from(atob(column.data), (letter) => letter.charCodeAt(0));
  return Float64Array.from(new TYPES[column.type](bytes.buffer), (whole) => whole * column.unit);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const mix = (a, b, share) => a + (b - a) * share;
const smoothstep = (t) => ((t = clamp(t, 0, 1)), t * t * (3 - 2 * t));

/** The nearest way around from one angle [rad] to another. */
function mixAngle(a, b, share) {
  const turn = Math.atan2(Math.sin(b - a), Math.cos(b - a));
  return a + turn * share;
}

class Episode {
  constructor(raw, replay) {
    const { names, will, does, look, shapes } = replay;
    Object.assign(this, { names, will, does, look: look.numbers, words: look.words, seed: raw.seed, plans: raw.plans, met: raw.met, legs: raw.legs, telling: raw.telling, extent: raw.extent, ended: raw.ended, twins: raw.twins, differs: raw.differs });
    this.kinds = raw.kinds.map((kind) => names.kind[kind]);
    this.fixed = raw.sizes.map(([length, width], i) => ({ length, width, shape: shapes[raw.shapes[i]] }));
    this.end = names.end[raw.end];
    this.count = raw.sizes.length;
    this.columns = {};
    for (const [name, column] of Object.entries(raw))
      if (column && column.data !== undefined) this.columns[name] = unpack(column);
    this.time = this.columns.time;
    this.decisions = this.time.length - 1;
    this.duration = this.time[this.decisions];
    this.width = (name) => (this.decisions && this.columns[name] ? this.columns[name].length / this.decisions : 0);
    this.sums = this._sums(replay.terms.length);
    this.signallers = this._signallers();
  }

  /** Whose intent has to be remembered, in order: road user, from which frame to which, and what it is up to. */
  _signallers() {
    const found = [], last = this.decisions;
    for (let k = 0, from = 0; k <= last && this.count > 1; k++) {
      const user = this.signaller(k);
      if (k < last && this.signaller(k + 1) === user && this.plan(user, k + 1) === this.plan(user, k)) continue;
      found.push({ user, from, to: Math.min(k + 1, last), plan: this.plan(user, k) });
      from = k + 1;
    }
    return found;
  }

  /** The road user to watch in frame ``k``; 0 if the car is alone. */
  signaller(k) {
    return this.columns.signaller[k];
  }

  /** All that will happen, in words. */
  ending() {
    return this.signallers.map(({ plan }) => this.does[plan.intent]).join(", then ");
  }

  /** Whether the agent drives at ``time`` [s]. */
  driven(time) {
    return time >= this.columns.hands_on[this.index(time)] - 1e-6;
  }

  /** Reward so far before each decision and at the end, term by term. */
  _sums(terms) {
    const sums = new Float64Array((this.decisions + 1) * terms);
    for (let k = terms; k < sums.length; k++) sums[k] = sums[k - terms] + this.columns.terms[k - terms];
    return sums;
  }

  /** Which frame was the last one at ``time`` [s]. */
  index(time) {
    let low = 0, high = this.decisions;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.time[middle] <= time + 1e-6) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** What road user ``i`` is up to in frame ``k``. */
  plan(i, k) {
    return this.plans[i].findLast((plan) => plan.from <= k);
  }

  /** Its phase at ``time`` [s], as a code and as its name. */
  phaseCode(i, time) {
    const plan = this.plan(i, this.index(time)), now = time + 1e-6;
    return (now >= plan.t1) + (now >= plan.t2) + (now >= plan.t3);
  }

  phase(i, time) {
    return this.names.phase[this.phaseCode(i, time)];
  }

  /** Whether it may be shown what the car aims for: a goal that only it knows is hidden with all the others'. */
  tellsAim(reveal) {
    return reveal || !this.plans[0][0].matters;
  }

  /** What whoever watches knows of road user ``i``, in two or three words. */
  badge(i, time) {
    const phase = this.phaseCode(i, time), k = this.index(time), plan = this.plan(i, k), words = plan.badges[phase];
    if (phase === 1 && this.columns.signal[k * this.count + i]) return this.words.on; // even if it is taken back later
    return phase === 2 ? `${words} for ${Math.max(time - plan.t2, 0).toFixed(1)} s` : words;
  }

  /** Everything at ``time`` [s]; what is either so or not is as it was at the last decision. */
  frame(time) {
    time = clamp(time, this.time[0], this.duration);
    const { columns } = this, k = this.index(time), next = Math.min(k + 1, this.decisions), span = this.time[next] - this.time[k];
    const share = span > 0 ? clamp((time - this.time[k]) / span, 0, 1) : 0, between = (name) => mix(columns[name][k], columns[name][next], share);
    const users = this.fixed.map((_, i) => this._user(i, k, next, share));
    users[0].seen = 1;
    users[0].steering = between("steering");
    const outlook = [0, 1].map((j) => mix(columns.outlook[2 * k + j], columns.outlook[2 * next + j], share));
    return { time, k, users, outlook, way: between("way"), offset: between("offset"), route: columns.route[k], over: k === this.decisions && this.end !== "running" };
  }

  _user(i, k, next, share) {
    const a = k * this.count + i, b = next * this.count + i, user = { ...this.fixed[i], steering: 0 };
    for (const name of PER_USER) user[name] = this.columns[name][a];
    const then = (name) => this.columns[name][b];
    user.type = this.names.kind[user.kind];
    user.cyclist = user.type === "cyclist";
    user.side = this.side(user.signal);
    user.arm = user.cyclist ? user.side : 0;
    const way = Math.hypot(then("x") - user.x, then("y") - user.y), [far, long] = this.look.jump;
    if (then("kind") && way <= far + long * user.speed) {
      if (i) user.steering = Math.atan((this.look.wheelbase * Math.sin(then("heading") - user.heading)) / Math.max(way, 0.3)); // what its turn takes
      for (const name of ["x", "y", "speed", "seen", "larger"]) user[name] = mix(user[name], then(name), share);
      user.heading = mixAngle(user.heading, then("heading"), share);
      if (user.cyclist) user.arm = mix(user.arm, this.side(then("signal")), share);
    }
    return user;
  }

  /** 1 if a signal is to the left, -1 if it is to the right. */
  side(signal) {
    return { left: 1, right: -1 }[this.names.signal[signal]] || 0;
  }

  /** A row of what is known of each decision, or null; the last one stands until the end. */
  atDecision(name, k) {
    const width = this.width(name), at = Math.min(k, this.decisions - 1) * width;
    return width ? Array.from(this.columns[name].slice(at, at + width)) : null;
  }

  /** How likely the car thinks each intent of road user ``i``; null if it has no opinion. */
  belief(i, k) {
    const all = this.atDecision("captions", k), intents = this.names.intent.length;
    const belief = all && i > 0 ? all.slice((i - 1) * intents, i * intents) : [];
    return belief.some((chance) => chance > 0) ? belief : null;
  }
}

/** What the car believes of road user ``i``, in the words of words.py. */
function sentence(episode, i, time) {
  const belief = episode.belief(i, episode.index(time)), best = likeliest(belief);
  return `${episode.kinds[i]} ${i} will ${episode.will[best]}, ${percent(belief[best])}`;
}

const likeliest = (chances) => chances.indexOf(Math.max(...chances));
const percent = (chance) => `${Math.round(100 * chance)} %`;
