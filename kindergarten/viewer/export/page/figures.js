// Cars and cyclists from above, drawn in metres: x ahead, y to the left. Signals are larger than life.

const CAR_LEAST = 34, CYCLIST_LEAST = 30; // [px] no figure is shorter than this, however far the camera
const CYCLIST_LARGER = 1.5; // a cyclist is drawn this much larger than its box
const BRAKING = -0.8; // [m/s²] below this the brake lights are on

/** Draw a road user; ``body`` is the colour of the car or of the jacket, ``side`` what a lamp shows. */
function drawFigure(ctx, camera, user, body, side, ink, opacity = 1) {
  if (!user.kind || opacity < 0.01) return;
  const least = (user.cyclist ? CYCLIST_LEAST : CAR_LEAST) * camera.ratio;
  const grown = Math.max(user.cyclist ? CYCLIST_LARGER : 1, least / camera.scale / Math.max(user.length, 1));
  ctx.save();
  camera.apply(ctx);
  ctx.translate(user.x, user.y);
  ctx.rotate(user.heading);
  ctx.scale(grown, grown);
  ctx.globalAlpha = opacity;
  if (user.cyclist) drawCyclist(ctx, camera, user, body, ink);
  else if (user.type === "truck") drawTruck(ctx, camera, user, body, side, ink);
  else drawCar(ctx, camera, user, body, side, ink);
  ctx.restore();
}

function box(ctx, x, y, length, width, corner, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.roundRect(x - length / 2, y - width / 2, length, width, corner);
  ctx.fill();
}

function limb(ctx, points, width, colour) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.stroke();
}

function spot(ctx, x, y, radius, colour) {
  ctx.fillStyle = colour;
  disc(ctx, x, y, radius);
}

/** Light around a point, thinner and thinner. */
function glow(ctx, x, y, radius, colour) {
  const light = ctx.createRadialGradient(x, y, 0, x, y, radius);
  light.addColorStop(0, colour);
  light.addColorStop(0.35, `${colour}88`);
  light.addColorStop(1, `${colour}00`);
  spot(ctx, x, y, radius, light);
}

function drawCar(ctx, camera, user, body, side, ink) {
  const front = user.length / 2, half = user.width / 2;
  if (ink.night) for (const y of [half - 0.4, 0.4 - half]) beam(ctx, front, y, ink);
  for (const [x, turn] of [[front - 0.85, user.steering], [0.85 - front, 0]])
    for (const y of [half - 0.05, 0.05 - half]) wheel(ctx, x, y, turn, ink);
  shadow(ctx, camera, ink, 0.35);
  hull(ctx, front, half, 0, body);
  noShadow(ctx);
  ctx.strokeStyle = ink.outline;
  ctx.lineWidth = 0.09;
  ctx.stroke();
  const sheen = ctx.createLinearGradient(0, half, 0, -half);
  sheen.addColorStop(0, "#ffffff38");
  sheen.addColorStop(0.5, "#ffffff00");
  sheen.addColorStop(1, "#00000030");
  hull(ctx, front, half, 0.05, sheen);
  cabin(ctx, front, half, body, ink);
  tails(ctx, front, half, user.acceleration < BRAKING, ink);
  for (const left of [1, -1]) for (const x of [front - 0.32, 0.28 - front]) lamp(ctx, x, left * half * 0.93, side === left, ink);
}

function drawTruck(ctx, camera, user, body, side, ink) {
  const front = user.length / 2, half = user.width / 2, cab = Math.min(2.2, 0.3 * user.length);
  if (ink.night) for (const y of [half - 0.4, 0.4 - half]) beam(ctx, front, y, ink);
  for (const x of [front - 1.1, 1.2 - front, 2.3 - front])
    for (const y of [half, -half]) wheel(ctx, x, y, 0, ink);
  shadow(ctx, camera, ink, 0.8);
  box(ctx, front - cab / 2, 0, cab, 2 * half, [0.1, 0.35, 0.35, 0.1], body);
  box(ctx, -(cab + 0.15) / 2, 0, 2 * front - cab - 0.15, 2 * half, 0.12, ink.cargo);
  noShadow(ctx);
  ctx.strokeStyle = ink.outline;
  ctx.lineWidth = 0.09;
  ctx.stroke();
  for (let x = 0.8 - front; x < front - cab - 0.5; x += 0.9) limb(ctx, [[x, half - 0.15], [x, 0.15 - half]], 0.05, "#00000022");
  box(ctx, front - 0.55, 0, 0.45, 1.7 * half, 0.12, ink.glass);
  tails(ctx, front, half, user.acceleration < BRAKING, ink);
  for (const left of [1, -1]) for (const x of [front - 0.3, 0.28 - front]) lamp(ctx, x, left * half * 0.95, side === left, ink);
}

/** Headlights and tail lights; those shine while it brakes. */
function tails(ctx, front, half, braking, ink) {
  for (const y of [half - 0.38, 0.38 - half]) {
    box(ctx, front - 0.2, y, 0.26, 0.42, 0.1, ink.headlight);
    box(ctx, 0.16 - front, y, braking ? 0.3 : 0.2, braking ? 0.62 : 0.45, 0.08, braking ? ink.brake : ink.tail);
    if (braking) glow(ctx, -front - 0.1, y, 1.1, ink.brake);
  }
}

