// The street and whoever is on it, painted from the shapes that travel with the replay: metres, x ahead, y to the left.

/** A colour of the theme by its name, or ``body``; a/b/0.35 is a with 0.35 of b in it. */
function blend(name, ink, body) {
  const [first, other, share] = name.split("/"), a = first === "body" ? body : ink[first];
  if (!other) return a;
  const parts = [a, ink[other]].map((hex) => hex.match(/\w\w/g).map((two) => parseInt(two, 16)));
  return `rgb(${parts[0].map((value, k) => Math.round(mix(value, parts[1][k], share)))})`;
}

class Street {
  constructor(road, look) {
    Object.assign(this, { fog: road.fog, look, width: road.lane_width, trees: unpack(road.trees) });
    this.routes = road.routes.map((raw) => ({ x: unpack(raw.x), y: unpack(raw.y), s: unpack(raw.s), ends: raw.ends }));
    this.lanes = new Path2D();
    for (const route of this.routes) this._trace(route);
    this.layers = road.layers.map((layer) => ({ ...layer, path: layer.counts ? polygons(layer) : this.lanes }));
    this.mist = document.createElement("canvas");
  }

  /** The road goes on where a route begins or ends. */
  _trace({ x, y, ends: [[c0, s0], [c1, s1]] }) {
    const last = x.length - 1, far = this.look.beyond;
    this.lanes.moveTo(x[0] - far * c0, y[0] - far * s0);
    for (let k = 0; k <= last; k++) this.lanes.lineTo(x[k], y[k]);
    this.lanes.lineTo(x[last] + far * c1, y[last] + far * s1);
  }

  draw(ctx, camera, ink) {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = ink.grass;
    ctx.fillRect(0, 0, camera.width, camera.height);
    for (const { colour, beside, shade, path } of this.layers) {
      camera.apply(ctx, shade * camera.scale);
      ctx.fillStyle = ctx.strokeStyle = blend(colour, ink);
      ctx.lineWidth = this.width + 2 * beside;
      if (beside === null) ctx.fill(path);
      else ctx.stroke(path);
    }
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    for (let k = 0; k < this.trees.length; k += 3) this._tree(ctx, camera, ink, ...camera.pixels(this.trees[k], this.trees[k + 1]), this.trees[k + 2] * camera.scale);
  }

  _tree(ctx, camera, ink, x, y, size) {
    if (x < -2 * size || y < -2 * size || x > camera.width + 2 * size || y > camera.height + 2 * size) return;
    for (const [colour, right, down, share] of this.look.tree) spot(ctx, x + right * size, y + down * size, share * size, ink[colour]);
  }

  /** How deep [m] in the fog a point is; negative outside. */
  depth(x, y) {
    if (!this.fog) return -Infinity;
    const [x0, y0, x1, y1] = this.fog;
    return Math.min(x - x0, x1 - x, y - y0, y1 - y);
  }

  /** Lay the mist over the picture: soft at its edge, slightly uneven within. */
  drawFog(ctx, camera, ink) {
    if (!this.fog) return;
    const cell = this.look.fogCell * camera.ratio, columns = Math.ceil(camera.width / cell) + 1, rows = Math.ceil(camera.height / cell) + 1;
    Object.assign(this.mist, { width: columns, height: rows });
    const sheet = this.mist.getContext("2d"), image = sheet.createImageData(columns, rows), edge = this.look.fogEdge;
    const fog = ink.fog.match(/\w\w/g).map((hex) => parseInt(hex, 16));
    for (let at = 0; at < image.data.length; at += 4) {
      const column = (at / 4) % columns, row = Math.floor(at / 4 / columns);
      const [x, y] = camera.unproject((column + 0.5) * cell, (row + 0.5) * cell);
      const uneven = Math.sin(0.21 * x + 1.7 * Math.sin(0.11 * y)) + Math.sin(0.17 * y + 2.1 * Math.sin(0.07 * x + 1));
      const cover = smoothstep((this.depth(x, y) + edge) / (edge + this.look.fogWhole));
      image.data.set([...fog, 255 * cover * (0.87 + 0.045 * uneven)], at);
    }
    sheet.putImageData(image, 0, 0);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(this.mist, 0, 0, columns * cell, rows * cell);
  }

