/** What the page says, in the browser's language. */

const ENGLISH = {
  language: "en",
  connecting: "Connecting…",
  here: "Connected",
  away: "Reconnecting…",
  awayHint: "The line to the server is cut. What is recorded is kept here, and sent when it is back.",
  refused: "Not connected",
  allow: "Use the microphone",
  allowHint: "Your voice is sent to your server alone. The browser asks for permission once.",
  wake: "Turn the sound on",
  wakeHint: "Browsers keep a page silent until it is clicked.",
  denied: "The browser does not let this page hear the microphone: allow it beside the address, then try again.",
  none: "No microphone was found: plug one in, then try again.",
  busy: "The microphone does not open: see what else uses it, then try again.",
  noShelf: "This browser keeps nothing for this page, so a take could be lost: leave private browsing, or use another browser.",
  ready: "Ready",
  readyHint: "Begin a take in the terminal. What you are to read appears here.",
  room: "Silence, please: the room is listened to.",
  recording: (speaker, prompt) => `${speaker} · ${prompt}`,
  microphone: "Microphone",
  volume: "Volume",
  test: "Test the sound",
  kept: (count) =>
    count === 0 ? "Every take is with the server." : `${count} ${count === 1 ? "take is" : "takes are"} still here, on the way to the server.`,
  foreign: (count) => `${count} ${count === 1 ? "take" : "takes"} for another server ${count === 1 ? "is" : "are"} kept here until you open its page.`,
  facts: (rate, own) => (own && own !== rate ? `${rate / 1000} kHz, from a device at ${own / 1000} kHz` : `${rate / 1000} kHz`),
  clipped: "Too loud: move back, or turn the microphone down.",
  unnamed: (number) => `Microphone ${number}`,
};

const CHINESE = {
  language: "zh-Hans",
  connecting: "正在连接……",
  here: "已连接",
  away: "正在重新连接……",
  awayHint: "与服务器的连接断了。录音保存在这里，恢复后自动发送。",
  refused: "未连接",
  allow: "使用麦克风",
  allowHint: "声音只发送到你的服务器。浏览器会询问一次权限。",
  wake: "打开声音",
  wakeHint: "点击之前，浏览器不让网页发声。",
  denied: "浏览器不允许本页使用麦克风：请在地址栏旁允许，然后再试。",
  none: "没有找到麦克风：请接上一个，然后再试。",
  busy: "麦克风打不开：请看看是否被其他程序占用，然后再试。",
  noShelf: "浏览器不为本页保存数据，录音可能丢失：请退出无痕模式，或换一个浏览器。",
  ready: "准备好了",
  readyHint: "请在终端里开始录音，要读的句子会显示在这里。",
  room: "请保持安静：正在听房间的声音。",
  recording: (speaker, prompt) => `${speaker} · ${prompt}`,
  microphone: "麦克风",
  volume: "音量",
  test: "试听",
  kept: (count) => (count === 0 ? "所有录音都已在服务器上。" : `还有 ${count} 条录音在这里，正在发送。`),
  foreign: (count) => `这里还有 ${count} 条属于另一台服务器的录音，打开它的页面后发送。`,
  facts: (rate, own) => (own && own !== rate ? `${rate / 1000} kHz（设备为 ${own / 1000} kHz）` : `${rate / 1000} kHz`),
  clipped: "太响了：请离远一些，或调低麦克风音量。",
  unnamed: (number) => `麦克风 ${number}`,
};

/** The words of a language like "zh-CN". */
export function wordsOf(language) {
  return language.startsWith("zh") ? CHINESE : ENGLISH;
}
