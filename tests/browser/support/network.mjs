// A network as a container has it: a namespace whose only neighbour is the bridge's own address.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const ip = (...words) => promisify(execFile)('ip', words);

/** The server's options for it, or null where this machine does not let us make one. */
export async function containerNetwork(t, { outside, inside }) {
  const name = `socklens-${process.pid}`;
  const link = `sl${process.pid}`;
  const made = await ip('netns', 'add', name).catch(() => null);
  if (!made) return null;
  t.after(() => ip('netns', 'delete', name));
  try {
    await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await ip('address', 'add', `${outside}/30`, 'dev', link);
    await ip('link', 'set', link, 'up');
    await ip('-n', name, 'address', 'add', `${inside}/30`, 'dev', 'eth0');
    await ip('-n', name, 'link', 'set', 'eth0', 'up');
    await ip('-n', name, 'link', 'set', 'lo', 'up');
  } catch {
    return null;
  }
  return { host: inside, via: ['ip', 'netns', 'exec', name], flags: ['--http-open'] };
}
