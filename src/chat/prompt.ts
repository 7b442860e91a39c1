/** A prompt in segments: what we and the template wrote, and what strangers wrote. */

/**
 * `trusted` text is tokenised with special tokens recognised; untrusted text is letters, even where it spells
 * `<|im_end|>`. Neighbouring segments belong to one continuous text.
 */
export interface PromptSegment {
  readonly text: string;
  readonly trusted: boolean;
}

/** The whole prompt, in order. */
export type Prompt = readonly PromptSegment[];

/** Joins neighbours of equal trust and drops empty segments. */
export function joinSegments(segments: Iterable<PromptSegment>): Prompt {
  const joined: PromptSegment[] = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (segment.text === '') continue;
    if (last !== undefined && last.trusted === segment.trusted)
      joined[joined.length - 1] = { text: last.text + segment.text, trusted: last.trusted };
    else joined.push(segment);
  }
  return joined;
}

/** The text alone: for display, never for tokenising. */
export function promptText(prompt: Prompt): string {
  return prompt.map((segment) => segment.text).join('');
}
