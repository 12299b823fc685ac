#include "unit.h"

#include "socklens/service.h"

TEST(every_id_has_its_row)
{
    for (int i = 0; i < SL_SERVICE_COUNT; i++) {
        const struct sl_service *service = sl_service_get((enum sl_service_id)i);
        assert_int_equal(service->id, i);
        assert_non_null(service->option);
        assert_non_null(service->key);
        assert_non_null(service->title);
        assert_non_null(service->respond);
        assert_int_not_equal(service->default_port, 0);
    }
}

/* The ready file's and the configuration's key is the option with underscores. */
TEST(keys_follow_options)
{
    for (int i = 0; i < SL_SERVICE_COUNT; i++) {
        const struct sl_service *service = sl_service_get((enum sl_service_id)i);
        assert_int_equal(strlen(service->key), strlen(service->option));
        for (size_t at = 0; service->key[at]; at++)
            assert_int_equal(service->key[at],
                             service->option[at] == '-' ? '_' : service->option[at]);
    }
}

TEST(only_streams_are_framed)
{
    for (int i = 0; i < SL_SERVICE_COUNT; i++) {
        const struct sl_service *service = sl_service_get((enum sl_service_id)i);
        assert_int_equal(service->stream, service->framing != SL_FRAMING_DATAGRAM);
    }
}

TEST(the_ports_are_the_course_s)
{
    assert_string_equal(sl_service_get(SL_UDP_UPPER)->option, "udp-upper");
    assert_int_equal(sl_service_get(SL_UDP_UPPER)->default_port, 12000);
    assert_string_equal(sl_service_get(SL_TCP_UPPER)->option, "tcp-upper");
    assert_int_equal(sl_service_get(SL_TCP_UPPER)->default_port, 12000);
    assert_string_equal(sl_service_get(SL_TCP_CHAT)->option, "tcp-chat");
    assert_int_equal(sl_service_get(SL_TCP_CHAT)->default_port, 1060);
}
