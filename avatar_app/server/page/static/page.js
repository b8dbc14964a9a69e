// Joins line, sound, face and words, and obeys the user.
import { Call } from "./call.js";
import { Face } from "./face.js";
import { Line, PairingNeeded, pair } from "./line.js";
import { Microphone, RATE, Speaker } from "./sound.js";
import { text } from "./texts.js";
import { Words } from "./words.js";

const element = (id) => document.getElementById(id);
const STATES = {
  off: "", connecting: text("Connecting …"), idle: text("Ready"), listening: text("Listening"),
  thinking: text("Thinking"), speaking: text("Speaking"),
};
const REASONS = {
  machine: text("The computer is too busy for a sharper picture."),
  network: text("The network is too slow for a sharper picture."),
};
const RETRIES = 5;

const words = new Words(element("log"), element("caption-user"), element("caption-avatar"));
const silent = { sounding: () => ({ turn: 0, position: 0 }), heardOf: () => 0, flush() {}, play() {}, close() {}, received: 0, loudest: 0 };
let speaker = silent;
let microphone = null;
let line = null;
let call = null;
let muted = false;
let retries = 0;
let quietTurn = 0; // whose speech was silenced here
const face = new Face(element("face"), () => speaker.sounding());
const voice = () => (call?.carrying ? call : speaker); // where the avatar's speech is heard

// What tests and curious people look at.
window.avatar = {
  get pictures() { return face.shown + (call?.carrying ? call.pictures : 0); },
  get soundSeconds() { return speaker.received; },
  get loudest() { return voice().loudest; },
  get sounding() { return voice().sounding(); },
  get isCalled() { return Boolean(call?.carrying); },
};

function view(name) {
  document.body.dataset.view = name;
}

function notice(sentence) {
  element("notice").textContent = sentence;
  element("notice").hidden = !sentence;
  clearTimeout(notice.timer);
  if (sentence) notice.timer = setTimeout(() => notice(""), 8000);
}

function state(name) {
  element("state").dataset.state = name;
  element("state").firstChild.textContent = STATES[name];
  element("stop").disabled = !["thinking", "speaking"].includes(name);
}

// The picture of a call is smaller than it could be, and why; empty: it is not.
function quality({ lines, fps, reason, best } = { best: true }) {
  const size = best ? "" : text("Picture: {0}p, {1} per second", lines, fps);
  if (reason in REASONS) element("quality").title = REASONS[reason];
  element("quality").textContent = size;
}

// Stop what sounds, and let the avatar know how much of it was heard.
function silence(turn) {
  const seconds = voice().heardOf(turn);
  voice().flush();
  if (turn <= quietTurn) return;
  quietTurn = turn;
  line.send({ type: "heard", turn, seconds });
}

const handlers = {
  sound(turn, start, pcm) {
    if (turn > quietTurn) speaker.play(turn, start, pcm);
  },
  picture(turn, start, jpeg) {
    face.add(turn, start, jpeg);
  },
  message(message) {
    const { type, turn } = message;
    if (type === "ready") state("idle");
    else if (type === "state") state(message.state);
    else if (type === "user") words.user(turn, message.text, message.final);
    else if (type === "discarded") words.discard(turn);
    else if (type === "clause") words.written(turn, message.text);
    else if (type === "block") words.block(turn, message.text);
    else if (type === "note") words.note(message.text);
    else if (type === "played") words.played(turn, message.text);
    else if (type === "answer") call?.answered(message.sdp);
    else if (type === "call") call?.state(message.state);
    else if (type === "quality") quality(message);
    else if (type === "sounding") call?.sounds(turn, message.position);
    else if (type === "truncated") words.ended(turn, message.heard);
    else if (type === "notice") notice([message.message, message.hint].filter(Boolean).join(" "));
    else if (type === "ended") {
      words.ended(turn, message.heard);
      if (message.outcome === "interrupted") silence(turn);
    }
  },
  closed(reason) {
    face.stop();
    call?.close();
    call = null;
    speaker.flush();
    state("off");
    notice(reason);
    if (retries++ < RETRIES) setTimeout(() => connect().catch(failed), 1000 * 2 ** retries);
    else view("welcome");
  },
};

