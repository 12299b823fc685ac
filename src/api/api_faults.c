/* Fault rules over HTTP. A change is answered once all workers go by it, so whatever a client sends
 * after the answer is judged by the new rules. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/state.h"
#include "socklens/fault_list.h"
#include "socklens/json.h"
#include "socklens/json_body.h"
#include "socklens/scenario.h"

#define TAKEN_WITHIN_NS SL_NS_PER_S
#define LOOK_NS         SL_NS_PER_MS

/* What a change keeps between its steps. */
struct change {
    int64_t until_ns;              /* monotonic */
    unsigned status;               /* of the answer */
    char name[SL_FAULT_NAME_SIZE]; /* the rule to show; "": all of them, or nothing */
};

/* --- answers --- */

static void write_rule(struct sl_json *json, const struct sl_fault_view *view)
{
    sl_json_open_object(json);
    sl_json_key(json, "name");
    sl_json_string(json, view->name);
    sl_json_key(json, "listener");
    sl_json_string(json, view->listener);
    sl_json_key(json, "rule");
    sl_json_string(json, view->text);
    sl_json_key(json, "enabled");
    sl_json_bool(json, view->enabled);
    sl_json_key(json, "effect");
    sl_json_string(json, sl_effect_name(view->rule.effect));
    sl_json_key(json, "on");
    sl_json_string(json, sl_rule_on_name(&view->rule));
    sl_json_key(json, "per");
    sl_json_string(json, sl_rule_per_name(&view->rule));
    sl_json_key(json, "looked_at");
    sl_json_uint(json, view->stats.looked_at);
    sl_json_key(json, "hits");
    sl_json_uint(json, view->stats.hits);
    sl_json_key(json, "since");
    sl_json_time(json, view->since_ns);
    sl_json_key(json, "ends_at");
    if (view->ends_at_ns)
        sl_json_time(json, view->ends_at_ns);
    else
        sl_json_null(json);
    sl_json_key(json, "scopes");
    sl_json_uint(json, view->stats.scopes);
    sl_json_key(json, "scopes_forgotten");
    sl_json_uint(json, view->stats.scopes_forgotten);
    sl_json_key(json, "next");
    sl_json_string(json, view->stats.next);
    sl_json_close_object(json);
}

static void write_held(struct sl_json *json, struct sl_net *net)
{
    struct sl_net_held held;

    sl_net_held(net, &held);
    sl_json_open_object(json);
    sl_json_key(json, "messages");
    sl_json_uint(json, held.messages);
    sl_json_key(json, "bytes");
    sl_json_uint(json, held.bytes);
    sl_json_key(json, "limit_bytes");
    sl_json_uint(json, held.bytes_max);
    sl_json_key(json, "overflowed");
    sl_json_uint(json, held.overflows);
    sl_json_close_object(json);
}

static void answer_all(struct sl_api *api, struct sl_answer *answer)
{
    static const size_t size = SL_FAULTS_MAX * sizeof(struct sl_fault_view);
    struct sl_fault_view *views = malloc(size);
    struct sl_json json;
    size_t count = views ? sl_fault_list_read(api->faults, views) : 0;

    sl_json_init(&json, &answer->body);
    sl_json_open_object(&json);
    sl_json_key(&json, "items");
    sl_json_open_array(&json);
    for (size_t i = 0; i < count; i++)
        write_rule(&json, &views[i]);
    sl_json_close_array(&json);
    sl_json_key(&json, "held");
    write_held(&json, api->net);
    sl_json_close_object(&json);
    sl_answer_json(answer, json.failed || !views);
    free(views);
}

static void answer_one(const struct sl_fault_view *view, struct sl_answer *answer)
{
    struct sl_json json;

    sl_json_init(&json, &answer->body);
    write_rule(&json, view);
    sl_answer_json(answer, json.failed);
}

static unsigned problem_of(struct sl_problem *problem, int code, const char *param,
                           const struct sl_rule_error *error)
{
    unsigned status = code == -EINVAL   ? 400
                      : code == -ENOENT ? 404
                      : code == -ENOSPC ? 429
                      : code == -ENOMEM
                          ? 503
                          : 409; /* a name that is taken, an effect that is not for UDP */

    return sl_problem_set(problem, status, param, error->allowed, "%s", error->detail);
}

/* --- until it is in force --- */

static bool change_begin(struct sl_request *request, unsigned status, const char *name)
{
    struct change *change = malloc(sizeof(*change));

    if (!change)
        return false;
    *change = (struct change){.status = status, .until_ns = sl_clock_mono_ns() + TAKEN_WITHIN_NS};
    snprintf(change->name, sizeof(change->name), "%s", name);
    request->state = change;
    request->free_state = free;
    sl_waiters_add(sl_httpd_waiters(request->httpd), &request->waiter);
    return true;
}

