// Plays pieces of speech in their order, and says which sample of which turn sounds.
const RATE = 48000;
const FADE = 240; // samples: 5 ms
const REPORT = 8; // blocks of 128 samples

class Player extends AudioWorkletProcessor {
  constructor(options) {
    super();
    this.delay = options.processorOptions.delay; // samples between arrival and sound
    this.pieces = [];
    this.offset = 0; // within the first piece
    this.waited = 0;
    this.sounding = false;
    this.fading = 0;
    this.blocks = 0;
    this.loudest = 0; // since the last report
    this.last = { turn: 0, position: 0 }; // what was heard last
    this.port.onmessage = ({ data }) => {
      if (data.flush) this.fading = this.sounding ? FADE : this.clear();
      else this.pieces.push(data);
    };
  }

  clear() {
    this.pieces = [];
    this.offset = this.waited = 0;
    this.sounding = false;
    return 0;
  }

  silent() {
    this.port.postMessage({ turn: 0, position: 0, time: currentTime, last: this.last });
  }

  process(_inputs, [[out]]) {
    if (!this.pieces.length) {
      this.waited = 0;
      if (this.sounding) {
        this.sounding = false;
        this.silent();
      }
      return true;
    }
    if (!this.sounding && (this.waited += out.length) < this.delay) return true;
    this.sounding = true;
    this.fill(out);
    const first = this.pieces[0];
    if (first && this.blocks++ % REPORT === 0) {
      const position = first.start + this.offset;
      const time = currentTime + out.length / RATE;
      this.port.postMessage({ turn: first.turn, position, time, loudest: this.loudest });
      this.loudest = 0;
    }
    return true;
  }

  fill(out) {
    for (let at = 0; at < out.length && this.pieces.length; at++) {
      const piece = this.pieces[0];
      const gain = this.fading ? this.fading / FADE : 1;
      out[at] = piece.samples[this.offset++] * gain;
      this.loudest = Math.max(this.loudest, Math.abs(out[at]));
      if (this.fading && --this.fading === 0) {
        this.clear();
        this.silent();
      } else if (this.offset >= piece.samples.length) {
        this.last = { turn: piece.turn, position: piece.start + this.offset };
        this.pieces.shift();
        this.offset = 0;
      }
    }
  }
}

registerProcessor("player", Player);
