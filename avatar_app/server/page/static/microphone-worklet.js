// Collects the microphone's sound in pieces of 20 ms, as 16-bit PCM.
class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Int16Array(Math.round(sampleRate / 50));
    this.count = 0;
    this.loudest = 0;
  }

  process([[input]]) {
    for (const sample of input ?? []) {
      const limited = Math.max(-1, Math.min(1, sample));
      this.loudest = Math.max(this.loudest, Math.abs(limited));
      this.piece[this.count++] = Math.round(limited * 32767);
      if (this.count === this.piece.length) {
        this.port.postMessage({ pcm: this.piece.slice().buffer, level: this.loudest });
        this.count = this.loudest = 0;
      }
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
