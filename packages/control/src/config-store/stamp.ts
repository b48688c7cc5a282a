/** Who makes a change, when and why. The store keeps it with the revision and in the audit log. */
export type Stamp = {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly author: string;
  /** Whether control knows who it is; otherwise the author is what the client said of itself. */
  readonly isAuthorVerified: boolean;
  /** The method of the API that was asked for, such as `organizations.environments.update`. */
  readonly method: string;
  readonly reason?: string | undefined;
  readonly requestId?: string | undefined;
};
