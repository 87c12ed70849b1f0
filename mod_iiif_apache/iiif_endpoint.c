/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From sections to endpoints, and from endpoints to running renderers.
 *
 * An endpoint's directives are collected once, when the configuration has been read, in the
 * order in which ap_location_walk() would merge the sections for a request to it: what was
 * written later wins, and the main server's sections come before those of a virtual host.
 * A request then only has to look its endpoint up.
 */
#include "mod_iiif.h"

#include "ap_mpm.h"
#include "http_log.h"
#include "unixd.h"

#include "apr_atomic.h"
#include "apr_portable.h"

APLOG_USE_MODULE(iiif);

/* Kept open by a child from one request to the next. */
#define OPEN_FILES 64

static apr_status_t free_service(void *service)
{
    iiif_service_free(service);
    return APR_SUCCESS;
}

static void inherit(iiif_options *options, mod_iiif_endpoint *endpoint,
                    const mod_iiif_section *section)
{
    if (!section) {
        return;
    }
    if (iiif_options_inherit(options, section->options) != IIIF_OK) {
        ap_abort_on_oom();
    }
    if (!endpoint->source.text) {
        endpoint->source = section->source;
    }
    if (!endpoint->base_uri.text) {
        endpoint->base_uri = section->base_uri;
    }
}

/* Makes *endpoint from sections[at]; leaves it NULL when it is none. */
static int make_endpoint(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s,
                         server_rec *main_server, const apr_array_header_t *sections, int at,
                         mod_iiif_endpoint **endpoint)
{
    const mod_iiif_section *section = APR_ARRAY_IDX(sections, at, mod_iiif_section *);
    mod_iiif_endpoint *made = apr_pcalloc(pconf, sizeof(*made));
    iiif_options *options = mod_iiif_make_options(ptemp);
    iiif_error error = { .size = sizeof(error) };
    const iiif_str prefix = { section->path, strlen(section->path) };
    int i;

    /* What was written last goes first, in whichever section. */
    for (i = sections->nelts - 1; i >= 0; i--) {
        const mod_iiif_section *outer = APR_ARRAY_IDX(sections, i, mod_iiif_section *);

        if (!mod_iiif_covers(outer->path, section->path)) {
            continue;
        }
        if (i > at && outer->has_switch) {
            ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
                         "%s:%d: <Location \"%s\"> has no effect on IIIF requests: the later "
                         "<Location \"%s\"> at %s:%d decides about all of them; put the more "
                         "general one first", section->file, section->line, section->path,
                         outer->path, outer->file, outer->line);
            return OK;
        }
        inherit(options, made, outer);
    }
    inherit(options, made, mod_iiif_conf_of(s)->defaults);
    inherit(options, made, mod_iiif_conf_of(main_server)->defaults);
    if (!iiif_options_enabled(options)) {
        return OK;
    }

    if (iiif_service_new(options, prefix, &made->service, &error) != IIIF_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG | APLOG_STARTUP, 0, s,
                     "IIIF endpoint <Location \"%s\"> at %s:%d: %s", section->path, section->file,
                     section->line, error.message);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    apr_pool_cleanup_register(pconf, made->service, free_service, apr_pool_cleanup_null);
    mod_iiif_heed_guards(ptemp, section, made->service, s);
    *endpoint = made;
    return OK;
}

/* A section without IIIF On inside an endpoint looks as if it did something. */
static void warn_of_idle_sections(server_rec *s, const mod_iiif_server_conf *conf,
                                  const apr_array_header_t *sections)
{
    int i, k;

    for (i = conf->inherited; i < sections->nelts; i++) {
        const mod_iiif_section *idle = APR_ARRAY_IDX(sections, i, mod_iiif_section *);
        int inside = 0, used = 0;

        for (k = 0; k < sections->nelts && !idle->has_switch; k++) {
            const mod_iiif_section *other = APR_ARRAY_IDX(sections, k, mod_iiif_section *);

            if (APR_ARRAY_IDX(conf->endpoints, k, mod_iiif_endpoint *)) {
                inside |= mod_iiif_covers(other->path, idle->path);
                used |= mod_iiif_covers(idle->path, other->path);
            }
        }
        if (inside && !used) {
            ap_log_error(APLOG_MARK, APLOG_WARNING | APLOG_STARTUP, 0, s,
                         "%s:%d: the IIIF directives in <Location \"%s\"> have no effect: say "
                         "IIIF On there to make it an endpoint of its own", idle->file, idle->line,
                         idle->path);
        }
    }
}

