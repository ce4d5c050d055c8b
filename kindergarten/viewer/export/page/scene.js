// One picture: where the camera stands, who is on the street, and what is thought of them.

const RIBBON = 26; // [m] of the car's way that are drawn ahead of it
const UNSEEN = 0.45; // opacity of whoever is beyond the car's sight

/** From metres to pixels. The car sets out to the right, or upwards where the picture is taller than wide. */
class Camera {
  constructor(canvas, x, y, scale, heading) {
    const turn = canvas.height > canvas.width * 1.1 ? heading - Math.PI / 2 : heading;
    Object.assign(this, { x, y, scale, width: canvas.width, height: canvas.height });
    this.ratio = canvas.width / Math.max(canvas.clientWidth, 1);
    this.cos = Math.cos(turn);
    this.sin = Math.sin(turn);
  }

  /** Draw in metres from here on. */
  apply(ctx) {
    const { scale: k, cos, sin, x, y } = this;
    ctx.setTransform(k * cos, k * sin, k * sin, -k * cos, this.width / 2 - k * (x * cos + y * sin), this.height / 2 - k * (x * sin - y * cos));
  }

  /** What so much to the right and up in the picture is in the world. */
  world(right, up, scale = 1) {
    return [(right * this.cos - up * this.sin) / scale, (right * this.sin + up * this.cos) / scale];
  }

  pixels(x, y) {
    const dx = x - this.x, dy = y - this.y;
    return [this.width / 2 + this.scale * (dx * this.cos + dy * this.sin), this.height / 2 - this.scale * (dy * this.cos - dx * this.sin)];
  }
}

function follow(canvas, episode, frame, zoom) {
  const ego = frame.users[0], start = episode.columns.heading[0], long = Math.max(canvas.width, canvas.height);
  const unit = long / 960, scale = clamp((0.74 * long) / frame.reach, 3.4 * unit, 14 * unit) * zoom;
  const camera = new Camera(canvas, 0, 0, scale, start);
  const cos = Math.cos(ego.heading), sin = Math.sin(ego.heading);
  const right = cos * camera.cos + sin * camera.sin, up = sin * camera.cos - cos * camera.sin;
  const [dx, dy] = camera.world(0.28 * canvas.width * right, 0.28 * canvas.height * up, scale);
  return Object.assign(camera, { x: ego.x + dx, y: ego.y + dy });
}

function overview(canvas, episode, street, zoom) {
  const { x, y, across, high } = street.middle(), margin = 44; // [m]
  const camera = new Camera(canvas, x, y, 1, episode.columns.heading[0]);
  const right = Math.abs(across * camera.cos) + Math.abs(high * camera.sin), up = Math.abs(across * camera.sin) + Math.abs(high * camera.cos);
  camera.scale = Math.min(canvas.width / (right + 2 * margin), canvas.height / (up + margin)) * zoom;
  return camera;
}

/** Draw ``episode`` at ``time`` on ``canvas``; ``view``: what the watcher wants to see. */
function drawScene(canvas, street, episode, time, view, ink) {
  const ctx = canvas.getContext("2d"), frame = episode.frame(time);
  const camera = view.junction ? overview(canvas, episode, street, view.zoom) : follow(canvas, episode, frame, view.zoom);
  street.draw(ctx, camera, ink);
  if (frame.users[0].kind) ribbon(ctx, camera, street, frame, ink);
  const opacity = frame.users.map((user, i) => (i ? visible(street, user) : 1));
  street.drawFog(ctx, camera, ink, time);
  if (view.captions) halos(ctx, camera, episode.atDecision("attention", frame.k) || [], frame, ink);
  for (let i = frame.users.length - 1; i >= 0; i--) {
    const user = frame.users[i], ghost = view.reveal && opacity[i] < 0.5;
    const body = i ? ink[`paint-${user.colour}`] : ink.ego;
    drawFigure(ctx, camera, user, body, episode.side(user.signal), ink, ghost ? 0.5 : opacity[i]);
  }
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  if (frame.over && episode.end === "collision") crash(ctx, camera, frame, ink);
  tags(ctx, camera, episode, frame, opacity, view, ink);
}

/** Light around those to whom the car attends, the more the brighter. */
function halos(ctx, camera, attention, frame, ink) {
  camera.apply(ctx);
  attention.forEach((share, k) => {
    const { x, y, kind, length } = frame.users[k + 1];
    ctx.globalAlpha = clamp(share, 0, 1);
    if (kind) glow(ctx, x, y, 0.5 * length + 3, ink["belief-best"]);
  });
  ctx.globalAlpha = 1;
}

/** Opacity of a road user: none in the fog, little beyond the car's sight. */
function visible(street, user) {
  const clear = smoothstep(-street.depth(user.x, user.y) / FOG_EDGE);
  return clear * mix(UNSEEN, 1, user.seen);
}

/** Where the car is heading: dots along the way that it aims for. */
function ribbon(ctx, camera, street, frame, ink) {
  camera.apply(ctx);
  ctx.fillStyle = ink.ahead;
  for (let d = 0; d < RIBBON; d += 2) {
    const point = street.at(frame.route, frame.way + frame.users[0].length / 2 + 1.5 + d);
    if (!point) break;
    ctx.globalAlpha = 1 - d / RIBBON;
    disc(ctx, ...point, Math.max(0.24, (1.2 * camera.ratio) / camera.scale));
  }
  ctx.globalAlpha = 1;
}

