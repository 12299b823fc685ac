#include "unit.h"

#include "api/state.h"
#include "httpd/find_route.h"

static struct sl_problem problem;
static uint64_t id;
static char allow[64];

static const struct sl_redirect redirects[] = {{"/docs", "./#view=api"}};
static struct sl_httpd_owner owner;

static const struct sl_route *find(const char *method, const char *path)
{
    problem = (struct sl_problem){0};
    id = 0;
    owner = (struct sl_httpd_owner){.routes = sl_routes,
                                    .route_count = sl_routes_count,
                                    .redirects = redirects,
                                    .redirect_count = 1};
    return sl_route_find(&owner, method, path, &id, allow, &problem);
}

TEST(finds_every_route)
{
    assert_ptr_equal(find("GET", "/api/v1/status")->step, sl_api_status);
    assert_ptr_equal(find("GET", "/api/v1/")->step, sl_api_index);
    assert_ptr_equal(find("HEAD", "/docs")->step, sl_redirect_step);
    assert_ptr_equal(find("GET", "/api/v1/clients")->step, sl_api_clients);
    assert_ptr_equal(find("GET", "/api/v1/messages")->step, sl_api_messages);
    assert_ptr_equal(find("GET", "/api/v1/events")->step, sl_api_events);
    assert_ptr_equal(find("POST", "/api/v1/datagrams")->step, sl_api_datagram);
    assert_ptr_equal(find("GET", "/healthz")->step, sl_api_healthz);
    assert_ptr_equal(find("GET", "/readyz")->step, sl_api_readyz);
}

TEST(id_in_path_is_read)
{
    assert_ptr_equal(find("GET", "/api/v1/clients/17")->step, sl_api_client);
    assert_int_equal(id, 17);
    assert_ptr_equal(find("DELETE", "/api/v1/clients/18")->step, sl_api_disconnect);
    assert_int_equal(id, 18);
    assert_ptr_equal(find("GET", "/api/v1/messages/19")->step, sl_api_message);
    assert_int_equal(id, 19);
    assert_ptr_equal(find("GET", "/api/v1/messages/20/raw")->step, sl_api_raw);
    assert_int_equal(id, 20);
}

TEST(head_finds_the_route_of_get)
{
    assert_ptr_equal(find("HEAD", "/api/v1/status")->step, sl_api_status);
    assert_null(find("HEAD", "/api/v1/datagrams"));
    assert_int_equal(problem.status, 405);
}

TEST(wrong_method_gets_the_allowed_ones)
{
    assert_null(find("POST", "/api/v1/clients/1"));
    assert_int_equal(problem.status, 405);
    assert_string_equal(allow, "GET, HEAD, DELETE");
    assert_null(find("get", "/api/v1/status"));
    assert_int_equal(problem.status, 405);
    assert_string_equal(allow, "GET, HEAD");
    assert_null(find("GET", "/api/v1/datagrams"));
    assert_string_equal(allow, "POST");
}

TEST(unknown_path_is_not_found)
{
    static const char *const paths[] = {"/api/v1//",
                                        "/docs/x",
                                        "/api/v1/status/",
                                        "/api/v1/statu",
                                        "/api/v1/clients/",
                                        "/api/v1/clients/x",
                                        "/api/v1/clients/-1",
                                        "/api/v1/clients/1/2",
                                        "/api/v1/clients/99999999999999999999999999",
                                        "/api/v1/messages/1/ra",
                                        "/api/v1/messages//raw",
                                        "//api/v1/status",
                                        "/api/v2/status",
                                        "/../etc/passwd"};

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        assert_null(find("GET", paths[i]));
        assert_int_equal(problem.status, 404);
    }
}
