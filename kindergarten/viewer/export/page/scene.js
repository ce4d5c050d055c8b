// One picture: where the camera stands, who is on the street, and what there is to say about whom.

/** From metres to pixels. The car sets out to the right, or upwards where the picture is taller than wide. */
class Camera {
  constructor(canvas, heading) {
    const tall = canvas.height > canvas.width * 1.1, turn = tall ? heading - Math.PI / 2 : heading;
    Object.assign(this, { x: 0, y: 0, scale: 1, width: canvas.width, height: canvas.height, heading });
    this.ratio = canvas.width / Math.max(canvas.clientWidth, 1);
    [this.along, this.across] = tall ? [canvas.height, canvas.width] : [canvas.width, canvas.height];
    this.cos = Math.cos(turn);
    this.sin = Math.sin(turn);
  }

  /** Draw in metres from here on, ``shift`` [px] further to the right and down. */
  apply(ctx, shift = 0) {
    const { scale: k, cos, sin, x, y } = this;
    ctx.setTransform(k * cos, k * sin, k * sin, -k * cos, this.width / 2 - k * (x * cos + y * sin) + shift, this.height / 2 - k * (x * sin - y * cos) + shift);
  }

  pixels(x, y) {
    const dx = x - this.x, dy = y - this.y;
    return [this.width / 2 + this.scale * (dx * this.cos + dy * this.sin), this.height / 2 - this.scale * (dy * this.cos - dx * this.sin)];
  }

  unproject(px, py) {
    const right = (px - this.width / 2) / this.scale, up = (this.height / 2 - py) / this.scale;
    return [this.x + right * this.cos - up * this.sin, this.y + right * this.sin + up * this.cos];
  }
}

/** As camera.py does it. */
function follow(canvas, episode, frame, zoom, look) {
  const camera = new Camera(canvas, episode.columns.heading[0]), { along, across, heading } = camera, unit = along / look.usual;
  const [ahead, aside] = frame.outlook, { x, y, heading: turned } = frame.users[0];
  const wanted = clamp((look.ahead * along) / ahead, look.widest * unit, look.closest * unit);
  camera.scale = Math.min(wanted, (0.5 * across) / aside) * zoom;
  const on = (look.before * along * Math.cos(turned - heading)) / camera.scale, up = (look.beside * across * Math.sin(turned - heading)) / camera.scale;
  camera.x = x + on * Math.cos(heading) - up * Math.sin(heading);
  camera.y = y + on * Math.sin(heading) + up * Math.cos(heading);
  return camera;
}

function overview(canvas, episode, zoom) {
  const [x, y, across, along] = episode.extent, camera = new Camera(canvas, episode.columns.heading[0]);
  return Object.assign(camera, { x, y, scale: Math.min(camera.along / across, camera.across / along) * zoom });
}

function cameraOf(canvas, episode, frame, view, look) {
  return view.follow ? follow(canvas, episode, frame, view.zoom, look) : overview(canvas, episode, view.zoom);
}

/** Draw ``episode`` at ``time`` on ``canvas``; ``view``: what the watcher wants to see. */
function drawScene(canvas, street, episode, time, view, ink) {
  const ctx = canvas.getContext("2d"), frame = episode.frame(time), { look } = street;
  const camera = cameraOf(canvas, episode, frame, view, look);
  const window_ = Math.min(innerWidth / look.size[0], innerHeight / look.size[1]);
  camera.unit = Math.max(window_, look.leastUnit) * camera.ratio * (view.large ? look.large : 1);
  const opacity = frame.users.map((user, i) => (i ? visible(street, user) : 1));
  const body = (user, i) => (i ? view.paints[user.colour % view.paints.length] : ink.ego);
  street.draw(ctx, camera, ink);
  street.drawFog(ctx, camera, ink);
  if (frame.users[0].kind && episode.tellsAim(view.reveal)) ribbon(ctx, camera, street, frame, ink);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  if (view.beliefs) halos(ctx, camera, episode.atDecision("attention", frame.k) || [], frame, opacity, ink, look);
  if (view.dark) frame.users.forEach((user, i) => opacity[i] > 0.3 && beam(ctx, camera, user, look));
  for (let i = frame.users.length - 1; i >= 0; i--) drawFigure(ctx, camera, frame.users[i], body(frame.users[i], i), ink, look, opacity[i]);
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  if (frame.over && episode.met !== null) crash(ctx, camera, frame.users[0], frame.users[episode.met], ink, look);
  labels(ctx, camera, episode, frame, opacity, view, ink, look, body);
}

/** Opacity of a road user: none in the fog, little beyond the car's sight. */
function visible(street, user) {
  const { fogEdge, unseen } = street.look;
  return smoothstep(-street.depth(user.x, user.y) / fogEdge) * mix(unseen, 1, user.seen);
}

