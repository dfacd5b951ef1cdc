/**
 * Plays the test cases of a Lintel bundle against a gateway.
 *
 * ```js
 * import lintel from "k6/x/lintel";
 * ```
 */
declare module "k6/x/lintel" {
  /** A case of a set. */
  export interface Case {
    /** Its place in the set, from 0. */
    readonly index: number;
    /** The id of the route that the case stands beside, such as "shop.example/orders". */
    readonly route: string;
    readonly name: string;
    /** Where the case stands in the route files. */
    readonly file: string;
    readonly line: number;
    readonly method: string;
    /**
     * Whether playing the case often, and beside others, changes nothing: a plain GET,
     * HEAD or OPTIONS that is sent once and bounds no time.
     */
    readonly repeatable: boolean;
    /** Whether the case needs the value of a secret. */
    readonly secret: boolean;
  }

  /** Against which gateway cases are played, and how. */
  export interface Options {
    /** The host:port of the gateway. */
    target: string;
    /** A file to which a line of JSON is appended for every case. */
    results?: string;
    /** The digest of the bundle that must serve, where the gateway says which does. */
    bundle?: string;
    /** A gateway without --dev: neither the route nor the upstream is compared. */
    live?: boolean;
    /** The bound of one exchange, such as "15s", which is the default. */
    timeout?: string;
    /** Keep connections open from one case to the next. */
    reuse?: boolean;
    /** A JSON file with the values of secrets by "domain/name", or "name" for shared ones. */
    secrets?: string;
    /** A file with the certificates (PEM) that cases with the scheme https trust, or "system". */
    ca?: string;
  }

  /** An expectation that did not hold. */
  export interface Mismatch {
    /** What was compared, such as "status" or "header location"; "exchange" when there was no answer. */
    field: string;
    want?: string;
    got?: string;
    /** The difference line by line, where that says more. */
    diff?: string;
  }

  /** What came back. */
  export interface Answer {
    status: number;
    /** By name in lower case. */
    headers?: Record<string, string[]>;
    /** The first 4 KiB. */
    body?: string;
    /** The size of the whole body in bytes. */
    bodySize: number;
    /** What a gateway with --dev says of itself. */
    route?: string;
    upstream?: string;
    bundle?: string;
  }

  /** What became of a case. */
  export interface Result {
    index: number;
    passed: boolean;
    /** What did not hold; empty when the case passed. */
    mismatches: Mismatch[];
    /** The first answer that did not fit, else the first; absent when there was none. */
    got?: Answer;
    /** The ids of the routes that answered, each once; "" for none. */
    routes?: string[];
    /** The time of the whole case in milliseconds. */
    millis: number;
  }

  /** Reads a set of cases as `lintel compile --cases FILE` writes it. Init context only. */
  export function load(path: string): Case[];

  /** Says where and how cases are played. Init context only. */
  export function options(options: Options): void;

  /** Plays a case. It throws when the result cannot be recorded, never for a case that fails. */
  export function replay(played: Case): Result;

  /**
   * Puts the bundle in the directory `bundle` into the directory `mount`, in the steps in
   * which the kubelet updates a mounted ConfigMap, and returns the bundle's digest.
   */
  export function swap(mount: string, bundle: string): string;

  const lintel: {
    load: typeof load;
    options: typeof options;
    replay: typeof replay;
    swap: typeof swap;
  };
  export default lintel;
}
