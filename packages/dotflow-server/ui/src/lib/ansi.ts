/** What a program wrote to a terminal, as pieces of text with names of styles. */

export interface Piece {
  text: string;
  /** Names of classes, such as `"tone-bad ansi-bold"`; `""` for plain text. */
  style: string;
}

// Sequences that begin with ESC or its one-character form: CSI, OSC and the short ones.
const ESCAPE =
  // biome-ignore lint: control characters are what this is about
  /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b[ -/]*[0-~]?/g;

// Marks that turn the direction of text, or that nobody sees.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Make marks that nobody sees, or that turn text around, visible. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (mark) => {
    if (mark === "\r") return "";
    return `\u27e8${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
  });
}

/** Drop escape sequences, keep the words. */
export function stripped(text: string): string {
  return visible(text.replace(ESCAPE, ""));
}

/** Cut a line into pieces of one style each. */
export function pieces(line: string): Piece[] {
  const last = line.replace(/\r+$/, "");
  // A program that draws over its line, such as a progress bar, means the last version.
  const text = last.slice(last.lastIndexOf("\r") + 1);
  const found: Piece[] = [];
  const style = new Style();
  let at = 0;
  for (const match of text.matchAll(ESCAPE)) {
    push(found, text.slice(at, match.index), style.name());
    if (match[2] === "m") style.take(match[1] ?? "");
    at = match.index + match[0].length;
  }
  push(found, text.slice(at), style.name());
  return found;
}

function push(found: Piece[], text: string, style: string): void {
  if (text) found.push({ text: visible(text), style });
}

/** The eight colours of a terminal as colours of this page; its black is its grey. */
const COLOURS = ["note", "tone-bad", "tone-good", "tone-wait", "tone-live", "tone-live", "tone-live"];

class Style {
  private colour = "";
  private bold = false;
  private dim = false;
  private italic = false;
  private underline = false;

  take(codes: string): void {
    const numbers = codes.split(/[;:]/).map(Number);
    for (let i = 0; i < numbers.length; i += 1) {
      const code = numbers[i] ?? 0;
      if (code === 38 || code === 48) {
        const wide = numbers[i + 1] === 5 ? 2 : 4;
        const colour = numbers[i + 2] ?? 16;
        if (code === 38 && wide === 2 && colour < 16) this.colour = COLOURS[colour % 8] ?? "";
        i += wide;
      } else this.one(code);
    }
  }

  private one(code: number): void {
    if (code === 0) {
      this.colour = "";
      this.bold = this.dim = this.italic = this.underline = false;
    } else if (code === 1) this.bold = true;
    else if (code === 2) this.dim = true;
    else if (code === 3) this.italic = true;
    else if (code === 4) this.underline = true;
    else if (code === 22) this.bold = this.dim = false;
    else if (code === 23) this.italic = false;
    else if (code === 24) this.underline = false;
    else if (code >= 30 && code <= 39) this.colour = COLOURS[code - 30] ?? "";
    else if (code >= 90 && code <= 97) this.colour = COLOURS[code - 90] ?? "";
  }

  name(): string {
    const names = [this.colour];
    if (this.bold) names.push("ansi-bold");
    if (this.dim) names.push("ansi-dim");
    if (this.italic) names.push("ansi-italic");
    if (this.underline) names.push("ansi-underline");
    return names.filter(Boolean).join(" ");
  }
}

