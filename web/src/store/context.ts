import { signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Gateway } from './gateway';

export const GatewayContext = createContext<Gateway | null>(null);

export function useGateway(): Gateway {
  const gateway = useContext(GatewayContext);
  if (!gateway) throw new Error('GatewayContext is not provided');
  return gateway;
}

/** This machine's clock, moved once a second for whatever shows an age. */
export const now = signal(Date.now());
