/** How many there are of all kinds together: rejections whatever their reason, fallbacks. */
export function sumOfCounts(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
