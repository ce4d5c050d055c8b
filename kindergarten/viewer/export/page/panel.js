// What stands beside a street: the road user to watch, what the car thinks and does, and the reward.

/** Rows of a label, a bar and a number. */
class Bars {
  constructor(title, labels, name) {
    this.rows = labels.map((label) => {
      const fill = make("i"), number = make("span", "number"), row = make("div", "bar", make("span", "name", label), make("span", "rail", fill), number);
      return { row, fill, number };
    });
    this.element = make("div", `bars ${name}`, make("h3", "", title), ...this.rows.map(({ row }) => row));
  }

  set(shares, words) {
    const best = likeliest(shares);
    this.rows.forEach(({ row, fill, number }, k) => {
      row.classList.toggle("best", k === best);
      fill.style.width = `${100 * clamp(shares[k], 0, 1)}%`;
      number.textContent = words ? words[k] : percent(shares[k]);
    });
  }
}

/** Names with their values. */
class Pairs {
  constructor(...names) {
    this.values = names.map(() => make("dd"));
    this.rows = names.map((name, k) => make("div", "", make("dt", "", name), this.values[k]));
    this.element = make("dl", "", ...this.rows);
  }

  set(...texts) {
    texts.forEach((text, k) => {
      this.rows[k].hidden = text === null;
      this.values[k].textContent = text ?? "";
    });
  }
}

class Panel {
  constructor(episode, terms, discrete, guessed, onGuess) {
    Object.assign(this, { episode, terms, discrete, guessed });
    const { intent, action } = episode.names, choices = episode.width("probabilities");
    this.intents = this._intents(intent);
    const names = Array.from({ length: choices }, (_, k) => (choices === action.length ? episode.words.choices[k] : `${k}`));
    this.banner = make("div", "banner", (this.phase = make("b")), (this.words = make("span")));
    this.answer = make("p", "answer");
    this.guess = make("div", "guess", make("h3", "", "What will it do?"), this._buttons(onGuess), this.answer);
    this.beliefs = new Bars("It believes", this.intents.map((k) => intent[k].replaceAll("_", " ")), "belief");
    this.pairs = new Pairs("Speed", "Target", "It does", "It is to go");
    this.actions = new Bars("It would", names, "action");
    this.value = new Bars("It expects", ["reward"], "value");
    this.reward = new Pairs("Reward so far", ...terms.map((term) => term.replaceAll("_", " ")));
    this.about = make("section", "about", (this.title = make("h2")), this.banner, this.guess);
    this.car = make("section", "car", make("h2", "", "The car"), this.beliefs.element, this.pairs.element, this.actions.element, this.value.element);
    this.element = make("aside", "panel", this.about, this.car, make("section", "sums", this.reward.element));
    this.actions.element.hidden = !choices;
    this.value.element.hidden = !episode.width("values");
    this.about.hidden = episode.count < 2;
    const values = episode.columns.values || [];
    this.range = [Math.min(0, ...values), Math.max(0, ...values)];
  }

  /** What one may guess: ways, or places in a queue; the group that is in question here. */
  _intents(names) {
    const wanted = this.episode.signallers.map(({ plan }) => plan.intent), queue = (k) => ["first", "last"].includes(names[k]);
    return names.map((_, k) => k).filter((k) => wanted.some((intent) => queue(intent) === queue(k)));
  }

  _buttons(onGuess) {
    this.buttons = this.intents.map((k) => {
      const button = make("button", "", this.episode.names.intent[k].replaceAll("_", " "));
      button.addEventListener("click", () => onGuess(this.plan, k));
      return button;
    });
    return make("div", "choices", ...this.buttons);
  }

  draw(time, view) {
    const { episode } = this, frame = episode.frame(time), ego = frame.users[0];
    if (episode.count > 1) this._signaller(episode.signaller(frame.k), frame, view);
    const target = episode.columns.target_speed[frame.k];
    this.pairs.set(`${ego.speed.toFixed(1)} m/s`, `${target.toFixed(1)} m/s`, this._action(frame), this._goal(frame, view.reveal));
    const chances = episode.atDecision("probabilities", frame.k), values = episode.atDecision("values", frame.k);
    this.actions.element.classList.toggle("idle", !episode.driven(time) || frame.over);
    if (chances) this.actions.set(chances);
    this.actions.element.hidden = !chances || Boolean(view.untold); // what it would do tells what it believes
    const [low, high] = this.range;
    if (values) this.value.set([(values[0] - low) / (high - low || 1)], [signed(values[0])]);
    const sums = this.terms.map((_, k) => episode.sums[frame.k * this.terms.length + k]);
    const amounts = sums.map((sum) => (sum ? signed(sum) : null));
    this.reward.set(signed(sums.reduce((a, b) => a + b, 0)), ...amounts);
  }

  _signaller(i, frame, view) {
    const { episode } = this, user = frame.users[i], phase = episode.phase(i, frame.time);
    this.plan = episode.plan(i, frame.k);
    const { intent } = this.plan;
    this.title.textContent = `You see: road user ${i}${user.kind ? `, a ${user.type}` : ""}`;
    this.banner.className = `banner ${phase}`;
    this.phase.textContent = episode.badge(i, frame.time);
    this.words.textContent = sayPhase(episode, phase, user);
    const guess = this.guessed(this.plan), belief = episode.belief(i, frame.k);
    this.buttons.forEach((button, place) => {
      const k = this.intents[place];
      button.setAttribute("aria-pressed", k === guess);
      button.classList.toggle("true", view.reveal && k === intent);
      button.classList.toggle("false", view.reveal && k === guess && k !== intent);
    });
    this.answer.textContent = this._answer(view.reveal, guess, intent);
    this.beliefs.element.hidden = !(view.beliefs && belief);
    if (belief) this.beliefs.set(this.intents.map((k) => belief[k]));
  }

  _answer(reveal, guess, intent) {
    const { names, does } = this.episode;
    if (!reveal) return guess === undefined ? "Guess first, then reveal." : `You said ${names.intent[guess]}. Reveal?`;
    const verdict = guess === undefined ? "" : guess === intent ? " You were right." : ` You said ${names.intent[guess]}.`;
    return `It ${does[intent]}.${verdict}`;
  }

  /** What only it knows; null where the car has no such goal. */
  _goal(frame, reveal) {
    if (this.episode.tellsAim(false)) return null;
    return reveal ? this.episode.names.intent[this.episode.plan(0, frame.k).intent] : "?";
  }

  _action(frame) {
    const { episode } = this;
    if (frame.over) return episode.ended;
    if (!episode.driven(frame.time)) return "cruises, hands off";
    const action = episode.atDecision("actions", frame.k);
    if (!action) return "";
    if (this.discrete) return episode.words.actions[action[0]];
    const [pedal, wheel] = action;
    return `${pedal < 0 ? "brake" : "gas"} ${Math.abs(pedal).toFixed(2)}, ${wheel < 0 ? "right" : "left"} ${Math.abs(wheel).toFixed(2)}`;
  }
}

const signed = (value) => {
  const amount = Math.abs(value).toFixed(2);
  return `${value < 0 && Number(amount) ? "\u2212" : "+"}${amount}`; // never minus nothing
};

/** What a phase means for somebody who watches: meaning in words.py. */
function sayPhase({ words, names }, phase, user) {
  if (!user.kind) return words.left;
  if (phase === "after" && user.seen <= 0.5) return words.unseen;
  const means = words.means[names.phase.indexOf(phase)];
  return phase === "cue" && user.side ? `${means}: ${names.signal[user.signal]} ${user.cyclist ? "arm out" : "lamp lit"}` : means;
}
