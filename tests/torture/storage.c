/* Loaded into the trainer with LD_PRELOAD: a disk that fails, or a power cut, at the Nth operation on files below a folder.
 *
 * DEEPSIM_STORAGE_ROOT   the folder
 * DEEPSIM_STORAGE_AT     the operation, counted from 1; 0 for none
 * DEEPSIM_STORAGE_COUNT  a file for the number of operations, written when the program ends by itself
 * DEEPSIM_STORAGE_ERROR  an errno: that operation and all later ones fail with it. Without it the power is cut.
 * DEEPSIM_STORAGE_SEED   decides what a power cut loses
 *
 * After a power cut, data that was not flushed with fsync is missing, half there, or zeros. Of the changes to folders (files created, renamed,
 * deleted) the last few since the last fsync are undone, in their order: a file system with a journal loses no change before a later one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 512, CHANGES = 4096, DESCRIPTORS = 1024 };
enum kind { CREATED, RENAMED, DELETED, FOLDER_MADE, FOLDER_DELETED };

struct file { char path[PATH_MAX]; off_t flushed; int used; };
struct change { enum kind kind; char from[PATH_MAX], to[PATH_MAX], backup[PATH_MAX]; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES];
static struct change *changes;
static int changed, backups;
static char *open_paths[DESCRIPTORS];
static const char *root;
static long at, done, failure;
static unsigned long long seed;

static unsigned long long draw(void) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return seed >> 33;
}

#define REAL(type, name, ...) static type (*real_##name)(__VA_ARGS__)
REAL(int, open, const char *, int, ...);
REAL(ssize_t, write, int, const void *, size_t);
REAL(int, fsync, int);
REAL(int, rename, const char *, const char *);
REAL(int, unlink, const char *);
REAL(int, mkdir, const char *, mode_t);
REAL(int, rmdir, const char *);
REAL(int, close, int);
REAL(int, ftruncate, int, off_t);

__attribute__((constructor)) static void start(void) {
    real_open = dlsym(RTLD_NEXT, "open64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    real_rmdir = dlsym(RTLD_NEXT, "rmdir");
    real_close = dlsym(RTLD_NEXT, "close");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    const char *place = getenv("DEEPSIM_STORAGE_AT"), *error = getenv("DEEPSIM_STORAGE_ERROR"), *given = getenv("DEEPSIM_STORAGE_SEED");
    at = place ? atol(place) : 0;
    failure = error ? atol(error) : 0;
    seed = given ? strtoull(given, NULL, 10) : 1;
    changes = calloc(CHANGES, sizeof *changes);
    root = getenv("DEEPSIM_STORAGE_ROOT");
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("DEEPSIM_STORAGE_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%ld", done);
    fclose(file);
}

static int watched(const char *path) { return root && path && strncmp(path, root, strlen(root)) == 0; }

static struct file *file_of(const char *path) {
    for (int i = 0; i < FILES; i++) if (files[i].used && strcmp(files[i].path, path) == 0) return &files[i];
    return NULL;
}

static void forget(const char *path) {
    struct file *file = file_of(path);
    if (file) file->used = 0;
}

/* A file some of whose data may not be on the disk. */
static void remember(const char *path, off_t flushed) {
    forget(path);
    for (int i = 0; i < FILES; i++) if (!files[i].used) {
        files[i].used = 1;
        files[i].flushed = flushed;
        snprintf(files[i].path, PATH_MAX, "%s", path);
        return;
    }
}

/* Keeps what is at a path, for a change to be undone. */
static void back_up(struct change *change, const char *path) {
    struct stat about;
    if (stat(path, &about) != 0 || !S_ISREG(about.st_mode)) return;
    snprintf(change->backup, PATH_MAX, "%s.backup-%d", root, backups++);
    if (link(path, change->backup) != 0) change->backup[0] = 0;
}

static struct change *note(enum kind kind, const char *from, const char *to) {
    struct change *change = &changes[changed < CHANGES ? changed++ : CHANGES - 1];
    memset(change, 0, sizeof *change);
    change->kind = kind;
    snprintf(change->from, PATH_MAX, "%s", from);
    snprintf(change->to, PATH_MAX, "%s", to ? to : "");
    return change;
}

static void undo(struct change *change) {
    switch (change->kind) {
    case CREATED: real_unlink(change->from); break;
    case FOLDER_MADE: real_rmdir(change->from); break;
    case FOLDER_DELETED: real_mkdir(change->from, 0777); break;
    case DELETED: if (change->backup[0]) real_rename(change->backup, change->from); break;
    case RENAMED:
        real_rename(change->to, change->from);
        if (change->backup[0]) real_rename(change->backup, change->to);
        break;
    }
}

