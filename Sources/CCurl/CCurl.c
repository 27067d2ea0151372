#define _GNU_SOURCE
#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// Each function that is used, once; curl.h declares its type.
#define FUNCTIONS(F) \
    F(curl_global_init) F(curl_easy_init) F(curl_easy_cleanup) F(curl_easy_setopt) F(curl_easy_getinfo) \
    F(curl_easy_strerror) F(curl_slist_append) F(curl_slist_free_all) F(curl_multi_init) F(curl_multi_cleanup) \
    F(curl_multi_add_handle) F(curl_multi_remove_handle) F(curl_multi_setopt) F(curl_multi_perform) \
    F(curl_multi_poll) F(curl_multi_info_read)

// curl.h may wrap some of them in macros that check types.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt
#define DECLARE(name) static typeof(name) *p_##name;
FUNCTIONS(DECLARE)

static const char *load(void) {
    void *found = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (!found) found = dlopen("libcurl-gnutls.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (!found) return dlerror();
#define FIND(name) \
    if (!(p_##name = (typeof(name) *)dlsym(found, #name))) return dlerror();
    FUNCTIONS(FIND)
    return p_curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NULL : "it does not initialise";
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *complaint;
static void load_once(void) {
    const char *found = load();
    // What dlerror gives is the thread's.
    if (found) complaint = strdup(found);
}

const char *devbox_curl_load(void) {
    pthread_once(&once, load_once);
    return complaint;
}

// The processors that this process may use.
static cpu_set_t allowed;

static void *load_ahead(void *unused) {
    if (CPU_COUNT(&allowed) > 0) pthread_setaffinity_np(pthread_self(), sizeof allowed, &allowed);
    devbox_curl_load();
    return unused;
}

// Linux begins a thread on the processor of who makes it, and moves it when that has been busy for some milliseconds: loading would be
// over by then. So this one begins on another processor; once it runs, it is moved as any other.
static void begin_elsewhere(pthread_attr_t *attributes) {
    int here = sched_getcpu();
    cpu_set_t others;
    if (here < 0 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    others = allowed;
    CPU_CLR(here, &others);
    if (CPU_COUNT(&others) > 0) pthread_attr_setaffinity_np(attributes, sizeof others, &others);
}

void devbox_curl_load_ahead(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    begin_elsewhere(&attributes);
    if (pthread_create(&thread, &attributes, load_ahead, NULL) == 0) pthread_detach(thread);
    pthread_attr_destroy(&attributes);
}

CURL *devbox_curl_easy_new(void) { return p_curl_easy_init(); }
void devbox_curl_easy_free(CURL *easy) { p_curl_easy_cleanup(easy); }

CURLcode devbox_curl_set_number(CURL *easy, CURLoption option, long value) {
    if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) return p_curl_easy_setopt(easy, option, (curl_off_t)value);
    return p_curl_easy_setopt(easy, option, value);
}

CURLcode devbox_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return p_curl_easy_setopt(easy, option, value);
}

CURLcode devbox_curl_set_scheme(CURL *easy, const char *scheme) {
    CURLcode result = p_curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, scheme);
    if (result != CURLE_UNKNOWN_OPTION) return result;
    // libcurl before 7.85: an option for the address, another one for redirects.
    long bits = strcmp(scheme, "https") == 0 ? CURLPROTO_HTTPS : CURLPROTO_HTTP;
    result = p_curl_easy_setopt(easy, (CURLoption)(CURLOPTTYPE_LONG + 181), bits);
    return result != CURLE_OK ? result : p_curl_easy_setopt(easy, (CURLoption)(CURLOPTTYPE_LONG + 182), bits);
}

CURLcode devbox_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return p_curl_easy_setopt(easy, option, value);
}

CURLcode devbox_curl_set_sink(CURL *easy, CURLoption option, devbox_curl_sink sink) {
    return p_curl_easy_setopt(easy, option, sink);
}

long devbox_curl_number(CURL *easy, CURLINFO info) {
    long value = 0;
    return p_curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

const char *devbox_curl_text(CURL *easy, CURLINFO info) {
    const char *value = NULL;
    return p_curl_easy_getinfo(easy, info, &value) == CURLE_OK ? value : NULL;
}

void *devbox_curl_context(CURL *easy) {
    void *value = NULL;
    return p_curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value) == CURLE_OK ? value : NULL;
}

const char *devbox_curl_reason(CURLcode code) { return p_curl_easy_strerror(code); }

struct curl_slist *devbox_curl_list_append(struct curl_slist *list, const char *text) {
    return p_curl_slist_append(list, text);
}

void devbox_curl_list_free(struct curl_slist *list) { p_curl_slist_free_all(list); }

CURLM *devbox_curl_multi_new(void) { return p_curl_multi_init(); }
void devbox_curl_multi_free(CURLM *multi) { p_curl_multi_cleanup(multi); }
CURLMcode devbox_curl_multi_add(CURLM *multi, CURL *easy) { return p_curl_multi_add_handle(multi, easy); }
CURLMcode devbox_curl_multi_remove(CURLM *multi, CURL *easy) { return p_curl_multi_remove_handle(multi, easy); }

CURLMcode devbox_curl_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return p_curl_multi_setopt(multi, option, value);
}

CURLMcode devbox_curl_multi_perform(CURLM *multi) {
    int running;
    return p_curl_multi_perform(multi, &running);
}

int devbox_curl_multi_poll(CURLM *multi, int descriptor, int milliseconds) {
    struct curl_waitfd further = {.fd = descriptor, .events = CURL_WAIT_POLLIN};
    p_curl_multi_poll(multi, &further, descriptor >= 0 ? 1 : 0, milliseconds, NULL);
    return further.revents != 0;
}

CURL *devbox_curl_multi_ended(CURLM *multi, CURLcode *result) {
    int left;
    CURLMsg *message;
    while ((message = p_curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}