static enum sl_step change_step(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_api *api = sl_api_of(request);
    struct change *change = request->state;
    struct sl_fault_view view;
    struct sl_problem problem;
    int64_t now_ns = sl_clock_mono_ns();

    sl_waiters_take(sl_httpd_waiters(request->httpd), &request->waiter);
    if (!sl_net_faults_are_in_force(api->net)) {
        if (now_ns < change->until_ns) {
            request->waiter.deadline_ns = now_ns + LOOK_NS;
            return SL_STEP_WAIT;
        }
        sl_problem_set(&problem, 503, NULL, NULL,
                       "the rules are changed, and not all workers go by them after 1 s");
        return sl_request_refuse(answer, &problem);
    }
    if (*change->name && sl_fault_list_get(api->faults, change->name, &view)) {
        if (change->status == 201)
            sl_answer_header(answer, "Location", "/api/v1/faults/%s", change->name);
        answer_one(&view, answer);
    } else if (change->status != 204) {
        answer_all(api, answer);
    }
    answer->status = change->status;
    return SL_STEP_ANSWER;
}

/* What a first step ends with: a problem, or the wait until the change is in force. */
static enum sl_step change_made(struct sl_request *request, struct sl_answer *answer,
                                unsigned status, const char *name, struct sl_problem *problem)
{
    if (problem->status)
        return sl_request_refuse(answer, problem);
    if (change_begin(request, status, name))
        return change_step(request, answer);
    sl_problem_set(problem, 503, NULL, NULL, "out of memory");
    return sl_request_refuse(answer, problem);
}

/* --- reading --- */

enum sl_step sl_api_faults(struct sl_request *request, struct sl_answer *answer)
{
    answer_all(sl_api_of(request), answer);
    return SL_STEP_ANSWER;
}

enum sl_step sl_api_scenarios(struct sl_request *request, struct sl_answer *answer)
{
    size_t count;
    const struct sl_scenario *scenarios = sl_scenarios(&count);
    struct sl_json json;

    (void)request;
    sl_json_init(&json, &answer->body);
    sl_json_open_object(&json);
    sl_json_key(&json, "items");
    sl_json_open_array(&json);
    for (size_t i = 0; i < count; i++) {
        sl_json_open_object(&json);
        sl_json_key(&json, "name");
        sl_json_string(&json, scenarios[i].name);
        sl_json_key(&json, "description");
        sl_json_string(&json, scenarios[i].what);
        sl_json_key(&json, "rules");
        sl_json_open_array(&json);
        for (const char *const *rule = scenarios[i].rules; *rule; rule++)
            sl_json_string(&json, *rule);
        sl_json_close_array(&json);
        sl_json_close_object(&json);
    }
    sl_json_close_array(&json);
    sl_json_close_object(&json);
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}

enum sl_step sl_api_fates(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_fates_params asked;
    struct sl_problem problem = {0};
    struct sl_rule_error error;
    struct sl_rule rule;
    struct sl_json json;
    char text[SL_FAULT_TEXT_SIZE], fates[SL_FATES_MAX + 1];
    size_t hits;

    if (sl_query_read(&request->query, &asked, &problem) != 0)
        return sl_request_refuse(answer, &problem);
    if (sl_rule_parse(asked.rule, sl_fault_draw_seed(), &rule, &error) < 0) {
        problem_of(&problem, -EINVAL, "rule", &error);
        return sl_request_refuse(answer, &problem);
    }
    sl_rule_format(&rule, text);
    hits = sl_rule_fates(&rule, (unsigned)asked.place, asked.count, fates);
    sl_json_init(&json, &answer->body);
    sl_json_open_object(&json);
    sl_json_key(&json, "rule");
    sl_json_string(&json, text);
    sl_json_key(&json, "fates");
    sl_json_string(&json, fates);
    sl_json_key(&json, "hits");
    sl_json_uint(&json, hits);
    sl_json_close_object(&json);
    sl_answer_json(answer, json.failed);
    return SL_STEP_ANSWER;
}

/* --- changing --- */

enum { LISTENER, RULE, NAME, SCENARIO, SEED, ADD_MEMBERS };

/* Either a rule, with a name or without, or a scenario, with a seed or without. */
static unsigned check_add(const struct sl_member *members, struct sl_problem *problem)
{
    if (!members[LISTENER].present)
        return sl_problem_set(problem, 400, "listener", "a listener, as in udp-upper",
                              "no listener is named");
    if (members[RULE].present == members[SCENARIO].present)
        return sl_problem_set(problem, 400, "rule", "one of rule, scenario",
                              members[RULE].present ? "scenario next to rule" : "there is no rule");
    if (members[SCENARIO].present && members[NAME].present)
        return sl_problem_set(problem, 400, "name", "listener, scenario, seed",
                              "a scenario's rules have names of their own");
    if (members[RULE].present && members[SEED].present)
        return sl_problem_set(problem, 400, "seed", "listener, rule, name",
                              "a rule's seed is part of it, as in loss 30%% seed 7");
    return 0;
}

