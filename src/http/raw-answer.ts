/** Answers to bytes that are no request: written straight to the connection. */

import type { Socket } from 'node:net';
import { RequestError } from '../base/errors.ts';
import { openaiChat } from '../wire/openai-chat/protocol.ts';

/** Bytes that are no HTTP, headers that are too long, requests that take too long. */
export function refuseGarbage(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = statusLines.get(error.code ?? '') ?? '400 Bad Request';
  answerRaw(socket, status, `The request could not be read: ${status.slice(4)}.`);
}

/** The commonest mistake with a server that speaks TLS. */
export function refusePlain(socket: Socket): void {
  answerRaw(socket, '400 Bad Request', 'This server speaks HTTPS here: the address must begin with https://.');
}

/** An answer where there is no request. */
function answerRaw(socket: Socket, status: string, message: string): void {
  const body = JSON.stringify(openaiChat.failure(new RequestError('invalid_json', message)));
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n`;
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

const statusLines: ReadonlyMap<string, string> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
]);
