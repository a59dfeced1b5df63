/** The microphone's samples, handed on in parts of one level each; runs where sound is rendered. */

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions: { frames } }) {
    super();
    this.block = new Float32Array(frames);
    this.filled = 0;
    this.lost = 0; // frames, since the last part was handed on
    this.next = null; // frame that is due
    this.port.onmessage = () => this.handOn(true); // a take ends: what there is, at once
  }

  process([input]) {
    const channel = input[0];
    const frames = channel ? channel.length : 128;
    if (this.next !== null && currentFrame > this.next) this.lost += currentFrame - this.next;
    this.next = currentFrame + frames;
    if (channel) this.take(channel);
    else this.lost += frames;
    return true;
  }

  take(channel) {
    let taken = 0;
    while (taken < channel.length) {
      const room = this.block.length - this.filled;
      const part = channel.subarray(taken, taken + room);
      this.block.set(part, this.filled);
      this.filled += part.length;
      taken += part.length;
      if (this.filled === this.block.length) this.handOn(false);
    }
  }

  handOn(last) {
    const block = this.block.slice(0, this.filled);
    this.port.postMessage({ block, lost: this.lost, last }, [block.buffer]);
    this.filled = 0;
    this.lost = 0;
  }
}

registerProcessor("capture", Capture);
