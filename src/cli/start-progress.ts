/** How far a start is, told now and then to a person, or to a log. */

/** A start that takes longer, in milliseconds, says what it is doing. */
const quietMs = 2_000;
/** How often it says what is new: a log must not drown in progress. */
const progressMs = 5_000;

/** Is a person needed for it to go on, by a command to the server that is starting? */
export function needsEngine(line: string): boolean {
  return line.includes('needs-engine');
}

/** Where a start tells of its progress until it ends. */
export interface StartProgress {
  note(line: string): void;
  end(): void;
}

/** Tells the newest line now and then, the last one too, and nothing of a start that is quick. */
export function tellSeldom(tell: (line: string) => void): StartProgress {
  let newest = '';
  let told = '';
  let timer = setTimeout(speak, quietMs);
  function speak(): void {
    if (newest !== told) tell(newest);
    told = newest;
    timer = setTimeout(speak, progressMs);
  }
  return {
    note(line) {
      newest = line;
    },
    end() {
      clearTimeout(timer);
    },
  };
}