/** Light around those to whom the car attends, and a dotted line that leads there. */
function halos(ctx, camera, attention, frame, opacity, ink, { noticed, dots, halo, faint }) {
  const [x0, y0] = camera.pixels(frame.users[0].x, frame.users[0].y), step = dots * camera.unit;
  attention.forEach((given, k) => {
    const user = frame.users[k + 1], share = Math.min(given, 1), [x, y] = camera.pixels(user.x, user.y);
    if (share < noticed || !user.kind || opacity[k + 1] < 0.02) return;
    const radius = Math.max(halo[0] * camera.scale, halo[1] * camera.unit), count = Math.floor(Math.hypot(x - x0, y - y0) / step);
    ctx.globalAlpha = share;
    ctx.strokeStyle = ink.notice;
    ctx.lineWidth = Math.max(radius / 10, 2);
    ctx.beginPath();
    ctx.arc(x, y, radius, 0, 2 * Math.PI);
    ctx.stroke();
    ctx.globalAlpha = mix(faint, 1, share);
    for (let j = 2; j < count - radius / step; j++) spot(ctx, mix(x0, x, j / count), mix(y0, y, j / count), (0.8 + 1.8 * share) * camera.unit, ink.notice);
  });
  ctx.globalAlpha = 1;
}

/** What headlights throw on the road. */
function beam(ctx, camera, user, { beam: far, spread, headlights }) {
  if (!user.kind || user.cyclist) return;
  camera.apply(ctx);
  ctx.translate(user.x, user.y);
  ctx.rotate(user.heading);
  ctx.translate(user.length / 2 - headlights, 0);
  const light = ctx.createRadialGradient(0, 0, 0, 0, 0, far);
  light.addColorStop(0, "#fff0c850");
  light.addColorStop(1, "#fff0c800");
  ctx.fillStyle = light;
  ctx.beginPath();
  ctx.moveTo(0, 0);
  ctx.arc(0, 0, far, -spread, spread);
  ctx.fill();
}

/** Where the car is heading: dots along the way that it aims for. */
function ribbon(ctx, camera, street, frame, ink) {
  const long = street.look.ribbon;
  camera.apply(ctx);
  for (let d = 0; d < long; d += 2) {
    const point = street.at(frame.route, frame.way + frame.users[0].length / 2 + 1.5 + d, frame.offset);
    if (!point) break;
    ctx.globalAlpha = 1 - d / long;
    spot(ctx, ...point, Math.max(0.24, camera.ratio / camera.scale), ink.ahead);
  }
  ctx.globalAlpha = 1;
}

function crash(ctx, camera, ego, other, ink, look) {
  const [x, y] = camera.pixels((ego.x + other.x) / 2, (ego.y + other.y) / 2);
  ctx.strokeStyle = ink.alarm;
  for (const [radius, width] of look.crash) {
    ctx.lineWidth = width * camera.unit;
    ctx.beginPath();
    ctx.arc(x, y, radius * camera.unit, 0, 2 * Math.PI);
    ctx.stroke();
  }
}

/** What there is to say, the most important first, as notes_of in labels.py has it. */
function notesOf(episode, frame, opacity, view, look) {
  const notes = [], focus = episode.signaller(frame.k);
  for (let i = 1; i < frame.users.length; i++) {
    const { kind, signal } = frame.users[i], seen = opacity[i] > 0.5 && kind, plan = episode.plan(i, frame.k), phase = episode.phaseCode(i, frame.time);
    const tone = look.tones[phase], belief = view.beliefs ? episode.belief(i, frame.k) : null;
    if (seen && (i === focus || plan.matters)) notes.push({ i, words: episode.badge(i, frame.time), tone, side: "above" });
    if (seen && i === focus && (signal || (plan.shows && phase === 1))) notes.push({ i, words: "", tone, side: "above" });
    if (belief && (kind || i === focus))
      notes.push({ i: seen ? i : 0, words: sentence(episode, i, frame.time), tone: ["belief", "outline"], side: seen ? "below" : "above" });
  }
  return notes.sort((a, b) => (a.i !== focus) - (b.i !== focus) || (a.side === "below") - (b.side === "below"));
}

/** Where everybody is in the picture: left, top, right, bottom, arms and all. */
function areasOf(frame, camera, look) {
  return frame.users.map((user) => {
    const [x, y] = camera.pixels(user.x, user.y), scale = user.larger * camera.scale, cos = Math.cos(user.heading), sin = Math.sin(user.heading);
    const along = Math.abs(cos * camera.cos + sin * camera.sin), across = Math.abs(sin * camera.cos - cos * camera.sin);
    const long = user.length * scale, wide = (Math.abs(user.arm) > 0.02 ? 2 * look.reach : user.width) * scale;
    const half = [(long * along + wide * across) / 2 + 1, (long * across + wide * along) / 2 + 1];
    return [x - half[0], y - half[1], x + half[0], y + half[1]];
  });
}

const apart = (a, b) => a[0] >= b[2] || b[0] >= a[2] || a[1] >= b[3] || b[1] >= a[3];