/* Whether this virtual host says anything about an endpoint of the main server. */
static int adds_to(const mod_iiif_server_conf *conf, const mod_iiif_section *inherited)
{
    int i;

    for (i = 0; i < conf->sections->nelts; i++) {
        if (mod_iiif_covers(APR_ARRAY_IDX(conf->sections, i, mod_iiif_section *)->path,
                            inherited->path)) {
            return 1;
        }
    }
    return conf->defaults != NULL;
}

static int make_endpoints(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s,
                          server_rec *main_server)
{
    mod_iiif_server_conf *conf = mod_iiif_conf_of(s);
    const mod_iiif_server_conf *main_conf = mod_iiif_conf_of(main_server);
    const apr_array_header_t *sections = conf->sections;
    int i, status;

    if (conf != main_conf) {
        /* httpd puts the main server's sections before those of a virtual host. */
        sections = apr_array_append(ptemp, main_conf->sections, conf->sections);
        conf->inherited = main_conf->sections->nelts;
    }
    conf->process = main_conf->process;
    conf->endpoints = apr_array_make(pconf, sections->nelts + 1, sizeof(mod_iiif_endpoint *));
    for (i = 0; i < sections->nelts; i++) {
        const mod_iiif_section *section = APR_ARRAY_IDX(sections, i, mod_iiif_section *);
        mod_iiif_endpoint **endpoint = apr_array_push(conf->endpoints);

        *endpoint = NULL;
        if (i < conf->inherited && !adds_to(conf, section)) {
            *endpoint = APR_ARRAY_IDX(main_conf->endpoints, i, mod_iiif_endpoint *);
        }
        else if (iiif_options_enabled(section->options)
                 && (status = make_endpoint(pconf, ptemp, s, main_server, sections, i,
                                            endpoint)) != OK) {
            return status;
        }
        conf->enabled |= *endpoint != NULL;
    }
    warn_of_idle_sections(s, conf, sections);
    return OK;
}

const mod_iiif_endpoint *mod_iiif_endpoint_of(const request_rec *r)
{
    const mod_iiif_server_conf *conf = mod_iiif_conf_of(r->server);
    const mod_iiif_dir_conf *dir = ap_get_module_config(r->per_dir_config, &iiif_module);
    int index;

    if (!dir || !dir->section) {
        return NULL;
    }
    index = dir->section->index + (dir->section->is_virtual ? conf->inherited : 0);
    return index < conf->endpoints->nelts
           ? APR_ARRAY_IDX(conf->endpoints, index, mod_iiif_endpoint *) : NULL;
}

/* -- the life of a server -- */

static void describe_pool(iiif_pool_settings *settings, apr_pool_t *p, server_rec *s)
{
    apr_os_file_t fd = -1;

    if (s->error_log) {
        apr_os_file_get(&fd, s->error_log);
    }
    settings->size = sizeof(*settings);
    settings->options = mod_iiif_conf_of(s)->pool_options;
    settings->runtime_dir = ap_runtime_dir_relative(p, "");
    settings->uid = geteuid() ? geteuid() : ap_unixd_config.user_id;
    settings->gid = geteuid() ? getegid() : ap_unixd_config.group_id;
    settings->log_fd = fd;
}

/* Whatever fails now ends a server that was running until now, and with it all that has nothing
 * to do with images: without renderers it goes on.
 */
static int is_restart(void)
{
    int generation = 0;

    return ap_mpm_query(AP_MPMQ_GENERATION, &generation) == APR_SUCCESS && generation > 0;
}

