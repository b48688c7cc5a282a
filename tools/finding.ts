/** Something in the tree that a program can judge to be wrong. Not an opinion: sizes, names and structure are for readers. */
export type Finding = {
  /** Relative to the repository's root, with forward slashes. */
  readonly file: string;
  /** 1 is the first line. */
  readonly line: number;
  readonly what: string;
  readonly why: string;
  readonly wayOut: string;
};

/** One finding as text: an address that editors open, then three short sentences. */
export function formatFinding(finding: Finding): string {
  return `${finding.file}:${finding.line} ${finding.what}\n  why: ${finding.why}\n  way out: ${finding.wayOut}`;
}

/** Prints findings on stdout and a count on stderr. Exit code 1 when there are any, or when nothing was looked at: that proves nothing. */
export function closeCheck(
  name: string,
  result: { readonly findings: readonly Finding[]; readonly looked: number; readonly unit: string },
): void {
  for (const finding of result.findings) process.stdout.write(`${formatFinding(finding)}\n`);
  process.stderr.write(`${name}: ${result.looked} ${result.unit}, ${result.findings.length} findings\n`);
  process.exitCode = result.findings.length > 0 || result.looked === 0 ? 1 : 0;
}
