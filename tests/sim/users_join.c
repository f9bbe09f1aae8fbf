/* users_join.c: how people come into a world: they are made known, become members of both workspaces, one of them makes
 * a key for each. Called by sim.c; from then on they act by name (users.c). */
#include "tests/sim/users.h"

static void give_rights(struct world *world, struct parcel *parcel)
{
    (void)parcel;
    for (uint32_t i = 0; i < WORKSPACES_MAX; i++) {
        struct granted_permission permission = {.permission = PERMISSION_APPROVE};
        const struct id *member_id = &world->people[EDITOR].member_ids[i];
        struct command command = {.code = COMMAND_change_member,
                                  .workspace_id = world->workspaces[i],
                                  .stream = *member_id,
                                  .actor = ACTOR_MEMBER,
                                  .actor_id = world->people[OWNER].member_ids[i]};
        command.change_member = (struct change_member_command){
            .member_id = *member_id, .role = ROLE_EDITOR, .permissions = &permission, .permissions_count = 1};
        user_send(world, &command);
        world->key_ids[i] = world_mint(world, ID_KEY);
        command = (struct command){.code = COMMAND_create_key,
                                   .workspace_id = world->workspaces[i],
                                   .stream = world->key_ids[i],
                                   .actor = ACTOR_MEMBER,
                                   .actor_id = world->people[ADMIN].member_ids[i]};
        command.create_key = (struct create_key_command){
            .key_id = world->key_ids[i], .workspace_id = world->workspaces[i], .name = SPAN("sim"), .role = ROLE_ADMIN};
        user_send(world, &command);
    }
    users_make_templates(world);
    if (world_chance(world, 2)) {
        user_set_policy(world);
    }
}

static void make_members(struct world *world, struct parcel *parcel)
{
    static const enum role roles[PEOPLE_MAX] = {[OWNER] = ROLE_OWNER, [ADMIN] = ROLE_ADMIN, [EDITOR] = ROLE_EDITOR};

    (void)parcel;
    for (uint32_t i = 0; i < WORKSPACES_MAX * PEOPLE_MAX; i++) {
        struct person *person = &world->people[i % PEOPLE_MAX];
        const uint32_t number = i / PEOPLE_MAX;
        struct command command = {.code = COMMAND_add_member,
                                  .workspace_id = world->workspaces[number],
                                  .stream = person->member_ids[number],
                                  .actor = ACTOR_OPERATOR};
        command.add_member = (struct add_member_command){.member_id = person->member_ids[number],
                                                         .workspace_id = world->workspaces[number],
                                                         .user_id = person->user_id,
                                                         .role = roles[i % PEOPLE_MAX]};
        user_send(world, &command);
    }
}

void users_join(struct world *world)
{
    for (uint32_t i = 0; i < PEOPLE_MAX; i++) {
        struct person *person = &world->people[i];
        person->user_id = world_mint(world, ID_USER);
        for (uint32_t k = 0; k < WORKSPACES_MAX; k++) {
            person->member_ids[k] = world_mint(world, ID_MEMBER);
        }
        struct command command = {.code = COMMAND_create_user, .stream = person->user_id, .actor = ACTOR_OPERATOR};
        command.create_user =
            (struct create_user_command){.user_id = person->user_id, .vault_id = world_mint(world, ID_SECRET)};
        user_send(world, &command);
    }
    world_post(world, 500, make_members, (struct span){0});
    world_post(world, 1000, give_rights, (struct span){0});
}