static void cut_power(void) {
    for (int i = 0; i < FILES; i++) {
        struct stat about;
        if (!files[i].used || stat(files[i].path, &about) != 0 || about.st_size <= files[i].flushed) continue;
        off_t lost = about.st_size - files[i].flushed;
        int file = real_open(files[i].path, O_WRONLY);
        if (file < 0) continue;
        unsigned long long way = draw() % 3;
        real_ftruncate(file, files[i].flushed + (way == 1 ? (off_t)(draw() % (unsigned long long)lost) : 0));
        if (way == 2) real_ftruncate(file, about.st_size);
        real_close(file);
    }
    int kept = changed ? (int)(draw() % (unsigned long long)(changed + 1)) : 0;
    for (int i = changed - 1; i >= kept; i--) undo(&changes[i]);
    _exit(137);
}

/* Counts an operation. Returns whether it has to fail. */
static int fails(void) {
    done++;
    if (!at || done < at) return 0;
    if (!failure) cut_power();
    errno = (int)failure;
    return 1;
}

static int open_file(const char *path, int flags, mode_t mode) {
    if (!watched(path) || !(flags & (O_WRONLY | O_RDWR | O_CREAT))) return real_open(path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat about;
    int is_new = stat(path, &about) != 0;
    if (fails()) {
        pthread_mutex_unlock(&lock);
        return -1;
    }
    int file = real_open(path, flags, mode);
    if (file >= 0 && file < DESCRIPTORS) {
        free(open_paths[file]);
        open_paths[file] = strdup(path);
        if (is_new) note(CREATED, path, NULL);
        if (!file_of(path) || (flags & O_TRUNC)) remember(path, is_new || (flags & O_TRUNC) ? 0 : about.st_size);
    }
    pthread_mutex_unlock(&lock);
    return file;
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_file(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_file(path, flags, mode);
}

static const char *path_of(int file) { return file >= 0 && file < DESCRIPTORS ? open_paths[file] : NULL; }

ssize_t write(int file, const void *bytes, size_t length) {
    if (!path_of(file)) return real_write(file, bytes, length);
    pthread_mutex_lock(&lock);
    ssize_t written = fails() ? -1 : real_write(file, bytes, length);
    pthread_mutex_unlock(&lock);
    return written;
}

static int flush(int file) {
    if (!path_of(file)) return real_fsync(file);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails()) {
        struct stat about;
        struct file *known = file_of(path_of(file));
        if (known && fstat(file, &about) == 0) known->flushed = about.st_size;
        /* With the file the journal is written. */
        changed = 0;
        result = 0;
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int file) { return flush(file); }
int fdatasync(int file) { return flush(file); }

int close(int file) {
    if (path_of(file)) {
        pthread_mutex_lock(&lock);
        free(open_paths[file]);
        open_paths[file] = NULL;
        pthread_mutex_unlock(&lock);
    }
    return real_close(file);
}

int rename(const char *from, const char *to) {
    if (!watched(to)) return real_rename(from, to);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails()) {
        struct change *change = note(RENAMED, from, to);
        back_up(change, to);
        result = real_rename(from, to);
        if (result != 0) changed--;
        struct file *moved = file_of(from);
        if (result == 0 && moved) {
            forget(to);
            snprintf(moved->path, PATH_MAX, "%s", to);
        }
    }
    pthread_mutex_unlock(&lock);
    return result;
}

int unlink(const char *path) {
    if (!watched(path)) return real_unlink(path);
    pthread_mutex_lock(&lock);
    int result = -1;
    if (!fails()) {
        back_up(note(DELETED, path, NULL), path);
        result = real_unlink(path);
        if (result != 0) changed--;
        else forget(path);
    }
    pthread_mutex_unlock(&lock);
    return result;
}

/* Rust's remove_dir_all deletes by a folder's descriptor. */
int unlinkat(int folder, const char *name, int flags) {
    char path[PATH_MAX], link[64];
    if (name[0] == '/' || folder == AT_FDCWD) snprintf(path, PATH_MAX, "%s", name);
    else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, path, PATH_MAX - 1);
        if (length < 0) return -1;
        snprintf(path + length, (size_t)(PATH_MAX - length), "/%s", name);
    }
    return flags & AT_REMOVEDIR ? rmdir(path) : unlink(path);
}

int mkdir(const char *path, mode_t mode) {
    if (!watched(path)) return real_mkdir(path, mode);
    pthread_mutex_lock(&lock);
    int result = fails() ? -1 : real_mkdir(path, mode);
    if (result == 0) note(FOLDER_MADE, path, NULL);
    pthread_mutex_unlock(&lock);
    return result;
}

int rmdir(const char *path) {
    if (!watched(path)) return real_rmdir(path);
    pthread_mutex_lock(&lock);
    int result = fails() ? -1 : real_rmdir(path);
    if (result == 0) note(FOLDER_DELETED, path, NULL);
    pthread_mutex_unlock(&lock);
    return result;
}