function crash(ctx, camera, frame, ink) {
  const ego = frame.users[0], others = frame.users.slice(1).filter((user) => user.kind);
  const far = (user) => Math.hypot(user.x - ego.x, user.y - ego.y);
  const hit = others.reduce((a, b) => (far(b) < far(a) ? b : a), others[0] || ego);
  const [x, y] = camera.pixels((ego.x + hit.x) / 2, (ego.y + hit.y) / 2);
  ctx.strokeStyle = ink.alarm;
  for (const [radius, width] of [[34, 4], [46, 2]]) {
    ctx.lineWidth = width * camera.ratio;
    ctx.beginPath();
    ctx.arc(x, y, radius * camera.ratio, 0, 2 * Math.PI);
    ctx.stroke();
  }
}

/** Flags above road users: the phase of the one to watch, and what the car believes of each. */
function tags(ctx, camera, episode, frame, opacity, view, ink) {
  const thoughts = [], taken = [];
  for (let i = frame.users.length - 1; i > 0; i--) {
    const seen = opacity[i] > 0.5 && frame.users[i].kind, flags = [];
    const phase = episode.phase(i, frame.time), belief = view.captions ? episode.belief(i, frame.k) : null;
    if (i === episode.signaller(frame.k) && seen) flags.push({ words: [phase], back: ink[phase], ink: ink[`on-${phase}`] });
    if (belief) flags.push(thought(episode, i, frame.time, belief, ink));
    if (seen) flagpole(ctx, camera, frame.users[i], flags, taken, ink);
    else thoughts.push(...flags);
  }
  if (frame.over) thoughts.push({ words: [episode.end.replaceAll("_", " ")], back: ink[episode.end === "goal" ? "after" : "alarm"], ink: "#ffffff" });
  flagpole(ctx, camera, frame.users[0], thoughts, taken, ink);
}

/** What the car believes of road user ``i``: a sentence, and in short, where there is no room for one. */
function thought(episode, i, time, belief, ink) {
  const best = likeliest(belief), short = `${i}: ${episode.names.intent[best]} ${percent(belief[best])}`;
  return { words: [sentence(episode, i, time), short], chances: belief, back: ink.belief, ink: ink["on-belief"] };
}

/** Flags in a column above a road user, moved aside from those that are ``taken`` and kept in the picture. */
function flagpole(ctx, camera, user, flags, taken, ink) {
  if (!flags.length) return;
  const size = clamp(camera.width / camera.ratio / 62, 12, 24) * camera.ratio, pad = 0.55 * size;
  const [px, py] = camera.pixels(user.x, user.y), lift = Math.max(2.2 * camera.scale, 24 * camera.ratio);
  ctx.font = `600 ${size}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const flag of flags) {
    const widthOf = (words) => ctx.measureText(words).width + 2 * pad;
    flag.text = flag.words.find((words) => widthOf(words) < camera.width - 8) ?? flag.words.at(-1);
    flag.width = widthOf(flag.text);
    flag.height = size * (flag.chances ? 2.05 : 1.55);
  }
  const width = Math.max(...flags.map((flag) => flag.width)), height = flags.reduce((sum, flag) => sum + flag.height + 2, 0);
  const within = (wide) => clamp(px, wide / 2 + 4, camera.width - wide / 2 - 4), x = within(width);
  let bottom = Math.max(py - lift, height + 4);
  for (const other of taken)
    if (Math.abs(other.x - x) < (other.width + width) / 2 && bottom > other.top && bottom - height < other.bottom) bottom = other.top - 3;
  taken.push({ x, width, top: bottom - height, bottom });
  const [{ width: lowest, back }] = flags, at = within(lowest), reach = lowest / 2 - pad;
  pointer(ctx, clamp(px, at - reach, at + reach), bottom, 0.5 * size, back);
  for (const flag of flags) {
    drawFlag(ctx, flag, within(flag.width) - flag.width / 2, bottom - flag.height, size, pad, ink);
    bottom -= flag.height + 2;
  }
}

function pointer(ctx, x, y, tip, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(x - tip, y - 1);
  ctx.lineTo(x + tip, y - 1);
  ctx.lineTo(x, y + tip);
  ctx.fill();
}

function drawFlag(ctx, flag, x, y, size, pad, ink) {
  ctx.fillStyle = flag.back;
  ctx.beginPath();
  ctx.roundRect(x, y, flag.width, flag.height, 0.4 * size);
  ctx.fill();
  ctx.fillStyle = flag.ink;
  ctx.fillText(flag.text, x + pad, y + 0.82 * size);
  if (!flag.chances) return;
  const long = flag.width - 2 * pad, best = likeliest(flag.chances);
  let from = x + pad;
  flag.chances.forEach((chance, k) => {
    ctx.fillStyle = k === best ? ink["belief-best"] : ink["belief-rest"];
    const part = Math.max(long * chance - 1, 0);
    ctx.fillRect(from, y + 1.5 * size, part, 0.24 * size);
    from += long * chance;
  });
}
