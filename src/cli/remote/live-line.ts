/** A line that is written over as things change; where nobody watches, only what is news is written. */

import { cutToWidth } from './display-width.ts';
import { plainLine } from './plain-text.ts';

/** Where a command speaks to a person. */
export interface Screen {
  readonly isTerminal: boolean;
  /** Its width; Infinity = unknown. */
  readonly columns: number;
  write(text: string): void;
}

/** The line. */
export class LiveLine {
  readonly #screen: Screen;
  #shown = '';
  #news = '';

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Shows a text; `news` is its part that is worth a line of its own in a file. */
  show(text: string, news = text): void {
    const line = cutToWidth(plainLine(text), this.#screen.columns - 1);
    if (this.#screen.isTerminal) {
      if (line !== this.#shown) this.#screen.write(`\r\u001b[K${line}`);
      this.#shown = line;
    } else if (news !== this.#news) this.#screen.write(`${plainLine(news)}\n`);
    this.#news = news;
  }

  /** Writes a text that stays, as a line of its own however long it is. */
  tell(text: string): void {
    this.end();
    this.#screen.write(`${plainLine(text)}\n`);
  }

  /** Leaves the line: what follows begins a new one. */
  end(): void {
    if (this.#screen.isTerminal && this.#shown !== '') this.#screen.write('\r\u001b[K');
    this.#shown = '';
  }
}
