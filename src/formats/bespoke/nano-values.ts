/** How names and values are spelled in the nano format. */

import { type ExactJson, parseExact, printExact } from '../../base/json.ts';

/** JSON in one line, one blank after `,` and `:`, well-formed Unicode only. */
export function spellExact(value: ExactJson): string {
  return printExact(value, 'spaced');
}

/** A plain value as JSON text. */
export function spellJson(value: unknown): string {
  return spellExact(parseExact(JSON.stringify(value) ?? 'null'));
}

/** May this string stand as it is? If not it is written as a JSON string. */
export function isRaw(value: string): boolean {
  return /^[^"< ]/.test(value) && !value.endsWith(' ') && !/[\x00-\x1f\x7f]/.test(value) && value.isWellFormed();
}

/** A key or tool name; as a JSON string if it is empty or contains a character of the format itself. */
export function spellName(name: string): string {
  const plain = /^[^. =*:(),"<\x00-\x1f\x7f]+$/.test(name) && name.isWellFormed();
  return plain ? name : JSON.stringify(name);
}

/** A string value: raw if it can be and is nothing else when raw. */
export function spellString(value: string, nullable: boolean): string {
  return isRaw(value) && !(nullable && value === 'null') ? value : JSON.stringify(value);
}
