/* System calls that fail on request, for LD_PRELOAD: they reach DuckDB, which is C++, as well as Python.

   Nothing fails before io_faults_arm(root, k, persistent, error); then, of the calls that touch a file below `root`, the k-th
   (from 1), or all from the k-th on, fail with `error`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define MOST_FILES 65536

static char root[PATH_MAX];
static long struck_at, calls, failed;
static int persistent, failure;
static unsigned char below[MOST_FILES]; /* by descriptor: whether its file is below the root */
static const char *first = "";          /* the name of the first call that failed */

void io_faults_arm(const char *folder, long k, int all, int error) {
    strncpy(root, folder, sizeof root - 1);
    struck_at = k, persistent = all, failure = error, calls = failed = 0, first = "";
}

long io_faults_calls(void) { return calls; }
long io_faults_failed(void) { return failed; }
const char *io_faults_first(void) { return first; }

static int strikes(const char *name) {
    long n = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (n != struck_at && !(persistent && n > struck_at)) return 0;
    if (__atomic_add_fetch(&failed, 1, __ATOMIC_SEQ_CST) == 1) first = name;
    errno = failure;
    return 1;
}

static int of_path(const char *path) { return root[0] && path && !strncmp(path, root, strlen(root)); }
static int of_file(int file) { return root[0] && file >= 0 && file < MOST_FILES && below[file]; }

static int noted(int file, int is_below) {
    if (file >= 0 && file < MOST_FILES) below[file] = is_below;
    return file;
}

#define REAL(type, name, ...)                                 \
    static type (*real)(__VA_ARGS__);                         \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, name)

#define OPEN(name)                                            \
    int name(const char *path, int flags, ...) {              \
        REAL(int, #name, const char *, int, ...);             \
        va_list rest;                                         \
        va_start(rest, flags);                                \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                         \
        if (of_path(path) && strikes(#name)) return -1;       \
        return noted(real(path, flags, mode), of_path(path)); \
    }

#define ON_FILE(type, name, parameters, arguments)            \
    type name parameters {                                    \
        REAL(type, #name, ONLY parameters);                   \
        if (of_file(file) && strikes(#name)) return -1;       \
        return real arguments;                                \
    }
#define ONLY(...) __VA_ARGS__

#define ON_PATH(name, parameters, arguments)                  \
    int name parameters {                                     \
        REAL(int, #name, ONLY parameters);                    \
        if (of_path(path) && strikes(#name)) return -1;       \
        return real arguments;                                \
    }

OPEN(open)
OPEN(open64)
ON_FILE(ssize_t, write, (int file, const void *data, size_t n), (file, data, n))
ON_FILE(ssize_t, pwrite, (int file, const void *data, size_t n, off_t at), (file, data, n, at))
ON_FILE(ssize_t, pwrite64, (int file, const void *data, size_t n, off64_t at), (file, data, n, at))
ON_FILE(int, fsync, (int file), (file))
ON_FILE(int, fdatasync, (int file), (file))
ON_FILE(int, ftruncate, (int file, off_t size), (file, size))
ON_FILE(int, ftruncate64, (int file, off64_t size), (file, size))
ON_FILE(int, fallocate, (int file, int mode, off_t at, off_t n), (file, mode, at, n))
ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode))
ON_PATH(unlink, (const char *path), (path))
ON_PATH(remove, (const char *path), (path))

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    if (of_path(to) && strikes("rename")) return -1;
    return real(from, to);
}

int symlink(const char *target, const char *path) {
    REAL(int, "symlink", const char *, const char *);
    if (of_path(path) && strikes("symlink")) return -1;
    return real(target, path);
}

int close(int file) {
    REAL(int, "close", int);
    noted(file, 0);
    return real(file);
}
