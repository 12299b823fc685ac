/** Which bytes of two payloads differ: 1 at each byte that has no counterpart on the other side. */
export interface Marks {
  left: Uint8Array;
  right: Uint8Array;
}

/** Above this many pairs an exact comparison would be felt; the differing middle is marked whole. */
const PAIRS_MAX = 1_000_000;

export function diffBytes(left: Uint8Array, right: Uint8Array): Marks {
  const marks = { left: new Uint8Array(left.length), right: new Uint8Array(right.length) };
  if (left.length === right.length) {
    for (let i = 0; i < left.length; i += 1)
      if (left[i] !== right[i]) marks.left[i] = marks.right[i] = 1;
    return marks;
  }
  const start = commonPrefix(left, right);
  const end = commonSuffix(left, right, start);
  const a = left.subarray(start, left.length - end);
  const b = right.subarray(start, right.length - end);
  marks.left.fill(1, start, start + a.length);
  marks.right.fill(1, start, start + b.length);
  if (a.length * b.length > 0 && a.length * b.length <= PAIRS_MAX) unmarkCommon(a, b, start, marks);
  return marks;
}

function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n += 1;
  return n;
}

function commonSuffix(a: Uint8Array, b: Uint8Array, start: number): number {
  const most = Math.min(a.length, b.length) - start;
  let n = 0;
  while (n < most && a[a.length - 1 - n] === b[b.length - 1 - n]) n += 1;
  return n;
}

/** The longest common subsequence keeps its bytes unmarked. */
function unmarkCommon(a: Uint8Array, b: Uint8Array, start: number, marks: Marks): void {
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      longest[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      marks.left[start + i] = marks.right[start + j] = 0;
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
}
