/**
 * Which frames a device lost, told from when its blocks came.
 *
 * A device that leaves frames out says nothing, but from then on the count of frames is behind the
 * clock; a block that is merely late makes it so for a moment only. So what counts is the smallest
 * arrears of each window of time: a jump from one window to the next is a loss, unless what was
 * missed comes after all. Sound cards whose clock is a little slow grow arrears too, but never by
 * jumps.
 */

const WINDOW = 1; // seconds whose smallest arrears are compared
const JUMP = 0.01; // seconds more than in the window before are a loss
const LATE = 0.06; // seconds after which a block that comes behind its time counts as late

export class Timing {
  dropped = 0; // frames
  late = 0; // blocks
  #rate;
  #frames = 0;
  #began = null;
  #arrears = 0; // seconds, of the latest block
  #usual = Infinity; // seconds of arrears in the window before
  #least = Infinity; // seconds of arrears in this window
  #windowEnds = 0;

  /** @param {number} rate Hz */
  constructor(rate) {
    this.#rate = rate;
  }

  /**
   * A block has come.
   * @param {number} frames how many it has
   * @param {number} at when its end was heard, in seconds of a steady clock
   */
  take(frames, at) {
    if (this.#began === null) {
      this.#began = at - frames / this.#rate;
      this.#windowEnds = at + WINDOW;
    } else if (at >= this.#windowEnds) {
      this.#judge();
      this.#windowEnds = at + WINDOW;
    }
    this.#frames += frames;
    this.#arrears = at - this.#began - this.#frames / this.#rate;
    this.#least = Math.min(this.#least, this.#arrears);
    if (this.#arrears > this.#expected + LATE) this.late += 1;
  }

  /**
   * Whether all has come that was heard until a moment.
   * @param {number} until in seconds of the clock
   */
  isWhole(until) {
    const heardUntil = this.#began + this.#frames / this.#rate + this.#expected;
    return this.#began !== null && heardUntil >= until && this.#arrears <= this.#expected + JUMP;
  }

  /** What has not come by now is lost. */
  giveUp() {
    const lost = this.#arrears - this.#expected;
    if (lost > JUMP) this.#lose(lost);
  }

  /** Seconds of arrears that a block has if nothing is missing before it. */
  get #expected() {
    return Math.min(this.#usual, this.#least);
  }

  #judge() {
    const lost = this.#least - this.#usual;
    if (this.#usual < Infinity && Math.abs(lost) > JUMP) this.#lose(lost);
    this.#usual = this.#least;
    this.#least = Infinity;
  }

  #lose(seconds) {
    this.dropped = Math.max(0, this.dropped + Math.round(seconds * this.#rate));
  }
}
