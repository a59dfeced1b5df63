/** What is seen: one function of everything that is known. */

const part = (id) => document.getElementById(id);
const parts = Object.fromEntries(
  ["state", "stage", "about", "pinyin", "text", "allow", "hint", "kept", "facts", "microphones", "volume", "test",
    "wave", "bar", "rms", "peak", "say-microphone", "say-volume"].map((id) => [id, part(id)]),
);

export { parts };

/** Words that never change. */
export function label(words) {
  document.documentElement.lang = words.language;
  parts["say-microphone"].textContent = words.microphone;
  parts["say-volume"].textContent = words.volume;
  parts.test.textContent = words.test;
  for (const tick of document.querySelectorAll("[data-level]"))
    tick.style.left = `${100 + (100 * Number(tick.dataset.level)) / 60}%`;
}

/**
 * Show the page.
 * @param {object} known
 * @param {"connecting" | "here" | "away" | "refused"} known.line
 * @param {string} known.why it was refused
 * @param {"" | "asleep" | "awake" | "denied" | "none" | "busy" | "noShelf"} known.microphone "": not asked yet
 * @param {object | null} known.take that is recorded
 * @param {number} known.seconds of it
 * @param {boolean} known.clipped
 * @param {number} known.kept takes that wait to be sent
 * @param {number} known.foreign takes of another server
 * @param {string} known.problem with sending
 * @param {{rate: number, own: number} | null} known.rates Hz
 */
export function show(known, words) {
  document.body.dataset.line = known.line;
  document.body.classList.toggle("recording", known.take !== null);
  parts.state.textContent = words[known.line];
  const [title, hint] = known.take ? reading(known, words) : waiting(known, words);
  parts.about.textContent = title;
  parts.hint.textContent = hint;
  parts.pinyin.textContent = known.take?.pinyin ?? "";
  parts.text.textContent = known.take?.text ?? "";
  const button = known.line !== "refused" && asked(known.microphone, words);
  parts.allow.hidden = !button;
  parts.allow.textContent = button || "";
  parts.kept.textContent = [words.kept(known.kept), known.foreign ? words.foreign(known.foreign) : "", known.problem]
    .filter(Boolean)
    .join(" ");
  parts.kept.classList.toggle("waiting", known.kept > 0 && (known.line !== "here" || known.problem !== ""));
  parts.facts.textContent = known.rates ? words.facts(known.rates.rate, known.rates.own) : "";
}

function reading({ take, seconds, clipped, line }, words) {
  const title = `${words.recording(take.speaker, take.prompt)} · ${clock(seconds)}`;
  if (line === "away") return [title, words.awayHint];
  if (clipped) return [title, words.clipped];
  return [title, take.text ? "" : words.room];
}

function waiting({ line, why, microphone }, words) {
  if (line === "refused") return ["", why];
  if (microphone === "") return ["", words.allowHint];
  if (microphone === "asleep") return ["", words.wakeHint];
  if (microphone !== "awake") return ["", words[microphone]];
  if (line === "away") return ["", words.awayHint];
  return [words.ready, words.readyHint];
}

/** What the button asks for; false: nothing. */
function asked(microphone, words) {
  if (microphone === "awake" || microphone === "noShelf") return false;
  return microphone === "asleep" ? words.wake : words.allow;
}

/** Offer microphones; `chosen` is the one in use. */
export function offer(microphones, chosen, words) {
  parts.microphones.replaceChildren(
    ...microphones.map(({ id, name }, number) => new Option(name || words.unnamed(number + 1), id, false, id === chosen)),
  );
  parts.microphones.disabled = microphones.length < 2;
  parts.microphones.parentElement.hidden = microphones.length === 0;
}

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}
