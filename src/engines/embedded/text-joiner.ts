/** Joins the bytes of tokens into whole code points and watches for texts that end the answer. */

/** What a token's bytes added; `stopped` = the text now contains one of the stops. */
export interface AddedText {
  readonly text: string;
  readonly stopped: boolean;
}

/** The text of one answer as it grows. */
export interface TextJoiner {
  add(bytes: Uint8Array): AddedText;
  /** What is left of a code point that did not become whole (as U+FFFD); the text is interrupted here. */
  flush(): string;
}

/** The stop may lie across tokens; whole code points come out as soon as they are there. */
export function createTextJoiner(stops: readonly string[]): TextJoiner {
  const watched = stops.filter((stop) => stop !== '');
  const reach = watched.reduce((longest, stop) => Math.max(longest, stop.length), 1) - 1;
  let decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let tail = '';
  return {
    add(bytes) {
      const text = decoder.decode(bytes, { stream: true });
      if (watched.length === 0) return { text, stopped: false };
      const seen = tail + text;
      tail = reach === 0 ? '' : seen.slice(-reach);
      return { text, stopped: watched.some((stop) => seen.includes(stop)) };
    },
    flush() {
      const text = decoder.decode();
      decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      tail = '';
      return text;
    },
  };
}
