/** What is desired: a model, under which names, on which engine, with which settings. */

/** Which GPU library to use; `auto` = the best that is there. */
export type GpuChoice = 'auto' | 'off' | 'cuda' | 'vulkan' | 'metal';

/** One deployment; declared on the command line for now. */
export interface Deployment {
  /** The names it answers to; the first is the one it reports. */
  readonly names: readonly string[];
  readonly modelPath: string;
  readonly engine: 'embedded';
  /** Context tokens per request; absent = the model's own, bounded by memory. */
  readonly contextSize?: number;
  /** Requests that run at once. */
  readonly parallel: number;
  /** Absent = calibrated at load. */
  readonly threads?: number;
  readonly gpu: GpuChoice;
  readonly gpuLayers?: number;
  /** Replaces the model's own chat template (the Jinja text). */
  readonly chatTemplate?: string;
  /** Overrules detection: a format's name, or the absolute path of a file that holds one. */
  readonly toolFormat?: string;
  /** How strictly promises of answers are kept where the request does not say; absent = `enforce`. */
  readonly guarantee?: 'enforce' | 'report' | 'off';
  /** Unix seconds: `created` in model lists. */
  readonly createdAt: number;
}
