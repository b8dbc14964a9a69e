// Loudspeaker and microphone of the page.
export const RATE = 48000;
export const DELAY = 0.18; // seconds from the arrival of speech to its sound; pictures arrive meanwhile

export class Speaker {
  constructor() {
    this.context = new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    this.now = { turn: 0, position: 0, time: 0 };
    this.last = { turn: 0, position: 0 }; // what was heard before the present silence
    this.received = 0; // seconds
    this.loudest = 0; // of what was played so far
  }

  async open() {
    await this.context.resume();
    await this.context.audioWorklet.addModule("/page/player-worklet.js");
    const processorOptions = { delay: DELAY * RATE };
    this.player = new AudioWorkletNode(this.context, "player", {
      numberOfInputs: 0, outputChannelCount: [1], processorOptions,
    });
    this.player.port.onmessage = ({ data }) => {
      this.now = data;
      this.last = data.last ?? this.last;
      this.loudest = Math.max(this.loudest, data.loudest ?? 0);
    };
    this.player.connect(this.context.destination);
  }

  play(turn, start, pcm) {
    const samples = Float32Array.from(pcm, (value) => value / 32768);
    this.received += samples.length / RATE;
    this.player?.port.postMessage({ turn, start, samples }, [samples.buffer]);
  }

  // Which sample of which turn leaves the loudspeaker now; turn 0: none.
  sounding() {
    const { turn, position, time } = this.now;
    if (!turn) return { turn: 0, position: 0 };
    const latency = this.context.outputLatency || this.context.baseLatency || 0;
    const since = Math.min(this.context.currentTime - time, 0.1) - latency;
    return { turn, position: Math.max(0, position + since * RATE) };
  }

  // Seconds of a turn's speech that were heard so far.
  heardOf(turn) {
    const { position } = [this.sounding(), this.last].find((each) => each.turn === turn) ?? { position: 0 };
    return position / RATE;
  }

  flush() {
    this.player?.port.postMessage({ flush: true });
    this.now = { turn: 0, position: 0, time: 0 };
  }

  close() {
    this.context.close();
  }
}

export class Microphone {
  // `take` receives pieces of PCM (ArrayBuffer), `meter` their loudest sample.
  constructor(take, meter) {
    this.take = take;
    this.meter = meter;
    this.isOpen = true;
  }

  get open() {
    return this.isOpen;
  }

  set open(on) {
    this.isOpen = on;
    this.stream?.getAudioTracks().forEach((track) => { track.enabled = on; });
  }

  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
    });
    this.context = new AudioContext();
    await this.context.resume();
    await this.context.audioWorklet.addModule("/page/microphone-worklet.js");
    this.node = new AudioWorkletNode(this.context, "microphone", { numberOfOutputs: 0 });
    this.node.port.onmessage = ({ data }) => {
      if (this.open) this.take(data.pcm);
      this.meter(this.open ? data.level : 0);
    };
    this.context.createMediaStreamSource(this.stream).connect(this.node);
  }

  get rate() {
    return this.context?.sampleRate ?? RATE;
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.context?.close();
  }
}