async function connect() {
  quietTurn = 0;
  words.turns.clear();
  line = new Line(handlers);
  await line.open(microphone?.rate ?? RATE);
  retries = 0;
  face.start();
  state("connecting");
  view("talk");
  if (microphone && "RTCPeerConnection" in window) startCall();
}

// Sound and pictures come by WebRTC where that can be had, and else by the line as before.
function startCall() {
  call = new Call(element("film"), line, (carrying) => {
    document.body.toggleAttribute("data-call", carrying);
    if (!carrying) quality();
  });
  call.offer(microphone.stream).catch(() => call.giveUp());
}

async function openDevices(withMicrophone) {
  if (!window.isSecureContext) {
    notice(text("Browsers allow sound only over https, or on the avatar's own computer. You can type."));
    return;
  }
  speaker = new Speaker();
  await speaker.open();
  if (!withMicrophone) return;
  microphone = new Microphone((pcm) => { if (!call?.carrying) line?.sendSound(pcm); }, (level) => {
    element("mute").style.setProperty("--level", Math.min(1, level * 2).toFixed(2));
  });
  try {
    await microphone.start();
  } catch {
    microphone = null;
    notice(text("The microphone may not be used, or there is none. You can type."));
  }
}

async function begin(withMicrophone) {
  retries = 0;
  try {
    if (speaker === silent) await openDevices(withMicrophone);
    mute(muted || !microphone);
    await connect();
    element(microphone ? "talk" : "text").focus();
  } catch (error) {
    failed(error);
  }
}

function failed(error) {
  if (error instanceof PairingNeeded) {
    view("pairing");
    element("code").focus();
  } else {
    notice(error.message);
    view("welcome");
  }
}

function mute(on) {
  muted = on;
  if (microphone) microphone.open = !on;
  element("mute").disabled = element("talk").disabled = !microphone;
  element("mute").setAttribute("aria-pressed", String(on));
  element("mute").setAttribute("aria-label", on ? text("Open microphone") : text("Mute microphone"));
}

function hold(held) {
  if (!microphone || (element("talk").getAttribute("aria-pressed") === "true") === held) return;
  element("talk").setAttribute("aria-pressed", String(held));
  element("talk").textContent = held ? text("Listening …") : text("Hold to talk");
  if (held) microphone.open = true;
  line.send({ type: "hold", held });
  if (!held) microphone.open = !muted;
}

function stop() {
  const { turn } = voice().sounding();
  if (turn) silence(turn);
  line?.send({ type: "interrupt" });
}

function showConversation() {
  const shown = document.body.toggleAttribute("data-transcript");
  element("show").setAttribute("aria-pressed", String(shown));
}

element("welcome").addEventListener("submit", (event) => { event.preventDefault(); begin(true); });
element("start-typing").addEventListener("click", () => begin(false));
element("pairing").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await pair(element("code").value);
    await connect();
  } catch (error) {
    notice(error.message);
  }
});
element("typing").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = element("text").value.trim();
  if (typed) line.send({ type: "text", text: typed });
  element("text").value = "";
});
element("mute").addEventListener("click", () => mute(!muted));
element("stop").addEventListener("click", stop);
element("show").addEventListener("click", showConversation);
const talk = element("talk");
talk.addEventListener("pointerdown", (event) => { talk.setPointerCapture(event.pointerId); hold(true); });
for (const end of ["pointerup", "pointercancel", "blur"]) talk.addEventListener(end, () => hold(false));
talk.addEventListener("contextmenu", (event) => event.preventDefault());

const types = (target) => target.matches("input, textarea");
addEventListener("keydown", (event) => {
  if (document.body.dataset.view !== "talk" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return stop();
  if (types(event.target)) return;
  if (event.key === " " && (event.target === talk || !event.target.matches("button"))) {
    event.preventDefault();
    if (!event.repeat) hold(true);
  } else if (event.key === "m" && microphone) mute(!muted);
  else if (event.key === "c") showConversation();
});
addEventListener("keyup", (event) => { if (event.key === " ") hold(false); });
addEventListener("blur", () => hold(false));
document.addEventListener("visibilitychange", () => {
  line?.send({ type: "watch", visible: !document.hidden });
});
addEventListener("pagehide", () => { call?.close(); line?.close(); microphone?.close(); });
state("off");
