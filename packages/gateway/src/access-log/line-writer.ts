/** Writes bytes to an open file in the order in which they come, and never makes its caller wait. It owns the file. */
export type LineWriter = {
  /** Takes bytes, which nobody changes any more. What cannot be written now is kept and tried again. */
  write(bytes: Buffer): void;
  /** Closes when everything is written. Nothing is taken after this. */
  end(): void;
  /** Closes without what is not written by then. */
  giveUp(): void;
};

export type WriterEvents = {
  readonly onWritten: (bytes: number) => void;
  /** Writing fails. It is tried again with the next bytes. */
  readonly onFailed: (error: Error) => void;
  readonly onClosed: () => void;
};
