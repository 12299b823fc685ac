import { useState } from 'preact/hooks';
import type { Packet } from '../store/packet';
import { deletePacket, savedPackets, savePacket } from '../store/savedPackets';

interface Props {
  packet: Packet;
  onLoad: (packet: Packet) => void;
}

/** Packets kept in this browser, to be sent again or given a name. */
export function SavedPackets({ packet, onLoad }: Props) {
  const [name, setName] = useState<string | null>(null);
  const [chosen, setChosen] = useState('');
  const { saved, recent } = savedPackets.value;
  const load = (value: string) => {
    const [kind, index] = value.split(':');
    const entry = kind === 'saved' ? saved[Number(index)]?.packet : recent[Number(index)];
    setChosen(kind === 'saved' ? (saved[Number(index)]?.name ?? '') : '');
    if (entry) onLoad(entry);
  };
  const save = (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = name?.trim();
    if (!wanted) return;
    savePacket(wanted, packet);
    setChosen(wanted);
    setName(null);
  };
  if (name !== null)
    return (
      <form class="saved-packets" onSubmit={save}>
        <label class="sr-only" for="packet-name">
          Name of the packet
        </label>
        <input
          id="packet-name"
          value={name}
          placeholder="Name of the packet"
          autocomplete="off"
          ref={(input) => input?.focus()}
          onInput={(event) => setName(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.preventDefault();
            setName(null);
          }}
        />
        <button type="submit" class="button">
          Save
        </button>
      </form>
    );
  return (
    <div class="saved-packets">
      <select
        aria-label="Load a packet"
        value=""
        onChange={(event) => {
          load(event.currentTarget.value);
          event.currentTarget.value = '';
        }}
      >
        <option value="">{chosen || 'Load a packet…'}</option>
        <optgroup label="Saved">
          {saved.map((entry, index) => (
            <option key={entry.name} value={`saved:${index}`}>
              {entry.name}
            </option>
          ))}
        </optgroup>
        <optgroup label="Sent lately">
          {recent.map((entry, index) => (
            <option key={JSON.stringify(entry)} value={`recent:${index}`}>
              {entry.payload.slice(0, 40) || 'empty'} → {entry.to}
            </option>
          ))}
        </optgroup>
      </select>
      <button type="button" class="button" onClick={() => setName(chosen)}>
        Save as…
      </button>
      {saved.some((entry) => entry.name === chosen) && (
        <button
          type="button"
          class="button"
          onClick={() => {
            deletePacket(chosen);
            setChosen('');
          }}
        >
          Forget
        </button>
      )}
    </div>
  );
}