/** In which of ``boxes`` a sign stands in each frame: it covers nobody, and seldom moves; see steady in labels.py. */
function steady(canvas, street, episode, view, boxes) {
  const covers = Array.from(episode.time, (time) => {
    const frame = episode.frame(time), camera = cameraOf(canvas, episode, frame, view, street.look), areas = areasOf(frame, camera, street.look);
    const shown = frame.users.map((user, i) => user.kind && (!i || visible(street, user) > 0.02));
    return boxes.map((box) => areas.map((area, i) => shown[i] && !apart(area, box.map((n) => n * camera.ratio))));
  });
  const costs = covers.map((here, k) => here.map((row, p) => {
    const whom = row.map((covered, i) => covered || (covers[k + 1] ?? here)[p][i]); // on its way from one frame to the next
    return whom.some(Boolean) + Boolean(whom[episode.signaller(k)]);
  }));
  let last = 0;
  return costs.map((row, k) => {
    const least = Math.min(...row);
    if (k && row[last] === least) return last;
    const stays = row.map((cost, p) => {
      const end = costs.findIndex((later, j) => j >= k && later[p] > least);
      return cost > least ? -1 : end < 0 ? costs.length : end;
    });
    return (last = stays.indexOf(Math.max(...stays))); // where one can stay the longest
  });
}

/** A free place for a label, or null; see place in labels.py. */
function place([width, height], about, camera, taken, sides, { steps, step, edge }) {
  for (let k = 0; k < steps; k++)
    for (const [right, down] of sides) {
      const gap = (0.3 + step * k) * height;
      const x = (about[0] + about[2]) / 2 + right * ((about[2] - about[0] + width) / 2 + gap);
      const y = (about[1] + about[3]) / 2 + down * ((about[3] - about[1] + height) / 2 + gap);
      const left = Math.max(Math.min(x - width / 2, camera.width - edge - width), edge), top = Math.max(Math.min(y - height / 2, camera.height - edge - height), edge);
      const area = [left, top, left + width, top + height];
      if (taken.every((other) => apart(area, other)) && area[2] <= camera.width && area[3] <= camera.height) return area;
    }
  return null;
}

/** Words that cover nobody, lines to whom they are about, and a signal that is on from near. */
function labels(ctx, camera, episode, frame, opacity, view, ink, look, body) {
  const { unit } = camera, areas = areasOf(frame, camera, look), taken = areas.filter((_, i) => opacity[i] > 0.02), placed = [];
  ctx.font = `600 ${11.5 * unit}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "center";
  taken.push(...view.reserved.map((area) => area.map((n) => n * camera.ratio)));
  const wide = Math.min(look.inset * unit, 0.4 * camera.width, 0.4 * camera.height);
  for (const note of notesOf(episode, frame, opacity, view, look)) {
    const size = note.words ? [Math.min(ctx.measureText(note.words).width + look.note[1] * unit, camera.width - 2 * look.edge), look.note[0] * unit] : [wide, wide];
    const area = place(size, areas[note.i], camera, taken, look[note.side], look);
    if (!area) continue;
    taken.push(area);
    placed.push({ ...note, area, middle: [(area[0] + area[2]) / 2, (area[1] + area[3]) / 2] });
  }
  for (const { i, tone, middle } of placed) {
    ctx.strokeStyle = ink[tone[0]];
    ctx.lineWidth = 2 * unit;
    ctx.beginPath();
    ctx.moveTo(...middle);
    const [x0, y0, x1, y1] = areas[i], end = [(x0 + x1) / 2, (y0 + y1) / 2], far = Math.max(Math.hypot(end[0] - middle[0], end[1] - middle[1]), 1);
    const stop = Math.max(1 - Math.min(x1 - x0, y1 - y0) / 2 / far, 0);
    ctx.lineTo(mix(middle[0], end[0], stop), mix(middle[1], end[1], stop));
    ctx.stroke();
  }
  for (const { i, words, tone, area, middle } of placed) {
    if (!words) inset(ctx, camera, frame.users[i], body(frame.users[i], i), middle, area[2] - area[0], ink, look);
    else {
      ctx.fillStyle = ink[tone[0]];
      ctx.beginPath();
      ctx.roundRect(area[0], area[1], area[2] - area[0], area[3] - area[1], look.note[2] * unit);
      ctx.fill();
      ctx.fillStyle = ink[tone[1]];
      ctx.fillText(words, ...middle, area[2] - area[0] - 6 * unit);
    }
  }
  view.placed = placed; // for whoever wants to know where words stand
}

/** A signal that is on, so large that it can be seen from the last row. */
function inset(ctx, camera, user, body, [x, y], wide, ink, look) {
  spot(ctx, x, y, wide / 2, ink.signal);
  const inner = wide / 2 - Math.max(wide * look.ring, 1.5);
  spot(ctx, x, y, inner, ink.asphalt);
  ctx.save();
  ctx.beginPath();
  ctx.arc(x, y, inner, 0, 2 * Math.PI);
  ctx.clip(); // its light as well
  const near = Object.assign(Object.create(Camera.prototype), camera, { x: user.x, y: user.y, width: 2 * x, height: 2 * y });
  near.scale = wide / 2 / Math.max(user.length / 2 + 0.4, look.reach + 0.55);
  drawFigure(ctx, near, user, body, ink, look, 1, 1);
  ctx.restore();
}
