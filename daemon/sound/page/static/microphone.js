/** The browser's microphone, without anything that browsers do to speech. */

import { Blocks } from "/blocks.js";
import { openSource } from "/source.js";

const INTERVAL = 0.025; // seconds of one block
const WANTED_RATE = 48000; // Hz
const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/**
 * Fires "block" with {block, lost, at} for each block, see `Blocks`, "state" when it falls
 * asleep or wakes, and "gone" when the device went away.
 */
export class Microphone extends EventTarget {
  ownRate = 0; // Hz that the device says it has; 0: it does not say
  id = "";
  name = "";
  #stream = null;
  #source = null;
  #blocks = null;

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
    this.#source = await openSource(
      this.#stream,
      this.ownRate || WANTED_RATE,
      (...heard) => this.#blocks?.add(...heard),
      () => this.dispatchEvent(new Event("state")),
    );
    this.#blocks = new Blocks(Math.round(this.rate * INTERVAL), this.rate, (block, lost, at) =>
      this.dispatchEvent(new CustomEvent("block", { detail: { block, lost, at } })),
    );
    track.onended = () => this.dispatchEvent(new Event("gone"));
  }

  /** Hz that the blocks have. */
  get rate() {
    return this.#source.rate;
  }

  /** Whether sound comes: browsers may wait for a click. */
  get isAwake() {
    return this.#source.isAwake;
  }

  /** Have sound, as soon as the browser allows it. */
  wake() {
    this.#source.wake();
  }

  /** Frames that the browser says the device has lost so far; 0 where it does not say. */
  get missed() {
    const stats = this.#stream.getAudioTracks()[0].stats;
    return stats ? Math.max(0, stats.totalFrames - stats.deliveredFrames) : 0;
  }

  close() {
    for (const track of this.#stream.getTracks()) track.stop();
    this.#source.close();
  }
}
