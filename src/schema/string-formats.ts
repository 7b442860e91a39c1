/** The values of `format` that are checked; all others are annotations. */

import { formatPattern } from './format-patterns.ts';
import { compilePattern } from './pattern.ts';

const dateText = /^(\d{4})-(\d{2})-(\d{2})$/;
const timeText = /^(\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:z|[+-](\d{2}):(\d{2}))$/i;
const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const ipv4Text = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const uuidText = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const label = '(?!-)[a-z0-9-]{1,63}(?<!-)';
const hostnameText = new RegExp(`^${label}(?:\\.${label})*$`, 'i');
const emailLocalText =
  /^(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*|"(?:[^"\\\p{Cc}]|\\[ -~])*")$/iu;

function isDate(text: string): boolean {
  const [, year, month, day] = dateText.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return false;
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const last = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= last;
}

/** A second of 60 is a leap second. */
function isTime(text: string): boolean {
  const [, hour, minute, second, offsetHour, offsetMinute] = timeText.exec(text)?.map(Number) ?? [];
  if (hour === undefined || minute === undefined || second === undefined) return false;
  const isOffset =
    offsetHour === undefined || Number.isNaN(offsetHour) || (offsetHour < 24 && (offsetMinute ?? 0) < 60);
  return hour < 24 && minute < 60 && second <= 60 && isOffset;
}

function isDateTime(text: string): boolean {
  return /^[t ]$/i.test(text.charAt(10)) && isDate(text.slice(0, 10)) && isTime(text.slice(11));
}

function isIpv6(text: string): boolean {
  const groups = text.split(':');
  const tail = groups.at(-1) ?? '';
  const isMixed = tail.includes('.');
  if (isMixed && !ipv4Text.test(tail)) return false;
  const length = groups.length + (isMixed ? 1 : 0);
  const hex = isMixed ? groups.slice(0, -1) : groups;
  const halves = text.split('::').length - 1;
  if (text.includes(':::') || halves > 1 || length < 3 || length > (halves === 1 ? 9 : 8)) return false;
  if (halves === 0 && (length !== 8 || hex.includes(''))) return false;
  if ((text.startsWith(':') && !text.startsWith('::')) || (text.endsWith(':') && !text.endsWith('::'))) return false;
  return hex.every((group) => /^[0-9a-f]{0,4}$/i.test(group));
}

function isHostname(text: string): boolean {
  return (
    text.length <= 253 &&
    hostnameText.test(text) &&
    !/(?:^|\.)..--/.test(text.replaceAll(/(?:^|\.)xn--[a-z0-9]/gi, '.'))
  );
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const domain = text.slice(at + 1);
  const [, address] = /^\[(.*)\]$/.exec(domain) ?? [];
  if (at < 1 || !emailLocalText.test(text.slice(0, at))) return false;
  if (address === undefined) return isHostname(domain);
  return ipv4Text.test(address) || (address.startsWith('IPv6:') && isIpv6(address.slice(5)));
}

function isRegularExpression(text: string): boolean {
  try {
    // Only read, never run.
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

const checks: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  time: isTime,
  'date-time': isDateTime,
  ipv4: (text) => ipv4Text.test(text),
  ipv6: isIpv6,
  uuid: (text) => uuidText.test(text),
  email: isEmail,
  hostname: isHostname,
  regex: isRegularExpression,
};

/** Has this text the format? Formats that nobody defined: yes. */
export function hasFormat(text: string, format: string): boolean {
  const check = Object.hasOwn(checks, format) ? checks[format] : undefined;
  if (check !== undefined) return check(text);
  const pattern = formatPattern(format);
  return pattern === undefined || compilePattern(pattern)?.matches(text) !== false;
}
