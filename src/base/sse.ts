/** Server-sent events as text: data frames, comments, the OpenAI end mark. */

/** One data frame; `data` holds no line break (JSON never does). */
export function sseData(data: string): string {
  return `data: ${data}\n\n`;
}

/** A comment: readers ignore it, proxies and clients see that the line is alive. */
export function sseComment(text: string): string {
  return `: ${text.replaceAll(/[\r\n]+/g, ' ')}\n\n`;
}

/** What ends an OpenAI stream. */
export const sseDone = sseData('[DONE]');