  /** A point ``aside`` [m] to the left of arc length ``s`` [m] of a route, or null where it has ended. */
  at(route, s, aside) {
    const { x, y, s: arc } = this.routes[route], k = arc.findIndex((value) => value > s);
    if (k < 1) return null;
    const share = (s - arc[k - 1]) / (arc[k] - arc[k - 1]), dx = x[k] - x[k - 1], dy = y[k] - y[k - 1], long = Math.hypot(dx, dy) || 1;
    return [x[k - 1] + share * dx - (aside * dy) / long, y[k - 1] + share * dy + (aside * dx) / long];
  }
}

function polygons({ corners, counts }) {
  const path = new Path2D(), at = unpack(corners);
  let k = 0;
  for (const count of counts) {
    path.moveTo(at[k], at[k + 1]);
    for (const stop = k + 2 * count; k < stop; k += 2) path.lineTo(at[k], at[k + 1]);
    path.closePath();
  }
  return path;
}

function spot(ctx, x, y, radius, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

/** Draw a road user: the parts of its shape that can be seen in its state. */
function drawFigure(ctx, camera, user, body, ink, look, opacity = 1, larger = user.larger) {
  if (!user.kind || opacity < 0.01) return;
  const lit = user.cyclist ? 0 : user.side, braking = !user.cyclist && user.acceleration < look.braking;
  const shown = new Set(["", braking ? "brake" : "coast", lit > 0 ? "left" : "left off", lit < 0 ? "right" : "right off",
    user.arm > 0.02 ? "arm left" : "rest left", user.arm < -0.02 ? "arm right" : "rest right"]);
  const [long, wide] = user.cyclist ? look.cyclistShadow : [user.length, user.width];
  ctx.save();
  ctx.globalAlpha = opacity;
  for (const below of [true, false]) {
    camera.apply(ctx, below ? look.shadow * camera.scale * larger : 0);
    ctx.translate(user.x, user.y);
    ctx.rotate(user.heading);
    ctx.scale(larger, larger);
    ctx.fillStyle = "#0000003e";
    if (below) ctx.fillRect(-long / 2, -wide / 2, long, wide);
  }
  for (const [when, form, colour, numbers] of user.shape)
    if (shown.has(when)) paint(ctx, form, numbers, blend(colour, ink, body), Math.abs(user.arm), clamp(user.steering, -look.steering, look.steering));
  ctx.restore();
}

/** One part; shapes.py says what the numbers of each form mean. */
function paint(ctx, form, numbers, colour, arm, turn) {
  const [x0, y0, x1, y1, x2, y2, thick] = numbers, last = numbers.at(-1);
  ctx.fillStyle = ctx.strokeStyle = colour;
  ctx.beginPath();
  if (form === "box" || form === "wheel") {
    ctx.save();
    ctx.translate((x0 + x1) / 2, (y0 + y1) / 2);
    ctx.rotate(form === "wheel" ? turn : 0);
    ctx.roundRect(-(x1 - x0) / 2, -(y1 - y0) / 2, x1 - x0, y1 - y0, last);
    ctx.fill();
    ctx.restore();
  } else if (form === "poly") {
    for (let k = 0; k < numbers.length; k += 2) ctx.lineTo(numbers[k], numbers[k + 1]);
    ctx.fill();
  } else if (form === "glow") {
    ctx.globalAlpha *= 0.4;
    for (let k = 5; k; k--) spot(ctx, x0, y0, (x1 * k) / 5, colour + (k > 3 ? "30" : "48"));
    ctx.globalAlpha /= 0.4;
  } else if (form === "disc") spot(ctx, x0, y0, x1, colour);
  else {
    const moves = form !== "line", hand = moves ? [mix(x1, x2, arm), mix(y1, y2, arm)] : [x1, y1];
    if (form === "hand") return spot(ctx, ...hand, thick / 2, colour);
    ctx.lineWidth = moves ? thick : last;
    ctx.lineCap = "round";
    ctx.moveTo(x0, y0);
    ctx.lineTo(...hand);
    ctx.stroke();
  }
}
