/* Trains MODEL and writes its parameters: train STEPS THREADS OUT CHECKPOINT. Also tries what must fail. */
#include HEADER
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define F(name) JOIN(MODEL, name)
#define CHECK(x) do { if (!(x)) { fprintf(stderr, "line %d: %s: %s\n", __LINE__, #x, m ? F(_last_error)(m) : ""); return 1; } } while (0)

static uint32_t state = 1;
static uint32_t next(void) { return (state = state * 1664525u + 1013904223u) >> 16; }

static void dump(F(_model) *m, FILE *file) {
    for (int i = 0; i < F(_parameter_count)(); i++) {
        const char *name = F(_parameter_name)(i);
        size_t bytes = (size_t)F(_parameter_bytes)(name);
        void *data = malloc(bytes);
        if (F(_get_parameter)(m, name, data, bytes) == 0) fwrite(data, 1, bytes, file);
        free(data);
    }
}

int main(int argc, char **argv) {
    int steps = atoi(argv[1]), threads = atoi(argv[2]);
    float images[16 * 64], loss, scores[16 * 10], byte = 0;
    int32_t labels[16];
    F(_model) *m = NULL, *other = NULL;
    CHECK(argc == 5);
    CHECK(F(_create)(99, &m) == 7207 && m == NULL);
    CHECK(F(_create)(threads, &m) == 0);
    CHECK(F(_create)(1, &other) == 0);
    for (int s = 0; s < steps; s++) {
        for (int i = 0; i < 16 * 64; i++) images[i] = (float)next() / 65536.0f;
        for (int i = 0; i < 16; i++) labels[i] = (int32_t)(next() % 10);
        CHECK(F(_train_step)(m, images, labels, &loss, NULL) == 0);
    }
    CHECK(F(_predict)(m, images, scores) == 0);
    CHECK(F(_train_step)(m, NULL, labels, &loss, NULL) == 5001);
    CHECK(F(_get_parameter)(m, "nothing", &byte, 1) == 5004);
    CHECK(strstr(F(_last_error)(m), "SGC5004") && strstr(F(_last_error)(m), "nothing"));
    CHECK(F(_set_parameter)(m, F(_parameter_name)(0), &byte, 1) == 5001);
    CHECK(F(_parameter_bytes)("nothing") == -1 && F(_parameter_name)(99) == NULL);
    CHECK(F(_load)(m, "/nowhere/x") == 6001 && F(_save)(m, "/nowhere/x") == 6001);
    CHECK(F(_save)(m, argv[4]) == 0 && F(_load)(other, argv[4]) == 0);
    FILE *file = fopen(argv[3], "wb");
    dump(m, file);
    dump(other, file);
    fclose(file);
    file = fopen(argv[3], "rb"); /* Any other file is no checkpoint. */
    fclose(file);
    CHECK(F(_load)(m, argv[3]) == 7208);
    F(_destroy)(m);
    F(_destroy)(other);
    F(_destroy)(NULL);
    return 0;
}
