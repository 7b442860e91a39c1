/** The texts of each `format` as a regular expression, for grammars and, where no check says more, for validation. */

const alternatives = (...parts: readonly string[]): string => `(?:${parts.join('|')})`;

const twentyEight = '(?:0[1-9]|1\\d|2[0-8])';
const leapYear = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const date = alternatives(
  `\\d{4}-(?:0[1-9]|1[0-2])-${twentyEight}`,
  '\\d{4}-(?:0[13-9]|1[0-2])-(?:29|30)',
  '\\d{4}-(?:0[13578]|1[02])-31',
  `${leapYear}-02-29`,
);
const offset = '(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)';
/** No leap seconds, and fractions of bounded length. */
const time = `(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?${offset}`;

// RFC 3339, appendix A.
const clock = '(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)';
const days = '(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)';
const duration = `P(?:\\d+W|${days}(?:T${clock})?|T${clock})`;

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const ipv4 = `${octet}(?:\\.${octet}){3}`;
const group = '[0-9a-fA-F]{1,4}';
const ipv6 = alternatives(
  `(?:${group}:){7}${group}`,
  ...Array.from({ length: 6 }, (_, index) => `(?:${group}:){${6 - index}}(?::${group}){1,${index + 1}}`),
  `(?:${group}:){1,7}:`,
  `:(?::${group}){1,7}`,
  '::',
  `(?:${group}:){6}${ipv4}`,
  `::(?:${group}:){0,5}${ipv4}`,
  ...Array.from({ length: 5 }, (_, index) => `(?:${group}:){${index + 1}}:(?:${group}:){0,${4 - index}}${ipv4}`),
);
const uuid = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';

/** Six labels of 41 letters at most: never more than the 253 that a name may have, and never an encoded label. */
const label = '[A-Za-z0-9](?:-?[A-Za-z0-9]){0,20}';
const hostname = `${label}(?:\\.${label}){0,5}`;
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const email = `${atom}(?:\\.${atom})*@${hostname}`;
const idnEmail = '[^\\s@\\x00-\\x1f"(),:;<>\\[\\\\\\]]+@[^\\s@\\x00-\\x2c/:-@\\[-^`{-\\x7f]+';

/** RFC 3986, and RFC 3987 with what it adds to `unreserved`. */
function addresses(more: string): { readonly uri: string; readonly reference: string } {
  const name = `A-Za-z0-9._~${more}-`;
  const delimiters = "!$&'()*+,;=";
  const encoded = '%[0-9A-Fa-f]{2}';
  const letter = `(?:[${delimiters}:@${name}]|${encoded})`;
  const user = `(?:[${delimiters}:${name}]|${encoded})*`;
  const host = `(?:\\[${ipv6}\\]|(?:[${delimiters}${name}]|${encoded})*)`;
  const rest = `(?:/${letter}*)*`;
  const rooted = `//(?:${user}@)?${host}(?::\\d*)?${rest}|/(?:${letter}+${rest})?`;
  const end = `(?:\\?(?:${letter}|[/?])*)?(?:#(?:${letter}|[/?])*)?`;
  const scheme = '[A-Za-z][A-Za-z0-9+.-]*';
  const uri = `${scheme}:(?:${rooted}|${letter}+${rest})?${end}`;
  const first = `(?:[${delimiters}@${name}]|${encoded})+`;
  return { uri, reference: `(?:${uri}|(?:${rooted}|${first}${rest})?${end})` };
}

const ascii = addresses('');
const international = addresses('\\xa0-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\uffef\\u{10000}-\\u{1fffd}');

const variable = '(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+(?:\\.(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})+)*(?:\\*|:[1-9]\\d{0,3})?';
const uriTemplate = `(?:[^\\x00-\\x20"'%<>\\\\^\`{|}\\x7f]|%[0-9A-Fa-f]{2}|\\{[+#./;?&=,!@|]?${variable}(?:,${variable})*\\})*`;
const pointer = '(?:/(?:[^~/]|~[01])*)*';

const patterns: Readonly<Record<string, string>> = {
  date,
  time,
  'date-time': `${date}[Tt]${time}`,
  duration,
  uuid,
  ipv4,
  ipv6,
  hostname,
  email,
  'idn-email': idnEmail,
  uri: ascii.uri,
  'uri-reference': ascii.reference,
  iri: international.uri,
  'iri-reference': international.reference,
  'uri-template': uriTemplate,
  'json-pointer': pointer,
  'relative-json-pointer': `(?:0|[1-9]\\d*)(?:#|${pointer})`,
};

/** The names of formats that JSON Schema defines and no pattern describes. */
const others = new Set(['regex', 'idn-hostname']);

/** A pattern whose texts all have this format, and nearly all that have it; undefined where there is none. */
export function formatPattern(format: string): string | undefined {
  return Object.hasOwn(patterns, format) ? `^(?:${patterns[format]})$` : undefined;
}

/** Does this format demand anything? Those that JSON Schema does not define are annotations. */
export function isFormatKnown(format: string): boolean {
  return Object.hasOwn(patterns, format) || others.has(format);
}
