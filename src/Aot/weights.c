/* The model's variables, without the optimizer's state, as a safetensors file: the same that the .NET runtime's SaveWeights writes and
   LoadWeights reads. The generated file declares `weights` in the order of that file. */
enum { DATA_ALIGNMENT = 64 };

static void digits_of(const void *bytes, size_t count, char *digits) {
    sha256 hash;
    sha256_begin(&hash);
    sha256_add(&hash, bytes, count);
    sha256_end(&hash, digits);
}

static void header_digits(const uint8_t *length, const char *json, size_t size, char *digits) {
    sha256 hash;
    sha256_begin(&hash);
    sha256_add(&hash, length, 8);
    sha256_add(&hash, json, size);
    sha256_end(&hash, digits);
}

/* Names of variables are letters, digits, '_', '.' and '/', which JSON does not escape. */
static char *weights_header(const struct MODEL_TYPE *m, size_t *size) {
    size_t room = 256, used = 0, begin = 0;
    for (int i = 0; i < WEIGHT_COUNT; i++) room += 2 * strlen(weights[i].name) + strlen(weights[i].shape) + 192;
    char *json = malloc(room), digits[CHECKSUM_DIGITS + 1];
    if (!json) return NULL;
    used += (size_t)snprintf(json, room, "{\"__metadata__\":{\"sha256\":\"%064d\"", 0);
    for (int i = 0; i < WEIGHT_COUNT; i++) {
        digits_of(m->states[weights[i].state], weights[i].bytes, digits);
        used += (size_t)snprintf(json + used, room - used, ",\"sha256:%s\":\"%.*s\"", weights[i].name, TENSOR_DIGITS, digits);
    }
    json[used++] = '}';
    for (int i = 0; i < WEIGHT_COUNT; begin += weights[i++].bytes)
        used += (size_t)snprintf(json + used, room - used, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}",
            weights[i].name, weights[i].type, weights[i].shape, begin, begin + weights[i].bytes);
    json[used++] = '}';
    while ((8 + used) % DATA_ALIGNMENT) json[used++] = ' ';
    *size = used;
    return json;
}

static int write_weights(const struct MODEL_TYPE *m, FILE *file, char *json, size_t size) {
    uint8_t length[8];
    char digits[CHECKSUM_DIGITS + 1];
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)((uint64_t)size >> 8 * i);
    header_digits(length, json, size, digits);
    memcpy(json + strlen("{\"__metadata__\":{\"sha256\":\""), digits, CHECKSUM_DIGITS);
    int ok = fwrite(length, 1, 8, file) == 8 && fwrite(json, 1, size, file) == size;
    for (int i = 0; ok && i < WEIGHT_COUNT; i++)
        ok = fwrite(m->states[weights[i].state], 1, weights[i].bytes, file) == weights[i].bytes;
    return ok && fflush(file) == 0 && fsync(fileno(file)) == 0;
}

API int NAME(_save_weights)(struct MODEL_TYPE *m, const char *path) {
    char beside[MOST_PATH];
    size_t size;
    if (!path) return fail(m, 6001, "no path is given", "");
    char *json = weights_header(m, &size);
    if (!json) return fail(m, 5101, "no memory to write ", path);
    FILE *file = open_beside(m, path, beside, sizeof beside);
    int ok = file && write_weights(m, file, json, size);
    free(json);
    if (!file) return fail(m, 6001, "cannot write ", path);
    ok = fclose(file) == 0 && ok;
    if (ok && rename(beside, path) == 0) return 0;
    remove(beside);
    return fail(m, 6001, "cannot write ", path);
}

static int refuse_file(struct MODEL_TYPE *m, int status, const char *path, const char *why) {
    char text[484];
    snprintf(text, sizeof text, "%.180s: %s", path, why);
    return fail(m, status, "", text);
}

/* A header that names the checksum of a tensor must have its own. */
static int is_altered(const header *h, const uint8_t *length, char *json, size_t size) {
    size_t place = 0;
    char digits[CHECKSUM_DIGITS + 1];
    const char *expected = metadata_of(h, "sha256", &place);
    if (!expected) {
        for (size_t i = 0; i < h->metadata_count; i++)
            if (strncmp(h->metadata[i].key, "sha256:", 7) == 0) return 1;
        return 0;
    }
    size_t raw = 0;
    while (place + raw < size && json[place + raw] != '"') raw++;
    memset(json + place, '0', raw);
    header_digits(length, json, size, digits);
    return strcmp(digits, expected) != 0;
}

