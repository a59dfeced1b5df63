/**
 * The socket to the daemon, which heals: a new one is dialled whenever it breaks.
 *
 * Fires "state" when `state` has changed, and "told" with each message that answers nobody's question.
 */

const FIRST_WAIT = 250; // ms before dialling again, doubled each time
const LONGEST_WAIT = 5000; // ms
const PING = 5000; // ms between looks whether the daemon is still there
const SILENCE = 12000; // ms without a word, after which the line is given up
const REFUSED = 4401; // code that a socket is closed with when we may not speak
const MOST_BUFFERED = 64 * 1024; // bytes that wait in the socket; then levels wait for their turn

/** The line broke before an answer came. */
export class CutError extends Error {}

/** The daemon does not do what it was asked; `code` says why. */
export class RefusedError extends Error {
  constructor({ code, message, fix }) {
    super(fix ? `${message}: ${fix}` : message);
    this.code = code;
  }
}

export class Line extends EventTarget {
  state = "connecting"; // or "here", "away", "refused"
  why = ""; // it was refused
  place = ""; // of the daemon: what tells one workspace from another
  #greeting;
  #remember;
  #socket = null;
  #wait = FIRST_WAIT;
  #timer = 0;
  #heard = 0; // ms of the page's clock
  #questions = [];

  /**
   * @param {{token?: string, secret?: string}} greeting what lets us in
   * @param {(secret: string) => void} remember is told what lets us in the next time
   */
  constructor(greeting, remember) {
    super();
    this.#greeting = greeting;
    this.#remember = remember;
    setInterval(() => this.#look(), PING);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => this.#hurry());
  }

  /** Begin, or begin anew with another greeting. */
  dial(greeting = this.#greeting) {
    this.#greeting = greeting;
    this.#forget();
    clearTimeout(this.#timer);
    const socket = new WebSocket(`ws://${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ hello: this.#greeting }));
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#broken(code, reason);
    this.#socket = socket;
    this.#heard = performance.now();
  }

  get isHere() {
    return this.state === "here";
  }

  /** Whether something that is better late than never should wait. */
  get isBusy() {
    return !this.isHere || this.#socket.bufferedAmount > MOST_BUFFERED;
  }

  /** Say something, if there is somebody to hear it. */
  say(message) {
    if (this.isHere) this.#socket.send(JSON.stringify(message));
  }

  /**
   * Say something of a take that is answered.
   * @param {object | Uint8Array} message
   * @param {string} wanted name of the answer
   * @returns {Promise<object>} rejects with a CutError or a RefusedError
   */
  ask(message, wanted, key) {
    if (!this.isHere) return Promise.reject(new CutError());
    const answered = new Promise((done, failed) => this.#questions.push({ wanted, key, done, failed }));
    this.#socket.send(message instanceof Uint8Array ? message : JSON.stringify(message));
    return answered;
  }

  #hear(message) {
    this.#heard = performance.now();
    const [[name, content]] = Object.entries(message);
    if (name === "welcome") this.#welcome(content);
    else if (name === "refused") this.#answer(content.key, (asked) => asked.failed(new RefusedError(content)));
    else if (!this.#answer(content.key, (asked) => asked.done(content), name) && name !== "pong")
      this.dispatchEvent(new CustomEvent("told", { detail: message }));
  }

  #welcome({ secret, place }) {
    this.place = place;
    this.#greeting = { secret };
    this.#remember(secret);
    this.#wait = FIRST_WAIT;
    this.#become("here");
  }

  #answer(key, how, name = null) {
    const at = this.#questions.findIndex((each) => each.key === key && (!name || each.wanted === name));
    if (at < 0) return false;
    how(...this.#questions.splice(at, 1));
    return true;
  }

  #broken(code, reason) {
    this.#forget();
    if (code === REFUSED) {
      this.why = reason;
      this.#become("refused");
      return;
    }
    this.#become("away");
    this.#timer = setTimeout(() => this.dial(), this.#wait * (1 - 0.25 * Math.random()));
    this.#wait = Math.min(LONGEST_WAIT, 2 * this.#wait);
  }

  #forget() {
    if (this.#socket) {
      for (const on of ["onopen", "onmessage", "onclose"]) this.#socket[on] = null;
      this.#socket.close();
      this.#socket = null;
    }
    const questions = this.#questions;
    this.#questions = [];
    for (const asked of questions) asked.failed(new CutError());
  }

  #look() {
    if (!this.#socket) return;
    if (performance.now() - this.#heard > SILENCE) this.#broken(0, "");
    else this.say({ ping: {} });
  }

  #hurry() {
    if (this.state === "away" && !this.#socket) this.dial();
  }

  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
