/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file  mod_iiif.h
 * @brief What the files of mod_iiif share.
 *
 * A <Location> with "IIIF On" is an endpoint. Its directives become one immutable
 * iiif_service when the configuration is checked; nothing is merged per request.
 */
#ifndef MOD_IIIF_H
#define MOD_IIIF_H

#include "httpd.h"
#include "http_config.h"
#include "http_core.h"
#include "ap_expr.h"

#include "apr_buckets.h"
#include "apr_file_io.h"
#include "apr_tables.h"

#include "iiif/iiif.h"

/* The one symbol that httpd looks for: everything else is compiled hidden. */
extern module AP_MODULE_DECLARE_DATA iiif_module __attribute__((visibility("default")));

/** The name of our handler, as in SetHandler; useless there without "IIIF On". */
#define MOD_IIIF_HANDLER "iiif"

/** A value that may be computed for each request. */
typedef struct {
    const char *text;              /* as written; NULL: not written here */
    const ap_expr_info_t *expr;    /* NULL: text is meant literally */
} mod_iiif_value;

/** The directives of one <Location>, or those of a server outside any. */
typedef struct {
    const char *path;              /* as configured; NULL: outside any <Location> */
    const char *file;              /* where it stands, for messages */
    int line;
    int index;                     /* in the list of the server it was written in, */
    int is_virtual;                /* which is a virtual host */
    int has_switch;                /* "IIIF" was said, On or Off */
    iiif_options *options;
    mod_iiif_value source;
    mod_iiif_value base_uri;
} mod_iiif_section;

/** One endpoint in one server: a section with everything it inherits there. */
typedef struct {
    iiif_service *service;
    mod_iiif_value source;
    mod_iiif_value base_uri;
} mod_iiif_endpoint;

/** What all servers of the process have in common. */
typedef struct {
    iiif_pool *pool;               /* the parent's; NULL: there are no renderers */
    iiif_worker *worker;           /* this child's */
    int keeps_files;               /* its MPM has timers, so that files can stay open a while */
    apr_uint32_t closing_unused;   /* one of them is running; atomic */
    const char *env_names[IIIF_FIELD_COUNT];     /* IIIF_IDENTIFIER, ... */
    const char *note_names[IIIF_FIELD_COUNT];    /* iiif_identifier, ... */
} mod_iiif_process;

/** Per-server configuration. Virtual hosts without directives of ours have the main server's. */
typedef struct {
    mod_iiif_section *defaults;    /* outside any <Location>; NULL: none */
    apr_array_header_t *sections;  /* of mod_iiif_section *, as written */
    iiif_options *pool_options;    /* the main server's only; NULL: all defaults */
    apr_array_header_t *endpoints; /* of mod_iiif_endpoint *: first one for each section of
                                      the main server, then for each of this one; NULL
                                      where a section is no endpoint */
    int inherited;                 /* how many of these are the main server's */
    int enabled;                   /* at least one of them is an endpoint */
    mod_iiif_process *process;
} mod_iiif_server_conf;

/** Per-directory configuration: only says which section it is. */
typedef struct {
    mod_iiif_section *section;     /* NULL: no directive of ours */
} mod_iiif_dir_conf;

/** One request to an endpoint, from translate_name on. */
typedef struct {
    const mod_iiif_endpoint *endpoint;
    iiif_exchange *exchange;       /* from post_perdir_config on; ends with r->pool */
    apr_table_t *asked;            /* request headers the exchange looked at, "" when absent */
} mod_iiif_request;

/* -- iiif_config.c: directives -- */

extern const command_rec mod_iiif_directives[];

void *mod_iiif_create_dir_conf(apr_pool_t *p, char *dir);
void *mod_iiif_merge_dir_conf(apr_pool_t *p, void *base, void *add);
void *mod_iiif_create_server_conf(apr_pool_t *p, server_rec *s);

/** Options that end with p. */
iiif_options *mod_iiif_make_options(apr_pool_t *p);

static APR_INLINE mod_iiif_server_conf *mod_iiif_conf_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &iiif_module);
}

/* -- iiif_endpoint.c: what becomes of them -- */

/** Builds all endpoints: configuration errors end here, for "apachectl configtest" too. */
int mod_iiif_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                          server_rec *s);
/** Starts the renderers, once per generation. */
int mod_iiif_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                         server_rec *s);
void mod_iiif_child_init(apr_pool_t *pchild, server_rec *s);

/** To be called when a request may have left files open. */
void mod_iiif_close_unused(mod_iiif_process *process);

/** The endpoint that r->per_dir_config leads to; NULL: none, or switched off. */
const mod_iiif_endpoint *mod_iiif_endpoint_of(const request_rec *r);

/* -- iiif_guards.c: what else decides who may have what -- */

/** Every request to <Location inner> gets the directives of <Location outer> too. */
int mod_iiif_covers(const char *outer, const char *inner);
/** Tells the service of the configuration's other sections that may keep something from somebody. */
void mod_iiif_heed_guards(apr_pool_t *ptemp, const mod_iiif_section *section,
                          iiif_service *service, server_rec *s);

/* -- iiif_handler.c: the phases of a request -- */

int mod_iiif_pre_translate_name(request_rec *r);
int mod_iiif_translate_name(request_rec *r);
int mod_iiif_map_to_storage(request_rec *r);
int mod_iiif_post_perdir_config(request_rec *r);
int mod_iiif_type_checker(request_rec *r);
int mod_iiif_fixups(request_rec *r);
int mod_iiif_handler(request_rec *r);

static APR_INLINE mod_iiif_request *mod_iiif_request_of(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &iiif_module);
}

/** Appends a piece of a file, sent as EnableSendfile and EnableMMAP say. */
void mod_iiif_append_file(request_rec *r, apr_bucket_brigade *bb, apr_file_t *file,
                          apr_off_t offset, apr_off_t len);
/** Copies status and headers of the exchange's answer to r. */
void mod_iiif_send_head(request_rec *r, const iiif_exchange *exchange);
/** Sends bb, the whole body; returns what a handler returns. */
int mod_iiif_send_body(request_rec *r, apr_bucket_brigade *bb);
/** Sends a complete answer, head and body; returns what a handler returns. */
int mod_iiif_send_answer(request_rec *r, const iiif_exchange *exchange);

/* -- iiif_renderer.c -- */

/** Has the image rendered and sends it; returns what a handler returns. */
int mod_iiif_render(request_rec *r, iiif_exchange *exchange);

/* -- iiif_notes.c -- */

/** The names of environment variables and notes, made once. */
void mod_iiif_name_fields(apr_pool_t *p, mod_iiif_process *process);
/** Sets them to what the exchange says so far. */
void mod_iiif_note_fields(request_rec *r, const iiif_exchange *exchange);

#endif /* MOD_IIIF_H */
