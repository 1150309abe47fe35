/* The header of a safetensors file, under the rules of TensorHeader in the .NET runtime. Nothing in it is trusted: names are unique,
   numbers are whole and not negative, a tensor has the bytes of its type and shape, and tensors lie end to end. */
enum { MOST_HEADER = 100000000, MOST_NUMBERS = 64, CHECKSUM_DIGITS = 64, TENSOR_DIGITS = 32 };

typedef struct { const char *name, *type; uint64_t shape[MOST_NUMBERS]; int rank; uint64_t begin, end; } entry;
typedef struct { const char *key, *text; size_t place; } metadata; /* where in the header the text is */

/* `at` goes through the header; decoded texts are put one after another at `put`, which none of them outgrows. */
typedef struct {
    const char *json, *at, *end;
    char *texts, *put;
    entry *entries;
    metadata *metadata;
    size_t entry_count, entry_room, metadata_count, metadata_room;
    int status;
    char why[200];
} header;

static int refuse(header *h, int status, const char *why, const char *name) {
    if (h->status) return 0;
    h->status = status;
    int i = snprintf(h->why, sizeof h->why, "%s ", why);
    /* On one line, and not too long. */
    for (int n = 0; name && *name && n < 80; n++, name++) h->why[i++] = *name > ' ' && *name < 127 ? *name : '?';
    h->why[i] = 0;
    return 0;
}

/* An array with room for one element more, where it was or elsewhere; NULL, and it is refused, if there is no memory. */
static void *with_room(header *h, void *array, size_t count, size_t *room, size_t size) {
    if (count < *room) return array;
    size_t larger = *room ? 2 * *room : 16;
    void *more = realloc(array, larger * size);
    if (more) *room = larger;
    else refuse(h, 5101, "no memory for its header", NULL);
    return more;
}

static void skip_blanks(header *h) {
    while (h->at < h->end && (*h->at == ' ' || *h->at == '\t' || *h->at == '\n' || *h->at == '\r')) h->at++;
}

static int takes(header *h, char c) {
    skip_blanks(h);
    if (h->at >= h->end || *h->at != c) return 0;
    h->at++;
    return 1;
}

static int hex_digits(header *h, unsigned *code) {
    *code = 0;
    for (int i = 0; i < 4; i++, h->at++) {
        char c = h->at < h->end ? *h->at : 0;
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0) return 0;
        *code = *code << 4 | (unsigned)digit;
    }
    return 1;
}

static void put_rune(header *h, unsigned code) {
    if (code < 0x80) { *h->put++ = (char)code; return; }
    if (code < 0x800) { *h->put++ = (char)(0xc0 | code >> 6); }
    else {
        if (code < 0x10000) *h->put++ = (char)(0xe0 | code >> 12);
        else { *h->put++ = (char)(0xf0 | code >> 18); *h->put++ = (char)(0x80 | (code >> 12 & 63)); }
        *h->put++ = (char)(0x80 | (code >> 6 & 63));
    }
    *h->put++ = (char)(0x80 | (code & 63));
}

static int escape(header *h) {
    static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    if (h->at >= h->end) return 0;
    char c = *h->at++;
    const char *found = c ? strchr(plain, c) : NULL;
    if (found) { *h->put++ = meant[found - plain]; return 1; }
    unsigned code, low;
    if (c != 'u' || !hex_digits(h, &code) || code == 0 || (code >= 0xdc00 && code < 0xe000)) return 0;
    if (code >= 0xd800 && code < 0xdc00) { /* the first of a pair */
        if (h->end - h->at < 6 || h->at[0] != '\\' || h->at[1] != 'u') return 0;
        h->at += 2;
        if (!hex_digits(h, &low) || low < 0xdc00 || low >= 0xe000) return 0;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    put_rune(h, code);
    return 1;
}

/* A rune of UTF-8, in its shortest form. */
static int utf8(header *h) {
    const uint8_t *p = (const uint8_t *)h->at;
    int more = p[0] >= 0xc2 && p[0] < 0xe0 ? 1 : p[0] >= 0xe0 && p[0] < 0xf0 ? 2 : p[0] >= 0xf0 && p[0] < 0xf5 ? 3 : 0;
    if (!more || h->end - h->at <= more) return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)) return 0;
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) return 0;
    for (int i = 1; i <= more; i++)
        if (p[i] >> 6 != 2) return 0;
    memcpy(h->put, p, (size_t)more + 1);
    h->put += more + 1;
    h->at += more + 1;
    return 1;
}

