/** The browser's microphone, without anything that browsers do to speech. */

const INTERVAL = 0.025; // seconds of one part
const WANTED_RATE = 48000; // Hz
const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/**
 * Fires "block" with {block, lost, last} for each part, "state" when it falls
 * asleep or wakes, and "gone" when the device went away.
 */
export class Microphone extends EventTarget {
  rate = 0; // Hz that the parts have
  ownRate = 0; // Hz that the device says it has; 0: it does not say
  id = "";
  name = "";
  #context = null;
  #stream = null;
  #worklet = null;

  /** Microphones that there are: [{id, name}]; without names before one was allowed. */
  static async list() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    const microphones = devices.filter((device) => device.kind === "audioinput" && device.deviceId);
    return microphones.map(({ deviceId, label }) => ({ id: deviceId, name: label }));
  }

  /** Whether it may be opened without asking the user. */
  static async isAllowed() {
    try {
      return (await navigator.permissions.query({ name: "microphone" })).state === "granted";
    } catch (error) {
      if (error instanceof TypeError) return false; // a browser that does not tell
      throw error;
    }
  }

  /**
   * Open a microphone.
   * @param {string} id one of the list's; "" is the browser's choice
   */
  static async open(id) {
    const microphone = new Microphone();
    const audio = { ...PLAIN, channelCount: { ideal: 1 }, sampleRate: { ideal: WANTED_RATE } };
    if (id) audio.deviceId = { exact: id };
    microphone.#stream = await navigator.mediaDevices.getUserMedia({ audio });
    await microphone.#listen();
    return microphone;
  }

  async #listen() {
    const [track] = this.#stream.getAudioTracks();
    const settings = track.getSettings();
    this.name = track.label;
    this.id = settings.deviceId ?? "";
    this.ownRate = settings.sampleRate ?? 0;
    const context = this.#make();
    this.rate = context.sampleRate;
    await context.audioWorklet.addModule("/capture.js");
    this.#worklet = new AudioWorkletNode(context, "capture", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: { frames: Math.round(this.rate * INTERVAL) },
    });
    this.#worklet.port.onmessage = ({ data }) =>
      this.dispatchEvent(new CustomEvent("block", { detail: data }));
    context.createMediaStreamSource(this.#stream).connect(this.#worklet);
    context.onstatechange = () => this.dispatchEvent(new Event("state"));
    track.onended = () => this.dispatchEvent(new Event("gone"));
  }

  /** A context at the device's own rate, so that nobody resamples; at the browser's where it must be. */
  #make() {
    const options = { latencyHint: "interactive", sampleRate: this.ownRate || WANTED_RATE };
    this.#context = new AudioContext(options);
    try {
      this.#context.createMediaStreamSource(this.#stream).disconnect();
    } catch (error) {
      if (error.name !== "NotSupportedError") throw error;
      this.#context.close(); // Firefox: a stream has the rate of its context
      this.#context = new AudioContext({ latencyHint: "interactive" });
    }
    return this.#context;
  }

  /** Whether sound comes: browsers wait for a click. */
  get isAwake() {
    return this.#context.state === "running";
  }

  /** Have sound, as soon as the browser allows it. */
  wake() {
    this.#context.resume();
  }

  /** Frames that the browser says the device has lost so far; 0 where it does not say. */
  get missed() {
    const stats = this.#stream.getAudioTracks()[0].stats;
    return stats ? Math.max(0, stats.totalFrames - stats.deliveredFrames) : 0;
  }

  /** Have the part that is not whole yet at once, marked as the last. */
  flush() {
    this.#worklet.port.postMessage("flush");
  }

  close() {
    for (const track of this.#stream.getTracks()) track.stop();
    this.#context.close();
  }
}
