// The street without anybody on it, drawn in metres: grass, trees, pavement, asphalt, markings; and the mist above.

const PAVEMENT = 2.4, KERB = 0.35; // [m] beside the lane
const LINE_WIDTH = { centre_line: 0.15, lane_line: 0.15, stop_line: 0.5, yield_line: 0.6 }; // [m]
const SOLID = 14; // [m] of solid centre line before the junction, then dashes
const BEYOND = 150; // [m] that a road goes on where a route begins or ends
const CELL = 13, FROM_ROAD = 6.5; // [m] one tree per cell; so far from the asphalt
const FOG_EDGE = 2.5, FOG_CELL = 10; // [m] over which it gathers; [px] it is drawn coarsely and smoothed

/** A number 0..1 that looks random and is the same every time. */
function noise(x, y, salt) {
  const value = Math.sin(x * 127.1 + y * 311.7 + salt * 74.7) * 43758.5453;
  return value - Math.floor(value);
}

class Street {
  constructor(road, names) {
    this.width = road.lane_width;
    this.fog = road.fog;
    this.junctions = road.junctions;
    this.buildings = road.buildings;
    this.routes = road.routes.map((raw) => ({ x: unpack(raw.x), y: unpack(raw.y), s: unpack(raw.s), ends: raw.ends }));
    this.asphalt = new Path2D();
    for (const route of this.routes) this._trace(route);
    this.markings = names.marking.map((name) => [name, road.markings.filter((line) => names.marking[line[4]] === name)]);
    this.trees = new Map();
    this.mist = document.createElement("canvas");
  }

  _trace({ x, y, ends: [[c0, s0], [c1, s1]] }) {
    const last = x.length - 1;
    this.asphalt.moveTo(x[0] - BEYOND * c0, y[0] - BEYOND * s0);
    for (let k = 0; k <= last; k++) this.asphalt.lineTo(x[k], y[k]);
    this.asphalt.lineTo(x[last] + BEYOND * c1, y[last] + BEYOND * s1);
  }

  /** The middle of all junctions and how far the farthest edge is from it [m]. */
  middle() {
    if (!this.junctions.length) return { x: 0, y: 0, across: 20, high: 20 };
    const low = [0, 1].map((axis) => Math.min(...this.junctions.map((j) => j[axis] - j[2])));
    const high = [0, 1].map((axis) => Math.max(...this.junctions.map((j) => j[axis] + j[2])));
    return { x: (low[0] + high[0]) / 2, y: (low[1] + high[1]) / 2, across: high[0] - low[0], high: high[1] - low[1] };
  }

  draw(ctx, camera, ink) {
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.fillStyle = ink.grass;
    ctx.fillRect(0, 0, camera.width, camera.height);
    camera.apply(ctx);
    const cells = this._cells(camera);
    ctx.fillStyle = ink["grass-shade"];
    for (const { x, y, blot } of cells) disc(ctx, x, y, blot);
    ctx.lineJoin = ctx.lineCap = "round";
    for (const [colour, beside] of [["pavement", PAVEMENT], ["kerb", KERB], ["asphalt", 0.05]]) {
      ctx.strokeStyle = ink[colour];
      ctx.lineWidth = this.width + 2 * beside;
      ctx.stroke(this.asphalt);
    }
    ctx.lineCap = "butt";
    for (const [name, lines] of this.markings) for (const line of lines) this._marking(ctx, name, line, ink);
    for (const box of this.buildings) this._building(ctx, camera, box, ink);
    for (const cell of cells) if (cell.tree) this._tree(ctx, camera, cell, ink);
  }

