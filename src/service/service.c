/* The table of services, made from the rows of services.h. */
#include "socklens/service.h"

#define ROW(constant, name, key_, title_, framing_, port, respond_)                                \
    [constant] = {                                                                                 \
        .id = (constant),                                                                          \
        .option = (name),                                                                          \
        .key = (key_),                                                                             \
        .title = (title_),                                                                         \
        .stream = (framing_) != SL_FRAMING_DATAGRAM,                                               \
        .framing = (framing_),                                                                     \
        .default_port = (port),                                                                    \
        .respond = (respond_),                                                                     \
    },

static const struct sl_service services[SL_SERVICE_COUNT] = {SL_SERVICE_LIST(ROW)};

const struct sl_service *sl_service_get(enum sl_service_id id)
{
    return &services[id];
}
