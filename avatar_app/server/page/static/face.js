// Shows the picture that belongs to the sound which leaves the loudspeaker.
import { DELAY, RATE } from "./sound.js";

const HALF_A_PICTURE = RATE / 50; // samples

export class Face {
  // `sounding` returns the turn and the sample that is heard now.
  constructor(canvas, sounding) {
    this.canvas = canvas;
    this.brush = canvas.getContext("2d", { alpha: false });
    this.sounding = sounding;
    this.waiting = [];
    this.shown = 0;
    this.running = false;
  }

  add(turn, start, jpeg) {
    const picture = { turn, start, at: performance.now(), image: null };
    this.waiting.push(picture);
    createImageBitmap(new Blob([jpeg], { type: "image/jpeg" })).then(
      (image) => { picture.image = image; },
      () => { picture.broken = true; },
    );
  }

  start() {
    if (this.running) return;
    this.running = true;
    const step = () => {
      this.update();
      if (this.running) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  stop() {
    this.running = false;
    this.waiting.forEach((picture) => picture.image?.close());
    this.waiting = [];
  }

  update() {
    const heard = this.sounding();
    let due = null;
    while (this.waiting.length && (this.waiting[0].image || this.waiting[0].broken)) {
      if (!this.isDue(this.waiting[0], heard)) break;
      due?.image?.close();
      due = this.waiting.shift();
    }
    if (due?.image) this.show(due.image);
  }

  isDue(picture, heard) {
    const age = (performance.now() - picture.at) / 1000;
    if (!picture.turn) return age >= DELAY || !heard.turn;
    if (picture.turn === heard.turn) return picture.start <= heard.position + HALF_A_PICTURE || age > 2;
    return picture.turn < heard.turn || age >= 2 * DELAY; // its sound is over, or never came
  }

  show(image) {
    if (this.canvas.width !== image.width || this.canvas.height !== image.height) {
      this.canvas.width = image.width;
      this.canvas.height = image.height;
    }
    this.brush.drawImage(image, 0, 0);
    this.canvas.dataset.drawn = "";
    image.close();
    this.shown += 1;
  }
}
