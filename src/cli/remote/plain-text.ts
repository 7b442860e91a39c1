/** Text of others for a terminal: without what would move its cursor, colour it or turn its direction. */

/** Control characters but line feed and tab, and the marks that reorder what is shown. */
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** The text without them. */
export function plainText(text: string): string {
  return text.replaceAll(unsafe, '');
}

/** The same in one line, for a cell or a live line. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll(/\s+/g, ' ').trim();
}
