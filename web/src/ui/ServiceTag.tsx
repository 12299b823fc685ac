export function ServiceTag({ service }: { service: string }) {
  return (
    <span class="service" data-service={service}>
      <span class="service-dot" aria-hidden="true" />
      {service}
    </span>
  );
}
