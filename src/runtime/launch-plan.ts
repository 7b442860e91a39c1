/** What to run: data that a runtime on any machine can carry out. */

/** A program to start; all paths absolute. */
export interface LaunchPlan {
  readonly command: string;
  readonly arguments: readonly string[];
  /** Added to (or, if undefined, removed from) the server's own environment. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Text the program gets on its standard input, which then stays open: its end tells the program to exit. */
  readonly input: string;
}
