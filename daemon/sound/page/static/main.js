/** The tab: a microphone and a loudspeaker for whoever sits at the daemon. */

import { Line } from "/line.js";
import { Loudspeaker } from "/loudspeaker.js";
import { Meter } from "/meter.js";
import { Microphone } from "/microphone.js";
import { level } from "/samples.js";
import { label, offer, parts, show } from "/screen.js";
import { Sender } from "/sending.js";
import { Shelf } from "/shelf.js";
import { Taking } from "/taking.js";
import { wordsOf } from "/words.js";

const SECRET = "secret"; // what lets this tab in again, of the session's storage
const TAB = "tab"; // this tab's name for itself, of the session's storage
const VOLUME = "volume"; // of the local storage
const CHOSEN = "microphone"; // of the local storage
const RELOADED = 1500; // ms that the page before may still hold this tab's name

const words = wordsOf(navigator.language);
const meter = new Meter(parts);
const loudspeaker = new Loudspeaker(Number(localStorage.getItem(VOLUME) ?? 1), () => offerOurselves());
let microphone = null;
let problem = ""; // with the microphone
let taking = null; // what is recorded
let ending = null; // {"wanted"}: how it is to end
let missedBefore = 0; // frames, when it began
let counts = { kept: 0, foreign: 0 };
let offered = null; // what this tab said last that it is

const tab = await ownName();
const line = new Line(greeting(), (secret) => sessionStorage.setItem(SECRET, secret));
const shelf = await Shelf.open().catch(() => null); // private windows of some browsers have none
const sender = shelf && new Sender(line, shelf, oursOf, count);

/** A name that no other tab has: a tab that was duplicated brings that of the first along. */
async function ownName() {
  const before = sessionStorage.getItem(TAB);
  const name = before && (await held(before)) ? before : crypto.randomUUID();
  if (name !== before) await held(name);
  sessionStorage.setItem(TAB, name);
  return name;
}

/** Hold a name for as long as the page lives; whether nobody else does. */
function held(name) {
  return new Promise((done) => {
    const whileAlive = () => (done(true), new Promise(() => {}));
    navigator.locks.request(name, { signal: AbortSignal.timeout(RELOADED) }, whileAlive).catch(() => done(false));
  });
}

/** The takes that this tab sends: its own, and those of tabs that are gone. */
async function oursOf(takes) {
  const { held: locks } = await navigator.locks.query();
  const living = new Set(locks.map((lock) => lock.name));
  return takes.filter((take) => take.tab === tab || !living.has(take.tab));
}

/** What lets us in: what stands behind the address's "#" once, and the secret given for it. */
function greeting() {
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  return { token, secret: sessionStorage.getItem(SECRET) ?? "" };
}

async function count() {
  const takes = await shelf.takes();
  const waiting = takes.filter((take) => take.key !== taking?.key && take.end?.wanted !== false);
  const foreign = line.place ? waiting.filter((take) => take.place !== line.place).length : 0;
  counts = { kept: waiting.length - foreign, foreign };
  draw();
}

function draw() {
  show(
    {
      line: line.state, why: line.why, microphone: shelf ? readiness() : "noShelf",
      take: taking?.take ?? null, seconds: taking ? taking.frames / taking.take.rate : 0,
      clipped: Boolean(taking?.clipped), ...counts, problem: sender?.problem ?? "",
      rates: microphone && { rate: microphone.rate, own: microphone.ownRate },
    },
    words,
  );
}

function readiness() {
  if (!microphone) return problem;
  return microphone.isAwake && loudspeaker.isAwake ? "awake" : "asleep";
}

/** Say what this tab is, whenever that changes. */
function offerOurselves() {
  const hears = Boolean(microphone?.isAwake);
  const name = [browser(), microphone?.name].filter(Boolean).join(", ").slice(0, 200);
  const device = { id: tab, name, rate: microphone?.rate ?? 0, microphone: hears, loudspeaker: loudspeaker.isAwake };
  if (line.isHere && JSON.stringify(device) !== JSON.stringify(offered)) {
    line.say({ device });
    offered = device;
  }
  draw();
}

function browser() {
  const known = [["Firefox/", "Firefox"], ["Edg/", "Edge"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]];
  return known.find(([sign]) => navigator.userAgent.includes(sign))?.[1] ?? "Browser";
}

