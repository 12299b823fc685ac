import type { ComponentChildren } from 'preact';
import { authorizedFetch, hasToken } from '../api/authorized';

interface Props {
  href: string;
  onClick?: () => void;
  children: ComponentChildren;
}

/** A download. A plain link shows no token: with one the page fetches the file itself. */
export function DownloadLink({ href, onClick, children }: Props) {
  return (
    <a
      class="button"
      href={href}
      download=""
      onClick={(event) => {
        onClick?.();
        if (!hasToken()) return;
        event.preventDefault();
        void download(href);
      }}
    >
      {children}
    </a>
  );
}

async function download(href: string): Promise<void> {
  const response = await authorizedFetch(href);
  if (!response.ok) return;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = nameOf(response) ?? 'socklens';
  link.click();
  URL.revokeObjectURL(link.href);
}

function nameOf(response: Response): string | undefined {
  return /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
}
