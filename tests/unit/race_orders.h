/* race_orders.h: two commands of one commit: an action beside the lock or the start that the scheduler asks for, each
 * before the other; and an action in the last millisecond before the lock's time, when what the lock names is rendered
 * already. What the first of the two does | what the second does; else as in race_matrix.h. */
#ifndef OPENPOST_TESTS_RACE_ORDERS_H
#define OPENPOST_TESTS_RACE_ORDERS_H

#include "tests/unit/race_lists.h"

static const struct race_line race_pairs[] = {
  /* clang-format off */
    {"edit", "before the lock", "refused post_locked | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"edit", "after the lock", "post_locked version 2 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"edit", "a millisecond before its time", "post_edited a | refused version_mismatch", "at 3600 two.1 two.2, published"},
    {"edit", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"edit", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"reschedule", "before the lock", "refused post_locked | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"reschedule", "after the lock", "post_locked version 2 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"reschedule", "a millisecond before its time", "post_scheduled at 9000 a due 9000 | refused lock_too_early", "at 9000 one.1 one.2, published"},
    {"reschedule", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"reschedule", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"send now", "before the lock", "refused post_locked | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"send now", "after the lock", "post_locked version 2 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"send now", "a millisecond before its time", "post_scheduled at 3299.999 a due 3299.999 | refused version_mismatch", "at 3300 one.1 one.2, published"},
    {"send now", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"send now", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"next slot", "before the lock", "refused post_locked | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"next slot", "after the lock", "post_locked version 2 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"next slot", "a millisecond before its time", "post_scheduled at 9000 a due 9000 | refused lock_too_early", "at 9000 one.1 one.2, published"},
    {"next slot", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"next slot", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"swap", "before the lock", "refused post_locked | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"swap", "after the lock", "post_locked version 2 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"swap", "a millisecond before its time", "post_scheduled at 40000 a due 40000; post_scheduled at 3600 b due 3600 | refused lock_too_early", "at 40000 one.1 one.2, published"},
    {"swap", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"swap", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"cancel post", "before the lock", "targets_cancelled a; post_finished cancelled | refused post_finished", "cancelled"},
    {"cancel post", "after the lock", "post_locked version 2 a | targets_cancelled a; post_finished cancelled", "cancelled"},
    {"cancel post", "a millisecond before its time", "targets_cancelled a; post_finished cancelled | refused post_finished", "cancelled"},
    {"cancel post", "before the start", "targets_cancelled a; post_finished cancelled | refused attempt_not_startable", "cancelled"},
    {"cancel post", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_publishing", "at 3600 one.1 one.2, published"},

    {"cancel target", "before the lock", "targets_cancelled a; post_finished cancelled | refused post_finished", "cancelled"},
    {"cancel target", "after the lock", "post_locked version 2 a | targets_cancelled a; post_finished cancelled", "cancelled"},
    {"cancel target", "a millisecond before its time", "targets_cancelled a; post_finished cancelled | refused post_finished", "cancelled"},
    {"cancel target", "before the start", "targets_cancelled a; post_finished cancelled | refused attempt_not_startable", "cancelled"},
    {"cancel target", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_publishing", "at 3600 one.1 one.2, published"},

    {"delete draft", "before the lock", "refused post_not_draft | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"delete draft", "after the lock", "post_locked version 2 a | refused post_not_draft", "at 3600 one.1 one.2, published"},
    {"delete draft", "a millisecond before its time", "refused post_not_draft | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"delete draft", "before the start", "refused post_not_draft | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"delete draft", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_not_draft", "at 3600 one.1 one.2, published"},

    {"retry", "before the lock", "refused post_not_finished | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"retry", "after the lock", "post_locked version 2 a | refused post_not_finished", "at 3600 one.1 one.2, published"},
    {"retry", "a millisecond before its time", "refused post_not_finished | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"retry", "before the start", "refused post_not_finished | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"retry", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_not_finished", "at 3600 one.1 one.2, published"},

    {"resolve published", "before the lock", "refused target_not_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resolve published", "after the lock", "post_locked version 2 a | refused target_not_unknown", "at 3600 one.1 one.2, published"},
    {"resolve published", "a millisecond before its time", "refused target_not_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resolve published", "before the start", "refused target_not_unknown | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"resolve published", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused target_not_unknown", "at 3600 one.1 one.2, published"},

    {"resolve absent", "before the lock", "refused target_not_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resolve absent", "after the lock", "post_locked version 2 a | refused target_not_unknown", "at 3600 one.1 one.2, published"},
    {"resolve absent", "a millisecond before its time", "refused target_not_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resolve absent", "before the start", "refused target_not_unknown | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"resolve absent", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused target_not_unknown", "at 3600 one.1 one.2, published"},

    {"resolve absent, send", "before the lock", "refused target_not_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resolve absent, send", "after the lock", "post_locked version 2 a | refused target_not_unknown", "at 3600 one.1 one.2, published"},
    {"resolve absent, send", "a millisecond before its time", "refused target_not_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resolve absent, send", "before the start", "refused target_not_unknown | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"resolve absent, send", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused target_not_unknown", "at 3600 one.1 one.2, published"},

    {"resolve abandoned", "before the lock", "refused target_not_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resolve abandoned", "after the lock", "post_locked version 2 a | refused target_not_unknown", "at 3600 one.1 one.2, published"},
    {"resolve abandoned", "a millisecond before its time", "refused target_not_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resolve abandoned", "before the start", "refused target_not_unknown | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"resolve abandoned", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused target_not_unknown", "at 3600 one.1 one.2, published"},

    {"approve", "before the lock", "approval_given any_approver version 3 a | refused version_mismatch", "at 3600 one.1 one.2, published"},
    {"approve", "after the lock", "refused approval_missing | approval_given any_approver version 3 a", "at 3600 one.1 one.2, published"},
    {"approve", "a millisecond before its time", "approval_given any_approver version 3 a | refused version_mismatch", "at 3600 one.1 one.2, published"},
    {"approve", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"approve", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"ask for less", "before the lock", "workspace_changed lateness 0 spacing 0 | post_locked version 3 a", "at 3600 one.1 one.2, published"},
    {"ask for less", "after the lock", "refused approval_missing | workspace_changed lateness 0 spacing 0", "at 3600 one.1 one.2, published"},
    {"ask for less", "a millisecond before its time", "workspace_changed lateness 0 spacing 0 | post_locked version 3 a", "at 3600 one.1 one.2, published"},
    {"ask for less", "before the start", "workspace_changed lateness 0 spacing 0 | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"ask for less", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | workspace_changed lateness 0 spacing 0", "at 3600 one.1 one.2, published"},

    {"ask for more", "before the lock", "workspace_changed lateness 0 spacing 0 | refused approval_missing", "at 3600 approval_missing, missed"},
    {"ask for more", "after the lock", "post_locked version 4 a | workspace_changed lateness 0 spacing 0", "at 3600 one.1 one.2, published"},
    {"ask for more", "a millisecond before its time", "workspace_changed lateness 0 spacing 0 | refused approval_missing", "at 3600 approval_missing, missed"},
    {"ask for more", "before the start", "workspace_changed lateness 0 spacing 0 | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"ask for more", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | workspace_changed lateness 0 spacing 0", "at 3600 one.1 one.2, published"},

    {"void by edit", "before the lock", "refused post_locked | post_locked version 4 a", "at 3600 one.1 one.2, published"},
    {"void by edit", "after the lock", "post_locked version 4 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"void by edit", "a millisecond before its time", "post_edited a; approval_voided | refused version_mismatch", "at 3600 approval_missing, missed"},
    {"void by edit", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"void by edit", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"void by reschedule", "before the lock", "refused post_locked | post_locked version 4 a", "at 3600 one.1 one.2, published"},
    {"void by reschedule", "after the lock", "post_locked version 4 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"void by reschedule", "a millisecond before its time", "post_scheduled at 9000 a due 9000; approval_voided | refused lock_too_early", "at 9000 approval_missing, missed"},
    {"void by reschedule", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"void by reschedule", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"void by swap", "before the lock", "refused post_locked | post_locked version 4 a", "at 3600 one.1 one.2, published"},
    {"void by swap", "after the lock", "post_locked version 4 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"void by swap", "a millisecond before its time", "post_scheduled at 40000 a due 40000; approval_voided; post_scheduled at 3600 b due 3600 | refused lock_too_early", "at 40000 approval_missing, missed"},
    {"void by swap", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"void by swap", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"pause workspace", "before the lock", "workspace_paused | post_locked version 2 a", "at 25200.001 workspace_was_paused, missed"},
    {"pause workspace", "after the lock", "post_locked version 2 a | workspace_paused", "at 25200.001 workspace_was_paused, missed"},
    {"pause workspace", "a millisecond before its time", "workspace_paused | post_locked version 2 a", "at 25200.001 workspace_was_paused, missed"},
    {"pause workspace", "before the start", "workspace_paused | refused workspace_paused", "at 25200.001 workspace_was_paused, missed"},
    {"pause workspace", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | workspace_paused", "at 3600 one.1, at 25200.001 workspace_was_paused, partially_published"},

    {"resume workspace", "before the lock", "workspace_resumed | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resume workspace", "after the lock", "post_locked version 2 a | workspace_resumed", "at 3600 one.1 one.2, published"},
    {"resume workspace", "a millisecond before its time", "workspace_resumed | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resume workspace", "before the start", "workspace_resumed | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"resume workspace", "after the start", "refused workspace_paused | workspace_resumed", "at 3600 one.1 one.2, published"},

    {"pause account", "before the lock", "integration_paused | post_locked version 2 a", "at 25200.001 integration_was_paused, missed"},
    {"pause account", "after the lock", "post_locked version 2 a | integration_paused", "at 25200.001 integration_was_paused, missed"},
    {"pause account", "a millisecond before its time", "integration_paused | post_locked version 2 a", "at 25200.001 integration_was_paused, missed"},
    {"pause account", "before the start", "integration_paused | refused integration_paused", "at 25200.001 integration_was_paused, missed"},
    {"pause account", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | integration_paused", "at 3600 one.1, at 25200.001 integration_was_paused, partially_published"},

    {"resume account", "before the lock", "integration_resumed | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resume account", "after the lock", "post_locked version 2 a | integration_resumed", "at 3600 one.1 one.2, published"},
    {"resume account", "a millisecond before its time", "integration_resumed | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resume account", "before the start", "integration_resumed | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"resume account", "after the start", "refused integration_paused | integration_resumed", "at 3600 one.1 one.2, published"},

    {"pause queue", "before the lock", "queue_paused a | post_locked version 2 a", "at 25200.001 queue_was_paused, missed"},
    {"pause queue", "after the lock", "post_locked version 2 a | queue_paused a", "at 25200.001 queue_was_paused, missed"},
    {"pause queue", "a millisecond before its time", "queue_paused a | post_locked version 2 a", "at 25200.001 queue_was_paused, missed"},
    {"pause queue", "before the start", "queue_paused a | refused queue_paused", "at 25200.001 queue_was_paused, missed"},
    {"pause queue", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | queue_paused a", "at 3600 one.1, at 25200.001 queue_was_paused, partially_published"},

    {"resume queue", "before the lock", "queue_resumed a | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resume queue", "after the lock", "post_locked version 2 a | queue_resumed a", "at 3600 one.1 one.2, published"},
    {"resume queue", "a millisecond before its time", "queue_resumed a | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"resume queue", "before the start", "queue_resumed a | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"resume queue", "after the start", "refused queue_paused | queue_resumed a", "at 3600 one.1 one.2, published"},

    {"disconnect", "before the lock", "integration_disconnected | post_locked version 2 a", "at 25200.001 integration_was_disconnected, missed"},
    {"disconnect", "after the lock", "post_locked version 2 a | integration_disconnected", "at 25200.001 integration_was_disconnected, missed"},
    {"disconnect", "a millisecond before its time", "integration_disconnected | post_locked version 2 a", "at 25200.001 integration_was_disconnected, missed"},
    {"disconnect", "before the start", "integration_disconnected | refused integration_disconnected", "at 25200.001 integration_was_disconnected, missed"},
    {"disconnect", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | integration_disconnected", "at 3600 one.1, at 25200.001 integration_was_disconnected, partially_published"},

    {"connect again", "before the lock", "integration_connecting | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"connect again", "after the lock", "post_locked version 2 a | integration_connecting", "at 3600 one.1 one.2, published"},
    {"connect again", "a millisecond before its time", "integration_connecting | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"connect again", "before the start", "integration_connecting | refused integration_disconnected", "at 3600 one.1 one.2, published"},
    {"connect again", "after the start", "refused integration_disconnected | integration_connecting", "at 3600 one.1 one.2, published"},

    {"delete account", "before the lock", "refused integration_in_use | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"delete account", "after the lock", "post_locked version 2 a | refused integration_in_use", "at 3600 one.1 one.2, published"},
    {"delete account", "a millisecond before its time", "refused integration_in_use | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"delete account", "before the start", "refused integration_in_use | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"delete account", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused integration_in_use", "at 3600 one.1 one.2, published"},

    {"edit instance", "before the lock", "refused post_locked | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"edit instance", "after the lock", "post_locked version 2 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"edit instance", "a millisecond before its time", "post_edited a | refused version_mismatch", "at 3600 two.1 two.2, published"},
    {"edit instance", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"edit instance", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"withdraw instance", "before the lock", "refused post_locked | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"withdraw instance", "after the lock", "post_locked version 2 a | refused post_locked", "at 3600 one.1 one.2, published"},
    {"withdraw instance", "a millisecond before its time", "instance_withdrawn; targets_cancelled a; post_finished cancelled | refused post_finished", "cancelled"},
    {"withdraw instance", "before the start", "refused post_locked | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"withdraw instance", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | refused post_locked", "at 3600 one.1 one.2, published"},

    {"hear accepted", "before the lock", "refused attempt_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"hear accepted", "after the lock", "post_locked version 2 a | refused attempt_unknown", "at 3600 one.1 one.2, published"},
    {"hear accepted", "a millisecond before its time", "refused attempt_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"hear accepted", "before the start", "refused attempt_unknown | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"hear accepted", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | attempt_finished a 1 accepted", "at 3600 one.1 one.2, published"},
    {"hear refused", "before the lock", "refused attempt_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"hear refused", "after the lock", "post_locked version 2 a | refused attempt_unknown", "at 3600 one.1 one.2, published"},
    {"hear refused", "a millisecond before its time", "refused attempt_unknown | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"hear refused", "before the start", "refused attempt_unknown | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"hear refused", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | attempt_finished a 1 refused; target_finished a failed platform_refused; post_finished failed", "at 3600 one.1, failed"},
    {"suspend starts", "before the lock", "starts_suspended | refused starts_suspended", "scheduled"},
    {"suspend starts", "after the lock", "post_locked version 2 a | starts_suspended", "queued"},
    {"suspend starts", "a millisecond before its time", "starts_suspended | refused starts_suspended", "scheduled"},
    {"suspend starts", "before the start", "starts_suspended | refused starts_suspended", "queued"},
    {"suspend starts", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | starts_suspended", "at 3600 one.1, publishing"},

    {"confirm starts", "before the lock", "starts_confirmed | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"confirm starts", "after the lock", "refused starts_suspended | starts_confirmed", "at 3600 one.1 one.2, published"},
    {"confirm starts", "a millisecond before its time", "starts_confirmed | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"confirm starts", "before the start", "starts_confirmed | refused starts_suspended", "at 3600 in doubt, queued"},
    {"confirm starts", "after the start", "refused starts_suspended | starts_confirmed", "at 3600 in doubt, queued"},

    {"suspect clock", "before the lock", "clock_suspected | refused clock_suspect", "scheduled"},
    {"suspect clock", "after the lock", "post_locked version 2 a | clock_suspected", "queued"},
    {"suspect clock", "a millisecond before its time", "clock_suspected | refused clock_suspect", "scheduled"},
    {"suspect clock", "before the start", "clock_suspected | refused clock_suspect", "queued"},
    {"suspect clock", "after the start", "attempt_started a 1 part 0 due 3600 deadline 3720 | clock_suspected", "at 3600 one.1, publishing"},

    {"trust clock", "before the lock", "clock_trusted | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"trust clock", "after the lock", "refused clock_suspect | clock_trusted", "at 3600 one.1 one.2, published"},
    {"trust clock", "a millisecond before its time", "clock_trusted | post_locked version 2 a", "at 3600 one.1 one.2, published"},
    {"trust clock", "before the start", "clock_trusted | attempt_started a 1 part 0 due 3600 deadline 3720", "at 3600 one.1 one.2, published"},
    {"trust clock", "after the start", "refused clock_suspect | clock_trusted", "at 3600 one.1 one.2, published"},
  /* clang-format on */
};

#endif
