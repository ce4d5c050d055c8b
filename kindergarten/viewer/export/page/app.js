// What plays, and what buttons, keys, fingers and the mouse do to it.

const LINGER = 1; // [s] on the last picture before a loop begins again

const $ = (id) => document.getElementById(id);
const replay = JSON.parse($("replay").textContent);
const look = replay.look.numbers;
const street = new Street(replay.road, look);
const episodes = replay.episodes.map((raw) => new Episode(raw, replay));
const view = { reveal: false, beliefs: false, follow: true, twins: 0, large: false, dark: false, zoom: 1, paints: replay.look.paints, reserved: [] };
const state = { episode: 0, time: 0, playing: false, speed: 1, loop: false, story: false, told: "", revealed: false, waiting: 0, lingered: 0, guesses: new Map(), stages: [] };
const timeline = new Timeline($("timeline"), (time) => seek(time));
const dark = matchMedia("(prefers-color-scheme: dark)");
let pending = 0, before = 0;

/** Which episodes are on the stages; ``view.twins`` counts the twins of the chosen one, 0 is none. */
function shown() {
  const { twins } = episodes[state.episode];
  view.twins = Math.min(view.twins, twins.length);
  return view.twins ? [state.episode, twins[view.twins - 1]] : [state.episode];
}

/** Until the story has told what happens, of whatever is shown, nothing else does. */
function untold() {
  return state.story && shown().some((k) => state.time < (episodes[k].telling.at(-1)?.[0] ?? 0));
}

function redraw() {
  if (!pending) pending = requestAnimationFrame(draw);
}

function draw(now) {
  pending = 0;
  if (state.playing) advance(Math.min((now - before) / 1000, 0.1));
  before = now;
  const seen = untold() ? { ...view, reveal: false, beliefs: false, untold: true } : view;
  if (state.revealed !== seen.reveal) writeTitles();
  for (const [place, stage] of state.stages.entries()) {
    fitCanvas(stage.canvas);
    const told = place ? "" : state.told; // the story is that of the first: what it says need not be so beside it
    stage.told.textContent = told;
    stage.told.hidden = !told;
    seen.reserved = told ? [standFree(stage, seen)] : [];
    if (stage.canvas.width && stage.canvas.height) drawScene(stage.canvas, street, stage.episode, state.time, seen, replay.look.themes[view.dark ? "dark" : "light"]);
    stage.panel.draw(state.time, seen);
    stage.start.hidden = state.playing || state.time > stage.episode.time[0];
  }
  const words = `${state.time.toFixed(1)} of ${timeline.duration.toFixed(1)} s`;
  $("clock").textContent = words;
  timeline.move(state.time, words);
  if (state.playing) redraw();
}

/** Put what is told at the top or at the bottom, wherever it covers nobody; returns where it stands. */
function standFree({ told, canvas, episode, kept }, seen) {
  const boxes = [false, true].map((low) => (told.classList.toggle("low", low), boxIn(told, canvas)));
  const key = JSON.stringify([boxes, canvas.width, canvas.height, seen.follow, seen.zoom]);
  if (kept.key !== key) Object.assign(kept, { key, places: steady(canvas, street, episode, seen, boxes) });
  const place = kept.places[episode.index(state.time)];
  told.classList.toggle("low", place > 0);
  return boxes[place];
}

/** Where an element stands on a canvas: left, top, right, bottom. */
function boxIn(element, canvas) {
  const a = element.getBoundingClientRect(), b = canvas.getBoundingClientRect();
  return [a.left - b.left, a.top - b.top, a.right - b.left, a.bottom - b.top];
}

/** Let so many seconds [s] of the watcher's time go by. */
function advance(seconds) {
  if (timeline.dragging || (state.waiting = Math.max(state.waiting - seconds, 0))) return;
  const later = Math.min(state.time + seconds * state.speed, timeline.duration);
  const comes = (time) => (state.told ? state.time < time : state.time <= time) && time <= later; // the first frame counts
  const stop = state.story && episodes[state.episode].telling.find(([time]) => comes(time));
  if (stop) [state.time, state.told, state.waiting] = [...stop, look.pause];
  else if (state.time < timeline.duration) state.time = later;
  else if (state.loop && (state.lingered += seconds) > LINGER) restart();
  if (state.time >= timeline.duration && !state.loop) setPlaying(false);
}

function restart() {
  Object.assign(state, { lingered: 0, waiting: 0, told: "", time: episodes[state.episode].time[0] });
}

function fitCanvas(canvas) {
  const ratio = window.devicePixelRatio || 1, width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
}

