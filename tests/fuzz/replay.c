/* replay.c: the main of a fuzz target in builds without libFuzzer: runs every file of the folders or files named on its
 * command line, so that seeds and old findings are tests. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PATH_LEN_MAX 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        perror(path);
        return -1;
    }
    const size_t size = (size_t)status.st_size;
    uint8_t *data = malloc(size > 0 ? size : 1); /* exactly: a sanitizer sees its end */
    const int answer = data != NULL && fread(data, 1, size, file) == size ? LLVMFuzzerTestOneInput(data, size) : -1;
    free(data);
    (void)fclose(file);
    return answer;
}

/* Returns how many files were run, or -1. */
static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return run_file(path) == 0 ? 1 : -1;
    }
    int files = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL && files >= 0; entry = readdir(folder)) {
        char name[PATH_LEN_MAX];
        if (entry->d_name[0] != '.') {
            (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            files = run_file(name) == 0 ? files + 1 : -1;
        }
    }
    (void)closedir(folder);
    return files;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const int files = run_folder(argv[i]);
        if (files <= 0) {
            (void)fprintf(stderr, "%s: nothing to run\n", argv[i]);
            return 1;
        }
        (void)printf("%s: %d inputs\n", argv[i], files);
    }
    return argc > 1 ? 0 : 64;
}
