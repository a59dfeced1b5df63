/** How loud it is, as a bar with a slow peak, and the last seconds as a waveform. */

const FLOOR = -60; // dBFS at the left end of the bar
const SECONDS = 6; // of the waveform
const INTERVAL = 0.025; // seconds of one level
const FALL = 20; // dB a second that the peak falls
const LOUD = -6; // dBFS from which on it is shown in another colour
const LIVELY = 0.02; // amplitude below which a line is drawn, not a shape

export class Meter {
  #levels = [];
  #peak = FLOOR;
  #at = 0;
  #drawing = false;
  #recording = false;
  #parts;

  /** @param {{wave: HTMLCanvasElement, bar: Element, rms: HTMLElement, peak: HTMLElement}} parts */
  constructor(parts) {
    this.#parts = parts;
    new ResizeObserver(() => this.#schedule()).observe(parts.wave);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#schedule());
  }

  /** A further level; `recording`: whether it is kept. */
  show(level, recording) {
    this.#levels.push({ ...level, recording });
    this.#levels.splice(0, this.#levels.length - SECONDS / INTERVAL);
    this.#recording = recording;
    this.#schedule();
  }

  /** Nothing is heard any more. */
  clear() {
    this.#levels = [];
    this.#peak = FLOOR;
    this.#schedule();
  }

  #schedule() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame((now) => {
      this.#drawing = false;
      this.#drawBar(now / 1000);
      this.#drawWave();
    });
  }

  #drawBar(now) {
    const last = this.#levels.at(-1) ?? { rms: FLOOR, peak: FLOOR };
    this.#peak = Math.max(FLOOR, last.peak, this.#peak - FALL * (now - this.#at));
    this.#at = now;
    const { bar, rms, peak } = this.#parts;
    rms.style.transform = `scaleX(${share(last.rms)})`;
    peak.style.left = `${100 * share(this.#peak)}%`;
    bar.classList.toggle("loud", this.#peak > LOUD);
    bar.setAttribute("aria-valuenow", Math.round(share(last.rms) * -FLOOR + FLOOR));
  }

  #drawWave() {
    const { wave } = this.#parts;
    const scale = devicePixelRatio;
    const width = (wave.width = Math.round(wave.clientWidth * scale));
    const height = (wave.height = Math.round(wave.clientHeight * scale));
    const style = getComputedStyle(wave);
    const pen = wave.getContext("2d");
    const step = width / (SECONDS / INTERVAL);
    const begin = width - this.#levels.length * step;
    pen.fillStyle = style.getPropertyValue("--faint");
    pen.fillRect(0, height / 2 - scale / 2, width, scale);
    this.#levels.forEach(({ low, high, recording }, number) => {
      pen.fillStyle = style.getPropertyValue(recording ? "--recording" : "--sound");
      const [top, bottom] = high - low < LIVELY ? [0, 0] : [high, low];
      const y = ((1 - root(top)) * height) / 2;
      const tall = Math.max(scale, ((root(top) - root(bottom)) * height) / 2);
      pen.fillRect(begin + number * step, y, Math.max(scale, 0.7 * step), tall);
    });
  }
}

/** Where a level stands on the bar, from 0 to 1. */
export function share(decibels) {
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR));
}

/** Speech keeps far below full scale: its root fills the picture. */
function root(amplitude) {
  return Math.sign(amplitude) * Math.sqrt(Math.abs(amplitude));
}
