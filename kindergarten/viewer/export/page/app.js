// What plays, and what buttons, keys and the mouse do to it.

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16];
const LINGER = 1; // [s] on the last picture before a loop begins again
const INKS = ("grass grass-shade tree tree-light pavement kerb asphalt marking roof roof-edge fog shadow ego paint-orange paint-blue " +
  "paint-white cargo sleeve trousers skin helmet glass tyre frame outline headlight tail brake lamp signal signal-heart beam ahead alarm " +
  "belief on-belief belief-best belief-rest before cue delay after on-before on-cue on-delay on-after").split(" ");
const KEYS = [
  ["space", "play, pause"], ["left, right", "one decision back, on"], ["up, down", "faster, slower"],
  ["home, end", "to the beginning, to the end"], ["n, p", "next, previous episode"], ["h", "hide or reveal the intents"],
  ["b", "captions: what the car believes"], ["t", "two episodes side by side"], ["c", "camera: with the car, or the junction"],
  ["l", "loop"], ["d", "light, dark"], ["+, -, 0, wheel", "zoom"], ["?", "this help"],
];

const $ = (id) => document.getElementById(id);
const replay = JSON.parse($("replay").textContent);
const street = new Street(replay.road, replay.names);
const episodes = replay.episodes.map((raw) => new Episode(raw, replay.names, replay.terms, replay.will));
const view = { reveal: false, captions: false, junction: false, twins: false, zoom: 1 };
const state = { episode: 0, time: 0, playing: false, speed: 1, loop: false, lingered: 0, guesses: new Map(), stages: [], ink: {} };
const timeline = new Timeline($("timeline"), (time) => seek(time));
const dark = matchMedia("(prefers-color-scheme: dark)");
let pending = 0, before = 0;

/** The episode that is shown beside ``k``: the next one of the same world, or simply the next one. */
function partner(k) {
  const others = episodes.map((_, i) => (k + i) % episodes.length).slice(1);
  return others.find((i) => episodes[i].seed !== null && episodes[i].seed === episodes[k].seed) ?? others[0];
}

function shown() {
  return view.twins ? [state.episode, partner(state.episode)] : [state.episode];
}

function redraw() {
  if (!pending) pending = requestAnimationFrame(draw);
}

function draw(now) {
  pending = 0;
  if (state.playing) advance(Math.min((now - before) / 1000, 0.1));
  before = now;
  for (const stage of state.stages) {
    fitCanvas(stage.canvas);
    if (stage.canvas.width && stage.canvas.height) drawScene(stage.canvas, street, stage.episode, state.time, view, state.ink);
    stage.panel.draw(state.time, view);
    stage.start.hidden = state.playing || state.time > stage.episode.time[0];
  }
  const words = `${state.time.toFixed(1)} of ${timeline.duration.toFixed(1)} s`;
  $("clock").textContent = words;
  timeline.move(state.time, words);
  if (state.playing) redraw();
}

/** Let so many seconds [s] of the watcher's time go by. */
function advance(seconds) {
  if (timeline.dragging) return;
  if (state.time < timeline.duration) state.time = Math.min(state.time + seconds * state.speed, timeline.duration);
  else if (state.loop && (state.lingered += seconds) > LINGER) restart();
  if (state.time >= timeline.duration && !state.loop) setPlaying(false);
}

