/**
 * Two ways to the samples of a microphone's track.
 *
 * Both call `hear(chunk, lost, at)` with each chunk of samples, the frames known to be lost before
 * it, and when its end was heard, in seconds of the page's clock; and `changed()` when they fall
 * asleep or wake.
 */

const QUEUE = 1000; // chunks that wait for a page which is held up: ten seconds and more
const CHUNK = 512; // frames of a chunk that is rendered
const DRIFT = 0.001; // seconds a second by which two clocks may differ; those of sound cards by less

/** The way that this browser has. */
export function openSource(stream, rate, hear, changed) {
  const kind = "MediaStreamTrackProcessor" in globalThis ? TrackSource : RenderedSource;
  return kind.open(stream, rate, hear, changed);
}

/**
 * What the track itself gives, where a browser lets a page have that: it waits in a queue until it
 * is read, so that nothing is lost where the machine is busy. Rendered sound is.
 */
class TrackSource {
  rate; // Hz
  isAwake = true; // without a click, too
  #behind = Infinity; // seconds from the track's clock to the page's, with the least delay of late
  #reader;
  #hear;

  static async open(stream, _rate, hear) {
    const [track] = stream.getAudioTracks();
    const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: QUEUE });
    const reader = readable.getReader();
    const { value: first } = await reader.read(); // it alone says what rate there is
    if (!first) throw new DOMException("the microphone ended at once", "NotReadableError");
    return new TrackSource(reader, first, hear);
  }

  constructor(reader, first, hear) {
    this.rate = first.sampleRate;
    this.#reader = reader;
    this.#hear = hear;
    first.close();
    this.#read();
  }

  /** There is nothing to wait for. */
  wake() {}

  close() {
    this.#reader.cancel();
  }

  async #read() {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) return;
      const chunk = mixed(value);
      const end = value.timestamp / 1e6 + chunk.length / this.rate;
      value.close();
      this.#behind = Math.min(this.#behind + (DRIFT * chunk.length) / this.rate, now() - end);
      this.#hear(chunk, 0, end + this.#behind);
    }
  }
}

/** Seconds of the page's clock. */
function now() {
  return performance.now() / 1000;
}

/** The mean of all channels: a microphone of one is given as two that are the same. */
function mixed(data) {
  const sum = new Float32Array(data.numberOfFrames);
  const channel = new Float32Array(data.numberOfFrames);
  for (let planeIndex = 0; planeIndex < data.numberOfChannels; planeIndex += 1) {
    data.copyTo(channel, { planeIndex, format: "f32-planar" });
    channel.forEach((value, at) => (sum[at] += value / data.numberOfChannels));
  }
  return sum;
}

/** What is rendered of it, by the clock of the loudspeaker. */
class RenderedSource {
  #context;

  static async open(stream, rate, hear, changed) {
    const context = contextFor(stream, rate);
    await context.audioWorklet.addModule("/capture.js");
    const worklet = new AudioWorkletNode(context, "capture", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: { frames: CHUNK },
    });
    worklet.port.onmessage = ({ data: { chunk, lost } }) => hear(chunk, lost, now());
    context.createMediaStreamSource(stream).connect(worklet);
    context.onstatechange = changed;
    return new RenderedSource(context);
  }

  constructor(context) {
    this.#context = context;
  }

  get rate() {
    return this.#context.sampleRate;
  }

  /** Whether sound comes: browsers wait for a click. */
  get isAwake() {
    return this.#context.state === "running";
  }

  /** Have sound, as soon as the browser allows it. */
  wake() {
    this.#context.resume();
  }

  close() {
    this.#context.close();
  }
}

/** A context at the device's own rate, so that nobody resamples; at the browser's where it must be. */
function contextFor(stream, sampleRate) {
  const context = new AudioContext({ latencyHint: "interactive", sampleRate });
  try {
    context.createMediaStreamSource(stream).disconnect();
    return context;
  } catch (error) {
    if (error.name !== "NotSupportedError") throw error;
    context.close(); // Firefox: a stream has the rate of its context
    return new AudioContext({ latencyHint: "interactive" });
  }
}
