/** Pictures in messages, in the spellings that clients send. */

import type { Field } from '../../base/decode.ts';
import { isObject } from '../../base/json.ts';
import type { Image } from '../../chat/message.ts';

/** 20 MiB, as base64. */
const mostCharacters = Math.ceil((20 << 20) / 3) * 4;
const longestAddress = 8_192;
const head = /^data:image\/(png|jpe?g|webp|gif);base64,/i;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/;
const details = ['low', 'high', 'auto'] as const;

/** The picture that a part holds; undefined = it is a part of another kind. */
export function decodeImage(part: Field): Image | undefined {
  const type = part.get('type').optional((field) => field.string());
  switch (type) {
    case 'image_url':
    case 'input_image': {
      const field = part.get('image_url');
      return isObject(field.value) ? toImage(field.get('url'), field) : toImage(field, part);
    }
    case 'image':
      return fromData(part.get('source').isAbsent ? part : part.get('source'));
    default:
      return undefined;
  }
}

function toImage(url: Field, around: Field): Image {
  const detail = around.get('detail').optional((field) => field.oneOf(details));
  return { url: checkUrl(url), ...(detail !== undefined && { detail }), path: url.path };
}

/** As tools tell of pictures: base64 with its type beside it. */
function fromData(around: Field): Image {
  const mime = ['media_type', 'mimeType', 'mime_type'].map((name) => around.get(name)).find((field) => !field.isAbsent);
  const data = around.get('data');
  return { url: checkData(`data:${mime?.string() ?? ''};base64,${data.string()}`, data), path: data.path };
}

function checkUrl(field: Field): string {
  const url = field.string();
  if (/^data:/i.test(url)) return checkData(url, field);
  if (url.length > longestAddress) throw field.invalid(`an address has at most ${longestAddress} characters`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isWeb = parsed?.protocol === 'https:' || parsed?.protocol === 'http:';
  if (!isWeb || parsed.username !== '' || parsed.password !== '')
    throw field.invalid('a picture is a data: URL, or an http(s) address without a password');
  return url;
}

function checkData(url: string, field: Field): string {
  const begin = head.exec(url)?.[0];
  if (begin === undefined) throw field.invalid('pictures are PNG, JPEG, WebP or GIF, as data:image/…;base64,…');
  const data = url.slice(begin.length);
  if (data.length > mostCharacters) throw field.invalid('a picture has at most 20 MiB');
  if (data.length % 4 === 1 || !base64.test(data)) throw field.invalid('this is not base64');
  return begin.toLowerCase().replace('/jpg', '/jpeg') + data;
}
