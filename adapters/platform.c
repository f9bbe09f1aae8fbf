/* platform.c: how outcomes begin, the same for every platform. Pure. */
#include "adapters/platform.h"

void platform_outcome(const struct job *job, enum outcome outcome, struct job_outcome *ret_outcome)
{
    *ret_outcome = (struct job_outcome){.job_id = job->job_id,
                                        .kind = job->kind,
                                        .outcome = outcome,
                                        .workspace_id = job->workspace_id,
                                        .integration_id = job->integration_id,
                                        .post_id = job->post_id,
                                        .target_id = job->target_id,
                                        .channel = job->channel,
                                        .vault_id = job->vault_id};
}

void platform_refuse(const struct job *job, enum outcome outcome, enum refusal code, struct job_outcome *ret_outcome)
{
    const struct refusal_desc *desc = refusal_desc(code);
    platform_outcome(job, outcome, ret_outcome);
    ret_outcome->code = span_text(desc->code);
    ret_outcome->message = span_text(desc->title);
}

void platform_lost(const struct platform_job *job, struct job_outcome *ret_outcome)
{
    if (job->committed || span_equal(job->job->kind, SPAN("read"))) {
        platform_refuse(job->job, OUTCOME_UNKNOWN, REFUSED_outcome_unknown, ret_outcome);
        return;
    }
    platform_refuse(job->job, OUTCOME_TRY_AGAIN, REFUSED_platform_unavailable, ret_outcome);
}