/** The outline of a car's body, a little narrower in front. */
function hull(ctx, front, half, inset, colour) {
  const f = front - inset, h = half - inset, nose = h * 0.86;
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(-f + 0.35, h);
  ctx.lineTo(f - 1.1, h);
  ctx.bezierCurveTo(f - 0.25, h, f, nose, f, nose * 0.5);
  ctx.lineTo(f, -nose * 0.5);
  ctx.bezierCurveTo(f, -nose, f - 0.25, -h, f - 1.1, -h);
  ctx.lineTo(-f + 0.35, -h);
  ctx.quadraticCurveTo(-f, -h, -f, -h + 0.4);
  ctx.lineTo(-f, h - 0.4);
  ctx.quadraticCurveTo(-f, h, -f + 0.35, h);
  ctx.closePath();
  ctx.fill();
}

/** Windows all around, the roof between them, mirrors and the bonnet's two lines. */
function cabin(ctx, front, half, body, ink) {
  const ahead = front * 0.4, behind = -front * 0.74;
  for (const y of [half + 0.06, -half - 0.06]) box(ctx, ahead - 0.2, y, 0.2, 0.26, 0.08, body);
  ctx.fillStyle = ink.glass;
  ctx.beginPath();
  ctx.moveTo(ahead, half * 0.8);
  ctx.quadraticCurveTo(ahead + 0.24, 0, ahead, -half * 0.8);
  ctx.lineTo(behind + 0.1, -half * 0.78);
  ctx.quadraticCurveTo(behind - 0.12, 0, behind + 0.1, half * 0.78);
  ctx.closePath();
  ctx.fill();
  const roof = (behind + 0.55 + ahead - 0.7) / 2, long = ahead - 0.7 - behind - 0.55;
  box(ctx, roof, 0, long, half * 1.32, 0.24, body);
  box(ctx, roof, 0, long - 0.12, half * 1.32 - 0.12, 0.2, "#ffffff22");
  for (const y of [0.6, -0.6]) limb(ctx, [[ahead - 0.7, y * half], [ahead - 0.08, y * half * 1.24]], 0.07, body); // pillars
  for (const y of [0.5, -0.5]) limb(ctx, [[ahead + 0.4, y * half], [front - 0.45, y * half * 0.84]], 0.05, "#00000026");
}

function wheel(ctx, x, y, turn, ink) {
  ctx.save();
  ctx.translate(x, y);
  ctx.rotate(turn);
  box(ctx, 0, 0, 0.72, 0.28, 0.09, ink.tyre);
  ctx.restore();
}

function lamp(ctx, x, y, lit, ink) {
  if (!lit) return spot(ctx, x, y, 0.11, ink.lamp);
  glow(ctx, x, y, 1.7, ink.signal);
  spot(ctx, x, y, 0.42, ink.outline);
  spot(ctx, x, y, 0.35, ink.signal);
  spot(ctx, x, y, 0.16, ink["signal-heart"]);
}

function beam(ctx, front, y, ink) {
  const light = ctx.createLinearGradient(front, 0, front + 13, 0);
  light.addColorStop(0, ink.beam);
  light.addColorStop(1, `${ink.beam.slice(0, 7)}00`);
  ctx.fillStyle = light;
  ctx.beginPath();
  ctx.moveTo(front - 0.1, y + 0.15);
  ctx.quadraticCurveTo(front + 9, y + 1.6, front + 13, y + 2.6);
  ctx.lineTo(front + 13, y - 2.6);
  ctx.quadraticCurveTo(front + 9, y - 1.6, front - 0.1, y - 0.15);
  ctx.fill();
}

function drawCyclist(ctx, camera, user, jacket, ink) {
  shadow(ctx, camera, ink, 0.3);
  for (const x of [-0.56, 0.56]) box(ctx, x, 0, 0.7, 0.12, 0.06, ink.tyre);
  limb(ctx, [[-0.5, 0], [0.52, 0]], 0.09, ink.frame);
  limb(ctx, [[0.46, 0.32], [0.5, 0], [0.46, -0.32]], 0.08, ink.tyre);
  const turn = user.odometer / 0.9; // [rad] pedals
  for (const side of [1, -1]) {
    const foot = 0.02 + 0.2 * Math.cos(turn) * side;
    limb(ctx, [[-0.22, 0.15 * side], [foot - 0.02, 0.17 * side]], 0.17, ink.trousers);
    box(ctx, foot + 0.06, 0.18 * side, 0.26, 0.12, 0.05, ink.tyre);
  }
  for (const side of [1, -1]) arm(ctx, side, Math.max(user.arm * side, 0), ink);
  box(ctx, -0.12, 0, 0.74, 0.76, 0.28, ink.outline);
  noShadow(ctx);
  box(ctx, -0.12, 0, 0.66, 0.68, 0.25, jacket);
  box(ctx, -0.3, 0, 0.26, 0.5, 0.12, "#00000026");
  spot(ctx, 0.2, 0, 0.23, ink.outline);
  spot(ctx, 0.2, 0, 0.19, ink.helmet);
  for (const y of [0.09, 0, -0.09]) limb(ctx, [[0.1, y], [0.29, y * 0.7]], 0.035, "#ffffff66");
}

/** An arm on the handlebar, or so far ``out`` (0..1) to its side. */
function arm(ctx, side, out, ink) {
  const shoulder = [0.02, 0.25 * side], hand = [mix(0.44, 0.08, out), mix(0.29, 1.42, out) * side];
  if (out > 0.02) {
    limb(ctx, [shoulder, hand], 0.37, ink.outline);
    limb(ctx, [shoulder, hand], 0.27, ink.signal);
    spot(ctx, ...hand, 0.25, ink.outline);
    spot(ctx, ...hand, 0.19, ink.skin);
  } else {
    limb(ctx, [shoulder, [0.26, 0.36 * side], hand], 0.15, ink.sleeve);
    spot(ctx, ...hand, 0.09, ink.skin);
  }
}
