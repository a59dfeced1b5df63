/** A take while it is recorded: on to the shelf with every part of it, and its level to the daemon. */

import { encode, joined, level } from "/samples.js";
import { Timing } from "/timing.js";

const MOST_LEVELS = 400; // that wait while the line is cut: ten seconds
const PATIENCE = 2000; // ms that what was heard before the end may come behind it

export class Taking {
  frames = 0;
  clipped = 0;
  #shelf;
  #line;
  #rate;
  #timing;
  #lost = 0;
  #waiting = []; // parts that are not on the shelf yet
  #shelving = null;
  #stored; // bytes on the shelf
  #levels = [];
  #grown;
  #failed;
  #until = Infinity; // seconds of the clock that it is to last
  #rest = Promise.withResolvers();

  /**
   * @param {object} take as the shelf keeps it
   * @param {() => void} grown called when there is more of it on the shelf
   * @param {(error: Error) => void} failed called when the shelf keeps no more
   */
  constructor(take, shelf, line, grown, failed) {
    this.take = take;
    this.key = take.key;
    this.#shelf = shelf;
    this.#line = line;
    this.#rate = take.rate;
    this.#timing = new Timing(take.rate);
    this.#stored = 0;
    this.#grown = grown;
    this.#failed = failed;
    this.#shelving = shelf.begin(take).then(() => this.#shelve()).catch((error) => this.#fail(error));
  }

  /**
   * A part of it has come.
   * @param {Float32Array} block
   * @param {number} lost frames before it that the device did not give
   * @param {number} at when its end was heard, in seconds of the page's clock
   */
  hear(block, lost, at) {
    if (this.frames) this.#lost += lost; // before the first they are nobody's
    this.frames += block.length;
    this.#timing.take(block.length, at);
    if (this.#timing.isWhole(this.#until)) this.#rest.resolve(true);
    this.#waiting.push(encode(block));
    this.#shelving ??= this.#shelve().catch((error) => this.#fail(error));
    this.#tell(level(block, this.frames / this.#rate));
  }

  /** Return when all has come that was heard until now. */
  async rest() {
    this.#until = Math.min(this.#until, performance.now() / 1000);
    setTimeout(() => this.#rest.resolve(false), PATIENCE);
    if (!(await this.#rest.promise)) this.#timing.giveUp();
  }

  /**
   * Nothing more comes of it.
   * @param {boolean} wanted
   * @param {number} missed frames that the device says it lost meanwhile
   */
  async end(wanted, missed) {
    await this.#shelving;
    const dropped = Math.max(this.#lost + this.#timing.dropped, missed);
    await this.#shelf.end(this.key, { wanted: wanted && this.frames > 0, dropped, late: this.#timing.late });
    this.#grown();
  }

  async #shelve() {
    while (this.#waiting.length) {
      const part = joined(this.#waiting.splice(0));
      await this.#shelf.append(this.key, this.#stored, part);
      this.#stored += part.length;
      this.#grown();
    }
    this.#shelving = null;
  }

  /** What was shelved before stays a take; nothing is added behind a gap, so `#shelving` stays. */
  #fail(error) {
    this.#waiting = [];
    this.#failed(error);
  }

  #tell(heard) {
    this.clipped += heard.clipped;
    this.#levels = [...this.#levels, heard].slice(-MOST_LEVELS);
    if (this.#line.isBusy) return;
    this.#line.say({ levels: { key: this.key, levels: this.#levels } });
    this.#levels = [];
  }
}
