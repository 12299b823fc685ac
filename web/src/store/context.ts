import { signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Description } from './description';
import type { Faults } from './faults';
import type { Sending } from './sending';
import type { Server } from './server';
import type { View } from './view';

export interface Stores {
  server: Server;
  view: View;
  sending: Sending;
  description: Description;
  faults: Faults;
}

export const StoresContext = createContext<Stores | null>(null);

function useStores(): Stores {
  const stores = useContext(StoresContext);
  if (!stores) throw new Error('StoresContext is not provided');
  return stores;
}

export const useServer = (): Server => useStores().server;
export const useSending = (): Sending => useStores().sending;
export const useView = (): View => useStores().view;
export const useFaults = (): Faults => useStores().faults;
export const useDescription = (): Description => useStores().description;

/** This machine's clock, moved once a second for whatever shows an age. */
export const now = signal(Date.now());
