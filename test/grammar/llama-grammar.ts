/** llama.cpp's own grammar engine, through the libraries that the embedded engine uses, for comparison with ours. */

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { addressOf, type Pointer } from '../../src/engines/embedded/layouts.ts';
import { openLibrary } from '../../src/engines/embedded/library.ts';
import { libraryPackage } from '../../src/engines/embedded/library-version.ts';
import { openModel } from '../../src/engines/embedded/native-model.ts';
import type { TokenTable } from '../../src/engines/embedded/token-table.ts';

const nano = fileURLToPath(new URL('../../models/nano/aimindserve-nano.gguf', import.meta.url));

/** llama.cpp's grammar engine over the vocabulary of the bundled model. */
export interface LlamaGrammars {
  readonly table: TokenTable;
  /** The grammar of this text; undefined if llama.cpp refuses it. */
  compile(gbnf: string): LlamaGrammar | undefined;
  /** Tokens as the model's own tokenizer cuts the text. */
  tokenize(text: string): readonly number[];
  /** One token for each byte. */
  spell(text: string): readonly number[];
}

/** A grammar. */
export interface LlamaGrammar {
  /** How many of the tokens are accepted from the start, and may the answer end then? */
  read(tokens: readonly number[]): { readonly taken: number; readonly mayEnd: boolean };
  free(): void;
}

/** Opens the libraries and the bundled model's vocabulary. */
export async function openLlamaGrammars(): Promise<LlamaGrammars> {
  const library = openLibrary(() => {});
  const model = await openModel(library, { path: nano }, () => '');
  const vocabulary = library.modelVocabulary(model.pointer);
  const table = model.tokens();
  const tokenizer = model.tokenizer();
  const native = bindSampler();
  const byByte = new Map<number, number>();
  for (let id = 0; id < table.size; id++) {
    const [byte, ...more] = table.bytes(id);
    if (byte !== undefined && more.length === 0) byByte.set(byte, id);
  }
  return {
    table,
    tokenize: (text) => [...tokenizer.encode(text, false)],
    spell: (text) => [...new TextEncoder().encode(text)].map((byte) => byByte.get(byte) ?? -1),
    compile: (gbnf) => {
      const sampler = native.create(vocabulary, gbnf, 'root');
      return sampler === null ? undefined : wrap(native, sampler, table.ends[0] ?? -1);
    },
  };
}

type Native = ReturnType<typeof bindSampler>;

function bindSampler() {
  let folder = dirname(createRequire(import.meta.url).resolve(libraryPackage));
  while (!readdirSync(folder).includes('bins')) folder = dirname(folder);
  folder = join(folder, 'bins', 'linux-x64');
  const file = readdirSync(folder).find((name) => name.startsWith('libllama.'));
  const llama = koffi.load(join(folder, file ?? ''));
  const create: (vocabulary: Pointer, gbnf: string, root: string) => Pointer | null = llama.func(
    'llama_sampler_init_grammar',
    'void *',
    ['void *', 'str', 'str'],
  );
  const apply: (sampler: Pointer, candidates: Uint8Array) => void = llama.func('llama_sampler_apply', 'void', [
    'void *',
    'void *',
  ]);
  const accept: (sampler: Pointer, token: number) => void = llama.func('llama_sampler_accept', 'void', [
    'void *',
    'int32',
  ]);
  const reset: (sampler: Pointer) => void = llama.func('llama_sampler_reset', 'void', ['void *']);
  const free: (sampler: Pointer) => void = llama.func('llama_sampler_free', 'void', ['void *']);
  return { create, apply, accept, reset, free };
}

function wrap(native: Native, sampler: Pointer, end: number): LlamaGrammar {
  // One `llama_token_data` (id, logit, p) and the `llama_token_data_array` (data, size, selected, sorted) that holds it.
  const candidate = new ArrayBuffer(16);
  const array = new ArrayBuffer(32);
  const view = new DataView(array);
  view.setBigUint64(0, BigInt(addressOf(candidate)), true);
  view.setBigUint64(8, 1n, true);
  const data = new DataView(candidate);
  const allows = (token: number): boolean => {
    data.setInt32(0, token, true);
    data.setFloat32(4, 0, true);
    view.setBigInt64(16, -1n, true);
    native.apply(sampler, new Uint8Array(array));
    return data.getFloat32(4, true) === 0;
  };
  return {
    read(tokens) {
      native.reset(sampler);
      let taken = 0;
      // A token that is not allowed would end the process, so each is asked for first.
      for (const token of tokens) {
        if (!allows(token)) return { taken, mayEnd: false };
        native.accept(sampler, token);
        taken++;
      }
      return { taken, mayEnd: allows(end) };
    },
    free: () => native.free(sampler),
  };
}
