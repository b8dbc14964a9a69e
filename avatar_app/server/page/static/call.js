// Sound and pictures by WebRTC: voice and lips in one stream, over networks that lose packets.
const RATE = 48000;
const CONNECT_WITHIN = 30000; // milliseconds
const GATHER_WITHIN = 2000;
const LOOK = 500;

export class Call {
  // `changed` is told when sound and pictures begin to come this way, and when that ends.
  constructor(film, line, changed) {
    Object.assign(this, { film, line, changed });
    this.carrying = false;
    this.last = { turn: 0, position: 0, at: 0 }; // which sample the server sent last
    this.turn = 0; // that sounds now
    this.delay = 0.1; // seconds that sound waits here until it is heard
    this.quiet = 0; // whose speech was silenced here
    this.loudest = 0;
  }

  async offer(stream) {
    const peer = new RTCPeerConnection(); // no server is asked for our address
    this.peer = peer;
    for (const track of stream.getAudioTracks()) peer.addTrack(track, stream);
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.ontrack = ({ streams }) => { this.film.srcObject = streams[0]; };
    await peer.setLocalDescription();
    await gathered(peer);
    this.line.send({ type: "offer", sdp: peer.localDescription.sdp });
    this.timer = setTimeout(() => this.giveUp(), CONNECT_WITHIN);
  }

  async answered(sdp) {
    try {
      await this.peer?.setRemoteDescription({ type: "answer", sdp });
    } catch {
      this.giveUp();
    }
  }

  // The server says how the connection is.
  state(name) {
    if (name !== "connected" || !this.peer) return this.close();
    clearTimeout(this.timer);
    this.watch = setInterval(() => this.look(), LOOK);
    this.film.muted = false;
    this.film.play().catch(() => this.giveUp());
    this.carrying = true;
    return this.changed(true);
  }

  sounds(turn, position) {
    this.turn = turn;
    if (!turn) return;
    this.last = { turn, position, at: performance.now() };
    this.film.muted = turn <= this.quiet;
  }

  sounding() {
    return { turn: this.turn, position: this.turn ? this.heardOf(this.turn) * RATE : 0 };
  }

  // Seconds of a turn's speech that were heard so far.
  heardOf(turn) {
    const { last } = this;
    if (last.turn !== turn) return 0;
    const since = this.turn === turn ? Math.min(performance.now() - last.at, 300) / 1000 : this.delay;
    return Math.max(0, last.position / RATE + since - this.delay);
  }

  flush() {
    this.quiet = Math.max(this.quiet, this.last.turn);
    this.film.muted = true;
  }

  get pictures() {
    return this.film.getVideoPlaybackQuality().totalVideoFrames;
  }

  async look() {
    const stats = await this.peer.getStats();
    for (const each of stats.values()) {
      if (each.type !== "inbound-rtp" || each.kind !== "audio") continue;
      this.loudest = Math.max(this.loudest, each.audioLevel ?? 0);
      const [delay, count] = [each.jitterBufferDelay - (this.before?.delay ?? 0), each.jitterBufferEmittedCount - (this.before?.count ?? 0)];
      if (count > 0) this.delay = delay / count;
      this.before = { delay: each.jitterBufferDelay, count: each.jitterBufferEmittedCount };
    }
  }

  giveUp() {
    this.line.send({ type: "hangup" });
    this.close();
  }

  close() {
    clearTimeout(this.timer);
    clearInterval(this.watch);
    this.peer?.close();
    this.peer = this.film.srcObject = null;
    if (!this.carrying) return;
    this.carrying = false;
    this.changed(false);
  }
}

// All ways to this browser are known, or enough time has passed.
function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((done) => {
    setTimeout(done, GATHER_WITHIN);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") done();
    });
  });
}
