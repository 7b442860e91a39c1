/** Reads server-sent events from bytes that come in any pieces. */

import { EngineError } from './errors.ts';

/**
 * The data of each event, its lines joined; comments and other fields are passed over, and so is an event that the end
 * cut off. An event of more than `maxCharacters` is an EngineError.
 */
export async function* readSseData(
  body: AsyncIterable<Uint8Array>,
  maxCharacters: number,
): AsyncGenerator<string, void, undefined> {
  let data: string[] = [];
  let size = 0;
  for await (const line of readLines(body, maxCharacters)) {
    if (line === '') {
      if (data.length > 0) yield data.join('\n');
      data = [];
      size = 0;
    } else if (line.startsWith('data:')) {
      const text = line.slice(line.startsWith('data: ') ? 6 : 5);
      // Lines take room also where nothing is in them.
      size += text.length + 1;
      if (size > maxCharacters) throw tooLong(maxCharacters);
      data.push(text);
    }
  }
}

/** Lines end with a line feed, a carriage return, or both; what follows the last end is no line. */
async function* readLines(
  body: AsyncIterable<Uint8Array>,
  maxCharacters: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let open = '';
  let isInsideEnd = false;
  for await (const bytes of body) {
    const text = decoder.decode(bytes, { stream: true });
    if (text === '') continue;
    // The second half of an end whose first came with the piece before.
    const rest = isInsideEnd && text.startsWith('\n') ? text.slice(1) : text;
    isInsideEnd = text.endsWith('\r');
    // What is open was searched before: a long line is read once, not once for each piece.
    const [first = '', ...lines] = rest.split(/\r\n|\n|\r/);
    lines.unshift(open + first);
    open = lines.pop() ?? '';
    yield* lines;
    if (open.length > maxCharacters) throw tooLong(maxCharacters);
  }
}

function tooLong(maxCharacters: number): EngineError {
  return new EngineError('engine_protocol', `The engine sent an event of more than ${maxCharacters} characters.`);
}