/* A text in quotes, decoded; null where there is none, or one with a null character. */
static const char *text(header *h) {
    if (!takes(h, '"')) return NULL;
    const char *start = h->put;
    while (h->at < h->end && *h->at != '"') {
        uint8_t c = (uint8_t)*h->at;
        if (c < ' ') return NULL;
        if (c == '\\') { h->at++; if (!escape(h)) return NULL; }
        else if (c < 0x80) { *h->put++ = (char)c; h->at++; }
        else if (!utf8(h)) return NULL;
    }
    if (h->at >= h->end) return NULL;
    h->at++;
    *h->put++ = 0;
    return start;
}

static int number(header *h, uint64_t *value) {
    skip_blanks(h);
    if (h->end - h->at > 1 && h->at[0] == '-' && h->at[1] == '0') h->at++; /* JSON's negative zero */
    const char *start = h->at;
    for (*value = 0; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++) {
        if (*value > (INT64_MAX - (uint64_t)(*h->at - '0')) / 10) return 0;
        *value = *value * 10 + (uint64_t)(*h->at - '0');
    }
    return h->at > start && (h->at == start + 1 || *start != '0');
}

static int numbers(header *h, uint64_t *values, int *count) {
    *count = 0;
    if (!takes(h, '[')) return 0;
    if (takes(h, ']')) return 1;
    do
        if (*count >= MOST_NUMBERS || !number(h, &values[(*count)++])) return 0;
    while (takes(h, ','));
    return takes(h, ']');
}

static int bits_of(const char *type) {
    static const struct { const char *name; int bits; } types[] = {
        { "F64", 64 }, { "F32", 32 }, { "F16", 16 }, { "BF16", 16 }, { "I64", 64 }, { "I32", 32 }, { "I16", 16 },
        { "I8", 8 },
        { "U64", 64 }, { "U32", 32 }, { "U16", 16 }, { "U8", 8 }, { "BOOL", 8 }, { "C64", 64 }, { "F8_E5M2", 8 }, { "F8_E4M3", 8 },
        { "F8_E8M0", 8 }, { "F6_E2M3", 6 }, { "F6_E3M2", 6 }, { "F4", 4 } };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type) == 0) return types[i].bits;
    return 0;
}

static int has_bytes_of_shape(const entry *e) {
    unsigned __int128 bits = (unsigned)bits_of(e->type);
    for (int i = 0; i < e->rank; i++) {
        bits *= e->shape[i];
        if (bits > (unsigned __int128)INT64_MAX * 8) return 0;
    }
    return e->end >= e->begin && bits == (unsigned __int128)(e->end - e->begin) * 8;
}

static int parse_entry(header *h, const char *name) {
    entry e = { .name = name, .rank = -1 };
    uint64_t offsets[MOST_NUMBERS];
    int offset_count = -1;
    if (!takes(h, '{')) return refuse(h, 6002, "its header declares something else than an object for", name);
    if (!takes(h, '}')) {
        do {
            const char *key = text(h);
            int ok = key && takes(h, ':');
            if (ok && strcmp(key, "dtype") == 0 && !e.type) ok = (e.type = text(h)) != NULL;
            else if (ok && strcmp(key, "shape") == 0 && e.rank < 0) ok = numbers(h, e.shape, &e.rank);
            else if (ok && strcmp(key, "data_offsets") == 0 && offset_count < 0) ok = numbers(h, offsets, &offset_count);
            else ok = 0;
            if (!ok) return refuse(h, 6002, "its header has a malformed, unknown or second key for", name);
        } while (takes(h, ','));
        if (!takes(h, '}')) return refuse(h, 6002, "its header is no JSON at", name);
    }
    if (!e.type || e.rank < 0 || offset_count != 2) return refuse(h, 6002, "its header lacks dtype, shape or two data_offsets for", name);
    e.begin = offsets[0];
    e.end = offsets[1];
    if (!bits_of(e.type)) return refuse(h, 6002, "its header has an unknown dtype for", name);
    if (!has_bytes_of_shape(&e)) return refuse(h, 6002, "its header's offsets do not fit the shape of", name);
    entry *entries = with_room(h, h->entries, h->entry_count, &h->entry_room, sizeof e);
    if (!entries) return 0;
    h->entries = entries;
    h->entries[h->entry_count++] = e;
    return 1;
}

