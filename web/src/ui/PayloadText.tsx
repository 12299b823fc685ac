import type { Payload } from '../api/types';
import { type Preview, previewPayload } from '../text/escape';

const PREVIEW_CHARACTERS = 200;
const previews = new WeakMap<Payload, Preview>();

function previewOf(payload: Payload): Preview {
  const known = previews.get(payload);
  if (known) return known;
  const preview = previewPayload(payload, PREVIEW_CHARACTERS);
  previews.set(payload, preview);
  return preview;
}

/** The beginning of a payload on one line. Whatever it holds, it becomes text nodes and nothing else. */
export function PayloadText({ payload }: { payload: Payload }) {
  if (payload.size === 0) return <span class="payload payload-empty">empty</span>;
  const { segments, cut } = previewOf(payload);
  return (
    <bdi class="payload">
      {segments.map(({ text, look }, index) =>
        look === 'plain' ? (
          text
        ) : (
          <span key={index} class={look}>
            {text}
          </span>
        ),
      )}
      {cut && <span class="payload-cut">…</span>}
    </bdi>
  );
}
