/** Chunks of sound of any length, cut into blocks of one length. */

export class Blocks {
  #block;
  #filled = 0;
  #lost = 0; // frames, before the block that is being filled
  #rate;
  #handOn;

  /**
   * @param {number} frames of each block
   * @param {number} rate Hz
   * @param {(block: Float32Array, lost: number, at: number) => void} handOn as `add` is called
   */
  constructor(frames, rate, handOn) {
    this.#block = new Float32Array(frames);
    this.#rate = rate;
    this.#handOn = handOn;
  }

  /**
   * @param {Float32Array} chunk
   * @param {number} lost frames before it that the device did not give
   * @param {number} at when its end was heard, in seconds
   */
  add(chunk, lost, at) {
    this.#lost += lost;
    let taken = 0;
    while (taken < chunk.length) {
      const part = chunk.subarray(taken, taken + this.#block.length - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === this.#block.length) this.#emit(at - (chunk.length - taken) / this.#rate);
    }
  }

  #emit(at) {
    const [block, lost] = [this.#block, this.#lost];
    this.#block = new Float32Array(block.length);
    this.#filled = 0;
    this.#lost = 0;
    this.#handOn(block, lost, at);
  }
}