  _marking(ctx, name, [x0, y0, x1, y1], ink) {
    const length = Math.hypot(x1 - x0, y1 - y0);
    ctx.strokeStyle = ink.marking;
    ctx.lineWidth = LINE_WIDTH[name];
    const dashes = { lane_line: [3, 3], yield_line: [0.5, 0.4] }[name] || [];
    if (name === "centre_line" && length > SOLID) dashes.push(SOLID, 3, ...Array(Math.min(length / 6, 200) | 0).fill(3).flatMap(() => [3, 3]));
    ctx.setLineDash(dashes);
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  _building(ctx, camera, [x0, y0, x1, y1], ink) {
    shadow(ctx, camera, ink, 0.9);
    ctx.fillStyle = ink.roof;
    ctx.fillRect(x0, y0, x1 - x0, y1 - y0);
    noShadow(ctx);
    ctx.strokeStyle = ink["roof-edge"];
    ctx.lineWidth = 0.35;
    ctx.strokeRect(x0 + 0.5, y0 + 0.5, x1 - x0 - 1, y1 - y0 - 1);
  }

  _tree(ctx, camera, { x, y, tree }, ink) {
    shadow(ctx, camera, ink, 0.5);
    ctx.fillStyle = ink.tree;
    disc(ctx, x, y, tree);
    noShadow(ctx);
    const [up, left] = camera.world(-0.28 * tree, 0.28 * tree); // light from the upper left of the picture
    ctx.fillStyle = ink["tree-light"];
    disc(ctx, x + up, y + left, tree * 0.6);
  }

  /** What grows in the cells that the camera sees. */
  _cells(camera) {
    const reach = Math.min(Math.hypot(camera.width, camera.height) / 2 / camera.scale + CELL, 400), found = [];
    for (let i = Math.floor((camera.x - reach) / CELL); i <= (camera.x + reach) / CELL; i++)
      for (let j = Math.floor((camera.y - reach) / CELL); j <= (camera.y + reach) / CELL; j++) {
        const key = `${i},${j}`;
        if (!this.trees.has(key)) this.trees.set(key, this._grow(i, j));
        found.push(this.trees.get(key));
      }
    return found;
  }

  _grow(i, j) {
    const x = (i + noise(i, j, 1)) * CELL, y = (j + noise(i, j, 2)) * CELL;
    const there = noise(i, j, 3) < 0.55 && this._room(x, y) > FROM_ROAD;
    return { x, y, blot: 1.5 + 4 * noise(i, j, 4), tree: there ? 1.3 + 1.6 * noise(i, j, 5) : 0 };
  }

  /** How far [m] a point is from the asphalt and from the buildings. */
  _room(px, py) {
    let least = Infinity;
    for (const [x0, y0, x1, y1] of this.buildings)
      least = Math.min(least, Math.hypot(Math.max(x0 - px, 0, px - x1), Math.max(y0 - py, 0, py - y1)) + FROM_ROAD - 3);
    for (const { x, y, ends: [[c0, s0], [c1, s1]] } of this.routes) {
      const last = x.length - 1;
      least = Math.min(least, apart(px, py, x[0] - BEYOND * c0, y[0] - BEYOND * s0, x[0], y[0]));
      least = Math.min(least, apart(px, py, x[last], y[last], x[last] + BEYOND * c1, y[last] + BEYOND * s1));
      for (let k = 0; k < last; k++) least = Math.min(least, apart(px, py, x[k], y[k], x[k + 1], y[k + 1]));
    }
    return least - this.width / 2;
  }

  /** How deep [m] in the fog a point is; negative outside. */
  depth(x, y) {
    if (!this.fog) return -Infinity;
    const [x0, y0, x1, y1] = this.fog;
    return Math.min(x - x0, x1 - x, y - y0, y1 - y);
  }

  /** Lay the mist over the picture: soft at its edge, slightly uneven within, drifting. */
  drawFog(ctx, camera, ink, time) {
    if (!this.fog) return;
    const cell = FOG_CELL * camera.ratio, columns = Math.ceil(camera.width / cell) + 1, rows = Math.ceil(camera.height / cell) + 1;
    Object.assign(this.mist, { width: columns, height: rows });
    const sheet = this.mist.getContext("2d"), image = sheet.createImageData(columns, rows);
    const [red, green, blue] = ink.fog.match(/\w\w/g).map((hex) => parseInt(hex, 16));
    for (let at = 0, row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++, at += 4) {
        const [dx, dy] = camera.world((column + 0.5) * cell - camera.width / 2, camera.height / 2 - (row + 0.5) * cell, camera.scale);
        const x = camera.x + dx, y = camera.y + dy;
        const cover = smoothstep((this.depth(x, y) + FOG_EDGE) / (FOG_EDGE + 1.5));
        if (!cover) continue;
        const swirl = Math.sin(0.21 * x + 0.4 * time + 1.7 * Math.sin(0.11 * y)) + Math.sin(0.17 * y + 2.1 * Math.sin(0.07 * x - 0.2 * time));
        image.data.set([red, green, blue, 255 * cover * (0.86 + 0.05 * swirl)], at);
      }
    sheet.putImageData(image, 0, 0);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.drawImage(this.mist, 0, 0, columns * cell, rows * cell);
  }

  /** A point at arc length ``s`` [m] of a route, or null where it has ended. */
  at(route, s) {
    const { x, y, s: arc } = this.routes[route];
    const k = arc.findIndex((value) => value > s);
    if (k < 1) return null;
    const share = (s - arc[k - 1]) / (arc[k] - arc[k - 1]);
    return [mix(x[k - 1], x[k], share), mix(y[k - 1], y[k], share)];
  }
}

/** Distance of a point from a line between two others. */
function apart(px, py, ax, ay, bx, by) {
  const dx = bx - ax, dy = by - ay;
  const t = clamp(((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1), 0, 1);
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

function disc(ctx, x, y, radius) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
}

/** From here on everything casts a soft shadow to the lower right of the picture, as high [m] as it stands. */
function shadow(ctx, camera, ink, high) {
  ctx.shadowColor = ink.shadow;
  ctx.shadowBlur = 0.5 * high * camera.scale;
  ctx.shadowOffsetX = ctx.shadowOffsetY = 0.6 * high * camera.scale;
}

function noShadow(ctx) {
  ctx.shadowColor = "transparent";
}
