/* service_refused_test.c: what other programs are refused for reasons of security is told by events, and nothing else
 * is. */
#include "tests/unit/service_world.h"

/* Writes "request subject times" of each access_refused in the log, once there are count of them. */
static void list_refusals(struct place *place, unsigned count, struct buf *out)
{
    const size_t cap = FOLLOW_BYTES_MAX + LOG_PAYLOAD_MAX;
    uint8_t *bytes = malloc(cap);
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    unsigned found = 0;
    for (int tries = 0; tries < 1000 && found < count; tries++) {
        struct buf events = buf_of(bytes, cap);
        struct body_list list;
        uint64_t head = 0;
        found = 0;
        out->len = 0;
        ck_assert_int_eq(client_follow_wait(place->client, 0, 200, WAIT_MS, &events, &head, &list), OK);
        while (list.left > 0) {
            struct span envelope;
            struct span payload;
            struct event event;
            ck_assert_int_eq(body_event_next(&list, &envelope, &payload), OK);
            ck_assert_int_eq(event_decode(payload, &arena, &event), OK);
            if (event.code == EVENT_access_refused) {
                found++;
                buf_put(out, event.access_refused.request);
                buf_byte(out, ' ');
                buf_put(out, event.access_refused.subject);
                buf_byte(out, ' ');
                buf_u64(out, event.access_refused.times);
                buf_byte(out, '\n');
            }
        }
        arena_reset(&arena);
        usleep(10000);
    }
    arena_done(&arena);
    free(bytes);
}

static void ask_for(struct client *program, const struct id *id)
{
    uint8_t bytes[200];
    uint8_t body_bytes[128];
    char text[ID_TEXT_MAX + 1];
    struct buf out = buf_of(bytes, sizeof bytes);
    struct buf body = buf_of(body_bytes, sizeof body_bytes);
    struct buf arguments = buf_of(text, sizeof text);
    id_write(&arguments, id);
    body_query_put(&body, SPAN("find"), buf_span(&arguments));
    ck_assert_int_eq(client_ask_wait(program, FRAME_QUERY, buf_span(&body), WAIT_MS, &out), OK);
}

START_TEST(a_program_that_names_another_workspaces_things_leaves_events_and_one_that_errs_does_not)
{
    struct place *place = place_open();
    struct content_part part;
    uint8_t tag_key[TAG_KEY_LEN];
    tag_key_of(SPAN(API_KEY), tag_key);
    make_key(place, ROLE_ADMIN);
    struct client *program = connect_as(place->programs_url, tag_key);
    const struct id own_id = place->workspace_id;
    struct command command = command_of(place, COMMAND_create_workspace);
    command.create_workspace = (struct create_workspace_command){
        .workspace_id = new_id(ID_WORKSPACE), .slug = SPAN("x"), .name = SPAN("x"), .timezone = SPAN("UTC")};
    place->workspace_id = command.create_workspace.workspace_id;
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    command = draft(place, &part);
    const struct id post_id = command.create_post.post_id;
    ck_assert_uint_eq(give(place->client, &command, NULL).refusal, ACCEPTED);
    const struct id other_id = place->workspace_id;
    place->workspace_id = own_id;

    const struct id named[] = {new_id(ID_POST), post_id}; /* nobody's, the neighbour's */
    for (size_t i = 0; i < 2; i++) {
        command = command_of(place, COMMAND_delete_post); /* refused by the decider … */
        command.delete_post.post_id = named[i];
        ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_not_found);
        command = command_of(place, COMMAND_schedule_post); /* … at the admission … */
        command.schedule_post.post_id = named[i];
        ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_not_found);
        command = command_of(place, COMMAND_cancel_post); /* … at the door … */
        command.workspace_id = i == 0 ? new_id(ID_WORKSPACE) : other_id;
        command.cancel_post.post_id = named[i];
        ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_not_found);
        ask_for(program, &named[i]); /* … by who answers questions */
    }
    command = draft(place, &part);
    command.workspace_id = other_id;
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_not_found);
    command = draft(place, &part);
    command.create_post.post_id = post_id; /* taken: by whom nobody is told */
    ck_assert_uint_eq(give(program, &command, NULL).refusal, REFUSED_exists);
    char text[1000];
    struct buf out = buf_of(text, sizeof text);
    list_refusals(place, 6, &out);
    ck_assert_str_eq(buf_terminated(&out),
                     "delete_post post 1\nschedule_post post 1\ncancel_post post 1\nquery post 1\n"
                     "create_post ws 1\ncreate_post post 1\n");
    client_close(program);
    place_close(place);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("service_refused");
    TCase *services = tcase_create("services");
    tcase_set_timeout(services, 60);
    tcase_add_test(services, a_program_that_names_another_workspaces_things_leaves_events_and_one_that_errs_does_not);
    suite_add_tcase(suite, services);
    return run_suite(suite);
}