int mod_iiif_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    mod_iiif_server_conf *main_conf = mod_iiif_conf_of(s);
    iiif_pool_settings settings;
    iiif_error error = { .size = sizeof(error) };
    server_rec *each;
    int status, enabled = 0;

    if (iiif_abi_version() != IIIF_ABI_VERSION) {
        ap_log_error(APLOG_MARK, APLOG_EMERG | APLOG_STARTUP, 0, s,
                     "mod_iiif was built for version %d of the IIIF core and linked to version %u",
                     IIIF_ABI_VERSION, iiif_abi_version());
        return HTTP_INTERNAL_SERVER_ERROR;
    }

    main_conf->process = apr_pcalloc(pconf, sizeof(*main_conf->process));
    mod_iiif_name_fields(pconf, main_conf->process);
    for (each = s; each; each = each->next) {
        mod_iiif_server_conf *conf = mod_iiif_conf_of(each);

        if ((each == s || conf != main_conf)
            && (status = make_endpoints(pconf, ptemp, each, s)) != OK) {
            return status;
        }
        enabled |= conf->enabled;
    }
    if (!enabled) {
        return OK;
    }

    describe_pool(&settings, ptemp, s);
    if (!is_restart() && iiif_pool_check(&settings, &error) != IIIF_OK) {
        ap_log_error(APLOG_MARK, APLOG_EMERG | APLOG_STARTUP, 0, s, "IIIF renderers: %s",
                     error.message);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

static apr_status_t release_pool(void *pool)
{
    iiif_pool_release(pool);
    return APR_SUCCESS;
}

static apr_array_header_t *services_of(apr_pool_t *p, server_rec *s)
{
    apr_array_header_t *services = apr_array_make(p, 8, sizeof(iiif_service *));
    const mod_iiif_server_conf *main_conf = mod_iiif_conf_of(s);

    for (server_rec *each = s; each; each = each->next) {
        const mod_iiif_server_conf *conf = mod_iiif_conf_of(each);

        if (each != s && conf == main_conf) {
            continue;
        }
        for (int i = 0; i < conf->endpoints->nelts; i++) {
            const mod_iiif_endpoint *endpoint
                = APR_ARRAY_IDX(conf->endpoints, i, mod_iiif_endpoint *);
            const int is_shared = i < conf->inherited
                && endpoint == APR_ARRAY_IDX(main_conf->endpoints, i, mod_iiif_endpoint *);

            if (endpoint && !is_shared) {
                APR_ARRAY_PUSH(services, iiif_service *) = endpoint->service;
            }
        }
    }
    return services;
}

int mod_iiif_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    mod_iiif_process *process = mod_iiif_conf_of(s)->process;
    apr_array_header_t *services;
    iiif_pool_settings settings;
    iiif_error error = { .size = sizeof(error) };

    /* httpd reads its configuration twice before it starts. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    services = services_of(ptemp, s);
    if (!services->nelts) {
        return OK;
    }

    describe_pool(&settings, ptemp, s);
    if (iiif_pool_start((iiif_service *const *)services->elts, services->nelts, &settings,
                        &process->pool, &error) == IIIF_OK) {
        apr_pool_cleanup_register(pconf, process->pool, release_pool, apr_pool_cleanup_null);
        return OK;
    }

    process->pool = NULL;
    if (is_restart()) {
        ap_log_error(APLOG_MARK, APLOG_ALERT, 0, s, "IIIF renderers could not be started, images "
                     "that need rendering are answered 503 until the next restart: %s",
                     error.message);
        return OK;
    }
    ap_log_error(APLOG_MARK, APLOG_EMERG | APLOG_STARTUP, 0, s,
                 "IIIF renderers could not be started: %s", error.message);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static apr_status_t free_worker(void *data)
{
    mod_iiif_process *process = data;

    iiif_worker_free(process->worker);
    process->worker = NULL;
    return APR_SUCCESS;
}

void mod_iiif_child_init(apr_pool_t *pchild, server_rec *s)
{
    mod_iiif_process *process = mod_iiif_conf_of(s)->process;
    iiif_error error = { .size = sizeof(error) };

    if (iiif_worker_start(process->pool, &process->worker, &error) != IIIF_OK) {
        process->worker = NULL;
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "IIIF requests to this process will fail: %s",
                     error.message);
        return;
    }
    apr_pool_cleanup_register(pchild, process, free_worker, apr_pool_cleanup_null);
    /* The event MPM alone has timers. Files that nobody closes would keep volumes from being unmounted. */
    if (ap_mpm_query(AP_MPMQ_IS_ASYNC, &process->keeps_files) != APR_SUCCESS) {
        process->keeps_files = 0;
    }
    if (process->keeps_files) {
        iiif_worker_keep_files(process->worker, OPEN_FILES);
    }
}

static void close_unused(void *data)
{
    mod_iiif_process *process = data;

    apr_atomic_set32(&process->closing_unused, 0);
    if (iiif_worker_close_unused(process->worker)) {
        mod_iiif_close_unused(process);
    }
}

void mod_iiif_close_unused(mod_iiif_process *process)
{
    if (!process->keeps_files || apr_atomic_read32(&process->closing_unused)
        || apr_atomic_cas32(&process->closing_unused, 1, 0)) {
        return;
    }
    if (ap_mpm_register_timed_callback(apr_time_from_msec(IIIF_CLOSE_UNUSED_EVERY), close_unused,
                                       process) != APR_SUCCESS) {
        apr_atomic_set32(&process->closing_unused, 0);
    }
}
