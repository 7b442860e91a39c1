/** Everything that can be set of a server; the command line fills it from flags, environment and file. */

import type { DeploymentSpec } from '../fleet/deployment.ts';
import type { OidcSettings } from '../http/accounts/oidc.ts';

/** Sign-in at a provider, but for the address that browsers come back to. */
export type SignInConfig = Omit<OidcSettings, 'publicUrl'>;

/** How others reach the server, and how it reaches them. */
export interface OutsideConfig {
  /** Certificate authorities to trust besides the usual ones. */
  readonly caFile?: string;
  /** Replaces the catalogue that comes with the package. */
  readonly catalogFile?: string;
  /** Folders under which files of deployments may lie, besides those that administrators set. */
  readonly pathRoots: readonly string[];
  /** Both read anew when they change. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Web pages of these origins may call the server. */
  readonly corsOrigins: readonly string[];
  /** Addresses and networks whose word on their clients is believed. */
  readonly trustedProxies: readonly string[];
  /** Where browsers find this server, if a proxy stands before it. */
  readonly publicUrl?: string;
  readonly signIn?: SignInConfig;
}

/** Everything that can be set. */
export interface ServerConfig extends OutsideConfig {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly apiKeys: readonly string[];
  /** May programs of this machine ask without a key? Only where nobody else can reach the address. */
  readonly isLoopback: boolean;
  /** What the command line declares; absent = nothing. */
  readonly model?: DeploymentSpec;
  /** Did a person name the model (or its names)? Otherwise it gives way to whatever is deployed. */
  readonly isModelNamed: boolean;
  /** Everything that outlives the process is kept here. */
  readonly dataFolder: string;
  /** Did a person choose it? */
  readonly isDataFolderNamed: boolean;
  /** How long running answers may take once the server is told to end. */
  readonly drainMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The words of a command that starts vLLM's server; before any that is found or installed. */
  readonly vllmCommand?: readonly string[];
  /** The path of a llama-server; before one on the search path. */
  readonly llamaServer?: string;
  /** Told how far the declared model is, and where the server answers meanwhile; what it throws ends the start. */
  readonly onProgress?: (words: string, url: string) => void;
  /** Writes to a terminal that only its owner reads; absent = there is none. */
  readonly print?: (line: string) => void;
}
