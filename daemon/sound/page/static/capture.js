/** What is rendered, in chunks of some quanta each; runs where sound is rendered. */

class Capture extends AudioWorkletProcessor {
  constructor({ processorOptions: { frames } }) {
    super();
    this.chunk = new Float32Array(frames);
    this.filled = 0;
    this.lost = 0; // frames, since the last chunk was handed on
    this.next = null; // frame that is due
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
    this.chunk.set(channel, this.filled);
    this.filled += channel.length;
    if (this.filled + channel.length > this.chunk.length) this.handOn();
  }

  handOn() {
    const chunk = this.chunk.slice(0, this.filled);
    this.port.postMessage({ chunk, lost: this.lost }, [chunk.buffer]);
    this.filled = 0;
    this.lost = 0;
  }
}

registerProcessor("capture", Capture);