function restart() {
  state.lingered = 0;
  state.time = episodes[state.episode].time[0];
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
    const label = make("p", "label", (chosen.length > 1 ? `${"AB"[place]}: ` : "") + title(k, view.reveal));
    start.addEventListener("click", toggle);
    start.setAttribute("aria-label", "Play");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Street from above, ${title(k, false)}`);
    const guess = (plan, choice) => { state.guesses.set(plan, choice); redraw(); };
    const panel = new Panel(episode, replay.terms, replay.discrete, (plan) => state.guesses.get(plan), guess);
    const element = make("article", "stage", make("div", "view", canvas, label, start), panel.element);
    return { episode, canvas, panel, start, element, label };
  });
  const stages = $("stages");
  stages.className = chosen.length > 1 ? "two" : "";
  stages.replaceChildren(...state.stages.map((stage) => stage.element));
  timeline.show(chosen.map((k) => episodes[k]), view.reveal);
  for (const option of $("episode").options) option.textContent = title(option.index, view.reveal);
  $("episode").value = state.episode;
  for (const { canvas } of state.stages) {
    new ResizeObserver(redraw).observe(canvas);
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(1.15 ** -Math.sign(event.deltaY)); }, { passive: false });
  }
  redraw();
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
  state.time = clamp(time, episodes[state.episode].time[0], timeline.duration);
  state.lingered = 0;
  redraw();
}

/** To the next decision or the last one, whichever of the episodes is longer. */
function step(direction) {
  setPlaying(false);
  const times = state.stages.map((stage) => stage.episode.time).reduce((a, b) => (b.length > a.length ? b : a));
  const there = direction > 0 ? times.find((time) => time > state.time + 1e-6) : times.findLast((time) => time < state.time - 1e-6);
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

function faster(by) {
  setSpeed(SPEEDS[clamp(SPEEDS.indexOf(state.speed) + by, 0, SPEEDS.length - 1)]);
}

function zoom(factor) {
  view.zoom = factor ? clamp(view.zoom * factor, 0.4, 4) : 1;
  redraw();
}

/** Turn something of the view on or off; to reveal the intents shows the captions as well. */
function flip(name, on = !view[name]) {
  view[name] = on && !(name === "twins" && episodes.length < 2);
  if (name === "reveal") view.captions = view.reveal;
  for (const [id, key] of [["reveal", "reveal"], ["captions", "captions"], ["twins", "twins"], ["camera", "junction"]])
    $(id).setAttribute("aria-pressed", view[key]);
  layOut();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  const style = getComputedStyle(document.documentElement);
  for (const name of INKS) state.ink[name] = style.getPropertyValue(`--${name}`).trim();
  state.ink.night = theme === "dark";
  redraw();
}

function otherTheme() {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  dark.onchange = null;
}

function flipLoop() {
  state.loop = !state.loop;
  $("loop").setAttribute("aria-pressed", state.loop);
}

/** Tell those who do not see the picture what it shows. */
function say() {
  const episode = episodes[state.episode];
  $("status").textContent = `${title(state.episode, view.reveal)}; ${state.time.toFixed(1)} s` + (episode.count > 1 ? `, ${episode.phase(episode.signaller(episode.index(state.time)), state.time)}` : "");
}

const ON_KEY = {
  " ": toggle, ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => faster(1), ArrowDown: () => faster(-1),
  Home: () => seek(0), End: () => seek(timeline.duration), n: () => open(state.episode + 1), p: () => open(state.episode - 1),
  h: () => flip("reveal"), b: () => flip("captions"), t: () => flip("twins"), c: () => flip("junction"), l: flipLoop, d: otherTheme,
  "+": () => zoom(1.15), "-": () => zoom(1 / 1.15), 0: () => zoom(0), "?": () => $("card").showModal(),
};

function onKey(event) {
  const at = event.target.tagName, does = ON_KEY[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!does || event.ctrlKey || event.metaKey || event.altKey || $("card").open) return;
  if (at === "SELECT" || (at === "BUTTON" && event.key === " ")) return; // those have keys of their own
  event.preventDefault();
  does();
}

function wire() {
  const clicks = {
    play: toggle, back: () => step(-1), on: () => step(1), loop: flipLoop, theme: otherTheme, help: () => $("card").showModal(),
    next: () => open(state.episode + 1), previous: () => open(state.episode - 1), reveal: () => flip("reveal"),
    captions: () => flip("captions"), twins: () => flip("twins"), camera: () => flip("junction"),
  };
  for (const [id, does] of Object.entries(clicks)) $(id).addEventListener("click", does);
  $("speed").append(...SPEEDS.map((speed) => new Option(`${speed} \u00d7`, speed)));
  $("speed").addEventListener("change", () => setSpeed(Number($("speed").value)));
  $("episode").append(...episodes.map((_, k) => new Option(title(k, false), k)));
  $("episode").addEventListener("change", () => open(Number($("episode").value)));
  for (const id of ["previous", "next", "twins"]) $(id).disabled = episodes.length < 2;
  $("captions").hidden = !episodes.some((episode) => episode.width("captions"));
  $("keys").append(...KEYS.map(([keys, does]) => make("tr", "", make("th", "", keys), make("td", "", does))));
  document.addEventListener("keydown", onKey);
  // Whoever uses the mouse shall have the space bar and the arrows for playing; others keep their focus.
  document.addEventListener("click", (event) => event.detail && event.target.closest("button")?.blur());
  for (const id of ["speed", "episode"]) $(id).addEventListener("change", () => $(id).blur());
  dark.onchange = () => setTheme(dark.matches ? "dark" : "light");
}

/** What stands behind the # of the address, as in #episode=2&t=4.5&reveal&twins: for lectures and links. */
function fromAddress() {
  const wish = new URLSearchParams(location.hash.slice(1));
  for (const name of ["reveal", "captions", "twins", "junction"]) if (wish.has(name)) flip(name, true);
  if (wish.has("theme")) setTheme(wish.get("theme") === "dark" ? "dark" : "light");
  open((Number.parseInt(wish.get("episode"), 10) || 1) - 1);
  if (wish.has("t")) seek(Number(wish.get("t")) || 0);
  if (wish.has("play")) setPlaying(true);
}

$("scenario").textContent = replay.scenario;
$("agent").textContent = replay.agent;
wire();
setTheme(dark.matches ? "dark" : "light");
setSpeed(1);
fromAddress();
