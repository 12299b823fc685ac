export function bytesFromBase64(base64: string): Uint8Array {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

export function bytesToBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** "68 65 6c": pairs of digits with a space between. */
export function bytesToHex(bytes: Uint8Array): string {
  return Array.from(bytes, hexOf).join(' ');
}