static void add(struct sl_api *api, const struct sl_member *members, char name[SL_FAULT_NAME_SIZE],
                struct sl_problem *problem)
{
    struct sl_rule_error error;
    int code;

    name[0] = '\0';
    if (members[RULE].present)
        code = sl_fault_list_add(api->faults, members[LISTENER].text, members[RULE].text,
                                 members[NAME].text, name, &error);
    else
        code = sl_fault_list_add_scenario(api->faults, members[LISTENER].text,
                                          members[SCENARIO].text, (uint64_t)members[SEED].number,
                                          members[SEED].present, &error);
    if (code < 0)
        problem_of(problem, code,
                   code == -EEXIST         ? "name"
                   : members[RULE].present ? "rule"
                                           : "scenario",
                   &error);
}

enum sl_step sl_api_fault_add(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_member members[ADD_MEMBERS] = {
        [LISTENER] = {.name = "listener"},
        [RULE] = {.name = "rule"},
        [NAME] = {.name = "name"},
        [SCENARIO] = {.name = "scenario"},
        [SEED] = {.name = "seed", .type = SL_MEMBER_NUMBER, .max = (int64_t)SL_FAULT_SEED_MAX},
    };
    struct sl_problem problem = {0};
    char name[SL_FAULT_NAME_SIZE] = "";

    if (request->state)
        return change_step(request, answer);
    if (sl_members_parse(members, ADD_MEMBERS, request->body.data, request->body.size, &problem) ==
            0 &&
        check_add(members, &problem) == 0)
        add(sl_api_of(request), members, name, &problem);
    sl_members_deinit(members, ADD_MEMBERS);
    return change_made(request, answer, 201, name, &problem);
}

enum sl_step sl_api_faults_replace(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_member members[] = {{.name = "rules"}};
    struct sl_problem problem = {0};
    struct sl_rule_error error;
    unsigned line;
    int code;

    if (request->state)
        return change_step(request, answer);
    if (sl_members_parse(members, 1, request->body.data, request->body.size, &problem) == 0 &&
        !members[0].present)
        sl_problem_set(&problem, 400, "rules", "lines such as \"udp-upper loss 30%\"",
                       "there are no rules; \"\" is none");
    if (!problem.status) {
        code = sl_fault_list_replace(sl_api_of(request)->faults, members[0].text, &line, &error);
        if (code < 0) {
            char detail[sizeof(error.detail)];

            memcpy(detail, error.detail, sizeof(detail));
            snprintf(error.detail, sizeof(error.detail), "line %u: %.230s", line, detail);
            problem_of(&problem, code == -ENOENT ? -EINVAL : code, "rules", &error);
        }
    }
    sl_members_deinit(members, 1);
    return change_made(request, answer, 200, "", &problem);
}

/* The name at the end of the path. */
static const char *name_in(const struct sl_request *request)
{
    return strrchr(request->path, '/') + 1;
}

enum sl_step sl_api_fault_change(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_member members[] = {{.name = "enabled", .type = SL_MEMBER_BOOLEAN},
                                  {.name = "rule"},
                                  {.name = "restart", .type = SL_MEMBER_BOOLEAN}};
    struct sl_problem problem = {0};
    struct sl_fault_change_request wanted;
    struct sl_rule_error error;
    int code;

    if (request->state)
        return change_step(request, answer);
    if (sl_members_parse(members, 3, request->body.data, request->body.size, &problem) == 0 &&
        !members[0].present && !members[1].present && !members[2].present)
        sl_problem_set(&problem, 400, NULL, "enabled, rule, restart", "there is nothing to change");
    if (!problem.status) {
        wanted = (struct sl_fault_change_request){.has_enabled = members[0].present,
                                                  .enabled = members[0].number,
                                                  .text = members[1].text,
                                                  .restart = members[2].number};
        code = sl_fault_list_change(sl_api_of(request)->faults, name_in(request), &wanted, &error);
        if (code < 0)
            problem_of(&problem, code, code == -ENOENT ? NULL : "rule", &error);
    }
    sl_members_deinit(members, 3);
    return change_made(request, answer, 200, name_in(request), &problem);
}

enum sl_step sl_api_fault_remove(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_problem problem = {0};
    struct sl_rule_error error;
    int code;

    if (request->state)
        return change_step(request, answer);
    code = sl_fault_list_remove(sl_api_of(request)->faults, name_in(request), &error);
    if (code < 0)
        problem_of(&problem, code, NULL, &error);
    return change_made(request, answer, 204, "", &problem);
}

enum sl_step sl_api_faults_clear(struct sl_request *request, struct sl_answer *answer)
{
    struct sl_clear_params asked;
    struct sl_problem problem = {0};

    if (request->state)
        return change_step(request, answer);
    if (sl_query_read(&request->query, &asked, &problem) == 0)
        sl_fault_list_clear(sl_api_of(request)->faults);
    return change_made(request, answer, 204, "", &problem);
}
