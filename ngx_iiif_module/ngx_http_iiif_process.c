
/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * The renderer pool of a cycle, started in the master process before it
 * forks workers, and the core's part of each worker.
 */


#include "ngx_http_iiif.h"


/* kept open by a worker from one request to the next */
#define NGX_HTTP_IIIF_OPEN_FILES  64


static ngx_int_t ngx_http_iiif_start_pool(ngx_cycle_t *cycle,
    ngx_http_iiif_main_conf_t *imcf);
static ngx_int_t ngx_http_iiif_pool_settings(ngx_cycle_t *cycle,
    ngx_http_iiif_main_conf_t *imcf, iiif_pool_settings *settings);
static void ngx_http_iiif_cleanup_pool(void *data);
static void ngx_http_iiif_cleanup_worker(void *data);
static void ngx_http_iiif_close_unused(ngx_event_t *ev);


ngx_int_t
ngx_http_iiif_init_module(ngx_cycle_t *cycle)
{
    iiif_error                  error;
    iiif_pool_settings          settings;
    ngx_http_iiif_main_conf_t  *imcf;

    imcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_iiif_module);

    if (imcf == NULL || imcf->services.nelts == 0) {
        return NGX_OK;
    }

    if (ngx_test_config) {

        if (ngx_http_iiif_pool_settings(cycle, imcf, &settings) != NGX_OK) {
            return NGX_ERROR;
        }

        error.size = sizeof(iiif_error);
        error.message[0] = '\0';

        if (iiif_pool_check(&settings, &error) != IIIF_OK) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "IIIF renderers could not be started: %s",
                          error.message);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (ngx_is_init_cycle(cycle->old_cycle)) {
        return ngx_http_iiif_start_pool(cycle, imcf);
    }

    /*
     * A reload: nginx would exit on an error.  What needs a renderer is
     * answered with 503 until the next one.
     */

    (void) ngx_http_iiif_start_pool(cycle, imcf);

    return NGX_OK;
}


static ngx_int_t
ngx_http_iiif_start_pool(ngx_cycle_t *cycle, ngx_http_iiif_main_conf_t *imcf)
{
    iiif_error           error;
    iiif_pool_settings   settings;
    ngx_pool_cleanup_t  *cln;

    if (ngx_http_iiif_pool_settings(cycle, imcf, &settings) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    error.size = sizeof(iiif_error);
    error.message[0] = '\0';

    if (iiif_pool_start(imcf->services.elts, imcf->services.nelts, &settings,
                        &imcf->pool, &error)
        != IIIF_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "IIIF renderers could not be started: %s",
                      error.message);

        imcf->pool = NULL;

        return NGX_ERROR;
    }

    /*
     * The pool of the previous cycle is destroyed after this one has
     * started.  Its workers keep their renderers while they finish.
     */

    cln->handler = ngx_http_iiif_cleanup_pool;
    cln->data = imcf->pool;

    return NGX_OK;
}


static ngx_int_t
ngx_http_iiif_pool_settings(ngx_cycle_t *cycle,
    ngx_http_iiif_main_conf_t *imcf, iiif_pool_settings *settings)
{
    u_char           *p;
    ngx_str_t         dir;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    /* sockets live beside the pid file unless told otherwise */

    dir = ccf->pid;

    while (dir.len > 1 && dir.data[dir.len - 1] != '/') {
        dir.len--;
    }

    while (dir.len > 1 && dir.data[dir.len - 1] == '/') {
        dir.len--;
    }

    p = ngx_pnalloc(cycle->pool, dir.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(p, dir.data, dir.len + 1);

    ngx_memzero(settings, sizeof(iiif_pool_settings));

    settings->size = sizeof(iiif_pool_settings);
    settings->options = imcf->options;
    settings->runtime_dir = (char *) p;

    if (geteuid() == 0) {
        settings->uid = ccf->user;
        settings->gid = ccf->group;

    } else {
        settings->uid = geteuid();
        settings->gid = getegid();
    }

    /* syslog has no descriptor */

    settings->log_fd = cycle->log->file ? cycle->log->file->fd : ngx_stderr;

    return NGX_OK;
}


static void
ngx_http_iiif_cleanup_pool(void *data)
{
    iiif_pool_release(data);
}


ngx_int_t
ngx_http_iiif_init_process(ngx_cycle_t *cycle)
{
    iiif_error                  error;
    ngx_pool_cleanup_t         *cln;
    ngx_http_iiif_main_conf_t  *imcf;

    if (ngx_process != NGX_PROCESS_WORKER
        && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    imcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_iiif_module);

    if (imcf == NULL || imcf->services.nelts == 0) {
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    error.size = sizeof(iiif_error);
    error.message[0] = '\0';

    if (iiif_worker_start(imcf->pool, &imcf->worker, &error) != IIIF_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "IIIF could not be started in a worker process: %s",
                      error.message);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_iiif_cleanup_worker;
    cln->data = imcf;

    iiif_worker_keep_files(imcf->worker, NGX_HTTP_IIIF_OPEN_FILES);

    imcf->unused.handler = ngx_http_iiif_close_unused;
    imcf->unused.data = imcf;
    imcf->unused.log = cycle->log;
    imcf->unused.cancelable = 1;

    return NGX_OK;
}


static void
ngx_http_iiif_cleanup_worker(void *data)
{
    ngx_http_iiif_main_conf_t *imcf = data;

    if (imcf->unused.timer_set) {
        ngx_del_timer(&imcf->unused);
    }

    iiif_worker_free(imcf->worker);
}


static void
ngx_http_iiif_close_unused(ngx_event_t *ev)
{
    ngx_http_iiif_main_conf_t *imcf = ev->data;

    if (iiif_worker_close_unused(imcf->worker)) {
        ngx_add_timer(ev, IIIF_CLOSE_UNUSED_EVERY);
    }
}
