import { api } from '../api/client';
import type { Message } from '../api/types';
import { useGateway } from '../store/context';
import { MessageBody } from './MessageBody';
import { useLoaded } from './useLoaded';

interface Props {
  seq: number;
  onSendAgain: (message: Message) => void;
}

export function MessageDetail({ seq, onSendAgain }: Props) {
  const gateway = useGateway();
  const known = gateway.log.find(seq);
  const loaded = useLoaded(seq, gateway.status.value?.log.id, async () =>
    known ? known : api.message(seq),
  );
  const message = known ?? loaded.value;
  if (message) return <MessageBody message={message} onSendAgain={onSendAgain} />;
  return <p class="detail-note">{loaded.problem ?? 'Loading…'}</p>;
}
