/* The step functions behind the routes; each file api_*.c has those of one resource. */
#ifndef SOCKLENS_HTTP_API_H
#define SOCKLENS_HTTP_API_H

#include "http/request.h"

/* Bodies of POST /datagrams: 65,507 bytes, as JSON text at worst six times as long. */
#define SL_DATAGRAM_BODY_MAX ((size_t)448 * 1024)

extern const char *const sl_no_params[];
extern const char *const sl_healthz_params[];
extern const char *const sl_clients_params[];
extern const char *const sl_messages_params[];
extern const char *const sl_message_params[];
extern const char *const sl_raw_params[];
extern const char *const sl_clear_params[];
extern const char *const sl_events_params[];
extern const char *const sl_export_params[];

enum sl_step sl_api_status(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_healthz(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_readyz(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_metrics(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_openapi(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_rates(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_clients(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_client(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_disconnect(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_messages(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_clear(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_message(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_raw(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_events(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_export(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_datagram(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_index(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_moved(struct sl_request *request, struct sl_answer *answer);
enum sl_step sl_api_asset(struct sl_request *request, struct sl_answer *answer);

/* Where an address leads that is none of ours but is often tried, relative to it; else NULL. */
const char *sl_moved_to(const char *path);

#endif
