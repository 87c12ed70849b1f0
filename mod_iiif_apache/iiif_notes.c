/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request asks for, where the rest of httpd can read it: %{IIIF_REGION}e in a
 * LogFormat, reqenv('IIIF_IDENTIFIER') in an expression, env=IIIF_KIND in a condition,
 * and request notes of the same names in lower case.
 */
#include "mod_iiif.h"

#include "apr_lib.h"
#include "apr_strings.h"

void mod_iiif_name_fields(apr_pool_t *p, mod_iiif_process *process)
{
    for (int i = 0; i < IIIF_FIELD_COUNT; i++) {
        const char *name = iiif_field_name((iiif_field)i);
        char *env_name = apr_pstrcat(p, "IIIF_", name, NULL);

        for (char *c = env_name; *c; c++) {
            *c = apr_toupper(*c);
        }
        process->env_names[i] = env_name;
        process->note_names[i] = apr_pstrcat(p, "iiif_", name, NULL);
    }
}

void mod_iiif_note_fields(request_rec *r, const iiif_exchange *exchange)
{
    const mod_iiif_process *process = mod_iiif_conf_of(r->server)->process;

    for (int i = 0; i < IIIF_FIELD_COUNT; i++) {
        const iiif_str field = iiif_exchange_field(exchange, (iiif_field)i);

        if (field.len) {
            const char *value = apr_pstrmemdup(r->pool, field.data, field.len);

            apr_table_setn(r->subprocess_env, process->env_names[i], value);
            apr_table_setn(r->notes, process->note_names[i], value);
        }
        else {
            /* Nothing that SetEnv or a client put there may pass for ours. */
            apr_table_unset(r->subprocess_env, process->env_names[i]);
            apr_table_unset(r->notes, process->note_names[i]);
        }
    }
}
