/*
 * Runs a target over the files that are named, once each: what the suite does
 * with the corpus, where there is no libFuzzer.
 */

#include "fuzz.h"


int
main(int argc, char **argv)
{
    int      i;
    long     size;
    FILE    *file;
    uint8_t *data;

    for (i = 1; i < argc; i++) {
        file = fopen(argv[i], "rb");

        if (file == NULL || fseek(file, 0, SEEK_END) != 0
            || (size = ftell(file)) < 0)
        {
            perror(argv[i]);
            return 2;
        }

        rewind(file);

        data = malloc(size ? size : 1);
        fuzz_must(data && fread(data, 1, size, file) == (size_t) size);
        (void) fclose(file);

        fprintf(stderr, "%s\n", argv[i]);
        (void) LLVMFuzzerTestOneInput(data, size);

        free(data);
    }

    return 0;
}
