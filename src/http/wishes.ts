/** What a client may ask by header, whatever protocol its body speaks. */

import type { IncomingHttpHeaders } from 'node:http';
import { Field } from '../base/decode.ts';
import type { DecodeContext } from '../wire/protocol.ts';

const reportHeader = 'X-Aimindserve-Report';
const guaranteeLevels = ['enforce', 'report', 'off'] as const;
const guaranteeHeader = 'X-Aimindserve-Guarantee';

/** What a client wishes: of the protocol, and of the server. */
export interface Wishes extends Omit<DecodeContext, 'created'> {
  /** The report shall hold the trace of the answer. */
  readonly trace?: true;
}

/**
 * `X-Aimindserve-Report: 1` asks how the answer came about, `raw` for the unparsed text too, `trace` for everything;
 * `X-Aimindserve-Guarantee: enforce | report | off` says how strictly promises are kept (the body's
 * `aimindserve.guarantee` goes first). Throws RequestError that names the header.
 */
export function readWishes(headers: IncomingHttpHeaders): Wishes {
  const report = headerField(headers, reportHeader).optional((field) => field.oneOf(['0', '1', 'raw', 'trace'])) ?? '0';
  const guarantee = headerField(headers, guaranteeHeader).optional((field) => field.oneOf(guaranteeLevels));
  return {
    report: report !== '0',
    ...(report === 'raw' && { raw: true }),
    ...(report === 'trace' && { trace: true }),
    ...(guarantee && { guarantee }),
  };
}

/** Absent where it is empty. */
function headerField(headers: IncomingHttpHeaders, name: string): Field {
  const value = headers[name.toLowerCase()];
  return new Field(value === '' ? undefined : value, name);
}
