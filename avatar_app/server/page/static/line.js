// The line to the server: a short-lived token, then one WebSocket for sound, pictures and words.
import { text } from "./texts.js";

const DEVICE = "avatar-device-token";
const HEADER = 12; // bytes: kind, turn, sample
const SOUND = 1;

export class PairingNeeded extends Error {}

async function post(path, body, token) {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const content = await answer.json().catch(() => ({}));
  if (answer.ok) return content;
  const message = content.error?.message ?? text("The server answers {0}.", answer.status);
  throw answer.status === 401 ? new PairingNeeded(message) : new Error(message);
}

// Exchange a pairing code for a token of this browser, which stays here.
export async function pair(code) {
  const paired = await post("/v1/devices/pair", { code: code.replace(/\s/g, ""), name: "browser" });
  localStorage.setItem(DEVICE, paired.token);
}

// Why the server closed the line (RFC 6455's codes); empty where it is not known.
function reasonOf({ code, reason }) {
  if (code === 1001) return text("The server stops.");
  if (code === 1008) return text("The connection is too slow.");
  return reason;
}

export class Line {
  // `handlers`: sound(turn, start, pcm), picture(turn, start, jpeg), message(message), closed(reason)
  constructor(handlers) {
    this.handlers = handlers;
  }

  async open(rate) {
    const secret = await post("/v1/realtime/client_secrets", {}, localStorage.getItem(DEVICE));
    const address = new URL(`/v1/face?rate=${Math.round(rate)}`, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const protocols = ["avatar", `openai-insecure-api-key.${secret.value}`];
    const socket = new WebSocket(address, protocols);
    socket.binaryType = "arraybuffer";
    await new Promise((opened, failed) => {
      socket.onopen = opened;
      socket.onclose = (event) => failed(new Error(reasonOf(event) || text("The server cannot be reached.")));
    });
    socket.onmessage = ({ data }) => this.receive(data);
    socket.onclose = (event) => this.handlers.closed(reasonOf(event) || text("The connection was lost."));
    this.socket = socket;
  }

  receive(data) {
    if (typeof data === "string") return this.handlers.message(JSON.parse(data));
    const view = new DataView(data);
    const [turn, start] = [view.getUint32(4, true), view.getUint32(8, true)];
    if (view.getUint8(0) === SOUND) {
      return this.handlers.sound(turn, start, new Int16Array(data, HEADER));
    }
    return this.handlers.picture(turn, start, new Uint8Array(data, HEADER));
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  sendSound(pcm) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(pcm);
  }

  close() {
    if (this.socket) this.socket.onclose = null;
    this.socket?.close();
  }
}
