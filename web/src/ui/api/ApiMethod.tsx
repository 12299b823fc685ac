/** GET and its like, told apart at a glance: what changes something stands out. */
export function ApiMethod({ method }: { method: string }) {
  return (
    <span class="api-method" data-method={method}>
      {method}
    </span>
  );
}