/** Build what is shown of the chosen episodes. */
function layOut() {
  const chosen = shown();
  state.stages = chosen.map((k, place) => {
    const episode = episodes[k], canvas = make("canvas"), start = make("button", "start", "What would you do?");
    const label = make("p", "label"), told = make("p", "told");
    start.addEventListener("click", toggle);
    start.setAttribute("aria-label", "Play");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Street from above, ${title(k, false)}`);
    const guess = (plan, choice) => { state.guesses.set(plan, choice); redraw(); };
    const panel = new Panel(episode, replay.terms, replay.discrete, (plan) => state.guesses.get(plan), guess);
    const element = make("article", "stage", make("div", "view", canvas, label, told, start), panel.element);
    touch(canvas);
    return { episode, canvas, panel, start, element, label, told, kept: {} };
  });
  const stages = $("stages");
  stages.className = chosen.length > 1 ? "two" : "";
  stages.replaceChildren(...state.stages.map((stage) => stage.element));
  writeTitles();
  state.time = Math.min(state.time, timeline.duration);
  $("twins").setAttribute("aria-pressed", view.twins > 0);
  $("twins").disabled = !episodes[state.episode].twins.length;
  $("episode").value = state.episode;
  for (const { canvas } of state.stages) new ResizeObserver(redraw).observe(canvas);
  redraw();
}

/** Write what the episodes are called, and what stands on the timeline: with what will happen, if it is not secret now. */
function writeTitles() {
  const chosen = shown();
  state.revealed = view.reveal && !untold();
  state.stages.forEach(({ label }, place) => (label.textContent = (chosen.length > 1 ? `${"AB"[place]}: ` : "") + title(chosen[place], state.revealed)));
  timeline.show(chosen.map((k) => episodes[k]), state.revealed, episodes[state.episode].differs[view.twins - 1]);
  // Of other episodes no story has told yet.
  for (const option of $("episode").options) option.textContent = title(option.index, view.reveal && !state.story);
}

/** The wheel and two fingers zoom; a tap plays or pauses, a swipe to the side turns to another episode. */
function touch(canvas) {
  const fingers = new Map();
  const apart = () => { const [a, b] = [...fingers.values()]; return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0; };
  let began = null, wide = 0;
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(look.zoom[0] ** -Math.sign(event.deltaY)); }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    began = fingers.size === 1 && !event.button ? event : null; // other buttons are the browser's
    wide = apart();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event);
    if (wide && apart()) { zoom(apart() / wide); wide = apart(); }
  });
  canvas.addEventListener("pointerup", (event) => {
    const far = began ? event.clientX - began.clientX : NaN;
    if (Math.abs(far) < 8) toggle();
    else if (Math.abs(far) > 80 && event.pointerType === "touch") open(state.episode - Math.sign(far));
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave"]) canvas.addEventListener(name, (event) => { fingers.delete(event.pointerId); wide = 0; });
}

function title(k, reveal) {
  const { seed, count } = episodes[k], world = seed === null ? "" : `, world ${seed}`;
  return `${k + 1} of ${episodes.length}${world}${reveal && count > 1 ? `: ${episodes[k].ending()}` : ""}`;
}

function open(k) {
  state.episode = (k + episodes.length) % episodes.length;
  restart();
  layOut();
  say();
}

function seek(time) {
  Object.assign(state, { time: clamp(time, episodes[state.episode].time[0], timeline.duration), lingered: 0, waiting: 0, told: "" });
  redraw();
}

/** To t1, t2 or t3 of the leg that it is in, and pause. */
function jump(k) {
  setPlaying(false);
  const { legs } = episodes[state.episode], leg = legs.findLast(([begin]) => begin <= state.time + 1e-6) ?? legs[0];
  if (leg) seek(leg[k + 1]);
  say();
}

/** To the next decision or the last one, whichever of the episodes is longer. */
function step(on) {
  setPlaying(false);
  const times = state.stages.map((stage) => stage.episode.time).reduce((a, b) => (b.length > a.length ? b : a));
  const there = on ? times.find((time) => time > state.time + 1e-6) : times.findLast((time) => time < state.time - 1e-6);
  seek(there ?? state.time);
  say();
}

function toggle() {
  if (!state.playing && state.time >= timeline.duration) restart();
  setPlaying(!state.playing);
  if (!state.playing) say();
}

function setPlaying(playing) {
  state.playing = playing;
  before = performance.now();
  $("play").setAttribute("aria-label", playing ? "Pause" : "Play");
  $("play").querySelector("use").setAttribute("href", playing ? "#i-pause" : "#i-play");
  redraw();
}

function setSpeed(speed) {
  state.speed = speed;
  $("speed").value = speed;
}

function zoom(factor) {
  view.zoom = factor ? clamp(view.zoom * factor, look.zoom[1], look.zoom[2]) : 1;
  redraw();
}

/** Turn something of the view on or off; to reveal the intents shows what the car believes as well. */
function flip(name, on = !view[name]) {
  view[name] = on;
  if (name === "reveal") view.beliefs = view.reveal;
  document.documentElement.dataset.theme = view.dark ? "dark" : "light";
  document.documentElement.classList.toggle("large", view.large);
  if (name === "dark") dark.onchange = null;
  for (const id of ["reveal", "beliefs", "follow", "large", "dark"]) $(id).setAttribute("aria-pressed", view[id]);
  layOut();
}

/** The next twin beside this episode; after the last one, none. */
function nextTwin() {
  view.twins = (view.twins + 1) % (episodes[state.episode].twins.length + 1);
  layOut();
}

function flipState(name) {
  state[name] = !state[name];
  $(name).setAttribute("aria-pressed", state[name]);
}

function story() {
  flipState("story");
  restart();
  writeTitles();
  setPlaying(state.story);
}

/** Tell those who do not see the picture what it shows. */
function say() {
  const episode = episodes[state.episode], i = episode.signaller(episode.index(state.time));
  $("status").textContent = `${title(state.episode, view.reveal && !untold())}; ${state.time.toFixed(1)} s` + (i ? `, ${episode.badge(i, state.time)}` : "");
}

/** What the keys do, by the names that keys.py has for it; told which of its keys it was. */
const DOES = {
  play: toggle, step, twins: nextTwin, ends: (last) => seek(last ? timeline.duration : 0), jump, story, loop: () => flipState("loop"),
  speed: (up) => setSpeed(look.speeds[clamp(look.speeds.indexOf(state.speed) + (up ? 1 : -1), 0, look.speeds.length - 1)]),
  episode: (k) => open(state.episode + (k % 2 ? 1 : -1)), zoom: (k) => zoom([look.zoom[0], 1 / look.zoom[0], 0][k]), help: () => $("card").showModal(),
  fullscreen: () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()),
};
for (const name of ["reveal", "beliefs", "follow", "large", "dark"]) DOES[name] = () => flip(name);

function onKey(event) {
  const at = event.target.tagName, name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const entry = replay.look.keys.find(({ keys }) => keys.includes(name));
  if (!entry || event.ctrlKey || event.metaKey || event.altKey || $("card").open) return;
  if (at === "SELECT" || (at === "BUTTON" && event.key === " ")) return; // those have keys of their own
  event.preventDefault();
  DOES[entry.does](entry.keys.indexOf(name));
}

function wire() {
  const clicks = { back: () => step(0), on: () => step(1), previous: () => DOES.episode(0), next: () => DOES.episode(1), t1: () => jump(0), t2: () => jump(1), t3: () => jump(2) };
  for (const name of ["play", "loop", "story", "help", "fullscreen", "reveal", "beliefs", "twins", "follow", "large", "dark"]) clicks[name] = DOES[name];
  for (const [id, does] of Object.entries(clicks)) $(id).addEventListener("click", () => does());
  $("speed").append(...look.speeds.map((speed) => new Option(`${speed} \u00d7`, speed)));
  $("speed").addEventListener("change", () => setSpeed(Number($("speed").value)));
  $("episode").append(...episodes.map((_, k) => new Option(title(k, false), k)));
  $("episode").addEventListener("change", () => open(Number($("episode").value)));
  for (const id of ["previous", "next"]) $(id).disabled = episodes.length < 2;
  $("beliefs").hidden = !episodes.some((episode) => episode.width("captions"));
  $("fullscreen").hidden = !document.fullscreenEnabled;
  $("keys").append(...replay.look.keys.map(({ shown, words }) => make("tr", "", make("th", "", shown), make("td", "", words))));
  document.addEventListener("keydown", onKey);
  // Whoever uses the mouse shall have the space bar and the arrows for playing; others keep their focus.
  document.addEventListener("click", (event) => event.detail && event.target.closest("button")?.blur());
  let pointed = false;
  for (const [name, so] of [["pointerdown", true], ["keydown", false]]) document.addEventListener(name, () => (pointed = so));
  for (const id of ["speed", "episode"]) $(id).addEventListener("change", () => pointed && $(id).blur());
}

/** The reader's theme, until a key, a button or a link chooses another. */
function followTheme() {
  flip("dark", dark.matches);
  dark.onchange = followTheme;
}

/** What stands behind the # of the address, as in #episode=2&t=4.5&reveal&twins: for lectures and links. */
function fromAddress() {
  const wish = new URLSearchParams(location.hash.slice(1));
  const reveal = wish.has("reveal"), wanted = { reveal, beliefs: reveal || wish.has("beliefs"), follow: !wish.has("junction"), large: view.large || wish.has("large") };
  for (const [name, on] of Object.entries(wanted)) if (view[name] !== on) flip(name, on);
  view.twins = Number(wish.has("twins"));
  if (wish.has("theme")) flip("dark", wish.get("theme") === "dark");
  if (state.story !== wish.has("story")) flipState("story");
  open(clamp(Number.parseInt(wish.get("episode"), 10) || 1, 1, episodes.length) - 1); // from the beginning
  if (wish.has("t")) seek(Number(wish.get("t")) || 0);
  setPlaying(state.story || wish.has("play"));
}

$("scenario").textContent = replay.scenario;
$("agent").textContent = replay.agent;
wire();
setSpeed(1);
followTheme();
fromAddress();
window.addEventListener("hashchange", fromAddress);
