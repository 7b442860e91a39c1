/** vLLM's Prometheus page, as the numbers that health pages show. */

/** What is taken from the page. */
export interface EngineNumbers {
  readonly running: number;
  readonly waiting: number;
  readonly generatedTokens: number;
}

/** Sums over engines and labels; what is not there counts nothing. */
export function readMetrics(page: string): EngineNumbers {
  const sums = new Map<string, number>();
  for (const line of page.split('\n')) {
    const [, name, value] = /^(vllm:\w+)(?:\{[^}]*\})? (\S+)$/.exec(line) ?? [];
    const number = Number(value);
    if (name !== undefined && Number.isFinite(number)) sums.set(name, (sums.get(name) ?? 0) + number);
  }
  return {
    running: sums.get('vllm:num_requests_running') ?? 0,
    waiting: sums.get('vllm:num_requests_waiting') ?? 0,
    generatedTokens: sums.get('vllm:generation_tokens_total') ?? 0,
  };
}
