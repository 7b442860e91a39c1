/** XML's escapes: the entities of five characters, numbered ones, and CDATA. */

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
const named: ReadonlyMap<string, string> = new Map(Object.entries(entities).map(([letter, name]) => [name, letter]));

/** Longest entity that is read, `&` and `;` included. */
export const maxEntity = 10;
/** What opens and closes text without entities. */
export const cdata = ['<![CDATA[', ']]>'] as const;

/** The text with all five characters as entities. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => entities[letter] ?? letter);
}

/** The character of an entity; undefined if it is none. */
export function decodeEntity(entity: string): string | undefined {
  const digits = /^&#(?:(\d{1,7})|[xX]([0-9a-fA-F]{1,6}));$/.exec(entity);
  if (digits === null) return named.get(entity);
  const code = digits[1] === undefined ? Number.parseInt(digits[2] ?? '', 16) : Number.parseInt(digits[1], 10);
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

/** The text with its entities and CDATA decoded. */
export function decodeXml(text: string): string {
  const [open, close] = cdata;
  const parts: string[] = [];
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf(open, at);
    const end = start === -1 ? -1 : text.indexOf(close, start);
    parts.push(decodeEntities(text.slice(at, end === -1 ? undefined : start)));
    if (end === -1) break;
    parts.push(text.slice(start + open.length, end));
    at = end + close.length;
  }
  return parts.join('');
}

function decodeEntities(text: string): string {
  return text.replace(/&[#\w]{1,8};/g, (entity) => decodeEntity(entity) ?? entity);
}
