/** Sounds that come in blocks, played without gaps; runs where sound is rendered. */

const AHEAD = 0.1; // seconds that are here before a sound begins, so that a late block is not missed

class Ring extends AudioWorkletProcessor {
  constructor() {
    super();
    this.forget();
    this.port.onmessage = ({ data }) => this.obey(data);
  }

  forget() {
    this.blocks = [];
    this.at = 0; // frames of the first block that were played
    this.waiting = 0; // frames of all
    this.whole = false; // nothing more comes
    this.playing = false;
  }

  obey({ block, end, quiet }) {
    if (quiet) this.forget();
    if (block) {
      if (this.whole && !this.waiting) this.forget(); // another sound
      this.blocks.push(block);
      this.waiting += block.length;
    }
    if (end) this.whole = true;
  }

  process(_, [[channel]]) {
    if (!this.playing) this.playing = this.waiting >= AHEAD * sampleRate || this.whole;
    if (!this.playing) return true;
    let filled = 0;
    while (filled < channel.length && this.blocks.length) {
      const part = this.blocks[0].subarray(this.at, this.at + channel.length - filled);
      channel.set(part, filled);
      filled += part.length;
      this.at += part.length;
      this.waiting -= part.length;
      if (this.at === this.blocks[0].length) {
        this.blocks.shift();
        this.at = 0;
      }
    }
    if (filled < channel.length) {
      this.port.postMessage({ silent: true });
      this.forget(); // what comes later begins anew, with some in advance
    }
    return true;
  }
}

registerProcessor("ring", Ring);
