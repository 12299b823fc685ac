/** Commands and programs that send the same bytes to the same place again. */
import { shellWord } from './shell';

export type SnippetKind = 'nc' | 'socat' | 'python' | 'c';

export const SNIPPETS: readonly { value: SnippetKind; label: string }[] = [
  { value: 'nc', label: 'nc' },
  { value: 'socat', label: 'socat' },
  { value: 'python', label: 'Python' },
  { value: 'c', label: 'C' },
];

export interface Target {
  protocol: 'udp' | 'tcp';
  /** HOST and port, or the path of a unix socket. */
  at: { host: string; port: number } | { path: string };
}

/** The target as a client on this machine reaches it: a wildcard is no place to send to. */
export function targetOf(service: string, listener: string, here: string): Target {
  const protocol = service.startsWith('udp') ? 'udp' : 'tcp';
  if (listener.startsWith('unix:')) return { protocol, at: { path: listener.slice(5) } };
  const colon = listener.lastIndexOf(':');
  const host = listener.slice(0, colon).replace(/^\[|\]$/g, '');
  const wildcard = host === '0.0.0.0' || host === '::';
  return {
    protocol,
    at: { host: wildcard ? here : host, port: Number(listener.slice(colon + 1)) },
  };
}

export function snippet(kind: SnippetKind, target: Target, bytes: Uint8Array): string {
  const make = { nc: netcat, socat, python, c };
  return make[kind](target, bytes);
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, '0')}`;
}

function quoted(bytes: Uint8Array, special: string): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return byte >= 0x20 && byte < 0x7f && !special.includes(character) ? character : octal(byte);
  }).join('');
}

/** So much bash's printf writes at once; more would come to the reader in pieces, each a datagram. */
const WRITTEN_AT_ONCE = 4096;
const GATHER = ' | dd bs=65536 iflag=fullblock status=none';
/** So much nc reads at once. */
const NETCAT_MOST = 16_384;

/** For POSIX printf in single quotes; what begins with a dash would be taken for an option. */
function printf(bytes: Uint8Array): string {
  const gather = bytes.length > WRITTEN_AT_ONCE ? GATHER : '';
  const format = quoted(bytes, "%\\'").replace(/^-/, octal(0x2d));
  return `printf '${format}'${gather}`;
}

function netcat({ protocol, at }: Target, bytes: Uint8Array): string {
  if (bytes.length > NETCAT_MOST)
    return `# nc would send it in pieces of ${NETCAT_MOST} bytes: take socat, Python or C`;
  const udp = protocol === 'udp' ? '-u ' : '';
  const to = 'path' in at ? `-U ${shellWord(at.path)}` : `${at.host} ${at.port}`;
  return `${printf(bytes)} | nc ${udp}-w 1 ${to}`;
}

function socat({ protocol, at }: Target, bytes: Uint8Array): string {
  const bracketed =
    'host' in at && at.host.includes(':') ? `[${at.host}]` : 'host' in at && at.host;
  const unix = protocol === 'udp' ? 'UNIX-SENDTO' : 'UNIX-CONNECT';
  const to =
    'path' in at ? `${unix}:${at.path}` : `${protocol.toUpperCase()}:${bracketed}:${at.port}`;
  return `${printf(bytes)} | socat -b 65536 -t 1 - ${shellWord(to)}`;
}

function python({ protocol, at }: Target, bytes: Uint8Array): string {
  const family = 'path' in at ? 'AF_UNIX' : at.host.includes(':') ? 'AF_INET6' : 'AF_INET';
  const to = 'path' in at ? JSON.stringify(at.path) : `("${at.host}", ${at.port})`;
  const type = protocol === 'udp' ? 'SOCK_DGRAM' : 'SOCK_STREAM';
  return [
    'import socket',
    '',
    `data = b"${pythonBytes(bytes)}"`,
    `with socket.socket(socket.${family}, socket.${type}) as s:`,
    '    s.settimeout(2)',
    `    s.connect(${to})`,
    '    s.sendall(data)',
    '    print(s.recv(65536))',
    '',
  ].join('\n');
}

function pythonBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    if (byte >= 0x20 && byte < 0x7f && !'"\\'.includes(character)) return character;
    return `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
}

const LITERAL_LINE = 16;

/** Octal escapes end after three digits, whatever follows; "?" is escaped because of trigraphs. */
function cLiteral(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length || at === 0; at += LITERAL_LINE)
    lines.push(`    "${quoted(bytes.subarray(at, at + LITERAL_LINE), '"\\?')}"`);
  return lines.join('\n');
}

function cAddress(at: Target['at']): { family: string; includes: string[]; lines: string[] } {
  if ('path' in at)
    return {
      family: 'AF_UNIX',
      includes: ['sys/un.h'],
      lines: [
        `struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = ${JSON.stringify(at.path)}};`,
      ],
    };
  const six = at.host.includes(':');
  const [family, type, p] = six
    ? ['AF_INET6', 'sockaddr_in6', 'sin6']
    : ['AF_INET', 'sockaddr_in', 'sin'];
  return {
    family,
    includes: ['arpa/inet.h'],
    lines: [
      `struct ${type} to = {.${p}_family = ${family}, .${p}_port = htons(${at.port})};`,
      '',
      `inet_pton(${family}, "${at.host}", &to.${p}_addr);`,
    ],
  };
}

function c({ protocol, at }: Target, bytes: Uint8Array): string {
  const { family, includes, lines } = cAddress(at);
  const type = protocol === 'udp' ? 'SOCK_DGRAM' : 'SOCK_STREAM';
  const headers = [...includes, 'stdio.h', 'sys/socket.h', 'unistd.h'].sort();
  return [
    ...headers.map((name) => `#include <${name}>`),
    '',
    'static const char data[] =',
    `${cLiteral(bytes)};`,
    '',
    'int main(void)',
    '{',
    '    char reply[65536];',
    `    int fd = socket(${family}, ${type}, 0);`,
    ...lines.map((line) => line && `    ${line}`),
    '    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)',
    '        return 1;',
    '    send(fd, data, sizeof(data) - 1, 0);',
    '    ssize_t size = recv(fd, reply, sizeof(reply), 0);',
    '    if (size > 0)',
    '        fwrite(reply, 1, (size_t)size, stdout);',
    '    close(fd);',
    '    return 0;',
    '}',
    '',
  ].join('\n');
}