async function open(id) {
  if (taking) return;
  microphone?.close();
  microphone = null;
  try {
    use(await Microphone.open(id));
    problem = "";
  } catch (error) {
    if (error.name === "OverconstrainedError" && id) return open(""); // it was unplugged
    problem = { NotAllowedError: "denied", NotFoundError: "none" }[error.name] ?? "busy";
    console.error(error);
  }
  offer(await Microphone.list(), microphone?.id, words);
  offerOurselves();
}

function use(opened) {
  microphone = opened;
  microphone.addEventListener("block", ({ detail }) => hear(detail));
  microphone.addEventListener("state", offerOurselves);
  microphone.addEventListener("gone", async () => {
    await finish({ wanted: true });
    microphone = null;
    meter.clear();
    problem = "none";
    offerOurselves();
  });
}

function hear({ block, lost, at }) {
  meter.show(level(block, 0), taking !== null);
  taking?.hear(block, lost, at);
  if (taking) draw();
}

function obey(order) {
  if (order.record) record(order.record);
  else if (order.stop) stop(order.stop.key, true);
  else if (order.cancel) stop(order.cancel.key, false);
  else if (order.pcm !== undefined) loudspeaker.play(order);
  else if (order.play_end) loudspeaker.end(order.play_end.sound);
  else if (order.quiet) loudspeaker.quiet(order.quiet.sound);
}

function record(order) {
  if (!microphone?.isAwake || taking) {
    line.say({ trouble: { key: order.key, error: "the tab cannot record now", fix: "look at its page" } });
    return;
  }
  const { rate, name } = microphone;
  const take = { ...order, rate, name: name.slice(0, 200), place: line.place, tab, made: Date.now(), end: null };
  missedBefore = microphone.missed;
  taking = new Taking(take, shelf, line, () => sender.wake(), (error) => fail(order.key, error));
  draw();
}

function fail(key, error) {
  line.say({ trouble: { key, error: `the browser keeps no more: ${error.message}`.slice(0, 200), fix: "make room" } });
  if (taking?.key === key) finish({ wanted: true });
}

async function stop(key, wanted) {
  if (taking?.key === key) {
    const ended = taking;
    ending = { wanted };
    await ended.rest();
    if (taking === ended) await finish(ending);
  } else if (!(await shelf.take(key))) {
    // perhaps the order never came: whoever waits for the take learns so
    line.say({ trouble: { key, error: "the tab has no such take", fix: "record it again" } });
  }
}

async function finish({ wanted }) {
  if (!taking) return;
  const ended = taking;
  taking = ending = null;
  await ended.end(wanted, microphone.missed - missedBefore);
  await count();
}

async function wake() {
  if (!microphone) await open(localStorage.getItem(CHOSEN) ?? "");
  microphone?.wake();
  await loudspeaker.wake();
  navigator.storage.persist?.(); // takes that wait are not to be cleared away
  offerOurselves();
}

/** What the page before left: takes that were never ended have what they have. */
async function goOn() {
  for (const take of await oursOf(await shelf.takes()))
    if (!take.end) await shelf.end(take.key, { wanted: (await shelf.size(take.key)) > 0, dropped: 0, late: 0 });
  await count();
  sender.run();
}

label(words);
parts.volume.value = loudspeaker.volume;
parts.allow.onclick = wake;
addEventListener("pointerdown", () => {
  if (microphone && readiness() === "asleep") wake(); // browsers wait for a click, anywhere
});
parts.test.onclick = async () => {
  await wake();
  await loudspeaker.test();
};
parts.volume.oninput = () => {
  loudspeaker.volume = Number(parts.volume.value);
  localStorage.setItem(VOLUME, parts.volume.value);
};
parts.microphones.onchange = () => {
  localStorage.setItem(CHOSEN, parts.microphones.value);
  open(parts.microphones.value);
};
line.addEventListener("state", () => {
  if (!line.isHere) offered = null;
  offerOurselves();
  if (shelf) count();
  draw();
});
line.addEventListener("told", ({ detail }) => obey(detail));
addEventListener("hashchange", () => line.dial(greeting())); // a new link in the same tab
addEventListener("beforeunload", (event) => {
  if (taking || counts.kept) event.preventDefault();
});
globalThis.yinfang = { line, loudspeaker, shelf }; // for tests
if (shelf) await goOn();
draw();
line.dial();
navigator.mediaDevices.addEventListener("devicechange", async () =>
  offer(await Microphone.list(), microphone?.id, words),
);
if (shelf && (await Microphone.isAllowed())) await wake();
