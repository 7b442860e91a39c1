/** A model that another server serves: any server of OpenAI's protocol, asked in chat with its own key. */

import type { Clock, RandomHex } from '../../base/clock.ts';
import { Bug, isAppError, RequestError } from '../../base/errors.ts';
import type { DeploymentSpec } from '../../fleet/deployment.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import { readFailure, readRetryAfter, refusalError } from '../../wire/openai-chat/client-failure.ts';
import type { Engine, EngineAddress, RunWishes, UrlAddress } from '../engine.ts';
import { createEngineHttp } from '../http/engine-http.ts';
import { settleWishes } from '../run-settings.ts';
import { createConversation } from './conversation.ts';
import { proveTools } from './prove-tools.ts';
import { openRemote } from './remote-client.ts';
import { findModel, readModels } from './remote-models.ts';

/** What remotes are asked with. */
export interface OpenaiEngineParts {
  readonly outbound: Pick<Outbound, 'request'>;
  readonly clock: Clock;
  readonly randomHex: RandomHex;
}

/** Makes the engine. */
export function createOpenaiEngine({ outbound, clock, randomHex }: OpenaiEngineParts): Engine {
  return {
    name: 'openai',
    // What runs there is not ours to know.
    version: 'chat',
    weights: 'none',
    listens: 'elsewhere',
    usesGpu: false,
    readWishes,
    plan: () => undefined,
    async connect(address, signal, { spec, wishes }) {
      const { url, token } = toUrl(address);
      const { host } = new URL(url);
      const who = `The remote server ${host}`;
      const http = createEngineHttp(outbound, {
        baseUrl: url,
        headers: token === '' ? {} : { authorization: `Bearer ${token}` },
        who,
        refusal: (status, text, headers) => {
          const retryAfter = readRetryAfter(headers['retry-after']);
          const failure = readFailure(text);
          return refusalError({ who, status, failure, ...(retryAfter !== undefined && { retryAfter }) });
        },
      });
      const newCallId = (): string => `chatcmpl-tool-${randomHex(16)}`;
      const converse = createConversation(http, { path: '/chat/completions', who, model: spec.name, newCallId });
      const models = await explained(() => readModels(http, signal));
      const told = models === undefined ? undefined : findModel(models, spec.name);
      const tools = await proveTools(converse, { who, model: spec.name, models, signal });
      const contextSize = wishes.contextSize ?? told?.contextSize ?? 0;
      return openRemote({ http, clock, who, host, converse, tools, contextSize, slots: wishes.parallel });
    },
  };
}

function toUrl(address: EngineAddress): UrlAddress {
  if ('url' in address) return address;
  throw new Bug('a remote has a URL');
}

/** The guard says what is wrong; who can mend it, and where, is known here. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!isAppError(thrown) || thrown.code !== 'address_refused') throw thrown;
    const message = `${thrown.message} To list it: aimindserve settings allow-host HOST (the setting 'allowedHosts').`;
    throw new RequestError('address_refused', message, { param: 'source.url', cause: thrown });
  }
}

/** Nothing is started, so that nothing can be told how to run. */
function readWishes(deployment: DeploymentSpec): RunWishes {
  if (deployment.backendParameters.length > 0) {
    const message =
      'A remote server is not started here: it takes no backend parameters. What it shall do differently, its own operator sets.';
    throw new RequestError('invalid_value', message, { param: 'backendParameters[0]' });
  }
  const idle = idleFields.filter((field) => deployment[field] !== undefined);
  const environment = Object.keys(deployment.environment).length > 0 ? ['environment'] : [];
  const notes = [...idle, ...environment].map((field) => `'${field}' has no effect on a remote server.`);
  return settleWishes(deployment, new Map(), { passed: [], notes });
}

const idleFields = ['threads', 'gpuLayers', 'chatTemplate', 'engineVersion'] as const;
