/** Samples as the daemon stores them, and how loud they are. */

export const SAMPLE_BYTES = 3; // s24le
export const SILENCE = -140; // dBFS said for digital silence; the least bit of 24 is at -138.5
const FULL = 2 ** 23;
const CLIPPED = 0x7fff / 0x8000; // from here on a sample is at full scale, also one that had 16 bits

/**
 * Samples as s24le. What a sound card gave with 16 or 24 bits comes out as it was; anything between
 * two steps goes to the nearer, halves upwards, and what is beyond full scale to full scale.
 * @param {Float32Array} block from -1 to 1
 * @returns {Uint8Array}
 */
export function encode(block) {
  const bytes = new Uint8Array(block.length * SAMPLE_BYTES);
  let at = 0;
  for (const value of block) {
    const sample = Math.max(-FULL, Math.min(FULL - 1, Math.round(value * FULL)));
    bytes[at++] = sample; // an array of bytes keeps the lowest eight bits
    bytes[at++] = sample >> 8;
    bytes[at++] = sample >> 16;
  }
  return bytes;
}

/**
 * What a part of a take is like.
 * @param {Float32Array} block
 * @param {number} at seconds from the take's beginning to the end of the part
 */
export function level(block, at) {
  let low = Infinity;
  let high = -Infinity;
  let squares = 0;
  let clipped = 0;
  for (const value of block) {
    if (value < low) low = value;
    if (value > high) high = value;
    if (value >= CLIPPED || value <= -CLIPPED) clipped += 1;
    squares += value * value;
  }
  return {
    at: rounded(at, 4),
    peak: decibels(Math.max(-low, high)),
    rms: decibels(Math.sqrt(squares / block.length)),
    clipped,
    low: rounded(Math.max(-1, low), 4),
    high: rounded(Math.min(1, high), 4),
  };
}

/** dBFS of an amplitude from 0 to 1. */
export function decibels(amplitude) {
  return amplitude > 0 ? Math.max(SILENCE, rounded(20 * Math.log10(amplitude), 1)) : SILENCE;
}

/**
 * s16le samples as floats.
 * @param {Uint8Array} bytes
 */
export function decode(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const block = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < block.length; i += 1) block[i] = view.getInt16(2 * i, true) / 0x8000;
  return block;
}

/** One array of bytes from several. */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** SHA-256 of bytes. */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

export function hexadecimal(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function fromHexadecimal(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

function rounded(value, digits) {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
