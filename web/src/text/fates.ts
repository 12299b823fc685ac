/** The fates of messages as words, and a rule with the seed that they were told for. */

/** Numbers that are said one by one; of more only how many they are. */
const SAID = 12;

/** "x" is a hit: "2 of the next 10 are hit: 5, 6". */
export function fatesWords(fates: string, which: string): string {
  const hits = Array.from(fates, (fate, n) => (fate === 'x' ? n + 1 : 0)).filter(Boolean);
  const { length } = hits;
  const list = length > 0 && length <= SAID ? `: ${hits.join(', ')}` : '';
  return `${length} of the ${which} ${fates.length} ${length === 1 ? 'is' : 'are'} hit${list}`;
}

/** A rule that draws and names no seed gets the one of its preview: what was shown is what happens. */
export function withSeed(typed: string, canonical: string): string {
  const seed = / seed \d+$/.exec(canonical)?.[0];
  const words = typed.replace(/"(?:[^"\\]|\\.)*"/g, '');
  return seed && !/\sseed\s/.test(words) ? typed.trim() + seed : typed.trim();
}

/** The effect that a rule begins with: rules of one effect have places, which their draws come from. */
export function effectOf(rule: string): string {
  return rule.trim().split(/\s/)[0] ?? '';
}
