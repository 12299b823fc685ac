import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { authorizedFetch, hasToken } from '../api/authorized';
import { ApiProblem } from '../api/problem';

interface Props {
  href: string;
  onClick?: () => void;
  children: ComponentChildren;
}

/** A download. A plain link shows no token: with one the page fetches the file itself. */
export function DownloadLink({ href, onClick, children }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  return (
    <>
      <a
        class="button"
        href={href}
        download=""
        onClick={(event) => {
          if (!hasToken()) {
            onClick?.();
            return;
          }
          event.preventDefault();
          download(href).then(onClick, (error) =>
            setProblem(
              error instanceof ApiProblem ? error.sentence : 'It did not come to its end.',
            ),
          );
        }}
      >
        {children}
      </a>
      {problem && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </>
  );
}

async function download(href: string): Promise<void> {
  const response = await authorizedFetch(href);
  if (!response.ok) throw await ApiProblem.fromResponse(response);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = nameOf(response) ?? 'socklens';
  link.click();
  URL.revokeObjectURL(link.href);
}

function nameOf(response: Response): string | undefined {
  return /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
}
