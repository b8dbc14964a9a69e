// Captions over the face, and the conversation beside it.
export class Words {
  constructor(log, captionUser, captionAvatar) {
    Object.assign(this, { log, captionUser, captionAvatar });
    this.turns = new Map();
  }

  user(turn, text, final) {
    this.captionUser.textContent = text;
    if (this.current !== turn) this.captionAvatar.replaceChildren();
    this.current = turn;
    if (final) this.entry(turn, "user").textContent = text;
    this.toEnd();
  }

  discard(turn) {
    if (this.turns.get(turn)?.avatar) return;
    this.turns.get(turn)?.user?.remove();
    this.captionUser.textContent = "";
  }

  written(turn, text) {
    const of = this.of(turn);
    of.text = of.text ? `${of.text} ${text}` : text;
    this.show(turn);
  }

  block(turn, text) {
    this.written(turn, `\n${text}\n`);
  }

  // What somebody else shows, and nobody says.
  note(text) {
    const entry = document.createElement("li");
    entry.className = "note";
    entry.dir = "auto"; // the conversation's language is not always the page's
    entry.textContent = text;
    this.log.append(entry);
    this.toEnd();
  }

  played(turn, heard) {
    this.of(turn).heard = heard;
    this.show(turn);
  }

  // The turn is over: what was not heard was not said.
  ended(turn, heard) {
    const of = this.of(turn);
    of.cut ||= heard.length < (of.text ?? "").length;
    of.text = of.heard = heard;
    if (heard) this.show(turn);
    else of.avatar?.remove();
  }

  show(turn) {
    const { text = "", heard = "", cut } = this.of(turn);
    const entry = this.entry(turn, "avatar");
    entry.replaceChildren(...spoken(text, heard));
    entry.classList.toggle("cut", Boolean(cut));
    const [begin, end] = sentenceAt(text, heard.length);
    this.captionAvatar.replaceChildren(...spoken(text.slice(begin, end), heard.slice(begin, end)));
    this.toEnd();
  }

  of(turn) {
    if (!this.turns.has(turn)) this.turns.set(turn, {});
    return this.turns.get(turn);
  }

  entry(turn, who) {
    const of = this.of(turn);
    if (!of[who]?.isConnected) {
      of[who] = document.createElement("li");
      of[who].className = who;
      of[who].dir = "auto";
      this.log.append(of[who]);
    }
    return of[who];
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }
}

// Elements of a text of which a beginning was heard.
function spoken(text, heard) {
  const said = document.createElement("b");
  const rest = document.createElement("span");
  const count = text.startsWith(heard) ? heard.length : 0;
  said.textContent = count ? heard : heard && text;
  rest.textContent = count || !heard ? text.slice(count) : "";
  return [said, rest];
}

// Begin and end of the sentence that is spoken after so many letters.
function sentenceAt(text, at) {
  const ends = [...text.matchAll(/[.!?…。！？]+(\s+|$)/g)].map((match) => match.index + match[0].length);
  const begin = ends.findLast((end) => end < at) ?? 0;
  return [begin, ends.find((end) => end >= Math.max(at, begin + 1)) ?? text.length];
}
