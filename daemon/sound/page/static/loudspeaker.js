/** Sounds that come from the daemon block by block, and the one that tests the loudspeaker. */

import { decode } from "/samples.js";

const MOST_SILENCED = 50; // sounds that are remembered as not wanted
const TEST_TONES = [523.25, 659.26, 783.99]; // Hz
const TEST_STEP = 0.18; // seconds from one to the next
const TEST_LEVEL = 0.2;

export class Loudspeaker {
  #volume;
  #outputs = new Map(); // by rate: what plays it, made once
  #silenced = new Set();
  #contexts = [];
  #changed;

  /**
   * @param {number} volume from 0 to 1
   * @param {() => void} changed called when it falls asleep or wakes
   */
  constructor(volume, changed) {
    this.#volume = volume;
    this.#changed = changed;
  }

  /** Whether anything can be heard: browsers wait for a click. */
  get isAwake() {
    return this.#contexts.length > 0 && this.#contexts.every((context) => context.state === "running");
  }

  get volume() {
    return this.#volume;
  }

  set volume(volume) {
    this.#volume = volume;
    for (const output of this.#outputs.values()) output.then(({ gain }) => (gain.gain.value = volume));
  }

  /** A piece of a sound: s16le in base64, `rate` in Hz. */
  play({ pcm, sound, rate }) {
    if (this.#silenced.has(sound)) return;
    const block = decode(Uint8Array.from(atob(pcm), (letter) => letter.charCodeAt(0)));
    const output = this.#outputs.get(rate) ?? this.#open(rate);
    output.then((each) => {
      each.sound = sound;
      each.ring.port.postMessage({ block }, [block.buffer]);
    });
  }

  /** Nothing more comes of a sound. */
  end(sound) {
    this.#tell(sound, { end: true });
  }

  /** Be silent at once, and for the rest of a sound. */
  quiet(sound) {
    this.#silenced = new Set([...this.#silenced, sound].slice(-MOST_SILENCED));
    this.#tell(sound, { quiet: true });
  }

  /** Play three tones. */
  async test() {
    const { context, gain } = await (this.#outputs.get(48000) ?? this.#open(48000));
    TEST_TONES.forEach((hertz, number) => {
      const begin = context.currentTime + 0.05 + number * TEST_STEP;
      const tone = new OscillatorNode(context, { frequency: hertz });
      const shape = new GainNode(context, { gain: 0 });
      shape.gain.setTargetAtTime(TEST_LEVEL, begin, 0.01);
      shape.gain.setTargetAtTime(0, begin + TEST_STEP, 0.12);
      tone.connect(shape).connect(gain);
      tone.start(begin);
      tone.stop(begin + 1);
    });
  }

  /** Have sound, as soon as the browser allows it. */
  async wake() {
    await (this.#outputs.get(48000) ?? this.#open(48000));
    for (const context of this.#contexts) context.resume();
  }

  /** Have somebody else hear, too, what is played at a rate: `hear` gets the context and its last node. */
  async listen(rate, hear) {
    const { context, gain } = await (this.#outputs.get(rate) ?? this.#open(rate));
    await hear(context, gain);
  }

  /** A context of the sound's rate: the browser resamples all of it as one. */
  #open(rate) {
    const opened = this.#make(rate);
    this.#outputs.set(rate, opened);
    return opened;
  }

  async #make(rate) {
    const context = new AudioContext({ sampleRate: rate });
    this.#contexts.push(context);
    context.onstatechange = this.#changed;
    await context.audioWorklet.addModule("/ring.js");
    const ring = new AudioWorkletNode(context, "ring", { numberOfInputs: 0, outputChannelCount: [1] });
    const gain = new GainNode(context, { gain: this.#volume });
    ring.connect(gain).connect(context.destination);
    return { context, ring, gain, sound: "" };
  }

  #tell(sound, what) {
    for (const output of this.#outputs.values())
      output.then((each) => {
        if (each.sound === sound) each.ring.port.postMessage(what);
      });
  }
}
