/** Sends takes from the shelf until the daemon has made takes of them; only then they are removed. */

import { CutError } from "/line.js";
import { fromHexadecimal, hexadecimal, joined, sha256 } from "/samples.js";

const SMALLEST = 16 * 1024; // bytes of a piece; 0.1 s at 48 kHz
const LARGEST = 128 * 1024;
const QUICK = 200; // ms for a piece, below which the next is twice as long
const SLOW = 1000; // ms above which it is half as long
const PATIENCE = 10000; // ms before what was refused is tried again

export class Sender {
  problem = ""; // why the last take was refused
  #line;
  #shelf;
  #oursOf;
  #refusals = new Set(); // keys of takes that are not tried for a while
  #changed;
  #woken = () => {};
  #more = Promise.resolve();
  #piece = SMALLEST;

  /**
   * @param {(takes: object[]) => Promise<object[]>} oursOf those of some takes that this tab sends
   * @param {() => void} changed called when there are more or fewer takes
   */
  constructor(line, shelf, oursOf, changed) {
    this.#line = line;
    this.#shelf = shelf;
    this.#oursOf = oursOf;
    this.#changed = changed;
    line.addEventListener("state", () => this.wake());
  }

  /** There is more to send, or somebody to send it to. */
  wake() {
    this.#woken();
  }

  /** Send for ever. */
  async run() {
    for (;;) {
      this.#listen();
      const take = this.#line.isHere ? await this.#next() : null;
      if (!take) {
        await this.#more;
        continue;
      }
      try {
        await this.#send(take);
        this.#refusals.delete(take.key);
        if (!this.#refusals.size) this.problem = "";
      } catch (error) {
        if (!(error instanceof CutError)) this.#refused(take, error);
      }
      this.#changed();
    }
  }

  #listen() {
    this.#more = new Promise((woken) => (this.#woken = woken));
  }

  /** What is being recorded goes first: somebody waits for it. */
  async #next() {
    const takes = (await this.#shelf.takes()).filter((take) => take.place === this.#line.place);
    const ours = (await this.#oursOf(takes)).filter((take) => !this.#refusals.has(take.key));
    return ours.find((take) => !take.end) ?? ours[0];
  }

  #refused({ key }, error) {
    if (error.code === "gap") return; // it is asked anew where to go on
    this.problem = error.message;
    this.#refusals.add(key);
    setTimeout(() => {
      this.#refusals.delete(key);
      this.wake();
    }, PATIENCE);
  }

  async #send(take) {
    const { key } = take;
    // Of one that had ended, perhaps only the answer was lost; nobody sends it twice.
    if (take.end?.wanted && (await this.#isStored(take))) return;
    if (!take.end || take.end.wanted) await this.#sendPieces(take);
    const kept = await this.#shelf.take(key);
    if (!kept) return; // another tab was quicker with what a third had left
    const { end } = kept;
    if (end.wanted) await this.#end(take, end);
    else await this.#line.ask({ drop: { key } }, "dropped", key);
    await this.#shelf.remove(key);
  }

  async #isStored(take) {
    try {
      await this.#end(take, take.end);
    } catch (error) {
      if (error instanceof CutError) throw error;
      return false; // something is missing: it is said where to go on when it begins
    }
    await this.#shelf.remove(take.key);
    return true;
  }

  async #sendPieces({ key, speaker, prompt, rate, name }) {
    const begun = await this.#line.ask({ begin: { key, speaker, prompt, rate, name } }, "begun", key);
    let { offset } = begun;
    for (;;) {
      this.#listen();
      const kept = await this.#shelf.take(key); // before the piece: then all that it ended with is here
      if (!kept || (kept.end && !kept.end.wanted)) return;
      const { end } = kept;
      const piece = await this.#shelf.read(key, offset, this.#piece);
      if (piece.length >= SMALLEST || (end && piece.length)) offset = await this.#store(key, offset, piece);
      else if (end) return;
      else await this.#more;
      if (!this.#line.isHere) throw new CutError();
    }
  }

  async #store(key, offset, piece) {
    const began = performance.now();
    const header = new DataView(new ArrayBuffer(8));
    header.setBigUint64(0, BigInt(offset));
    const parts = [fromHexadecimal(key), new Uint8Array(header.buffer), await sha256(piece), piece];
    const stored = await this.#line.ask(joined(parts), "stored", key);
    const took = performance.now() - began;
    if (took < QUICK) this.#piece = Math.min(LARGEST, 2 * this.#piece);
    else if (took > SLOW) this.#piece = Math.max(SMALLEST, this.#piece / 2);
    return stored.offset;
  }

  async #end({ key }, { dropped = 0, late = 0 }) {
    const whole = await this.#shelf.read(key, 0);
    const digest = hexadecimal(await sha256(whole));
    const end = { key, bytes: whole.length, sha256: digest, dropped, late };
    await this.#line.ask({ end }, "ended", key);
  }
}