static const entry *find_entry(const header *h, const weight *w, char *why, size_t size) {
    entry wanted = { .name = w->name };
    const entry *found = h->entry_count ? bsearch(&wanted, h->entries, h->entry_count, sizeof wanted, by_name) : NULL;
    char shape[24 * 8 + 1] = "";
    for (int i = 0, used = 0; found && i < found->rank && used < (int)sizeof shape - 24; i++)
        used += snprintf(shape + used, sizeof shape - (size_t)used, i ? ",%ju" : "%ju", (uintmax_t)found->shape[i]);
    if (found && strcmp(found->type, w->type) == 0 && strcmp(shape, w->shape) == 0) return found;
    if (found)
        snprintf(why, size, "it has %.60s as %s[%.60s], and the variable is %s[%.60s]", w->name, found->type, shape, w->type, w->shape);
    else
        snprintf(why, size, "it has no tensor %.100s, which the model needs", w->name);
    return NULL;
}

/* All tensors are read and checked before any variable changes. */
static int read_weights(struct MODEL_TYPE *m, const char *path, FILE *file, const header *h, off_t start, uint8_t *bytes) {
    char why[300], key[MOST_PATH], digits[CHECKSUM_DIGITS + 1];
    uint8_t *to = bytes;
    for (int i = 0; i < WEIGHT_COUNT; i++)
        if (!find_entry(h, &weights[i], why, sizeof why)) return refuse_file(m, 6006, path, why);
    for (int i = 0; i < WEIGHT_COUNT; to += weights[i++].bytes) {
        const entry *e = find_entry(h, &weights[i], why, sizeof why);
        if (fseeko(file, start + (off_t)e->begin, SEEK_SET) != 0) return refuse_file(m, 6001, path, "it cannot be read");
        if (fread(to, 1, weights[i].bytes, file) != weights[i].bytes) return refuse_file(m, 6003, path, "it ends within a tensor");
        snprintf(key, sizeof key, "sha256:%s", weights[i].name);
        const char *expected = metadata_of(h, key, NULL);
        digits_of(to, weights[i].bytes, digits);
        digits[TENSOR_DIGITS] = 0;
        snprintf(why, sizeof why, "tensor %.100s was altered: its checksum differs", weights[i].name);
        if (expected && strcmp(digits, expected) != 0) return refuse_file(m, 6005, path, why);
    }
    to = bytes;
    for (int i = 0; i < WEIGHT_COUNT; to += weights[i++].bytes) memcpy(m->states[weights[i].state], to, weights[i].bytes);
    return 0;
}

static int load_open(struct MODEL_TYPE *m, const char *path, FILE *file) {
    uint8_t length[8];
    struct stat about;
    uint64_t size = 0;
    if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode)) return refuse_file(m, 6001, path, "it is no file that can be read");
    if (fread(length, 1, 8, file) != 8) return refuse_file(m, 6003, path, "it ends within the length of its header");
    for (int i = 0; i < 8; i++) size |= (uint64_t)length[i] << 8 * i;
    if (size > MOST_HEADER) return refuse_file(m, 6002, path, "it is no safetensors file: its header would be too long");
    if (size > (uint64_t)about.st_size - 8) return refuse_file(m, 6003, path, "it ends within its header");
    size_t all = 0;
    for (int i = 0; i < WEIGHT_COUNT; i++) all += weights[i].bytes;
    char *json = malloc((size_t)size + 1);
    uint8_t *bytes = malloc(all + 1);
    header h = { 0 };
    int status = !json || !bytes ? refuse_file(m, 5101, path, "no memory to read it") : 0;
    if (!status && fread(json, 1, (size_t)size, file) != size) status = refuse_file(m, 6003, path, "it ends within its header");
    if (!status && !parse_header(&h, json, (size_t)size, (uint64_t)about.st_size - 8 - size))
        status = refuse_file(m, h.status, path, h.why);
    if (!status && is_altered(&h, length, json, (size_t)size))
        status = refuse_file(m, 6005, path, "its header was altered: the checksum differs");
    if (!status) status = read_weights(m, path, file, &h, (off_t)(8 + size), bytes);
    free_header(&h);
    free(json);
    free(bytes);
    return status;
}

API int NAME(_load_weights)(struct MODEL_TYPE *m, const char *path) {
    if (!path) return fail(m, 6001, "no path is given", "");
    FILE *file = fopen(path, "rb");
    if (!file) return fail(m, 6001, "cannot open ", path);
    int status = load_open(m, path, file);
    fclose(file);
    return status;
}