static int parse_metadata(header *h) {
    if (!takes(h, '{')) return refuse(h, 6002, "its header's __metadata__ is no object", NULL);
    if (takes(h, '}')) return 1;
    do {
        metadata m = { .key = text(h) };
        int ok = m.key && takes(h, ':');
        skip_blanks(h);
        m.place = (size_t)(h->at - h->json) + 1;
        if (!ok || !(m.text = text(h))) return refuse(h, 6002, "its header's __metadata__ is malformed", NULL);
        metadata *all = with_room(h, h->metadata, h->metadata_count, &h->metadata_room, sizeof m);
        if (!all) return 0;
        h->metadata = all;
        h->metadata[h->metadata_count++] = m;
    } while (takes(h, ','));
    return takes(h, '}') || refuse(h, 6002, "its header's __metadata__ is malformed", NULL);
}

static int by_name(const void *a, const void *b) { return strcmp(((const entry *)a)->name, ((const entry *)b)->name); }
static int by_key(const void *a, const void *b) { return strcmp(((const metadata *)a)->key, ((const metadata *)b)->key); }
static int by_place(const void *a, const void *b) {
    const entry *x = a, *y = b;
    return x->begin != y->begin ? (x->begin < y->begin ? -1 : 1) : x->end != y->end ? (x->end < y->end ? -1 : 1) : 0;
}

/* No name twice, and end to end from 0 to the end of the file; they are in the order of names then. */
static int check_entries(header *h, uint64_t data) {
    uint64_t at = 0;
    if (h->entry_count) qsort(h->entries, h->entry_count, sizeof(entry), by_name);
    for (size_t i = 1; i < h->entry_count; i++)
        if (by_name(&h->entries[i - 1], &h->entries[i]) == 0) return refuse(h, 6002, "its header declares twice", h->entries[i].name);
    if (h->metadata_count) qsort(h->metadata, h->metadata_count, sizeof(metadata), by_key);
    for (size_t i = 1; i < h->metadata_count; i++)
        if (by_key(&h->metadata[i - 1], &h->metadata[i]) == 0) return refuse(h, 6002, "its header has twice", h->metadata[i].key);
    if (h->entry_count) qsort(h->entries, h->entry_count, sizeof(entry), by_place);
    for (size_t i = 0; i < h->entry_count; at = h->entries[i++].end) {
        if (h->entries[i].begin != at) return refuse(h, 6002, "tensors overlap or leave a gap before", h->entries[i].name);
        if (h->entries[i].end > data) return refuse(h, 6003, "the file ends before the end of", h->entries[i].name);
    }
    if (at < data) return refuse(h, 6002, "there are bytes after the last tensor", NULL);
    if (h->entry_count) qsort(h->entries, h->entry_count, sizeof(entry), by_name);
    return 1;
}

/* Parses `size` bytes of JSON that `data` bytes follow in the file; h->status says what is wrong. */
static int parse_header(header *h, const char *json, size_t size, uint64_t data) {
    memset(h, 0, sizeof *h);
    h->json = h->at = json;
    h->end = json + size;
    while (h->end > json && h->end[-1] == ' ') h->end--;
    h->texts = h->put = malloc(size + 1);
    if (!h->texts) return refuse(h, 5101, "no memory for its header", NULL);
    if (h->at == h->end || *h->at != '{') return refuse(h, 6002, "its header does not begin with '{'", NULL);
    h->at++;
    int has_metadata = 0;
    if (!takes(h, '}')) {
        do {
            const char *name = text(h);
            if (!name || !takes(h, ':')) return refuse(h, 6002, "its header is no JSON with names of tensors", NULL);
            if (strcmp(name, "__metadata__") != 0) { if (!parse_entry(h, name)) return 0; }
            else if (has_metadata++) return refuse(h, 6002, "its header has __metadata__ twice", NULL);
            else if (!parse_metadata(h)) return 0;
        } while (takes(h, ','));
        if (!takes(h, '}')) return refuse(h, 6002, "its header is no JSON", NULL);
    }
    if (h->at != h->end) return refuse(h, 6002, "there is something else than spaces after its header", NULL);
    return check_entries(h, data);
}

static void free_header(header *h) {
    free(h->texts);
    free(h->entries);
    free(h->metadata);
}

static const char *metadata_of(const header *h, const char *key, size_t *place) {
    metadata wanted = { .key = key };
    const metadata *found = h->metadata_count ? bsearch(&wanted, h->metadata, h->metadata_count, sizeof wanted, by_key) : NULL;
    if (found && place) *place = found->place;
    return found ? found->text : NULL;
}
